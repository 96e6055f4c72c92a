//! Pictures among the files of an image, decoded to be drawn: bounded in size and memory.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};

use super::content::Picture;
use crate::model::limits;

/// Longest side that is handed on, in pixels; larger ones are made smaller.
const SIDE: u32 = 1024;

/// A picture as pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// As it is handed on.
    pub width: u32,
    pub height: u32,
    /// As it is in the file.
    pub full: (u32, u32),
    /// Red, green, blue and opacity, row by row, not multiplied.
    pub rgba: Vec<u8>,
}

/// Decodes a picture; nothing where it is of a kind that is not decoded here, damaged, or
/// larger than [`limits::PICTURE_SIDE`] and [`limits::PICTURE_BYTES`] allow.
pub fn pixels(bytes: &[u8], picture: Picture) -> Option<Pixels> {
    let format = match picture {
        Picture::Png => ImageFormat::Png,
        Picture::Jpeg => ImageFormat::Jpeg,
        Picture::Gif => ImageFormat::Gif,
        Picture::WebP => ImageFormat::WebP,
        Picture::Bmp | Picture::Ico => return None,
    };
    let mut allowed = Limits::default();
    allowed.max_image_width = Some(limits::PICTURE_SIDE);
    allowed.max_image_height = Some(limits::PICTURE_SIDE);
    allowed.max_alloc = Some(limits::PICTURE_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(allowed);
    let image = reader.decode().ok()?;
    let full = (image.width(), image.height());
    let image = if full.0 > SIDE || full.1 > SIDE {
        image.thumbnail(SIDE, SIDE)
    } else {
        image
    };
    let rgba = image.into_rgba8();
    Some(Pixels {
        width: rgba.width(),
        height: rgba.height(),
        full,
        rgba: rgba.into_raw(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let image = image::RgbaImage::from_pixel(width, height, image::Rgba([10, 20, 30, 255]));
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_become_pixels_and_large_ones_smaller() {
        let small = pixels(&png(3, 2), Picture::Png).unwrap();
        assert_eq!((small.width, small.height, small.full), (3, 2, (3, 2)));
        assert_eq!(small.rgba[..4], [10, 20, 30, 255]);
        let large = pixels(&png(2_000, 1_000), Picture::Png).unwrap();
        assert_eq!((large.width, large.height), (1_024, 512));
        assert_eq!(large.full, (2_000, 1_000));
    }

    #[test]
    fn what_is_damaged_too_large_or_something_else_is_none() {
        let whole = png(64, 64);
        assert_eq!(pixels(&whole[..whole.len() / 2], Picture::Png), None);
        assert_eq!(pixels(&whole, Picture::Jpeg), None);
        assert_eq!(pixels(b"BM", Picture::Bmp), None);
        // a header that promises more than is allowed
        let mut bomb = whole;
        bomb[16..20].copy_from_slice(&1_000_000u32.to_be_bytes());
        assert_eq!(pixels(&bomb, Picture::Png), None);
    }
}
