//! Every code in the field's words: what it means, and what to do next. The gate's codes bring theirs along; the others stand in a table here.
//! The golden file of all of them is `tests/golden/refusals.txt`. The sentences never hold a value.

use titian_proto::model::refusal::RefusalCode;

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

/// Codes of the desk, then those of this program.
#[rustfmt::skip] // a table is read by its lines
pub const TABLE: &[Word] = &[
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
    word("PAPER_UNSAFE", "She said that a paper is not safe for her to carry.",
        "Print nothing, and tell her by word of mouth; if she says that it is safe now: titian consent record --renews ID."),
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
    word("BUNDLE_UNREADABLE", "The file is not a bundle, or its beginning was altered on its way.",
        "Check that it is the right file, and ask the other union for it again."),
    word("BUNDLE_NEWER", "The bundle was made by newer software than this node's.",
        "Ask your admin to upgrade the node; then take the same file in again."),
    word("BUNDLE_TRUNCATED", "The file ends too early: it was cut on its way. What stood before the cut was taken in.",
        "Copy the file again, or ask the other union for it again; nothing is lost."),
    word("BUNDLE_DAMAGED", "The file was altered on its way. What stood before the damage was taken in.",
        "Copy the file again, or ask the other union for it again; nothing is lost."),
    word("BUNDLE_FOR_ANOTHER", "The bundle is for another union.",
        "Give it to the union that it is for; nobody else can open it."),
    word("BUNDLE_SENDER_UNKNOWN", "The sender that the bundle names is not an active peer of this node.",
        "Look at the peers: titian peer list. One that is suspended or not confirmed sends nothing here."),
    word("BUNDLE_NOT_SIGNED", "The bundle is not signed by the sender it names.",
        "Do not use it; ask the other union whether it made this file, and for its newest descriptor."),
    word("BUNDLE_OTHER_KEY", "The bundle is sealed to a key that this node does not hold.",
        "Give your newest descriptor to the other union (titian peer descriptor), and ask it for a new bundle."),
    word("NO_SEALING_KEY", "The descriptor that is known of the peer has no key that bundles are sealed to.",
        "Ask the other union for its newest descriptor, made by a node that has a sealing key, and add it: titian peer add."),
    word("BUNDLE_CONTENT", "The bundle's content breaks a rule of its form.",
        "Ask the other union for the file again; if it stays, compare the versions of both nodes."),
    word("BUNDLE_OTHER_EPOCH", "The bundle was made from a database that was replaced by a newer one.",
        "Ask the other union for a new bundle: its node was restored from a backup after this one was made."),
    word("BUNDLE_OTHER_CHAIN", "The bundle and what the other union sent before exclude each other.",
        "Keep the file, and call the other union; only withdrawals and what protects people pass until then."),
    word("BUNDLE_BEFORE_RESTORE", "The bundle was made before the other union knew that this node was restored from a backup.",
        "Make a bundle for the other union: titian bundle export; once it has taken that in, its next bundle brings everything back."),
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
    word("BUNDLE_GAP", "Something is missing between what is here and what the file holds. The rest was taken in; nothing is lost.",
        "Take the earlier file in first, then this one again; or ask the other union for a new one."),
    word("SLIP_UNREADABLE", "This is no slip, or a line of it was lost or altered.",
        "Read the code on the paper again, with all of its lines."),
    word("SLIP_OTHER_UNION", "The slip names another union than the descriptor file.",
        "Take the descriptor file of the union that the slip names in its line \"by\"."),
    word("SLIP_NOT_SIGNED", "The union of this descriptor file did not sign these lines: they were altered or are a forgery.",
        "Do not believe it. If the slip is newer than the file, ask the union for its newest descriptor first."),
    word("PASSWORD", "No password was given, or the two are not the same.",
        "Type it when asked, or give it with a file or in the environment."),
    word("BAD_INPUT", "Something in the input cannot be read.",
        "Correct it, and try again. Nothing was sent to the node."),
    word("OUTPUT", "The answer could not be written out.",
        "Check where the output goes. The act itself was done."),
];

/// Every code with its words: the gate's, in its order, then those of the table.
pub fn all() -> impl Iterator<Item = Word> {
    let gate = RefusalCode::ALL.iter().map(|code| word(code.code(), code.meaning(), code.next_step()));
    gate.chain(TABLE.iter().map(|known| word(known.code, known.what, known.next)))
}

/// What a code means and what to do next. A code that nobody knows gets general words.
#[must_use]
pub fn sentences(code: &str) -> (&'static str, &'static str) {
    match all().find(|word| word.code == code) {
        Some(word) => (word.what, word.next),
        None => ("The node said no with a code that this program does not know.", "Use a program of the same version as the node."),
    }
}

/// Whether the table says all there is to say: true for the gate's refusals, which are the same everywhere. For the desk's codes and for
/// MALFORMED the node's own sentence says more.
#[must_use]
pub fn says_all(code: &str) -> bool {
    code != "MALFORMED" && RefusalCode::from_code(code).is_ok()
}
