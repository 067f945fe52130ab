//! WebP: a RIFF file of chunks with name, length and content, padded to even bytes (RFC 9649).

use super::{Reader, cut_off};
use crate::model::malformed::Malformed;

/// Chunks that draw the picture. Not kept are EXIF, XMP, ICCP and everything that nobody knows.
const KEPT: &[&[u8; 4]] = &[b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"];

/// As [`KEPT`], inside a frame of an animation.
const KEPT_IN_FRAME: &[&[u8; 4]] = &[b"VP8 ", b"VP8L", b"ALPH"];

/// Bits of VP8X that announce a profile, Exif and XMP.
const ANNOUNCED: u8 = 0x20 | 0x08 | 0x04;

/// Bytes in front of the chunks of an animation's frame: its place, size and duration.
const FRAME_HEAD: usize = 16;

/// Copies the chunks that draw the picture, and corrects what the file says of itself.
///
/// # Errors
/// When it is no WebP, or is cut off.
pub fn clean(image: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(image);
    if &reader.array()? != b"RIFF" {
        return Err(cut_off());
    }
    let length = length_of(&mut reader)?;
    // What stands behind the file's own length is no part of it.
    let mut inside = Reader::new(reader.take(length)?);
    if &inside.array()? != b"WEBP" {
        return Err(cut_off());
    }
    let mut kept = b"RIFF\0\0\0\0WEBP".to_vec();
    copy_chunks(&mut inside, KEPT, &mut kept)?;
    let length = u32::try_from(kept.len() - 8).map_err(|_| cut_off())?;
    if let Some(place) = kept.get_mut(4..8) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(kept)
}

fn copy_chunks(reader: &mut Reader<'_>, allowed: &[&[u8; 4]], kept: &mut Vec<u8>) -> Result<(), Malformed> {
    while !reader.rest.is_empty() {
        let name = reader.array::<4>()?;
        let length = length_of(reader)?;
        let content = reader.take(length)?;
        reader.take(length % 2)?;
        if !allowed.contains(&&name) {
            continue;
        }
        let content = match (&name, content) {
            (b"VP8X", [flags, rest @ ..]) => [&[flags & !ANNOUNCED], rest].concat(),
            (b"ANMF", _) => frame(content)?,
            _ => content.to_vec(),
        };
        kept.extend_from_slice(&name);
        kept.extend_from_slice(&u32::try_from(content.len()).map_err(|_| cut_off())?.to_le_bytes());
        kept.extend_from_slice(&content);
        kept.resize(kept.len() + content.len() % 2, 0);
    }
    Ok(())
}

/// A frame of an animation holds chunks itself.
fn frame(content: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(content);
    let mut kept = reader.take(FRAME_HEAD)?.to_vec();
    copy_chunks(&mut reader, KEPT_IN_FRAME, &mut kept)?;
    Ok(kept)
}

fn length_of(reader: &mut Reader<'_>) -> Result<usize, Malformed> {
    usize::try_from(u32::from_le_bytes(reader.array()?)).map_err(|_| cut_off())
}
