//! How far a withdrawal reaches into one referral. Both ends compute the same from the offer that both hold.

use super::Offer;
use crate::model::consent::Withdrawal;
use crate::model::vocabulary::Category;

/// How far a withdrawal reaches into one referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is about something else.
    Nothing,
    /// These categories go; the rest of the share stays.
    Part(Vec<Category>),
    /// Nothing is left that the referral could rest on.
    Whole,
}

impl Reach {
    /// Of a withdrawal into the referral with this offer. Without the core of the case, or without everything that was selected, nothing is left.
    #[must_use]
    pub fn of(withdrawal: &Withdrawal, offer: &Offer) -> Self {
        let Withdrawal { purposes, categories, .. } = withdrawal;
        let mut categories = categories.clone();
        // How she may be reached safely travels with every contact and cannot be stripped from it (`domain.md` 4.4): without it, nobody keeps her number.
        if categories.contains(&Category::Safety) && !categories.contains(&Category::Contact) {
            categories.push(Category::Contact);
        }
        if !purposes.is_empty() && !purposes.contains(&offer.purpose) {
            return Self::Nothing;
        }
        let all_selected = offer.categories.iter().all(|category| categories.contains(category));
        if categories.is_empty() || categories.contains(&Category::CaseCore) || all_selected {
            return Self::Whole;
        }
        Self::Part(categories)
    }

    /// Whether it takes a category away.
    #[must_use]
    pub fn takes(&self, category: Category) -> bool {
        match self {
            Self::Nothing => false,
            Self::Part(categories) => categories.contains(&category),
            Self::Whole => true,
        }
    }
}

impl Offer {
    /// What is left of an offer when everything that it says of the worker is destroyed: which referral it was, for what and with whom, so that nothing
    /// of it comes back.
    #[must_use]
    pub fn tombstone(&self) -> Self {
        Self {
            services_requested: Vec::new(),
            journey: None,
            demographic: None,
            complaint_codes: Vec::new(),
            assistance_requested: Vec::new(),
            group_count: None,
            grant: None,
            approval: None,
            ..self.clone()
        }
    }

    /// The offer without some categories.
    #[must_use]
    pub fn without(&self, categories: &[Category]) -> Self {
        let mut narrower = self.clone();
        narrower.categories.retain(|category| !categories.contains(category));
        if categories.contains(&Category::Demographic) {
            narrower.demographic = None;
        }
        narrower
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::consent::WithdrawalAction;
    use crate::model::date::Instant;
    use crate::model::id::{ReferralId, SubjectRef};
    use crate::model::record::{CaseKind, IntakeKind};
    use crate::model::referral::{Priority, ReferralKind};
    use crate::model::vocabulary::{Purpose, Tier};

    fn offer() -> Offer {
        Offer {
            referral_id: ReferralId([1; 16]),
            version: 1,
            kind: ReferralKind::Service,
            purpose: Purpose::WageRecovery,
            services_requested: Vec::new(),
            priority: Priority::Normal,
            respond_by: Instant::from_millis(1),
            contact_by: Instant::from_millis(1),
            categories: vec![Category::Claim, Category::Identity],
            subject_ref: SubjectRef([2; 16]),
            tier: Tier::T2,
            journey: None,
            demographic: None,
            case_kind: CaseKind::Individual,
            intake_kind: IntakeKind::Complaint,
            complaint_codes: Vec::new(),
            assistance_requested: Vec::new(),
            group_count: None,
            grant: None,
            approval: None,
        }
    }

    fn reach(purposes: &[Purpose], categories: &[Category]) -> Reach {
        let withdrawal = Withdrawal {
            consent_id: None,
            sequence: 1,
            recipient: None,
            purposes: purposes.to_vec(),
            categories: categories.to_vec(),
            action: WithdrawalAction::Erase,
            effective_at: Instant::from_millis(1),
        };
        Reach::of(&withdrawal, &offer())
    }

    #[test]
    fn a_withdrawal_takes_what_it_names_and_all_where_nothing_is_left_to_rest_on() {
        assert_eq!(reach(&[], &[]), Reach::Whole);
        assert_eq!(reach(&[Purpose::Shelter], &[]), Reach::Nothing);
        assert_eq!(reach(&[Purpose::WageRecovery], &[]), Reach::Whole);
        assert_eq!(reach(&[], &[Category::Claim]), Reach::Part(vec![Category::Claim]));
        assert_eq!(reach(&[], &[Category::Claim, Category::Identity]), Reach::Whole);
        assert_eq!(reach(&[], &[Category::CaseCore]), Reach::Whole);
        assert!(reach(&[], &[Category::Safety]).takes(Category::Contact) && !reach(&[], &[Category::Contact]).takes(Category::Safety));
        assert!(reach(&[], &[Category::Claim]).takes(Category::Claim) && !reach(&[], &[Category::Claim]).takes(Category::Identity));
    }

    #[test]
    fn a_narrower_offer_selects_less() {
        assert_eq!(offer().without(&[Category::Claim]).categories, [Category::Identity]);
    }
}
