//! Where container engines listen: what Docker's and Podman's own command lines look at.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::SettingsError;
use crate::model::Digest;

/// Largest file of Docker's settings that is read, in bytes.
const FILE_BYTES: u64 = 4 << 20;

/// The settings that say where engines listen. Nothing is read before it is asked for:
/// contexts change while the program runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engines {
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub docker_context: Option<String>,
    /// `CONTAINER_HOST`, Podman's.
    pub container_host: Option<String>,
    /// Docker's folder of settings.
    pub docker_config: Option<PathBuf>,
    /// Sockets that are looked for where nothing names one, Docker's before Podman's.
    pub sockets: Vec<PathBuf>,
}

/// Where an engine listens, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineAddress {
    /// As Docker writes it: `unix:///run/docker.sock`, `tcp://127.0.0.1:2375`.
    pub address: String,
    /// Whether the user named it. One that was only looked for need not be there.
    pub named_by: Option<String>,
}

impl Engines {
    /// The variables and places that docker and podman look at on this machine.
    pub fn from_environment() -> Self {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
        Self::from_variables(|name| std::env::var_os(name), home, user_id())
    }

    /// As [`Engines::from_environment`], with the environment's variables from `variable`.
    fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
        home: Option<PathBuf>,
        user: Option<u32>,
    ) -> Self {
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| value(name).and_then(|value| value.into_string().ok());
        let in_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let given = value("XDG_RUNTIME_DIR").map(PathBuf::from);
        let usual = user.map(|user| PathBuf::from(format!("/run/user/{user}")));
        let mut runtime: Vec<PathBuf> = given.into_iter().chain(usual).collect();
        runtime.dedup();
        let in_runtime = |rest: &str| runtime.iter().map(|dir| dir.join(rest)).collect::<Vec<_>>();
        let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
        sockets.extend(in_runtime("docker.sock"));
        sockets.extend(in_home(".docker/run/docker.sock"));
        sockets.extend(in_home(".docker/desktop/docker.sock"));
        sockets.extend(in_runtime("podman/podman.sock"));
        sockets.push("/run/podman/podman.sock".into());
        Self {
            docker_host: text("DOCKER_HOST"),
            docker_context: text("DOCKER_CONTEXT"),
            container_host: text("CONTAINER_HOST"),
            docker_config: value("DOCKER_CONFIG")
                .map(PathBuf::from)
                .or_else(|| in_home(".docker")),
            sockets,
        }
    }

    /// The addresses to try, in order. What the user names is the only one: `DOCKER_HOST`,
    /// then a context of Docker's (`DOCKER_CONTEXT`, or the current one), then Podman's
    /// `CONTAINER_HOST`. Else every socket that is there.
    ///
    /// # Errors
    /// Where Docker's settings cannot be read, or name a context that is not there.
    pub fn addresses(&self) -> Result<Vec<EngineAddress>, SettingsError> {
        let named = |address: &str, by: &str| {
            Ok(vec![EngineAddress {
                address: address.to_owned(),
                named_by: Some(by.to_owned()),
            }])
        };
        if let Some(host) = &self.docker_host {
            return named(host, "DOCKER_HOST");
        }
        if let Some(context) = self.context()?
            && let Some(host) = self.host_of(&context)?
        {
            return named(&host, &format!("the Docker context {context}"));
        }
        if let Some(host) = &self.container_host {
            return named(host, "CONTAINER_HOST");
        }
        // two names of one socket are one engine
        let mut seen = Vec::new();
        let mut addresses = Vec::new();
        for socket in &self.sockets {
            let Ok(real) = std::fs::canonicalize(socket) else {
                continue;
            };
            if !seen.contains(&real) {
                seen.push(real);
                addresses.push(EngineAddress {
                    address: format!("unix://{}", socket.display()),
                    named_by: None,
                });
            }
        }
        Ok(addresses)
    }

    /// The context that is meant, where it is another than the default one.
    fn context(&self) -> Result<Option<String>, SettingsError> {
        let context = match &self.docker_context {
            Some(context) => Some(context.clone()),
            None => {
                let file = self
                    .docker_config
                    .as_ref()
                    .map(|dir| dir.join("config.json"));
                let settings = file.map(|file| read_json(&file)).transpose()?.flatten();
                let current = settings.as_ref().and_then(|s| s.get("currentContext"));
                current.and_then(Value::as_str).map(ToOwned::to_owned)
            }
        };
        Ok(context.filter(|context| !matches!(context.as_str(), "" | "default")))
    }

    /// The address that a context of Docker's has (docker/cli `cli/context/store`: the folder
    /// of a context is called after the hash of its name).
    fn host_of(&self, context: &str) -> Result<Option<String>, SettingsError> {
        let Some(folder) = &self.docker_config else {
            return Ok(None);
        };
        let id = Digest::sha256(context.as_bytes());
        let file = folder
            .join("contexts/meta")
            .join(id.hex())
            .join("meta.json");
        let host = |meta: &Value| {
            let host = meta.pointer("/Endpoints/docker/Host")?.as_str()?;
            (!host.is_empty()).then(|| host.to_owned())
        };
        match read_json(&file)? {
            None => Err(SettingsError::new(
                &file,
                format!("there is no Docker context {context:?}"),
            )),
            Some(meta) => match host(&meta) {
                Some(host) => Ok(Some(host)),
                None => Err(SettingsError::new(
                    &file,
                    "it names no address of an engine",
                )),
            },
        }
    }
}

/// Reads a JSON file; nothing where there is none.
fn read_json(path: &Path) -> Result<Option<Value>, SettingsError> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES => {
            let why = format!("it has more than the {FILE_BYTES} bytes that are read");
            return Err(SettingsError::new(path, why));
        }
        Ok(_) => {}
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
        Err(error) => return Err(SettingsError::new(path, error)),
    }
    let bytes = std::fs::read(path).map_err(|error| SettingsError::new(path, error))?;
    // serde's own words can quote what it found, and the file can hold passwords
    let parsed = serde_json::from_slice(&bytes)
        .map_err(|error| SettingsError::new(path, format!("line {} is not JSON", error.line())));
    parsed.map(Some)
}

#[cfg(target_os = "linux")]
fn user_id() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(std::fs::metadata("/proc/self").ok()?.uid())
}

#[cfg(not(target_os = "linux"))]
fn user_id() -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engines(variables: &[(&str, &str)]) -> Engines {
        let variable = |name: &str| {
            let found = variables.iter().find(|(n, _)| *n == name)?;
            Some(OsString::from(found.1))
        };
        Engines::from_variables(variable, Some("/home/u".into()), Some(7))
    }

    fn named(engines: &Engines) -> (String, String) {
        let mut addresses = engines.addresses().unwrap();
        assert_eq!(addresses.len(), 1, "what is named is the only one");
        let address = addresses.remove(0);
        (address.address, address.named_by.unwrap())
    }

    /// Docker's settings with a context called `far`.
    fn settings(current: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let config = serde_json::json!({ "currentContext": current }).to_string();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        // what `printf far | sha256sum` prints
        let id = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";
        let meta = folder.path().join("contexts/meta").join(id);
        std::fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name":"far","Endpoints":{"docker":{"Host":"unix:///far.sock"}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        folder
    }

    #[test]
    fn sockets_are_looked_for_where_engines_put_them() {
        let found = engines(&[("XDG_RUNTIME_DIR", "/tmp/run")]);
        let sockets: Vec<_> = found.sockets.iter().map(|s| s.to_str().unwrap()).collect();
        assert_eq!(
            sockets,
            [
                "/var/run/docker.sock",
                "/tmp/run/docker.sock",
                "/run/user/7/docker.sock",
                "/home/u/.docker/run/docker.sock",
                "/home/u/.docker/desktop/docker.sock",
                "/tmp/run/podman/podman.sock",
                "/run/user/7/podman/podman.sock",
                "/run/podman/podman.sock",
            ]
        );
        let same = engines(&[("XDG_RUNTIME_DIR", "/run/user/7")]);
        assert_eq!(same.sockets.len(), 6, "one folder, once");
    }

    #[test]
    fn what_is_named_comes_first() {
        let folder = settings("far");
        let at = folder.path().to_str().unwrap();
        let all = [
            ("DOCKER_HOST", "tcp://127.0.0.1:1"),
            ("CONTAINER_HOST", "unix:///podman.sock"),
            ("DOCKER_CONFIG", at),
        ];
        let (address, by) = named(&engines(&all));
        assert_eq!((&*address, &*by), ("tcp://127.0.0.1:1", "DOCKER_HOST"));
        let (address, by) = named(&engines(&all[1..]));
        assert_eq!(address, "unix:///far.sock");
        assert_eq!(by, "the Docker context far");
        let (address, by) = named(&engines(&[
            ("CONTAINER_HOST", "unix:///podman.sock"),
            ("DOCKER_CONFIG", at),
            ("DOCKER_CONTEXT", "default"),
        ]));
        assert_eq!((&*address, &*by), ("unix:///podman.sock", "CONTAINER_HOST"));
    }

    #[test]
    fn a_context_that_is_not_there_is_said() {
        let folder = settings("near");
        let at = folder.path().to_str().unwrap();
        let error = engines(&[("DOCKER_CONFIG", at)]).addresses().unwrap_err();
        assert!(error.why.contains("\"near\""), "{error}");
        let found = engines(&[("DOCKER_CONFIG", at), ("DOCKER_CONTEXT", "far")]);
        assert_eq!(named(&found).0, "unix:///far.sock");
        std::fs::write(folder.path().join("config.json"), "{\n secret").unwrap();
        let error = engines(&[("DOCKER_CONFIG", at)]).addresses().unwrap_err();
        assert_eq!(
            error.why, "line 2 is not JSON",
            "what stands there is not repeated"
        );
    }

    #[test]
    fn only_sockets_that_are_there_are_tried_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("a.sock");
        std::fs::write(&socket, "").unwrap();
        let found = Engines {
            sockets: vec![
                folder.path().join("none.sock"),
                socket.clone(),
                folder.path().join("./a.sock"),
            ],
            ..Engines::default()
        };
        let addresses = found.addresses().unwrap();
        assert_eq!(addresses.len(), 1);
        assert_eq!(addresses[0].address, format!("unix://{}", socket.display()));
        assert_eq!(addresses[0].named_by, None);
    }
}
