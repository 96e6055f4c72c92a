//! One entry of an index: what its cells show and what they are sorted by.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::{FailureKind, Node, Parts, Remote};
use crate::model::{Descriptor, Index, Reference, annotation, text::size as size_text};
use crate::transport::BlobState;
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons};
use crate::ui::views::facts::{EntryKind, IndexFacts};
use crate::ui::views::subject::platform_label;
use crate::ui::widgets::table::{Column, RowUi};
use crate::ui::widgets::{Date, Status, text};

const PLATFORM: usize = 1;
const KIND: usize = 2;
const MANIFEST: usize = 3;
const TOTAL: usize = 4;
const BUILT: usize = 5;
const DIGEST: usize = 6;
const STATE: usize = 7;

/// The columns. By what is read of each entry they can be sorted only where all were read:
/// rows would jump while more come.
pub(super) const fn columns(complete: bool) -> [Column; 8] {
    [
        Column::new("", 24.0),
        Column::wide("Platform", 130.0, 1.0).sorts(),
        Column::new("Kind", 84.0).sorts().from_width(480.0),
        Column::new("Manifest", 78.0)
            .right()
            .sorts()
            .hint("Size of the manifest or index itself")
            .from_width(860.0),
        Column::new("Total", 78.0)
            .right()
            .sorts_if(complete)
            .hint("Config and layers, each distinct blob once"),
        Column::new("Built", 110.0)
            .sorts_if(complete)
            .from_width(640.0),
        Column::new("Digest", 158.0).sorts().from_width(560.0),
        Column::new("State", 150.0).from_width(740.0),
    ]
}

/// Whether a column shows what is read of an entry, and not what the index says.
pub(super) const fn is_of_child(column: usize) -> bool {
    matches!(column, TOTAL | BUILT)
}

/// What rows are sorted by. What is not known comes last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Text(String),
    Number(u64),
    Date(Timestamp),
    Unknown,
}

impl Key {
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// Where keys are taken from.
pub(super) struct Keys<'a> {
    pub(super) node: &'a Arc<Node>,
    pub(super) index: &'a Index,
    pub(super) facts: &'a IndexFacts,
}

impl Keys<'_> {
    pub(super) fn key(&self, at: usize, column: usize) -> Key {
        let Some(Ok(entry)) = self.index.entries.get(at) else {
            return Key::Unknown;
        };
        let child = self.node.child(at).and_then(Remote::value);
        match column {
            PLATFORM => match &entry.platform {
                Some(platform) if self.facts.kinds[at] == EntryKind::Image => {
                    Key::Text(platform_label(platform))
                }
                _ => Key::Unknown,
            },
            KIND => Key::Text(self.facts.kinds[at].word().to_owned()),
            MANIFEST => Key::Number(entry.size),
            DIGEST => Key::Text(entry.digest.to_string()),
            TOTAL => child.and_then(total).map_or(Key::Unknown, Key::Number),
            BUILT => match child.and_then(built).map(Date::read) {
                Some(Date::At(at)) => Key::Date(at),
                _ => Key::Unknown,
            },
            _ => Key::Unknown,
        }
    }
}

/// What was asked of a row's menu.
pub(super) enum Wish {
    Select(usize),
    Act(Action),
}

/// What rows are drawn from.
pub(super) struct Entries<'a> {
    pub(super) index: &'a Index,
    pub(super) node: &'a Arc<Node>,
    pub(super) facts: &'a IndexFacts,
    pub(super) now: Timestamp,
    /// What is said of an entry that is not in its place.
    pub(super) missing: &'static str,
    pub(super) reference: Option<&'a Reference>,
}

impl Entries<'_> {
    /// Draws the entry at `at`.
    pub(super) fn draw(
        &self,
        row: &mut RowUi<'_>,
        at: usize,
        selected: bool,
        wished: &RefCell<Vec<Wish>>,
    ) {
        let kind = self.facts.kinds[at];
        let tokens = row.tokens;
        let entry = match &self.index.entries[at] {
            Ok(entry) => entry,
            Err(problem) => {
                let words = format!("entry {at}: {problem}");
                row.colored(0, icons::TRIANGLE_ALERT, tokens.damaged);
                row.colored(PLATFORM, &text::line(&words), tokens.damaged);
                row.colored(KIND, kind.word(), tokens.damaged);
                row.name(text::line(&format!("Unreadable {words}")).into_owned());
                return;
            }
        };
        let child = self.node.child(at).unwrap_or(&Remote::NotAsked);
        let icon = match kind {
            EntryKind::Image => icons::CPU,
            EntryKind::Index => icons::LIST_TREE,
            EntryKind::Artifact => icons::PACKAGE,
            EntryKind::Attestation { .. } => icons::PAPERCLIP,
            EntryKind::Unknown | EntryKind::Unreadable => icons::FILE_QUESTION_MARK,
        };
        let icon_color = if selected {
            tokens.accent
        } else {
            tokens.faint
        };
        row.colored(0, icon, icon_color);
        let label = self.label(entry, child, kind);
        match kind {
            EntryKind::Image | EntryKind::Index => row.words(PLATFORM, &label),
            _ => row.weak(PLATFORM, &label),
        }
        row.weak(KIND, kind.word());
        row.weak(MANIFEST, &size_text(entry.size));
        row.digest(DIGEST, &entry.digest, child.value().is_some());
        let status = self.status(child, tokens);
        let mut name = format!("{label}, {}", kind.word());
        self.known(row, child, &mut name);
        match &status {
            Some(status) => {
                row.status(STATE, status);
                name.push_str(", ");
                name.push_str(&status.word);
            }
            None => row.pending(STATE),
        }
        row.name(name);
        self.menu(row, at, entry, wished);
    }

    /// The cells that show what is read of the entry.
    fn known(&self, row: &mut RowUi<'_>, child: &Remote<Arc<Node>>, name: &mut String) {
        match child.value() {
            Some(child) => {
                if let Some(total) = total(child) {
                    let total = size_text(total);
                    row.words(TOTAL, &total);
                    name.push_str(", ");
                    name.push_str(&total);
                }
                match built(child) {
                    Some(built) => {
                        let date = Date::read(built);
                        row.weak(BUILT, &date.relative(self.now));
                        row.hint(BUILT, &date.exact());
                    }
                    None if is_config_pending(child) => row.pending(BUILT),
                    None => {}
                }
            }
            None if child.error().is_none() => {
                row.pending(TOTAL);
                row.pending(BUILT);
            }
            None => {}
        }
    }

    fn label(&self, entry: &Descriptor, child: &Remote<Arc<Node>>, kind: EntryKind) -> String {
        if let EntryKind::Attestation { about } = kind {
            let about = about.and_then(|at| self.index.entries.get(at)?.as_ref().ok());
            return match about.map(|entry| entry.platform.as_ref().map(platform_label)) {
                Some(Some(platform)) => format!("for {platform}"),
                Some(None) => "for an image without a platform".to_owned(),
                None => "for an image that is not in this index".to_owned(),
            };
        }
        let config = child.value().and_then(|node| node.config());
        let own = config.map(|config| &config.platform);
        let platform = entry.platform.as_ref().or(own);
        if let Some(platform) = platform.filter(|platform| !platform.os.is_empty()) {
            let mut label = platform_label(platform);
            if !platform.os_features.is_empty() {
                let features = platform.os_features.join(", ");
                label.push_str(&format!(" ({})", text::line(&features)));
            }
            return label;
        }
        if let Some(index) = child.value().and_then(|node| node.document.index()) {
            return format!(
                "an index of {}",
                text::count(index.entries.len(), "entry", "entries")
            );
        }
        let named = entry.annotation(annotation::REF_NAME);
        match (named, &entry.artifact_type, kind) {
            (Some(name), ..) => text::line(name).into_owned(),
            (None, Some(kind), _) => text::line(kind.as_str()).into_owned(),
            (None, None, EntryKind::Unknown) => text::line(entry.media_type.as_str()).into_owned(),
            _ => "no platform".to_owned(),
        }
    }

    /// How the entry stands; nothing while that is not known.
    fn status(&self, child: &Remote<Arc<Node>>, tokens: &Tokens) -> Option<Status> {
        if let Some(error) = child.error() {
            let (icon, word, color) = match error.kind {
                FailureKind::Damaged => (icons::TRIANGLE_ALERT, "damaged", tokens.damaged),
                FailureKind::Missing => (icons::CIRCLE_MINUS, self.missing, tokens.caution),
                FailureKind::Access => (icons::LOCK, "no access", tokens.rejected),
                FailureKind::Network => (icons::WIFI_OFF, "not reached", tokens.rejected),
                FailureKind::Certificate => {
                    (icons::SHIELD_X, "certificate not trusted", tokens.rejected)
                }
                FailureKind::Cancelled => (icons::CIRCLE_STOP, "cancelled", tokens.caution),
                FailureKind::Other => (icons::CIRCLE_X, "not read", tokens.rejected),
            };
            let meaning = format!("{}. {}", error.headline, error.hint_in_window());
            return Some(Status {
                icon,
                word: Cow::Borrowed(word),
                color,
                meaning: Cow::Owned(text::value(&meaning).into_owned()),
            });
        }
        let node = child.value()?;
        if let Some(problem) = node.document.problem() {
            return Some(Status {
                icon: icons::TRIANGLE_ALERT,
                word: Cow::Borrowed("cannot be read"),
                color: tokens.damaged,
                meaning: Cow::Owned(format!("Its bytes hash to its digest, but {problem}")),
            });
        }
        Some(blobs_status(node, self.missing, tokens))
    }

    fn menu(&self, row: &RowUi<'_>, at: usize, entry: &Descriptor, wished: &RefCell<Vec<Wish>>) {
        row.response.context_menu(|ui| {
            let wish = |wish| wished.borrow_mut().push(wish);
            if ui.button("Select").clicked() {
                wish(Wish::Select(at));
            }
            if ui.button("Copy digest").clicked() {
                wish(copy(entry.digest.to_string(), "digest"));
            }
            let by_digest = self.reference.and_then(|r| r.at_digest(&entry.digest));
            if let Some(by_digest) = by_digest {
                if ui.button("Copy reference by digest").clicked() {
                    wish(copy(by_digest.to_string(), "reference"));
                }
                if ui.button("Open in a tab of its own").clicked() {
                    wish(Wish::Act(Action::Open(by_digest.to_string())));
                }
            }
        });
    }
}

fn copy(text: String, what: &str) -> Wish {
    let what = what.to_owned();
    Wish::Act(Action::Copy { text, what })
}

/// The bytes of manifest, config and layers; of an index nothing.
fn total(node: &Arc<Node>) -> Option<u64> {
    let manifest = node.document.manifest()?;
    Some(node.total_size().unwrap_or(manifest.blob_size()))
}

/// When it was built, as it is written.
fn built(node: &Arc<Node>) -> Option<&str> {
    if let Some(created) = node.config().and_then(|config| config.created.as_deref()) {
        return Some(created);
    }
    let annotations = match (node.document.manifest(), node.document.index()) {
        (Some(manifest), _) => &manifest.annotations,
        (None, Some(index)) => &index.annotations,
        (None, None) => return None,
    };
    annotations.get(annotation::CREATED).map(String::as_str)
}

fn is_config_pending(node: &Arc<Node>) -> bool {
    matches!(
        &node.parts,
        Parts::Manifest {
            config: Remote::Pending { .. },
            ..
        }
    )
}

/// The document was read, so what is left to say is how its blobs are.
fn blobs_status(node: &Arc<Node>, missing: &'static str, tokens: &Tokens) -> Status {
    let blobs: &[BlobState] = match &node.parts {
        Parts::Manifest { blobs, .. } => blobs,
        _ => &[],
    };
    let count = |is: fn(&BlobState) -> bool| blobs.iter().filter(|blob| is(blob)).count();
    let damaged = count(BlobState::is_damaged);
    let absent = count(|blob| *blob == BlobState::Missing);
    let verified = count(|blob| *blob == BlobState::Verified);
    let blobs_word = |count: usize, state: &str| match count {
        1 => format!("1 blob {state}"),
        _ => format!("{count} blobs {state}"),
    };
    if damaged > 0 {
        Status {
            icon: icons::TRIANGLE_ALERT,
            word: Cow::Owned(blobs_word(damaged, "damaged")),
            color: tokens.damaged,
            meaning: Cow::Borrowed("Select it and look in Layers to see which"),
        }
    } else if absent > 0 {
        Status {
            icon: icons::CIRCLE_MINUS,
            word: Cow::Owned(blobs_word(absent, "missing")),
            color: tokens.caution,
            meaning: Cow::Owned(format!("They are {missing}; look in Layers to see which")),
        }
    } else if verified > 0 && verified == blobs.len() {
        Status {
            icon: icons::CIRCLE_CHECK,
            word: Cow::Borrowed("every byte verified"),
            color: tokens.accepted,
            meaning: Cow::Borrowed("Manifest, config and layers hash to their digests"),
        }
    } else {
        Status {
            icon: icons::CIRCLE_CHECK,
            word: Cow::Borrowed("documents verified"),
            color: tokens.accepted,
            meaning: Cow::Borrowed("Its own bytes hash to its digest; its layers were not read"),
        }
    }
}
