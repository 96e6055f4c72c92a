//! Services of which the user knows, and has agreed to, what others see there of what is
//! signed. A text file with an address in each line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::key_folder::write_over;
use super::{SettingsError, read_trust_file};

/// What a new file begins with.
const TITLE: &str = "# Services of which I know what others see there of what I sign.\n";

/// The list of such services. The file need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedServices {
    path: PathBuf,
}

impl AcceptedServices {
    /// The user's list, `accepted-services` among Porthole's settings; nothing where the
    /// system names no place for settings.
    pub fn of_user() -> Option<Self> {
        let folders = directories::ProjectDirs::from("io.github", "porthole", "porthole")?;
        Some(Self::at(folders.config_dir().join("accepted-services")))
    }

    /// A list in a file of one's choice.
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The addresses that were agreed to.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn read(&self) -> Result<BTreeSet<String>, SettingsError> {
        let bytes = read_trust_file(&self.path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter_map(read_line);
        Ok(lines.map(ToOwned::to_owned).collect())
    }

    /// Adds addresses. What is there stays, with its comments.
    ///
    /// # Errors
    /// Where the file cannot be read or written, or an address does not fit in a line.
    pub fn add<'a>(&self, addresses: impl Iterator<Item = &'a str>) -> Result<(), SettingsError> {
        let mut known = self.read()?;
        let bytes = read_trust_file(&self.path)?;
        let mut text = match &bytes {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => TITLE.to_owned(),
        };
        let before = text.len();
        for address in addresses {
            // one that is read back as another, or as several, would agree to those
            if read_line(address) != Some(address) || address.contains(char::is_control) {
                let why = format!("{address:?} is no address that fits in a line");
                return Err(SettingsError::new(&self.path, why));
            }
            if known.insert(address.to_owned()) {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(address);
                text.push('\n');
            }
        }
        match text.len() == before {
            true => Ok(()),
            false => write_over(&self.path, text.as_bytes()),
        }
    }
}

/// The address in a line; nothing where it holds none.
fn read_line(line: &str) -> Option<&str> {
    let line = line.trim();
    (!line.is_empty() && !line.starts_with('#')).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_agreed_to_is_remembered_beside_what_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let list = AcceptedServices::at(folder.path().join("deep/accepted"));
        assert!(list.read().unwrap().is_empty());
        list.add(["https://rekor.example.com"].into_iter()).unwrap();
        list.add(["https://fulcio.example.com", "https://rekor.example.com"].into_iter())
            .unwrap();
        let all: Vec<_> = list.read().unwrap().into_iter().collect();
        assert_eq!(
            all,
            ["https://fulcio.example.com", "https://rekor.example.com"]
        );
    }

    #[test]
    fn comments_stay_and_no_address_adds_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accepted");
        let own = "# asked the others on Monday\nhttps://rekor.example.com # ours";
        std::fs::write(&path, own).unwrap();
        let list = AcceptedServices::at(path.clone());
        list.add(["https://fulcio.example.com"].into_iter())
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{own}\nhttps://fulcio.example.com\n"));
        for address in [
            "https://a.example.com\nhttps://b.example.com",
            "#https://a.example.com",
            " https://a.example.com",
            "https://a.example.com\u{85}",
            "",
        ] {
            let error = list.add([address].into_iter()).unwrap_err();
            assert!(error.why.contains("fits in a line"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
