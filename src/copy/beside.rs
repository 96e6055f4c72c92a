//! Signatures that lie beside manifests: in files of a folder, in a lookaside away from the
//! registry, or as layers under cosign's tags. Each place keeps them in its own way; what
//! says the same in another one is written so there.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{self, join};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::model::{CosignTag, Descriptor, Digest, Document, RawDocument, limits};
use crate::signature::sign::append;
use crate::signature::{Attachment, SignatureFile};
use crate::transport::{Destination, DetachedSignatures, Edited, Problem, Source, read_blob};

use super::ahead::Ahead;
use super::error::{Attached, CopyError};
use super::options::CopyOptions;
use super::plan::{LeftBehind, PlannedSignatures};
use super::planner::AT_ONCE;

/// A manifest that may be signed.
pub(super) struct Signed {
    /// As the source has it.
    pub(super) manifest: Digest,
    /// Whether it is the image itself.
    pub(super) own: bool,
    /// Whether another one is written in its place.
    pub(super) changed: bool,
    /// Why signatures of it stay where they are; nothing where they need not.
    pub(super) stays: Option<&'static str>,
}

/// Where signatures come from and go to.
pub(super) struct Places<'a> {
    pub(super) source: &'a Arc<dyn Source>,
    pub(super) destination: &'a Arc<dyn Destination>,
    /// Reads the destination, where it can be read.
    pub(super) there: Option<&'a Arc<dyn Source>>,
}

/// What becomes of a file.
enum Fate {
    File(Bytes),
    Layer(Box<Attachment>),
    /// It cannot go there, and why.
    Not(String),
}

/// The files beside the manifests of `source`, and whether they are kept away from it.
pub(super) fn files_of(source: &dyn Source) -> Option<(&dyn DetachedSignatures, bool)> {
    match (source.detached_signatures(), source.lookaside()) {
        (Some(beside), _) => Some((beside, false)),
        (None, Some(away)) => Some((away, true)),
        (None, None) => None,
    }
}

impl Places<'_> {
    /// The signatures in files beside `manifests`, as they are kept at the destination. What
    /// is kept away from the source stays there where it cannot come along.
    ///
    /// # Errors
    /// Where those of the source itself cannot go to the destination.
    pub(super) async fn signatures(
        &self,
        options: &CopyOptions,
        manifests: &[Signed],
        ahead: &mut Ahead,
        left: &mut Vec<LeftBehind>,
    ) -> Result<Vec<PlannedSignatures>, CopyError> {
        let Some((files, away)) = files_of(&**self.source) else {
            return Ok(Vec::new());
        };
        let mut reads = Vec::with_capacity(manifests.len());
        for signed in manifests {
            let read = match ahead.files(&signed.manifest) {
                Some(read) => future::ready(read).boxed(),
                None => files.signatures(&signed.manifest),
            };
            reads.push(read.map(|read| match read {
                // nothing of it is wanted
                Err(_) if options.remove_signatures => Ok(Vec::new()),
                read => read,
            }));
        }
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let mut found = Vec::new();
        for (signed, files) in manifests.iter().zip(read) {
            if files.is_empty() {
                continue;
            }
            let stays = |why: &str| LeftBehind {
                what: match files.len() {
                    1 => "a signature beside the manifest".to_owned(),
                    count => format!("{count} signatures beside the manifest"),
                },
                digest: Some(signed.manifest.clone()),
                why: why.to_owned(),
            };
            if options.remove_signatures {
                left.push(stays("signatures were to be left behind"));
                continue;
            }
            if let Some(why) = signed.stays {
                left.push(stays(why));
                continue;
            }
            if signed.changed {
                return Err(super::planner::invalidated(
                    "the signatures beside the manifests",
                    Attached::Signatures,
                ));
            }
            let mut set = PlannedSignatures::of(signed.manifest.clone(), signed.own);
            for file in &files {
                match self.fate(file) {
                    Fate::File(file) => set.signatures.push(file),
                    Fate::Layer(attachment) => {
                        set.layers.push((attachment.layer, attachment.payload));
                    }
                    Fate::Not(why) if away => {
                        let mut one = stays(&why);
                        one.what = "a signature kept beside the registry".to_owned();
                        left.push(one);
                    }
                    Fate::Not(why) => return Err(self.refused(&why)),
                }
            }
            let writing = self.destination.signature_writing();
            let away = writing.filter(|w| !w.takes_all() && !set.signatures.is_empty());
            set.place = away.and_then(|writing| writing.place().ok());
            if set.count() > 0 {
                found.push(set);
            }
        }
        Ok(found)
    }

    /// What becomes of a file at the destination.
    fn fate(&self, file: &Bytes) -> Fate {
        let files = self.destination.signature_writing();
        let read = SignatureFile::read(file);
        match (files, read) {
            (Some(files), _) if files.takes_all() => Fate::File(file.clone()),
            (_, SignatureFile::Unknown) => {
                Fate::Not("it is of a kind that is not known here".to_owned())
            }
            (_, SignatureFile::Attachment(attachment)) => {
                if self.destination.tag_editing().is_none() {
                    return Fate::Not("nothing can be added under a tag there".to_owned());
                }
                if !attachment.is_all {
                    return Fate::Not("it says more than a layer under a tag can".to_owned());
                }
                Fate::Layer(attachment)
            }
            (None, SignatureFile::SimpleSigning(_)) => {
                Fate::Not("such a place keeps no signatures by OpenPGP".to_owned())
            }
            (Some(files), SignatureFile::SimpleSigning(_)) => match files.place() {
                Ok(_) => Fate::File(file.clone()),
                Err(error) => Fate::Not(error.problem.to_string()),
            },
        }
    }

    fn refused(&self, why: &str) -> CopyError {
        CopyError::Stuck {
            why: format!(
                "a signature that lies beside a manifest cannot go to {}: {why}",
                self.destination.reference()
            ),
            hint: "Copy to dir:, or leave signatures behind (--remove-signatures)".to_owned(),
            what: Attached::Signatures,
        }
    }

    /// Notes of each of `sets` whether all of it is at the destination already.
    ///
    /// # Errors
    /// Where something else is where they would go.
    pub(super) async fn note_there(&self, sets: &mut [PlannedSignatures]) -> Result<(), CopyError> {
        let looks: Vec<_> = sets.iter().map(|set| self.has(set)).collect();
        let there = stream::iter(looks).buffered(AT_ONCE);
        let there: Vec<_> = there.try_collect().await?;
        for (set, there) in sets.iter_mut().zip(there) {
            set.there = there;
        }
        Ok(())
    }

    /// Whether all of `set` is at the destination already.
    async fn has(&self, set: &PlannedSignatures) -> Result<bool, CopyError> {
        let Some(there) = self.there else {
            return Ok(false);
        };
        let (files, layers) = join(has_files(&**there, set), self.has_layers(set)).await;
        Ok(layers? && files)
    }

    /// Whether the layers of `set` are under cosign's tag at the destination.
    async fn has_layers(&self, set: &PlannedSignatures) -> Result<bool, CopyError> {
        if set.layers.is_empty() {
            return Ok(true);
        }
        let Some(editing) = self.destination.tag_editing() else {
            return Ok(false);
        };
        let tag = CosignTag::Signatures.of(&set.manifest);
        // where it cannot be read, writing shows why
        let Ok(Some(raw)) = editing.under_tag(&tag).await else {
            return Ok(false);
        };
        self.is_same(&tag, append(Some(&raw), &set.layers))
    }

    /// Whether an edit of what lies under one of cosign's tags at the destination leaves it as
    /// it is.
    ///
    /// # Errors
    /// Where it cannot be made: what lies there is in the way.
    pub(super) fn is_same(
        &self,
        tag: &str,
        edited: Result<Edited, Problem>,
    ) -> Result<bool, CopyError> {
        match edited {
            Ok(edited) => Ok(matches!(edited, Edited::Same)),
            Err(problem) => Err(CopyError::refused(
                format!(
                    "nothing can be added to what the tag {tag} stands for at {}: {problem}",
                    self.destination.reference()
                ),
                format!(
                    "Delete the tag {tag} at the destination if nobody needs it, or copy the image without what refers to it (--no-referrers)"
                ),
            )),
        }
    }

    /// The signatures in `raw`, which lies under cosign's tag for `manifest`, as files beside
    /// that; nothing where the tag is another one.
    ///
    /// # Errors
    /// Where files cannot say all that it says, or it cannot be read.
    pub(super) async fn files_of_tag(
        &self,
        tag: &str,
        manifest: &Digest,
        raw: &RawDocument,
    ) -> Result<Option<Vec<Bytes>>, CopyError> {
        let takes_all = self.destination.signature_writing();
        if tag != CosignTag::Signatures.of(manifest) || !takes_all.is_some_and(|w| w.takes_all()) {
            return Ok(None);
        }
        let document = Document::read(raw.clone());
        let Some(layers) = layers_alone(&document) else {
            return Err(self.refused(&format!(
                "the manifest under the tag {tag} says more than its layers do"
            )));
        };
        let mut files = Vec::with_capacity(layers.len());
        for layer in layers {
            let payload = read_blob(&**self.source, layer, limits::SIGNATURE_BYTES).await?;
            files.push(SignatureFile::of_layer(layer, payload.bytes()));
        }
        Ok(Some(files))
    }
}

/// The layers of a manifest, where neither it nor they say anything that a file beside a
/// manifest cannot.
fn layers_alone(document: &Document) -> Option<&[Descriptor]> {
    let manifest = document.manifest()?;
    let alone = manifest.subject.is_none()
        && manifest.artifact_type.is_none()
        && manifest.annotations.is_empty()
        && manifest.layers.len() <= limits::SIGNATURES;
    let plain = |layer: &Descriptor| {
        let said = Descriptor {
            annotations: layer.annotations.clone(),
            ..Descriptor::new(layer.media_type.as_str(), layer.digest.clone(), layer.size)
        };
        said == *layer
    };
    (alone && manifest.layers.iter().all(plain)).then_some(&manifest.layers)
}

/// Whether `there` has the files of `set`.
async fn has_files(there: &dyn Source, set: &PlannedSignatures) -> bool {
    if set.signatures.is_empty() {
        return true;
    }
    let Some((files, _)) = files_of(there) else {
        return false;
    };
    let files = files.signatures(&set.manifest).await.unwrap_or_default();
    set.signatures.iter().all(|file| files.contains(file))
}

/// Adds `files` to the signatures of `manifest`, each once.
pub(super) fn add_files(
    sets: &mut Vec<PlannedSignatures>,
    (manifest, own): (&Digest, bool),
    files: Vec<Bytes>,
) {
    let position = sets.iter().position(|set| set.manifest == *manifest);
    let position = position.unwrap_or_else(|| {
        sets.push(PlannedSignatures::of(manifest.clone(), own));
        sets.len() - 1
    });
    let set = &mut sets[position];
    let known: HashSet<_> = set.signatures.iter().cloned().collect();
    let new = files.into_iter().filter(|file| !known.contains(file));
    set.signatures.extend(new);
}
