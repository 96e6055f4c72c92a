//! What is typed into the filter, as a question to the engine.

use crate::layer::{FileQuery, FileSort, NameFilter, Scope};

/// Reads a filter: words are looked for in names, `*.so` is a glob, `re:…` a regular
/// expression; `>10MB`, `changed`, `setuid` and `world-writable` narrow down further.
pub(super) fn parse(filter: &str, scope: Scope, changed_only: bool, sort: FileSort) -> FileQuery {
    let mut query = FileQuery {
        scope,
        changed_only,
        sort,
        ..FileQuery::default()
    };
    if let Some(expression) = filter.trim().strip_prefix("re:") {
        // an expression may have spaces in it
        let expression = expression.trim();
        query.name = (!expression.is_empty()).then(|| NameFilter::Regex(expression.to_owned()));
        return query;
    }
    let mut words = Vec::new();
    for word in filter.split_whitespace() {
        match word {
            "changed" => query.changed_only = true,
            "setuid" => query.setuid = true,
            "world-writable" => query.world_writable = true,
            _ => match word.strip_prefix('>').and_then(size) {
                Some(size) => query.larger_than = Some(size),
                None => words.push(word),
            },
        }
    }
    let name = words.join(" ");
    if !name.is_empty() {
        let glob = name.contains(['*', '?']);
        query.name = Some(if glob {
            NameFilter::Glob(name)
        } else {
            NameFilter::Text(name)
        });
    }
    query
}

/// `10MB`, `1.5k`, `200`: decimal units, as sizes are shown.
fn size(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let text = text.trim_end_matches('b');
    let (number, unit) = match text.char_indices().last()? {
        (at, 'k') => (&text[..at], 1e3),
        (at, 'm') => (&text[..at], 1e6),
        (at, 'g') => (&text[..at], 1e9),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filter: &str) -> FileQuery {
        parse(filter, Scope::Image, false, FileSort::Name)
    }

    #[test]
    fn words_become_a_question() {
        let name = |name| FileQuery {
            name: Some(name),
            ..FileQuery::default()
        };
        let text = |text: &str| NameFilter::Text(text.to_owned());
        assert_eq!(read("  "), FileQuery::default());
        assert_eq!(read("passwd"), name(text("passwd")));
        assert_eq!(read("two words"), name(text("two words")));
        assert_eq!(read("*.so"), name(NameFilter::Glob("*.so".to_owned())));
        assert_eq!(
            read("re:^/a b$"),
            name(NameFilter::Regex("^/a b$".to_owned()))
        );
        assert_eq!(read("re:"), FileQuery::default());
        let all = read(">1.5MB changed setuid world-writable lib");
        assert_eq!(all.larger_than, Some(1_500_000));
        assert!(all.changed_only && all.setuid && all.world_writable);
        assert_eq!(all.name, Some(text("lib")));
    }

    #[test]
    fn sizes_are_read_in_every_unit_and_what_is_none_is_a_name() {
        for (text, bytes) in [
            (">10", 10),
            (">10B", 10),
            (">2k", 2_000),
            (">3GB", 3_000_000_000),
        ] {
            assert_eq!(read(text).larger_than, Some(bytes), "{text}");
        }
        for text in [">", ">x", ">-1", ">inf"] {
            assert_eq!(read(text).larger_than, None, "{text}");
            assert!(read(text).name.is_some(), "{text}");
        }
    }
}
