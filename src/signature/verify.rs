//! Verifies one thing that was found, by what it is.

use std::sync::Arc;

use jiff::Timestamp;

use super::found::{Format, Found, Subject};
use super::report::SignatureReport;
use super::trust::{SignedBy, Signer, Trust};
use super::{Authenticated, Check, CheckKind};
use super::{notation, sigstore, simple};

/// Verifies `found` as something about `subject`, by whom `trust` names; `now` is the time
/// of the verification.
pub fn verify(
    found: &Arc<Found>,
    subject: &Subject,
    trust: &Trust,
    now: Timestamp,
) -> SignatureReport {
    match found.format {
        Format::Cosign | Format::CosignAttestation | Format::SigstoreBundle => {
            sigstore::verify(found, subject, trust)
        }
        Format::NotationJws | Format::NotationCose => by_notation(found, subject, trust, now),
        Format::SimpleSigning => by_openpgp(found, subject, trust, now),
        Format::UnsignedStatement | Format::UnsignedDocument => report(
            found,
            vec![Check::not_checked(CheckKind::Signature, "nobody signed it")],
            None,
            Vec::new(),
        ),
        Format::Unknown => SignatureReport::failed(
            Arc::clone(found),
            Check::failed(CheckKind::Form, "it is no signature of a known format"),
        ),
    }
}

/// Each signer of Notation judges by its own stores; the first that accepts it decides,
/// else the one that came nearest.
fn by_notation(
    found: &Arc<Found>,
    subject: &Subject,
    trust: &Trust,
    now: Timestamp,
) -> SignatureReport {
    let media_type = found.raw.media_type().as_str();
    let bytes = found.raw.bytes();
    let mut nearest: Option<SignatureReport> = None;
    for (signer, own) in trust.signers.iter().filter_map(notation_of) {
        let trust = notation::Trust {
            statement: &own.statement,
            store: &own.store,
        };
        let verified = notation::verify(subject, media_type, bytes, Some(trust), now);
        let accepts = verified.accepted_by.map(|_| signer.name.clone());
        let accepts: Vec<_> = accepts.into_iter().collect();
        let done = !accepts.is_empty();
        let one = report(found, verified.checks, verified.authenticated, accepts);
        if done {
            return one;
        }
        nearest = Some(match nearest.take() {
            Some(other) if other.nearness() >= one.nearness() => other,
            _ => one,
        });
    }
    nearest.unwrap_or_else(|| {
        // a certificate that nobody vouches for names nobody: who signed stays a claim
        let verified = notation::verify(subject, media_type, bytes, None, now);
        report(found, verified.checks, None, Vec::new())
    })
}

fn notation_of(signer: &Signer) -> Option<(&Signer, &super::trust::NotationTrust)> {
    match &signer.by {
        SignedBy::Notation(own) => Some((signer, own)),
        _ => None,
    }
}

/// As [`by_notation`], by OpenPGP keys.
fn by_openpgp(
    found: &Arc<Found>,
    subject: &Subject,
    trust: &Trust,
    now: Timestamp,
) -> SignatureReport {
    let bytes = found.raw.bytes();
    let mut nearest: Option<SignatureReport> = None;
    let rings = || {
        trust.signers.iter().filter_map(|signer| match &signer.by {
            SignedBy::OpenPgp(keys) => Some((signer, &**keys)),
            _ => None,
        })
    };
    for (signer, keys) in rings() {
        // a key that one file has revoked is revoked, though another has an older copy of it
        let keys = &*keys.informed_by(rings().map(|(_, other)| other));
        let identity = signer.signed_name.clone().unwrap_or_default();
        let trust = simple::Trust {
            keys,
            identity: &identity,
        };
        let verified = simple::verify(subject, bytes, Some(trust), now);
        let accepts = verified.authenticated.as_ref().map(|_| signer.name.clone());
        let accepts: Vec<_> = accepts.into_iter().collect();
        let done = !accepts.is_empty();
        let one = report(found, verified.checks, verified.authenticated, accepts);
        if done {
            return one;
        }
        nearest = Some(match nearest.take() {
            Some(other) if other.nearness() >= one.nearness() => other,
            _ => one,
        });
    }
    nearest.unwrap_or_else(|| {
        let verified = simple::verify(subject, bytes, None, now);
        report(found, verified.checks, None, Vec::new())
    })
}

fn report(
    found: &Arc<Found>,
    checks: Vec<Check>,
    authenticated: Option<Authenticated>,
    accepts: Vec<String>,
) -> SignatureReport {
    SignatureReport {
        found: Arc::clone(found),
        checks,
        authenticated,
        accepts,
    }
}
