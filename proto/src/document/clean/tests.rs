//! Each image is built here by hand, with what must go beside what must stay.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use proptest::prelude::*;

use super::clean;
use crate::document::media::MediaType;

/// What a telephone writes: where she stood.
const EXIF_WITH_POSITION: &[u8] = b"Exif\0\0MM\0*\0\0\0\x08GPSLatitude 3 8 27.1 N GPSLongitude 101 41 35.2 E SerialNumber 4711";

/// Texts of which none may be left.
const GIVEN_AWAY: [&[u8]; 6] = [b"GPSLatitude", b"SerialNumber", b"Siti Aminah", b"xpacket", b"8BIM", b"behind the end"];

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker], &u16::try_from(content.len() + 2).unwrap().to_be_bytes()[..], content].concat()
}

/// Tables, a frame and a scan whose data holds a stuffed byte and a restart.
fn jpeg_picture() -> Vec<u8> {
    let scan = [0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];
    [
        segment(0xdb, &[7; 65]),
        segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        segment(0xc4, &[1; 20]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        scan.to_vec(),
    ]
    .concat()
}

fn jpeg(beside: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
    [&[0xff, 0xd8][..], &beside.concat(), &jpeg_picture(), &[0xff, 0xd9], behind].concat()
}

fn png_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    // The checksum is copied and not looked at.
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], name, content, b"\x01\x02\x03\x04"].concat()
}

fn png(beside: &[Vec<u8>]) -> Vec<u8> {
    let picture = [png_chunk(b"IHDR", &[0; 13]), beside.concat(), png_chunk(b"IDAT", &[9; 40]), png_chunk(b"IEND", b"")].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &picture].concat()
}

fn riff_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [name, &u32::try_from(content.len()).unwrap().to_le_bytes()[..], content, &padding].concat()
}

fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let inside = [&b"WEBP"[..], &chunks.concat()].concat();
    [b"RIFF", &u32::try_from(inside.len()).unwrap().to_le_bytes()[..], &inside].concat()
}

fn assert_gives_nothing_away(image: &[u8]) {
    for text in GIVEN_AWAY {
        assert!(!image.windows(text.len()).any(|window| window == text), "{} is left", String::from_utf8_lossy(text));
    }
}

#[test]
fn a_jpeg_loses_everything_but_its_picture() {
    let jfif = segment(0xe0, b"JFIF\0\x01\x01\x01\0\x48\0\x48\0\0");
    let adobe = segment(0xee, b"Adobe\0\x64\0\0\0\0\0");
    let beside = [
        jfif,
        segment(0xe0, b"JFXX\0\x10 a thumbnail"),
        segment(0xe1, EXIF_WITH_POSITION),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<?xpacket Siti Aminah?>"),
        segment(0xed, b"Photoshop 3.0\x008BIM\x04\x04 by-line Siti Aminah"),
        segment(0xe2, b"ICC_PROFILE\0\x01\x01 Siti Aminah's display"),
        segment(0xfe, b"comment by Siti Aminah"),
        adobe.clone(),
    ];
    let cleaned = clean(MediaType::Jpeg, &jpeg(&beside, b"behind the end: a film")).unwrap();
    assert_gives_nothing_away(&cleaned);
    let plain_jfif = segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    assert_eq!(cleaned, jpeg(&[plain_jfif, adobe], b""), "the picture stands bit for bit");
    assert_eq!(clean(MediaType::Jpeg, &cleaned).unwrap(), cleaned);
}

#[test]
fn what_stands_between_two_scans_of_a_jpeg_goes_too() {
    let second = [segment(0xfe, b"Siti Aminah"), segment(0xc4, &[2; 20]), segment(0xda, &[1, 1, 0, 1, 5, 0]), vec![0x77, 0x78]].concat();
    let image = [&[0xff, 0xd8][..], &jpeg_picture(), &second, &[0xff, 0xd9]].concat();
    let cleaned = clean(MediaType::Jpeg, &image).unwrap();
    assert_gives_nothing_away(&cleaned);
    assert_eq!(cleaned.len(), image.len() - segment(0xfe, b"Siti Aminah").len());
}

#[test]
fn a_png_loses_everything_but_its_picture() {
    let transparency = png_chunk(b"tRNS", &[1, 2]);
    let beside = [
        png_chunk(b"eXIf", EXIF_WITH_POSITION),
        png_chunk(b"tEXt", b"Author\0Siti Aminah"),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<?xpacket?>"),
        png_chunk(b"zTXt", b"Comment\0\0Siti Aminah"),
        png_chunk(b"tIME", &[7, 234, 3, 2, 10, 0, 0]),
        png_chunk(b"iCCP", b"Siti Aminah's display\0\0"),
        png_chunk(b"prVt", b"8BIM"),
        transparency.clone(),
    ];
    let image = [png(&beside), b"behind the end".to_vec()].concat();
    let cleaned = clean(MediaType::Png, &image).unwrap();
    assert_gives_nothing_away(&cleaned);
    assert_eq!(cleaned, png(&[transparency]));
    assert_eq!(clean(MediaType::Png, &cleaned).unwrap(), cleaned);
}

#[test]
fn a_webp_loses_everything_but_its_picture_and_says_so() {
    let announced = |flags| riff_chunk(b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    let frame = |beside: &[u8]| riff_chunk(b"ANMF", &[&[5; 16][..], &riff_chunk(b"VP8L", &[3; 21]), beside].concat());
    let image = webp(&[
        announced(0x3e),
        riff_chunk(b"ICCP", b"Siti Aminah's display"),
        riff_chunk(b"ANIM", &[0; 6]),
        frame(&riff_chunk(b"note", b"Siti Aminah")),
        riff_chunk(b"EXIF", EXIF_WITH_POSITION),
        riff_chunk(b"XMP ", b"<?xpacket?>"),
    ]);
    let cleaned = clean(MediaType::Webp, &[image, b"behind the end".to_vec()].concat()).unwrap();
    assert_gives_nothing_away(&cleaned);
    assert_eq!(cleaned, webp(&[announced(0x12), riff_chunk(b"ANIM", &[0; 6]), frame(b"")]));
    assert_eq!(clean(MediaType::Webp, &cleaned).unwrap(), cleaned);
}

#[test]
fn an_image_that_is_cut_off_is_refused() {
    for (media, image) in [
        (MediaType::Jpeg, jpeg(&[segment(0xe1, EXIF_WITH_POSITION)], b"")),
        (MediaType::Png, png(&[])),
        (MediaType::Webp, webp(&[riff_chunk(b"VP8 ", &[1; 30])])),
    ] {
        assert!(clean(media, &image).is_ok());
        for length in 0..image.len() {
            assert!(clean(media, &image[..length]).is_err(), "{} cut off at {length}", media.name());
        }
    }
}

proptest! {
    #[test]
    fn whatever_comes_in_what_comes_out_is_clean(bytes in proptest::collection::vec(any::<u8>(), 0..400), flip in 0..200_usize) {
        for (media, mut image) in [
            (MediaType::Jpeg, jpeg(&[segment(0xe1, &bytes)], &bytes)),
            (MediaType::Png, png(&[png_chunk(b"tEXt", &bytes)])),
            (MediaType::Webp, webp(&[riff_chunk(b"EXIF", &bytes), riff_chunk(b"VP8 ", &bytes)])),
        ] {
            if let Some(byte) = image.get_mut(flip) {
                *byte ^= 0x5a;
            }
            if let Ok(cleaned) = clean(media, &image) {
                prop_assert_eq!(clean(media, &cleaned).unwrap(), cleaned);
            }
            let _ = clean(media, &bytes);
        }
    }
}
