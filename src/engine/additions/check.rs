//! Reading back what was written, as anybody else would find it, and verifying it.

use std::sync::Arc;

use futures_util::StreamExt;

use crate::engine::Failure;
use crate::engine::shared::Shared;
use crate::model::Digest;
use crate::referrers::{Manifests, ReferrerTree, Search, search};
use crate::signature::notation;
use crate::signature::sigstore;
use crate::signature::simple::{self, Claim, Keyring};
use crate::signature::{CheckKind, Discovery, Found, Judgement, Outcome, Subject, Trust, discover};
use crate::transport::{self, Source, describe_referrer};

use super::make::{Made, carried};
use super::plan::{Deed, Prepared};
use super::request::{PlannedPiece, WrittenPiece};
use super::signer::Signer;

/// What refers to the manifest with this digest.
pub(super) async fn referrers(source: &Arc<dyn Source>, subject: &Digest) -> ReferrerTree {
    let mut trees = search(Search {
        source: Arc::clone(source),
        manifests: Arc::new(Arc::clone(source)) as Arc<dyn Manifests>,
        subject: subject.clone(),
        in_index: Vec::new(),
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
    signer: Option<&Signer>,
) -> Result<String, Failure> {
    let there = |why: &str| {
        let mut failure = Failure::refused(
            format!("{} was written to {}, and {why}", piece.what, written.place),
            "Look at it: porthole verify, porthole referrers",
        );
        failure.details.push("It is still there".to_owned());
        failure
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
            false => Err(there("it is still listed")),
        };
    }
    if let Some(Signer::OpenPgp(key)) = signer
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
    let subject = Subject {
        digest: piece.subject.digest.clone(),
        media_type: piece.subject.media_type.clone(),
        size: piece.subject.size,
        reference: None,
    };
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
        match verified(found, &subject, signer) {
            Ok(by) => return Ok(by),
            Err(problem) => why = format!("it does not verify: {problem}"),
        }
    }
    Err(there(&why))
}

fn verified(
    found: &Arc<Found>,
    subject: &Subject,
    signer: Option<&Signer>,
) -> Result<String, String> {
    let Some(Signer::Key { public, chain, .. }) = signer else {
        return Err("nobody is known to have signed it".to_owned());
    };
    if !chain.is_empty() {
        let media_type = found.raw.media_type().as_str();
        let now = jiff::Timestamp::now();
        let verified = notation::verify(subject, media_type, found.raw.bytes(), None, now);
        let failed = verified.checks.iter().find(|check| check.is_failed());
        if let Some(check) = failed {
            return Err(check.detail.clone());
        }
        let intact = verified
            .checks
            .iter()
            .any(|check| check.kind == CheckKind::Signature && check.outcome == Outcome::Passed);
        return match (intact, chain.first()) {
            (true, Some(leaf)) => Ok(format!("signed by {}", leaf.subject)),
            _ => Err("its signature was not checked".to_owned()),
        };
    }
    let trust = Trust {
        signers: vec![crate::signature::Signer::key("own", public.clone())],
        root: None,
    };
    let report = sigstore::verify(found, subject, &trust);
    match (report.judgement(), report.reason()) {
        (Judgement::Accepted, _) => Ok(format!("signed by the {public}")),
        (_, Some(check)) => Err(check.detail.clone()),
        _ => Err("it was not accepted".to_owned()),
    }
}
