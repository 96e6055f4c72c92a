//! What came of something that was asked for once: told once, in order, and then forgotten.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{KnownAlias, KnownHost, KnownLogin, KnownRegistry};
use crate::copy::CheckedItem;
use crate::export::{Report as SavedFiles, Target};
use crate::transport::Security;

use super::{
    AdditionId, CopyId, Failure, ImageId, KeyInfo, NodePath, SaveRequest, TagEnded, TagsId,
    TrustChange, TrustFile, TrustPreview,
};

/// How a chore or a look ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The folder or file of this image is not as it was when it was read.
    ChangedOnDisk {
        image: ImageId,
    },
    /// So many bytes are in the cache on disk.
    CacheMeasured {
        bytes: u64,
    },
    /// The cache is empty; so many bytes were freed.
    CacheCleared {
        freed: u64,
    },
    /// A text was written to this file.
    Saved {
        path: PathBuf,
    },
    /// A text was not written, since this file is there already.
    FileThere {
        path: PathBuf,
    },
    /// Files of an image were written.
    FilesSaved {
        target: Target,
        report: SavedFiles,
    },
    /// Files of an image were not written: far more than its layers hold would have been.
    /// The same request with [`crate::layer::Allowance::Everything`] writes them.
    SaveTooMuch {
        image: ImageId,
        manifest: NodePath,
        request: SaveRequest,
        failure: Arc<Failure>,
    },
    /// What stands in the trust policy.
    TrustListed(Arc<TrustFile>),
    /// What a change of the trust policy would write.
    TrustPreviewed(Arc<TrustPreview>),
    /// The trust policy was written to this file and is judged by.
    TrustSaved {
        path: PathBuf,
    },
    /// The trust policy was not changed.
    TrustFailed {
        failure: Arc<Failure>,
        /// The change that was to be shown first, or was; nothing for one that is not.
        change: Option<Box<TrustChange>>,
    },
    /// The sample image is on the disk, and this opens it.
    SampleReady {
        reference: String,
    },
    /// The registry took name and password, and they are kept.
    LoggedIn {
        registry: String,
        /// How it was reached.
        security: Security,
        /// Where they are kept: files, or helpers with the file that names them.
        places: Vec<String>,
        /// They lie in a file that is not encrypted.
        in_the_clear: bool,
    },
    /// Nothing is kept for the registry any more; no place where nothing was.
    LoggedOut {
        registry: String,
        places: Vec<String>,
    },
    /// The registry took what is kept for it.
    LoginTested {
        registry: String,
        /// Empty for a token.
        user: String,
        origin: String,
        security: Security,
    },
    /// A login, logout or test did not do what it was to.
    LoginFailed {
        registry: String,
        failure: Arc<Failure>,
    },
    /// What is kept, and what `registries.conf` says of mirrors and blocked registries.
    Logins {
        logins: Arc<[KnownLogin]>,
        registries: Arc<[KnownRegistry]>,
        aliases: Arc<[KnownAlias]>,
        /// Why `registries.conf` could not be read.
        problem: Option<String>,
    },
    /// What decides whether a registry is believed.
    Hosts {
        /// Hosts with certificates of their own.
        hosts: Arc<[KnownHost]>,
        /// The folders that these are looked for in.
        folders: Arc<[String]>,
        /// Hosts that were named for plain http.
        plain_http: Arc<[String]>,
        /// Hosts that were named to go without verification.
        unverified: Arc<[String]>,
        /// Files with authorities for every host.
        authorities: Arc<[String]>,
    },
    /// An image was copied to this reference.
    Copied {
        copy: CopyId,
        destination: String,
    },
    /// What came of one of the tags that were to be copied or looked at.
    TagEnded {
        tags: TagsId,
        tag: Arc<str>,
        ended: TagEnded,
    },
    /// A copy of all tags has ended.
    TagsEnded {
        tags: TagsId,
    },
    /// Tags of a repository, or repositories of a registry.
    Listed {
        names: Arc<[String]>,
        /// How many entries of the list are not among them: they are no such names.
        skipped: usize,
        /// Why there may be more; nothing where these are all.
        unfinished: Option<Arc<Failure>>,
    },
    /// What this reference named is gone.
    Deleted {
        reference: String,
    },
    /// What this reference names could not be deleted.
    DeleteFailed {
        reference: String,
        /// Tags that would go with it, where the registry deletes no tag alone.
        others: Vec<String>,
        failure: Arc<Failure>,
    },
    /// How everything of a copy's report was found.
    ReportChecked {
        items: Arc<[CheckedItem]>,
    },
    /// Something was added to this image, or taken back.
    Added {
        addition: AdditionId,
        reference: String,
    },
    /// The user's own keys, by name, and the folder that they lie in.
    Keys {
        keys: Arc<[KeyInfo]>,
        folder: PathBuf,
    },
    /// The user's own keys could not be listed.
    KeysNotListed(Arc<Failure>),
    /// One key; its public half was written to this file, where that was asked for.
    KeyShown {
        key: KeyInfo,
        saved: Option<PathBuf>,
    },
    /// A key was made or taken in.
    KeyKept {
        key: KeyInfo,
    },
    KeyDeleted {
        name: String,
    },
    /// Something with keys failed.
    KeyFailed {
        failure: Arc<Failure>,
        /// Whether a passphrase is missing or wrong, and to be asked for.
        ask: bool,
    },
    Failed(Arc<Failure>),
}
