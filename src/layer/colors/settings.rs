//! Files of settings, one a line: sections, keys, values. Most texts of an image are such,
//! and syntect's languages know none of them.

use std::ops::Range;

use super::Token;

/// Ends of names that settings have.
const NAMES: [&str; 16] = [
    ".conf",
    ".cfg",
    ".cnf",
    ".ini",
    ".toml",
    ".service",
    ".socket",
    ".timer",
    ".target",
    ".mount",
    ".desktop",
    ".env",
    ".list",
    ".sources",
    ".repo",
    "os-release",
];

/// Whether the file called `name` has settings.
pub(super) fn are_in(name: &str) -> bool {
    NAMES.iter().any(|end| name.ends_with(end))
}

/// The parts of one line.
pub(super) fn line(line: &str, found: &mut dyn FnMut(Range<usize>, Token)) {
    let start = line.len() - line.trim_start().len();
    let end = line.trim_end().len();
    if start >= end {
        return;
    }
    let words = &line[start..end];
    if words.starts_with(['#', ';']) || words.starts_with("//") {
        found(start..end, Token::Comment);
        return;
    }
    if words.starts_with('[') && words.ends_with(']') {
        found(start..end, Token::Keyword);
        return;
    }
    // a key ends at its sign, or where its value begins
    let sign = words.find(['=', ':']);
    let key = sign
        .or_else(|| words.find([' ', '\t']))
        .unwrap_or(words.len());
    found(start..start + words[..key].trim_end().len(), Token::Name);
    let behind = start + key + usize::from(sign.is_some());
    let value = &line[behind.min(end)..end];
    let from = end - value.trim_start().len();
    let value = &line[from..end];
    if matches!(value, "true" | "false" | "yes" | "no" | "on" | "off")
        || value.parse::<f64>().is_ok()
    {
        found(from..end, Token::Number);
    } else if value.len() > 1
        && (value.starts_with('"') && value.ends_with('"')
            || value.starts_with('\'') && value.ends_with('\''))
    {
        found(from..end, Token::Text);
    } else if let Some(comment) = value.find(" #") {
        found(from + comment + 1..end, Token::Comment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_key_and_a_value() {
        use Token::{Comment, Keyword, Name, Number, Text};
        for (text, expected) in [
            ("# why\n", &[("# why", Comment)][..]),
            ("  ; why", &[("; why", Comment)]),
            ("[Service]\r\n", &[("[Service]", Keyword)]),
            ("Restart=on\n", &[("Restart", Name), ("on", Number)]),
            ("port = 80 # web", &[("port", Name), ("# web", Comment)]),
            ("NAME=\"a b\"\n", &[("NAME", Name), ("\"a b\"", Text)]),
            ("nameserver 9.9.9.9\n", &[("nameserver", Name)]),
            ("ndots: 5", &[("ndots", Name), ("5", Number)]),
            ("alone", &[("alone", Name)]),
            ("=", &[("", Name)]),
            ("\n", &[]),
        ] {
            let mut parts = Vec::new();
            line(text, &mut |part, token| parts.push((&text[part], token)));
            assert_eq!(parts, expected, "{text:?}");
        }
    }
}
