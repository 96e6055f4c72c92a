//! Finding a text in a document.

use std::ops::Range;

use crate::ui::widgets::text::number_words;

/// Most places that are counted.
const MATCHES: usize = 100_000;

/// Where a text was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Matches {
    starts: Vec<u32>,
    length: usize,
    /// Whether there are more than were counted.
    more: bool,
}

impl Matches {
    /// Every place in `text` that says `wanted`, without regard to the case of ASCII
    /// letters; places do not overlap.
    pub(super) fn find(text: &[u8], wanted: &str) -> Self {
        let wanted = wanted.as_bytes();
        let mut found = Self {
            length: wanted.len(),
            ..Self::default()
        };
        let Some(first) = wanted.first() else {
            return found;
        };
        let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
        let mut at = 0;
        while at + wanted.len() <= text.len() {
            let rest = &text[at..];
            let Some(next) = rest.iter().position(|b| *b == lower || *b == upper) else {
                break;
            };
            at += next;
            let Some(candidate) = text.get(at..at + wanted.len()) else {
                break;
            };
            if !candidate.eq_ignore_ascii_case(wanted) {
                at += 1;
                continue;
            }
            if found.starts.len() == MATCHES {
                found.more = true;
                break;
            }
            found.starts.push(u32::try_from(at).unwrap_or(u32::MAX));
            at += wanted.len();
        }
        found
    }

    /// How many places were counted.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The place with this number.
    pub(super) fn get(&self, number: usize) -> Option<Range<usize>> {
        let start = *self.starts.get(number)? as usize;
        Some(start..start + self.length)
    }

    /// The places that lie in `span`, at least with a part, with their numbers.
    pub(super) fn within(&self, span: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
        let first = self
            .starts
            .partition_point(|start| *start as usize + self.length <= span.start);
        (first..self.starts.len())
            .map_while(move |number| Some((number, self.get(number)?)))
            .take_while(move |(_, place)| place.start < span.end)
    }

    /// `3 of 12`, for the place with this number.
    pub(super) fn count(&self, number: usize) -> String {
        match self.len() {
            0 => "none".to_owned(),
            count => {
                let more = if self.more { "+" } else { "" };
                let (number, count) = (number_words(number + 1), number_words(count));
                format!("{number} of {count}{more}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_without_regard_to_case() {
        let text = b"Digest digest DIGEST dig";
        let found = Matches::find(text, "diGest");
        assert_eq!(found.len(), 3);
        assert_eq!(found.get(1), Some(7..13));
        assert_eq!(found.get(3), None);
        assert_eq!(found.count(2), "3 of 3");
        assert_eq!(Matches::find(text, "").len(), 0);
        assert_eq!(Matches::find(text, "digests").count(0), "none");
        assert_eq!(Matches::find(b"aaaa", "aa").len(), 2);
        assert_eq!(Matches::find("GRÖSSE".as_bytes(), "grÖsse").len(), 1);
    }

    #[test]
    fn places_in_a_part_of_the_text() {
        let found = Matches::find(b"ab ab ab ab", "ab");
        let numbers = |span| found.within(span).map(|(n, _)| n).collect::<Vec<_>>();
        assert_eq!(numbers(0..11), [0, 1, 2, 3]);
        assert_eq!(numbers(3..5), [1]);
        // a part is enough
        assert_eq!(numbers(4..7), [1, 2]);
        assert_eq!(numbers(5..6), [0; 0]);
    }

    #[test]
    fn the_count_is_bounded() {
        let text = vec![b'x'; MATCHES + 1];
        let found = Matches::find(&text, "x");
        assert_eq!(found.len(), MATCHES);
        assert_eq!(found.count(0), "1 of 100,000+");
    }
}
