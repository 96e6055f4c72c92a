//! Which services are asked for a signature, and what others see of it there.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::{AcceptedServices, SettingsError, read_trust_file};
use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::services::{AUDIENCE, Endpoints, LogEndpoint, ServiceRole, WantedServices};
use crate::signature::TrustRoot;
use crate::signature::sign::LogVersion;
use crate::signature::x509::Certificate;

use super::identity::Shown;
use super::request::{
    IdentityFrom, LogUse, PlannedService, SignBy, SignFormat, Signing, SigningServices,
};

/// The services of one signer.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub endpoints: Endpoints,
    /// What identity tokens have to be for, and what this program is called at the issuer.
    pub audience: String,
    /// For Notation: what its timestamp has to lead to.
    pub timestamp_roots: Vec<Certificate>,
}

impl Asked {
    /// Reads what `signing` names.
    ///
    /// # Errors
    /// Where a file cannot be used, or the services do not go together with the format.
    pub async fn of(signing: &Signing) -> Result<Self, Failure> {
        let (signing, ended) = (signing.clone(), "reading the services was ended");
        let read = tokio::task::spawn_blocking(move || read(&signing));
        read.await
            .map_err(|_| Failure::refused(ended, "Try again"))?
    }

    /// Whether what services answer is judged by Sigstore's trust root.
    pub fn needs_root(&self, signing: &Signing) -> bool {
        let endpoints = &self.endpoints;
        signing.format.is_sigstore()
            && (endpoints.log.is_some()
                || endpoints.timestamps.is_some()
                || matches!(signing.by, SignBy::Identity(_)))
    }

    /// The services as the plan shows them; `shown` is the identity that it shows.
    pub fn planned(&self, signing: &Signing, shown: Option<&Shown>) -> Vec<PlannedService> {
        let Endpoints {
            issuer,
            certificates,
            log,
            timestamps,
        } = &self.endpoints;
        let mut planned = Vec::new();
        let mut put = |role, address: &Option<String>, shows: Option<&str>| {
            planned.extend(address.clone().map(|address| PlannedService {
                role,
                address,
                shows: shows.map(ToOwned::to_owned),
                accepted: false,
            }));
        };
        let by_identity = matches!(signing.by, SignBy::Identity(_));
        if matches!(signing.by, SignBy::Identity(IdentityFrom::Browser)) {
            put(ServiceRole::Issuer, issuer, None);
        }
        // the CI's own, which is asked for the token
        let of_ci = shown.and_then(Shown::service).map(ToOwned::to_owned);
        put(ServiceRole::Issuer, &of_ci, None);
        if by_identity {
            let shows = "the certificate goes into a list of certificates: whoever may read it \
                         sees for ever that this identity signed something, and when";
            put(ServiceRole::Certificates, certificates, Some(shows));
        }
        put(ServiceRole::Timestamps, timestamps, None);
        let shows = match by_identity {
            true => {
                "whoever may read the log sees for ever that this identity signed, when, and the \
                 hash of what; a signed statement, which names the image, is sent to it whole"
            }
            false => {
                "whoever may read the log sees for ever that this key signed, when, and the hash \
                 of what; a signed statement, which names the image, is sent to it whole"
            }
        };
        let log = log.as_ref().map(|log| log.address.clone());
        put(ServiceRole::Log, &log, Some(shows));
        planned
    }
}

/// All services of the plan, each once, with what the user agreed to before. Where that
/// cannot be read they are asked again, and `warnings` say why.
pub(super) async fn planned(
    shared: &Shared,
    each: Vec<PlannedService>,
    warnings: &mut Vec<String>,
) -> Result<Vec<PlannedService>, Failure> {
    let mut all: Vec<PlannedService> = Vec::new();
    for service in each {
        let known = all
            .iter()
            .any(|known| (known.role, &known.address) == (service.role, &service.address));
        if !known {
            all.push(service);
        }
    }
    if let Some(service) = all.first().filter(|_| shared.client.is_offline()) {
        let (role, address) = (service.role, &service.address);
        return Err(Failure::refused(
            format!("this asks the {role} at {address}, and nobody else is asked offline"),
            "Go online, or sign with a key and without services (--key FILE)",
        ));
    }
    if all.iter().any(|service| service.shows.is_some()) {
        let accepted = accepted(shared).await?;
        let accepted = accepted.unwrap_or_else(|error| {
            warnings.push(format!("What was agreed to before is not known: {error}"));
            BTreeSet::new()
        });
        for service in &mut all {
            service.accepted = accepted.contains(&service.address);
        }
    }
    Ok(all)
}

async fn accepted(shared: &Shared) -> Result<Result<BTreeSet<String>, SettingsError>, Failure> {
    let Some(path) = shared.config.trust.accepted_services.clone() else {
        return Ok(Ok(BTreeSet::new()));
    };
    let read = tokio::task::spawn_blocking(move || AcceptedServices::at(path).read());
    let ended = |_| Failure::refused("reading settings was ended", "Try again");
    read.await.map_err(ended)
}

/// Remembers that the user agreed to what these services show. Gives why it could not be
/// remembered: they are asked again then, but agreed they have.
pub(super) async fn accept(shared: &Shared, services: &[PlannedService]) -> Option<String> {
    let path = shared.config.trust.accepted_services.clone()?;
    let addresses: Vec<_> = services
        .iter()
        .filter(|service| service.shows.is_some() && !service.accepted)
        .map(|service| service.address.clone())
        .collect();
    let written = tokio::task::spawn_blocking(move || {
        AcceptedServices::at(path).add(addresses.iter().map(String::as_str))
    });
    let why = match written.await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it was ended".to_owned(),
    };
    Some(format!(
        "What you agreed to could not be remembered, and is asked again: {why}"
    ))
}

/// What services' answers are judged by for this signer.
pub(super) async fn trust_root(
    shared: &Shared,
    services: &SigningServices,
) -> Result<TrustRoot, Failure> {
    if let Some(path) = services.trust_root.clone() {
        let read = tokio::task::spawn_blocking(move || {
            let shown = path.display().to_string();
            let bytes = needed(&path, "the trust root")?;
            TrustRoot::read(&bytes, &shown).map_err(|error| {
                Failure::refused(
                    format!("the trust root {shown} cannot be used: {error}"),
                    "Give a trusted_root.json, as `cosign trusted-root create` writes it",
                )
            })
        });
        let ended = |_| Failure::refused("reading the trust root was ended", "Try again");
        return read.await.map_err(ended)?;
    }
    let settings = shared.trust.load_full();
    let root = shared.roots.current(shared, &settings, true).await;
    let root = root.map_err(|failure| Failure::clone(&failure))?;
    root.ok_or_else(|| {
        Failure::refused(
            "there is no trust root to judge the services' answers by",
            "Give one (--trusted-root FILE)",
        )
    })
}

fn read(signing: &Signing) -> Result<Asked, Failure> {
    let SigningServices {
        config,
        fulcio,
        log,
        timestamp,
        issuer,
        ..
    } = &signing.services;
    let by_identity = matches!(signing.by, SignBy::Identity(_));
    let format = signing.format;
    let is_sigstore = format.is_sigstore();
    if by_identity && !is_sigstore {
        return Err(Failure::refused(
            format!("a {format} is not made with an identity"),
            "Sign as a bundle or as cosign does (--format bundle or cosign)",
        ));
    }
    // cosign's older form has no place for what version 2 answers
    let older = format == SignFormat::Cosign;
    let version = older.then_some(LogVersion::One);
    // what the config says of others is not asked of anybody
    let wanted = WantedServices {
        log: *log == LogUse::Usual,
        version,
        timestamps: timestamp.is_none(),
    };
    let from = match config {
        Some(path) if is_sigstore => {
            let bytes = needed(path, "the signing config")?;
            Endpoints::read(&bytes, wanted)
        }
        // who names an authority of their own does not mean the public log
        None if by_identity && fulcio.is_none() => Endpoints::public(wanted),
        _ => Ok(Endpoints::default()),
    };
    let from = from.map_err(|error| {
        let hint = "Give one as `cosign signing-config create` writes it";
        match config {
            Some(_) => Failure::refused(format!("the signing config: {error}"), hint),
            None => Failure::refused(format!("Sigstore’s public services: {error}"), hint),
        }
    })?;
    let endpoints = Endpoints {
        issuer: issuer.clone().or(from.issuer),
        certificates: fulcio.clone().or(from.certificates),
        log: match log {
            LogUse::Usual => from.log,
            LogUse::No => None,
            LogUse::At(address) => Some(LogEndpoint {
                address: address.clone(),
                version: LogVersion::One,
            }),
        },
        timestamps: timestamp.clone().or(from.timestamps),
    };
    if !is_sigstore && endpoints.log.is_some() {
        return Err(Failure::refused(
            format!("a {format} is in no log"),
            "Leave the log out",
        ));
    }
    if format == SignFormat::Simple && endpoints.timestamps.is_some() {
        return Err(Failure::refused(
            format!("a {format} has no timestamp"),
            "Leave the timestamp authority out",
        ));
    }
    let timestamp_roots = roots(signing, endpoints.timestamps.is_some() && !is_sigstore)?;
    check(signing, &endpoints)?;
    let audience = signing.services.client.clone();
    let asked = Asked {
        endpoints,
        audience: audience.unwrap_or_else(|| AUDIENCE.to_owned()),
        timestamp_roots,
    };
    if signing.services.trust_root.is_some() && !asked.needs_root(signing) {
        return Err(Failure::refused(
            "no service is asked whose answers a trust root would judge",
            "Leave the trust root out (--trusted-root), or name a log or a timestamp authority",
        ));
    }
    Ok(asked)
}

/// Whether the services together prove what the signer needs.
fn check(signing: &Signing, endpoints: &Endpoints) -> Result<(), Failure> {
    let by_identity = matches!(signing.by, SignBy::Identity(_));
    if by_identity && endpoints.certificates.is_none() {
        return Err(Failure::refused(
            "no certificate authority is named that certifies the identity",
            "Name one (--fulcio-url), or a signing config",
        ));
    }
    let in_browser = matches!(signing.by, SignBy::Identity(IdentityFrom::Browser));
    if in_browser && endpoints.issuer.is_none() {
        return Err(Failure::refused(
            "no identity service is named to sign in at",
            "Name one (--oidc-issuer), or a signing config",
        ));
    }
    let timeless = endpoints
        .log
        .as_ref()
        .is_none_or(|log| log.version == LogVersion::Two);
    let needs_time = by_identity || endpoints.log.is_some();
    if needs_time && timeless && endpoints.timestamps.is_none() {
        return Err(Failure::refused(
            "nothing would prove when it was signed",
            "Name a timestamp authority (--timestamp-server-url), or a log of version 1",
        ));
    }
    Ok(())
}

/// For Notation: the certificates that its timestamp has to lead to.
fn roots(signing: &Signing, wanted: bool) -> Result<Vec<Certificate>, Failure> {
    match &signing.services.timestamp_roots {
        Some(path) if wanted => {
            let what = "the timestamp authority's certificates";
            let bytes = needed(path, what)?;
            Certificate::all_from_file(&bytes).map_err(|error| {
                let shown = path.display();
                Failure::refused(format!("{what} in {shown}: {error}"), "Give them in PEM")
            })
        }
        None if wanted => Err(Failure::refused(
            "nothing says which timestamp authority is trusted",
            "Give its root certificate (--timestamp-root-cert FILE)",
        )),
        Some(_) => Err(Failure::refused(
            "root certificates for timestamps go with Notation and a timestamp authority",
            "Leave those certificates out (--timestamp-root-cert), or name the authority",
        )),
        None => Ok(Vec::new()),
    }
}

fn needed(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    let read = read_trust_file(path);
    let read = read.map_err(|error| Failure::refused(error.to_string(), "Check the path"))?;
    read.ok_or_else(|| {
        let shown = path.display();
        Failure::refused(format!("{what} {shown} is not there"), "Check the path")
    })
}
