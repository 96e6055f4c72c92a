//! The COSE envelope: a tagged Sign1 (RFC 9052, section 4.2), as
//! signature-envelope-cose.md has it.

use coset::cbor::value::Value;
use coset::iana::{self, EnumI64};
use coset::{
    CoseSign1, Label, RegisteredLabel, RegisteredLabelWithPrivate, TaggedCborSerializable,
};
use jiff::Timestamp;

use super::envelope::{
    Algorithm, EXPIRY, Envelope, EnvelopeError, EnvelopeKind, PLUGIN_PREFIX, SIGNING_AGENT,
    SIGNING_SCHEME, Scheme, TIMESTAMP_SIGNATURE, check_critical, read_chain,
};

pub(super) fn read(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
    let unreadable = |why: coset::CoseError| EnvelopeError::Unreadable(why.to_string());
    let message = CoseSign1::from_tagged_slice(bytes).map_err(unreadable)?;
    let signed = message.tbs_data(b"");
    let header = &message.protected.header;
    let find = |name: &str| {
        let found = header.rest.iter().find(|(label, _)| is_named(label, name));
        found.map(|(_, value)| value)
    };
    let scheme = find(SIGNING_SCHEME).ok_or(EnvelopeError::Missing(SIGNING_SCHEME))?;
    let scheme = Scheme::from_name(scheme.as_text().ok_or(EnvelopeError::Type {
        what: SIGNING_SCHEME,
        expected: "a text",
    })?)?;
    let critical: Vec<String> = header.crit.iter().map(critical_name).collect();
    let is_present = |name: &str| match name.parse::<i64>() {
        // what coset takes out of the map, and what it leaves there
        Ok(1) => header.alg.is_some(),
        Ok(2) => true,
        Ok(3) => header.content_type.is_some(),
        Ok(number) => header
            .rest
            .iter()
            .any(|(label, _)| *label == Label::Int(number)),
        Err(_) => find(name).is_some(),
    };
    let unknown_critical = check_critical(&critical, is_present, scheme)?
        .into_iter()
        // the algorithm and the content type are known, be they marked or not
        .filter(|name| !matches!(name.as_str(), "1" | "3"))
        .collect();
    let expiry = match find(EXPIRY) {
        Some(value) => Some(time(value, EXPIRY)?),
        None => None,
    };
    let time_header = scheme.time_header();
    let signing_time = find(time_header).ok_or(EnvelopeError::Missing(time_header))?;
    let plugin = header.rest.iter().find_map(|(label, value)| match label {
        Label::Text(name) if name.starts_with(PLUGIN_PREFIX) => {
            Some(value.as_text().unwrap_or(name).to_owned())
        }
        _ => None,
    });
    let content_type = match &header.content_type {
        Some(RegisteredLabel::Text(text)) => text.clone(),
        Some(RegisteredLabel::Assigned(_)) => {
            return Err(EnvelopeError::Type {
                what: "content type",
                expected: "a text",
            });
        }
        None => return Err(EnvelopeError::Missing("content type")),
    };
    let algorithm = algorithm(header.alg.as_ref())?;
    let free = |name: &str| {
        let rest = &message.unprotected.rest;
        rest.iter()
            .find(|(label, _)| is_named(label, name))
            .map(|(_, value)| value)
    };
    Ok(Envelope {
        kind: EnvelopeKind::Cose,
        content_type,
        algorithm,
        scheme,
        signing_time: time(signing_time, time_header)?,
        expiry,
        unknown_critical,
        plugin,
        chain: read_chain(&chain(&message.unprotected.rest)?)?,
        timestamp: free(TIMESTAMP_SIGNATURE).and_then(Value::as_bytes).cloned(),
        agent: free(SIGNING_AGENT)
            .and_then(Value::as_text)
            .map(ToOwned::to_owned),
        payload: message.payload.ok_or(EnvelopeError::Missing("payload"))?,
        signature: message.signature,
        signed,
    })
}

fn is_named(label: &Label, name: &str) -> bool {
    matches!(label, Label::Text(text) if text == name)
}

fn critical_name(label: &RegisteredLabelWithPrivate<iana::HeaderParameter>) -> String {
    match label {
        RegisteredLabelWithPrivate::Text(text) => text.clone(),
        RegisteredLabelWithPrivate::Assigned(known) => known.to_i64().to_string(),
        RegisteredLabelWithPrivate::PrivateUse(number) => number.to_string(),
    }
}

fn algorithm(
    written: Option<&RegisteredLabelWithPrivate<iana::Algorithm>>,
) -> Result<Algorithm, EnvelopeError> {
    let known = match written.ok_or(EnvelopeError::Missing("alg"))? {
        RegisteredLabelWithPrivate::Assigned(known) => *known,
        other => return Err(EnvelopeError::Algorithm(format!("{other:?}"))),
    };
    Ok(match known {
        iana::Algorithm::PS256 => Algorithm::Ps256,
        iana::Algorithm::PS384 => Algorithm::Ps384,
        iana::Algorithm::PS512 => Algorithm::Ps512,
        iana::Algorithm::ES256 => Algorithm::Es256,
        iana::Algorithm::ES384 => Algorithm::Es384,
        iana::Algorithm::ES512 => Algorithm::Es512,
        other => return Err(EnvelopeError::Algorithm(format!("{other:?}"))),
    })
}

/// `x5chain` (RFC 9360): one certificate, or a list of them.
fn chain(header: &[(Label, Value)]) -> Result<Vec<Vec<u8>>, EnvelopeError> {
    let label = Label::Int(iana::HeaderParameter::X5Chain as i64);
    let found = header.iter().find(|(found, _)| *found == label);
    let wrong = || EnvelopeError::Type {
        what: "x5chain",
        expected: "a list of certificates",
    };
    match found.map(|(_, value)| value) {
        Some(Value::Bytes(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(list)) => list
            .iter()
            .map(|entry| entry.as_bytes().cloned().ok_or_else(wrong))
            .collect(),
        Some(_) => Err(wrong()),
        None => Err(EnvelopeError::Missing("certificate chain")),
    }
}

/// A time is tag 1 around whole seconds since 1970.
fn time(value: &Value, what: &'static str) -> Result<Timestamp, EnvelopeError> {
    let wrong = || EnvelopeError::Type {
        what,
        expected: "a time of tag 1 in whole seconds",
    };
    let (tag, inner) = value.as_tag().ok_or_else(wrong)?;
    if tag != 1 {
        return Err(wrong());
    }
    let seconds = inner.as_integer().ok_or_else(wrong)?;
    let seconds = i64::try_from(i128::from(seconds)).map_err(|_| wrong())?;
    Timestamp::from_second(seconds).map_err(|_| EnvelopeError::Time(seconds.to_string()))
}
