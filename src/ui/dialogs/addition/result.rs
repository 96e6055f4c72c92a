//! How far an addition is, and what was written.

use egui::{Label, RichText, Ui};

use crate::engine::{AdditionReport, AdditionSnapshot, JobSnapshot, JobState};
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::dialogs::kit;
use crate::ui::theme::{Tokens, icons, size, strong};
use crate::ui::widgets::link;
use crate::ui::widgets::text::line;

/// Draws how far it is.
pub(super) fn running(ui: &mut Ui, job: Option<&JobSnapshot>) {
    let phase = match job.map(|job| &job.state) {
        Some(JobState::Running { phase }) => phase,
        _ => "beginning",
    };
    let counts = job.and_then(|job| Some((job.progress.done(), job.progress.total()?)));
    let (share, words) = match counts {
        Some((done, total)) if total > 0 => (
            Some(done as f32 / total as f32),
            format!("{phase}, {} of {}", text::count(done), text::count(total)),
        ),
        _ => (None, format!("{phase}…")),
    };
    kit::progress(ui, share, &words);
}

/// Where the user has to sign in for it to go on.
pub(super) fn sign_in(ui: &mut Ui, snapshot: Option<&AdditionSnapshot>, actions: &mut Actions) {
    let Some(sign_in) = snapshot.and_then(|snapshot| snapshot.sign_in.as_ref()) else {
        return;
    };
    let weak = Tokens::of(ui).weak;
    let words = format!(
        "Sign in at {} in the browser. It goes on by itself then.",
        line(&sign_in.issuer)
    );
    kit::note(ui, icons::LOG_IN, weak, &words);
    ui.horizontal(|ui| {
        if link(ui, "Open the browser").clicked() {
            actions.push(Action::Browse(sign_in.address.clone()));
        }
        if link(ui, "Copy the address").clicked() {
            actions.push(Action::Copy {
                text: sign_in.address.clone(),
                what: "address".to_owned(),
            });
        }
    });
}

/// Draws what was written.
pub(super) fn show(ui: &mut Ui, report: &AdditionReport) {
    let tokens = Tokens::of(ui);
    for written in &report.written {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let icon = RichText::new(icons::CIRCLE_CHECK).size(size::ICON);
            ui.add(Label::new(icon.color(tokens.accepted)).selectable(false));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                let head = format!("{}: {}", line(&written.label), line(&written.what));
                ui.add(Label::new(strong(head)).wrap());
                let weak = |words: String| RichText::new(words).color(tokens.weak);
                for (word, said) in [("In", &written.place), ("Read back:", &written.checked)] {
                    let short = line(&text::short_digests(said)).into_owned();
                    let label = Label::new(weak(format!("{word} {short}"))).wrap();
                    ui.add(label).on_hover_text(line(said).into_owned());
                }
                for vouched in &written.vouched {
                    ui.add(Label::new(weak(line(vouched).into_owned())).wrap());
                }
            });
        });
        ui.add_space(6.0);
    }
    for note in &report.notes {
        kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &line(note));
    }
}
