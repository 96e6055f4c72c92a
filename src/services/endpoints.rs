//! Which services there are, by a signing config (Sigstore protobuf-specs,
//! `sigstore_trustroot.proto`, version 0.2).

use sigstore_verify::trust_root::{
    SIGSTORE_PRODUCTION_SIGNING_CONFIG, ServiceConfiguration, ServiceEndpoint, ServiceSelector,
    SigningConfig,
};

use crate::signature::sign::LogVersion;

use super::ServiceRole;

/// Addresses of services; nothing where none is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    pub issuer: Option<String>,
    pub certificates: Option<String>,
    pub log: Option<LogEndpoint>,
    pub timestamps: Option<String>,
}

/// A log, and which interface it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEndpoint {
    pub address: String,
    pub version: LogVersion,
}

/// What a signing config is asked for besides an issuer and an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedServices {
    pub log: bool,
    /// The version that the log has to be of; nothing for the newest.
    pub version: Option<LogVersion>,
    pub timestamps: bool,
}

impl WantedServices {
    /// All that there is.
    pub const ALL: Self = Self {
        log: true,
        version: None,
        timestamps: true,
    };
}

/// Why a signing config cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointsError {
    #[error("it is no signing config of version 0.2: {0}")]
    Form(String),
    #[error("its log speaks another version than {0}, the only one for this kind of signature")]
    Version(u32),
    #[error("it asks for {asked} of its kind of service ({role}), and one is asked here")]
    Several { role: ServiceRole, asked: String },
}

impl Endpoints {
    /// Sigstore's public instance, as it was when this program was built, read like any other
    /// signing config.
    ///
    /// # Errors
    /// Where it has not what is wanted.
    pub fn public(wanted: WantedServices) -> Result<Self, EndpointsError> {
        Self::read(SIGSTORE_PRODUCTION_SIGNING_CONFIG.as_bytes(), wanted)
    }

    /// Reads a signing config: of each kind that is wanted the service that is good now, of
    /// logs the newest version where none is wanted.
    ///
    /// # Errors
    /// Where it is none, or asks for more than one of a kind that is wanted.
    pub fn read(bytes: &[u8], wanted: WantedServices) -> Result<Self, EndpointsError> {
        let form = |why: &dyn std::fmt::Display| EndpointsError::Form(why.to_string());
        let text = std::str::from_utf8(bytes).map_err(|error| form(&error))?;
        let config = SigningConfig::from_json(text).map_err(|error| form(&error))?;
        let version = wanted.version.map(|version| match version {
            LogVersion::One => 1,
            LogVersion::Two => 2,
        });
        let logs = match wanted.log {
            true => config.eligible_rekor_urls(version),
            false => Vec::new(),
        };
        let stamps = match wanted.timestamps {
            true => config.eligible_tsa_urls(),
            false => Vec::new(),
        };
        if let Some(version) = version.filter(|_| wanted.log && logs.is_empty())
            && !config.eligible_rekor_urls(None).is_empty()
        {
            return Err(EndpointsError::Version(version));
        }
        if wanted.log {
            one(ServiceRole::Log, &config.rekor_tlog_config, &logs)?;
        }
        if wanted.timestamps {
            one(ServiceRole::Timestamps, &config.tsa_config, &stamps)?;
        }
        let url = |endpoint: Option<&ServiceEndpoint>| endpoint.map(|found| found.url.clone());
        Ok(Self {
            issuer: url(config.oidc_url()),
            certificates: url(config.fulcio_url()),
            log: logs.first().map(|log| LogEndpoint {
                address: log.url.clone(),
                version: match log.major_api_version {
                    2 => LogVersion::Two,
                    _ => LogVersion::One,
                },
            }),
            timestamps: url(stamps.first().copied()),
        })
    }
}

/// Whether asking one service is what the config asks for.
fn one(
    role: ServiceRole,
    asked: &ServiceConfiguration,
    there: &[&ServiceEndpoint],
) -> Result<(), EndpointsError> {
    let several = |asked: String| Err(EndpointsError::Several { role, asked });
    match (asked.selector, asked.count) {
        (ServiceSelector::Any, _) => Ok(()),
        (ServiceSelector::Exact, None | Some(0 | 1)) => Ok(()),
        (ServiceSelector::Exact, Some(count)) => several(count.to_string()),
        (ServiceSelector::All, _) if there.len() <= 1 => Ok(()),
        (ServiceSelector::All, _) => several(format!("all {}", there.len())),
        // cosign writes this where a kind is not asked at all
        _ if there.is_empty() => Ok(()),
        _ => several("an unknown number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn config(selector: Value, logs: &[u32]) -> String {
        let logs: Vec<_> = logs
            .iter()
            .map(|version| {
                json!({
                    "url": format!("https://log{version}.example.com"), "majorApiVersion": version,
                    "validFor": {"start": "2020-01-01T00:00:00Z"}, "operator": "example.com",
                })
            })
            .collect();
        json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "rekorTlogUrls": logs, "rekorTlogConfig": selector,
        })
        .to_string()
    }

    fn of(version: Option<LogVersion>) -> WantedServices {
        WantedServices {
            version,
            ..WantedServices::ALL
        }
    }

    #[test]
    fn the_newest_log_is_taken_or_the_version_that_is_asked_for() {
        let any = config(json!({"selector": "ANY"}), &[1, 2]);
        let log = |version| {
            Endpoints::read(any.as_bytes(), of(version))
                .unwrap()
                .log
                .unwrap()
        };
        assert_eq!(log(None).version, LogVersion::Two);
        assert_eq!(
            log(Some(LogVersion::One)).address,
            "https://log1.example.com"
        );
        let second = config(json!({"selector": "ANY"}), &[2]);
        let read = Endpoints::read(second.as_bytes(), of(Some(LogVersion::One)));
        assert_eq!(read, Err(EndpointsError::Version(1)));
    }

    #[test]
    fn of_the_public_instance_only_what_is_wanted_is_asked() {
        let public = |wanted| Endpoints::public(wanted).unwrap();
        let all = public(WantedServices::ALL);
        assert!(all.certificates.is_some() && all.issuer.is_some() && all.timestamps.is_some());
        let first = public(of(Some(LogVersion::One)));
        assert_eq!(first.log.unwrap().version, LogVersion::One);
        // it has none of version 2: that is said, and no other is taken
        let second = Endpoints::public(of(Some(LogVersion::Two)));
        assert_eq!(second, Err(EndpointsError::Version(2)));
        let none = public(WantedServices {
            log: false,
            version: None,
            timestamps: false,
        });
        assert_eq!((none.log, none.timestamps), (None, None));
        assert!(none.certificates.is_some());
    }

    #[test]
    fn more_than_one_of_a_kind_is_not_silently_made_one() {
        for selector in [
            json!({"selector": "ALL"}),
            json!({"selector": "EXACT", "count": 2}),
            json!({"selector": "SERVICE_SELECTOR_UNDEFINED"}),
        ] {
            let config = config(selector.clone(), &[1, 2]);
            let read = Endpoints::read(config.as_bytes(), WantedServices::ALL);
            assert!(
                matches!(read, Err(EndpointsError::Several { .. })),
                "{selector}"
            );
            // where no log is asked, it does not matter how many there are
            let without = WantedServices {
                log: false,
                ..WantedServices::ALL
            };
            let read = Endpoints::read(config.as_bytes(), without).unwrap();
            assert_eq!(read.log, None, "{selector}");
        }
        for broken in ["", "{}", "[]", "\u{0}"] {
            assert!(
                Endpoints::read(broken.as_bytes(), WantedServices::ALL).is_err(),
                "{broken:?}"
            );
        }
    }
}
