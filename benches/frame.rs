//! The time of a full frame, tessellation and all, while an index of 10,000 entries is
//! scrolled. Prints a distribution: what a hand on the wheel feels is the slow end of it.
//!
//! `cargo bench --bench frame`

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, Vec2};
use porthole::config::Network;
use porthole::engine::{Engine, EngineConfig};
use porthole::model::{Digest, MediaType, Platform};
use porthole::ui::action::PathWish;
use porthole::ui::app::drops::DropSupport;
use porthole::ui::app::folder_picker::{Answer, FolderPicker, Picked};
use porthole::ui::app::{App, Surroundings};
use porthole::ui::state::Settings;
use serde_json::json;

const ENTRIES: usize = 10_000;
const FRAMES: usize = 1_500;
const SIZE: Vec2 = Vec2::new(1440.0, 900.0);

/// A layout whose one index lists `ENTRIES` images, the first hundred of them there.
fn layout(folder: &Path) {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("the temporary folder can be written");
    let write = |value: &serde_json::Value| {
        let bytes = serde_json::to_vec(value).expect("JSON values can be written");
        let digest = Digest::sha256(&bytes);
        std::fs::write(blobs.join(digest.hex()), &bytes).expect("as above");
        (digest, bytes.len())
    };
    let entries: Vec<_> = (0..ENTRIES)
        .map(|n| {
            let platform =
                json!({"os": "linux", "architecture": "amd64", "os.version": format!("10.0.{n}")});
            let (digest, size) = if n < 100 {
                let config = json!({
                    "os": "linux", "architecture": "amd64", "created": "2026-11-19T14:02:00Z",
                    "rootfs": {"type": "layers", "diff_ids": []}, "author": n.to_string(),
                });
                let (config, size) = write(&config);
                write(&json!({
                    "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "layers": [],
                    "config": {"mediaType": MediaType::OCI_CONFIG, "digest": config, "size": size},
                }))
            } else {
                (Digest::sha256(&n.to_le_bytes()), 1234)
            };
            json!({
                "mediaType": MediaType::OCI_MANIFEST, "digest": digest, "size": size,
                "platform": platform,
            })
        })
        .collect();
    let (index, size) = write(&json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries,
    }));
    let named = json!({
        "schemaVersion": 2,
        "manifests": [{"mediaType": MediaType::OCI_INDEX, "digest": index, "size": size}],
    });
    std::fs::write(folder.join("index.json"), named.to_string()).expect("as above");
    std::fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .expect("as above");
}

struct NoPicker;

impl FolderPicker for NoPicker {
    fn pick(&self, _: &PathWish, _: &eframe::Frame, answer: Answer) {
        answer.give(Picked::NoService);
    }
}

struct Window {
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
    time: f64,
}

impl Window {
    /// Draws a frame with `events` and gives how long it took.
    fn draw(&mut self, events: Vec<Event>) -> Duration {
        self.time += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            focused: true,
            events,
            ..RawInput::default()
        };
        let started = Instant::now();
        let (app, frame) = (&mut self.app, &mut self.frame);
        let output = self.ctx.run_ui(input, |ui| {
            eframe::App::logic(app, ui.ctx(), frame);
            eframe::App::ui(app, ui, frame);
        });
        let meshes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let took = started.elapsed();
        assert!(!meshes.is_empty(), "nothing was drawn");
        took
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers,
        };
        self.draw(vec![event(true), event(false)]);
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    layout(folder.path());
    let config = EngineConfig {
        platform: Platform::new("linux", "amd64"),
        network: Network::default(),
        cache: None,
        trust: Default::default(),
    };
    let engine = Engine::spawn(config, Arc::new(|| ())).expect("the engine starts");
    let ctx = egui::Context::default();
    let surroundings = Surroundings {
        folder_picker: Box::new(NoPicker),
        now: jiff::Timestamp::now,
        drops: DropSupport::Works,
        facts: porthole::diagnostics::Facts::default(),
        startup: None,
    };
    let reference = format!("oci:{}", folder.path().display());
    let settings = Settings::default();
    let app = App::new(
        &ctx,
        engine.clone(),
        settings,
        surroundings,
        vec![reference],
    );
    let mut window = Window {
        ctx,
        app,
        frame: eframe::Frame::_new_kittest(),
        time: 0.0,
    };
    let ended = |engine: &Engine| engine.jobs().iter().any(|job| job.state.is_final());
    while !ended(&engine) {
        window.draw(Vec::new());
        std::thread::sleep(Duration::from_millis(5));
    }
    window.press(Modifiers::COMMAND.plus(Modifiers::CTRL), Key::Num2);
    for _ in 0..30 {
        window.draw(vec![Event::PointerMoved(Pos2::new(700.0, 600.0))]);
    }
    let mut times: Vec<Duration> = (0..FRAMES)
        .map(|_| {
            window.draw(vec![Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: Vec2::new(0.0, -190.0),
                phase: TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
                modifiers: Modifiers::NONE,
            }])
        })
        .collect();
    times.sort_unstable();
    println!("a full frame while {ENTRIES} entries are scrolled, {FRAMES} frames");
    for (name, part) in [
        ("median", 0.5),
        ("90 %", 0.9),
        ("99 %", 0.99),
        ("longest", 1.0),
    ] {
        let position = ((FRAMES - 1) as f64 * part) as usize;
        println!(
            "{name:>8}: {:.2} ms",
            times[position].as_secs_f64() * 1000.0
        );
    }
}
