//! Text for the screen: names from images are data, never commands to a terminal or a
//! trick on the eye.

use std::borrow::Cow;

/// Makes control, bidirectional and invisible characters visible as `\u{202e}`, so that a
/// name cannot look like another one. Line feeds become `\n`, tabs `\t`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_hidden(c) => shown.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character has no shape of its own or changes how others are laid out.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A size for people, in units of 1000 as registries count: `820 B`, `12.4 KB`, `116 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would be written as 1000
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 99.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// A count for people, its thousands apart: `7`, `9,999`, `10,000`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// At most `limit` characters, with `…` in the middle where something was left out.
pub fn middle(text: &str, limit: usize) -> Cow<'_, str> {
    let count = text.chars().count();
    if count <= limit || limit < 3 {
        return Cow::Borrowed(text);
    }
    let head = limit.div_ceil(2) - 1;
    let tail = limit - head - 1;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    Cow::Owned(format!("{start}…{end}"))
}

/// What people paste, without the passwords in it: the values of flags such as `--creds`,
/// and what stands before the `@` of an address. What is masked becomes `…`.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    const FLAGS: [&str; 8] = [
        "--creds",
        "--src-creds",
        "--dest-creds",
        "--password",
        "--username",
        "--registry-token",
        "--src-registry-token",
        "--dest-registry-token",
    ];
    let address = |word: &str| {
        let (scheme, rest) = word.split_once("://")?;
        let host = rest.split('/').next().unwrap_or_default();
        let (_, after) = host.rsplit_once('@')?;
        let path = &rest[host.len()..];
        Some(format!("{scheme}://…@{after}{path}"))
    };
    let mut masked = false;
    let mut hide_next = false;
    let words: Vec<Cow<'_, str>> = text
        .split(' ')
        .map(|word| {
            if hide_next && !word.is_empty() {
                hide_next = false;
                masked = true;
                return Cow::Borrowed("…");
            }
            if FLAGS.contains(&word) {
                hide_next = true;
            } else if let Some((flag, _)) = word.split_once('=').filter(|(f, _)| FLAGS.contains(f))
            {
                masked = true;
                return Cow::Owned(format!("{flag}=…"));
            } else if let Some(address) = address(word) {
                masked = true;
                return Cow::Owned(address);
            }
            Cow::Borrowed(word)
        })
        .collect();
    if masked {
        Cow::Owned(words.join(" "))
    } else {
        Cow::Borrowed(text)
    }
}

/// Where digests stand in `text`, with their algorithm.
pub fn digests(text: &str) -> Vec<std::ops::Range<usize>> {
    /// As many characters as SHA-256 has.
    const SHORTEST: usize = 64;
    let mut found = Vec::new();
    for (colon, _) in text.match_indices(':') {
        let (before, after) = (&text[..colon], &text[colon + 1..]);
        let hex = after.find(|c| !matches!(c, '0'..='9' | 'a'..='f'));
        let hex = hex.unwrap_or(after.len());
        let name = before.bytes().rev();
        let name = name.take_while(u8::is_ascii_alphanumeric).count();
        if hex >= SHORTEST && name > 0 {
            found.push(colon - name..colon + 1 + hex);
        }
    }
    found
}

/// `text` with the digests in it as short as [`Digest::short`](super::Digest::short) has them.
pub fn short_digests(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut at = 0;
    for found in digests(text) {
        let colon = text[..found.end].rfind(':').unwrap_or(found.start);
        shown.push_str(&text[at..colon + 9]);
        shown.push('…');
        at = found.end - 4;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[at..]);
    Cow::Owned(shown)
}

/// Words as they are pasted into a shell.
pub fn command_line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().map(shell_word).collect();
    words.join(" ")
}

/// A word of a command line, in quotes where a shell would read it as something else.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    if !word.chars().any(is_hidden) {
        return Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")));
    }
    // what cannot be seen is written by its bytes (POSIX.1-2024, 2.2.4)
    let mut quoted = String::from("$'");
    for c in word.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_hidden(c) => {
                // three digits of octal: no digit after it belongs to it
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    quoted.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_in_a_sentence_are_short() {
        let hex = "2c4473c2".repeat(8);
        let long = format!("blob sha256:{hex} of oci:/tmp/{hex}: it hashes to sha256:{hex}");
        let short = "blob sha256:2c4473c2…73c2 of oci:/tmp/";
        let expected = format!("{short}{hex}: it hashes to sha256:2c4473c2…73c2");
        assert_eq!(short_digests(&long), expected);
        for as_it_is in ["dead beef", "sha256:abc", ""] {
            assert_eq!(short_digests(as_it_is), as_it_is);
        }
    }

    #[test]
    fn words_are_quoted_as_a_shell_wants_them() {
        for (word, expected) in [
            ("docker://h:5000/a:1", "docker://h:5000/a:1"),
            ("oci:a b", "'oci:a b'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("$(x)", "'$(x)'"),
            ("a\nb's \\", r"$'a\nb\'s \\'"),
            ("\u{202e}1\u{1b}2", r"$'\342\200\2561\0332'"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }
}
