//! Compression on the line. The transport's own makes a new compressor for every frame and has one level for all; here a worker keeps its own, small
//! frames stay as they are, and large ones, which only a fast line carries, are compressed quickly, on a wide one the quickest way of all. On the wire it
//! is gRPC's zstd, frame by frame.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};
use tonic::codegen::{BoxFuture, Service};
use tower::Layer;
use zstd::bulk::Compressor;

use super::line::Line;
use super::stream::Admitted;

/// Says how frames are compressed.
const ENCODING: &str = "grpc-encoding";

/// Says what may come compressed.
const ACCEPTS: &str = "grpc-accept-encoding";

/// Its name there.
const ZSTD: &str = "zstd";

/// Smaller frames (what is stored, room, signs of life) gain nothing.
const FRAME_BYTES_MIN: usize = 256;

/// Larger frames are for fast lines, where the processor is dearer than the line: on a slow one the window cuts them to half of this.
const SLOW_LINE_BYTES: usize = 16 * 1024;

/// zstd's usual level: on a slow line every byte counts.
const LEVEL_SLOW_LINE: i32 = 3;

/// A third of the work for a few bytes in a hundred more.
const LEVEL_FAST_LINE: i32 = 1;

/// A quarter of that again, and a tenth for who reads it; what repeats still goes once. It takes a seventh off what level 1 takes a quarter off.
const LEVEL_WIDE_LINE: i32 = -1;

/// Bytes before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// Compresses what is sent: requests to a peer that we dial.
#[derive(Clone, Debug)]
pub(super) struct Compressed<S> {
    channel: S,
    line: Line,
}

impl<S> Compressed<S> {
    /// Over this channel, which is this line.
    pub(super) fn over(channel: S, line: Line) -> Self {
        Self { channel, line }
    }
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Compressed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        request.headers_mut().insert(ENCODING, HeaderValue::from_static(ZSTD));
        let line = self.line.clone();
        self.channel.call(request.map(|body| squeezed(body, line)))
    }
}

/// Compresses what is answered, to a peer that takes it so.
#[derive(Clone, Copy, Debug)]
pub(super) struct CompressAnswers;

impl<S> Layer<S> for CompressAnswers {
    type Service = Answering<S>;

    fn layer(&self, service: S) -> Answering<S> {
        Answering(service)
    }
}

/// A service whose answers are compressed.
#[derive(Clone, Debug)]
pub(super) struct Answering<S>(S);

impl<S> Service<Request<Body>> for Answering<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<Response<Body>, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let accepts = accepts(request.headers());
        let line = request.extensions().get::<Admitted>().map(|admitted| admitted.line.clone()).unwrap_or_default();
        let answering = self.0.call(request);
        Box::pin(async move {
            let mut answer = answering.await?;
            if !accepts {
                return Ok(answer);
            }
            answer.headers_mut().insert(ENCODING, HeaderValue::from_static(ZSTD));
            Ok(answer.map(|body| squeezed(body, line)))
        })
    }
}

fn accepts(headers: &HeaderMap) -> bool {
    let names = headers.get(ACCEPTS).and_then(|names| names.to_str().ok()).unwrap_or_default();
    names.split(',').any(|name| name.trim() == ZSTD)
}

fn squeezed(body: Body, line: Line) -> Body {
    Body::new(Squeezed { body, line, is_whole: true })
}

/// A body of messages, each compressed where that makes it smaller.
struct Squeezed {
    body: Body,
    line: Line,
    /// Every piece so far held whole messages, as the transport writes them. Else nothing more is touched.
    is_whole: bool,
}

impl http_body::Body for Squeezed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)?) else { return Poll::Ready(None) };
        let (is_whole, is_wide) = (self.is_whole, self.line.is_wide());
        let frame = match frame.into_data() {
            Ok(piece) if is_whole => Frame::data(squeeze(&piece, is_wide).unwrap_or_else(|| {
                self.is_whole = false;
                piece
            })),
            Ok(piece) => Frame::data(piece),
            Err(other) => other,
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// The messages of a piece, compressed; nothing where they are not whole.
fn squeeze(piece: &Bytes, is_wide: bool) -> Option<Bytes> {
    let mut squeezed = BytesMut::with_capacity(piece.len());
    let mut rest = piece.as_ref();
    while !rest.is_empty() {
        let (prefix, behind) = rest.split_first_chunk::<PREFIX_BYTES>()?;
        let [flag, length @ ..] = *prefix;
        let (message, next) = behind.split_at_checked(usize::try_from(u32::from_be_bytes(length)).ok()?)?;
        match smaller(message, is_wide).filter(|_| flag == 0) {
            Some(small) => put_message(&mut squeezed, 1, &small),
            None => put_message(&mut squeezed, flag, message),
        }
        rest = next;
    }
    Some(squeezed.freeze())
}

fn put_message(squeezed: &mut BytesMut, flag: u8, message: &[u8]) {
    squeezed.put_u8(flag);
    squeezed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX)); // never larger than it was
    squeezed.put_slice(message);
}

/// A message compressed, where that makes it smaller.
fn smaller(message: &[u8], is_wide: bool) -> Option<Vec<u8>> {
    thread_local! {
        /// Kept by each worker: a compressor is a megabyte that would be cleared for every frame.
        static KEPT: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    if message.len() < FRAME_BYTES_MIN {
        return None;
    }
    let level = match message.len() {
        _ if is_wide => LEVEL_WIDE_LINE,
        length if length > SLOW_LINE_BYTES => LEVEL_FAST_LINE,
        _ => LEVEL_SLOW_LINE,
    };
    KEPT.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Compressor::new(level).ok();
        }
        let compressor = kept.as_mut()?;
        compressor.set_compression_level(level).ok()?;
        // A message that cannot be compressed goes as it is.
        let small = compressor.compress(message).ok()?;
        (small.len() < message.len()).then_some(small)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(messages: &[&[u8]]) -> Bytes {
        let mut piece = BytesMut::new();
        messages.iter().for_each(|message| put_message(&mut piece, 0, message));
        piece.freeze()
    }

    /// The messages of a piece as its reader sees them, and which of them were compressed.
    fn read(mut piece: &[u8]) -> Vec<(bool, Vec<u8>)> {
        let mut messages = Vec::new();
        while let Some(([flag, length @ ..], behind)) = piece.split_first_chunk::<PREFIX_BYTES>() {
            let (message, next) = behind.split_at(u32::from_be_bytes(*length) as usize);
            let whole = if *flag == 1 { zstd::decode_all(message).unwrap() } else { message.to_vec() };
            messages.push((*flag == 1, whole));
            piece = next;
        }
        messages
    }

    #[test]
    fn large_messages_are_compressed_and_small_ones_stay() {
        let (small, large, huge) = (b"stored".as_slice(), [b'a'; 1000], b"case ".repeat(100_000));
        for is_wide in [false, true, false] {
            let squeezed = squeeze(&piece(&[small, &large, &huge]), is_wide).unwrap();
            assert!(squeezed.len() < 1000);
            assert_eq!(read(&squeezed), [(false, small.to_vec()), (true, large.to_vec()), (true, huge.clone())]);
        }
    }

    #[test]
    fn what_does_not_get_smaller_stays_as_it_is() {
        let random: Vec<u8> = (0..1024_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
        let noise: Vec<u8> = random.chunks(32).flat_map(|chunk| titian_proto::model::id::Digest::of(chunk).0).collect();
        assert_eq!(read(&squeeze(&piece(&[&noise]), false).unwrap()), [(false, noise)]);
    }

    #[test]
    fn a_piece_that_is_not_whole_is_left_alone() {
        let whole = piece(&[&[b'a'; 1000]]);
        assert!(squeeze(&whole.slice(..500), false).is_none());
        assert!(squeeze(&whole.slice(..3), false).is_none());
    }
}
