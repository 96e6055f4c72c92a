//! What a file's bytes are: a text, a picture, or something else; and how two texts differ.

use similar::{Algorithm, TextDiff};
use std::time::Duration;

/// What bytes are shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    Text {
        /// So many bytes at its start are a byte order mark.
        mark: usize,
        language: Language,
    },
    Picture(Picture),
    /// Bytes for the hex view.
    Binary,
}

/// A kind of picture that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    Png,
    Jpeg,
    Gif,
    WebP,
    Bmp,
    Ico,
}

/// In what a text is written, for its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Plain,
    Json,
    Shell,
    Xml,
    Python,
    Ini,
}

/// Bytes that are looked at to tell a text.
const LOOKED_AT: usize = 64 << 10;

impl Content {
    /// What `bytes`, the beginning of a file or all of it, are.
    pub fn of(bytes: &[u8]) -> Self {
        const PICTURES: [(&[u8], Picture); 6] = [
            (b"\x89PNG\r\n\x1a\n", Picture::Png),
            (b"\xff\xd8\xff", Picture::Jpeg),
            (b"GIF87a", Picture::Gif),
            (b"GIF89a", Picture::Gif),
            (b"BM", Picture::Bmp),
            (b"\0\0\x01\0", Picture::Ico),
        ];
        let begins = |mark: &[u8]| bytes.starts_with(mark);
        if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Self::Picture(Picture::WebP);
        }
        if let Some(mark) = text_mark(bytes) {
            return Self::Text {
                mark,
                language: Language::of(&bytes[mark..]),
            };
        }
        let picture = PICTURES.iter().find(|(mark, _)| begins(mark));
        picture.map_or(Self::Binary, |(_, picture)| Self::Picture(*picture))
    }
}

impl Language {
    /// What the beginning of a text says.
    fn of(text: &[u8]) -> Self {
        let start = text.trim_ascii_start();
        let line = start
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let has = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
        if line.starts_with(b"#!") {
            return if has(b"python") {
                Self::Python
            } else if has(b"sh") {
                Self::Shell
            } else {
                Self::Plain
            };
        }
        match start.first() {
            Some(b'{') => Self::Json,
            Some(b'<') => Self::Xml,
            Some(b'[') if line.trim_ascii_end().ends_with(b"]") && line.len() > 2 => Self::Ini,
            Some(b'[') => Self::Json,
            _ => Self::Plain,
        }
    }
}

/// Length of the byte order mark of a text; nothing where it is none.
fn text_mark(bytes: &[u8]) -> Option<usize> {
    const UTF8: &[u8] = b"\xef\xbb\xbf";
    let mark = if bytes.starts_with(UTF8) {
        UTF8.len()
    } else {
        0
    };
    let looked_at = &bytes[mark..bytes.len().min(LOOKED_AT)];
    let odd = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if looked_at.iter().any(odd) {
        return None;
    }
    match std::str::from_utf8(looked_at) {
        Ok(_) => Some(mark),
        // a character that is cut at the end of what is looked at
        Err(error) if error.error_len().is_none() && bytes.len() > LOOKED_AT => Some(mark),
        Err(_) => None,
    }
}

/// How two texts differ, as `diff -u` writes it; empty where they do not. Nothing where one
/// is no UTF-8.
pub fn text_diff(before: &[u8], after: &[u8]) -> Option<String> {
    let before = std::str::from_utf8(before).ok()?;
    let after = std::str::from_utf8(after).ok()?;
    // texts that have nothing in common would take very long: what is found by then is shown
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(Duration::from_secs(2))
        .diff_lines(before, after);
    Some(diff.unified_diff().context_radius(3).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_apart() {
        let text = |language| Content::Text { mark: 0, language };
        for (bytes, content) in [
            (&b""[..], text(Language::Plain)),
            (b"root:x:0:0\n", text(Language::Plain)),
            (
                b"\xef\xbb\xbfhello",
                Content::Text {
                    mark: 3,
                    language: Language::Plain,
                },
            ),
            (b"{\"a\": 1}", text(Language::Json)),
            (b"#!/bin/sh\necho", text(Language::Shell)),
            (b"#!/usr/bin/env python3\n", text(Language::Python)),
            (b"<?xml version='1.0'?>", text(Language::Xml)),
            (b"[Unit]\nA=b", text(Language::Ini)),
            (b"\x7fELF\x02\x01\x01\0", Content::Binary),
            (b"caf\xe9", Content::Binary),
            (b"\x89PNG\r\n\x1a\n\0\0", Content::Picture(Picture::Png)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Content::Picture(Picture::WebP)),
        ] {
            assert_eq!(Content::of(bytes), content, "{bytes:?}");
        }
    }

    #[test]
    fn texts_are_compared_by_lines() {
        let diff = text_diff(b"a\nb\nc\n", b"a\nx\nc\n").unwrap();
        assert!(diff.contains("-b\n+x\n"), "{diff}");
        assert_eq!(text_diff(b"a\n", b"a\n").as_deref(), Some(""));
        assert_eq!(text_diff(b"\xff", b"a"), None);
    }
}
