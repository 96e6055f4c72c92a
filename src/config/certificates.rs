//! certs.d folders: certificates by host, `containers-certs.d(5)`.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::SettingsError;

/// Largest certificate or key file that is read, in bytes.
const FILE_BYTES: u64 = 1 << 20;

/// What a certs.d folder holds for one host.
#[derive(Debug)]
pub struct HostCertificates {
    /// The host's own folder.
    pub folder: PathBuf,
    /// Authorities to trust beside the system's: each `*.crt` file, PEM.
    pub authorities: Vec<(PathBuf, Vec<u8>)>,
    /// What to show to a registry that asks who is there.
    pub client: Option<ClientCertificate>,
}

/// A host's own folder of certificates, for a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    /// With its port where it has one.
    pub host: String,
    pub folder: PathBuf,
    /// How many authorities are trusted beside the system's.
    pub authorities: usize,
    /// The certificate that is shown to the host.
    pub client: Option<PathBuf>,
    /// An earlier folder has the same host, and counts.
    pub hidden: bool,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// Every host with a folder in one of `dirs`, in the order in which they are looked at. Of
/// keys nothing is kept.
pub fn known_hosts(dirs: &[PathBuf]) -> Vec<KnownHost> {
    let mut known: Vec<KnownHost> = Vec::new();
    for dir in dirs {
        let Ok(entries) = std::fs::read_dir(dir) else {
            continue;
        };
        let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        folders.retain(|folder| folder.is_dir());
        folders.sort();
        for folder in folders {
            let host = file_name(&folder);
            let hidden = known.iter().any(|other| other.host == host);
            let read = HostCertificates::read(folder.clone());
            let (authorities, client, problem) = match read {
                Ok(found) => (
                    found.authorities.len(),
                    found.client.map(|client| client.path),
                    None,
                ),
                Err(error) => (0, None, Some(error.to_string())),
            };
            known.push(KnownHost {
                host,
                folder,
                authorities,
                client,
                hidden,
                problem,
            });
        }
    }
    known
}

/// A `*.cert` file with the `*.key` beside it.
pub struct ClientCertificate {
    /// The certificate's file.
    pub path: PathBuf,
    /// Certificate chain and private key, PEM, one after the other.
    pub pem: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl HostCertificates {
    /// The folder for `host` (a name with its port as it is written in references), in
    /// the first of `dirs` that has one, even where that is empty. As containers/image
    /// does, the port must match literally.
    pub fn folder(dirs: &[PathBuf], host: &str) -> Option<PathBuf> {
        let folders = dirs.iter().map(|dir| dir.join(host));
        folders.into_iter().find(|folder| folder.is_dir())
    }

    /// Reads what `folder` holds.
    ///
    /// # Errors
    /// Where a file cannot be read, or a certificate has no key beside it or the other
    /// way round: a person who put one there meant it to be used.
    pub fn read(folder: PathBuf) -> Result<Self, SettingsError> {
        let entries = std::fs::read_dir(&folder).map_err(|e| SettingsError::new(&folder, e))?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(|e| SettingsError::new(&folder, e))?.path());
        }
        files.sort();
        let mut found = Self {
            folder,
            authorities: Vec::new(),
            client: None,
        };
        for file in &files {
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("crt") => found
                    .authorities
                    .push((file.clone(), read_file(file)?.to_vec())),
                Some("cert") => {
                    let key = file.with_extension("key");
                    if !files.contains(&key) {
                        let why = format!(
                            "the key {} is missing beside it (a CA certificate is called *.crt)",
                            file_name(&key)
                        );
                        return Err(SettingsError::new(file, why));
                    }
                    // the first pair by name, so that the choice is always the same
                    if found.client.is_none() {
                        found.client = Some(ClientCertificate::read(file, &key)?);
                    }
                }
                Some("key") => {
                    let certificate = file.with_extension("cert");
                    if !files.contains(&certificate) {
                        let why = format!(
                            "the client certificate {} is missing beside it",
                            file_name(&certificate)
                        );
                        return Err(SettingsError::new(file, why));
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

impl ClientCertificate {
    fn read(certificate: &Path, key: &Path) -> Result<Self, SettingsError> {
        let mut pem = read_file(certificate)?;
        let key = read_file(key)?;
        // room for all of it at once: growing would leave a copy of the key behind
        let mut both = Zeroizing::new(Vec::with_capacity(pem.len() + key.len() + 1));
        both.append(&mut pem);
        both.push(b'\n');
        both.extend_from_slice(&key);
        Ok(Self {
            path: certificate.to_owned(),
            pem: both,
        })
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
    let fail = |e: std::io::Error| SettingsError::new(path, e);
    let size = std::fs::metadata(path).map_err(fail)?.len();
    if size > FILE_BYTES {
        let why = format!("it has {size} bytes, more than the {FILE_BYTES} that are read");
        return Err(SettingsError::new(path, why));
    }
    std::fs::read(path).map(Zeroizing::new).map_err(fail)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        dir
    }

    #[test]
    fn the_first_folder_that_has_the_host_wins_even_where_it_is_empty() {
        let user = folder(&[("localhost:5000/README", "")]);
        let system = folder(&[("localhost:5000/ca.crt", "CA"), ("localhost/ca.crt", "CA")]);
        let dirs = [user.path().to_owned(), system.path().to_owned()];
        let find = |host| HostCertificates::folder(&dirs, host);
        assert_eq!(
            find("localhost:5000"),
            Some(user.path().join("localhost:5000"))
        );
        assert_eq!(find("localhost"), Some(system.path().join("localhost")));
        assert_eq!(find("localhost:5001"), None);
        let first = HostCertificates::read(find("localhost:5000").unwrap()).unwrap();
        assert!(first.authorities.is_empty() && first.client.is_none());
    }

    #[test]
    fn authorities_and_the_client_pair_are_read() {
        let dir = folder(&[
            ("b.crt", "B"),
            ("a.crt", "A"),
            ("client.cert", "CERT"),
            ("client.key", "KEY"),
            ("notes.txt", "?"),
        ]);
        let found = HostCertificates::read(dir.path().to_owned()).unwrap();
        let contents: Vec<_> = found.authorities.iter().map(|(_, pem)| &pem[..]).collect();
        assert_eq!(contents, [b"A", b"B"]);
        let client = found.client.unwrap();
        assert_eq!(&client.pem[..], b"CERT\nKEY");
        assert!(!format!("{client:?}").contains("KEY"));
    }

    #[test]
    fn half_a_client_pair_is_an_error_that_names_the_file() {
        for (file, missing) in [("client.cert", "client.key"), ("client.key", "client.cert")] {
            let dir = folder(&[(file, "X")]);
            let error = HostCertificates::read(dir.path().to_owned()).unwrap_err();
            assert_eq!(error.path, dir.path().join(file));
            assert!(error.why.contains(missing), "{error}");
        }
    }

    #[test]
    fn a_huge_file_is_not_read() {
        let dir = folder(&[]);
        let file = std::fs::File::create(dir.path().join("ca.crt")).unwrap();
        file.set_len(FILE_BYTES + 1).unwrap();
        let error = HostCertificates::read(dir.path().to_owned()).unwrap_err();
        assert!(error.why.contains("more than"), "{error}");
    }

    #[test]
    fn hosts_are_listed_once_in_force_and_what_cannot_be_used_says_why() {
        let user = folder(&[("r.lan:5000/ca.crt", "x"), ("half/client.cert", "x")]);
        let system = folder(&[("r.lan:5000/other.crt", "x"), ("plain/note.txt", "")]);
        let dirs = [user.path().to_owned(), system.path().to_owned()];
        let known = known_hosts(&dirs);
        let told: Vec<_> = known
            .iter()
            .map(|k| {
                (
                    k.host.as_str(),
                    k.authorities,
                    k.hidden,
                    k.problem.is_some(),
                )
            })
            .collect();
        let expected = [
            ("half", 0, false, true),
            ("r.lan:5000", 1, false, false),
            ("plain", 0, false, false),
            ("r.lan:5000", 1, true, false),
        ];
        assert_eq!(told, expected);
    }
}
