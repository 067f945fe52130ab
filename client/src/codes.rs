//! Closed lists of codes as people write and read them: `WAGE_RECOVERY` in files and arguments, "wage recovery" on screen.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use titian_proto::wire;

/// A closed list of the contract. Written for every list by `codes!`, from the names in the contract, so none is typed twice.
pub trait Code: Copy + Send + Sync + TryFrom<i32> + Into<i32> + 'static {
    /// The value with this full name, "SEX_FEMALE".
    fn from_full_name(name: &str) -> Option<Self>;
    /// Its full name, "SEX_FEMALE".
    fn full_name(self) -> &'static str;
    /// The full name of the value that was not said, "SEX_UNSPECIFIED".
    fn unspecified() -> &'static str;

    /// The code alone, "FEMALE".
    fn code(self) -> &'static str {
        let name = self.full_name();
        name.strip_prefix(prefix::<Self>()).unwrap_or(name)
    }
}

fn prefix<C: Code>() -> &'static str {
    C::unspecified().strip_suffix("UNSPECIFIED").unwrap_or_default()
}

/// Every code of the list, in the order of the contract, without the unspecified one.
#[must_use]
pub fn all<C: Code>() -> Vec<&'static str> {
    /// Above the highest number of any list of the contract (refusal codes end at 79).
    const NUMBER_MAX: i32 = 255;
    (1..=NUMBER_MAX).filter_map(|number| C::try_from(number).ok()).map(Code::code).collect()
}

/// The value with this code. None for a code that is in no list, and for the unspecified one.
#[must_use]
pub fn parse<C: Code>(code: &str) -> Option<C> {
    let value = C::from_full_name(&format!("{}{code}", prefix::<C>()))?;
    if code == "UNSPECIFIED" { None } else { Some(value) }
}

/// A number of the wire in words: "in progress". Nothing said is empty; a number that this program does not know is said to be so.
#[must_use]
pub fn words<C: Code>(number: i32) -> String {
    match C::try_from(number) {
        Ok(_) if number == 0 => String::new(),
        Ok(value) => value.code().to_lowercase().replace('_', " "),
        Err(_) => format!("unknown ({number})"),
    }
}

/// A number of the wire as its code: "IN_PROGRESS".
#[must_use]
pub fn code<C: Code>(number: i32) -> String {
    match C::try_from(number) {
        Ok(_) if number == 0 => String::new(),
        Ok(value) => value.code().to_owned(),
        Err(_) => format!("unknown ({number})"),
    }
}

/// Several numbers in words, with commas.
#[must_use]
pub fn list_words<C: Code>(numbers: &[i32]) -> String {
    numbers.iter().map(|number| words::<C>(*number)).collect::<Vec<_>>().join(", ")
}

/// Several numbers as codes, with commas.
#[must_use]
pub fn list_codes<C: Code>(numbers: &[i32]) -> String {
    numbers.iter().map(|number| code::<C>(*number)).collect::<Vec<_>>().join(", ")
}

/// Reads a code from the command line; the help lists every one.
pub fn argument<C: Code>() -> impl TypedValueParser<Value = C> {
    PossibleValuesParser::new(all::<C>()).try_map(|text| parse::<C>(&text).ok_or("is not a code of this list"))
}

/// The numbers of several values.
#[must_use]
pub fn numbers<C: Code>(values: &[C]) -> Vec<i32> {
    values.iter().map(|value| (*value).into()).collect()
}

macro_rules! codes {
    ($($list:ident),+ $(,)?) => { $(
        impl Code for wire::$list {
            fn from_full_name(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
            fn full_name(self) -> &'static str {
                self.as_str_name()
            }
            fn unspecified() -> &'static str {
                Self::Unspecified.as_str_name()
            }
        }
    )+ };
}

codes!(
    ActionResult,
    AgeBand,
    AgreementState,
    Assistance,
    CaseKind,
    CaseStage,
    Category,
    ClientDecision,
    ClosureReason,
    Confirmation,
    ConsentBasis,
    ConsentGiver,
    ConsentMethod,
    ConsentState,
    ContactKind,
    Custody,
    DeclineReason,
    DeliveryStage,
    DeviceHolder,
    DocumentHolder,
    DocumentState,
    DocumentType,
    Erasure,
    ErasureGround,
    HealthCondition,
    IdentityDocumentKind,
    ImmigrationStatusCode,
    IntakeChannel,
    IntakeKind,
    Lane,
    MaterialTopic,
    MembershipKind,
    MigrationStage,
    OutcomeType,
    PartnerKind,
    PartyRole,
    PeerStatus,
    Priority,
    Purpose,
    ReceiptGiven,
    ReferralKind,
    ReferralOutcome,
    ReferralState,
    RefusalCode,
    Relation,
    ReportingConsent,
    Route,
    Sector,
    Service,
    Sex,
    StaffRole,
    TaskKind,
    TenureState,
    StatementKind,
    StatementReason,
    Tier,
    ViolenceType,
    WithdrawalAction,
    WithdrawalChannel,
    WithheldReason,
);
