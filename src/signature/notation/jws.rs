//! The JWS envelope: flattened JSON serialisation (RFC 7515, section 7.2.2), as
//! signature-envelope-jws.md has it.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::envelope::{
    AUTHENTIC_SIGNING_TIME, Algorithm, EXPIRY, Envelope, EnvelopeError, EnvelopeKind, PLUGIN,
    PLUGIN_PREFIX, PLUGIN_VERSION, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME, Scheme,
    TIMESTAMP_SIGNATURE, check_critical, read_chain,
};
use crate::signature::json;

/// What the envelope has.
const OUTER: &json::Members = &[
    ("", &["payload", "protected", "header", "signature"]),
    ("/header", &["x5c", SIGNING_AGENT, TIMESTAMP_SIGNATURE]),
];
/// What the protected header has; other members may be known to somebody else.
const PROTECTED: &json::Members = &[(
    "",
    &[
        "alg",
        "cty",
        "crit",
        SIGNING_SCHEME,
        SIGNING_TIME,
        AUTHENTIC_SIGNING_TIME,
        EXPIRY,
        PLUGIN,
        PLUGIN_VERSION,
    ],
)];

pub(super) fn read(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
    let outer = object(bytes, OUTER)?;
    let encoded_payload = text(&outer, "payload")?;
    let encoded_header = text(&outer, "protected")?;
    let payload = decode(encoded_payload, "payload")?;
    let header = object(&decode(encoded_header, "protected")?, PROTECTED)?;
    let signature = decode(text(&outer, "signature")?, "signature")?;
    let free = outer
        .get("header")
        .and_then(Value::as_object)
        .ok_or(EnvelopeError::Missing("header"))?;

    let name = text(&header, "alg")?;
    let algorithm =
        Algorithm::from_name(name).ok_or_else(|| EnvelopeError::Algorithm(name.to_owned()))?;
    let scheme = Scheme::from_name(text(&header, SIGNING_SCHEME)?)?;
    let critical = strings(header.get("crit"), "crit")?;
    let unknown_critical = check_critical(&critical, |name| header.contains_key(name), scheme)?;
    let expiry = match header.get(EXPIRY) {
        Some(value) => Some(time(value, EXPIRY)?),
        None => None,
    };
    let time_header = scheme.time_header();
    let signing_time = header
        .get(time_header)
        .ok_or(EnvelopeError::Missing(time_header))?;
    let plugin = header
        .iter()
        .find(|(key, _)| key.starts_with(PLUGIN_PREFIX));

    let mut ders = Vec::new();
    for encoded in strings(free.get("x5c"), "x5c")? {
        ders.push(
            BASE64_STANDARD
                .decode(encoded)
                .map_err(|_| EnvelopeError::Type {
                    what: "x5c",
                    expected: "certificates in base64",
                })?,
        );
    }
    let timestamp = match free.get(TIMESTAMP_SIGNATURE).and_then(Value::as_str) {
        Some(encoded) => {
            Some(
                BASE64_STANDARD
                    .decode(encoded)
                    .map_err(|_| EnvelopeError::Type {
                        what: TIMESTAMP_SIGNATURE,
                        expected: "a token in base64",
                    })?,
            )
        }
        None => None,
    };
    Ok(Envelope {
        kind: EnvelopeKind::Jws,
        content_type: text(&header, "cty")?.to_owned(),
        algorithm,
        scheme,
        signing_time: time(signing_time, time_header)?,
        expiry,
        unknown_critical,
        plugin: plugin.map(|(key, value)| {
            let value = value.as_str().map(ToOwned::to_owned);
            value.unwrap_or_else(|| key.clone())
        }),
        chain: read_chain(&ders)?,
        timestamp,
        agent: free
            .get(SIGNING_AGENT)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned),
        signed: format!("{encoded_header}.{encoded_payload}").into_bytes(),
        payload,
        signature,
    })
}

fn object(bytes: &[u8], known: &json::Members) -> Result<Map<String, Value>, EnvelopeError> {
    let value = json::read_as(bytes, known);
    let value = value.map_err(|why| EnvelopeError::Unreadable(why.to_string()))?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(EnvelopeError::Unreadable("it is no JSON object".to_owned())),
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, EnvelopeError> {
    let value = object.get(name).ok_or(EnvelopeError::Missing(name))?;
    value.as_str().ok_or(EnvelopeError::Type {
        what: name,
        expected: "a text",
    })
}

fn strings(value: Option<&Value>, name: &'static str) -> Result<Vec<String>, EnvelopeError> {
    let list = value
        .ok_or(EnvelopeError::Missing(name))?
        .as_array()
        .and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let list = list.ok_or(EnvelopeError::Type {
        what: name,
        expected: "a list of texts",
    })?;
    Ok(list.into_iter().map(ToOwned::to_owned).collect())
}

fn decode(encoded: &str, what: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| EnvelopeError::Type {
            what,
            expected: "base64 for URLs without padding",
        })
}

fn time(value: &Value, name: &'static str) -> Result<Timestamp, EnvelopeError> {
    let text = value.as_str().ok_or(EnvelopeError::Type {
        what: name,
        expected: "a time as text",
    })?;
    text.parse()
        .map_err(|_| EnvelopeError::Time(text.chars().take(64).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_header_in_another_case_is_refused() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(
            "tests/fixtures/signing/referrers-amd64/blobs/sha256/09bd7eac69906c2a8498e23a980d4697992ac187896c4977119b4609a9ffef88",
        );
        let good = std::fs::read(path).unwrap();
        read(&good).unwrap();
        for (name, is_refused) in [
            ("IO.cncf.notary.expiry", true),
            ("Crit", true),
            ("somebody.else", false),
        ] {
            let mut envelope: Value = serde_json::from_slice(&good).unwrap();
            let header = decode(envelope["protected"].as_str().unwrap(), "protected").unwrap();
            let mut header: Value = serde_json::from_slice(&header).unwrap();
            header[name] = "2020-01-01T00:00:00Z".into();
            let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
            envelope["protected"] = header.into();
            let why = read(envelope.to_string().as_bytes()).map_err(|why| why.to_string());
            let said = why.err().unwrap_or_default();
            assert_eq!(
                said.contains("some programs take for"),
                is_refused,
                "{name}: {said}"
            );
        }
    }
}
