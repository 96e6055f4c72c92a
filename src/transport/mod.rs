//! Where images live, and how they are read from there.
//!
//! One folder a transport, the same file names in each. A transport hands over bytes that
//! it hashed: whoever gets a [`RawDocument`] need not check it again.

mod addresses;
mod archive;
mod buffer;
pub mod daemon;
pub mod destination;
pub mod directory;
pub mod docker_archive;
mod edit;
mod error;
mod from_file;
pub mod layout;
mod local;
mod locate;
mod note;
mod referrer;
mod refusal;
pub mod registry;
mod stamp;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::model::{
    Annotations, Descriptor, Digest, Hasher, ImageName, PathReference, RawDocument, Reference,
    Transport,
};

pub use destination::{
    Delete, Destination, FromSource, Mount, Mounted, Naming, Payload, ReferrerWrite,
    SignatureWrite, Takes, Unwritten, attach, describe_referrer,
};
pub use edit::{Edit, Edited, ReferrerRemove, Removal, TagChange, TagEdit};
pub use error::{MissingTag, More, OtherTags, Problem, TransportError};
pub use from_file::FromFile;
pub use local::{Disk, SignatureFolder, Step, StepHook};
pub use locate::{LocateError, Located, locate, locate_through, recognise};
use locate::{describe_path, other_transport};
pub use note::Note;
pub(crate) use referrer::outcome;
pub use referrer::{
    Answer, Asked, Found, ListedReferrer, Listing, ListingOutcome, ReferrerListing, Way,
};
pub use refusal::Refusal;
pub use stamp::{Stamp, stamp};

/// A place that an image is read from. Cheap to share; every call may run beside others.
///
/// Dropping a returned future cancels what it does.
pub trait Source: Send + Sync {
    /// What is read, as it was asked for.
    fn reference(&self) -> &Reference;

    /// Does what takes long before anything can be read: fetches an image from its engine,
    /// reads a compressed archive through. Elsewhere there is nothing to do. Without it,
    /// [`Source::resolve`] does the same and says nothing on the way.
    fn prepare(&self, report: Report) -> BoxFuture<'_, Result<(), TransportError>> {
        drop(report);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Resolves the reference once. Everything after this is asked for by digest.
    fn resolve(&self) -> BoxFuture<'_, Result<Resolved, TransportError>>;

    /// What the place says that the reference stands for now, where it says so without
    /// sending it. It was not hashed: a hint where to look, and nothing to believe.
    fn hint(&self) -> BoxFuture<'_, Option<Digest>> {
        Box::pin(std::future::ready(None))
    }

    /// The manifest or index that `descriptor` points at, checked against its digest and
    /// size.
    fn manifest<'a>(
        &'a self,
        descriptor: &'a Descriptor,
    ) -> BoxFuture<'a, Result<RawDocument, TransportError>>;

    /// The blob that `descriptor` points at, as it comes: not yet checked. `range` is in
    /// bytes of the stored blob.
    fn blob<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<BlobStream, TransportError>>;

    /// How the place was reached, for people; nothing for local places.
    fn connection(&self) -> Option<Connection> {
        None
    }

    /// The place's own look at its blobs, where one costs no network.
    fn blob_check(&self) -> Option<&dyn BlobCheck> {
        None
    }

    /// The signatures that lie beside manifests, where the place has such.
    fn detached_signatures(&self) -> Option<&dyn DetachedSignatures> {
        None
    }

    /// The signatures that are kept apart from the place, where its transport knows such.
    fn lookaside(&self) -> Option<&dyn Beside> {
        None
    }

    /// The signatures that the place keeps itself and gives by an extension of its API,
    /// where it has said that it does.
    fn own_signatures(&self) -> Option<Box<dyn DetachedSignatures + '_>> {
        None
    }

    /// What refers to manifests of the place, where it can be asked.
    fn referrer_listing(&self) -> Option<&dyn ReferrerListing> {
        None
    }
}

/// A blob on its way.
pub type BlobStream = BoxStream<'static, Result<Bytes, TransportError>>;

/// Called, from any thread and often, while a place is made ready. It must not block.
pub type Report = Arc<dyn Fn(Preparation) + Send + Sync>;

/// How far the preparation of a place is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preparation {
    pub done: u64,
    /// Nothing where it is not known. An engine only estimates it.
    pub total: Option<u64>,
}

/// What a reference stands for.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// One manifest or index.
    Document {
        raw: RawDocument,
        /// What the place says about it (a layout's `index.json` entry).
        annotations: Annotations,
        /// What else there is to know about it.
        notes: Vec<Note>,
    },
    /// Several images, and the reference names none of them.
    Several(Vec<NamedImage>),
}

/// One image of several in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedImage {
    /// What to add to the reference.
    pub name: ImageName,
    pub descriptor: Descriptor,
}

/// How a registry was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Host with port.
    pub host: String,
    pub security: Security,
    /// Whether credentials were sent, and for whom.
    pub user: Option<String>,
    /// The registry that this is a mirror of; nothing where it is the registry itself.
    pub mirror_of: Option<String>,
    /// How often the registry may still be asked, where it says so.
    pub rate_limit: Option<RateLimit>,
}

/// How often a registry may be asked, as Docker Hub counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub limit: u64,
    pub remaining: u64,
    /// The time over which it counts.
    pub window: Option<Duration>,
    /// Whether it counts by the address of this machine, not by the account.
    pub by_address: bool,
}

impl RateLimit {
    /// Whether what is left is to be kept for what somebody asks for: less than half of it
    /// all.
    pub const fn is_scarce(&self) -> bool {
        self.remaining < self.limit.div_ceil(2)
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, remaining) = (self.limit, self.remaining);
        write!(f, "{remaining} of {limit} pulls are left")?;
        if self.by_address {
            f.write_str(", counted by address")?;
        }
        match self.window.map(|window| window.as_secs()) {
            None | Some(0) => Ok(()),
            Some(seconds) if seconds % 3600 == 0 => write!(f, " over {} h", seconds / 3600),
            Some(seconds) => write!(f, " over {} min", seconds.div_ceil(60)),
        }
    }
}

/// How far the way to a registry can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// https, checked against the system's roots.
    Https,
    /// https, checked against a certificate folder of the user.
    HttpsOwnRoots,
    /// https with a certificate that nobody checked, because the user said so.
    HttpsUnverified,
    /// Plain http on this machine.
    HttpLoopback,
    /// Plain http because the user said so.
    HttpAllowed,
}

/// A look at blobs without reading them through a network.
pub trait BlobCheck: Send + Sync {
    /// Whether the blob is there with the right size, without reading it.
    fn presence<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, BlobState>;
}

/// Signatures that lie beside manifests, outside of any document (containers/image's
/// simple signing).
pub trait DetachedSignatures: Send + Sync {
    /// The signatures of the manifest with this digest, each as it was stored: not checked
    /// in any way.
    fn signatures<'a>(
        &'a self,
        manifest: &'a Digest,
    ) -> BoxFuture<'a, Result<Vec<Bytes>, TransportError>>;
}

/// Signatures that are kept apart from the place of the image, where its settings say so.
pub trait Beside: DetachedSignatures {
    /// The address that is asked, of a web server or of a folder (`file://…`); nothing
    /// where there is none.
    ///
    /// # Errors
    /// Where the settings cannot be read.
    fn place(&self) -> Result<Option<String>, TransportError>;

    /// Whether the settings say that signatures of cosign are attached to the image where it
    /// lies (`use-sigstore-attachments`): containers/image looks for none otherwise.
    ///
    /// # Errors
    /// Where the settings cannot be read.
    fn attaches(&self) -> Result<bool, TransportError>;
}

/// What is known of a blob in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BlobState {
    /// Nobody looked.
    #[default]
    NotChecked,
    /// It is there and has the right size; its bytes were not hashed.
    Present,
    /// Its bytes hash to its digest.
    Verified,
    /// It is not there.
    Missing,
    /// It has another size than the manifest says.
    WrongSize { expected: u64, found: u64 },
    /// Its bytes hash to something else.
    WrongDigest { found: Digest },
    /// It could not be read.
    Unreadable { why: String },
}

impl BlobState {
    /// What is wrong with it, as what is said of a blob; nothing where nothing is known to be.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Missing => Some("is not there".to_owned()),
            Self::WrongSize { expected, found } => {
                Some(format!("has {found} bytes, not {expected}"))
            }
            Self::WrongDigest { found } => Some(format!("hashes to {found}")),
            Self::Unreadable { why } => Some(format!("could not be read: {why}")),
            Self::NotChecked | Self::Present | Self::Verified => None,
        }
    }

    /// Whether the blob is not what the manifest says.
    pub const fn is_damaged(&self) -> bool {
        matches!(
            self,
            Self::WrongSize { .. } | Self::WrongDigest { .. } | Self::Unreadable { .. }
        )
    }
}

/// How long a small blob may take, however slowly it comes.
const SMALL_BLOB: Duration = Duration::from_secs(60);

/// The least rate at which a document comes that takes longer than it may, in bytes a second.
const LEAST_RATE: u64 = 1024;

/// Whether so many `bytes` of a document should have come long ago. One byte now and then is
/// no stall, and never ends; `free` is what it may take however short it is.
fn is_too_slow(began: Instant, bytes: usize, free: Duration) -> bool {
    began.elapsed() > free + Duration::from_secs(bytes as u64 / LEAST_RATE)
}

/// Reads a small blob whole and checks size and digest.
///
/// # Errors
/// Where it has more than `limit` bytes, another size or another digest than the
/// descriptor says, or the place fails.
pub async fn read_blob(
    source: &dyn Source,
    descriptor: &Descriptor,
    limit: u64,
) -> Result<RawDocument, TransportError> {
    let fail = |problem| {
        TransportError::new(
            format!("blob {}", descriptor.digest),
            source.reference().to_string(),
            problem,
        )
    };
    if descriptor.size > limit {
        return Err(fail(Problem::TooLarge {
            found: Some(descriptor.size),
            limit,
        }));
    }
    let mut stream = source.blob(descriptor, None).await?;
    let mut bytes = BytesMut::new();
    let began = Instant::now();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        if is_too_slow(began, bytes.len(), SMALL_BLOB) {
            return Err(fail(Problem::Timeout {
                doing: "reading the answer",
                seconds: began.elapsed().as_secs(),
            }));
        }
        if (bytes.len() + piece.len()) as u64 > descriptor.size {
            return Err(fail(Problem::WrongSize {
                expected: descriptor.size,
                found: None,
            }));
        }
        bytes.extend_from_slice(&piece);
    }
    if bytes.len() as u64 != descriptor.size {
        return Err(fail(Problem::WrongSize {
            expected: descriptor.size,
            found: Some(bytes.len() as u64),
        }));
    }
    RawDocument::verify(
        bytes.freeze(),
        &descriptor.digest,
        descriptor.media_type.clone(),
    )
    .map_err(|found| {
        fail(Problem::WrongDigest {
            expected: descriptor.digest.clone(),
            found,
        })
    })
}

/// Reads a blob through and hashes it, telling `progress` how many bytes came.
///
/// # Errors
/// Where the place fails; a wrong size or digest is a state, not an error.
pub async fn hash_blob(
    source: &dyn Source,
    descriptor: &Descriptor,
    mut progress: impl FnMut(u64) + Send,
) -> Result<BlobState, TransportError> {
    let mut stream = source.blob(descriptor, None).await?;
    let mut hasher = Hasher::new(descriptor.digest.algorithm());
    let mut found = 0u64;
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        found += piece.len() as u64;
        progress(piece.len() as u64);
        if descriptor.size_known && found > descriptor.size {
            break;
        }
        hasher.update(&piece);
    }
    if !descriptor.has_size(found) {
        return Ok(BlobState::WrongSize {
            expected: descriptor.size,
            found,
        });
    }
    let digest = hasher.finish();
    Ok(if digest == descriptor.digest {
        BlobState::Verified
    } else {
        BlobState::WrongDigest { found: digest }
    })
}

/// Opens the place that `reference` names, without reading from it yet. Engines are looked
/// for where the settings of `client` say.
pub fn open(reference: &Reference, client: &registry::Client) -> Arc<dyn Source> {
    match reference {
        Reference::Registry(image) => {
            Arc::new(registry::RegistrySource::new(client.clone(), image.clone()))
        }
        Reference::Path(path) => open_path(path),
        Reference::Daemon(name) => Arc::new(daemon::DaemonSource::new(
            name.clone(),
            client.network().clone(),
        )),
    }
}

/// As [`open`], for reading layers, too, that the place leaves where their addresses say.
pub fn open_with_addresses(reference: &Reference, client: &registry::Client) -> Arc<dyn Source> {
    let place = open(reference, client);
    match reference {
        // a registry's source asks there itself
        Reference::Registry(_) => place,
        Reference::Path(_) | Reference::Daemon(_) => Arc::new(addresses::WithAddresses {
            place,
            client: client.clone(),
        }),
    }
}

/// The place that `reference` names, to write to. Nothing is changed yet.
///
/// # Errors
/// Where nothing can be written to places of that kind.
pub fn open_destination(
    reference: &Reference,
    client: &registry::Client,
) -> Result<Arc<dyn Destination>, TransportError> {
    match reference {
        Reference::Registry(image) => Ok(Arc::new(registry::RegistryDestination::new(
            client.clone(),
            image.clone(),
        ))),
        Reference::Path(path) if path.transport == Transport::Oci => {
            Ok(Arc::new(layout::LayoutDestination::new(path.clone())))
        }
        Reference::Path(path) if path.transport == Transport::OciArchive => Ok(Arc::new(
            layout::LayoutArchiveDestination::new(path.clone()),
        )),
        Reference::Path(path) if path.transport == Transport::Dir => {
            let image = directory::DirectoryDestination::new(path.clone());
            Ok(Arc::new(image))
        }
        Reference::Path(path) if path.transport == Transport::DockerArchive => Ok(Arc::new(
            docker_archive::DockerArchiveDestination::new(path.clone()),
        )),
        Reference::Daemon(name) => Ok(Arc::new(daemon::DaemonDestination::new(
            name.clone(),
            client.network().clone(),
        ))),
        Reference::Path(_) => Err(TransportError::new(
            "image",
            reference.to_string(),
            Problem::CannotHold {
                what: "what is copied",
            },
        )),
    }
}

fn open_path(path: &PathReference) -> Arc<dyn Source> {
    match path.transport {
        Transport::Dir => Arc::new(directory::DirectorySource::new(path.clone())),
        Transport::DockerArchive => {
            Arc::new(docker_archive::DockerArchiveSource::new(path.clone()))
        }
        // the others have no path
        Transport::Oci | Transport::OciArchive | Transport::Docker | Transport::DockerDaemon => {
            Arc::new(layout::LayoutSource::new(path.clone()))
        }
    }
}
