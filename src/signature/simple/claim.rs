//! What is signed: the manifest's digest and the image's name.

use serde_json::{Map, Value};

use crate::model::{Digest, DigestError};
use crate::signature::json;

/// The type that every claim has.
pub const CLAIM_TYPE: &str = "atomic container signature";

/// A claim, read from bytes whose signature fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub digest: Digest,
    /// The image's name as the signer wrote it.
    pub reference: String,
    /// What made the signature, by its own word.
    pub creator: Option<String>,
    /// When, in seconds since 1970, by the signer's word.
    pub timestamp: Option<i64>,
}

/// Why bytes are no claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    #[error("what is signed cannot be read: {0}")]
    Unreadable(String),
    #[error("what is signed has no {0}")]
    Missing(&'static str),
    #[error("what is signed has {0:?} where nothing of the kind belongs")]
    Unknown(String),
    #[error("{0} of what is signed is not of the right kind")]
    Type(&'static str),
    #[error("what is signed is of the type {found:?}; {expected:?} is expected")]
    OtherType {
        expected: &'static str,
        found: String,
    },
    #[error("what is signed has a wrong digest: {0}")]
    Digest(#[from] DigestError),
}

impl Claim {
    /// Reads a claim, strictly.
    pub fn read(bytes: &[u8]) -> Result<Self, ClaimError> {
        Self::of_type(bytes, CLAIM_TYPE)
    }

    /// Reads what says the same under another type, as cosign's payload does. There `optional`
    /// may be null, and nowhere else.
    pub(in crate::signature) fn of_type(
        bytes: &[u8],
        expected: &'static str,
    ) -> Result<Self, ClaimError> {
        let value = json::read(bytes).map_err(|why| ClaimError::Unreadable(why.to_string()))?;
        let all = value.as_object().ok_or(ClaimError::Type("the whole"))?;
        only(all, &["critical", "optional"])?;
        let critical = object(all, "critical")?;
        only(critical, &["type", "image", "identity"])?;
        let kind = text(critical, "type")?;
        if kind != expected {
            let found = kind.chars().take(100).collect();
            return Err(ClaimError::OtherType { expected, found });
        }
        let image = object(critical, "image")?;
        only(image, &["docker-manifest-digest"])?;
        let identity = object(critical, "identity")?;
        only(identity, &["docker-reference"])?;
        let nothing = Map::new();
        let optional = match all.get("optional") {
            Some(Value::Null) if expected != CLAIM_TYPE => &nothing,
            _ => object(all, "optional")?,
        };
        let creator = match optional.get("creator") {
            None => None,
            Some(Value::String(creator)) => Some(creator.clone()),
            Some(_) => return Err(ClaimError::Type("creator")),
        };
        let timestamp = match optional.get("timestamp") {
            None => None,
            Some(value) => Some(whole(value).ok_or(ClaimError::Type("timestamp"))?),
        };
        Ok(Self {
            digest: text(image, "docker-manifest-digest")?.parse()?,
            reference: text(identity, "docker-reference")?.to_owned(),
            creator,
            timestamp,
        })
    }

    /// The bytes that say this.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut optional = Map::new();
        if let Some(creator) = &self.creator {
            optional.insert("creator".to_owned(), creator.clone().into());
        }
        if let Some(timestamp) = self.timestamp {
            optional.insert("timestamp".to_owned(), timestamp.into());
        }
        let claim = serde_json::json!({
            "critical": {
                "identity": { "docker-reference": self.reference },
                "image": { "docker-manifest-digest": self.digest },
                "type": CLAIM_TYPE,
            },
            "optional": optional,
        });
        claim.to_string().into_bytes()
    }
}

/// A whole number, also where it is written with a fraction of zero, as Go reads it.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        let is_exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
        is_exact.then_some(number as i64)
    })
}

fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), ClaimError> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(ClaimError::Unknown(key.chars().take(100).collect())),
        None => Ok(()),
    }
}

fn object<'a>(
    parent: &'a Map<String, Value>,
    name: &'static str,
) -> Result<&'a Map<String, Value>, ClaimError> {
    let value = parent.get(name).ok_or(ClaimError::Missing(name))?;
    value.as_object().ok_or(ClaimError::Type(name))
}

fn text<'a>(parent: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, ClaimError> {
    let value = parent.get(name).ok_or(ClaimError::Missing(name))?;
    value.as_str().ok_or(ClaimError::Type(name))
}
