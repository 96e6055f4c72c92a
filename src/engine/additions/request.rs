//! What is to be added to an image, and what came of it, as plain data.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{Failure, JobId, Remote};
use crate::model::{Annotations, Descriptor, Digest};

use super::plan::Deed;

/// Names an addition for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AdditionId(u64);

impl AdditionId {
    /// An id that nobody has yet.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What is to be added to which image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdditionRequest {
    pub reference: String,
    /// To every platform of an index too.
    pub recursive: bool,
    pub addition: Addition,
}

/// What is to be added, or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addition {
    /// Signatures, by these signers in turn.
    Sign(Vec<Signing>),
    /// A signed statement around a predicate.
    Attest {
        signing: Signing,
        predicate: PathBuf,
        /// An address, or one of cosign's short names.
        kind: String,
    },
    /// Files, as one artifact.
    Attach(Attaching),
    /// Takes back the referrer with this digest.
    Remove(Digest),
}

/// Who signs, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The name of a key of the user's folder, or its file.
    pub key: String,
    /// A file of certificates from the one of the key to the root.
    pub chain: Option<PathBuf>,
    pub format: SignFormat,
    /// Signed along with the digest.
    pub annotations: Annotations,
    /// The name that is signed; nothing for the image's own.
    pub identity: Option<String>,
    /// How long the signature is to hold; Notation only.
    pub expiry: Option<Duration>,
    /// The folder that OpenPGP signatures of a registry's images are kept in.
    pub lookaside: Option<PathBuf>,
}

/// How signatures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignFormat {
    /// A Sigstore bundle as a referrer, as cosign 3 writes it.
    Bundle,
    /// cosign's older form, under a tag.
    Cosign,
    NotationJws,
    NotationCose,
    /// OpenPGP, as containers/image keeps it beside the image.
    Simple,
}

/// Files to be attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attaching {
    pub files: Vec<AttachedFile>,
    /// What the artifact is; nothing for what a single SBOM is recognised as.
    pub artifact_type: Option<String>,
    pub annotations: Annotations,
}

/// A file to be attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    pub path: PathBuf,
    /// Nothing for what it is recognised as.
    pub media_type: Option<String>,
}

/// What would be written, before anything is: the digest is resolved, and what is signed is
/// these bytes and no others.
#[derive(Clone, Debug)]
pub struct AdditionPlan {
    /// The image, as it was understood.
    pub reference: String,
    /// What the reference stands for.
    pub root: Descriptor,
    pub pieces: Vec<PlannedPiece>,
    /// The keys that sign, in turn.
    pub keys: Vec<PlannedKey>,
    /// What to know before.
    pub warnings: Vec<String>,
}

/// One thing that is written.
#[derive(Clone, Debug)]
pub struct PlannedPiece {
    /// What it is about.
    pub subject: Descriptor,
    /// What that is: `index`, `linux/amd64`.
    pub label: String,
    /// What is written: `Sigstore bundle`, `artifact of the type …`.
    pub what: String,
    /// Where: `a referrer of sha256:…`, `the tag sha256-….sig`.
    pub place: String,
    /// The exact bytes that are signed; for an artifact its manifest.
    pub payload: Bytes,
    pub(super) deed: Deed,
}

/// A key that signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKey {
    pub key: String,
    /// Kind and fingerprint, where its public half is at hand.
    pub facts: Option<String>,
    /// Whether a passphrase is needed.
    pub encrypted: bool,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct AdditionReport {
    pub reference: String,
    pub written: Vec<WrittenPiece>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// One thing that was written, read back and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenPiece {
    pub subject: Digest,
    pub label: String,
    pub what: String,
    pub place: String,
    /// The manifest that it lies in, where one has a digest of its own.
    pub digest: Option<Digest>,
    /// How it was found when it was read back.
    pub checked: String,
}

/// An addition as it is known at one moment.
#[derive(Clone, Debug)]
pub struct AdditionSnapshot {
    pub id: AdditionId,
    pub request: AdditionRequest,
    pub plan: Remote<Arc<AdditionPlan>>,
    pub job: Option<JobId>,
    pub report: Remote<Arc<AdditionReport>>,
    /// The signer, by its place in the request, whose passphrase is missing or wrong.
    pub ask: Option<usize>,
}

/// A failure, and whose passphrase may mend it.
pub(super) struct Trouble {
    pub failure: Failure,
    pub ask: Option<usize>,
}

impl<E: Into<Failure>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self {
            failure: error.into(),
            ask: None,
        }
    }
}

impl Addition {
    /// Who signs, in turn.
    pub fn signings(&self) -> &[Signing] {
        match self {
            Self::Sign(signings) => signings,
            Self::Attest { signing, .. } => std::slice::from_ref(signing),
            Self::Attach(_) | Self::Remove(_) => &[],
        }
    }

    /// What is done, as the beginning of a job's title.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Sign(_) => "Sign",
            Self::Attest { .. } | Self::Attach(_) => "Attach to",
            Self::Remove(_) => "Remove from",
        }
    }
}

impl std::fmt::Display for SignFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bundle => "Sigstore bundle",
            Self::Cosign => "cosign signature",
            Self::NotationJws => "Notation signature, JWS",
            Self::NotationCose => "Notation signature, COSE",
            Self::Simple => "OpenPGP simple signature",
        })
    }
}
