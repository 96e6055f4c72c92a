//! What is to be added to an image, and what came of it, as plain data.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{Failure, JobId, Remote};
use crate::model::{Annotations, Descriptor, Digest};

use crate::services::ServiceRole;

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
        signing: Box<Signing>,
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
    pub by: SignBy,
    /// Who vouches for it besides.
    pub services: SigningServices,
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

/// What a signature is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignBy {
    /// The name of a key of the user's folder, or its file.
    Key(String),
    /// A key for this once, certified for an identity.
    Identity(IdentityFrom),
}

/// Where the token that proves an identity comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityFrom {
    /// A file that holds it.
    File(PathBuf),
    /// The CI that this runs in: GitHub Actions or GitLab.
    Ambient,
    /// A sign-in at the issuer, in a browser.
    Browser,
}

/// The services that are asked when something is signed. What is not named here is taken
/// from `config`, and for an identity from Sigstore's public instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningServices {
    /// A `signing_config.json`, version 0.2, as `cosign signing-config create` writes it.
    pub config: Option<PathBuf>,
    /// The certificate authority for identities (Fulcio).
    pub fulcio: Option<String>,
    pub log: LogUse,
    /// The timestamp authority (RFC 3161).
    pub timestamp: Option<String>,
    /// What their answers are judged by: a `trusted_root.json`, instead of the settings'.
    pub trust_root: Option<PathBuf>,
    /// The certificates that a timestamp for Notation has to lead to, in PEM.
    pub timestamp_roots: Option<PathBuf>,
    /// Who is asked for the identity, in the browser (OpenID Connect).
    pub issuer: Option<String>,
    /// What this program is called there; nothing for `sigstore`.
    pub client: Option<String>,
}

/// Whether a transparency log (Rekor) is written to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogUse {
    /// Where `config` names one, and for an identity.
    #[default]
    Usual,
    /// Never.
    No,
    /// To the one at this address, version 1 of its interface.
    At(String),
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
    /// The services that are asked, each once.
    pub services: Vec<PlannedService>,
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

impl AdditionPlan {
    /// The services that show something to others, and that nobody has agreed to yet: what
    /// they show has to be read before [`Command::Add`](crate::engine::Command::Add) may say
    /// that it was.
    pub fn to_accept(&self) -> impl Iterator<Item = &PlannedService> {
        let services = self.services.iter();
        services.filter(|service| service.shows.is_some() && !service.accepted)
    }
}

/// A service that is asked for a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedService {
    pub role: ServiceRole,
    /// Its address.
    pub address: String,
    /// What others see of the signature there, in a sentence; nothing where they see nothing.
    pub shows: Option<String>,
    /// Whether the user agreed to that before.
    pub accepted: bool,
}

/// A key that signs, or an identity that does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKey {
    /// Its name or file; for an identity where it comes from.
    pub key: String,
    /// Kind and fingerprint, where its public half is at hand; whose identity, where that is
    /// known.
    pub facts: Option<String>,
    /// The key's fingerprint, as it is among the facts.
    pub fingerprint: Option<String>,
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
    /// Who vouches for it besides: log entries, timestamps.
    pub vouched: Vec<String>,
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
    /// Where the user has to sign in, in a browser, for this to go on.
    pub sign_in: Option<SignIn>,
}

/// A sign-in that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Who is asked.
    pub issuer: String,
    /// What to open in a browser. It leads back to this program.
    pub address: String,
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
            Self::Attest { signing, .. } => std::slice::from_ref(&**signing),
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

impl PlannedPiece {
    /// A piece that can be shown and never made: nobody signs it.
    pub fn shown(
        subject: Descriptor,
        label: &str,
        what: &str,
        place: &str,
        payload: Bytes,
    ) -> Self {
        Self {
            subject,
            label: label.to_owned(),
            what: what.to_owned(),
            place: place.to_owned(),
            payload,
            deed: Deed::Sign(usize::MAX),
        }
    }

    /// Who of those that sign in turn signs it, from 0 on; nothing where it is not signed.
    pub const fn signer(&self) -> Option<usize> {
        match self.deed.signer() {
            // only shown
            Some(usize::MAX) => None,
            signer => signer,
        }
    }
}

impl SignFormat {
    /// Whether Sigstore's services vouch for it.
    pub const fn is_sigstore(self) -> bool {
        matches!(self, Self::Bundle | Self::Cosign)
    }

    /// Whether it is one of Notation's.
    pub const fn is_notation(self) -> bool {
        matches!(self, Self::NotationJws | Self::NotationCose)
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
