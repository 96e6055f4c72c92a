//! What an artifact says: in brief, as a table of packages, and as it is written.

mod content;
mod packages;
mod summary;

use std::sync::Arc;

use egui::{Margin, Ui};

use crate::engine::{ArtifactFiles, Command, Remote};
use crate::model::Digest;
use crate::model::attachment::{Attachment, AttachmentContent};
use crate::ui::action::Action;
use crate::ui::widgets::{error_box, heading, skeleton, text};

use super::ViewContext;
use super::page::SECTION;

pub(super) use summary::kind_and_brief;

/// Artifacts up to this are read as soon as somebody looks at them, in bytes.
const AT_ONCE: u64 = 16 << 20;

/// What is kept of the artifact that is shown.
#[derive(Debug, Default)]
pub(super) struct ArtifactState {
    /// The artifact that the rest is about.
    of: Option<Digest>,
    page: Page,
    asked: bool,
    packages: packages::PackagesState,
    content: content::ContentState,
}

/// What is shown of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    Summary,
    Packages,
    Content,
}

/// An artifact and how large it is said to be.
pub(super) struct Artifact<'a> {
    pub(super) digest: &'a Digest,
    pub(super) size: u64,
    /// What it refers to, to compare with what its statements are about.
    pub(super) subject: Option<&'a Digest>,
}

impl Artifact<'_> {
    /// Draws the artifact into all the space there is; `details` draws what else is known
    /// of it, below what it says.
    pub(super) fn show(
        &self,
        ui: &mut Ui,
        state: &mut ArtifactState,
        context: &mut ViewContext<'_>,
        details: impl FnOnce(&mut Ui, &mut ViewContext<'_>),
    ) {
        self.keep(state);
        let files = context.image.artifact(self.digest).value().cloned();
        let sbom = files.as_deref().and_then(first_sbom);
        pages(ui, state, files.as_deref());
        ui.add_space(8.0);
        match (state.page, sbom) {
            (Page::Packages, Some(attachment)) => {
                packages::show(ui, &mut state.packages, attachment, context);
            }
            (Page::Content, _) => match &files {
                Some(files) => content::show(ui, &mut state.content, files, context),
                None => self.not_read(ui, &mut state.asked, context),
            },
            _ => {
                egui::ScrollArea::vertical()
                    .id_salt("artifact summary")
                    .auto_shrink([false, false])
                    // what stands at the right is not under the scroll bar
                    .content_margin(Margin {
                        right: 12,
                        ..Margin::ZERO
                    })
                    .show(ui, |ui| {
                        ui.spacing_mut().item_spacing.y = 0.0;
                        match &files {
                            Some(files) => summary::show(ui, files, self.subject, context),
                            None => self.not_read(ui, &mut state.asked, context),
                        }
                        details(ui, context);
                    });
            }
        }
    }

    /// Draws what it says into a page that scrolls as a whole: in brief, then the packages
    /// of an SBOM; nothing where it says nothing that is understood.
    pub(super) fn show_in_page(
        &self,
        ui: &mut Ui,
        state: &mut ArtifactState,
        context: &mut ViewContext<'_>,
    ) {
        self.keep(state);
        let Some(files) = context.image.artifact(self.digest).value().cloned() else {
            ui.add_space(SECTION);
            heading(ui, "What it says", "");
            self.not_read(ui, &mut state.asked, context);
            return;
        };
        if !summary::says_something(&files) {
            return;
        }
        ui.add_space(SECTION);
        summary::show(ui, &files, self.subject, context);
        if let Some(attachment) = first_sbom(&files) {
            ui.add_space(SECTION);
            heading(ui, "Packages", "");
            packages::show_in_page(ui, &mut state.packages, attachment, context);
        }
    }

    /// Forgets what was kept of another artifact.
    fn keep(&self, state: &mut ArtifactState) {
        if state.of.as_ref() != Some(self.digest) {
            *state = ArtifactState {
                of: Some(self.digest.clone()),
                // whoever looks through packages goes on doing so
                page: state.page,
                ..ArtifactState::default()
            };
        }
    }

    /// What stands where nothing was read yet; asks for it.
    fn not_read(&self, ui: &mut Ui, asked: &mut bool, context: &mut ViewContext<'_>) {
        let read = Action::Send(Command::ReadArtifact {
            image: context.image.id,
            manifest: self.digest.clone(),
        });
        match context.image.artifact(self.digest) {
            Remote::Failed { error, .. } => {
                let error = Arc::clone(error);
                error_box(ui, &error, Some(read), context.actions);
            }
            Remote::NotAsked if self.size > AT_ONCE => {
                let words = format!("Read it ({})", crate::model::text::size(self.size));
                if ui.button(words).clicked() {
                    context.actions.push(read);
                }
            }
            remote => {
                if matches!(remote, Remote::NotAsked) && !*asked {
                    *asked = true;
                    context.actions.push(read);
                }
                for width in [220.0, 300.0, 180.0] {
                    skeleton::bar(ui, width, 12.0);
                    ui.add_space(12.0);
                }
            }
        }
    }
}

/// The words that choose what is shown.
fn pages(ui: &mut Ui, state: &mut ArtifactState, files: Option<&ArtifactFiles>) {
    let sbom = files.and_then(first_sbom).and_then(|a| a.sbom());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let mut choice = |ui: &mut Ui, page, word: &str| {
            if ui.selectable_label(state.page == page, word).clicked() {
                state.page = page;
            }
        };
        choice(ui, Page::Summary, "Summary");
        if let Some(sbom) = sbom {
            let count = text::number_words(sbom.packages.len());
            choice(ui, Page::Packages, &format!("Packages ({count})"));
        }
        choice(ui, Page::Content, "Content");
    });
}

/// The first SBOM among the files of an artifact.
fn first_sbom(files: &ArtifactFiles) -> Option<&Arc<Attachment>> {
    let mut read = files
        .files
        .iter()
        .filter_map(|file| file.content.as_ref().ok());
    read.find(|(_, attachment)| matches!(attachment.content, AttachmentContent::Sbom(_)))
        .map(|(_, attachment)| attachment)
}

/// Whether an artifact may be read without being asked for, beside others.
pub(super) fn is_small(size: u64) -> bool {
    size <= AT_ONCE / 4
}
