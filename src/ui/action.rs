//! What a part of the window wants to happen. Parts draw and push actions; the application
//! carries them out after the frame. Nothing else changes the application.

use std::sync::Arc;

use crate::engine::{
    Command, CompareRequest, ComparedImage, CopyId, CopyRequest, ImageId, JobId, NodePath, Place,
    TagsId, TagsRequest,
};
use crate::model::{Digest, Reference, RegistryReference};
use crate::signature::SubjectReport;

use super::commands::CommandId;
use super::dialogs::Target;
use super::dialogs::{RemoveWish, SaveWish};
use super::views::View;

/// A wish of a part of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Tell the engine.
    Send(Command),
    /// Open a reference or path in a new tab, or show the tab that has it.
    Open(String),
    /// Open a reference or path; where nothing could be opened in the tab that has the
    /// focus, in its place.
    OpenInstead(String),
    /// Show what is in a place in a tab of its own.
    OpenPlace(Place),
    /// Compare two images in a tab of its own.
    Compare(Box<CompareRequest>),
    /// Ask what to compare this image with.
    CompareWith(ComparedImage),
    /// Keep a registry, by its host, in the explorer.
    AddRegistry(String),
    /// Keep a repository that was typed in the explorer, and show its tags.
    AddRepository(RegistryReference),
    /// Ask for a repository of this registry.
    TypeRepository(String),
    /// Show this view in the tab of the image.
    ShowView(ImageId, View),
    /// Show the files of one layer, with one of them selected.
    ShowFiles(FilesPlace),
    /// Select a manifest of the image: what Layers, Config and Raw are about.
    Select(ImageId, NodePath),
    /// Put a text on the clipboard, and say so (`what` names it: "digest").
    Copy { text: String, what: String },
    /// Run a command of the command table.
    Run(CommandId),
    /// Show the tab of this image.
    ShowTab(ImageId),
    /// Open what this tab shows in another tab.
    OpenAgain(ImageId),
    /// Close the tab of this image.
    CloseTab(ImageId),
    /// Close every tab but the one of this image.
    CloseOthers(ImageId),
    /// Close every tab in which nothing could be opened.
    CloseFailed,
    /// Take a reference out of the list of those that were open before.
    ForgetRecent(String),
    /// Take a reference into the favourites, or out of them.
    ToggleFavourite(String),
    /// Ask for the image of a tab that an earlier run had open.
    Wake(ImageId),
    /// Ask where an image is to be copied to.
    AskCopy {
        what: CopyWhat,
        target: Option<Target>,
        /// To the disk.
        export: bool,
    },
    /// Ask where all tags of a repository, or all images of a layout, are to be copied to.
    AskCopyTags {
        source: String,
        target: Option<Target>,
    },
    /// Ask again how the image of a copy that failed is to be copied, as in this request to
    /// begin with.
    AskCopyAgain {
        copy: CopyId,
        request: Box<CopyRequest>,
    },
    /// Ask how an image is to be signed.
    AskSign(CopyWhat),
    /// Ask what is to be attached to an image.
    AskAttach(CopyWhat),
    /// Ask whether what refers to an image is to be taken back.
    AskRemove(RemoveWish),
    /// Ask nobody but the registry of an image from now on, or everybody again.
    SetOffline(bool),
    /// Show the user's keys, over the dialog that is open.
    ShowKeys,
    /// Open a reference or path, or show the tab that has it, in this view, with what of the
    /// image is to be looked at there.
    OpenAt(String, View, Spot),
    /// Show this view in the tab of the image, with what is to be looked at there.
    ShowAt(ImageId, View, Spot),
    /// Ask whether what `reference` names is to be deleted; `digest` is what it stands for,
    /// where that is known.
    AskDelete {
        reference: Reference,
        digest: Option<Digest>,
    },
    /// Show what a copy did.
    ShowReport(CopyId),
    /// Show the jobs.
    ShowJobs,
    /// Make a copy that was planned.
    StartCopy {
        copy: CopyId,
        request: Box<CopyRequest>,
    },
    /// Copy all tags, as it was planned.
    StartCopyTags {
        tags: TagsId,
        request: Box<TagsRequest>,
    },
    /// Show what became of each tag of the copy that this job makes or made.
    ShowTags(JobId),
    /// Ask where to save files of an image.
    SaveFiles(SaveWish),
    /// Pick a path in a dialog of the system, for this field of the dialog that is open.
    PickPath(PathWish, egui::Id),
    /// Ask for a login and do `then` afterwards. The registry is the one that `then` asks
    /// where none is named.
    LogIn {
        registry: Option<String>,
        then: Option<Command>,
    },
    /// Show the trust policy, in the settings.
    ShowTrust,
    /// Show what decides whether a registry is believed, in the settings.
    ShowTls,
    /// Ask for a signer, to be trusted for images of this name.
    AskSigner(String),
    /// Ask where the report on the signatures of an image is to be saved.
    SaveReport(Arc<SubjectReport>, String),
    /// End the program, whatever is being done.
    Quit,
    /// The hint that a folder has changed was seen.
    DismissChange(ImageId),
    /// Open a web address in the browser of the system (http and https only).
    Browse(String),
}

/// A layer whose files are to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesPlace {
    pub image: ImageId,
    /// The manifest that has the layer.
    pub manifest: NodePath,
    /// Position of the layer in it.
    pub layer: usize,
    /// Absolute; nothing where no name in it is meant.
    pub path: Option<Vec<u8>>,
}

/// What of an image is to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The manifest or index.
    pub selected: Option<NodePath>,
    /// The signature or referrer that lies in the manifest with this digest.
    pub digest: Option<Digest>,
}

/// An image: what is to be copied, signed or added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyWhat {
    /// The image of this tab.
    Tab(ImageId),
    /// What this reference or path stands for.
    Reference(String),
}

/// What is to be picked in a dialog of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathWish {
    /// A folder to open.
    OpenFolder,
    /// A folder to write into.
    Folder,
    /// A file to write, with a name for it.
    SaveFile(String),
    /// A file to read, with the title of the dialog.
    File(&'static str),
}

/// Collects the actions of a frame.
#[derive(Debug, Default)]
pub struct Actions(Vec<Action>);

impl Actions {
    /// Adds a wish.
    pub fn push(&mut self, action: Action) {
        self.0.push(action);
    }

    /// Takes what was wished so far.
    pub fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.0)
    }
}
