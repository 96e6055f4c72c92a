//! Sigstore's services in the test's own process, on loopback: an issuer of identities, a
//! certificate authority with its log, a timestamp authority, a transparency log; obedient,
//! and faulty on request. That they are what they say is shown by cosign and notation, which
//! accept what they vouch for.

pub mod der;
mod fulcio;
mod issuer;
mod rekor;
mod tsa;
mod web;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use der::{Key, pem};
use fulcio::Fulcio;
use issuer::Issuer;
pub use issuer::{claims, token};
use rekor::Rekor;
use tsa::Tsa;

/// The only one whom the issuer knows.
pub const EMAIL: &str = "release@example.com";

const JSON: &str = "application/json";

/// What a service does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    SilentIssuer,
    OtherIssuer,
    SignInRefused,
    OtherTokenNonce,
    OtherAudience,
    SilentAuthority,
    AuthorityRefuses,
    OtherKey,
    OtherName,
    OtherClock,
    OtherAuthority,
    NotLogged,
    OtherCertificateLog,
    SilentTimestamps,
    TimestampsRefuse,
    OtherNonce,
    OtherImprint,
    OtherTimestamps,
    SilentLog,
    LogRefuses,
    OtherEntry,
    ForgedPromise,
    LogInFuture,
}

/// What a service does wrong a few times, before it does what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stumble {
    /// Hangs up on a question.
    HangUp,
    /// Does what it is asked for and hangs up all the same.
    DoAndHangUp,
    /// Answers this status, and with 429 and 503 when to come again.
    Say(u16, &'static str),
}

/// The services.
pub struct Sigstore {
    pub issuer: String,
    pub fulcio: String,
    pub rekor: String,
    pub rekor_v2: String,
    pub tsa: String,
    inner: Arc<Inner>,
}

struct Inner {
    fulcio: Fulcio,
    rekor: Rekor,
    rekor_v2: Rekor,
    tsa: Tsa,
    issuer: Issuer,
    fault: Mutex<Fault>,
    /// Everything that was sent to them.
    seen: Mutex<Vec<Vec<u8>>>,
    /// How often each was asked, by its address.
    asked: Mutex<HashMap<String, usize>>,
    /// What each does wrong next.
    stumbles: Mutex<HashMap<String, VecDeque<Stumble>>>,
}

impl Sigstore {
    pub fn start() -> Self {
        let inner = Arc::new(Inner {
            fulcio: Fulcio::new(),
            rekor: Rekor::new("rekor.localhost", " - 7"),
            rekor_v2: Rekor::new("log.localhost", ""),
            tsa: Tsa::new(),
            issuer: Issuer::default(),
            fault: Mutex::default(),
            seen: Mutex::default(),
            asked: Mutex::default(),
            stumbles: Mutex::default(),
        });
        let serve = |answer: fn(&Inner, &web::Question, &str, Fault) -> web::Answer| {
            let inner = Arc::clone(&inner);
            let own = Arc::new(Mutex::new(String::new()));
            let shared = Arc::clone(&own);
            let address = web::serve(move |question| {
                let fault = *inner.fault.lock().unwrap();
                inner.seen.lock().unwrap().push(question.body.clone());
                let own = shared.lock().unwrap().clone();
                *inner.asked.lock().unwrap().entry(own.clone()).or_default() += 1;
                let mut stumbles = inner.stumbles.lock().unwrap();
                let stumble = stumbles.get_mut(&own).and_then(VecDeque::pop_front);
                drop(stumbles);
                let hang_up = Some((0, "", Vec::new()));
                match stumble {
                    None => answer(&inner, question, &own, fault),
                    Some(Stumble::HangUp) => hang_up,
                    Some(Stumble::DoAndHangUp) => {
                        answer(&inner, question, &own, fault);
                        hang_up
                    }
                    Some(Stumble::Say(status, when)) => Some((status, JSON, when.into())),
                }
            });
            own.lock().unwrap().clone_from(&address);
            address
        };
        Self {
            issuer: serve(|inner, question, own, fault| inner.issuer.answer(question, own, fault)),
            fulcio: serve(|inner, question, _, fault| inner.fulcio.answer(question, fault)),
            rekor: serve(|inner, question, _, fault| inner.rekor.answer(question, fault)),
            rekor_v2: serve(|inner, question, _, fault| inner.rekor_v2.answer(question, fault)),
            tsa: serve(|inner, question, _, fault| inner.tsa.answer(question, fault)),
            inner,
        }
    }

    /// Does this wrong from now on.
    pub fn fault(&self, fault: Fault) {
        *self.inner.fault.lock().unwrap() = fault;
    }

    /// The service at this address stumbles this often.
    pub fn stumble(&self, address: &str, times: usize, stumble: Stumble) {
        let mut stumbles = self.inner.stumbles.lock().unwrap();
        stumbles.insert(address.to_owned(), vec![stumble; times].into());
    }

    /// How often the service at this address was asked.
    pub fn asked(&self, address: &str) -> usize {
        let asked = self.inner.asked.lock().unwrap();
        asked.get(address).copied().unwrap_or_default()
    }

    /// How many entries the log has, of either version.
    pub fn entries(&self) -> usize {
        self.inner.rekor.entries() + self.inner.rekor_v2.entries()
    }

    /// Whether any of the services was sent this.
    pub fn saw(&self, text: &str) -> bool {
        let seen = self.inner.seen.lock().unwrap();
        let mut bodies = seen.iter();
        bodies.any(|body| String::from_utf8_lossy(body).contains(text))
    }

    /// How often any of the services was asked.
    pub fn questions(&self) -> usize {
        self.inner.seen.lock().unwrap().len()
    }

    /// A token for the only one whom the issuer knows.
    pub fn token(&self) -> String {
        token(&claims(&self.issuer))
    }

    /// `trusted_root.json` for them.
    pub fn trusted_root(&self) -> Value {
        let Inner {
            fulcio,
            rekor,
            rekor_v2,
            tsa,
            ..
        } = &*self.inner;
        let time = json!({"start": "2020-01-01T00:00:00Z"});
        let chain = |name: &str, list: &[&[u8]]| {
            let certificates: Vec<_> = list
                .iter()
                .map(|der| json!({"rawBytes": BASE64_STANDARD.encode(der)}))
                .collect();
            json!({
                "subject": {"organization": "example.com", "commonName": name},
                "uri": "https://services.example.com",
                "certChain": {"certificates": certificates}, "validFor": time,
            })
        };
        let log = |key: &Key, address: &str| {
            json!({
                "baseUrl": address, "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": BASE64_STANDARD.encode(&key.spki),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": time,
                },
                "logId": {"keyId": BASE64_STANDARD.encode(key.id())},
            })
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&rekor.key, "https://rekor.localhost"), log(&rekor_v2.key, "https://log.localhost")],
            "certificateAuthorities": [chain(
                "identities",
                &[&fulcio.authority.certificate, &fulcio.root.certificate],
            )],
            "ctlogs": [log(&fulcio.log, "https://ctlog.localhost")],
            "timestampAuthorities": [chain(
                "timestamps",
                &[&tsa.certificate, &tsa.root.certificate],
            )],
        })
    }

    /// `signing_config.json` for them, with the log of this version.
    pub fn signing_config(&self, version: u8) -> Value {
        let at = |address: &str, version: u8| {
            json!([{
                "url": address, "majorApiVersion": version, "operator": "example.com",
                "validFor": {"start": "2020-01-01T00:00:00Z"},
            }])
        };
        let log = match version {
            1 => at(&self.rekor, 1),
            _ => at(&self.rekor_v2, 2),
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": at(&self.fulcio, 1), "oidcUrls": at(&self.issuer, 1),
            "rekorTlogUrls": log, "tsaUrls": at(&self.tsa, 1),
            "rekorTlogConfig": {"selector": "ANY"}, "tsaConfig": {"selector": "ANY"},
        })
    }

    /// The root of the timestamp authority, in PEM.
    pub fn timestamp_root(&self) -> String {
        pem("CERTIFICATE", &self.inner.tsa.root.certificate)
    }
}
