//! egui's styles, made from the tokens: thin borders, small corners, slim scroll bars, a
//! grid of 4.

use egui::epaint::TextOptions;
use egui::style::{
    KineticScrollStyle, ScrollStyle, Selection, TextCursorStyle, WidgetVisuals, Widgets,
};
use egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme,
    Visuals, vec2,
};

use super::tokens::{Tokens, size};

pub(super) fn install(ctx: &egui::Context) {
    ctx.all_styles_mut(lay_out);
    ctx.set_visuals_of(Theme::Dark, visuals(Tokens::for_dark(true)));
    ctx.set_visuals_of(Theme::Light, visuals(Tokens::for_dark(false)));
}

fn lay_out(style: &mut Style) {
    let strong = || FontFamily::Name(super::STRONG.into());
    style.text_styles = [
        (
            TextStyle::Small,
            FontId::new(size::SMALL, FontFamily::Proportional),
        ),
        (
            TextStyle::Body,
            FontId::new(size::BODY, FontFamily::Proportional),
        ),
        (
            TextStyle::Button,
            FontId::new(size::BODY, FontFamily::Proportional),
        ),
        (
            TextStyle::Monospace,
            FontId::new(size::MONO, FontFamily::Monospace),
        ),
        (TextStyle::Heading, FontId::new(size::TITLE, strong())),
    ]
    .into();

    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 4.0);
    spacing.button_padding = vec2(10.0, 4.0);
    spacing.interact_size = vec2(24.0, 24.0);
    spacing.menu_margin = Margin::same(4);
    spacing.window_margin = Margin::same(20);
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 8.0;
    spacing.menu_spacing = 2.0;
    spacing.tooltip_width = 420.0;
    spacing.scroll = ScrollStyle {
        bar_width: 8.0,
        floating_width: 4.0,
        floating_allocated_width: 0.0,
        handle_min_length: 24.0,
        bar_inner_margin: 2.0,
        bar_outer_margin: 2.0,
        foreground_color: true,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        dormant_handle_opacity: 0.25,
        active_handle_opacity: 0.4,
        interact_handle_opacity: 0.7,
        // content that springs back draws frames after the hand has left it
        kinetic: KineticScrollStyle {
            rubber_band: false,
            ..KineticScrollStyle::default()
        },
        ..ScrollStyle::floating()
    };

    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.1;
    style.url_in_tooltip = true;
}

fn visuals(tokens: &Tokens) -> Visuals {
    let base = if tokens.dark {
        Visuals::dark()
    } else {
        Visuals::light()
    };
    let line = |color: Color32| Stroke::new(1.0, color);
    let shadow = |blur, alpha: f32| Shadow {
        offset: [0, 4],
        blur,
        spread: 0,
        color: Color32::BLACK.gamma_multiply(if tokens.dark { alpha } else { alpha * 0.35 }),
    };
    Visuals {
        dark_mode: tokens.dark,
        // The outlines as they were drawn: rounding them to pixels makes Inter heavy.
        text_options: TextOptions {
            font_hinting: false,
            ..base.text_options
        },
        weak_text_color: Some(tokens.weak),
        widgets: widgets(tokens),
        selection: Selection {
            bg_fill: tokens.selection,
            stroke: line(tokens.accent),
        },
        hyperlink_color: tokens.accent,
        faint_bg_color: tokens.hover,
        extreme_bg_color: tokens.background,
        text_edit_bg_color: Some(tokens.background),
        code_bg_color: tokens.raised,
        warn_fg_color: tokens.caution,
        error_fg_color: tokens.rejected,
        window_corner_radius: CornerRadius::same(8),
        window_shadow: shadow(32, 0.55),
        window_fill: tokens.raised,
        window_stroke: line(tokens.border),
        menu_corner_radius: CornerRadius::same(6),
        panel_fill: tokens.panel,
        popup_shadow: shadow(16, 0.45),
        // A blinking caret would draw frames while nothing happens.
        text_cursor: TextCursorStyle {
            stroke: Stroke::new(1.5, tokens.accent),
            blink: false,
            ..TextCursorStyle::default()
        },
        indent_has_left_vline: false,
        striped: false,
        disabled_alpha: 0.45,
        ..base
    }
}

fn widgets(tokens: &Tokens) -> Widgets {
    let look = |fill: Color32, border: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: CornerRadius::same(size::CORNER),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: look(tokens.panel, tokens.border, tokens.text),
        inactive: look(tokens.raised, tokens.border, tokens.text),
        hovered: look(tokens.hover, tokens.faint, tokens.text),
        active: look(tokens.selection, tokens.accent, tokens.text),
        open: look(tokens.hover, tokens.border, tokens.text),
    }
}
