//! Secrets in every form in which somebody may write them, to be searched for.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use pgp::composed::{ArmorOptions, Deserializable, SignedSecretKey};
use pgp::types::{KeyDetails, Password};
use regex::bytes::{Regex, RegexBuilder};

use super::PASSPHRASE;
use super::secrets::CI_SECRETS;
use crate::support::sigstore::der::{children, content};

/// A passphrase that was typed wrong is one too.
pub const WRONG: &str = "wrong horse battery";

/// What must not be found, in every form in which somebody may write it.
pub struct Needles(Vec<(String, Vec<u8>)>, OnceLock<Regex>);

impl Needles {
    /// The passphrases, and the private keys of these PEM files.
    pub fn of(keys: &[PathBuf]) -> Self {
        let mut needles = Self(Vec::new(), OnceLock::new());
        for word in [PASSPHRASE, WRONG] {
            needles.all_forms(&format!("the passphrase {word}"), word.as_bytes());
        }
        for token in CI_SECRETS {
            needles.all_forms(&format!("the token {token}"), token.as_bytes());
        }
        for path in keys {
            let pem = std::fs::read_to_string(path).unwrap();
            let body: Vec<_> = pem
                .lines()
                .filter(|line| !line.starts_with("-----"))
                .collect();
            let name = path.display();
            for line in body.iter().filter(|line| line.len() >= 32) {
                needles.add(format!("a line of {name}"), line.as_bytes());
            }
            let der = BASE64_STANDARD.decode(body.concat()).unwrap();
            needles.all_forms(&format!("the key {name}"), &der);
            if let Some(scalar) = scalar(&der) {
                needles.all_forms(&format!("the scalar of {name}"), scalar);
            }
            for number in numbers(&der) {
                needles.all_forms(&format!("a secret number of {name}"), &number);
            }
        }
        needles
    }

    pub fn add(&mut self, name: String, bytes: &[u8]) {
        self.0.push((name, bytes.to_vec()));
        self.1 = OnceLock::new();
    }

    /// An identity's token, whole and in its parts.
    pub fn token(&mut self, token: &str) {
        self.all_forms("the identity token", token.as_bytes());
        // the first part says how it is signed, and is no secret
        for part in token.split('.').skip(1) {
            self.add("a part of the identity token".to_owned(), part.as_bytes());
        }
    }

    /// The secret numbers of the OpenPGP key in this file, armoured and encrypted.
    pub fn openpgp(&mut self, path: &Path) {
        let file = std::fs::File::open(path).unwrap();
        let (key, _) = SignedSecretKey::from_armor_single(file).unwrap();
        let (own, version) = (&key.primary_key, key.version());
        let plain = own.unlock(&Password::from(PASSPHRASE), |_, plain| {
            let mut bytes = Vec::new();
            plain.to_writer(&mut bytes, version)?;
            Ok(bytes)
        });
        let plain = plain.unwrap().unwrap();
        // each with its length in bits before it (RFC 9580, section 3.2); a checksum follows
        let (mut rest, mut found) = (plain.as_slice(), 0);
        while let [high, low, after @ ..] = rest {
            let length = (usize::from(*high) << 8 | usize::from(*low)).div_ceil(8);
            let Some((number, after)) = after.split_at_checked(length) else {
                break;
            };
            if length >= 32 {
                let name = format!("a secret number of {}", path.display());
                self.all_forms(&name, number);
                found += 1;
            }
            rest = after;
        }
        assert!(found >= 3, "RSA has so many secret numbers: {found}");
    }

    pub fn all_forms(&mut self, name: &str, bytes: &[u8]) {
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        // as `Debug` shows a list of bytes
        let mut list = format!("{:?}", &bytes[..bytes.len().min(16)]);
        list.pop();
        // the end of one has its padding, and what follows may have another
        let base64 = BASE64_STANDARD.encode(bytes);
        let base64 = base64.trim_end_matches('=').to_owned();
        self.add(format!("{name}, as it is"), bytes);
        self.add(format!("{name}, in hex"), hex.as_bytes());
        self.add(
            format!("{name}, in capital hex"),
            hex.to_uppercase().as_bytes(),
        );
        self.add(
            format!("{name}, in base64"),
            &base64.as_bytes()[..base64.len() - 1],
        );
        self.add(format!("{name}, as numbers"), &list.as_bytes()[1..]);
    }

    /// The passphrases and what keys hold, as they are, and turned round, as numbers lie in
    /// memory.
    pub fn as_they_are(&self) -> impl Iterator<Item = Vec<u8>> {
        let all = self
            .0
            .iter()
            .filter(|(name, _)| !name.starts_with("the token"));
        let plain =
            all.filter(|(name, _)| name.ends_with(", as it is") || name.starts_with("a line"));
        plain.flat_map(|(_, bytes)| [bytes.clone(), bytes.iter().rev().copied().collect()])
    }

    /// What these bytes are.
    pub fn name(&self, bytes: &[u8]) -> &str {
        let turned: Vec<u8> = bytes.iter().rev().copied().collect();
        let mut all = self.0.iter();
        let found = all.find(|(_, needle)| needle == bytes || *needle == turned);
        found.map_or("nothing known", |(name, _)| name)
    }

    pub fn search(&self, place: &str, bytes: &[u8]) {
        // all at once: one by one takes minutes
        let any = self
            .1
            .get_or_init(|| one_of(self.0.iter().map(|(_, needle)| needle.as_slice())));
        if let Some(found) = any.find(bytes) {
            panic!("{place} has {}", self.name(found.as_bytes()));
        }
    }

    /// Searches every file below `folder` but for those in `own`, which have it of right.
    pub fn search_files(&self, folder: &Path, own: &[PathBuf]) -> usize {
        let mut seen = 0;
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else if !own.contains(&path)
                    && let Ok(bytes) = std::fs::read(&path)
                {
                    self.search(&path.display().to_string(), &bytes);
                    self.search("a name", path.to_string_lossy().as_bytes());
                    seen += 1;
                }
            }
        }
        seen
    }
}

/// Writes the OpenPGP key in `sealed` once more, not encrypted.
pub fn openpgp_unlocked(sealed: &Path, open: &Path) {
    let file = std::fs::File::open(sealed).unwrap();
    let (mut key, _) = SignedSecretKey::from_armor_single(file).unwrap();
    let passphrase = Password::from(PASSPHRASE);
    key.primary_key.remove_password(&passphrase).unwrap();
    let text = key.to_armored_string(ArmorOptions::default()).unwrap();
    std::fs::write(open, text).unwrap();
}

/// What finds any of these.
pub fn one_of<'a>(needles: impl Iterator<Item = &'a [u8]>) -> Regex {
    let escaped = needles.filter(|needle| !needle.is_empty()).map(|needle| {
        let bytes = needle.iter().map(|byte| format!("\\x{byte:02x}"));
        bytes.collect::<String>()
    });
    let pattern = escaped.collect::<Vec<_>>().join("|");
    let mut builder = RegexBuilder::new(&format!("(?s-u){pattern}"));
    builder.size_limit(1 << 30).build().unwrap()
}

/// Whether `needle` is in `bytes`.
pub fn is_in(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
}

/// The secret numbers of an RSA key (RFC 8017, appendix A.1.2), or the seed of an Ed25519 key
/// (RFC 8410, section 7), in PKCS #8; nothing of others.
fn numbers(der: &[u8]) -> Vec<Vec<u8>> {
    let parts = children(content(der));
    let Some(inner) = parts.get(2).filter(|part| part.first() == Some(&4)) else {
        return Vec::new();
    };
    let inner = content(inner);
    match inner.first() {
        Some(4) => vec![content(inner).to_vec()],
        // behind the version, the modulus and the public exponent: d, p and q
        _ => match children(content(inner)).get(3..6) {
            Some(secret) if secret.iter().all(|part| part.len() > 64) => secret
                .iter()
                .map(|part| {
                    content(part)
                        .iter()
                        .copied()
                        .skip_while(|b| *b == 0)
                        .collect()
                })
                .collect(),
            _ => Vec::new(),
        },
    }
}

/// The private number in a SEC 1 key (RFC 5915): the string behind its version.
fn scalar(der: &[u8]) -> Option<&[u8]> {
    const VERSION: [u8; 3] = [2, 1, 1];
    let at = der.windows(3).position(|window| window == VERSION)?;
    match der.get(at + 3..)? {
        [4, length, rest @ ..] => rest.get(..usize::from(*length)),
        _ => None,
    }
}
