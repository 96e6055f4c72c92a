//! Making what was planned, and writing it.

use std::sync::Arc;

use bytes::Bytes;

use crate::engine::Failure;
use crate::model::{CosignTag, Descriptor, Digest, MediaType, RawDocument};
use crate::signature::notation::EnvelopeKind;
use crate::signature::sign::{
    Artifact, NotationRequest, Proof, append, attestation_layer, bundle, bundle_artifact, notation,
    pae, sign_like_cosign, signature_layer,
};
use crate::signature::sigstore::SIGNING_PREDICATE;
use crate::transport::{Destination, Payload, Removal, SignatureFolder, TransportError, attach};

use super::plan::{Deed, Prepared};
use super::request::{PlannedPiece, SignFormat, Signing, WrittenPiece};
use super::signer::Signer;

/// What was made of a piece, to be written.
pub(super) enum Made {
    /// A manifest that refers to the subject.
    Referrer {
        artifact: Artifact,
        /// What it carries: the bytes that are looked for afterwards.
        carried: Bytes,
    },
    /// A layer of the manifest under one of cosign's tags.
    Layer {
        tag: CosignTag,
        layer: (Descriptor, Bytes),
    },
    /// A file beside the manifest.
    File {
        folder: Arc<SignatureFolder>,
        bytes: Bytes,
    },
    /// Files that are sent as they are.
    Files(Artifact, Vec<(Descriptor, Arc<dyn Payload>)>),
    Removal(RawDocument),
}

/// Signs a piece, where it is signed.
pub(super) fn make(
    prepared: &Prepared,
    piece: &PlannedPiece,
    signers: &[Arc<Signer>],
) -> Result<Made, Failure> {
    match &piece.deed {
        Deed::Attach(files) => Ok(Made::Files(
            files.artifact(&piece.subject),
            files.layers().to_vec(),
        )),
        Deed::Remove(raw) => Ok(Made::Removal(raw.clone())),
        Deed::Attest { predicate_type } => {
            let (signing, signer) = chosen(prepared, signers, 0)?;
            let predicate = Some(predicate_type.as_str());
            signed(prepared, piece, 0, signing, signer, predicate)
        }
        Deed::Sign(position) => {
            let (signing, signer) = chosen(prepared, signers, *position)?;
            signed(prepared, piece, *position, signing, signer, None)
        }
    }
}

fn chosen<'a>(
    prepared: &'a Prepared,
    signers: &'a [Arc<Signer>],
    position: usize,
) -> Result<(&'a Signing, &'a Signer), Failure> {
    let signing = prepared.request.addition.signings().get(position);
    match (signing, signers.get(position)) {
        (Some(signing), Some(signer)) => Ok((signing, signer)),
        _ => Err(Failure::refused("there is nobody to sign", "Name a key")),
    }
}

fn signed(
    prepared: &Prepared,
    piece: &PlannedPiece,
    position: usize,
    signing: &Signing,
    signer: &Signer,
    predicate: Option<&str>,
) -> Result<Made, Failure> {
    let fail = |error: &dyn std::fmt::Display| {
        Failure::refused(error.to_string(), "Sign with another key")
    };
    let payload = &piece.payload;
    match (signer, signing.format) {
        (Signer::OpenPgp(key), _) => {
            let bytes = key.sign(payload).map_err(|error| fail(&error))?;
            Ok(Made::File {
                folder: folder(prepared, position)?,
                bytes: bytes.into(),
            })
        }
        (Signer::Key { key, public, .. }, SignFormat::Bundle) => {
            let signature = sign_like_cosign(key, &pae(payload)).map_err(|error| fail(&error))?;
            let carried = bundle(payload, &signature, &Proof::by_key(public.clone()));
            let predicate = predicate.unwrap_or(SIGNING_PREDICATE);
            let artifact =
                bundle_artifact(carried.clone(), predicate, &piece.subject, super::now());
            Ok(Made::Referrer { artifact, carried })
        }
        (Signer::Key { key, public, .. }, SignFormat::Cosign) => {
            let proof = Proof::by_key(public.clone());
            if let Some(predicate) = predicate {
                let signature =
                    sign_like_cosign(key, &pae(payload)).map_err(|error| fail(&error))?;
                return Ok(Made::Layer {
                    tag: CosignTag::Attestations,
                    layer: attestation_layer(payload, predicate, &signature, &proof),
                });
            }
            let signature = sign_like_cosign(key, payload).map_err(|error| fail(&error))?;
            let layer = signature_layer(payload, &signature, &proof);
            let documents = prepared.target.documents.as_ref();
            if documents.is_some_and(|documents| documents.tag_editing().is_some()) {
                let tag = CosignTag::Signatures;
                return Ok(Made::Layer { tag, layer });
            }
            Ok(Made::File {
                folder: folder(prepared, position)?,
                bytes: crate::signature::sign::attachment_file(&layer),
            })
        }
        (Signer::Key { key, chain, .. }, SignFormat::NotationJws | SignFormat::NotationCose) => {
            let time = jiff::Timestamp::now();
            let expiry = signing.expiry.and_then(|expiry| {
                let expiry = jiff::SignedDuration::try_from(expiry).ok()?;
                time.checked_add(expiry).ok()
            });
            let request = NotationRequest {
                kind: match signing.format {
                    SignFormat::NotationCose => EnvelopeKind::Cose,
                    _ => EnvelopeKind::Jws,
                },
                payload,
                chain,
                time,
                expiry,
            };
            let signature = notation(&request, key).map_err(|error| fail(&error))?;
            let carried = signature.envelope(None).map_err(|error| fail(&error))?;
            let artifact = signature.artifact(carried.clone(), &piece.subject, super::now());
            Ok(Made::Referrer { artifact, carried })
        }
        (Signer::Key { .. }, SignFormat::Simple) => Err(Failure::refused(
            "an OpenPGP signature is made with an OpenPGP key",
            "Name one",
        )),
    }
}

fn folder(prepared: &Prepared, position: usize) -> Result<Arc<SignatureFolder>, Failure> {
    let folder = prepared.folders.get(position).cloned().flatten();
    folder.ok_or_else(|| {
        let place = prepared.target.reference.to_string();
        Failure::refused(format!("{place} has no place for signatures in files"), "")
    })
}

/// Writes what was made. Gives what is said of it, not yet read back.
pub(super) async fn write(
    prepared: &Prepared,
    piece: &PlannedPiece,
    made: &Made,
) -> Result<WrittenPiece, TransportError> {
    let mut written = WrittenPiece {
        subject: piece.subject.digest.clone(),
        label: piece.label.clone(),
        what: piece.what.clone(),
        place: piece.place.clone(),
        digest: None,
        checked: String::new(),
    };
    match made {
        Made::Referrer { artifact, .. } => {
            let documents = documents(prepared)?;
            attach(documents, &artifact.blobs, &artifact.manifest).await?;
            written.digest = Some(artifact.manifest.digest().clone());
        }
        Made::Files(artifact, layers) => {
            let documents = documents(prepared)?;
            for (layer, payload) in layers {
                if !documents.has_blob(layer).await? {
                    documents.put_blob(layer, Arc::clone(payload)).await?;
                }
            }
            attach(documents, &artifact.blobs, &artifact.manifest).await?;
            written.digest = Some(artifact.manifest.digest().clone());
        }
        Made::Layer { tag, layer } => {
            let documents = documents(prepared)?;
            let Some(tags) = documents.tag_editing() else {
                return Err(cannot(prepared));
            };
            let tag = tag.of(&piece.subject.digest);
            tags.edit_tag(&tag, &|there| append(there, layer)).await?;
        }
        Made::File { folder, bytes } => {
            let own = prepared.target.is_root(&piece.subject);
            let path = folder
                .add(&piece.subject.digest, own, bytes.clone())
                .await?;
            written.place = format!("the file {}", path.display());
        }
        Made::Removal(raw) => {
            let documents = documents(prepared)?;
            let Some(removal) = documents.referrer_removal() else {
                return Err(cannot(prepared));
            };
            written.digest = Some(raw.digest().clone());
            written.checked = match removal.remove_referrer(raw).await? {
                Removal::Deleted => "deleted".to_owned(),
                Removal::Unlisted => {
                    "no longer listed; the registry deletes no manifests".to_owned()
                }
            };
        }
    }
    Ok(written)
}

fn documents(prepared: &Prepared) -> Result<&dyn Destination, TransportError> {
    let documents = prepared.target.documents.as_deref();
    documents.ok_or_else(|| cannot(prepared))
}

fn cannot(prepared: &Prepared) -> TransportError {
    let problem = crate::transport::Problem::CannotHold {
        what: "what refers to an image",
    };
    TransportError::new("image", prepared.target.reference.to_string(), problem)
}

/// The digest of the bytes that are looked for after the writing.
pub(super) fn carried(made: &Made) -> Option<Digest> {
    let bytes = match made {
        Made::Referrer { carried, .. } => carried,
        Made::Layer { layer, .. } => &layer.1,
        Made::File { bytes, .. } => bytes,
        Made::Files(..) | Made::Removal(_) => return None,
    };
    let algorithm = crate::model::Algorithm::Sha256;
    let raw = RawDocument::hash(bytes.clone(), algorithm, MediaType::default());
    Some(raw.digest().clone())
}
