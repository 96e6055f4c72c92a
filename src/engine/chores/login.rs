//! Logging in and out, and what logins there are.

use std::sync::Arc;

use crate::config::{
    self, Credentials, KnownAlias, KnownLogin, KnownRegistry, Network, Origin, Secret, SecretKind,
    SettingsError, Stored,
};
use crate::transport::{Problem, TransportError};

use super::super::Outcome;
use super::super::shared::Shared;
use super::Failure;

/// Asks the registry whether it takes name and password, and keeps them where it does.
pub(super) async fn log_in(
    shared: &Shared,
    registry: String,
    user: String,
    password: Secret,
) -> Outcome {
    let done = async {
        let registry = registry_name(&registry)?;
        if user.is_empty() || password.is_empty() {
            return Err(Failure::refused(
                format!("login of {registry}: the name or password is empty"),
                "Give both",
            ));
        }
        let credentials = Credentials {
            user: user.clone(),
            secret: password.clone(),
            kind: SecretKind::Password,
            origin: Origin::Given,
        };
        let checked = shared.client.check_login(&registry, credentials).await;
        let security = checked.map_err(Failure::from)?;
        let name = registry.clone();
        let saved = blocking(&shared.config.network, move |network| {
            config::save_login(network, &name, &user, &password)
        });
        let saved = saved
            .await?
            .map_err(|error| settings_failure(&registry, &error))?;
        shared.client.forget_login(&registry);
        Ok(Outcome::LoggedIn {
            registry,
            security,
            places: saved.places.iter().map(ToString::to_string).collect(),
            in_the_clear: saved.in_the_clear,
        })
    };
    or_failed(done.await, &registry)
}

/// Forgets the login for a registry everywhere.
pub(super) async fn log_out(shared: &Shared, registry: String) -> Outcome {
    let done = async {
        let registry = registry_name(&registry)?;
        let name = registry.clone();
        let removed = blocking(&shared.config.network, move |network| {
            config::remove_login(network, &name)
        });
        let removed = removed
            .await?
            .map_err(|error| settings_failure(&registry, &error))?;
        shared.client.forget_login(&registry);
        if let Some(first) = removed.problems.first() {
            let mut failure = Failure::refused(
                format!("logout of {registry}: {first}"),
                "Mend the helper, or erase the login with it",
            );
            failure.details.extend(removed.problems);
            return Err(failure);
        }
        Ok(Outcome::LoggedOut {
            registry,
            places: removed.places.iter().map(ToString::to_string).collect(),
        })
    };
    or_failed(done.await, &registry)
}

/// Asks a registry whether it takes what is kept for it.
pub(super) async fn test(shared: &Shared, registry: String) -> Outcome {
    let done = async {
        let registry = registry_name(&registry)?;
        let name = registry.clone();
        let found = blocking(&shared.config.network, move |network| {
            let (host, path) = name.split_once('/').unwrap_or((&name, ""));
            Stored::find(network, host, path)
        });
        let found = found
            .await?
            .map_err(|error| settings_failure(&registry, &error))?;
        let credentials = match found {
            Stored::Found(credentials) => credentials,
            Stored::Nothing => {
                return Err(Failure::refused(
                    format!("nothing is kept for {registry}"),
                    "Log in first",
                ));
            }
            Stored::NotReadable { why } => {
                let problem = Problem::CredentialsNotReadable { status: 401, why };
                return Err(TransportError::new("login", registry, problem).into());
            }
        };
        let (user, origin) = (credentials.user.clone(), credentials.origin.to_string());
        let checked = shared.client.check_login(&registry, credentials).await;
        let security = checked.map_err(Failure::from)?;
        Ok(Outcome::LoginTested {
            registry,
            user,
            origin,
            security,
        })
    };
    or_failed(done.await, &registry)
}

/// Lists every login that is kept somewhere, and what `registries.conf` says.
pub(super) async fn list(shared: &Shared) -> Result<Outcome, Failure> {
    let read = blocking(&shared.config.network, |network| {
        (config::known_logins(network), network.registries.read())
    });
    let (logins, registries) = read.await?;
    let (registries, aliases, problem): (Vec<KnownRegistry>, Vec<KnownAlias>, _) = match registries
    {
        Ok(read) => (read.known(), read.known_aliases(), None),
        Err(error) => (Vec::new(), Vec::new(), Some(error.to_string())),
    };
    let logins: Vec<KnownLogin> = logins;
    Ok(Outcome::Logins {
        logins: logins.into(),
        registries: registries.into(),
        aliases: aliases.into(),
        problem,
    })
}

fn or_failed(done: Result<Outcome, Failure>, registry: &str) -> Outcome {
    done.unwrap_or_else(|failure| Outcome::LoginFailed {
        registry: registry.to_owned(),
        failure: Arc::new(failure),
    })
}

/// The registry that was typed: a host, or a host with a path, also as a web address.
fn registry_name(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let bare = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("docker://"))
        .unwrap_or(text);
    let bare = bare.trim_end_matches('/');
    let bare = bare
        .strip_suffix("/v2")
        .or_else(|| bare.strip_suffix("/v1"))
        .unwrap_or(bare);
    // what a reference in it would be: that checks the host
    let (host, path) = bare.split_once('/').unwrap_or((bare, "x"));
    let probe = format!("{host}/{path}");
    let parsed: Result<crate::model::RegistryReference, _> = probe.parse();
    match parsed {
        // Docker's own rules would take a word without a dot for a part of Docker Hub
        Ok(image) if host.contains(['.', ':']) || host == "localhost" => {
            let path = bare.split_once('/').map(|_| image.repository());
            Ok(match path {
                Some(path) => format!("{}/{path}", image.host()),
                None => image.host().to_owned(),
            })
        }
        _ => Err(Failure::refused(
            format!("{text:?} is not the name of a registry"),
            "Write its host, with its port where it has one: docker.io, registry.example.com:5000",
        )),
    }
}

fn settings_failure(registry: &str, error: &SettingsError) -> Failure {
    Failure::refused(
        format!("login of {registry}: {error}"),
        "Mend that file, or check who may write it",
    )
}

/// Lists what decides whether a registry is believed.
pub(super) async fn hosts(shared: &Shared) -> Result<Outcome, Failure> {
    let network = &shared.config.network;
    let hosts = blocking(network, |network| config::known_hosts(&network.certs_dirs)).await?;
    let paths = |paths: &[std::path::PathBuf]| {
        let shown = paths.iter().map(|path| path.display().to_string());
        shown.collect()
    };
    Ok(Outcome::Hosts {
        hosts: hosts.into(),
        folders: paths(&network.certs_dirs),
        plain_http: network.plain_http.as_slice().into(),
        unverified: network.unverified.as_slice().into(),
        authorities: paths(&network.authorities),
    })
}

/// Runs what reads files and waits for helpers where a thread may wait.
async fn blocking<T: Send + 'static>(
    network: &Network,
    work: impl FnOnce(&Network) -> T + Send + 'static,
) -> Result<T, Failure> {
    let network = network.clone();
    let done = tokio::task::spawn_blocking(move || work(&network)).await;
    done.map_err(|_| Failure::refused("the login could not be looked up", "Try again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_named_as_people_write_them() {
        for (text, expected) in [
            ("docker.io", Some("docker.io")),
            ("https://index.docker.io/v1/", Some("docker.io")),
            ("registry-1.docker.io", Some("docker.io")),
            (" Quay.io/ ", Some("quay.io")),
            ("https://r.example.com:5000/v2/", Some("r.example.com:5000")),
            ("localhost:5000", Some("localhost:5000")),
            ("[::1]:5000", Some("[::1]:5000")),
            ("quay.io/team", Some("quay.io/team")),
            ("alice", None),
            ("", None),
            ("a b.io", None),
            ("ftp://x.io", None),
        ] {
            assert_eq!(registry_name(text).ok().as_deref(), expected, "{text:?}");
        }
    }
}
