//! Services of which the user knows, and has agreed to, what others see there of what is
//! signed. A text file with an address in each line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::key_folder::write_over;
use super::{SettingsError, read_trust_file};

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
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(lines.map(ToOwned::to_owned).collect())
    }

    /// Adds addresses. What is there stays.
    ///
    /// # Errors
    /// Where the file cannot be read or written.
    pub fn add<'a>(&self, addresses: impl Iterator<Item = &'a str>) -> Result<(), SettingsError> {
        let mut all = self.read()?;
        let before = all.len();
        all.extend(addresses.map(ToOwned::to_owned));
        if all.len() == before {
            return Ok(());
        }
        let mut text =
            String::from("# Services of which I know what others see there of what I sign.\n");
        for address in all {
            text.push_str(&address);
            text.push('\n');
        }
        write_over(&self.path, text.as_bytes())
    }
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
}
