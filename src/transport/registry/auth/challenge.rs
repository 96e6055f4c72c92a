//! Challenges: what a `WWW-Authenticate` header asks for, RFC 9110, section 11.6.1.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// Longest list of challenges that is read, in bytes.
const LENGTH: usize = 16 << 10;

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// `bearer` or `basic`, in lower case; others are kept and not answered.
    pub(super) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The parameter `name`, compared without regard to case; of several the first.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// All challenges of all header lines, in their order.
    pub(super) fn of(headers: &HeaderMap) -> Vec<Self> {
        let lines = headers.get_all(WWW_AUTHENTICATE).iter();
        lines
            .filter_map(|line| str::from_utf8(line.as_bytes()).ok())
            .flat_map(Self::parse)
            .collect()
    }

    /// The challenges of one header line. Lenient, as the field needs it: spaces around
    /// `=`, commas too many, values without quotes that should have them, quotes that do
    /// not end. What makes no sense is passed over.
    pub(super) fn parse(line: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let mut rest = &line[..line.floor_char_boundary(LENGTH)];
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return found;
            }
            let length = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
            if length == 0 {
                // not a name: on to the next part
                rest = skip_part(rest);
                continue;
            }
            let (name, behind) = rest.split_at(length);
            match behind.trim_start_matches([' ', '\t']).strip_prefix('=') {
                Some(value) if !found.is_empty() => {
                    let (value, after) = read_value(value.trim_start_matches([' ', '\t']));
                    if let Some(last) = found.last_mut() {
                        last.parameters.push((name.to_owned(), value));
                    }
                    rest = after;
                }
                // a parameter of no scheme
                Some(_) => rest = skip_part(behind),
                None => {
                    found.push(Self {
                        scheme: name.to_ascii_lowercase(),
                        parameters: Vec::new(),
                    });
                    rest = behind;
                }
            }
        }
    }
}

/// A character of a `token`, RFC 9110, section 5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// What follows the next comma.
fn skip_part(text: &str) -> &str {
    text.find(',').map_or("", |at| &text[at..])
}

/// A value in quotes or without, and what follows it.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(scheme: &str, parameters: &[(&str, &str)]) -> Challenge {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Challenge {
            scheme: scheme.to_owned(),
            parameters: parameters.iter().map(owned).collect(),
        }
    }

    #[test]
    fn challenges_are_read_as_they_come_in_the_wild() {
        let hub = [
            ("realm", "https://auth.docker.io/token"),
            ("service", "registry.docker.io"),
            ("scope", "repository:library/busybox:pull"),
        ];
        let bearer = |parameters: &[(&str, &str)]| vec![challenge("bearer", parameters)];
        for (what, line, expected) in [
            (
                "Docker Hub",
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/busybox:pull""#,
                bearer(&hub),
            ),
            (
                "with spaces and another case",
                r#"bearer  Realm = "https://auth.docker.io/token" , service="registry.docker.io", scope="repository:library/busybox:pull""#,
                bearer(&[("Realm", hub[0].1), hub[1], hub[2]]),
            ),
            (
                "a comma inside of quotes",
                r#"Bearer realm="https://r/t",scope="repository:a:pull,push",error="invalid_token""#,
                bearer(&[
                    ("realm", "https://r/t"),
                    ("scope", "repository:a:pull,push"),
                    ("error", "invalid_token"),
                ]),
            ),
            (
                "Basic of Apache",
                r#"Basic realm="Registry Realm""#,
                vec![challenge("basic", &[("realm", "Registry Realm")])],
            ),
            (
                "without quotes",
                "Basic realm=registry",
                vec![challenge("basic", &[("realm", "registry")])],
            ),
            (
                "an address without quotes",
                "Bearer realm=https://r/t?a=b,service=s",
                bearer(&[("realm", "https://r/t?a=b"), ("service", "s")]),
            ),
            ("Basic alone", "Basic", vec![challenge("basic", &[])]),
            (
                "two in one line",
                r#"Basic realm="a b", Bearer realm="https://r/t",service="s""#,
                vec![
                    challenge("basic", &[("realm", "a b")]),
                    challenge("bearer", &[("realm", "https://r/t"), ("service", "s")]),
                ],
            ),
            (
                "one that is not answered, then one that is",
                r#"Negotiate, NTLM, Basic realm="x""#,
                vec![
                    challenge("negotiate", &[]),
                    challenge("ntlm", &[]),
                    challenge("basic", &[("realm", "x")]),
                ],
            ),
            (
                "escaped quotes",
                r#"Basic realm="a \"b\" \\c""#,
                vec![challenge("basic", &[("realm", r#"a "b" \c"#)])],
            ),
            (
                "no end of the quotes",
                r#"Basic realm="abc"#,
                vec![challenge("basic", &[("realm", "abc")])],
            ),
            (
                "commas too many",
                r#",, Basic ,realm="x",,"#,
                vec![challenge("basic", &[("realm", "x")])],
            ),
            (
                "an empty value",
                r#"Basic realm="""#,
                vec![challenge("basic", &[("realm", "")])],
            ),
            (
                "garbage first",
                r#"=;"x", Basic realm="y""#,
                vec![challenge("basic", &[("realm", "y")])],
            ),
            ("a parameter of no scheme", r#"realm="y""#, vec![]),
            ("nothing", "", vec![]),
            ("only quotes", r#""""#, vec![]),
        ] {
            assert_eq!(Challenge::parse(line), expected, "{what}");
        }
    }

    #[test]
    fn every_header_line_counts() {
        let mut headers = HeaderMap::new();
        for line in [r#"Basic realm="x""#, r#"Bearer realm="https://r/t""#] {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        let schemes: Vec<_> = Challenge::of(&headers)
            .into_iter()
            .map(|c| c.scheme)
            .collect();
        assert_eq!(schemes, ["basic", "bearer"]);
    }

    #[test]
    fn a_parameter_is_found_in_any_case_and_the_first_counts() {
        let parsed = Challenge::parse(r#"Bearer REALM="a", realm="b""#);
        assert_eq!(parsed[0].parameter("realm"), Some("a"));
        assert_eq!(parsed[0].parameter("scope"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_it_panic_or_hang(line in ".{0,200}") {
            let found = Challenge::parse(&line);
            proptest::prop_assert!(found.len() <= line.len());
        }

        #[test]
        fn lines_of_the_headers_own_characters_neither(line in r#"[a-c=", \\]{0,60}"#) {
            let found = Challenge::parse(&line);
            proptest::prop_assert!(found.iter().all(|c| c.scheme.chars().all(is_token)));
        }
    }
}
