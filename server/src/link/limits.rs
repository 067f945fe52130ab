//! Every bound of a link, with its reason.

use std::time::Duration;

/// Envelopes in one frame: large enough to share a signature and a sync, small enough that a cut line loses little work.
pub const FRAME_ENVELOPES: usize = 64;

/// Bytes of envelopes in one frame, for the same reason. A single larger envelope still travels alone.
pub const FRAME_BYTES: usize = 1 << 20;

/// Receipts in one frame.
pub const FRAME_RECEIPTS: usize = 64;

/// Envelopes sent and not yet acknowledged as stored: bounds the memory of the receiver.
pub const IN_FLIGHT_ENVELOPES: u64 = 1024;

/// Envelopes written in one unit of work at the receiver.
pub const BATCH_ENVELOPES: usize = 256;

/// Frames read ahead of the writer: bounds memory while a sync runs.
pub const FRAMES_READ_AHEAD: usize = 8;

/// The other side must say hello within this time, or it is not a node.
pub const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A ping after this much silence; a link over a carrier's NAT is forgotten after a few minutes.
pub const PING_EVERY: Duration = Duration::from_secs(30);

/// Without any frame for this long the stream is half open: end it and dial again.
pub const SILENT_FOR: Duration = Duration::from_secs(90);
