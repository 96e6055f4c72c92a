//! As much of YAML as files of registries.d are written in: mappings in mappings, by
//! indentation, of plain, quoted or empty values, with comments. Anything else is an error
//! and never guessed at.

use std::collections::BTreeMap;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Map(BTreeMap<String, Node>),
}

/// Deepest nesting.
const DEPTH: usize = 8;

struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

/// Reads one document.
///
/// # Errors
/// The line that is not understood, and why.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let body = without_comment(line).trim_end();
        let indent = body.len() - body.trim_start_matches(' ').len();
        let text = &body[indent..];
        if text.is_empty() || (indent == 0 && text == "---") {
            continue;
        }
        if text.starts_with('\t') {
            return Err(format!("line {number} is indented with a tab"));
        }
        lines.push(Line {
            number,
            indent,
            text,
        });
    }
    // how a document that says nothing is often written
    if matches!(lines.as_slice(), [line] if line.text == "{}") {
        lines.clear();
    }
    let mut lines = lines.as_slice();
    let map = mapping(&mut lines, 0)?;
    match lines.first() {
        Some(line) => Err(format!("line {} is indented wrongly", line.number)),
        None => Ok(map),
    }
}

fn mapping(lines: &mut &[Line<'_>], depth: usize) -> Result<Node, String> {
    let mut map = BTreeMap::new();
    let Some(indent) = lines.first().map(|line| line.indent) else {
        return Ok(Node::Map(map));
    };
    if depth > DEPTH {
        return Err(format!("it is nested deeper than {DEPTH}"));
    }
    while let Some(line) = lines.first().filter(|line| line.indent == indent) {
        let number = line.number;
        let wrong = |why: &str| format!("line {number}: {why}");
        let (key, rest) = key_of(line.text).ok_or_else(|| wrong("it is no KEY: VALUE"))?;
        *lines = &lines[1..];
        let deeper = lines.first().is_some_and(|next| next.indent > indent);
        let node = match rest.trim() {
            "" if deeper => mapping(lines, depth + 1)?,
            "" => Node::Text(String::new()),
            "{}" => Node::Map(BTreeMap::new()),
            value => Node::Text(scalar(value).ok_or_else(|| wrong("its value is not read here"))?),
        };
        if map.insert(key.clone(), node).is_some() {
            return Err(wrong(&format!("it says {key:?} twice")));
        }
    }
    if lines.first().is_some_and(|line| line.indent > indent) {
        return Err(format!("line {} is indented wrongly", lines[0].number));
    }
    Ok(Node::Map(map))
}

/// The key of a line, and what stands behind its colon.
fn key_of(text: &str) -> Option<(String, &str)> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let (key, rest) = rest.split_once(quote)?;
            return Some((key.to_owned(), rest.trim_start().strip_prefix(':')?));
        }
    }
    if text.starts_with(['-', '?', '&', '*', '!', '|', '>', '%', '@', '`', '[', '{']) {
        return None;
    }
    // a host may have a colon in it; the one that ends the key has a space or nothing
    let end = text
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|at| text[at + 1..].is_empty() || text[at + 1..].starts_with(' '))?;
    Some((text[..end].trim_end().to_owned(), &text[end + 1..]))
}

fn scalar(text: &str) -> Option<String> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let inner = rest.strip_suffix(quote)?;
            let plain = !inner.contains(quote) && !inner.contains('\\');
            return plain.then(|| inner.to_owned());
        }
    }
    let special = [
        '-', '?', '&', '*', '!', '|', '>', '%', '@', '`', '[', '{', '}', ']',
    ];
    let plain = !text.starts_with(special) && !text.contains(": ");
    plain.then(|| text.to_owned())
}

/// The line up to a `#` that begins a comment.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if (c == '"' || c == '\'') && matches!(before, ' ' | ':') => quote = Some(c),
            None if c == '#' && before == ' ' => return &line[..at],
            None => {}
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_is_guessed() {
        let node = read(
            "# a file\n---\ndefault-docker:\n  lookaside: file:///x # here\ndocker:\n  \"host:5000\":\n    lookaside: 'https://a/b#c'\n  host:5000/ns:\n    use-sigstore-attachments: true\n",
        )
        .unwrap();
        let Node::Map(map) = node else {
            panic!("a mapping")
        };
        let Node::Map(docker) = &map["docker"] else {
            panic!("a mapping")
        };
        let Node::Map(host) = &docker["host:5000"] else {
            panic!("a mapping")
        };
        assert_eq!(host["lookaside"], Node::Text("https://a/b#c".to_owned()));
        assert!(docker.contains_key("host:5000/ns"));
        for nothing in ["", "{}\n", "---\n# none\n{}\n"] {
            assert_eq!(read(nothing), Ok(Node::Map(BTreeMap::new())), "{nothing:?}");
        }
        for bad in [
            "a: 1\na: 2\n",
            "{}\na: 1\n",
            "a:\n  b: 1\n c: 2\n",
            "- a\n",
            "a: [1]\n",
            "a: &x 1\n",
            "a\n",
            "a: |\n  text\n",
            "\ta: 1\n",
            "a: b: c\n",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
