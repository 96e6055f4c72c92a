//! One signature: what it is, what it claims, and a line for each check.

use egui::{Align, Layout, Margin, RichText, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use jiff::Timestamp;

use crate::engine::KeyInfo;
use crate::model::{Annotations, ArtifactKind, MediaType, predicate_words};
use crate::signature::policy::name_of;
use crate::signature::sign::KeyFacts;
use crate::signature::{
    Check, CheckKind, Format, Found, Judgement, Outcome, SignatureReport, SignerFacts, Statement,
};
use crate::ui::action::Action;
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::{
    Date, Look, Row, exact, fingerprint, relative, row_line, text, with_dates,
};

use super::SignaturesState;
use super::trust::{self, Card, Proposal};

/// Width of the column of what was checked, in points.
const NAMES: f32 = 160.0;

/// Width of `found` and `expected`, in points.
const WORDS: f32 = 64.0;

/// Draws the card.
pub(super) fn show(
    ui: &mut Ui,
    position: usize,
    report: &SignatureReport,
    state: &mut SignaturesState,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    let reveal = report.found.place.manifest.as_ref();
    let reveal = reveal.filter(|manifest| state.reveal.as_ref() == Some(*manifest));
    let reveal = reveal.is_some() && state.reveal.take().is_some();
    let drawn = egui::Frame::NONE
        .stroke(Stroke::new(1.0, tokens.border))
        .corner_radius(size::CORNER)
        .inner_margin(Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            head(ui, report, tokens, context);
            for (line, check) in report.checks.iter().enumerate() {
                check_line(ui, (position, line), check, state);
            }
            let (details, proven) = match &report.authenticated {
                Some(facts) if !facts.details.is_empty() => (&facts.details, true),
                _ => (&report.found.claims.details, false),
            };
            let open = PARTS.iter().filter(|part| {
                let shown = state.details.contains(&(position, **part));
                shown && part.of(details).next().is_some()
            });
            for (at, part) in open.enumerate() {
                if at == 0 && !proven {
                    let words = "What stands in it. Nothing of it is proven by that.";
                    let words = RichText::new(words).color(tokens.caution);
                    ui.add(egui::Label::new(words.size(size::SMALL)).wrap());
                }
                for (name, value) in part.of(details) {
                    Row::new(name.as_str(), &with_dates(value))
                        .copies(value)
                        .look(Look::Words)
                        .name_width(NAMES + 28.0)
                        .show(ui, context.actions);
                }
            }
            buttons(ui, position, report, details, state, context);
            let card = Card::of(&report.found, position);
            trust::show(ui, &card, &mut state.proposal, context);
        });
    if reveal {
        drawn.response.scroll_to_me(Some(Align::Center));
    }
}

/// The key of the user's own that a signature says it was made with.
fn own_key<'k>(found: &Found, keys: &'k [KeyInfo]) -> Option<&'k KeyInfo> {
    let claimed = found.claims.key.as_ref()?;
    let is_it = |facts: &KeyFacts| facts.fingerprint == *claimed;
    keys.iter()
        .find(|key| key.facts.as_ref().is_some_and(is_it))
}

/// Who made it, by its own word: a key with its fingerprint, or words.
fn claimed_by(ui: &mut Ui, found: &Found, tokens: &Tokens, context: &mut ViewContext<'_>) {
    let small = |words: &str| RichText::new(words).color(tokens.weak).size(size::SMALL);
    if let Some(key) = &found.claims.key {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = size::GRID;
            let words = match own_key(found, context.keys) {
                Some(own) => format!("claims to be by your key {}", text::line(&own.name)),
                None => "claims to be by the key".to_owned(),
            };
            ui.label(small(&words));
            fingerprint(ui, key, context.actions);
        });
        return;
    }
    let Some(signer) = &found.claims.signer else {
        return;
    };
    let mut words = format!("claims to be by {}", text::line(signer));
    if let Some(issuer) = &found.claims.issuer {
        words.push_str(&format!(", vouched for by {}", text::line(issuer)));
    }
    ui.add(egui::Label::new(small(&words)).truncate());
}

fn head(ui: &mut Ui, report: &SignatureReport, tokens: &Tokens, context: &mut ViewContext<'_>) {
    let now = context.now;
    let found = &report.found;
    ui.horizontal(|ui| {
        let (title, whole) = title(found);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            date(ui, found, now);
            // the title takes what the date leaves
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = ui.add(egui::Label::new(strong(title)).truncate());
                if let Some(whole) = whole {
                    title.on_hover_text(text::value(whole));
                }
            });
        });
    });
    claimed_by(ui, found, tokens, context);
    if let Some(covers) = covers(found) {
        let words = RichText::new(covers).color(tokens.weak).size(size::SMALL);
        let line = ui.add(egui::Label::new(words).truncate());
        line.on_hover_text(text::value(&found.claims.covers.join("\n")).into_owned());
    }
    ui.add_space(size::GRID);
}

/// What it says that it is about; nothing where it says nothing of it.
fn covers(found: &Found) -> Option<String> {
    let covers = &found.claims.covers;
    let here = found.listed_for.to_string();
    let others = covers.iter().filter(|digest| **digest != here).count();
    let first = text::line(covers.first()?);
    Some(match (others < covers.len(), others) {
        (true, 0) => "claims to be about this digest".to_owned(),
        (true, others) => format!("claims to be about this digest, and {others} more"),
        (false, 1) => format!("claims to be about {first}, which is another digest"),
        (false, others) => format!("claims to be about {others} other digests"),
    })
}

/// What it is and states, in words, and how the statement's type is written.
fn title(found: &Found) -> (String, Option<&str>) {
    let (words, whole) = match &found.statement {
        Statement::Attestation {
            predicate_type: Some(stated),
        } => (predicate_words(stated), stated),
        Statement::Document { media_type } => {
            let kind =
                ArtifactKind::of_type(Some(&MediaType::new(media_type)), &Annotations::default());
            (kind.to_string().into(), media_type)
        }
        Statement::Attestation { .. } | Statement::Signature => {
            return (found.format.to_string(), None);
        }
    };
    (
        format!("{}: {}", found.format, text::line(&words)),
        Some(whole),
    )
}

/// When it says it was made.
fn date(ui: &mut Ui, found: &Found, now: Timestamp) {
    let written = found.claims.date.as_deref();
    let (words, hover) = match written.map(Date::read) {
        Some(Date::At(at)) => {
            let day = at.strftime("%-d %b %Y %H:%M");
            let words = format!("claims: {day}, {}", relative(at, now));
            (words, Some(exact(at)))
        }
        Some(date) => (
            format!("claims: {}", date.relative(now)),
            Some(date.exact()),
        ),
        None if found.format.is_signed() => ("claims no date".to_owned(), None),
        None => return,
    };
    let color = Tokens::of(ui).weak;
    let label = ui.label(RichText::new(words).color(color).size(size::SMALL));
    if let Some(hover) = hover {
        label.on_hover_text(hover);
    }
}

/// One check; a click unfolds what was expected and found. What failed is unfolded.
fn check_line(ui: &mut Ui, at: (usize, usize), check: &Check, state: &mut SignaturesState) {
    let tokens = Tokens::of(ui);
    let (icon, color) = match check.outcome {
        Outcome::Passed => (icons::SHIELD_CHECK, tokens.accepted),
        Outcome::Failed => (icons::SHIELD_X, tokens.rejected),
        Outcome::Tolerated => (icons::SHIELD_ALERT, tokens.caution),
        Outcome::NotChecked => (icons::SHIELD, tokens.faint),
    };
    let more = check.expected.is_some() || check.found.is_some();
    let open = check.is_failed() || state.open.contains(&at);
    let width = ui.available_width();
    let right_width = width - NAMES - 28.0;
    let detail = text::some_lines(
        ui.painter(),
        &*text::value(&with_dates(&check.detail)),
        text::body(),
        tokens.weak,
        right_width,
        3,
    );
    let height = size::ROW.max(detail.size().y + 12.0);
    let sense = if more { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), sense);
    if more && response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hover);
    }
    row_line(ui, rect);
    let mut first = rect;
    first.set_height(size::ROW - 1.0);
    ui.painter().text(
        first.left_center(),
        egui::Align2::LEFT_CENTER,
        icon,
        egui::FontId::proportional(size::ICON),
        color,
    );
    let mut names = first;
    names.set_left(rect.left() + 28.0);
    let name = text::one_line(
        ui.painter(),
        check.kind.title(),
        text::body(),
        tokens.text,
        NAMES,
    );
    text::paint(ui.painter(), names, name, Align::Min);
    let mut values = rect;
    values.set_left(rect.left() + 28.0 + NAMES);
    values.set_height(height - 1.0);
    text::paint(ui.painter(), values, detail, Align::Min);
    response.widget_info(|| {
        let words = format!(
            "{}, {}: {}",
            check.kind.title(),
            check.outcome.name(),
            check.detail
        );
        let role = if more { Role::Button } else { Role::Label };
        WidgetInfo::labeled(role, ui.is_enabled(), words)
    });
    if response.has_focus() {
        crate::ui::widgets::focus_ring(ui, rect);
    }
    if response.clicked() && !state.open.remove(&at) {
        state.open.insert(at);
    }
    if open {
        for (word, value) in [("found", &check.found), ("expected", &check.expected)] {
            let Some(value) = value else { continue };
            // one under the other, so that they can be compared
            ui.horizontal_top(|ui| {
                ui.add_space(28.0 + NAMES);
                let place = vec2(WORDS, size::CONTROL / 2.0);
                let left = Layout::left_to_right(Align::Min);
                ui.allocate_ui_with_layout(place, left, |ui| {
                    ui.set_min_width(WORDS);
                    ui.label(RichText::new(word).color(tokens.weak));
                });
                let value = with_dates(value);
                let color = if check.is_failed() {
                    tokens.text
                } else {
                    tokens.weak
                };
                let value = RichText::new(text::value(&value)).color(color).monospace();
                ui.add(egui::Label::new(value).wrap());
            });
            ui.add_space(size::GRID);
        }
    }
}

/// What is told in single buttons of what a signature carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Certificate,
    LogEntry,
}

const PARTS: [Part; 2] = [Part::Certificate, Part::LogEntry];

type Details = [(String, String)];

impl Part {
    /// What of `details` belongs to it.
    fn of(self, details: &Details) -> impl Iterator<Item = &(String, String)> {
        let logged = |name: &str| name.starts_with("Log");
        let entry = self == Self::LogEntry;
        details
            .iter()
            .filter(move |(name, _)| logged(name) == entry)
    }

    fn title(self, details: &Details) -> &'static str {
        match self {
            Self::LogEntry => "Log entry",
            Self::Certificate if details.iter().any(|(name, _)| name.starts_with("Cert")) => {
                "Certificate"
            }
            Self::Certificate => "Details",
        }
    }
}

/// What leads from a signature that nobody vouches for to one that is judged.
enum Way {
    Signer(Proposal),
    OwnKey(Proposal),
    /// A key is to be named, for images of this name.
    Key(String),
}

impl Way {
    /// The way for this signature; nothing where it is accepted, or where there is none.
    fn of(position: usize, report: &SignatureReport, context: &ViewContext<'_>) -> Option<Self> {
        let judgement = report.judgement();
        let card = Card::of(&report.found, position);
        let signer = report.authenticated.as_ref().map(|facts| &facts.signer);
        if judgement == Judgement::Accepted {
            return None;
        }
        if let Some(signer @ SignerFacts::Identity { .. }) = signer {
            return Proposal::of(context, signer, card).map(Self::Signer);
        }
        // who signed is proven only once somebody vouches for the certificate
        let notation = matches!(
            report.found.format,
            Format::NotationJws | Format::NotationCose
        );
        if notation && judgement == Judgement::NotJudged {
            return Proposal::of_notation(context, &report.found, card).map(Self::Signer);
        }
        let check = report.check(CheckKind::Key)?;
        let unknown = check.is_failed() || check.outcome == Outcome::NotChecked;
        if !unknown || notation {
            return None;
        }
        let own = own_key(&report.found, context.keys);
        if let Some(proposal) = own.and_then(|key| Proposal::of_key(context, key, card)) {
            return Some(Self::OwnKey(proposal));
        }
        Some(Self::Key(name_of(context.image.reference.as_ref()?)))
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Signer(_) => "Trust this signer…",
            Self::OwnKey(_) => "Trust this key…",
            Self::Key(_) => "Check with a key…",
        }
    }

    /// Goes there; gives what is proposed then.
    fn go(self, context: &mut ViewContext<'_>) -> Option<Proposal> {
        match self {
            Self::Signer(proposal) | Self::OwnKey(proposal) => {
                proposal.ask(context.actions);
                Some(proposal)
            }
            Self::Key(scope) => {
                context.actions.push(Action::AskSigner(scope));
                None
            }
        }
    }
}

fn buttons(
    ui: &mut Ui,
    position: usize,
    report: &SignatureReport,
    details: &Details,
    state: &mut SignaturesState,
    context: &mut ViewContext<'_>,
) {
    let way = Way::of(position, report, context);
    if way.is_none() && details.is_empty() {
        return;
    }
    ui.add_space(2.0 * size::GRID);
    ui.horizontal(|ui| {
        if let Some(way) = way
            && ui.button(way.word()).clicked()
        {
            state.proposal = way.go(context);
        }
        for part in PARTS {
            if part.of(details).next().is_some()
                && ui.button(part.title(details)).clicked()
                && !state.details.remove(&(position, part))
            {
                state.details.insert((position, part));
            }
        }
    });
}
