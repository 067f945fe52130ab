//! Every code in the field's words: what it means, and what to do next. One table; its golden file is `tests/golden/refusals.txt`.
//! The sentences never hold a value.

/// What a code means to the people who read it.
pub struct Word {
    /// The stable code.
    pub code: &'static str,
    /// What happened, in one sentence.
    pub what: &'static str,
    /// What to do next.
    pub next: &'static str,
}

const fn word(code: &'static str, what: &'static str, next: &'static str) -> Word {
    Word { code, what, next }
}

/// Refusals of the gate, in its order; then codes of the desk; then those of this program.
#[rustfmt::skip] // a table is read by its lines
pub const TABLE: &[Word] = &[
    // --- the gate: identity, peer
    word("PEER_IDENTITY", "The other side could not prove that it is this union.",
        "Do not send. Ask the other union's IT by telephone, and compare the fingerprint words with the paper agreement: titian peer list."),
    word("RECIPIENT_KIND_FORBIDDEN", "An organisation of this kind may never receive a worker's record, whatever an agreement says.",
        "Refer to a union, a migrants' or women's organisation, a shelter or legal aid instead."),
    word("PEER_SUSPENDED", "This union is suspended here, or its fingerprint was not yet confirmed by two officers.",
        "Ask your admin: titian peer list, then titian peer confirm or titian peer resume."),
    // --- the gate: agreement
    word("NO_AGREEMENT", "There is no agreement between your union and this one.",
        "Ask your admin whether one is being prepared: titian agreement list."),
    word("NOT_A_PARTY", "One of the two unions is not an implementing party of this agreement.",
        "Name another agreement with --agreement, or ask your admin to have the union accede."),
    word("AGREEMENT_PENDING_GOVERNMENT", "The agreement is signed, but a government approval that it needs is missing.",
        "Wait for the approval; an admin attaches it: titian agreement approve."),
    word("AGREEMENT_SUSPENDED", "A party has suspended the agreement; no case data moves. Withdrawals still pass.",
        "Ask your admin why: titian agreement show. If the worker is in danger, use the safe contact rules and the telephone."),
    word("AGREEMENT_EXPIRED", "The agreement is past its last day.",
        "Ask your admin for a new version: titian agreement draft."),
    word("AGREEMENT_NOT_IN_FORCE", "The agreement is not in force: not signed by all, not yet effective, ended or replaced, or the two unions hold different texts.",
        "Look at its state and who has signed: titian agreement show."),
    // --- the gate: annex
    word("NO_DATA_ANNEX", "The agreement has no data-sharing annex, so it moves no personal record.",
        "Ask your admin for a new version of the agreement with an annex."),
    word("ANNEX_DIRECTION", "No annex of the agreement allows records to go in this direction.",
        "Ask your admin for a new version of the agreement with an annex for this direction."),
    word("PURPOSE_OUT_OF_SCOPE", "The annex does not cover this purpose.",
        "Choose a purpose of the annex: titian agreement show."),
    word("RECORD_TYPE_OUT_OF_SCOPE", "The annex does not cover this type of record. Nothing was sent.",
        "Leave this record out, or ask your admin for a wider annex."),
    word("FIELD_OUT_OF_SCOPE", "The annex does not cover this category, or excludes this field. Nothing was sent.",
        "Leave it out: titian referral amend, or put the record without --share-under to keep it at this node."),
    word("TIER_TOO_HIGH", "The record is more sensitive than the annex allows.",
        "Leave it out: titian referral amend."),
    word("ONWARD_PROHIBITED", "This record belongs to another union and may not be passed on.",
        "Take the worker's own consent at your union, and write your own record."),
    word("STALE_ASSESSMENT", "The assessment of data protection in the other country is out of date.",
        "Ask your admin or data protection officer to renew it in a new version of the agreement."),
    // --- the gate: consent
    word("NO_CONSENT", "The worker has not given consent. Nothing was sent, and the other union learned nothing.",
        "Explain the notice in her language and write down what she allows: titian consent record; then titian referral send."),
    word("CONSENT_RECIPIENT", "The worker's consent is for another recipient.",
        "Ask her about this union, and write down a new consent: titian consent record."),
    word("PROXY_CONSENT", "The consent was given by somebody who may not give it for her.",
        "Ask the worker herself; for a worker under 18, a guardian together with a supervisor."),
    word("GROUP_MEMBER_CONSENT", "A leader's mandate is not a member's consent.",
        "Ask each member of the group for her own consent."),
    word("CONSENT_WITHDRAWN", "The worker has withdrawn her consent.",
        "Respect it. Only she can allow it again: titian consent record."),
    word("CONSENT_EXPIRED", "The worker's consent is past its date.",
        "Ask her again, and write down a new consent: titian consent record."),
    word("CONSENT_PURPOSE", "The worker has not allowed this purpose.",
        "Choose a purpose she allowed, or ask her: titian consent list."),
    word("CONSENT_CATEGORY", "The worker has not allowed this kind of data, or has withheld it.",
        "Leave it out: titian referral amend; or ask her, and write down a new consent."),
    word("CONSENT_METHOD", "Consent given in this way is not valid for this transfer.",
        "Take it in a way the annex allows, such as a signature, a thumbprint or a recording: titian agreement show --text."),
    word("CONSENT_NOTICE", "A part of the privacy notice, or a warning that must be given, is missing from the consent.",
        "Explain the notice and the warning in her language, and write down a new consent."),
    word("CLIENT_PROHIBITED_RECIPIENT", "The worker has said that this recipient must never learn of her.",
        "Do not send. Speak with her in the way she chose."),
    // --- the gate: approval, content
    word("APPROVAL_MISSING", "A second person must approve this: it holds sensitive data, or concerns a group, a minor or a welfare check.",
        "Ask a supervisor who did not write it: titian referral approve; then titian referral send."),
    word("SAFE_CONTACT_MISSING", "A contact may not travel without its safe-contact rules.",
        "Ask the worker how she may be reached, put a record of the type safety, and select SAFETY together with CONTACT."),
    word("MEMBERSHIP_REQUIRED", "The other union serves members only.",
        "Ask whether she is a member, or refer to an organisation without this condition."),
    word("SMALL_CELL", "A count is so small that it could name a person.",
        "Join it with another group, or leave it out."),
    word("LEGAL_HOLD", "It is under legal hold.",
        "Ask your admin who set the hold, and when it is reviewed."),
    word("REPLAY", "This was seen before with another content.",
        "Nothing to do for staff. Tell your admin: the two nodes must be compared."),
    word("STALE_VERSION", "It is older than what is already there.",
        "Look at the newest version, and make the change again."),
    word("FREE_TEXT_FORBIDDEN", "Free text stands where only codes may stand.",
        "Take it out, or put it into a record of the type narrative."),
    word("MALFORMED", "Something cannot be read, or breaks a rule of its form.",
        "Correct the field that is named, and try again."),
    // --- the desk
    word("SIGN_IN_FAILED", "Name or password is wrong.",
        "Try again: titian staff sign-in. After several failures the account is locked for a while."),
    word("LOCKED_OUT", "Too many failed sign-ins; the account is locked for a while.",
        "Wait, or ask your admin to set a new password."),
    word("SESSION_ENDED", "The session has ended.",
        "Sign in again: titian staff sign-in."),
    word("ROLE_FORBIDS", "The role of this account may not do this.",
        "Ask a colleague whose role may, or your admin."),
    word("NOT_FOUND", "There is nothing with this id that this account may see.",
        "Check the id, and that you are at the right node: titian node status."),
    word("WRONG_STATE", "This cannot be done in the present state.",
        "Look at the state first, with the verb show."),
    word("STALE_REVISION", "Somebody has changed the record in the meantime.",
        "Read it again, and repeat the change with the new revision."),
    word("NOT_YOURS", "It belongs to the other union, and only that union changes it.",
        "Ask the other union to change it; you can answer its referral."),
    word("OWN_APPROVAL", "Nobody approves a referral of one's own.",
        "Ask another supervisor: titian referral approve."),
    word("SAME_OFFICER", "The same officer confirmed this peer before; a second officer must.",
        "Ask a second admin to compare the words, and to confirm: titian peer confirm."),
    word("FINGERPRINT_DIFFERS", "The words are not those of the peer's fingerprint.",
        "Compare the words with the paper agreement; if they truly differ, do not confirm, and call the union."),
    word("DESCRIPTOR_CHAIN_BROKEN", "The descriptor file does not continue what is known of this union.",
        "Ask the union for its descriptor file again; if that does not help, call its officers."),
    word("DESCRIPTOR_SIGNATURES_MISSING", "The descriptor file lacks a signature of the union's root keys.",
        "Ask the union for its descriptor file again; if that does not help, call its officers."),
    word("EQUIVOCATION", "The other union's node said two different things in one place.",
        "Tell your admin: keep the node's telemetry as evidence, and call the other union."),
    word("CONFLICT", "Something that is there already stands against it.",
        "Look at what is there, and use it or choose another."),
    word("LIMIT_REACHED", "A limit of the node is reached.",
        "Ask your admin; the limit protects the node."),
    word("TOO_LARGE", "It is larger than the node takes.",
        "Split it into smaller pieces; nothing was stored."),
    word("BUSY", "The node is busy.",
        "Try again in a few seconds."),
    word("STOPPING", "The node is stopping.",
        "Try again when it is up again; what was done stands."),
    word("STORAGE_STOPPED", "The node's store has stopped; what was acknowledged is safe.",
        "Tell your admin to look into the node's telemetry, and to start it again."),
    word("STORAGE_FAILED", "The node's store did not do this; what was acknowledged is safe.",
        "Tell your admin to look into the node's telemetry and at its disk."),
    word("NO_SUCH_CALL", "The node does not know this call.",
        "Compare the versions of this program and of the node: titian --version; titian node status."),
    word("STORAGE_FULL", "The disk of the node is full. Nothing was lost, and nothing was written.",
        "Tell your admin: make room on the disk; the node goes on by itself."),
    word("INTERNAL", "The node failed.",
        "Try again; if it stays, tell your admin to look into the node's telemetry."),
    // --- this program
    word("NODE_UNREACHABLE", "No node answers at this address.",
        "Check the address (--node or TITIAN_NODE), and that the node runs."),
    word("NO_ANSWER", "The node did not answer in time. The act may have been done.",
        "Look before you repeat it, with the verb show or list."),
    word("NOT_A_TITIAN_NODE", "What answers there does not know this call: another program, or another version.",
        "Check the address and the version: titian node status."),
    word("NODE_ADDRESS", "The address of a node must be of this machine, such as http://127.0.0.1:4710.",
        "To reach a node on another machine, open a tunnel to its desk (ssh -L), and give the local end."),
    word("NO_NODE", "No node is named.",
        "Give --node http://127.0.0.1:PORT, set TITIAN_NODE, or sign in first."),
    word("NOT_SIGNED_IN", "You are not signed in at this node.",
        "Sign in first: titian staff sign-in NAME."),
    word("SESSION_FILE", "The session file cannot be read or written.",
        "Check the file that --session or TITIAN_SESSION names, or sign in again."),
    word("FILE", "A file cannot be read or written.",
        "Check its name and whether you may read or write it."),
    word("PASSWORD", "No password was given, or the two are not the same.",
        "Type it when asked, or give it with a file or in the environment."),
    word("BAD_INPUT", "Something in the input cannot be read.",
        "Correct it, and try again. Nothing was sent to the node."),
    word("OUTPUT", "The answer could not be written out.",
        "Check where the output goes. The act itself was done."),
];

/// What a code means and what to do next. A code that is not in the table gets general words.
#[must_use]
pub fn sentences(code: &str) -> (&'static str, &'static str) {
    match TABLE.iter().find(|word| word.code == code) {
        Some(word) => (word.what, word.next),
        None => ("The node said no with a code that this program does not know.", "Use a program of the same version as the node."),
    }
}

/// Whether the table says all there is to say: true for the gate's refusals, which are the same everywhere. For the desk's codes and for
/// MALFORMED the node's own sentence says more.
#[must_use]
pub fn says_all(code: &str) -> bool {
    code != "MALFORMED" && titian_proto::model::refusal::RefusalCode::from_code(code).is_ok()
}
