//! Colours and sizes by what they mean. Nothing else in the window names a colour.

use egui::Color32;

/// The colours of one theme.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    pub dark: bool,
    /// Behind documents.
    pub background: Color32,
    /// Behind menus, the explorer, the jobs and the status bar.
    pub panel: Color32,
    /// Buttons, fields in panels, chips, dialogs.
    pub raised: Color32,
    /// Around fields and buttons, between panels.
    pub border: Color32,
    /// Between the rows of a table.
    pub row_line: Color32,
    /// Behind what is selected.
    pub selection: Color32,
    /// Behind what the pointer is over.
    pub hover: Color32,
    pub text: Color32,
    /// Labels, what is said beside the main thing.
    pub weak: Color32,
    /// Headings of groups, hints in empty fields.
    pub faint: Color32,
    /// The one accent: links, the main button, what is chosen.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Accepted under a policy, or checked and found right.
    pub accepted: Color32,
    /// Rejected, failed, removed.
    pub rejected: Color32,
    /// Cannot say, take care, changed.
    pub caution: Color32,
    /// Content that is not what its digest promises.
    pub damaged: Color32,
    /// Keys of a JSON text, names in a text.
    pub syntax_key: Color32,
    /// Texts within a text.
    pub syntax_text: Color32,
    /// Numbers, `true`, `false` and `null`.
    pub syntax_number: Color32,
    /// Words that a language reserves.
    pub syntax_keyword: Color32,
    /// Layers in their order, repeated; told apart by place too, never by colour alone.
    pub layers: [Color32; 8],
}

/// Sizes in logical points, on a grid of 4.
pub mod size {
    pub const GRID: f32 = 4.0;
    /// Proportional text of the body.
    pub const BODY: f32 = 13.0;
    /// Monospaced text.
    pub const MONO: f32 = 12.0;
    /// Column heads, status bar, beside the main thing.
    pub const SMALL: f32 = 12.0;
    /// The title of an image.
    pub const TITLE: f32 = 19.0;
    /// A row of a table.
    pub const ROW: f32 = 29.0;
    /// A row of a list such as the explorer.
    pub const LIST_ROW: f32 = 24.0;
    /// A button or field.
    pub const CONTROL: f32 = 28.0;
    pub const MENU_BAR: f32 = 28.0;
    pub const ADDRESS_BAR: f32 = 44.0;
    pub const STATUS_BAR: f32 = 26.0;
    pub const EXPLORER: f32 = 248.0;
    /// Space around the content of a view.
    pub const VIEW_MARGIN: f32 = 20.0;
    pub const CORNER: u8 = 4;
    pub const ICON: f32 = 15.0;
}

impl Tokens {
    /// The colours of the dark theme.
    #[allow(clippy::disallowed_methods)] // the one place that names colours
    pub const fn dark() -> Self {
        Self {
            dark: true,
            background: Color32::from_rgb(0x16, 0x18, 0x1c),
            panel: Color32::from_rgb(0x1b, 0x1e, 0x23),
            raised: Color32::from_rgb(0x22, 0x26, 0x2d),
            border: Color32::from_rgb(0x2d, 0x32, 0x3a),
            row_line: Color32::from_rgb(0x20, 0x24, 0x29),
            selection: Color32::from_rgb(0x21, 0x30, 0x43),
            hover: Color32::from_rgb(0x22, 0x27, 0x2e),
            text: Color32::from_rgb(0xd7, 0xdb, 0xe0),
            weak: Color32::from_rgb(0x9b, 0xa2, 0xac),
            faint: Color32::from_rgb(0x91, 0x97, 0xa1),
            accent: Color32::from_rgb(0x5a, 0xa2, 0xf0),
            on_accent: Color32::from_rgb(0x0d, 0x14, 0x1d),
            accepted: Color32::from_rgb(0x57, 0xb8, 0x87),
            rejected: Color32::from_rgb(0xe7, 0x75, 0x6b),
            caution: Color32::from_rgb(0xd9, 0xa9, 0x4a),
            damaged: Color32::from_rgb(0xe8, 0x7d, 0x4f),
            syntax_key: Color32::from_rgb(0x9f, 0xbb, 0xdb),
            syntax_text: Color32::from_rgb(0xb7, 0xc6, 0xa3),
            syntax_number: Color32::from_rgb(0xd0, 0xb4, 0x8c),
            syntax_keyword: Color32::from_rgb(0xc0, 0xa9, 0xd9),
            layers: [
                Color32::from_rgb(0x3f, 0x6f, 0xa8),
                Color32::from_rgb(0x5b, 0x8a, 0x72),
                Color32::from_rgb(0x8a, 0x6f, 0xa8),
                Color32::from_rgb(0xa8, 0x80, 0x4f),
                Color32::from_rgb(0x6d, 0x7f, 0x94),
                Color32::from_rgb(0xa0, 0x62, 0x74),
                Color32::from_rgb(0x4a, 0x8a, 0x96),
                Color32::from_rgb(0x8c, 0x8a, 0x55),
            ],
        }
    }

    /// The colours of the light theme.
    #[allow(clippy::disallowed_methods)] // the one place that names colours
    pub const fn light() -> Self {
        Self {
            dark: false,
            background: Color32::from_rgb(0xfb, 0xfb, 0xfc),
            panel: Color32::from_rgb(0xf3, 0xf4, 0xf6),
            raised: Color32::from_rgb(0xff, 0xff, 0xff),
            border: Color32::from_rgb(0xd9, 0xdc, 0xe1),
            row_line: Color32::from_rgb(0xec, 0xed, 0xef),
            selection: Color32::from_rgb(0xe0, 0xeb, 0xf9),
            hover: Color32::from_rgb(0xeb, 0xee, 0xf2),
            text: Color32::from_rgb(0x23, 0x27, 0x2e),
            weak: Color32::from_rgb(0x56, 0x5d, 0x68),
            faint: Color32::from_rgb(0x63, 0x69, 0x73),
            accent: Color32::from_rgb(0x1d, 0x68, 0xc3),
            on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
            accepted: Color32::from_rgb(0x18, 0x77, 0x4d),
            rejected: Color32::from_rgb(0xbd, 0x3a, 0x2e),
            caution: Color32::from_rgb(0x8c, 0x61, 0x07),
            damaged: Color32::from_rgb(0xae, 0x4b, 0x1b),
            syntax_key: Color32::from_rgb(0x2c, 0x58, 0x8f),
            syntax_text: Color32::from_rgb(0x47, 0x68, 0x2c),
            syntax_number: Color32::from_rgb(0x86, 0x56, 0x1b),
            syntax_keyword: Color32::from_rgb(0x6c, 0x45, 0x9c),
            layers: [
                Color32::from_rgb(0x5b, 0x8f, 0xcc),
                Color32::from_rgb(0x74, 0xad, 0x90),
                Color32::from_rgb(0xa8, 0x8b, 0xc8),
                Color32::from_rgb(0xcc, 0xa2, 0x6b),
                Color32::from_rgb(0x91, 0xa3, 0xb8),
                Color32::from_rgb(0xc7, 0x86, 0x99),
                Color32::from_rgb(0x6c, 0xae, 0xba),
                Color32::from_rgb(0xb1, 0xaf, 0x74),
            ],
        }
    }

    /// The colours of the theme that is shown.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        Self::for_dark(ui.visuals().dark_mode)
    }

    /// The colours for dark or light.
    pub fn for_dark(dark: bool) -> &'static Self {
        static DARK: Tokens = Tokens::dark();
        static LIGHT: Tokens = Tokens::light();
        if dark { &DARK } else { &LIGHT }
    }

    /// The colour of the layer at `position`.
    pub fn layer(&self, position: usize) -> Color32 {
        self.layers[position % self.layers.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least contrast of text to its ground: WCAG 2.1, success criterion 1.4.3 (AA).
    const LEAST: f64 = 4.5;

    /// Relative luminance, as WCAG 2.1 defines it.
    fn luminance(color: Color32) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.03928 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_ground() {
        for tokens in [Tokens::dark(), Tokens::light()] {
            let grounds = [
                ("background", tokens.background),
                ("panel", tokens.panel),
                ("raised", tokens.raised),
                ("hover", tokens.hover),
                ("selection", tokens.selection),
            ];
            let texts = [
                ("text", tokens.text),
                ("weak", tokens.weak),
                ("faint", tokens.faint),
                ("accent", tokens.accent),
                ("accepted", tokens.accepted),
                ("rejected", tokens.rejected),
                ("caution", tokens.caution),
                ("damaged", tokens.damaged),
                ("syntax_key", tokens.syntax_key),
                ("syntax_text", tokens.syntax_text),
                ("syntax_number", tokens.syntax_number),
                ("syntax_keyword", tokens.syntax_keyword),
            ];
            for (text, color) in texts {
                for (ground, behind) in grounds {
                    let ratio = contrast(color, behind);
                    let dark = tokens.dark;
                    assert!(
                        ratio >= LEAST,
                        "dark: {dark}, {text} on {ground}: {ratio:.2}"
                    );
                }
            }
            assert!(contrast(tokens.on_accent, tokens.accent) >= LEAST);
        }
    }
}
