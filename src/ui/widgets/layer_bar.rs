//! Layers as a bar to scale.

use egui::{Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use crate::ui::theme::Tokens;

/// Height of the bar in points.
const HEIGHT: f32 = 22.0;

/// Where each layer ends on a bar of length 1. Made once for a manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scale {
    ends: Vec<f32>,
}

impl Scale {
    /// A place for each size, to scale; what would be too thin to see or to hit gets a
    /// little more than its share.
    pub fn new(sizes: impl ExactSizeIterator<Item = u64> + Clone) -> Self {
        let count = sizes.len();
        if count == 0 {
            return Self::default();
        }
        let total: f64 = sizes.clone().map(|size| size as f64).sum();
        let least = (0.004_f64).min(0.4 / count as f64);
        let share = |size: u64| {
            if total > 0.0 {
                (size as f64 / total).max(least)
            } else {
                1.0
            }
        };
        let whole: f64 = sizes.clone().map(share).sum();
        let mut end = 0.0;
        let ends = sizes
            .map(|size| {
                end += share(size) / whole;
                end as f32
            })
            .collect();
        Self { ends }
    }

    /// Number of layers.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no layer.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The layer at `place`, between 0 and 1.
    fn at(&self, place: f32) -> Option<usize> {
        let found = self.ends.partition_point(|end| *end <= place);
        (!self.ends.is_empty()).then(|| found.min(self.ends.len() - 1))
    }

    fn start(&self, layer: usize) -> f32 {
        match layer.checked_sub(1) {
            Some(before) => self.ends[before],
            None => 0.0,
        }
    }
}

/// A bar before it is drawn.
pub struct LayerBar<'a> {
    pub scale: &'a Scale,
    pub selected: Option<usize>,
    /// Its accessible name, which says in words what the bar shows.
    pub name: &'a str,
}

/// What the pointer did on a bar.
pub struct Touched {
    pub hovered: Option<usize>,
    pub clicked: Option<usize>,
    pub response: Response,
}

impl LayerBar<'_> {
    /// Draws it over the whole width.
    pub fn show(self, ui: &mut Ui) -> Touched {
        let size = vec2(ui.available_width(), HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::CLICK);
        self.paint(ui, rect);
        let at = |pos: Pos2| self.scale.at((pos.x - rect.left()) / rect.width());
        let hovered = response.hover_pos().and_then(at);
        let clicked = response
            .clicked()
            .then(|| response.interact_pointer_pos().and_then(at))
            .flatten();
        if let Some(layer) = hovered {
            let over = self.segment(rect, layer);
            let stroke = egui::Stroke::new(1.0, Tokens::of(ui).text);
            ui.painter()
                .rect_stroke(over, 2.0, stroke, egui::StrokeKind::Inside);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, self.name));
        Touched {
            hovered,
            clicked,
            response,
        }
    }

    fn paint(&self, ui: &Ui, rect: Rect) {
        let tokens = Tokens::of(ui);
        if self.scale.is_empty() {
            ui.painter().rect_filled(rect, 3.0, tokens.hover);
            return;
        }
        let pixels = (rect.width() * ui.pixels_per_point()).max(1.0) as usize;
        if self.scale.len() <= pixels {
            for layer in 0..self.scale.len() {
                self.paint_layer(ui, rect, layer);
            }
        } else {
            // more layers than pixels: one of those under each pixel
            for pixel in 0..pixels {
                let place = (pixel as f32 + 0.5) / pixels as f32;
                if let Some(layer) = self.scale.at(place) {
                    self.paint_layer(ui, rect, layer);
                }
            }
        }
    }

    fn paint_layer(&self, ui: &Ui, rect: Rect, layer: usize) {
        let tokens = Tokens::of(ui);
        let mut color = tokens.layer(layer);
        if self.selected.is_some_and(|selected| selected != layer) {
            color = color.gamma_multiply(0.45);
        }
        let mut segment = self.segment(rect, layer);
        let last = layer + 1 == self.scale.len();
        if !last && segment.width() > 2.0 {
            segment.max.x -= 1.0;
        }
        let round = |there: bool| if there { 3 } else { 0 };
        let corners = egui::CornerRadius {
            nw: round(layer == 0),
            sw: round(layer == 0),
            ne: round(last),
            se: round(last),
        };
        ui.painter().rect_filled(segment, corners, color);
    }

    fn segment(&self, rect: Rect, layer: usize) -> Rect {
        let x = |place: f32| rect.left() + place * rect.width();
        Rect::from_x_y_ranges(
            x(self.scale.start(layer))..=x(self.scale.ends[layer]),
            rect.y_range(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_layers_are_to_scale_and_small_ones_can_be_seen() {
        let scale = Scale::new([500_000_000_u64, 499_999_900, 100].into_iter());
        assert!((scale.ends[0] - 0.5).abs() < 0.01, "{:?}", scale.ends);
        let thin = scale.ends[2] - scale.ends[1];
        assert!(thin > 0.003, "{thin}");
        assert!((scale.ends[2] - 1.0).abs() < 1e-6);
        assert_eq!(scale.at(0.2), Some(0));
        assert_eq!(scale.at(0.999), Some(2));
    }

    #[test]
    fn any_number_of_layers_has_a_place() {
        assert_eq!(Scale::new(std::iter::empty()).at(0.5), None);
        for count in [1_u64, 7, 200, 100_000] {
            let scale = Scale::new(vec![0; count as usize].into_iter());
            assert_eq!(scale.len() as u64, count);
            assert_eq!(scale.at(1.0), Some(count as usize - 1));
            let equal = scale.ends[0] * count as f32;
            assert!((equal - 1.0).abs() < 1e-3, "{equal}");
        }
    }
}
