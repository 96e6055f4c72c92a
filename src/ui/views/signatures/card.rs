//! One signature: what it is, what it claims, and a line for each check.

use egui::{Align, Layout, Margin, RichText, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use jiff::Timestamp;

use crate::model::{Annotations, ArtifactKind, MediaType, predicate_words};
use crate::signature::{
    Check, Format, Found, Judgement, Outcome, SignatureReport, SignerFacts, Statement,
};
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::views::ViewContext;
use crate::ui::widgets::{Date, Look, Row, exact, relative, row_line, text, with_dates};

use super::SignaturesState;
use super::trust::Proposal;

/// Width of the column of what was checked, in points.
const NAMES: f32 = 160.0;

/// Draws the card.
pub(super) fn show(
    ui: &mut Ui,
    position: usize,
    report: &SignatureReport,
    state: &mut SignaturesState,
    context: &mut ViewContext<'_>,
) {
    let tokens = Tokens::of(ui);
    egui::Frame::NONE
        .stroke(Stroke::new(1.0, tokens.border))
        .corner_radius(size::CORNER)
        .inner_margin(Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            head(ui, report, tokens, context.now);
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
        });
}

fn head(ui: &mut Ui, report: &SignatureReport, tokens: &Tokens, now: Timestamp) {
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
    if let Some(signer) = &found.claims.signer {
        let mut words = format!("claims to be by {}", text::line(signer));
        if let Some(issuer) = &found.claims.issuer {
            words.push_str(&format!(", vouched for by {}", text::line(issuer)));
        }
        let words = RichText::new(words).color(tokens.weak).size(size::SMALL);
        ui.add(egui::Label::new(words).truncate());
    }
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
            ui.horizontal_top(|ui| {
                ui.add_space(28.0 + NAMES);
                let value = with_dates(value);
                let words = format!("{word} {}", text::value(&value));
                let color = if check.is_failed() {
                    tokens.text
                } else {
                    tokens.weak
                };
                ui.add(egui::Label::new(RichText::new(words).color(color)).wrap());
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

fn buttons(
    ui: &mut Ui,
    position: usize,
    report: &SignatureReport,
    details: &Details,
    state: &mut SignaturesState,
    context: &mut ViewContext<'_>,
) {
    let facts = report.authenticated.as_ref();
    let identity = facts.filter(|facts| matches!(facts.signer, SignerFacts::Identity { .. }));
    let trusting = identity.filter(|_| report.judgement() != Judgement::Accepted);
    let proposal = trusting.and_then(|facts| Proposal::of(context, &facts.signer));
    // who signed is proven only once somebody vouches for the certificate
    let notation = matches!(
        report.found.format,
        Format::NotationJws | Format::NotationCose
    ) && report.judgement() == Judgement::NotJudged;
    if proposal.is_none() && !notation && details.is_empty() {
        return;
    }
    ui.add_space(2.0 * size::GRID);
    ui.horizontal(|ui| {
        if (proposal.is_some() || notation) && ui.button("Trust this signer…").clicked() {
            let of_envelope = || Proposal::of_notation(context, &report.found);
            state.proposal = proposal.or_else(of_envelope);
            if let Some(proposal) = &state.proposal {
                proposal.ask(context.actions);
            }
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
