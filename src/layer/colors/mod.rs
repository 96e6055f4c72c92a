//! What the parts of a text are, for its colours: comments, texts, numbers, words of the
//! language, names. Which colours those are is for the window to say.

mod scopes;
mod settings;

use std::ops::Range;
use std::time::{Duration, Instant};

/// Texts above this are not looked through, in bytes.
const TEXT_BYTES: usize = 1 << 20;

/// Longer lines are left as they are, in bytes: what is that long was written by a program.
const LINE_BYTES: usize = 2_000;

/// What has no colour by then stays without.
const LONGEST: Duration = Duration::from_secs(2);

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    Comment,
    /// A text within the text.
    Text,
    /// A number, or another value that is written as such.
    Number,
    /// A word that the language reserves.
    Keyword,
    /// What something is called: a key, a function, a section.
    Name,
}

/// The parts of a text that have a colour, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Colors(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    start: u32,
    end: u32,
    token: Token,
}

impl Colors {
    /// The parts of `text`, which the file at `path` has; none where its language is not
    /// known. Takes at most about two seconds; what was not reached by then has no colour.
    pub fn of(path: &str, text: &str) -> Self {
        let mut colors = Self::default();
        if text.len() <= TEXT_BYTES {
            let until = Instant::now() + LONGEST;
            let name = path.rsplit('/').next().unwrap_or_default();
            if settings::are_in(name) {
                colors.each_line(text, until, settings::line);
            } else if let Some(mut parser) = scopes::Parser::of(name, text) {
                colors.each_line(text, until, |line, found| parser.line(line, found));
            }
        }
        colors
    }

    fn each_line(
        &mut self,
        text: &str,
        until: Instant,
        mut read: impl FnMut(&str, &mut dyn FnMut(Range<usize>, Token)),
    ) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if line.len() <= LINE_BYTES {
                if Instant::now() > until {
                    return;
                }
                read(line, &mut |part, token| {
                    self.push(start + part.start..start + part.end, token);
                });
            }
            start += line.len();
        }
    }

    fn push(&mut self, part: Range<usize>, token: Token) {
        // both fit: longer texts are not looked through
        let (start, end) = (part.start as u32, part.end as u32);
        match self.0.last_mut() {
            Some(last) if last.end == start && last.token == token => last.end = end,
            _ if start < end => self.0.push(Part { start, end, token }),
            _ => {}
        }
    }

    /// Whether nothing has a colour.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pieces of `span`, in bytes of the text, without gaps.
    pub fn within(&self, span: Range<usize>) -> Vec<(Range<usize>, Option<Token>)> {
        let mut pieces = Vec::new();
        let mut at = span.start;
        let first = self.0.partition_point(|part| part.end as usize <= at);
        for part in &self.0[first..] {
            let start = (part.start as usize).max(at);
            let end = (part.end as usize).min(span.end);
            if start >= end {
                break;
            }
            if start > at {
                pieces.push((at..start, None));
            }
            pieces.push((start..end, Some(part.token)));
            at = end;
        }
        if at < span.end {
            pieces.push((at..span.end, None));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts with a colour, as texts.
    fn parts<'a>(path: &str, text: &'a str) -> Vec<(&'a str, Token)> {
        let pieces = Colors::of(path, text).within(0..text.len());
        let whole: String = pieces.iter().map(|(part, _)| &text[part.clone()]).collect();
        assert_eq!(whole, text, "nothing is lost");
        let colored = pieces.into_iter().filter_map(|(part, token)| {
            let part = text[part].trim();
            token
                .map(|token| (part, token))
                .filter(|_| !part.is_empty())
        });
        colored.collect()
    }

    #[test]
    fn languages_are_told_by_name_and_by_first_line() {
        use Token::{Comment, Keyword, Name, Number, Text};
        for (path, text, expected) in [
            (
                "/usr/lib/a.py",
                "# why\ndef add(a):\n    return a + 12 if a else \"ä\"\n",
                &[
                    ("# why", Comment),
                    ("def", Keyword),
                    ("add", Name),
                    ("12", Number),
                ][..],
            ),
            (
                "/usr/bin/run",
                "#!/bin/sh\nset -e # stop\nif true; then echo 'x'; fi\n",
                &[
                    ("#!/bin/sh", Comment),
                    ("# stop", Comment),
                    ("if", Keyword),
                    ("'x'", Text),
                ],
            ),
            (
                "/a.json",
                "{\"key\": [1, true, \"text\"]}\n",
                &[("1", Number), ("true", Number), ("\"text\"", Text)],
            ),
            (
                "/a/values.yaml",
                "# c\nname: web\nport: 80\n",
                &[
                    ("# c", Comment),
                    ("name", Name),
                    ("port", Name),
                    ("80", Number),
                ],
            ),
            (
                "/etc/os-release.conf",
                "# c\n[Unit]\nName=a b\n",
                &[("# c", Comment), ("[Unit]", Keyword), ("Name", Name)],
            ),
            (
                "/x.rs",
                "// c\npub fn f() -> u8 { 7 }\n",
                &[
                    ("// c", Comment),
                    ("fn", Keyword),
                    ("f", Name),
                    ("7", Number),
                ],
            ),
        ] {
            let found = parts(path, text);
            for part in expected {
                assert!(found.contains(part), "{path}: {part:?} in {found:?}");
            }
        }
        assert_eq!(parts("/etc/motd", "if this were code # it is not\n"), []);
        assert_eq!(parts("/a.bin", ""), []);
    }

    #[test]
    fn what_takes_too_long_or_is_too_long_stays_as_it_is() {
        let long = format!("x = 1 # {}\ny = 2\n", "a".repeat(LINE_BYTES));
        assert_eq!(parts("/a.py", &long), [("2", Token::Number)]);
        let large = "# c\n".repeat(TEXT_BYTES / 4 + 1);
        assert!(Colors::of("/a.py", &large).is_empty());
    }

    #[test]
    fn pieces_of_a_line_have_no_gaps() {
        let text = "a = 'one' # two\n";
        let colors = Colors::of("/a.py", text);
        assert_eq!(
            colors.within(5..12),
            [
                (5..9, Some(Token::Text)),
                (9..10, None),
                (10..12, Some(Token::Comment))
            ]
        );
        assert_eq!(colors.within(1..3), [(1..3, None)]);
        assert_eq!(Colors::default().within(0..3), [(0..3, None)]);
    }
}
