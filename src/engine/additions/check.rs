//! Reading back what was written, as anybody else would find it, and verifying it.

use std::sync::Arc;

use futures_util::StreamExt;

use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::model::{Algorithm, Annotations, CosignTag, Digest, MediaType, RawDocument};
use crate::referrers::{Manifests, ReferrerTree, Search, search};
use crate::signature::notation;
use crate::signature::sign::{Proof, Signatory};
use crate::signature::sigstore::{self, IdentityRule, Pattern};
use crate::signature::simple::{self, Claim, Keyring};
use crate::signature::{
    CheckKind, Discovery, Format, Found, Judgement, Outcome, Place, SignedBy, Statement, Subject,
    Trust, discover,
};
use crate::transport::{self, Source, describe_referrer};

use super::make::{Made, carried};
use super::plan::{Deed, Prepared};
use super::request::{PlannedPiece, WrittenPiece};
use super::signer::{Ready, Signer};

/// What refers to the manifest with this digest.
pub(super) async fn referrers(source: &Arc<dyn Source>, subject: &Digest) -> ReferrerTree {
    let mut trees = search(Search {
        source: Arc::clone(source),
        manifests: Arc::new(Arc::clone(source)) as Arc<dyn Manifests>,
        subject: subject.clone(),
        in_index: Vec::new(),
        listed: None,
    });
    let mut last = ReferrerTree::empty(subject.clone());
    while let Some(tree) = trees.next().await {
        last = tree;
    }
    last
}

/// Reads a piece back. Gives how it was found.
///
/// # Errors
/// Where it is not found, or does not verify: then it is there all the same.
pub(super) async fn read_back(
    shared: &Shared,
    prepared: &Prepared,
    piece: &PlannedPiece,
    made: &Made,
    written: &WrittenPiece,
    ready: Option<&Ready>,
) -> Result<String, Failure> {
    let there = |why: &str| {
        Failure::refused(
            format!("{} was written to {}, and {why}", piece.what, written.place),
            "Look at the signatures and referrers (porthole verify, porthole referrers)",
        )
    };
    // a place of its own: nothing that was remembered before the writing
    let source = transport::open(&prepared.target.reference, &shared.client);
    if let Made::Removal(raw) = made {
        let gone = describe_referrer(raw).is_some();
        let tree = referrers(&source, &piece.subject.digest).await;
        let listed = tree
            .walk()
            .any(|(_, node)| node.descriptor.digest == *raw.digest());
        return match gone && !listed {
            true => Ok(written.checked.clone()),
            false => Err(Failure::refused(
                format!("{} was done, and it is still listed", piece.what),
                "Look at what refers to the image (porthole referrers)",
            )),
        };
    }
    if let Some(Signer::OpenPgp(key)) = ready.map(|ready| &ready.signer)
        && let Made::File { bytes, .. } = made
    {
        let public = key.public_armour();
        let keys = public
            .map_err(|error| error.to_string())
            .and_then(|public| Keyring::read(public.as_bytes()).map_err(|e| e.to_string()))
            .map_err(|why| there(&why))?;
        // what lies in the file now, not what was meant to
        let path = written.place.strip_prefix("the file ").unwrap_or_default();
        let read = tokio::fs::read(path).await;
        let read = read.map_err(|error| there(&format!("it cannot be read: {error}")))?;
        if read != *bytes {
            return Err(there("something else lies there"));
        }
        let opened = simple::open(&read, &keys, jiff::Timestamp::now());
        let opened = opened.map_err(|error| there(&error.to_string()))?;
        let claim = Claim::read(&opened.content).map_err(|error| there(&error.to_string()))?;
        return match claim.digest == piece.subject.digest {
            true => Ok(format!("signed by {}", opened.fingerprint)),
            false => Err(there("it signs another digest")),
        };
    }
    let tree = referrers(&source, &piece.subject.digest).await;
    if let Deed::Attach(_) = &piece.deed {
        let own = written.digest.as_ref();
        let mut nodes = tree.walk();
        let listed = nodes.any(|(_, node)| Some(&node.descriptor.digest) == own);
        return match listed {
            true => Ok("listed as a referrer".to_owned()),
            false => Err(there("it is not found among the referrers")),
        };
    }
    let own = carried(made);
    let discovered = discover(Discovery {
        manifests: Arc::new(Arc::clone(&source)),
        source,
        tree: Arc::new(tree),
        // only what was written is looked for
        offline: true,
    })
    .await;
    let subject = subject(piece);
    let layer = match made {
        Made::Layer { layer, .. } => Some(&layer.0.annotations),
        _ => None,
    };
    let is_own = |found: &&Arc<Found>| {
        let same = match made {
            // the file holds the payload in a wrapping
            Made::File { .. } => found.raw.bytes() == &piece.payload,
            _ => Some(found.raw.digest()) == own.as_ref(),
        };
        same && layer.is_none_or(|annotations| *annotations == found.annotations)
    };
    let candidates: Vec<_> = discovered.found.iter().filter(is_own).collect();
    if candidates.is_empty() {
        let problem = discovered.problems.first().map(ToString::to_string);
        return Err(there(&match problem {
            Some(problem) => format!("it could not be read back: {problem}"),
            None => "it is not found where signatures are looked for".to_owned(),
        }));
    }
    let mut why = "it does not verify".to_owned();
    for found in candidates {
        match verified(found, &subject, ready).await {
            Ok(by) => return Ok(by),
            Err(problem) => why = format!("it does not verify: {problem}"),
        }
    }
    Err(there(&why))
}

fn subject(piece: &PlannedPiece) -> Subject {
    Subject {
        digest: piece.subject.digest.clone(),
        media_type: piece.subject.media_type.clone(),
        size: piece.subject.size,
        reference: None,
    }
}

async fn verified(
    found: &Arc<Found>,
    subject: &Subject,
    ready: Option<&Ready>,
) -> Result<String, String> {
    let Some(ready) = ready else {
        return Err("nobody is known to have signed it".to_owned());
    };
    match &ready.signer {
        Signer::Key { chain, .. } if !chain.is_empty() => {
            let media_type = found.raw.media_type().as_str();
            let now = jiff::Timestamp::now();
            let verified = notation::verify(subject, media_type, found.raw.bytes(), None, now);
            let failed = verified.checks.iter().find(|check| check.is_failed());
            if let Some(check) = failed {
                return Err(check.detail.clone());
            }
            let intact = verified.checks.iter().any(|check| {
                check.kind == CheckKind::Signature && check.outcome == Outcome::Passed
            });
            match (intact, chain.first()) {
                (true, Some(leaf)) => Ok(format!("signed by {}", leaf.subject)),
                _ => Err("its signature was not checked".to_owned()),
            }
        }
        Signer::Key { public, .. } => {
            let by = SignedBy::Key(public.clone());
            accepted(found, subject, ready, by)?;
            Ok(format!("signed by the {public}"))
        }
        Signer::Identity(identity) => {
            let issued = identity.issued().await;
            accepted(
                found,
                subject,
                ready,
                by_identity(&issued.name, &issued.issuer)?,
            )?;
            Ok(format!("signed by {}, by {}", issued.name, issued.issuer))
        }
        Signer::OpenPgp(_) => Err("it is of another kind".to_owned()),
    }
}

/// Whether what was made, but is not written yet, proves that its signer signed.
///
/// # Errors
/// Why it does not.
pub(super) fn holds(
    made: &Made,
    piece: &PlannedPiece,
    ready: &Ready,
    proof: &Proof,
) -> Result<(), String> {
    let (format, bytes, annotations) = match made {
        Made::Referrer { carried, .. } => (Format::SigstoreBundle, carried, Annotations::new()),
        Made::Layer { tag, layer } => {
            let format = match tag {
                CosignTag::Attestations => Format::CosignAttestation,
                _ => Format::Cosign,
            };
            (format, &layer.1, layer.0.annotations.clone())
        }
        // what is written into files is held as the layer that it would be elsewhere
        _ => {
            return Err("there is no signature in it that can be held against anything".to_owned());
        }
    };
    let found = Found {
        format,
        statement: Statement::Signature,
        claims: Default::default(),
        listed_for: piece.subject.digest.clone(),
        place: Place::default(),
        raw: RawDocument::hash(bytes.clone(), Algorithm::Sha256, MediaType::default()),
        annotations,
        manifest: None,
    };
    let by = match (&ready.signer, &proof.signatory) {
        (Signer::Key { public, .. }, Signatory::Key(_)) => SignedBy::Key(public.clone()),
        (Signer::Identity(_), Signatory::Certificates(chain)) => {
            let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
            let (name, issuer) = sigstore::named(leaf).ok_or("its certificate names nobody")?;
            by_identity(&name, &issuer)?
        }
        _ => return Err("it is not by whom it is to be".to_owned()),
    };
    accepted(&Arc::new(found), &subject(piece), ready, by)
}

fn by_identity(name: &str, issuer: &str) -> Result<SignedBy, String> {
    let exact = |text: &str| Pattern::exact(text).map_err(|error| error.to_string());
    Ok(SignedBy::Identity(IdentityRule {
        identity: exact(name)?,
        issuer: exact(issuer)?,
    }))
}

/// Whether the signature is one by `by`, in the log where one was asked.
fn accepted(
    found: &Arc<Found>,
    subject: &Subject,
    ready: &Ready,
    by: SignedBy,
) -> Result<(), String> {
    let mut signer = crate::signature::Signer::new("own", by);
    signer.log = ready.log;
    let trust = Trust {
        signers: vec![signer],
        root: ready.root.clone(),
    };
    let report = sigstore::verify(found, subject, &trust);
    match (report.judgement(), report.reason()) {
        (Judgement::Accepted, _) => Ok(()),
        (_, Some(check)) => Err(check.detail.clone()),
        _ => Err("it was not accepted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Descriptor;
    use crate::signature::sign::{
        Signer as _, SigningKey, bundle, bundle_artifact, pae, sign_like_cosign,
    };
    use crate::signature::sigstore::PublicKey;
    use crate::signature::x509::KeyKind;

    #[test]
    fn what_cannot_be_held_against_its_signer_does_not_hold() {
        let key = SigningKey::generate(KeyKind::P256).unwrap();
        let public = PublicKey::from_der(key.public_key().spki_der()).unwrap();
        let digest = Digest::sha256(b"image");
        let subject = Descriptor::new("application/vnd.oci.image.manifest.v1+json", digest, 5);
        let statement =
            crate::signature::sign::signing_statement(&subject.digest, &Annotations::new());
        let payload = bytes::Bytes::from(statement);
        let piece = PlannedPiece::shown(subject.clone(), "image", "", "", payload.clone());
        let proof = Proof::by_key(public.clone());
        let signature = sign_like_cosign(&key, &pae(&payload)).unwrap();
        let carried = bundle(&payload, &signature, &proof);
        let artifact = bundle_artifact(
            carried.clone(),
            sigstore::SIGNING_PREDICATE,
            &subject,
            super::super::now(),
        );
        let raw = artifact.manifest.clone();
        let made = Made::Referrer { artifact, carried };
        let ready = Ready {
            signer: Signer::Key {
                key: Arc::new(key),
                public: public.clone(),
                chain: Vec::new(),
            },
            root: None,
            log: false,
        };
        assert_eq!(holds(&made, &piece, &ready, &proof), Ok(()));
        // nothing in it is signed
        assert!(holds(&Made::Removal(raw), &piece, &ready, &proof).is_err());
        // it is not by whom it is to be
        let other = Proof {
            signatory: Signatory::Certificates(Vec::new()),
            ..proof.clone()
        };
        assert!(holds(&made, &piece, &ready, &other).is_err());
        // a log was to be asked, and no entry is there
        let ready = Ready { log: true, ..ready };
        assert!(holds(&made, &piece, &ready, &proof).is_err());
    }
}
