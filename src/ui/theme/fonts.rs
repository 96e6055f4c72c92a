//! The bundled fonts: Inter for words, JetBrains Mono for digests, paths and bytes, Lucide
//! for icons, which is a fallback in every family so that an icon is a character of a text.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, RichText};

/// The family of emphasised words: `FontFamily::Name(STRONG.into())`.
pub const STRONG: &str = "strong";

const INTER: (&str, &[u8]) = (
    "Inter",
    include_bytes!("../../../assets/fonts/Inter-Regular.ttf"),
);
const INTER_SEMI_BOLD: (&str, &[u8]) = (
    "Inter SemiBold",
    include_bytes!("../../../assets/fonts/Inter-SemiBold.ttf"),
);
const JETBRAINS_MONO: (&str, &[u8]) = (
    "JetBrains Mono",
    include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf"),
);
const ICONS: (&str, &[u8]) = (
    "Lucide",
    include_bytes!("../../../assets/fonts/lucide-subset.ttf"),
);

/// A text in the emphasised family.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).family(FontFamily::Name(STRONG.into()))
}

pub(super) fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [INTER, INTER_SEMI_BOLD, JETBRAINS_MONO, ICONS] {
        let data = Arc::new(FontData::from_static(bytes));
        fonts.font_data.insert(name.to_owned(), data);
    }
    // the other text font stands in for characters that the first one lacks
    let families = [
        (FontFamily::Proportional, [INTER, JETBRAINS_MONO]),
        (
            FontFamily::Name(STRONG.into()),
            [INTER_SEMI_BOLD, JETBRAINS_MONO],
        ),
        (FontFamily::Monospace, [JETBRAINS_MONO, INTER]),
    ];
    for (family, [first, second]) in families {
        let names = [first, ICONS, second].map(|(name, _)| name.to_owned());
        fonts.families.insert(family, names.into());
    }
    ctx.set_fonts(fonts);
}
