//! Everything that is signed or stated about one manifest, wherever a place keeps such:
//! referrers by the API, the fallback tag or cosign's tags, entries of an index, manifests
//! in a layout that nothing lists, files beside the manifest.
//!
//! What it gives is what is there. A manifest's type, annotations and names are used to
//! find things and to tell formats apart, never to believe them.

mod claims;
mod detached;
mod formats;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;

use crate::model::{Digest, limits};
use crate::referrers::{Manifests, Referrer, ReferrerState, ReferrerTree};
use crate::transport::{Answer, Asked, ListingOutcome, Problem, Source, TransportError, read_blob};

use super::found::{Found, Place};
use formats::Part;

/// How many things are read at once.
const CONCURRENT: usize = 8;

/// Where and for what to look.
pub struct Discovery {
    pub source: Arc<dyn Source>,
    pub manifests: Arc<dyn Manifests>,
    /// What refers to the subject: a complete tree.
    pub tree: Arc<ReferrerTree>,
    /// Whether nobody but the place itself may be asked.
    pub offline: bool,
}

/// What was found, and how sure it is that this is all.
#[derive(Clone, Debug)]
pub struct Discovered {
    pub subject: Digest,
    pub found: Vec<Arc<Found>>,
    /// How each way of looking was answered, in words.
    pub looked: Vec<String>,
    /// What could not be read. As long as there is any, nothing is "unsigned".
    pub problems: Vec<TransportError>,
    pub outcome: ListingOutcome,
    /// Whether containers/image would look for signatures of cosign in the registry of the
    /// image, by its settings. Here they are looked for in any case.
    pub attached: bool,
    /// Whether the registry says that it has a list of signatures itself.
    pub own_list: bool,
}

/// Reads everything that `discovery.tree` names, and what lies beside the manifest.
pub async fn discover(discovery: Discovery) -> Discovered {
    let tree = Arc::clone(&discovery.tree);
    let mut discovered = Discovered {
        subject: tree.subject.clone(),
        found: Vec::new(),
        looked: looked(&tree.asked),
        problems: Vec::new(),
        outcome: tree.outcome().unwrap_or(ListingOutcome::NotRead),
        attached: false,
        own_list: false,
    };
    discovered.problems.extend(tree.problems().cloned());
    let place = discovery.source.reference().to_string();
    let too_many = |limit: usize| {
        let problem = Problem::Beyond {
            what: "signatures",
            limit,
        };
        TransportError::new("signatures", place.clone(), problem)
    };
    if tree.left_out > 0 {
        discovered.problems.push(too_many(limits::TREE_REFERRERS));
    }

    // one that names another subject belongs to that one
    let carriers = tree
        .top()
        .filter(|referrer| referrer.belongs() && matches!(referrer.state, ReferrerState::Read));
    let carriers: Vec<Arc<Referrer>> = carriers.cloned().collect();
    let discovery = Arc::new(discovery);
    let read = carriers.into_iter().map(|referrer| {
        let discovery = Arc::clone(&discovery);
        async move { carried(&discovery, &referrer).await }
    });
    let mut read = stream::iter(read).buffered(CONCURRENT);
    let mut bytes = 0u64;
    while let Some(carried) = read.next().await {
        for part in carried {
            match part {
                Ok(found) => {
                    bytes = bytes.saturating_add(found.raw.size());
                    if discovered.found.len() >= limits::SIGNATURES {
                        discovered.problems.push(too_many(limits::SIGNATURES));
                        return discovered.settled();
                    }
                    if bytes > limits::SIGNATURES_BYTES {
                        discovered.problems.push(TransportError::new(
                            "signatures",
                            place,
                            Problem::TooLarge {
                                found: None,
                                limit: limits::SIGNATURES_BYTES,
                            },
                        ));
                        return discovered.settled();
                    }
                    discovered.found.push(Arc::new(found));
                }
                Err(error) => discovered.problems.push(error),
            }
        }
    }
    drop(read);
    beside(&discovery, &mut discovered).await;
    lookaside(&discovery, &mut discovered).await;
    by_extension(&discovery, &mut discovered).await;
    discovered.settled()
}

impl Discovered {
    /// What could not be read spoils the whole.
    fn settled(mut self) -> Self {
        if !self.problems.is_empty() {
            self.outcome = ListingOutcome::NotRead;
        }
        self
    }

    /// Whether every place was asked and has nothing that is signed.
    pub fn is_unsigned(&self) -> bool {
        self.outcome == ListingOutcome::Listed
            && !self.found.iter().any(|found| found.format.is_signed())
    }
}

/// What one referrer carries: a signature for each of its layers that is one.
async fn carried(discovery: &Discovery, referrer: &Referrer) -> Vec<Result<Found, TransportError>> {
    let manifest = match discovery.manifests.read(&referrer.descriptor).await {
        Ok(manifest) => manifest,
        Err(error) => return vec![Err(error)],
    };
    let ways: Vec<_> = referrer.found.iter().map(ToString::to_string).collect();
    let parts = match formats::parts(referrer, &manifest) {
        Ok(parts) => parts,
        Err(why) => {
            let file = match ways.first() {
                Some(way) => format!("what was found by {way}"),
                None => "what may be a signature".to_owned(),
            };
            let place = discovery.source.reference().to_string();
            let what = manifest.digest().to_string();
            let problem = Problem::Broken { file, why };
            return vec![Err(TransportError::new(what, place, problem))];
        }
    };
    // once for all that it carries: it may be long
    let date = claims::date_of_carrier(&manifest);
    let dated = |mut found: Found| {
        found.claims.date = found.claims.date.take().or_else(|| date.clone());
        found
    };
    let mut found = Vec::with_capacity(parts.len().min(limits::SIGNATURES));
    for part in parts.into_iter().take(limits::SIGNATURES + 1) {
        let Part {
            position,
            format,
            layer,
        } = part;
        let place = Place {
            manifest: Some(manifest.digest().clone()),
            position,
            ways: ways.clone(),
        };
        let subject = &discovery.tree.subject;
        let Some(layer) = layer else {
            // what is not signed need not be read: its manifest says what it is
            let raw = manifest.clone();
            let carrier = (
                raw,
                referrer.annotations.as_ref().clone(),
                Some(manifest.clone()),
            );
            found.push(Ok(dated(formats::found(format, subject, place, carrier))));
            continue;
        };
        let limit = formats::limit(format);
        found.push(
            read_blob(&*discovery.source, &layer, limit)
                .await
                .map(|raw| {
                    let carrier = (raw, layer.annotations, Some(manifest.clone()));
                    dated(formats::found(format, subject, place, carrier))
                }),
        );
    }
    found
}

/// The files beside the manifest, where the place has such.
async fn beside(discovery: &Discovery, discovered: &mut Discovered) {
    let Some(place) = discovery.source.detached_signatures() else {
        return;
    };
    match place.signatures(&discovery.tree.subject).await {
        Ok(files) => {
            discovered.looked.push(match files.len() {
                0 => "files beside the manifest: none".to_owned(),
                count => format!("files beside the manifest: {count}"),
            });
            for (position, bytes) in files.into_iter().enumerate() {
                let found = detached::read(&discovery.tree.subject, position, bytes);
                discovered.found.push(Arc::new(found));
            }
            // a place that keeps signatures in files was asked by looking at those
            if discovered.outcome == ListingOutcome::CannotList {
                discovered.outcome = ListingOutcome::Listed;
            }
        }
        Err(error) => discovered.problems.push(error),
    }
}

/// The signatures that containers/image keeps apart from a registry.
async fn lookaside(discovery: &Discovery, discovered: &mut Discovered) {
    let Some(place) = discovery.source.lookaside() else {
        return;
    };
    match place.attaches() {
        Ok(attached) => discovered.attached = attached,
        Err(error) => return discovered.problems.push(error),
    }
    let base = match place.place() {
        Ok(Some(base)) => base,
        Ok(None) => return,
        Err(error) => return discovered.problems.push(error),
    };
    if discovery.offline && !base.starts_with("file:") {
        let problem = Problem::Offline;
        discovered
            .problems
            .push(TransportError::new("lookaside", base, problem));
        return;
    }
    let read = place.signatures(&discovery.tree.subject).await;
    apart(
        discovered,
        read,
        &format!("lookaside {base}"),
        &format!("lookaside:{base}"),
    );
}

/// The signatures that a registry keeps itself, where it says that it does.
async fn by_extension(discovery: &Discovery, discovered: &mut Discovered) {
    let Some(place) = discovery.source.own_signatures() else {
        return;
    };
    discovered.own_list = true;
    let read = place.signatures(&discovery.tree.subject).await;
    let place = "the registry's own list of signatures (API extension)";
    apart(discovered, read, place, "api-extension");
}

/// Takes in what was read from a place apart from the image, called `place`; `way` is how
/// each was found.
fn apart(
    discovered: &mut Discovered,
    read: Result<Vec<Bytes>, TransportError>,
    place: &str,
    way: &str,
) {
    let files = match read {
        Ok(files) => files,
        Err(error) => return discovered.problems.push(error),
    };
    discovered.looked.push(match files.len() {
        0 => format!("{place}: none"),
        count => format!("{place}: {count}"),
    });
    for (position, bytes) in files.into_iter().take(limits::SIGNATURES).enumerate() {
        let mut found = detached::read(&discovered.subject, position, bytes);
        found.place.ways = vec![way.to_owned()];
        discovered.found.push(Arc::new(found));
    }
}

/// How the place answered, in words.
fn looked(asked: &[Asked]) -> Vec<String> {
    let words = asked.iter().map(|asked| {
        let way = asked.way.describe();
        match &asked.answer {
            Answer::Named(0) => format!("{way}: none"),
            Answer::Named(count) => format!("{way}: {count}"),
            Answer::NotSupported => format!("{way}: not there"),
            Answer::NotRead(error) => format!("{way}: not read, {}", error.problem),
        }
    });
    words.collect()
}
