//! A picture of an image's files, drawn as the engine decoded it.

use std::fmt;

use egui::{ColorImage, RichText, TextureHandle, TextureOptions, Ui, vec2};

use crate::engine::{FileContent, FileRef};
use crate::ui::theme::Tokens;

/// The picture that is shown, as the graphics card has it.
#[derive(Default)]
pub(super) struct PictureState {
    texture: Option<(FileRef, TextureHandle)>,
}

impl fmt::Debug for PictureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.texture.as_ref().map(|(file, _)| file);
        f.debug_struct("PictureState").field("file", &file).finish()
    }
}

impl PictureState {
    /// Draws it into the space there is, never larger than it is.
    pub(super) fn show(&mut self, ui: &mut Ui, file: FileRef, content: &FileContent) {
        let Some(pixels) = &content.pixels else {
            return;
        };
        let known = self.texture.as_ref().filter(|(of, _)| *of == file);
        let texture = match known {
            Some((_, texture)) => texture.clone(),
            None => {
                let size = [pixels.width as usize, pixels.height as usize];
                let image = ColorImage::from_rgba_unmultiplied(size, &pixels.rgba);
                let name = "picture of a file";
                let texture = ui.ctx().load_texture(name, image, TextureOptions::LINEAR);
                self.texture = Some((file, texture.clone()));
                texture
            }
        };
        let (width, height) = pixels.full;
        let words = format!("{width} × {height}");
        ui.label(RichText::new(&words).color(Tokens::of(ui).weak));
        ui.add_space(6.0);
        let room = ui.available_size();
        let own = vec2(pixels.width as f32, pixels.height as f32);
        let scale = (room.x / own.x).min(room.y / own.y).min(1.0);
        let picture = egui::Image::new(&texture)
            .fit_to_exact_size(own * scale)
            .alt_text(format!(
                "{}, {words}",
                crate::model::text::visible(&content.path)
            ));
        ui.add(picture);
    }
}
