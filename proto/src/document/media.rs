//! What kind of bytes a document is. A closed list: what is not on it is not kept, and a type is read from the bytes themselves.

use crate::document::clean;

/// A type of document that may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// PDF.
    Pdf,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// Plain text in UTF-8.
    Text,
}

impl MediaType {
    /// Every type.
    pub const ALL: &'static [Self] = &[Self::Pdf, Self::Jpeg, Self::Png, Self::Webp, Self::Text];

    /// Bytes from the start that are enough to tell the type.
    pub const HEAD_BYTES: usize = 512;

    /// Bytes of an image at most. A telephone's photograph has 3 to 12 MiB; an image is cleaned as a whole, in memory.
    pub const IMAGE_BYTES_MAX: usize = 32 << 20;

    /// Its name, such as `application/pdf`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Text => "text/plain",
        }
    }

    /// The type with this name; none when it is not on the list.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    /// The type of bytes that begin like this; none when it is not on the list. Give [`Self::HEAD_BYTES`] of them, or all there are.
    #[must_use]
    pub fn of_head(head: &[u8]) -> Option<Self> {
        let webp = head.get(8..12) == Some(b"WEBP");
        match head {
            [] => None,
            _ if head.starts_with(b"%PDF-") => Some(Self::Pdf),
            _ if head.starts_with(&clean::jpeg::START) => Some(Self::Jpeg),
            _ if head.starts_with(clean::png::SIGNATURE) => Some(Self::Png),
            _ if head.starts_with(b"RIFF") && webp => Some(Self::Webp),
            _ => TextCheck::default().takes(&head[..head.len().min(Self::HEAD_BYTES)]).then_some(Self::Text),
        }
    }

    /// Whether it is an image, whose metadata is removed.
    #[must_use]
    pub fn is_image(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }
}

/// Looks through all bytes of a document, piece by piece, whether they are of their type: a text is text to its end, an image is clean.
pub struct ContentCheck {
    media: MediaType,
    begun: bool,
    good: bool,
    text: TextCheck,
    image: Vec<u8>,
}

impl ContentCheck {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(media: MediaType) -> Self {
        Self { media, begun: false, good: true, text: TextCheck::default(), image: Vec::new() }
    }

    /// Sees the next piece. The first holds [`MediaType::HEAD_BYTES`], or all there are. Whether the bytes can still be of their type.
    pub fn see(&mut self, piece: &[u8]) -> bool {
        if !self.begun {
            self.begun = true;
            self.good = MediaType::of_head(piece) == Some(self.media);
        }
        if self.good && self.media == MediaType::Text {
            self.good = self.text.takes(piece);
        }
        if self.good && self.media.is_image() {
            self.good = self.image.len() + piece.len() <= MediaType::IMAGE_BYTES_MAX;
            self.image.extend_from_slice(piece);
        }
        self.good
    }

    /// Whether nothing more needs to be seen to know that the bytes are of their type: of a PDF the start is all that is looked at.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.begun && self.media == MediaType::Pdf
    }

    /// Whether the bytes were of their type.
    #[must_use]
    pub fn finish(self) -> bool {
        let whole = self.begun && self.good && self.text.is_whole();
        whole && (!self.media.is_image() || clean::clean(self.media, &self.image).is_ok_and(|clean| clean == self.image))
    }
}

/// UTF-8 without control characters, piece by piece.
#[derive(Default)]
struct TextCheck {
    /// The begun character at the end of the last piece: at most three bytes.
    begun: Vec<u8>,
}

impl TextCheck {
    fn takes(&mut self, piece: &[u8]) -> bool {
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(piece);
        let whole = match std::str::from_utf8(&bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return false,
        };
        self.begun = bytes.split_off(whole);
        // Tab, line feed, form feed, carriage return; the bytes of longer characters are all above.
        bytes.iter().all(|byte| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r'))
    }

    fn is_whole(&self) -> bool {
        self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_what_the_bytes_are() {
        assert_eq!(MediaType::of_head(b"%PDF-1.7\n"), Some(MediaType::Pdf));
        assert_eq!(MediaType::of_head(&[0xff, 0xd8, 0xff, 0xe0]), Some(MediaType::Jpeg));
        assert_eq!(MediaType::of_head(b"\x89PNG\r\n\x1a\n"), Some(MediaType::Png));
        assert_eq!(MediaType::of_head(b"RIFF\x04\0\0\0WEBPVP8 "), Some(MediaType::Webp));
        assert_eq!(MediaType::of_head("Saya belum menerima gaji.\n".as_bytes()), Some(MediaType::Text));
        for other in [&b"MZ\x90\0\x03"[..], b"PK\x03\x04", b"\x7fELF\x02", b"GIF89a\x01\0", b"", b"RIFF\x04\0\0\0WAVE"] {
            assert_eq!(MediaType::of_head(other), None);
        }
        for media in MediaType::ALL {
            assert_eq!(MediaType::from_name(media.name()), Some(*media));
        }
    }

    #[test]
    fn a_text_is_text_to_its_end_wherever_the_pieces_are_cut() {
        let told = "Upah: 1.500.000 ₫ 😀\n".repeat(40);
        for cut in 1..9 {
            let mut check = ContentCheck::new(MediaType::Text);
            let (head, rest) = told.as_bytes().split_at(MediaType::HEAD_BYTES);
            assert!(check.see(head) && rest.chunks(cut).all(|piece| check.see(piece)), "in pieces of {cut}");
            assert!(check.finish());
        }
        let mut check = ContentCheck::new(MediaType::Text);
        assert!(check.see(b"text and then ") && !check.see(b"\0\x01\x02"));
        let mut cut_off = ContentCheck::new(MediaType::Text);
        assert!(cut_off.see("half a character: \u{20ab}".as_bytes().split_last().unwrap().1));
        assert!(!cut_off.finish());
    }

    #[test]
    fn bytes_of_another_type_than_they_are_said_to_be_are_found_out() {
        let mut check = ContentCheck::new(MediaType::Pdf);
        assert!(!check.see(b"#!/bin/sh\n") && !check.finish());
        assert!(!ContentCheck::new(MediaType::Pdf).finish(), "nothing is no document");
    }
}
