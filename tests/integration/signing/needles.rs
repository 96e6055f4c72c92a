//! Secrets in every form in which somebody may write them, to be searched for.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::PASSPHRASE;
use super::secrets::CI_SECRETS;

/// A passphrase that was typed wrong is one too.
pub const WRONG: &str = "wrong horse battery";

/// What must not be found, in every form in which somebody may write it.
pub struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    /// The passphrases, and the private keys of these PEM files.
    pub fn of(keys: &[PathBuf]) -> Self {
        let mut needles = Self(Vec::new());
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
        }
        needles
    }

    pub fn add(&mut self, name: String, bytes: &[u8]) {
        self.0.push((name, bytes.to_vec()));
    }

    fn all_forms(&mut self, name: &str, bytes: &[u8]) {
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

    pub fn search(&self, place: &str, bytes: &[u8]) {
        for (name, needle) in &self.0 {
            let found = is_in(bytes, needle);
            assert!(!found, "{place} has {name}");
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

/// Whether `needle` is in `bytes`.
pub fn is_in(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
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
