//! Images without what a camera or a program writes beside the picture: position, time, device, owner, captions, thumbnails, comments.
//!
//! Our own and small, because it is an allow-list: only the parts that are needed to draw the picture are copied, so that what nobody thought of
//! is gone too. The crates that edit metadata remove the kinds they know and keep the rest. The picture itself is copied bit for bit. Colour
//! profiles go as well: they name devices, and evidence does not depend on a shade. So does what stands behind the end of the picture.

pub mod jpeg;
pub mod png;
pub mod webp;

use crate::document::media::MediaType;
use crate::model::malformed::Malformed;

/// The image without its metadata; a clean image is returned as it is.
///
/// # Errors
/// When it is no image of this type, or is cut off.
pub fn clean(media: MediaType, image: &[u8]) -> Result<Vec<u8>, Malformed> {
    match media {
        MediaType::Jpeg => jpeg::clean(image),
        MediaType::Png => png::clean(image),
        MediaType::Webp => webp::clean(image),
        MediaType::Pdf | MediaType::Text => Ok(image.to_vec()),
    }
}

/// Reads along some bytes.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| cut_off())
    }
}

fn cut_off() -> Malformed {
    Malformed::new("is an image that is cut off or damaged")
}

#[cfg(test)]
mod tests;
