//! A blob from the addresses that its manifest names (image-spec, "Non-distributable layers").
//! They are asked one after the other: what one gives is only known to be wrong once all of it
//! has come and was hashed where it was written, and then the next one is asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt};

use crate::model::{Descriptor, limits, text};
use crate::transport::{BlobStream, Payload, Problem, Source, TransportError};

/// A blob of a source, or from one of its addresses where that does not have it.
pub(super) struct FromAddresses {
    source: Arc<dyn Source>,
    blob: Descriptor,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Default)]
struct Asked {
    /// Who is asked now: the source alone, then each address.
    who: usize,
    /// Who was asked for the first byte since it was last begun with.
    began: Option<usize>,
    /// Who was asked once more for all of it.
    again: Option<usize>,
    /// Why what came from whoever is asked now broke off.
    broke_off: Option<Problem>,
    /// The addresses that did not give it, each with the reason.
    failed: Vec<String>,
}

impl FromAddresses {
    /// What `blob` points at in `source`, which asks its addresses where it has to.
    pub(super) fn new(source: Arc<dyn Source>, mut blob: Descriptor) -> Self {
        blob.urls.truncate(limits::ADDRESSES);
        Self {
            source,
            blob,
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        locked(&self.asked)
    }

    /// The blob with one address at most; nothing where all were asked.
    fn at(&self, who: usize) -> Option<Descriptor> {
        let urls = match who.checked_sub(1) {
            None => Vec::new(),
            Some(position) => vec![self.blob.urls.get(position)?.clone()],
        };
        Some(Descriptor {
            urls,
            ..self.blob.clone()
        })
    }

    /// Goes on to the next address: `who` did not give it.
    fn failed(&self, who: usize, why: &Problem) {
        let mut asked = self.asked();
        // another reader may have gone on already
        if asked.who != who {
            return;
        }
        let address = who.checked_sub(1).and_then(|at| self.blob.urls.get(at));
        if let Some(address) = address {
            asked.failed.push(format!("{}: {why}", shown(address)));
        }
        asked.who += 1;
        asked.broke_off = None;
    }

    /// That no address has given it.
    fn none(&self) -> TransportError {
        let failed = self.asked().failed.clone();
        let place = text::visible(&self.source.reference().to_string()).into_owned();
        let what = format!("blob {}", self.blob.digest);
        TransportError::new(what, place, Problem::NoAddress { failed })
    }

    /// What writing the blob failed of means: nothing, where it is to be written again, since
    /// there is another address.
    ///
    /// # Errors
    /// `error`, where an address has nothing to do with it; all that was tried where there is
    /// none left.
    pub(super) fn after(&self, error: TransportError) -> Result<(), TransportError> {
        let (who, why) = {
            let mut asked = self.asked();
            let who = asked.who;
            let broke_off = asked.broke_off.take();
            let joined = asked.began.take() != Some(who);
            if who == 0 || who > self.blob.urls.len() {
                return Err(error);
            }
            match broke_off {
                Some(why) => (who, why),
                None if !is_of_bytes(&error.problem) => return Err(error),
                // the first part came from somewhere else, and may be what is wrong
                None if joined && asked.again != Some(who) => {
                    asked.again = Some(who);
                    return Ok(());
                }
                None => (who, error.problem),
            }
        };
        self.failed(who, &why);
        match self.at(who + 1) {
            Some(_) => Ok(()),
            None => Err(self.none()),
        }
    }
}

impl Payload for FromAddresses {
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>> {
        async move {
            let range = (from > 0).then_some(from..self.blob.size);
            loop {
                let who = self.asked().who;
                let Some(blob) = self.at(who) else {
                    return Err(self.none());
                };
                match self.source.blob(&blob, range.clone()).await {
                    Ok(stream) => {
                        if from == 0 {
                            self.asked().began = Some(who);
                        }
                        return Ok(self.watched(who, stream));
                    }
                    // whoever has it and does not give it says so itself
                    Err(error) if who == 0 && !error.problem.is_missing() => return Err(error),
                    Err(error) => self.failed(who, &error.problem),
                }
            }
        }
        .boxed()
    }
}

impl FromAddresses {
    /// `stream`, of which it is remembered that it broke off.
    fn watched(&self, who: usize, stream: BlobStream) -> BlobStream {
        let asked = Arc::clone(&self.asked);
        let watched = stream.inspect_err(move |error| {
            let mut asked = locked(&asked);
            if asked.who == who {
                asked.broke_off = Some(error.problem.clone());
            }
        });
        watched.boxed()
    }
}

fn locked(asked: &Mutex<Asked>) -> MutexGuard<'_, Asked> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether writing failed of the bytes that came.
const fn is_of_bytes(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::WrongDigest { .. }
            | Problem::WrongSize { .. }
            // what is unpacked on its way
            | Problem::Broken { .. }
            | Problem::Compressed { .. }
            | Problem::Unpacks { .. }
    )
}

/// An address without what may open a storage, for people.
fn shown(address: &str) -> String {
    /// Longest address that is shown, in characters.
    const SHOWN: usize = 200;
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    let whole: String = format!("{scheme}://{host}/{path}")
        .chars()
        .take(SHOWN)
        .collect();
    text::visible(&whole).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_open_a_storage_is_not_shown() {
        for (address, expected) in [
            (
                "https://a.example/b/c?sig=s3cret#x",
                "https://a.example/b/c",
            ),
            ("https://me:s3cret@a.example:8/b", "https://a.example:8/b"),
            ("https://a.example/@b", "https://a.example/@b"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }
}
