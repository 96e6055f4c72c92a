//! What a copy is going to do.

use bytes::Bytes;
use serde::Serialize;

use crate::model::{CosignTag, Descriptor, Digest, MediaType, RawDocument, RegistryReference};

use crate::transport::{Source, TransportError};

use super::options::CopyOptions;

/// What a copy is going to do, found out without writing anything.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it is read, as a reference.
    pub source: String,
    /// Where it is written, as a reference.
    pub destination: String,
    pub options: CopyOptions,
    /// What the source's name stood for when the plan was made: that is copied, wherever the
    /// name points by then.
    pub from: Digest,
    /// What the destination's name will stand for.
    pub digest: Digest,
    /// What it stands for now; nothing where it is new.
    pub replaces: Option<Digest>,
    /// What it will be called too.
    pub names: Vec<PlannedName>,
    /// Children before parents, the image itself last.
    pub documents: Vec<PlannedDocument>,
    /// Each once, whatever names it.
    pub blobs: Vec<PlannedBlob>,
    pub signatures: Vec<PlannedSignatures>,
    pub left_behind: Vec<LeftBehind>,
    /// The images of an index that are not chosen.
    pub left_out: Vec<LeftBehind>,
    /// The repository of the same registry that blobs are mounted from.
    pub mount_from: Option<RegistryReference>,
    /// Whether the place keeps config and layers only, the layers unpacked.
    pub unpacks: bool,
}

/// Another name of the image at the destination.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedName {
    pub name: String,
    /// What it stands for now; nothing where it is new.
    pub replaces: Option<Digest>,
    /// What it will stand for.
    #[serde(skip)]
    pub(super) raw: RawDocument,
}

/// A manifest or index of a copy.
#[derive(Clone, Debug)]
pub struct PlannedDocument {
    /// As it is called at the destination.
    pub digest: Digest,
    pub media_type: MediaType,
    pub size: u64,
    /// What it was made of, where it is not the same byte for byte.
    pub from: Option<Digest>,
    /// What the tag that it lies under stands for now, where that is another one.
    pub replaces: Option<Digest>,
    pub role: Role,
    /// Whether it is a signature of the image or of something of it.
    pub signs: bool,
    pub action: Action,
    /// What an index lists of what is copied with it.
    pub(super) children: Vec<Digest>,
    /// What is written; nothing where nothing is, or it is read again then.
    pub(super) raw: Option<RawDocument>,
}

impl PlannedDocument {
    /// A document of a plan that is only looked at: nothing of it could be written.
    pub fn new(descriptor: Descriptor, role: Role, action: Action) -> Self {
        Self {
            digest: descriptor.digest,
            media_type: descriptor.media_type,
            size: descriptor.size,
            from: None,
            replaces: None,
            role,
            signs: false,
            action,
            children: Vec::new(),
            raw: None,
        }
    }
}

impl PlannedDocument {
    /// What is written, read again from `source` where it was not kept; nothing where nothing
    /// is.
    pub(super) async fn to_write(
        &self,
        source: &dyn Source,
    ) -> Result<Option<RawDocument>, TransportError> {
        match &self.raw {
            _ if self.action == Action::Skip => Ok(None),
            Some(raw) => Ok(Some(raw.clone())),
            None => {
                let own = Descriptor::new(self.media_type.as_str(), self.digest.clone(), self.size);
                source.manifest(&own).await.map(Some)
            }
        }
    }
}

/// What a document is to the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The image itself.
    Image,
    /// An image of the index, for this platform.
    Child(Option<String>),
    /// An attestation in the index.
    Attestation,
    /// It refers to the manifest with this digest; what it is, for people.
    Referrer { subject: Digest, kind: String },
    /// It lies under this tag, made of a digest; what it is, for people.
    Tag { tag: String, kind: String },
}

/// What is done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is there already.
    Skip,
    Write,
    /// It is written in another form than it was read in.
    Convert,
}

/// A blob of a copy.
#[derive(Clone, Debug)]
pub struct PlannedBlob {
    pub descriptor: Descriptor,
    pub action: BlobAction,
}

/// What is done with a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlobAction {
    /// It is there already.
    Skip,
    /// It is taken from another repository of the same registry.
    Mount,
    Copy,
    /// It is not to be distributed and stays where its addresses say.
    Leave,
}

/// Signatures that lie beside a manifest.
#[derive(Clone, Debug)]
pub struct PlannedSignatures {
    pub manifest: Digest,
    /// Whether it is the image itself.
    pub own: bool,
    /// Those that lie in files at the destination, too.
    pub signatures: Vec<Bytes>,
    /// Those that become layers under cosign's tag there.
    pub layers: Vec<(Descriptor, Bytes)>,
    /// Where files are written to, for people, where that is away from the manifest.
    pub place: Option<String>,
    /// Whether all of them are there already.
    pub there: bool,
}

impl PlannedSignatures {
    /// None yet.
    pub(super) const fn of(manifest: Digest, own: bool) -> Self {
        Self {
            manifest,
            own,
            signatures: Vec::new(),
            layers: Vec::new(),
            place: None,
            there: false,
        }
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.signatures.len() + self.layers.len()
    }
}

/// Something that does not come along, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    pub what: String,
    pub digest: Option<Digest>,
    pub why: String,
}

/// Bytes of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Of blobs and documents that are read from the source.
    pub read: u64,
    /// Of blobs and documents that are written to the destination; nothing where layers are
    /// unpacked there, whose size is known after.
    pub written: Option<u64>,
    pub mounted: u64,
    pub skipped: u64,
    /// Of documents that are converted.
    pub converted: u64,
}

impl Plan {
    /// How many bytes go where.
    pub fn totals(&self) -> Totals {
        let (mut totals, mut written) = (Totals::default(), 0);
        for blob in &self.blobs {
            let size = blob.descriptor.size;
            match blob.action {
                BlobAction::Skip => totals.skipped += size,
                BlobAction::Mount => totals.mounted += size,
                BlobAction::Copy => {
                    totals.read += size;
                    written += size;
                }
                BlobAction::Leave => {}
            }
        }
        for document in &self.documents {
            match document.action {
                Action::Skip => totals.skipped += document.size,
                Action::Write => {
                    totals.read += document.size;
                    written += document.size;
                }
                Action::Convert => {
                    totals.read += document.size;
                    written += document.size;
                    totals.converted += document.size;
                }
            }
        }
        totals.written = (!self.unpacks).then_some(written);
        totals
    }

    /// The repository that blobs are mounted from, where any are.
    pub fn mounts(&self) -> Option<&RegistryReference> {
        let mut blobs = self.blobs.iter();
        let any = blobs.any(|blob| blob.action == BlobAction::Mount);
        self.mount_from.as_ref().filter(|_| any)
    }

    /// Whether everything is there already.
    pub fn is_done(&self) -> bool {
        let documents = self.documents.iter().all(|d| d.action == Action::Skip);
        let blobs = self
            .blobs
            .iter()
            .all(|b| matches!(b.action, BlobAction::Skip | BlobAction::Leave));
        documents
            && blobs
            && self.signatures.iter().all(|set| set.there)
            && self.names.iter().all(|name| !name.moves(&self.digest))
            && self.replaces == Some(self.digest.clone())
    }
}

impl PlannedName {
    /// Whether it stands for something else than `digest`, or for nothing.
    pub fn moves(&self, digest: &Digest) -> bool {
        self.replaces.as_ref() != Some(digest)
    }
}

impl Role {
    /// A word for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Child(_) => "child",
            Self::Attestation => "attestation",
            Self::Referrer { .. } => "referrer",
            Self::Tag { .. } => "tag",
        }
    }

    /// Whether others may have put something under the same tag that stays there: cosign
    /// keeps lists of signatures and attestations.
    pub fn is_joined(&self) -> bool {
        let lists = [CosignTag::Signatures, CosignTag::Attestations];
        matches!(self, Self::Tag { tag, .. } if lists.iter().any(|list| tag.ends_with(list.suffix())))
    }

    /// For people.
    pub fn describe(&self) -> String {
        match self {
            Self::Image => "the image itself".to_owned(),
            Self::Child(Some(platform)) => format!("image for {platform}"),
            Self::Child(None) => "image of the index".to_owned(),
            Self::Attestation => "attestation".to_owned(),
            Self::Referrer { kind, .. } => kind.clone(),
            Self::Tag { kind, tag } => format!("{kind}, tag {tag}"),
        }
    }
}
