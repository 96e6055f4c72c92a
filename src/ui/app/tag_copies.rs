//! Copies of all tags: asked for, started, and what came of them.

use super::App;
use crate::engine::{Command, Place, Remote, TagsId, TagsRequest};
use crate::model::{Reference, text};
use crate::ui::action::Action;
use crate::ui::dialogs::{CopyTagsDialog, Dialog, Target};
use crate::ui::widgets::text::count;

impl App {
    /// Asks where all tags of what `source` opens are to be copied to.
    pub(super) fn ask_copy_tags(&mut self, source: String, target: Option<&Target>) {
        if matches!(target, Some(Target::Engine)) {
            return self.warn("Docker and Podman take one image at a time: drag a tag there");
        }
        let Some(Ok(called)) = Reference::parse_prefixed(&source) else {
            return self.warn("The reference was not understood");
        };
        let own_host = match &called {
            Reference::Registry(image) => image.host(),
            _ => "",
        };
        let registries = self.settings.places.registries().iter();
        let host = registries
            .map(|registry| registry.host.as_str())
            .find(|host| *host != own_host)
            .map(ToOwned::to_owned);
        let dialog = CopyTagsDialog::new(source, called, target, host);
        self.show_dialog(Dialog::CopyTags(Box::new(dialog)));
    }

    /// Asks for the tags of the repository that the focused tab shows, or that its image is in.
    pub(in crate::ui) fn copy_focused_tags(&mut self) {
        let tab = self.tabs.focused();
        let repository = match (
            tab.and_then(super::Tab::place),
            tab.and_then(super::Tab::reference),
        ) {
            (Some(Place::Repository(name)), _) => Some(name.clone()),
            (_, Some(Reference::Registry(image))) => Some(image.name()),
            _ => None,
        };
        if let Some(repository) = repository {
            self.ask_copy_tags(format!("docker://{repository}"), None);
        }
    }

    /// Copies all tags, as it was planned.
    pub(super) fn start_copy_tags(&mut self, tags: TagsId, request: Box<TagsRequest>) {
        self.settings.jobs_open = true;
        let tell = false;
        self.engine.send(Command::CopyTags {
            tags,
            request,
            tell,
        });
    }

    /// A copy of all tags has ended: says so, and lists the place again that it went to.
    pub(super) fn tags_copied(&mut self, tags: TagsId) {
        let Some(copy) = self.engine.tags(tags) else {
            return;
        };
        // that something was only planned is seen where it is
        let (Some(job), Remote::Ready(ended)) = (copy.job, &copy.tags) else {
            return;
        };
        let counts = ended.counts();
        if counts.copied > 0 {
            self.list_again(copy.request.places()[1]);
        }
        // what failed is told as the job's failure
        if counts.ended() == counts.all() && counts.failed == 0 {
            let destination = copy.request.destination();
            let words = format!(
                "Copied {} to {}",
                count(counts.all(), "tag", "tags"),
                text::visible(&destination)
            );
            self.toasts
                .offer(words, vec![("Report…", Action::ShowTags(job))]);
        }
    }
}
