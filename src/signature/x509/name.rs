//! Distinguished names as trust policies write them: `C=US, ST=WA, O=Example`.

use std::collections::BTreeMap;
use std::fmt;

use x509_cert::der::{Encode, Tagged};
use x509_cert::name::Name;

use super::der::Reader;

/// A name: its text for people, and its attributes for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    text: String,
    attributes: Result<BTreeMap<String, String>, NameError>,
}

/// Why a name cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("{0:?} is not a distinguished name: attributes are written TYPE=value")]
    Form(String),
    #[error("{0:?} has an attribute of several values")]
    Several(String),
    #[error("{name:?} has {attribute} twice")]
    Twice { name: String, attribute: String },
    #[error("{name:?} has no {attribute}: C, ST and O must be there")]
    Missing {
        name: String,
        attribute: &'static str,
    },
    #[error("the attribute {0} has a value that is no text")]
    NoText(String),
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl DistinguishedName {
    /// The name of a certificate.
    pub(super) fn of(name: &Name) -> Self {
        let mut text = Vec::new();
        let mut problem = None;
        let mut pairs = Vec::new();
        for group in name.iter_rdn() {
            if group.len() != 1 {
                problem = Some(NameError::Several(name.to_string()));
            }
            for attribute in group.iter() {
                let kind = short_name(&attribute.oid.to_string());
                match value_text(&attribute.value) {
                    Some(value) => {
                        text.push(format!("{kind}={}", escape(&value)));
                        pairs.push((kind, value));
                    }
                    None => {
                        text.push(format!("{kind}=?"));
                        problem = Some(NameError::NoText(kind));
                    }
                }
            }
        }
        let text = text.join(", ");
        let attributes = problem.map_or_else(|| collect(&text, pairs), Err);
        Self { text, attributes }
    }

    /// Reads a name as trust policies have it (RFC 4514, as go-ldap reads it): attributes
    /// separated by commas, `\` before what is meant literally, `S` for `ST`.
    pub fn parse(text: &str) -> Result<BTreeMap<String, String>, NameError> {
        let mut pairs = Vec::new();
        for part in split(text)? {
            let (kind, value) = part;
            pairs.push((kind, value));
        }
        collect(text, pairs)
    }

    /// The attributes by their short names.
    ///
    /// # Errors
    ///
    /// Where the name has several values in one place, an attribute twice, or none of `C`,
    /// `ST` and `O`: then no trusted identity can match it.
    pub const fn attributes(&self) -> Result<&BTreeMap<String, String>, &NameError> {
        self.attributes.as_ref()
    }
}

fn collect(
    name: &str,
    pairs: Vec<(String, String)>,
) -> Result<BTreeMap<String, String>, NameError> {
    let mut attributes = BTreeMap::new();
    for (attribute, value) in pairs {
        if attributes.insert(attribute.clone(), value).is_some() {
            let name = name.to_owned();
            return Err(NameError::Twice { name, attribute });
        }
    }
    for attribute in ["C", "ST", "O"] {
        if attributes.get(attribute).is_none_or(String::is_empty) {
            let name = name.to_owned();
            return Err(NameError::Missing { name, attribute });
        }
    }
    Ok(attributes)
}

/// Splits `A=b, C=d` and takes the escapes away.
fn split(text: &str) -> Result<Vec<(String, String)>, NameError> {
    let wrong = || NameError::Form(text.to_owned());
    let mut pairs = Vec::new();
    let mut kind: Option<String> = None;
    let mut current = Vec::new();
    // how much of `current` was escaped and is kept by the trimming
    let mut kept = 0;
    let mut bytes = text.bytes().peekable();
    let mut finish = |kind: &mut Option<String>, current: &mut Vec<u8>, kept: usize| {
        while current.len() > kept && current.last() == Some(&b' ') {
            current.pop();
        }
        let name = kind.take().ok_or_else(wrong)?;
        let value = String::from_utf8(std::mem::take(current)).map_err(|_| wrong())?;
        pairs.push((name, value));
        Ok(())
    };
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let next = bytes.next().ok_or_else(wrong)?;
                let hex = |b: u8| char::from(b).to_digit(16);
                let second = bytes.peek().copied();
                match (hex(next), second.and_then(hex)) {
                    (Some(high), Some(low)) => {
                        bytes.next();
                        current.push((high * 16 + low) as u8);
                    }
                    _ => current.push(next),
                }
                kept = current.len();
            }
            b'=' if kind.is_none() => {
                let name = String::from_utf8(std::mem::take(&mut current)).map_err(|_| wrong())?;
                let name = name.trim().to_owned();
                if name.is_empty() {
                    return Err(wrong());
                }
                kind = Some(if name.eq_ignore_ascii_case("S") {
                    "ST".to_owned()
                } else {
                    name.to_ascii_uppercase()
                });
                kept = 0;
            }
            b'+' if kind.is_some() => return Err(NameError::Several(text.to_owned())),
            b',' | b';' => {
                finish(&mut kind, &mut current, kept)?;
                kept = 0;
            }
            b' ' if current.is_empty() => {}
            byte => current.push(byte),
        }
    }
    finish(&mut kind, &mut current, kept)?;
    Ok(pairs)
}

fn short_name(oid: &str) -> String {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "SERIALNUMBER",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.17" => "POSTALCODE",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        other => other,
    }
    .to_owned()
}

fn value_text(value: &x509_cert::der::Any) -> Option<String> {
    let number = value.tag().to_u8_or_zero();
    let der = value.to_der().ok()?;
    let content = Reader::new(&der).element().ok()?.content.to_vec();
    match number {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => String::from_utf8(content).ok(),
        // TeletexString, as Latin-1
        0x14 => Some(content.into_iter().map(char::from).collect()),
        _ => None,
    }
}

trait TagByte {
    fn to_u8_or_zero(&self) -> u8;
}

impl TagByte for x509_cert::der::Tag {
    fn to_u8_or_zero(&self) -> u8 {
        self.to_der()
            .ok()
            .and_then(|bytes| bytes.first().copied())
            .unwrap_or(0)
    }
}

fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_policies_are_read_with_their_escapes() {
        let name = DistinguishedName::parse(r"C=US, ST=WA,O=a\, b\20 ,CN = x").unwrap();
        assert_eq!(name["O"], "a, b ");
        assert_eq!(name["CN"], "x");
        assert_eq!(
            DistinguishedName::parse("C=US,S=WA,O=x").unwrap()["ST"],
            "WA"
        );
        for (bad, expected) in [
            ("C=US,ST=WA", "no O"),
            ("C=US,C=DE,ST=WA,O=x", "C twice"),
            ("C=US,ST=WA,O=x+OU=y", "several values"),
            ("C=US,ST=WA,O", "not a distinguished name"),
            ("", "not a distinguished name"),
        ] {
            let error = DistinguishedName::parse(bad).unwrap_err().to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        }
    }
}
