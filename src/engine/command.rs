//! What a window or a command line asks of the engine: plain data, never waited for.

use std::ops::Range;
use std::sync::Arc;

use crate::model::{Digest, Platform};

use crate::config::Secret;

use super::{
    AdditionId, AdditionRequest, Chore, CompareRequest, ComparisonId, CopyId, CopyRequest,
    FilesRequest, ImageId, JobId, NodePath, Place, SearchId, SearchRequest, TagsId, TagsRequest,
};

/// How much of an image is fetched without being looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// The root document and nothing under it.
    Root,
    /// What is shown first, and the whole of a small index.
    #[default]
    Shown,
    /// Everything under every index.
    Everything,
}

/// A wish. Its outcome is seen in the slot of what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens what was typed, dropped or clicked under a new id.
    Open {
        image: ImageId,
        input: String,
        /// The platform wanted; nothing for the one in the settings.
        platform: Option<Platform>,
        extent: Extent,
    },
    /// Asks the place again; what is known stays visible meanwhile.
    Reload { image: ImageId },
    /// Looks, without reading it, whether the folder or file of an image has changed since.
    LookAgain { image: ImageId },
    /// Forgets an image and ends what is done for it.
    Close { image: ImageId },
    /// Somebody looks at these entries of the index at `index`: fetch them first, with
    /// their configs. What is known already is not asked again.
    Want {
        image: ImageId,
        index: NodePath,
        entries: Range<usize>,
    },
    /// Somebody looks at what refers to the manifest at `manifest`, or at the index there:
    /// search for it. What is known or on its way is not asked again; a reload asks again
    /// for everything that was looked at.
    ListReferrers { image: ImageId, manifest: NodePath },
    /// Somebody looks into an artifact: a referrer that is known, or a manifest of the image
    /// itself. Read its files and what they say. What is known or on its way is not read
    /// again.
    ReadArtifact { image: ImageId, manifest: Digest },
    /// Somebody wants to know what vouches for the manifest or index at `manifest`: look
    /// for its signatures, verify them and judge by the policy. What is known or on its way
    /// is not asked again; a reload asks again.
    Verify { image: ImageId, manifest: NodePath },
    /// The trust policy is another one now: judges again what was judged.
    JudgeAgain,
    /// Asks nobody but the registry of an image and its token service from now on, or
    /// everybody again, and judges again what was judged.
    SetOffline(bool),
    /// Reads config and layers of the manifest at `manifest` through and compares their
    /// digests.
    CheckBlobs { image: ImageId, manifest: NodePath },
    /// Somebody looks at the files of the manifest at `manifest`. What comes of it is seen
    /// in the slot of the manifest's files ([`super::Engine::files`]).
    Files {
        image: ImageId,
        manifest: NodePath,
        request: FilesRequest,
    },
    /// Finds out what a copy would do, without writing. A plan on its way for the same copy
    /// is given up.
    PlanCopy {
        copy: CopyId,
        request: Box<CopyRequest>,
    },
    /// Makes a copy.
    Copy {
        copy: CopyId,
        request: Box<CopyRequest>,
    },
    /// Ends a copy, and forgets it.
    ForgetCopy { copy: CopyId },
    /// Finds out what a copy of all tags would do, without writing. A plan on its way for the
    /// same copy is given up. Where it is to be told, what comes of each tag is an outcome, in
    /// their order.
    PlanTags {
        tags: TagsId,
        request: Box<TagsRequest>,
        tell: bool,
    },
    /// Copies all tags, one after the other; what comes of each is an outcome where it is to be
    /// told.
    CopyTags {
        tags: TagsId,
        request: Box<TagsRequest>,
        tell: bool,
    },
    /// Ends a copy of all tags, and forgets it.
    ForgetTags { tags: TagsId },
    /// Searches names in all layers of all platforms of an image. What comes of it is seen in
    /// the search's slot ([`super::Engine::search`]); one with the same id is given up.
    Search {
        search: SearchId,
        request: Box<SearchRequest>,
    },
    /// Ends a search, and forgets it.
    ForgetSearch { search: SearchId },
    /// Compares two images. What comes of it is seen in the comparison's slot
    /// ([`super::Engine::comparison`]); one with the same id is given up.
    Compare {
        comparison: ComparisonId,
        request: Box<CompareRequest>,
    },
    /// Somebody looks at a file of the two: read it of both.
    ShowCompared {
        comparison: ComparisonId,
        /// Absolute.
        path: Vec<u8>,
    },
    /// Ends a comparison, and forgets it.
    ForgetComparison { comparison: ComparisonId },
    /// Finds out what an addition would write, and signs nothing. A plan on its way for the
    /// same addition is given up.
    PlanAddition {
        addition: AdditionId,
        request: Box<AdditionRequest>,
    },
    /// Signs and writes what was planned, or plans first. The passphrases are those of the
    /// signers in turn, where they have one.
    Add {
        addition: AdditionId,
        request: Box<AdditionRequest>,
        passphrases: Vec<Option<Secret>>,
        /// Whether the user read what services show to others, which the plan tells
        /// ([`AdditionPlan::to_accept`](super::AdditionPlan::to_accept)). It is remembered.
        accept: bool,
    },
    /// Ends an addition, and forgets it.
    ForgetAddition { addition: AdditionId },
    /// Open an address of the web in the user's browser.
    Browse { address: String },
    /// Somebody looks at a place: list what it holds, anew where it was listed before.
    ListPlace { place: Place },
    /// Somebody looks at these tags of a repository, and no longer at those before: find
    /// out what they stand for. What is known already is not asked again.
    WantTags { place: Place, tags: Vec<Arc<str>> },
    /// Forgets a place and ends what is done for it.
    ClosePlace { place: Place },
    /// Ends a job.
    Cancel { job: JobId },
    /// Does a job that failed or was cancelled again.
    Retry { job: JobId },
    /// Forgets the jobs that have ended.
    ClearJobs,
    /// Does something that belongs to no image.
    Chore(Chore),
}
