//! Every bound of a link, with its reason.

use std::time::Duration;

use titian_proto::envelope::Lane;

/// Envelopes in one frame: large enough to share a signature and a sync, small enough that a cut line loses little work.
pub const FRAME_ENVELOPES: usize = 64;

/// Bytes of envelopes in one frame, for the same reason. A single larger envelope still travels alone.
pub const FRAME_BYTES: usize = 1 << 20;

/// On a slow line frames are a quarter of what may be on the way, but never cut smaller than this: headers would cost more than they carry.
pub const FRAME_BYTES_MIN: usize = 8 * 1024;

/// Receipts in one frame.
pub const FRAME_RECEIPTS: usize = 64;

/// Envelopes sent and not yet acknowledged as stored to a peer that does not speak of credit (protocol 1).
pub const IN_FLIGHT_ENVELOPES: u64 = 1024;

/// Envelopes written in one unit of work at the receiver.
pub const BATCH_ENVELOPES: usize = 256;

/// Batches that are decided while the first of them waits for the disk.
pub const BATCHES_IN_WORK: usize = 4;

/// Frames read ahead of the writer, so that all that came while a sync ran is written together. Their bytes are bounded by the credit.
pub const FRAMES_READ_AHEAD: usize = 512;

/// Bytes read ahead of the writer, whatever the peer keeps to: the sum of the credit of all lanes.
pub const READ_AHEAD_BYTES: usize = 12 << 20;

/// What may be on the way in a lane before the receiver has taken any of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Envelopes.
    pub envelopes: u64,
    /// Bytes of headers, bodies and leaves.
    pub bytes: u64,
}

impl std::ops::AddAssign for Allowance {
    fn add_assign(&mut self, more: Self) {
        self.envelopes += more.envelopes;
        self.bytes += more.bytes;
    }
}

/// Room that a receiver gives in each lane: a fast line of 50 ms is kept full by the shares' alone, and a node with fifty peers that all use
/// theirs still fits an office machine.
#[must_use]
pub fn allowance(lane: Lane) -> Allowance {
    let (envelopes, bytes) = match lane {
        Lane::Safety => (256, 1 << 20),
        Lane::States => (512, 1 << 20),
        Lane::Referrals => (512, 1 << 20),
        Lane::Shares => (4096, 8 << 20),
        Lane::Documents => (64, 1 << 20),
    };
    Allowance { envelopes, bytes }
}

/// Room is given anew once this part of it was used.
pub const CREDIT_PARTS: u64 = 8;

/// How the lanes after safety share a line that is too small for all of them.
#[must_use]
pub fn weight(lane: Lane) -> u64 {
    match lane {
        Lane::Safety | Lane::States => 8,
        Lane::Referrals => 4,
        Lane::Shares => 2,
        Lane::Documents => 1,
    }
}

/// Bytes that may be on the way before anything is known about the line: two seconds of 256 kbit/s.
pub const WINDOW_FIRST: usize = 64 * 1024;

/// Bytes that may always be on the way: two seconds of 64 kbit/s, so that a withdrawal waits no longer behind what it overtakes.
pub const WINDOW_MIN: usize = 16 * 1024;

/// Bytes that may be on the way at most.
pub const WINDOW_MAX: usize = READ_AHEAD_BYTES;

/// How much longer than the fastest acknowledgement one may take before less is put on the way.
pub const QUEUEING: Duration = Duration::from_millis(300);

/// A line that carries so much of envelopes in [`WIDE_WITHIN`] is a wide one, of 40 Mbit/s at least: there the processor is dearer than the bytes.
pub const WIDE_BYTES: usize = 1 << 20;

/// How long that is counted.
pub const WIDE_WITHIN: Duration = Duration::from_millis(200);

/// The other side must say hello within this time, or it is not a node.
pub const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// How often a session looks at its clocks. Costs nothing on the line.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A ping after this much silence from the side that dialled: ten idle peers cost a node under 5 MB a day, and a carrier's NAT, which forgets a
/// connection after some minutes, remembers it.
pub const PING_EVERY: Duration = Duration::from_secs(100);

/// The side that was dialled pings later, so that only one of the two does.
pub const PING_EVERY_DIALLED: Duration = Duration::from_secs(130);

/// Without any frame for this long the stream is half open: end it and dial again.
pub const SILENT_FOR: Duration = Duration::from_secs(300);

/// A ping after this much silence while something waits for its acknowledgement.
pub const PING_WAITING: Duration = Duration::from_secs(20);

/// Without any frame for this long while something waits the stream is half open: twice two round trips over a bad satellite line, and a large
/// envelope over a slow one.
pub const SILENT_WAITING: Duration = Duration::from_secs(60);

/// What was sent and not acknowledged for this long is sent again. Frames do not get lost on a stream; this is for whatever carries them else.
pub const RESEND_AFTER: Duration = Duration::from_secs(60);

/// Receipts of what was acknowledged are asked for after this long.
pub const RECEIPTS_WITHIN: Duration = Duration::from_secs(30);

/// Room for what waits is asked for after this long: a receiver that is merely busy gives it sooner.
pub const ROOM_WITHIN: Duration = Duration::from_secs(30);

/// Asks for chunks of documents that may be unanswered: one is answered while the chunks of the other are stored. A MiB in all.
pub const DOCUMENT_ASKS: usize = 2;

/// How long a document is left alone that was refused: what stood against it is a person's to change.
pub const DOCUMENT_AGAIN: Duration = Duration::from_secs(60);

/// How long a document may take until its next chunk comes, before another one gets its turn: urgent things may fill a slow line for long.
pub const DOCUMENT_STALLED: Duration = Duration::from_secs(600);
