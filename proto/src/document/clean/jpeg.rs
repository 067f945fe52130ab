//! JPEG: a row of segments, each a marker and its length, and the picture's own data behind the start of each scan (ITU T.81, annex B).

use super::{Reader, cut_off};
use crate::model::malformed::Malformed;

/// How every JPEG begins: start of image, and the first byte of the next marker.
pub const START: [u8; 3] = [0xff, 0xd8, 0xff];

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP14: u8 = 0xee;

/// JFIF 1.02, no density, no thumbnail: says that the colours are the usual ones.
const PLAIN_JFIF: [u8; 18] = [0xff, APP0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 2, 0, 0, 1, 0, 1, 0, 0];

/// Copies what is needed to draw the picture: tables, frames, scans, and which colours are meant.
///
/// # Errors
/// When it is no JPEG, or ends before its picture does.
pub fn clean(image: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(image);
    if reader.array()? != [0xff, START_OF_IMAGE] {
        return Err(cut_off());
    }
    let mut kept = Vec::with_capacity(image.len());
    kept.extend_from_slice(&[0xff, START_OF_IMAGE]);
    let mut scanned = false;
    loop {
        let marker = next_marker(&mut reader)?;
        match marker {
            // What stands behind the end is no part of the picture: a second image, a film, a maker's own data.
            END_OF_IMAGE if scanned => {
                kept.extend_from_slice(&[0xff, END_OF_IMAGE]);
                return Ok(kept);
            }
            START_OF_SCAN => {
                keep(&mut kept, marker, segment(&mut reader)?);
                kept.extend_from_slice(scan(&mut reader)?);
                scanned = true;
            }
            APP0 if segment(&mut reader)?.starts_with(b"JFIF\0") => kept.extend_from_slice(&PLAIN_JFIF),
            APP0 => {}
            // Adobe's segment says how the colours are coded; without it CMYK pictures turn negative. 12 bytes, none of them words.
            APP14 => {
                let adobe = segment(&mut reader)?;
                if let (12, true) = (adobe.len(), adobe.starts_with(b"Adobe")) {
                    keep(&mut kept, marker, adobe);
                }
            }
            // Tables and frames: SOFn, DHT, DAC (C0 to CF), DQT, DNL, DRI, DHP, EXP (DB to DF).
            0xc0..=0xc7 | 0xc9..=0xcf | 0xdb..=0xdf => keep(&mut kept, marker, segment(&mut reader)?),
            // APPn hold Exif, XMP, IPTC, profiles and thumbnails; COM holds comments.
            0xe1..=0xef | 0xfe => drop(segment(&mut reader)?),
            _ => return Err(cut_off()),
        }
    }
}

/// A marker, perhaps behind fill bytes.
fn next_marker(reader: &mut Reader<'_>) -> Result<u8, Malformed> {
    if reader.array()? != [0xff] {
        return Err(cut_off());
    }
    loop {
        match reader.array()? {
            [0xff] => {}
            [marker] => return Ok(marker),
        }
    }
}

/// What a segment holds, without its length.
fn segment<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let length = usize::from(u16::from_be_bytes(reader.array()?));
    reader.take(length.checked_sub(2).ok_or_else(cut_off)?)
}

/// The data of one scan: up to the next marker that is no restart and no stuffed byte.
fn scan<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7);
    let length = reader.rest.windows(2).position(ends).ok_or_else(cut_off)?;
    reader.take(length)
}

fn keep(kept: &mut Vec<u8>, marker: u8, content: &[u8]) {
    kept.extend_from_slice(&[0xff, marker]);
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX); // it was read from a length of two bytes
    kept.extend_from_slice(&length.to_be_bytes());
    kept.extend_from_slice(content);
}
