//! Finding by a part of a name: letters in their order, with gaps.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// The positions of the `texts` that `query` is found in, the best first; all of them in
/// their order where it is empty.
pub(super) fn find<'a>(query: &str, texts: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let query = query.trim();
    let texts = texts.into_iter().enumerate();
    if query.is_empty() {
        return texts.map(|(position, _)| position).collect();
    }
    let pattern = Pattern::new(
        query,
        CaseMatching::Ignore,
        Normalization::Smart,
        AtomKind::Fuzzy,
    );
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let mut characters = Vec::new();
    let mut found: Vec<(u32, usize)> = texts
        .filter_map(|(position, text)| {
            let text = Utf32Str::new(text, &mut characters);
            Some((pattern.score(text, &mut matcher)?, position))
        })
        .collect();
    found.sort_by_key(|(score, position)| (std::cmp::Reverse(*score), *position));
    found.into_iter().map(|(_, position)| position).collect()
}

#[cfg(test)]
mod tests {
    use super::find;

    const NAMES: [&str; 4] = [
        "Open folder…",
        "Copy digest",
        "Copy reference",
        "Dark theme",
    ];

    #[test]
    fn an_empty_query_keeps_the_order() {
        assert_eq!(find("", NAMES), [0, 1, 2, 3]);
        assert_eq!(find("  ", NAMES), [0, 1, 2, 3]);
    }

    #[test]
    fn letters_match_in_order_with_gaps_whatever_their_case() {
        assert_eq!(find("CDIG", NAMES), [1]);
        assert_eq!(find("opfo", NAMES), [0]);
        assert_eq!(find("zz", NAMES), Vec::<usize>::new());
    }

    #[test]
    fn the_better_match_comes_first() {
        assert_eq!(find("theme", NAMES)[0], 3);
        assert_eq!(find("copy r", NAMES)[0], 2);
    }
}
