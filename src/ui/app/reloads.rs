//! Reloads on their way, and what they found: the same as before, or something else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::{App, Tab};
use crate::engine::{Command, ImageId, JobKind, JobSnapshot, JobState};
use crate::model::{Digest, Reference};

/// What was known of each image when it was asked for again.
#[derive(Debug, Default)]
pub struct Reloads(HashMap<ImageId, Before>);

#[derive(Debug)]
struct Before {
    /// Nothing where the image was not known.
    root: Option<Digest>,
    since: Instant,
}

impl Reloads {
    fn begin(&mut self, image: ImageId, root: Option<Digest>) {
        let since = Instant::now();
        self.0.insert(image, Before { root, since });
    }

    /// Whether an image is being asked for again.
    pub fn is_on_its_way(&self, image: ImageId) -> bool {
        self.0.contains_key(&image)
    }

    /// Forgets an image that was closed.
    pub fn forget(&mut self, image: ImageId) {
        self.0.remove(&image);
    }

    /// The images whose reload has ended well, with what they were before.
    fn take_ended(&mut self, jobs: &[Arc<JobSnapshot>]) -> Vec<(ImageId, Digest)> {
        let mut found = Vec::new();
        for job in jobs.iter().filter(|job| job.state.is_final()) {
            let ended = self
                .0
                .get(&job.image)
                .is_some_and(|before| job.kind == JobKind::Reload && job.started >= before.since);
            if ended
                && let Some(before) = self.0.remove(&job.image)
                && let (JobState::Done, Some(root)) = (&job.state, before.root)
            {
                found.push((job.image, root));
            }
        }
        found
    }
}

impl App {
    /// Asks for an image again; when it is there, it is said whether it is another one.
    pub(in crate::ui) fn reload(&mut self, image: ImageId) {
        if let Some(place) = self.tabs.get(image).and_then(Tab::place).cloned() {
            self.engine.send(Command::ListPlace { place });
            return;
        }
        if let Some(comparison) = self.tabs.get(image).and_then(Tab::comparison) {
            self.engine.send(comparison.begin());
            return;
        }
        if let Some(tab) = self.tabs.get_mut(image) {
            tab.changed_on_disk = false;
            self.reloads.begin(image, tab.root_digest().cloned());
        }
        self.engine.send(Command::Reload { image });
    }

    /// Says what the reloads that have ended found. After `jobs` were read, the images were.
    pub(super) fn tell_reloads(&mut self) {
        let jobs = Arc::clone(&self.jobs);
        for (image, before) in self.reloads.take_ended(&jobs) {
            let Some(tab) = self.tabs.get_mut(image) else {
                continue;
            };
            let Some(now) = tab.root_digest() else {
                continue;
            };
            let name = match tab.reference() {
                Some(Reference::Registry(registry)) => registry.tag().map(ToString::to_string),
                _ => None,
            };
            let name = name.unwrap_or_else(|| tab.title());
            let text = if *now == before {
                format!("{name} is unchanged")
            } else {
                format!("{name} moved: {} → {}", before.short(), now.short())
            };
            self.toasts.say(text);
        }
    }

    /// Asks, without reading them, whether the open folders and files have changed. Called
    /// when the window gets the focus: whoever changed them was in another one.
    pub(super) fn look_again(&self) {
        let got_focus = self.ctx.input(|input| {
            let mut events = input.events.iter();
            events.any(|event| matches!(event, egui::Event::WindowFocused(true)))
        });
        if !got_focus {
            return;
        }
        for place in self.settings.places.open_here() {
            self.engine.send(Command::ListPlace { place });
        }
        for tab in self.tabs.iter() {
            let local = matches!(tab.reference(), Some(Reference::Path(_)));
            if local && tab.root_digest().is_some() {
                let image = tab.image_id();
                self.engine.send(Command::LookAgain { image });
            }
        }
    }
}
