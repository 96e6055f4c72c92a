//! The tags, a line for each with what becomes of it.

use egui::{Align, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use crate::engine::{TagCounts, TagState, Tags};
use crate::model::text;
use crate::ui::dialogs::kit;
use crate::ui::theme::{Tokens, icons};
use crate::ui::widgets::row_line;
use crate::ui::widgets::text as paint;

/// How high the list is at most, and a line of it, in points.
const LIST: f32 = 216.0;
const ROW: f32 = 27.0;
/// The mark of how a tag stands, what becomes of it in words, and the space between them.
const MARK: f32 = 22.0;
const WORDS: f32 = 226.0;
/// Of how many tags the width is looked at.
const MEASURED: usize = 200;
const SIZE: f32 = 72.0;
const GAP: f32 = 12.0;

/// Which of them are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    All,
    /// They are copied, or were.
    Copied,
    /// They stand for something else there.
    Moved,
    Present,
    Failed,
}

/// The list, as it is looked at.
#[derive(Debug, Default)]
pub(super) struct List {
    shown: Shown,
}

impl Shown {
    fn takes(self, state: &TagState) -> bool {
        match self {
            Self::All => true,
            Self::Copied => matches!(
                state,
                TagState::Planned(_) | TagState::Copying | TagState::Copied(_)
            ),
            Self::Moved => {
                matches!(state, TagState::Planned(planned) if planned.replaces.is_some())
            }
            Self::Present => matches!(state, TagState::Present(_)),
            Self::Failed => matches!(state, TagState::Failed(_)),
        }
    }
}

impl List {
    /// Draws it, with a choice of which are shown where they differ.
    pub(super) fn show(&mut self, ui: &mut Ui, tags: &Tags) {
        let counts = tags.counts();
        let choices = choices(&counts);
        if !choices.iter().any(|(shown, _)| *shown == self.shown) {
            self.shown = Shown::All;
        }
        if choices.len() > 2 {
            let words: Vec<_> = choices
                .iter()
                .map(|(s, word)| (*s, word.as_str()))
                .collect();
            kit::segments(ui, &mut self.shown, &words);
        }
        let shown = self.shown;
        let rows = match shown {
            Shown::All => None,
            _ => Some(tags.positions(|state| shown.takes(state))),
        };
        let names = tags.names();
        let length = rows.as_ref().map_or(names.len(), Vec::len);
        let painter = ui.painter();
        let widths = names.iter().take(MEASURED);
        let widths = widths.map(|name| paint::width(painter, &text::visible(name)));
        let widest = widths.fold(0.0, f32::max).ceil() + 1.0;
        // as high as with all of them, so that nothing moves when fewer are shown
        let height = LIST.min(names.len() as f32 * ROW);
        ui.scope(|ui| {
            ui.set_min_height(height);
            kit::room_for_bars(ui);
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical()
                .id_salt("tags of the copy")
                .max_height(LIST)
                .min_scrolled_height(LIST.min(length as f32 * ROW))
                .auto_shrink([false, true])
                .show_rows(ui, ROW, length, |ui, seen| {
                    for at in seen {
                        let at = rows.as_ref().map_or(Some(at), |rows| rows.get(at).copied());
                        let Some((at, name)) = at.and_then(|at| Some((at, names.get(at)?))) else {
                            continue;
                        };
                        let state = tags.state(at);
                        let mut said = said(&state, Tokens::of(ui));
                        if let (TagState::Copying, Some(progress)) = (&state, tags.current()) {
                            let (done, total) = (progress.done(), progress.total);
                            said.size = format!("{} of {}", text::size(done), text::size(total));
                        }
                        ui.push_id(at, |ui| line(ui, name, widest, &said));
                    }
                });
        });
    }
}

/// What can be shown, with how many that are.
fn choices(counts: &TagCounts) -> Vec<(Shown, String)> {
    let copied = counts.planned + counts.copying + counts.copied;
    let all = [
        (Shown::All, "All", counts.all()),
        (Shown::Copied, "Copied", copied),
        (Shown::Moved, "Moved", counts.moved),
        (Shown::Present, "There", counts.present),
        (Shown::Failed, "Failed", counts.failed),
    ];
    let some = all.into_iter().filter(|(.., count)| *count > 0);
    some.map(|(shown, word, count)| (shown, format!("{word} {}", text::count(count as u64))))
        .collect()
}

/// What is said of a tag: a mark, words, more on hover, and a size.
struct Said {
    icon: &'static str,
    color: egui::Color32,
    words: String,
    hover: String,
    size: String,
}

fn said(state: &TagState, tokens: &Tokens) -> Said {
    let left = |count: usize| match count {
        0 => String::new(),
        1 => ", 1 thing stays behind".to_owned(),
        count => format!(", {count} things stay behind"),
    };
    let said = |icon, color, words: String| Said {
        icon,
        color,
        words,
        hover: String::new(),
        size: String::new(),
    };
    match state {
        TagState::Waiting => said(icons::LOADER, tokens.faint, "waits".to_owned()),
        TagState::Planned(planned) => {
            let words = match &planned.replaces {
                None => "new there".to_owned(),
                Some(before) => format!("moves from {}", before.short()),
            };
            let (icon, color) = match (planned.replaces.is_some(), planned.left_behind) {
                (false, 0) => (icons::TAG, tokens.weak),
                _ => (icons::TRIANGLE_ALERT, tokens.caution),
            };
            Said {
                hover: planned.digest.to_string(),
                size: match planned.sent {
                    0 => "–".to_owned(),
                    bytes => text::size(bytes),
                },
                ..said(icon, color, words + &left(planned.left_behind))
            }
        }
        TagState::Copying => said(icons::LOADER, tokens.accent, "is being copied".to_owned()),
        TagState::Present(digest) => Said {
            hover: digest.to_string(),
            ..said(icons::CIRCLE_CHECK, tokens.weak, "already there".to_owned())
        },
        TagState::Copied(copied) => {
            let words = format!("copied{}", left(copied.left_behind));
            let (icon, color) = match copied.left_behind {
                0 => (icons::CIRCLE_CHECK, tokens.accepted),
                _ => (icons::TRIANGLE_ALERT, tokens.caution),
            };
            Said {
                hover: copied.digest.to_string(),
                size: text::size(copied.sent),
                ..said(icon, color, words)
            }
        }
        TagState::Failed(failure) => Said {
            hover: format!("{}\n{}", failure.headline, failure.hint_in_window()),
            ..said(icons::CIRCLE_X, tokens.rejected, failure.headline.clone())
        },
    }
}

/// `widest` is how wide the names are, in points.
fn line(ui: &mut Ui, name: &str, widest: f32, said: &Said) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let name = text::visible(name);
    let words = paint::line(&said.words);
    let painter = ui.painter();
    let mut rest = rect;
    let body =
        |words: &str, color, width| paint::one_line(painter, words, paint::body(), color, width);
    paint::paint(painter, rest, body(said.icon, said.color, MARK), Align::Min);
    rest.set_left(rest.left() + MARK);
    // of a long name the middle is left out, and it is whole on hover
    let room = rest.width() - WORDS - SIZE - 2.0 * GAP;
    let width = widest.min(room.max(SIZE));
    let fitting = paint::fit_middle(painter, &name, &paint::body(), width);
    let shown = body(&fitting, tokens.text, f32::INFINITY);
    paint::paint(painter, rest, shown, Align::Min);
    rest.set_left(rest.left() + width + GAP);
    if !said.size.is_empty() {
        let size = body(&said.size, tokens.weak, rest.width());
        let width = size.size().x.max(SIZE);
        paint::paint(painter, rest, size, Align::Max);
        rest.set_right(rest.right() - width - GAP);
    }
    paint::paint(
        painter,
        rest,
        body(&words, tokens.weak, rest.width()),
        Align::Min,
    );
    row_line(ui, rect);
    response.widget_info(|| {
        let words = [&*name, &*words, &*said.size];
        let words = words.into_iter().filter(|word| !word.is_empty());
        WidgetInfo::labeled(Role::Label, true, words.collect::<Vec<_>>().join(", "))
    });
    if response.hovered() {
        let hover = said.hover.lines().map(text::visible).collect::<Vec<_>>();
        response.on_hover_text(format!("{name}\n{}", hover.join("\n")).trim_end());
    }
}
