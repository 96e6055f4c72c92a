//! What is attached to the image: the first referrers, each with what it says in brief.

use egui::{Align, Role, Sense, Ui, WidgetInfo, vec2};

use crate::engine::NodePath;
use crate::model::{ArtifactClass, Digest, text::size as size_text};
use crate::referrers::Referrer;
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, size};
use crate::ui::views::page::SECTION;
use crate::ui::views::subject::platform_label;
use crate::ui::views::{View, ViewContext, ViewState, artifact, referrers};
use crate::ui::widgets::{Date, focus_ring, heading, link, row_line, text};

/// Most referrers that are listed here; all are in their own view.
const LISTED: usize = 8;

/// Most of them that are looked into.
const LOOKED_INTO: usize = 4;

/// Least room for what is said behind a name, in points: with less it would be a mere dash.
const LEAST: f32 = 64.0;

/// Draws the list, once something is known; asks for it.
pub(super) fn show(ui: &mut Ui, state: &mut ViewState, context: &mut ViewContext<'_>) {
    let subjects = referrers::subjects(context);
    for path in &subjects {
        state.wants.ask_referrers(context, path);
    }
    let several = subjects.len() > 1;
    let trees: Vec<_> = subjects
        .iter()
        .filter_map(|path| {
            let of = several.then(|| of_what(context, path));
            Some((of, context.image.referrers(path).value().cloned()?))
        })
        .collect();
    let count = trees.iter().map(|(_, tree)| tree.len() + tree.left_out);
    let count: usize = count.sum();
    if count == 0 {
        return;
    }
    let top = trees.iter().flat_map(|(of, tree)| {
        let of = of.as_deref();
        tree.top().map(move |referrer| (of, referrer))
    });
    let mut listed: Vec<_> = top
        .take(200)
        .filter(|(_, referrer)| referrer.belongs())
        .collect();
    // what says the most first; the order of the place among equals
    listed.sort_by_key(|(_, referrer)| rank(referrer));
    listed.truncate(LISTED);
    ui.add_space(SECTION);
    heading(ui, "Attached", &text::count(count, "referrer", "referrers"));
    let mut gone_to = None;
    let mut read = 0;
    for (of, referrer) in &listed {
        let digest = &referrer.descriptor.digest;
        let class = referrer.kind.class();
        let says = matches!(class, ArtifactClass::Sbom | ArtifactClass::Provenance);
        let size = referrer.total_size.unwrap_or(u64::MAX);
        if says && read < LOOKED_INTO && artifact::is_small(size) {
            read += 1;
            state.wants.ask_artifact(context, digest);
        }
        if row(ui, referrer, *of, context) {
            gone_to = Some((*digest).clone());
        }
    }
    if count > listed.len() {
        let words = format!("All {} referrers", text::number_words(count));
        if link(ui, &words).clicked() {
            let id = context.image.id;
            context.actions.push(Action::ShowView(id, View::Referrers));
        }
    }
    if let Some(digest) = gone_to {
        referrers::go_to(state, &digest, context);
    }
}

/// What something refers to, where that may be the image or the index around it.
fn of_what(context: &ViewContext<'_>, path: &NodePath) -> String {
    let image = context.image.image();
    let node = image.and_then(|image| image.node(path));
    if node.is_some_and(|node| node.document.index().is_some()) {
        return "of the index".to_owned();
    }
    let descriptor = image.and_then(|image| image.descriptor(path));
    let platform = descriptor.and_then(|descriptor| descriptor.platform.as_ref());
    let platform = platform.filter(|platform| !platform.is_unknown());
    platform.map_or_else(
        || "of the image".to_owned(),
        |platform| format!("of {}", platform_label(platform)),
    )
}

/// A row of the list; says whether it was clicked.
fn row(ui: &mut Ui, referrer: &Referrer, of: Option<&str>, context: &ViewContext<'_>) -> bool {
    let digest: &Digest = &referrer.descriptor.digest;
    let files = context.image.artifact(digest).value();
    let read = files.and_then(|files| artifact::kind_and_brief(files));
    let word = referrers::kind_words(&referrer.kind);
    let (exactly, brief) = read.unzip();
    let title = referrer.title.as_ref();
    let title = title.map(|title| text::line(title).into_owned());
    // what tells it from others of its kind
    let after = title.or_else(|| of.map(str::to_owned)).unwrap_or_default();
    let name = match after.as_str() {
        "" => word.clone(),
        after => format!("{word} {after}"),
    };
    let tokens = Tokens::of(ui);
    let date = referrer.created.as_deref().map(Date::read);
    let size = referrer.total_size.map(size_text);
    let vouched = referrers::vouched(digest, context, tokens);
    let vouched = vouched.filter(|_| brief.is_none());
    let whole = vouched.as_ref().map(referrers::Vouched::words);
    let (value, color) = match (brief, &vouched) {
        (Some(brief), _) => (brief, tokens.text),
        (None, Some(vouched)) => (vouched.verdict.to_owned(), vouched.color),
        (None, None) => {
            let made = date.as_ref().map(|date| date.relative(context.now));
            let value = made.map(std::borrow::Cow::into_owned).or(size.clone());
            (value.unwrap_or_default(), tokens.weak)
        }
    };

    // the verdict has to be read; who signed takes what is left beside it
    let by = vouched.and_then(|vouched| vouched.by);
    let after = match (after.is_empty(), by) {
        (true, Some(by)) => by,
        _ => after,
    };
    let said = whole.unwrap_or_else(|| value.clone());

    let area = vec2(ui.available_width(), size::ROW);
    let (rect, response) = ui.allocate_exact_size(area, Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hover);
    }
    row_line(ui, rect);
    // what is said of it is short as a rule; the name takes what it leaves
    let most = rect.width() * 0.5;
    let value_line = text::one_line(ui.painter(), &*value, text::body(), color, most);
    let mut left = rect;
    left.set_right(rect.right() - value_line.size().x - 3.0 * size::GRID);
    text::paint(ui.painter(), rect, value_line, Align::Max);
    let width = left.width();
    let word = text::one_line(ui.painter(), &*word, text::body(), tokens.text, width);
    let mut rest = left;
    rest.set_left(left.left() + word.size().x + size::GRID);
    text::paint(ui.painter(), left, word, Align::Min);
    let room = rest.width();
    let after = text::one_line(ui.painter(), &*after, text::body(), tokens.weak, room);
    if room >= LEAST || !after.elided {
        text::paint(ui.painter(), rest, after, Align::Min);
    }
    if response.has_focus() {
        focus_ring(ui, rect);
    }
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("{name}: {said}"))
    });
    let mut hover = vec![format!("{name}: {said}")];
    hover.extend(exactly);
    hover.extend(of.map(text::capital));
    hover.extend(date.map(|date| date.exact()));
    hover.extend(size);
    hover.push("Show it in Referrers".to_owned());
    response
        .on_hover_text(hover.join("\n"))
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .clicked()
}

fn rank(referrer: &Referrer) -> usize {
    match referrer.kind.class() {
        ArtifactClass::Sbom => 0,
        ArtifactClass::Provenance => 1,
        ArtifactClass::Signature => 2,
        ArtifactClass::Attestation => 3,
        _ => 4,
    }
}
