//! Asks before files are saved that take far more room than their layers should.

use std::sync::Arc;

use egui::{Context, Ui};

use super::kit::{self, Footer, Sheet};
use crate::engine::{Command, Failure, FilesRequest, ImageId, NodePath, SaveRequest};
use crate::layer::Allowance;
use crate::model::text;
use crate::ui::action::{Action, Actions};
use crate::ui::theme::{Tokens, icons};

/// What was not saved, and why.
#[derive(Debug)]
pub struct SaveAnyway {
    pub image: ImageId,
    pub manifest: NodePath,
    pub request: SaveRequest,
    pub failure: Arc<Failure>,
}

impl SaveAnyway {
    /// Draws the dialog; says whether it is done.
    pub fn show(&self, ctx: &Context, actions: &mut Actions) -> bool {
        Sheet::new("Save anyway?").width(520.0).show(
            ctx,
            &mut (self, actions),
            |(save, _), ui| save.body(ui),
            |(save, actions), footer| save.footer(footer, actions),
        )
    }

    fn body(&self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let path = String::from_utf8_lossy(&self.request.path);
        let what = match &self.request.path[..] {
            b"/" => "The files of the image were not saved.".to_owned(),
            _ => format!("{} was not saved.", text::middle(&text::visible(&path), 60)),
        };
        ui.add(egui::Label::new(what).wrap());
        ui.add_space(4.0);
        let why = text::visible(&self.failure.headline);
        kit::note(ui, icons::TRIANGLE_ALERT, tokens.caution, &why);
        ui.add_space(4.0);
        kit::quiet(ui, &self.failure.hint_in_window());
        if let Some(to) = self.request.to.path() {
            let to = to.display().to_string();
            kit::quiet(ui, &format!("Where to: {}", text::visible(&to)));
        }
    }

    fn footer(&self, footer: &mut Footer<'_>, actions: &mut Actions) {
        // the safe one is the main one
        footer.cancel("Do not save");
        if footer.secondary("Save anyway", Ok(())) {
            actions.push(Action::Send(Command::Files {
                image: self.image,
                manifest: self.manifest.clone(),
                request: FilesRequest::Save(SaveRequest {
                    allowance: Allowance::Everything,
                    ..self.request.clone()
                }),
            }));
            footer.close();
        }
    }
}
