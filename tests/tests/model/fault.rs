//! Deliberate mistakes. Each stands for one line that somebody could forget; the model must find what follows from it.

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The receiver answers what it has written but not synced.
    AcknowledgedBeforeSync,
    /// The sender sends what it has written but not synced.
    SentBeforeSync,
    /// The receiver takes in an envelope that it has already.
    NoDedupe,
    /// The receiver takes in an envelope that is not the next one.
    GapTaken,
    /// A withdrawal leaves the bodies that wait in the outbox.
    NoPurge,
    /// A withdrawal is not remembered once it was applied.
    NoTombstone,
    /// A restored sender goes on in the chain that its backup ends with.
    SameLifeAfterRestore,
    /// The first envelope of a new life does not say what it stands behind, so it is taken in wherever the receiver is.
    LifeBeginsAnywhere,
    /// A restored sender forgets what its backup had still to send.
    RemainderForgotten,
    /// A restored receiver is not told what it had answered.
    NothingReturned,
    /// A restored receiver takes in what comes on a stick before it has heard the peer's hello.
    BundleBeforeHello,
}
