//! PNG: a signature, then chunks with length, name, content and checksum (W3C PNG, third edition).

use super::{Reader, cut_off};
use crate::model::malformed::Malformed;

/// How every PNG begins.
pub const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Chunks that draw the picture: the image and its palette, transparency, colours as numbers, and the frames of an animation. Not kept are tEXt,
/// zTXt, iTXt, eXIf, tIME, iCCP, sPLT, pHYs and everything that nobody knows.
const KEPT: [&[u8; 4]; 14] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"cICP", b"bKGD", b"acTL", b"fcTL", b"fdAT"];

/// Bytes of a chunk beside its content: length, name, checksum.
const FRAME: usize = 12;

/// Copies the chunks that draw the picture, up to its end.
///
/// # Errors
/// When it is no PNG, or ends before its picture does.
pub fn clean(image: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(image);
    if &reader.array()? != SIGNATURE {
        return Err(cut_off());
    }
    let mut kept = Vec::with_capacity(image.len());
    kept.extend_from_slice(SIGNATURE);
    loop {
        let head = reader.rest.first_chunk::<8>().ok_or_else(cut_off)?;
        let [a, b, c, d, name @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| cut_off())?;
        let chunk = reader.take(length.checked_add(FRAME).ok_or_else(cut_off)?)?;
        if kept.len() == SIGNATURE.len() && &name != b"IHDR" {
            return Err(cut_off());
        }
        if KEPT.contains(&&name) {
            kept.extend_from_slice(chunk);
        }
        if &name == b"IEND" {
            return Ok(kept);
        }
    }
}
