//! What each role may call: one table, denied by default. Its golden copy is `tests/golden/roles.txt`, for people who do not read Rust.

use std::collections::BTreeSet;

use crate::acts::actor::Role;

/// Declares one permission for each call of the desk.
macro_rules! permissions {
    ($( $variant:ident = $code:literal on $service:ident / $call:ident for $who:ident; )+) => {
        /// The permission to make one call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission {
            $( #[doc = concat!("`", stringify!($service), "/", stringify!($call), "`.")] $variant, )+
        }

        impl Permission {
            /// Every permission, by noun.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The permission's name, such as "referral.request".
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ }
            }

            /// The path of the call, as gRPC sends it.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self { $( Self::$variant => concat!("/titian.v1.", stringify!($service), "/", stringify!($call)), )+ }
            }

            /// The permission that a path needs; none for a path that is no call of the desk.
            #[must_use]
            pub fn of_path(path: &str) -> Option<Self> {
                match path {
                    $( concat!("/titian.v1.", stringify!($service), "/", stringify!($call)) => Some(Self::$variant), )+
                    _ => None,
                }
            }

            fn roles(self) -> &'static [Role] {
                match self { $( Self::$variant => $who, )+ }
            }
        }
    };
}

/// Everybody with an account.
const ALL: &[Role] = Role::ALL;
/// Those who meet workers. Admin and auditor are never among them.
const CASEWORK: &[Role] = &[Role::Caseworker, Role::Supervisor, Role::FocalPoint];
/// Those who answer for a case; intake ends where something is taken away.
const CASE_OWNERS: &[Role] = &[Role::Caseworker, Role::Supervisor];
/// The second person.
const APPROVERS: &[Role] = &[Role::Supervisor];
/// Those who answer for the union when something has gone wrong.
const OFFICERS: &[Role] = &[Role::Supervisor, Role::Admin];
/// Union IT and officers.
const ADMINS: &[Role] = &[Role::Admin];
/// Those who carry a file to the other union: the person who answers its referrals, and union IT. They cannot read what is in it.
const CARRIERS: &[Role] = &[Role::FocalPoint, Role::Admin];
/// Those who answer to donors. A report has nobody in it, so an admin may make one.
const REPORTERS: &[Role] = &[Role::Supervisor, Role::Admin];
/// Those who read the log.
const LOG_READERS: &[Role] = &[Role::Admin, Role::Auditor];

permissions! {
    SessionSignIn = "session.sign-in" on SessionService/SignIn for ALL;
    SessionSignOut = "session.sign-out" on SessionService/SignOut for ALL;

    WorkerAdd = "worker.add" on WorkerService/AddWorker for CASEWORK;
    WorkerShow = "worker.show" on WorkerService/GetWorker for CASEWORK;
    WorkerFind = "worker.find" on WorkerService/FindWorkers for CASEWORK;
    WorkerList = "worker.list" on WorkerService/ListWorkers for CASEWORK;

    CaseOpen = "case.open" on CaseService/OpenCase for CASEWORK;
    CaseShow = "case.show" on CaseService/GetCase for CASEWORK;
    CaseSplit = "case.split" on CaseService/SplitCase for CASE_OWNERS;
    CaseConfirm = "case.confirm" on CaseService/ConfirmOutcome for CASE_OWNERS;
    CaseHandOver = "case.hand-over" on CaseService/HandOverCase for APPROVERS;
    CaseTenure = "case.tenure" on CaseService/GetTenure for CASEWORK;
    CaseList = "case.list" on CaseService/ListCases for CASEWORK;

    RecordPut = "record.put" on RecordService/PutRecord for CASEWORK;
    RecordImport = "record.import" on RecordService/ImportRecords for CASEWORK;
    RecordRemove = "record.remove" on RecordService/RemoveRecord for CASE_OWNERS;
    RecordList = "record.list" on RecordService/ListRecords for CASEWORK;

    DocumentAttach = "document.attach" on DocumentService/AttachDocument for CASEWORK;
    DocumentGet = "document.get" on DocumentService/GetDocument for CASEWORK;
    DocumentList = "document.list" on DocumentService/ListDocuments for CASEWORK;

    ConsentRecord = "consent.record" on ConsentService/RecordConsent for CASEWORK;
    ConsentWithdraw = "consent.withdraw" on ConsentService/WithdrawConsent for CASEWORK;
    ConsentList = "consent.list" on ConsentService/ListConsents for CASEWORK;
    ConsentSlip = "consent.slip" on ConsentService/MakeSlip for CASEWORK;
    ConsentReporting = "consent.reporting" on ConsentService/SetReportingConsent for CASEWORK;

    ReferralRequest = "referral.request" on ReferralService/RequestReferral for CASEWORK;
    ReferralSend = "referral.send" on ReferralService/SendReferral for CASEWORK;
    ReferralAmend = "referral.amend" on ReferralService/AmendReferral for CASEWORK;
    ReferralApprove = "referral.approve" on ReferralService/ApproveReferral for APPROVERS;
    ReferralState = "referral.state" on ReferralService/SetReferralState for CASEWORK;
    ReferralRetry = "referral.retry" on ReferralService/RetryReferral for CASEWORK;
    ReferralShow = "referral.show" on ReferralService/GetReferral for CASEWORK;
    ReferralList = "referral.list" on ReferralService/ListReferrals for CASEWORK;
    ReferralShare = "referral.share" on ReferralService/ListShare for CASEWORK;
    ReferralCount = "referral.count" on ReferralService/CountShare for CASEWORK;
    ReferralWatch = "referral.watch" on ReferralService/WatchReferrals for CASEWORK;

    ErasureList = "erasure.list" on ErasureService/ListErasures for ALL;
    ErasureShow = "erasure.show" on ErasureService/GetErasure for CASEWORK;
    ErasureHold = "erasure.hold" on ErasureService/HoldErasure for APPROVERS;
    ErasureLift = "erasure.lift" on ErasureService/LiftHold for APPROVERS;

    ReportDonor = "report.donor" on ReportService/MakeDonorReport for REPORTERS;
    BreachTell = "breach.tell" on BreachService/TellBreach for OFFICERS;
    BreachList = "breach.list" on BreachService/ListBreaches for ALL;
    BreachSettle = "breach.settle" on BreachService/SettleBreach for OFFICERS;
    TaskList = "task.list" on TaskService/ListTasks for ALL;
    TaskClose = "task.close" on TaskService/CloseTask for CASEWORK;

    PeerDescriptor = "peer.descriptor" on PeerService/GetDescriptor for ADMINS;
    PeerAdd = "peer.add" on PeerService/AddPeer for ADMINS;
    PeerConfirm = "peer.confirm" on PeerService/ConfirmPeer for ADMINS;
    PeerSuspend = "peer.suspend" on PeerService/SuspendPeer for ADMINS;
    PeerResume = "peer.resume" on PeerService/ResumePeer for ADMINS;
    PeerRelease = "peer.release" on PeerService/ReleasePeer for ADMINS;
    PeerCompromise = "peer.compromise" on PeerService/ReportCompromise for ADMINS;
    PeerEvidence = "peer.evidence" on PeerService/GetEvidence for ADMINS;
    PeerList = "peer.list" on PeerService/ListPeers for ALL;

    AgreementDraft = "agreement.draft" on AgreementService/DraftAgreement for ADMINS;
    AgreementState = "agreement.state" on AgreementService/StateAgreement for ADMINS;
    AgreementImport = "agreement.import" on AgreementService/ImportAgreement for ADMINS;
    AgreementShow = "agreement.show" on AgreementService/GetAgreement for ALL;
    AgreementList = "agreement.list" on AgreementService/ListAgreements for ALL;

    StaffAdd = "staff.add" on StaffService/AddStaff for ADMINS;
    StaffPassword = "staff.password" on StaffService/SetStaffPassword for ALL;
    StaffClose = "staff.close" on StaffService/CloseStaff for ADMINS;
    StaffList = "staff.list" on StaffService/ListStaff for ADMINS;

    NodeStatus = "node.status" on NodeService/GetStatus for ALL;
    NodeExport = "node.export" on NodeService/ExportStore for ADMINS;

    BundleExport = "bundle.export" on BundleService/ExportBundle for CARRIERS;
    BundleImport = "bundle.import" on BundleService/ImportBundle for CARRIERS;

    LogList = "log.list" on AuditService/ListLeaves for LOG_READERS;
    LogStatus = "log.status" on AuditService/GetLog for LOG_READERS;
}

impl Permission {
    /// The one call that needs no session: it opens one.
    #[must_use]
    pub fn needs_session(self) -> bool {
        self != Self::SessionSignIn
    }
}

/// The services that the table knows: those of the desk, as gRPC names them.
pub(super) fn services() -> impl Iterator<Item = String> {
    let names = Permission::ALL.iter().filter_map(|permission| permission.path().trim_start_matches('/').split('/').next());
    names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter()
}

/// Whether the role may make the call. `staff.password` of somebody else is for admins only; the act itself sees to that.
#[must_use]
pub fn allows(role: Role, permission: Permission) -> bool {
    permission.roles().contains(&role)
}

#[cfg(test)]
#[path = "roles_tests.rs"]
mod tests;
