//! How registries and container engines are reached.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::{Credentials, Engines, Helpers, LookasideFiles, RegistriesFiles};

/// Places of certificates and credentials, hosts without TLS, and how long to wait.
#[derive(Clone, Debug)]
pub struct Network {
    /// Hosts, with their ports, that the user allowed plain http for.
    pub plain_http: Vec<String>,
    /// Hosts, with their ports, whose certificates the user said not to check.
    pub unverified: Vec<String>,
    /// Files of certificates (PEM) of authorities to trust beside the system's.
    pub authorities: Vec<PathBuf>,
    /// Folders with one folder of certificates a host, the first that has the host wins.
    pub certs_dirs: Vec<PathBuf>,
    /// Files with credentials, the first that has the host wins.
    pub auth_files: Vec<PathBuf>,
    /// Where a login is kept; nothing where no folder is known for it.
    pub login_file: Option<PathBuf>,
    /// Whether logins go into the system's keyring where `login_file` names no other helper,
    /// keeps nothing in the clear yet, and a helper for the keyring is there.
    pub keyring: bool,
    /// Credentials by host that come before all others and are kept nowhere.
    pub given: Vec<(String, Credentials)>,
    /// Where credential helpers are found.
    pub helpers: Helpers,
    /// Mirrors, blocked and insecure registries, short names.
    pub registries: RegistriesFiles,
    /// Whether nobody but the registry of an image and its token service may be asked, to
    /// begin with: no mirror, and nothing else on the web.
    pub offline: bool,
    /// Where signatures lie beside registries.
    pub lookaside: LookasideFiles,
    /// Most requests that are under way to one host at the same time. A blob that streams
    /// is no request any more once its first byte is there.
    pub requests_per_host: usize,
    /// Where container engines listen.
    pub engines: Engines,
    /// Longest wait for a connection, its TLS handshake included.
    pub connect_timeout: Duration,
    /// Longest wait for the head of an answer, and for its next piece.
    pub stall_timeout: Duration,
    /// When and how often a request is made again.
    pub retry: Retry,
    /// Whether an upload that is broken off, by a fault that may pass or by whoever waits for
    /// it, is kept for ten minutes, so that whoever uploads the same blob goes on with it.
    /// Else the registry forgets it at once, as is right for a program that ends then.
    pub keep_uploads: bool,
}

/// When and how often a request that changes nothing is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries after the first one.
    pub limit: u32,
    /// Pause before the first of them; it doubles from one to the next.
    pub pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
    /// Most time, all pauses together, that is waited because a registry asked to wait
    /// (`Retry-After`). One that asks for more is an error at once.
    pub patience: Duration,
}

impl Default for Retry {
    /// Somebody sits in front of it: a server that stays broken is an error in two seconds.
    fn default() -> Self {
        Self {
            limit: 3,
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(2),
            patience: Duration::from_secs(30),
        }
    }
}

impl Default for Network {
    /// No file of the user is read: no credentials, no certificates but the system's. No
    /// container engine is looked for.
    fn default() -> Self {
        Self {
            plain_http: Vec::new(),
            unverified: Vec::new(),
            authorities: Vec::new(),
            certs_dirs: Vec::new(),
            auth_files: Vec::new(),
            login_file: None,
            keyring: false,
            given: Vec::new(),
            helpers: Helpers::default(),
            registries: RegistriesFiles::default(),
            lookaside: LookasideFiles::default(),
            offline: false,
            requests_per_host: 8,
            engines: Engines::default(),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            retry: Retry::default(),
            keep_uploads: false,
        }
    }
}

impl Network {
    /// The places that docker, podman and skopeo use on this machine, in the order of
    /// containers/image. Nothing is read yet.
    pub fn from_environment() -> Self {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
        Self {
            engines: Engines::from_environment(),
            ..Self::from_variables(|name| std::env::var_os(name), home, runtime_dir())
        }
    }

    /// As [`Network::from_environment`], with the environment's variables from `variable`;
    /// `runtime_dir` stands in where `XDG_RUNTIME_DIR` is not set.
    fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
        home: Option<PathBuf>,
        runtime_dir: Option<PathBuf>,
    ) -> Self {
        let path = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        let in_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let config = path("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
        let config = config.map(|config| config.join("containers"));
        let cache = path("XDG_CACHE_HOME").or_else(|| in_home(".cache"));
        let docker = path("DOCKER_CONFIG").or_else(|| in_home(".docker"));
        let docker = docker.map(|dir| dir.join("config.json"));

        // who names a file wants it in that file
        let keyring = path("REGISTRY_AUTH_FILE").is_none();
        let (auth_files, login_file) = match path("REGISTRY_AUTH_FILE") {
            Some(file) => (vec![file.clone()], Some(file)),
            None => {
                let runtime = path("XDG_RUNTIME_DIR").map(|dir| dir.join("containers"));
                let files = [
                    runtime.or(runtime_dir).map(|dir| dir.join("auth.json")),
                    config.as_ref().map(|dir| dir.join("auth.json")),
                    docker.clone(),
                    in_home(".dockercfg"),
                ];
                (files.into_iter().flatten().collect(), docker)
            }
        };
        let registries = RegistriesFiles::usual(
            path("CONTAINERS_REGISTRIES_CONF"),
            config.as_deref(),
            cache.as_deref(),
        );
        let lookaside = LookasideFiles::usual(config.as_deref(), home.as_deref());
        let helpers = Helpers::usual(variable("PATH").as_deref(), home.as_deref());
        let certs_dirs = [
            config.map(|dir| dir.join("certs.d")),
            Some("/etc/containers/certs.d".into()),
            Some("/etc/docker/certs.d".into()),
        ];
        Self {
            certs_dirs: certs_dirs.into_iter().flatten().collect(),
            auth_files,
            login_file,
            keyring,
            helpers,
            registries,
            lookaside,
            ..Self::default()
        }
    }

    /// Reads credentials from `file` and from nowhere else, and keeps logins there.
    pub fn use_auth_file(&mut self, file: PathBuf) {
        self.auth_files = vec![file.clone()];
        self.login_file = Some(file);
        self.keyring = false;
    }

    /// The options of the command line by which registries are reached as they are here, with
    /// whole paths, so that they mean the same in every folder. They name files and hosts, and
    /// hold no secret.
    pub fn options(&self) -> Vec<String> {
        let whole = |file: &PathBuf| std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let hosts = |name: &'static str, hosts: &[String]| {
            let hosts = hosts.iter().map(|host| format!("--{name}={host}"));
            hosts.collect::<Vec<_>>()
        };
        let file = |name: &str, file: &PathBuf| format!("--{name}={}", whole(file).display());
        let mut options = hosts("plain-http", &self.plain_http);
        options.extend(hosts("skip-tls-verify", &self.unverified));
        options.extend(self.authorities.iter().map(|path| file("ca-file", path)));
        // one file for reading and writing is one that was named
        if let ([only], Some(login)) = (self.auth_files.as_slice(), &self.login_file)
            && only == login
        {
            options.push(file("authfile", only));
        }
        options
    }
}

/// Where podman keeps credentials of a user without `XDG_RUNTIME_DIR`.
#[cfg(target_os = "linux")]
fn runtime_dir() -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    Some(format!("/run/containers/{user}").into())
}

#[cfg(not(target_os = "linux"))]
fn runtime_dir() -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Origin, Secret, SecretKind};

    fn network(variables: &[(&str, &str)]) -> Network {
        let variables: Vec<_> = variables.to_vec();
        Network::from_variables(
            |name| {
                let found = variables.iter().find(|(n, _)| *n == name)?;
                Some(OsString::from(found.1))
            },
            Some("/home/u".into()),
            Some("/run/containers/7".into()),
        )
    }

    fn texts(paths: &[PathBuf]) -> Vec<&str> {
        paths.iter().filter_map(|path| path.to_str()).collect()
    }

    #[test]
    fn auth_files_come_in_the_order_of_containers_image() {
        assert_eq!(
            texts(&network(&[]).auth_files),
            [
                "/run/containers/7/auth.json",
                "/home/u/.config/containers/auth.json",
                "/home/u/.docker/config.json",
                "/home/u/.dockercfg",
            ]
        );
        let moved = network(&[
            ("XDG_RUNTIME_DIR", "/run/user/7"),
            ("XDG_CONFIG_HOME", "/conf"),
            ("DOCKER_CONFIG", "/docker"),
        ]);
        assert_eq!(
            texts(&moved.auth_files),
            [
                "/run/user/7/containers/auth.json",
                "/conf/containers/auth.json",
                "/docker/config.json",
                "/home/u/.dockercfg",
            ]
        );
    }

    #[test]
    fn a_named_auth_file_is_the_only_one() {
        let network = network(&[
            ("REGISTRY_AUTH_FILE", "/my/auth.json"),
            ("XDG_RUNTIME_DIR", "/run/user/7"),
        ]);
        assert_eq!(texts(&network.auth_files), ["/my/auth.json"]);
    }

    #[test]
    fn what_was_named_for_registries_is_said_again_as_options() {
        assert_eq!(network(&[]).options(), [""; 0]);
        let named = network(&[("REGISTRY_AUTH_FILE", "/my/auth.json")]);
        assert_eq!(named.options(), ["--authfile=/my/auth.json"]);
        let mut given = network(&[]);
        given.plain_http = vec!["reg.lan:5000".to_owned(), "other.lan".to_owned()];
        given.unverified = vec!["self.lan".to_owned()];
        given.authorities = vec!["ca.pem".into()];
        given.use_auth_file("/logins.json".into());
        let credentials = Credentials {
            user: "user".to_owned(),
            secret: Secret::new("hidden".to_owned()),
            kind: SecretKind::Password,
            origin: Origin::Given,
        };
        given.given = vec![("reg.lan:5000".to_owned(), credentials)];
        let folder = std::env::current_dir().unwrap();
        let authority = format!("--ca-file={}", folder.join("ca.pem").display());
        assert_eq!(
            given.options(),
            [
                "--plain-http=reg.lan:5000",
                "--plain-http=other.lan",
                "--skip-tls-verify=self.lan",
                &*authority,
                "--authfile=/logins.json",
            ]
        );
    }

    #[test]
    fn logins_are_kept_where_docker_podman_and_skopeo_all_look() {
        let file = |variables: &[(&str, &str)]| network(variables).login_file.unwrap();
        assert_eq!(file(&[]), PathBuf::from("/home/u/.docker/config.json"));
        assert_eq!(
            file(&[("REGISTRY_AUTH_FILE", "/my/auth.json")]),
            PathBuf::from("/my/auth.json")
        );
        assert_eq!(
            file(&[("DOCKER_CONFIG", "/docker")]),
            PathBuf::from("/docker/config.json")
        );
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let network = network(&[("REGISTRY_AUTH_FILE", ""), ("DOCKER_CONFIG", "")]);
        assert_eq!(network.auth_files.len(), 4);
        assert_eq!(
            network.auth_files[2],
            PathBuf::from("/home/u/.docker/config.json")
        );
    }

    #[test]
    fn certificates_of_the_user_come_before_the_systems() {
        assert_eq!(
            texts(&network(&[("XDG_CONFIG_HOME", "/conf")]).certs_dirs),
            [
                "/conf/containers/certs.d",
                "/etc/containers/certs.d",
                "/etc/docker/certs.d",
            ]
        );
    }
}
