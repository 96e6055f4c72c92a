//! Faults: what went wrong with one exchange, and whether trying again can help.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use crate::config::SettingsError;
use crate::transport::Problem;

/// What went wrong with one exchange.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) problem: Problem,
    pub(super) again: Again,
    /// The status of the answer, where it was one of the registry's.
    pub(super) status: Option<u16>,
    /// Error codes of the distribution specification that the answer held.
    pub(super) codes: Vec<String>,
    /// What was asked and by whom, where that is known.
    pub(super) told: Option<Box<Told>>,
    /// The other side was reached and speaks something else than TLS.
    pub(super) not_tls: bool,
    /// Whether the request may have reached the other side: it may have done what it was
    /// asked for. Only what is known to have come before the sending says no.
    pub(super) sent: bool,
}

/// What is known of a request that failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The right that it takes, for people: "pull from team/app".
    pub(super) right: Option<String>,
    /// The host that was asked.
    pub(super) host: Option<String>,
    /// The host of an address that a manifest names, where that was asked and no registry.
    pub(super) elsewhere: Option<String>,
    /// What to try, where that is known better here than from the problem alone.
    pub(super) advice: Option<String>,
    /// What else there is to know: whose credentials were shown, which limit was reached.
    pub(super) details: Vec<String>,
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It would be the same.
    Never,
    /// Yes, after a pause.
    Soon,
    /// Yes, after the pause that the registry asked for.
    After(Duration),
}

impl Fault {
    /// One that trying again does not mend.
    pub(super) const fn lasting(problem: Problem) -> Self {
        Self::new(problem, Again::Never)
    }

    /// One that may be gone soon.
    pub(super) const fn passing(problem: Problem) -> Self {
        Self::new(problem, Again::Soon)
    }

    pub(super) const fn new(problem: Problem, again: Again) -> Self {
        Self {
            problem,
            again,
            status: None,
            codes: Vec::new(),
            told: None,
            not_tls: false,
            sent: true,
        }
    }

    /// It came before anything of the request was sent.
    pub(super) fn unsent(self) -> Self {
        Self {
            sent: false,
            ..self
        }
    }

    /// Whether the other side said that it put the request off without looking at it (RFC
    /// 6585, section 4; RFC 9110, section 15.6.4).
    pub(super) const fn is_put_off(&self) -> bool {
        match self.problem {
            Problem::RateLimited { .. } => true,
            Problem::Server { status: 503, .. } => matches!(self.again, Again::After(_)),
            _ => false,
        }
    }

    /// What is known of the request, to be added to.
    pub(super) fn told(&mut self) -> &mut Told {
        self.told.get_or_insert_default()
    }

    /// Whether nobody answered where the host should be.
    pub(super) const fn is_unreachable(&self) -> bool {
        matches!(self.problem, Problem::Unreachable { .. })
    }

    /// An answer that is not what the protocol says.
    pub(super) fn protocol(why: impl Into<String>) -> Self {
        Self::lasting(Problem::Protocol { why: why.into() })
    }

    /// No answer in time.
    pub(super) const fn timeout(doing: &'static str, limit: Duration) -> Self {
        // a limit of a part of a second is still told as a second
        let seconds = if limit.as_secs() == 0 {
            1
        } else {
            limit.as_secs()
        };
        Self::lasting(Problem::Timeout { doing, seconds })
    }

    /// From an error of the connection, before or behind the head of the answer.
    /// `connecting` is the longest wait for a connection.
    pub(super) fn connection(error: &reqwest::Error, connecting: Duration) -> Self {
        let fault = Self::of_connection(error, connecting);
        // names, connections and the greeting of TLS come before the request
        match error.is_connect() || error.is_builder() {
            true => fault.unsent(),
            false => fault,
        }
    }

    fn of_connection(error: &reqwest::Error, connecting: Duration) -> Self {
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::tls(tls);
        }
        if let Some(alert) = alert_text(error) {
            return Self::lasting(alert_received(&alert));
        }
        if error.is_timeout() && error.is_connect() {
            return Self::timeout("connecting", connecting);
        }
        let os = find::<io::Error>(error).map(io::Error::kind);
        if error.is_connect() {
            let ended = matches!(
                os,
                Some(
                    io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::BrokenPipe
                )
            );
            let why = if error.is_dns() {
                format!("the host name is not known ({})", innermost(error))
            } else if ended {
                "the other side hung up during the TLS handshake".to_owned()
            } else {
                match os {
                    Some(io::ErrorKind::ConnectionRefused) => {
                        "connection refused, nothing listens there".to_owned()
                    }
                    Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
                        "the network has no way to the host".to_owned()
                    }
                    _ => innermost(error),
                }
            };
            return Self {
                // whoever hangs up on a TLS greeting does not speak TLS
                not_tls: ended,
                ..Self::lasting(Problem::Unreachable { why })
            };
        }
        if error.is_builder() {
            return Self::lasting(Problem::Address {
                why: innermost(error),
            });
        }
        Self::passing(Problem::BrokenOff {
            why: innermost(error),
        })
    }

    fn tls(error: &rustls::Error) -> Self {
        use rustls::Error as Tls;
        let problem = match error {
            Tls::InvalidCertificate(error) => Problem::Certificate {
                why: certificate(error),
            },
            Tls::AlertReceived(alert) => alert_received(&format!("{alert:?}")),
            Tls::InvalidMessage(_) => {
                return Self {
                    not_tls: true,
                    ..Self::lasting(Problem::Address {
                        why: "the host answers without TLS, and plain http is not allowed for it"
                            .to_owned(),
                    })
                };
            }
            other => Problem::Unreachable {
                why: format!("TLS failed: {other}"),
            },
        };
        Self::lasting(problem)
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::lasting(problem)
    }
}

impl From<SettingsError> for Fault {
    fn from(error: SettingsError) -> Self {
        Self::lasting(Problem::Settings {
            path: error.path.display().to_string(),
            why: error.why,
        })
    }
}

/// What rustls puts before the name of an alert.
const ALERT: &str = "received fatal alert: ";

/// The name of the TLS alert in `error`: HTTP/2 hands on no more than the text of it.
fn alert_text(error: &reqwest::Error) -> Option<String> {
    let text = find::<io::Error>(error)?.to_string();
    text.strip_prefix(ALERT).map(ToOwned::to_owned)
}

/// What an alert of the other side means, by its name. Those about certificates are about
/// ours: it comes after we took theirs.
fn alert_received(name: &str) -> Problem {
    match name {
        "CertificateRequired" => Problem::ClientCertificate {
            why: "none was shown to it".to_owned(),
        },
        "BadCertificate"
        | "UnknownCA"
        | "CertificateUnknown"
        | "CertificateExpired"
        | "CertificateRevoked"
        | "UnsupportedCertificate"
        | "AccessDenied" => Problem::ClientCertificate {
            why: format!("it refused with the TLS alert {name}"),
        },
        other => Problem::Unreachable {
            why: format!("the other side ended TLS with the alert {other}"),
        },
    }
}

/// What is wrong with a certificate, for people.
fn certificate<'a>(error: &'a CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "nobody known here has signed it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock right?".to_owned()
        }
        CertificateError::NotValidForName => "it is for another host".to_owned(),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            // rustls writes each as `DnsName("registry.example.com")`
            let name = |text: &'a String| text.split('"').nth(1).unwrap_or(text);
            let presented: Vec<_> = presented.iter().take(4).map(name).collect();
            let expected = expected.to_str();
            if presented.is_empty() {
                format!("it names no host, and {expected} was asked")
            } else {
                format!(
                    "it is for {}, and {expected} was asked",
                    presented.join(", ")
                )
            }
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        CertificateError::BadEncoding => "it cannot be read".to_owned(),
        other => other.to_string(),
    }
}

/// The cause of type `E` under `error`, looking into what an I/O error wraps, too.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            // an I/O error that only wraps another one is not the cause
            let wraps = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
                .and_then(|inner| find::<E>(inner));
            return Some(wraps.unwrap_or(found));
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The innermost cause as text. The outer ones would show the address with its query,
/// and that can hold a signature that opens a storage.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &(dyn Error + 'static) = match error.source() {
        Some(source) => source,
        None => return "the request failed".to_owned(),
    };
    loop {
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        cause = match (wrapped, cause.source()) {
            (Some(inner), _) => inner,
            (None, Some(source)) => source,
            (None, None) => return cause.to_string(),
        };
    }
}
