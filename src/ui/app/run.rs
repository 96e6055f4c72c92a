//! The window itself: made once, with its icon, size and renderer.

use std::sync::Arc;
use std::time::Instant;

use egui::{IconData, ViewportBuilder, vec2};

use super::drops::{DropSupport, has_x11};
use super::folder_picker::SystemPicker;
use super::{App, Startup, Surroundings};
use crate::diagnostics::Facts;
use crate::engine::{Engine, EngineConfig};
use crate::ui::state::Settings;

/// Names the program to the desktop and the folder that its state lies in.
const APP_ID: &str = "porthole";

const ICON: &[u8] = include_bytes!("../../../assets/icon-256.png");

/// Opens the window with a tab for each of `references`, and returns when it is closed.
/// `started` is when the process was started.
///
/// # Errors
/// Where there is no display, or none that can draw.
pub fn run(mut config: EngineConfig, references: Vec<String>, started: Instant) -> eframe::Result {
    // whoever clicks Retry is here still
    config.network.keep_uploads = true;
    let create = move |creation: &eframe::CreationContext<'_>| {
        let ctx = &creation.egui_ctx;
        let waking = ctx.clone();
        let facts = Facts {
            renderer: renderer(creation),
            settings: eframe::storage_dir(APP_ID),
            cache: config.cache.clone(),
        };
        let engine = Engine::spawn(config, Arc::new(move || waking.request_repaint()))?;
        let surroundings = Surroundings {
            folder_picker: Box::new(SystemPicker),
            now: jiff::Timestamp::now,
            drops: DropSupport::of_this_desktop(),
            downloads: downloads(),
            facts,
            startup: Startup::from_environment(started),
        };
        let settings = Settings::load(creation.storage);
        let app = App::new(ctx, engine, settings, surroundings, references);
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    eframe::run_native("Porthole", options(), Box::new(create))
}

/// The user's folder for downloads, or the home folder.
fn downloads() -> Option<String> {
    let folders = directories::UserDirs::new()?;
    let home = folders.home_dir();
    let folder = folders.download_dir().filter(|folder| folder.is_dir());
    let folder = folder.unwrap_or(home);
    Some(match folder.strip_prefix(home) {
        Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => folder.display().to_string(),
    })
}

/// What draws, in the words of the driver.
fn renderer(creation: &eframe::CreationContext<'_>) -> String {
    let Some(gl) = &creation.gl else {
        return "none".to_owned();
    };
    use eframe::glow::HasContext as _;
    let version = gl.version();
    let embedded = if version.is_embedded { " ES" } else { "" };
    format!(
        "OpenGL{embedded} {}.{} {}",
        version.major, version.minor, version.vendor_info
    )
}

fn options() -> eframe::NativeOptions {
    let mut viewport = ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title("Porthole")
        .with_inner_size(vec2(1440.0, 900.0))
        .with_min_inner_size(vec2(720.0, 480.0));
    if let Some(icon) = icon() {
        viewport = viewport.with_icon(icon);
    }
    eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        event_loop_builder: Some(Box::new(prefer_x11)),
        ..eframe::NativeOptions::default()
    }
}

/// A damaged icon is no reason not to start.
fn icon() -> Option<IconData> {
    eframe::icon_data::from_png_bytes(ICON).ok()
}

/// winit gives no drops on Wayland, so X11 is used wherever it is there.
#[cfg(target_os = "linux")]
fn prefer_x11(builder: &mut eframe::EventLoopBuilder<eframe::UserEvent>) {
    use winit::platform::x11::EventLoopBuilderExtX11 as _;
    if has_x11() {
        builder.with_x11();
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer_x11(_: &mut eframe::EventLoopBuilder<eframe::UserEvent>) {}

#[cfg(test)]
mod tests {
    #[test]
    fn the_icon_can_be_read() {
        let icon = super::icon().unwrap();
        assert_eq!((icon.width, icon.height), (256, 256));
    }
}
