//! Comparisons of two images, each in a tab of its own.

use std::sync::Arc;

use super::{App, Tab};
use crate::engine::{
    Command, CompareRequest, ComparedImage, ComparisonId, ComparisonSnapshot, ImageId,
};
use crate::model::{Reference, text};
use crate::ui::dialogs::Dialog;

/// What a tab of a comparison is kept under, before its two references.
const PREFIX: &str = "compare:";

/// Between the two. No reference and no path that is opened has a line break in it.
const BETWEEN: char = '\n';

/// A comparison that a tab shows.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub id: ComparisonId,
    pub request: CompareRequest,
    pub snapshot: Option<Arc<ComparisonSnapshot>>,
}

impl Comparison {
    /// One that was not begun yet.
    pub(super) fn new(request: CompareRequest) -> Self {
        Self {
            id: ComparisonId::next(),
            request,
            snapshot: None,
        }
    }

    /// What makes it again in another run; the platforms are chosen anew.
    pub(super) fn session_text(&self) -> String {
        let part = |image: &ComparedImage| text::without_secrets(&image.reference).into_owned();
        let (before, after) = (part(&self.request.before), part(&self.request.after));
        format!("{PREFIX}{before}{BETWEEN}{after}")
    }

    /// Reads what [`Self::session_text`] wrote.
    pub(super) fn of_session(text: &str) -> Option<Self> {
        let (before, after) = text.strip_prefix(PREFIX)?.split_once(BETWEEN)?;
        let image = |reference: &str| ComparedImage {
            reference: reference.to_owned(),
            platform: None,
        };
        Some(Self::new(CompareRequest {
            before: image(before),
            after: image(after),
            fetch_shared: false,
        }))
    }

    /// A short name for the tab.
    pub(super) fn title(&self) -> String {
        let name = |image: &ComparedImage| {
            let parsed = Reference::parse_prefixed(&image.reference).and_then(Result::ok);
            let name = match parsed {
                Some(reference) => reference.title(),
                None => text::without_secrets(&image.reference).into_owned(),
            };
            match &image.platform {
                Some(platform) => format!("{name} {platform}"),
                None => name,
            }
        };
        let (before, after) = (name(&self.request.before), name(&self.request.after));
        format!("{before} ↔ {after}")
    }

    /// What begins it.
    pub(super) fn begin(&self) -> Command {
        Command::Compare {
            comparison: self.id,
            request: Box::new(self.request.clone()),
        }
    }
}

impl Tab {
    /// What of this tab is compared with something: the image, and the platform that is
    /// looked at where it is one of several.
    pub fn compared(&self) -> Option<ComparedImage> {
        let reference = self.reference()?.to_string();
        let image = self.image();
        let selection = self.selection();
        let platform = image.and_then(|image| {
            let descriptor = image.descriptor(&selection)?;
            descriptor.platform.clone()
        });
        Some(ComparedImage {
            reference,
            platform: platform.filter(|platform| !platform.is_unknown()),
        })
    }
}

impl App {
    /// Compares two images in a new tab, or shows the tab that does.
    pub(in crate::ui) fn compare(&mut self, request: CompareRequest) {
        let same = self.tabs.iter().find(|tab| {
            tab.comparison()
                .is_some_and(|comparison| comparison.request == request)
        });
        if let Some(image) = same.map(Tab::image_id) {
            self.tabs.show(image);
            return;
        }
        let comparison = Comparison::new(request);
        self.engine.send(comparison.begin());
        self.tabs
            .add(Tab::of_comparison(ImageId::next(), comparison));
    }

    /// Asks what to compare an image with.
    pub(in crate::ui) fn compare_with(&mut self, image: ComparedImage) {
        let platforms = {
            let mut tabs = self.tabs.iter();
            let own = tabs.find(|tab| tab.compared().as_ref() == Some(&image));
            own.map(Tab::other_platforms).unwrap_or_default()
        };
        self.show_dialog(Dialog::compare(image, platforms));
    }

    /// Asks what to compare the image of the focused tab with.
    pub(in crate::ui) fn compare_focused(&mut self) {
        if let Some(image) = self.tabs.focused().and_then(Tab::compared) {
            self.compare_with(image);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_made_again_by_its_text() {
        let image = |reference: &str| ComparedImage {
            reference: reference.to_owned(),
            platform: None,
        };
        let comparison = Comparison::new(CompareRequest {
            before: image("docker://r.example.com/a:1"),
            after: image("oci:/a b/c:2"),
            fetch_shared: false,
        });
        let again = Comparison::of_session(&comparison.session_text()).unwrap();
        assert_eq!(again.request, comparison.request);
        assert_eq!(comparison.title(), "a:1 ↔ c:2");
        assert!(Comparison::of_session("compare:only one").is_none());
        assert!(Comparison::of_session("docker://a/b").is_none());
    }
}
