//! The border to other unions. It decides who may stand on the other end of a stream, and nothing about what the frames mean.
//!
//! In reading order:
//!
//! - [`identity`]: a key's pin, and the peer that a proven key belongs to.
//! - [`pins`]: the table of known peers, swapped under running connections; why somebody is barred.
//! - [`barred`]: tells the operator why somebody was turned away, and nobody else.
//! - [`keys`]: the folder with the node's own keys; [`owner`]: what is signed with those that are kept offline.
//! - [`tls`]: TLS 1.3 with pinned keys on both sides.
//! - [`carrier`] and [`succession`]: a peer with new keys shows the descriptors that lead to them.
//! - [`listener`] and [`service`]: peers that dial us.
//! - [`dialler`]: peers that we dial.
//! - [`passage`]: what leaves is asked about once more, what arrives must be signed by the peer.
//! - [`documents`]: bytes of documents, under the same permits.
//! - `compression`: the frames of both, smaller; `line`: how much that is worth.
//! - [`connection`]: what both hand to the link: a stream of frames that ends the moment the peer is no longer active.

pub mod barred;
pub mod carrier;
mod compression;
pub mod connection;
pub mod dialler;
pub mod documents;
pub mod identity;
pub mod keys;
pub mod line;
pub mod listener;
pub mod owner;
pub mod passage;
pub mod pins;
pub mod service;
pub mod stream;
pub mod succession;
pub mod tls;

/// Frames above this are refused before they are decoded: 1 MiB of envelopes, and as much again for their leaves, seals and receipts.
pub const FRAME_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Without a byte for this long a connection is asked for a sign of life. A stream has its own, sooner where somebody waits (`link::limits`), and pays for
/// them by the megabyte; this is for connections that never get so far.
pub const KEEPALIVE_INTERVAL: std::time::Duration = std::time::Duration::from_secs(300);

/// How long a sign of life may take: two round trips over a bad satellite line.
pub const KEEPALIVE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// Receive window of one stream: four frames of the largest kind in flight.
pub const STREAM_WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Receive window of one connection: two full streams, so that a replaced stream cannot starve the one that replaces it.
pub const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// Streams on one connection. The link needs one; the rest is room for streams that are being replaced.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 8;

/// HTTP/2 headers of one call: ours are under 1 KiB.
pub const HEADER_BYTES_MAX: u32 = 16 * 1024;

/// A handshake that takes longer is a silent or hostile one.
pub const HANDSHAKE_DEADLINE: std::time::Duration = std::time::Duration::from_secs(5);
