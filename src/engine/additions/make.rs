//! Making what was planned, and writing it.

use std::sync::Arc;

use bytes::Bytes;

use crate::engine::Failure;
use crate::engine::crash;
use crate::engine::shared::Shared;
use crate::model::{CosignTag, Descriptor, Digest, MediaType, RawDocument};
use crate::signature::notation::EnvelopeKind;
use crate::signature::sign::{
    Artifact, NotationRequest, OpenPgpKey, Signed, SigningKey, append, attestation_layer, bundle,
    bundle_artifact, notation, signature_layer,
};
use crate::signature::sigstore::SIGNING_PREDICATE;
use crate::signature::x509::Certificate;
use crate::transport::{
    Destination, Payload, Removal, SignatureFolder, TransportError, Unwritten, attach,
};

use super::ledger::Ledger;
use super::plan::{Deed, Prepared};
use super::request::{PlannedPiece, SignFormat, Signing, WrittenPiece};
use super::signer::{Ready, Signer};
use super::vouch::{Vouched, Vouching};

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

/// What was made, and what vouches for it besides.
pub(super) struct Product {
    pub made: Made,
    /// What was gathered, for people.
    pub vouched: Vec<String>,
}

impl From<Made> for Product {
    fn from(made: Made) -> Self {
        Self {
            made,
            vouched: Vec::new(),
        }
    }
}

/// Signs a piece, where it is signed, and has it vouched for.
pub(super) async fn make(
    shared: &Shared,
    prepared: &Prepared,
    piece: &PlannedPiece,
    signers: &[Arc<Ready>],
    ledger: &Ledger,
) -> Result<Product, Failure> {
    let (position, predicate) = match &piece.deed {
        Deed::Attach(files) => {
            let artifact = files.artifact(&piece.subject);
            return Ok(Made::Files(artifact, files.layers().to_vec()).into());
        }
        Deed::Remove(raw) => return Ok(Made::Removal(raw.clone()).into()),
        Deed::Attest { predicate_type } => (0, Some(predicate_type.as_str())),
        Deed::Sign(position) => (*position, None),
    };
    let signing = prepared.request.addition.signings().get(position);
    let (Some(signing), Some(ready)) = (signing, signers.get(position)) else {
        return Err(Failure::refused("there is nobody to sign", "Name a key"));
    };
    let asked = prepared.asked.get(position);
    let maker = Maker {
        prepared,
        piece,
        position,
        signing,
        ready,
        vouching: Vouching {
            shared,
            asked: asked.ok_or_else(|| Failure::refused("there is nobody to sign", ""))?,
            root: ready.root.as_ref(),
            ledger,
        },
    };
    match (&ready.signer, signing.format) {
        (Signer::OpenPgp(key), _) => maker.simple(key),
        (_, SignFormat::Bundle) => maker.bundle(predicate).await,
        (_, SignFormat::Cosign) => maker.cosign(predicate).await,
        (Signer::Key { key, chain, .. }, SignFormat::NotationJws | SignFormat::NotationCose) => {
            maker.notation(key, chain).await
        }
        (_, format) => Err(Failure::refused(
            format!("a {format} is not made like this"),
            "Name a key that does for it",
        )),
    }
}

/// Makes one piece by one signer.
struct Maker<'a> {
    prepared: &'a Prepared,
    piece: &'a PlannedPiece,
    position: usize,
    signing: &'a Signing,
    ready: &'a Ready,
    vouching: Vouching<'a>,
}

impl Maker<'_> {
    fn simple(&self, key: &OpenPgpKey) -> Result<Product, Failure> {
        crash::at("making a signature");
        let bytes = key.sign(&self.piece.payload);
        let bytes =
            bytes.map_err(|error| Failure::refused(error.to_string(), "Sign with another key"))?;
        let made = Made::File {
            folder: folder(self.prepared, self.position)?,
            bytes: bytes.into(),
        };
        Ok(made.into())
    }

    async fn bundle(&self, predicate: Option<&str>) -> Result<Product, Failure> {
        let Self { piece, .. } = self;
        let vouched = self.vouched(Signed::Statement(&piece.payload)).await?;
        let carried = bundle(&piece.payload, &vouched.signature, &vouched.proof);
        let predicate = predicate.unwrap_or(SIGNING_PREDICATE);
        let artifact = bundle_artifact(carried.clone(), predicate, &piece.subject, super::now());
        self.checked(Made::Referrer { artifact, carried }, vouched)
    }

    async fn cosign(&self, predicate: Option<&str>) -> Result<Product, Failure> {
        let Self { piece, .. } = self;
        let documents = self.prepared.target.documents.as_ref();
        let has_tags = documents.is_some_and(|documents| documents.tag_editing().is_some());
        // before anybody is asked: without a place for it nothing is signed
        let folder = match has_tags {
            true => None,
            false => Some(folder(self.prepared, self.position)?),
        };
        let payload = &piece.payload;
        let signed = match predicate {
            Some(_) => Signed::Statement(payload),
            None => Signed::Message(payload),
        };
        let vouched = self.vouched(signed).await?;
        let (signature, proof) = (&vouched.signature, &vouched.proof);
        let (tag, layer) = match predicate {
            Some(predicate) => {
                let layer = attestation_layer(payload, predicate, signature, proof);
                (CosignTag::Attestations, layer)
            }
            None => {
                let layer = signature_layer(payload, signature, proof);
                (CosignTag::Signatures, layer)
            }
        };
        let mut product = self.checked(Made::Layer { tag, layer }, vouched)?;
        if let (Made::Layer { layer, .. }, Some(folder)) = (&product.made, folder) {
            let bytes = crate::signature::SignatureFile::of_layer(&layer.0, &layer.1);
            product.made = Made::File { folder, bytes };
        }
        Ok(product)
    }

    async fn notation(&self, key: &SigningKey, chain: &[Certificate]) -> Result<Product, Failure> {
        let fail = |error: &dyn std::fmt::Display| {
            Failure::refused(error.to_string(), "Sign with another key")
        };
        let time = jiff::Timestamp::now();
        let expiry = self.signing.expiry.and_then(|expiry| {
            let expiry = jiff::SignedDuration::try_from(expiry).ok()?;
            time.checked_add(expiry).ok()
        });
        let request = NotationRequest {
            kind: match self.signing.format {
                SignFormat::NotationCose => EnvelopeKind::Cose,
                _ => EnvelopeKind::Jws,
            },
            payload: &self.piece.payload,
            chain,
            time,
            expiry,
        };
        // milliseconds, even for the longest key
        crash::at("making a signature");
        let signature = notation(&request, key).map_err(|error| fail(&error))?;
        let countersigned = self.vouching.countersign(&signature).await?;
        let (token, vouched) = countersigned.unzip();
        let carried = signature.envelope(token.as_deref());
        let carried = carried.map_err(|error| fail(&error))?;
        let artifact = signature.artifact(carried.clone(), &self.piece.subject, super::now());
        Ok(Product {
            made: Made::Referrer { artifact, carried },
            vouched: vouched.into_iter().collect(),
        })
    }

    async fn vouched(&self, signed: Signed<'_>) -> Result<Vouched, Failure> {
        self.vouching.sign(&self.ready.signer, signed).await
    }

    /// What was made, where it proves what it is to prove: before anything is written.
    fn checked(&self, made: Made, vouched: Vouched) -> Result<Product, Failure> {
        let held = super::check::holds(&made, self.piece, self.ready, &vouched.proof);
        held.map_err(|why| match self.ready.root {
            Some(_) => Failure::refused(
                format!("what the services answered does not prove the signature: {why}"),
                "Give the trust root that goes with the services (--trusted-root FILE)",
            ),
            None => Failure::refused(
                format!("the signature that was made does not verify: {why}"),
                "Sign with another key",
            ),
        })?;
        Ok(Product {
            made,
            vouched: vouched.said,
        })
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
) -> Result<WrittenPiece, Unwritten> {
    let mut written = WrittenPiece {
        subject: piece.subject.digest.clone(),
        label: piece.label.clone(),
        what: piece.what.clone(),
        place: piece.place.clone(),
        digest: None,
        checked: String::new(),
        vouched: Vec::new(),
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
                return Err(cannot(prepared).into());
            };
            let tag = tag.of(&piece.subject.digest);
            let edit = |there: Option<&RawDocument>| append(there, std::slice::from_ref(layer));
            let edited = tags.edit_tag(&tag, &edit).await;
            edited.map_err(Unwritten::while_written)?;
        }
        Made::File { folder, bytes } => {
            let own = prepared.target.is_root(&piece.subject);
            let added = folder.add(&piece.subject.digest, own, bytes.clone()).await;
            let path = added.map_err(Unwritten::while_written)?;
            written.place = format!("the file {}", path.display());
        }
        Made::Removal(raw) => {
            let documents = documents(prepared)?;
            let Some(removal) = documents.referrer_removal() else {
                return Err(cannot(prepared).into());
            };
            written.digest = Some(raw.digest().clone());
            let removed = removal.remove_referrer(raw).await;
            written.checked = match removed.map_err(Unwritten::while_written)? {
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
