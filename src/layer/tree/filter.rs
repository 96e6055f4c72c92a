//! Patterns for names: a plain text, a glob, a regular expression.

use regex::bytes::{Regex, RegexBuilder};

use crate::layer::{LayerError, LayerIndex};
use crate::model::limits;

/// How names are looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NameFilter {
    /// The name, or the path where there is a `/` in it, has this text in it, whatever the
    /// case.
    Text(String),
    /// As a shell has it: `*` and `?` stay within a name, `**` does not. Against the whole
    /// path where there is a `/` in it.
    Glob(String),
    /// Somewhere in the path, which begins with `/`.
    Regex(String),
}

/// A filter that is ready for use.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    pattern: Pattern,
    whole_path: bool,
}

#[derive(Clone, Debug)]
enum Pattern {
    /// A text of ASCII in lower case. Most of what is typed is such a text, and names are
    /// short: an expression costs several times as much for each.
    Plain(Box<[u8]>),
    Regex(Regex),
}

impl NameFilter {
    /// Whether it can be read.
    ///
    /// # Errors
    /// Where it cannot, with why.
    pub fn check(&self) -> Result<(), LayerError> {
        self.compile().map(|_| ())
    }

    /// The entries of a layer that fit, at most `limit`: their positions and absolute paths.
    ///
    /// # Errors
    /// Where the pattern cannot be read.
    pub fn search(
        &self,
        index: &LayerIndex,
        limit: usize,
    ) -> Result<Vec<(usize, Vec<u8>)>, LayerError> {
        let matcher = self.compile()?;
        let mut path = Vec::new();
        let mut found = Vec::new();
        for (position, entry) in index.entries().enumerate() {
            path.clear();
            path.push(b'/');
            if !entry.directory().is_empty() {
                path.extend_from_slice(entry.directory());
                path.push(b'/');
            }
            path.extend_from_slice(entry.name());
            if found.len() == limit {
                break;
            }
            if matcher.fits(&path) {
                found.push((position, path.clone()));
            }
        }
        Ok(found)
    }

    pub(crate) fn compile(&self) -> Result<Matcher, LayerError> {
        let (pattern, whole_path, text) = match self {
            Self::Text(text) => (
                format!("(?i){}", regex::escape(text)),
                text.contains('/'),
                text,
            ),
            Self::Glob(glob) => (glob_pattern(glob), glob.contains('/'), glob),
            Self::Regex(regex) => (regex.clone(), true, regex),
        };
        let refused = |why: String| LayerError::Pattern {
            pattern: text.chars().take(200).collect(),
            why,
        };
        if text.len() > limits::PATTERN_BYTES {
            return Err(refused(format!(
                "it has more than {} bytes",
                limits::PATTERN_BYTES
            )));
        }
        if matches!(self, Self::Text(_)) && text.is_ascii() {
            let pattern = Pattern::Plain(text.to_ascii_lowercase().into_bytes().into());
            return Ok(Matcher {
                pattern,
                whole_path,
            });
        }
        let regex = RegexBuilder::new(&pattern).size_limit(4 << 20).build();
        match regex {
            Ok(regex) => Ok(Matcher {
                pattern: Pattern::Regex(regex),
                whole_path,
            }),
            Err(error) => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                Err(refused(last.trim_start_matches("error: ").to_owned()))
            }
        }
    }
}

impl Matcher {
    /// Whether it is held against whole paths, and not against names alone.
    pub(crate) const fn wants_path(&self) -> bool {
        self.whole_path
    }

    /// Whether it fits a path that begins with `/`, or a name where it wants no path.
    pub(crate) fn fits(&self, path: &[u8]) -> bool {
        let mut text = path;
        if !self.whole_path
            && let Some(slash) = path.iter().rposition(|byte| *byte == b'/')
        {
            text = &path[slash + 1..];
        }
        match &self.pattern {
            Pattern::Plain(lower) => contains(text, lower),
            Pattern::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Whether a text of ASCII, given in lower case, is in `text`, whatever the case.
fn contains(text: &[u8], lower: &[u8]) -> bool {
    let Some(first) = lower.first() else {
        return true;
    };
    text.windows(lower.len())
        .any(|part| part[0].to_ascii_lowercase() == *first && part.eq_ignore_ascii_case(lower))
}

/// A regular expression for a glob.
fn glob_pattern(glob: &str) -> String {
    let mut pattern = String::from("(?s-u)^");
    if glob.contains('/') && !glob.starts_with('/') && !glob.starts_with("**") {
        pattern.push('/');
    }
    let mut rest = glob.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.peek() == Some(&'*') => {
                rest.next();
                // `**/` is any number of directories, none as well
                if rest.peek() == Some(&'/') {
                    rest.next();
                    pattern.push_str("(?:.*/)?");
                } else {
                    pattern.push_str(".*");
                }
            }
            '*' => pattern.push_str("[^/]*"),
            '?' => pattern.push_str("(?:(?u:[^/])|[^/])"),
            '[' => {
                let set: String = rest.clone().take_while(|c| *c != ']').collect();
                let closed = rest.clone().any(|c| c == ']');
                if closed && !set.is_empty() {
                    for _ in 0..=set.chars().count() {
                        rest.next();
                    }
                    let (not, set) = match set.strip_prefix(['!', '^']) {
                        Some(set) => ("^/", set),
                        None => ("", set.as_str()),
                    };
                    let set = set
                        .replace('\\', "\\\\")
                        .replace('[', "\\[")
                        .replace('&', "\\&");
                    pattern.push_str(&format!("(?u:[{not}{set}])"));
                } else {
                    pattern.push_str("\\[");
                }
            }
            c => {
                let mut buffer = [0; 4];
                pattern.push_str(&format!(
                    "(?u:{})",
                    regex::escape(c.encode_utf8(&mut buffer))
                ));
            }
        }
    }
    pattern.push('$');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(filter: NameFilter, path: &str) -> bool {
        filter.compile().unwrap().fits(path.as_bytes())
    }

    #[test]
    fn texts_are_looked_for_in_names_or_paths() {
        let text = |text: &str| NameFilter::Text(text.to_owned());
        assert!(fits(text("PASS"), "/etc/passwd"));
        assert!(!fits(text("etc"), "/etc/passwd"));
        assert!(fits(text("etc/pa"), "/etc/passwd"));
        assert!(fits(text("a.b"), "/x/a.b"));
        assert!(!fits(text("a.b"), "/x/aXb"));
        assert!(fits(text("Z"), "/x/xyz") && !fits(text("xyz"), "/x/xy"));
        assert!(fits(text("ÜB"), "/etc/über") && !fits(text("ub"), "/etc/über"));
    }

    #[test]
    fn globs_are_a_shells() {
        let glob = |glob: &str| NameFilter::Glob(glob.to_owned());
        for (pattern, path, expected) in [
            ("*.so", "/lib/a.so", true),
            ("*.so", "/lib/a.so.1", false),
            ("lib*", "/usr/lib64", true),
            ("/usr/*/a", "/usr/x/a", true),
            ("/usr/*/a", "/usr/x/y/a", false),
            ("/usr/**/a", "/usr/x/y/a", true),
            ("/usr/**/a", "/usr/a", true),
            ("usr/*", "/usr/x", true),
            ("**/x", "/a/b/x", true),
            ("file?", "/file1", true),
            ("file[0-9]", "/file7", true),
            ("file[!0-9]", "/file7", false),
            ("a[b", "/a[b", true),
            ("ü?", "/üx", true),
        ] {
            assert_eq!(fits(glob(pattern), path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_expression_says_why() {
        let error = NameFilter::Regex("a(".to_owned()).compile().unwrap_err();
        assert!(error.to_string().contains("unclosed group"), "{error}");
        assert!(fits(
            NameFilter::Regex("^/etc/.*d$".to_owned()),
            "/etc/passwd"
        ));
        let long = NameFilter::Text("x".repeat(5000)).compile();
        assert!(long.is_err());
    }
}
