//! The checks of one OpenPGP signature.

use jiff::Timestamp;

use super::claim::Claim;
use super::identity::SignedIdentity;
use super::keyring::{Keyring, Objection};
use super::message::{MessageError, open};
use crate::signature::{Authenticated, Check, CheckKind, SignerFacts, Subject};

/// Whose signature is asked for, and for which name.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    pub keys: &'a Keyring,
    pub identity: &'a SignedIdentity,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Verified {
    pub checks: Vec<Check>,
    /// Who signed, where every check passed.
    pub authenticated: Option<Authenticated>,
}

/// Checks an OpenPGP message for `subject`. Without trust there is no key to check it with,
/// and so nothing to say. `now` is the time of the verification.
pub fn verify(
    subject: &Subject,
    bytes: &[u8],
    trust: Option<Trust<'_>>,
    now: Timestamp,
) -> Verified {
    let only = |check: Check| Verified {
        checks: vec![check],
        authenticated: None,
    };
    let Some(trust) = trust else {
        return only(Check::not_checked(
            CheckKind::Key,
            "an OpenPGP signature can only be checked with the signer's key",
        ));
    };
    let expected = trust.keys.fingerprints().join(", ");
    let opened = match open(bytes, trust.keys, now) {
        Ok(opened) => opened,
        Err(why) => {
            return only(refused(&why, expected));
        }
    };
    let mut checks = vec![
        Check::passed(CheckKind::Signature, "the signature fits the signed bytes"),
        Check::passed(CheckKind::Key, "one of the accepted keys signed")
            .compared(expected, &opened.fingerprint),
        Check::passed(
            CheckKind::Expiry,
            "neither the signature nor its key has expired",
        ),
    ];
    let failed = |mut checks: Vec<Check>, check| {
        checks.push(check);
        Verified {
            checks,
            authenticated: None,
        }
    };
    let claim = match Claim::read(&opened.content) {
        Ok(claim) => claim,
        Err(why) => return failed(checks, Check::failed(CheckKind::Form, why.to_string())),
    };
    checks.insert(0, Check::passed(CheckKind::Form, "the message can be read"));
    if claim.digest != subject.digest {
        let check = Check::failed(CheckKind::Subject, "another manifest is signed")
            .compared(subject.digest.to_string(), claim.digest.to_string());
        return failed(checks, check);
    }
    checks.push(
        Check::passed(CheckKind::Subject, "this manifest is signed")
            .found(claim.digest.to_string()),
    );
    let name = trust
        .identity
        .judge(subject.reference.as_ref(), Some(&claim.reference));
    if name.is_failed() {
        return failed(checks, name);
    }
    checks.push(name);
    let mut details = vec![("Signed name".to_owned(), claim.reference)];
    if let Some(user) = opened.user {
        details.push(("Key's user, by its own word".to_owned(), user));
    }
    if let Some(created) = opened.created {
        let label = "Signed, by the signer's word".to_owned();
        details.push((label, created.to_string()));
    }
    if let Some(creator) = claim.creator {
        details.push(("Made by, by its own word".to_owned(), creator));
    }
    Verified {
        checks,
        authenticated: Some(Authenticated {
            signer: SignerFacts::OpenPgp {
                fingerprint: opened.fingerprint,
            },
            times: Vec::new(),
            predicate_type: None,
            details,
        }),
    }
}

/// Why the message is not accepted, as a check.
fn refused(why: &MessageError, expected: String) -> Check {
    let check = |kind| Check::failed(kind, why.to_string());
    match why {
        MessageError::Unreadable(_)
        | MessageError::NotSigned
        | MessageError::Signatures(_)
        | MessageError::TooLarge
        | MessageError::Kind
        | MessageError::Critical => check(CheckKind::Form),
        // it may be a good one
        MessageError::Compression => Check::not_checked(CheckKind::Form, why.to_string()),
        MessageError::Weak(_) => check(CheckKind::Signature),
        MessageError::Expired => check(CheckKind::Expiry),
        MessageError::Future => {
            check(CheckKind::Validity).summed_up("the signature was made in the future")
        }
        MessageError::BeforeKey { .. } => {
            check(CheckKind::Validity).summed_up("the signature is dated before its key was made")
        }
        MessageError::UnknownKey => Check {
            expected: Some(expected),
            ..check(CheckKind::Key)
        },
        MessageError::KeyRefused { objection, .. } => {
            let kind = match objection {
                Objection::Revoked | Objection::SubkeyRevoked => CheckKind::Revocation,
                Objection::Expired | Objection::SubkeyExpired => CheckKind::Expiry,
                _ => CheckKind::Key,
            };
            check(kind).summed_up(objection.to_string())
        }
    }
}
