//! The whole window without a screen: logic, layout and tessellation of each frame, timed.
#![allow(dead_code)] // each bench needs a part of it

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{
    Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, RawInput, Rect, TouchPhase, Vec2,
};
use porthole::config::Network;
use porthole::engine::{Engine, EngineConfig};
use porthole::model::Platform;
use porthole::ui::action::PathWish;
use porthole::ui::app::drops::DropSupport;
use porthole::ui::app::folder_picker::{Answer, FolderPicker, Picked};
use porthole::ui::app::{App, Surroundings};
use porthole::ui::state::Settings;

const SIZE: Vec2 = Vec2::new(1440.0, 900.0);

struct NoPicker;

impl FolderPicker for NoPicker {
    fn pick(&self, _: &PathWish, _: &eframe::Frame, answer: Answer) {
        answer.give(Picked::NoService);
    }
}

/// A window with one image open.
pub struct Window {
    pub engine: Engine,
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
    time: f64,
}

impl Window {
    /// Opens `reference`, and draws until that is done.
    pub fn open(reference: String, cache: Option<&Path>) -> Self {
        let config = EngineConfig {
            platform: Platform::new("linux", "amd64"),
            network: Network::default(),
            cache: cache.map(Path::to_owned),
            trust: Default::default(),
        };
        let engine = Engine::spawn(config, Arc::new(|| ())).expect("the engine starts");
        let ctx = egui::Context::default();
        let surroundings = Surroundings {
            folder_picker: Box::new(NoPicker),
            now: jiff::Timestamp::now,
            drops: DropSupport::Works,
            downloads: None,
            facts: porthole::diagnostics::Facts::default(),
            startup: None,
        };
        let references = vec![reference];
        let app = App::new(
            &ctx,
            engine.clone(),
            Settings::default(),
            surroundings,
            references,
        );
        let mut window = Self {
            engine,
            ctx,
            app,
            frame: eframe::Frame::_new_kittest(),
            time: 0.0,
        };
        window.draw_until(|engine| engine.jobs().iter().any(|job| job.state.is_final()));
        window
    }

    /// Draws a frame with `events`, and gives the time that this thread computed for it.
    pub fn draw(&mut self, events: Vec<Event>) -> Duration {
        self.time += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            focused: true,
            events,
            ..RawInput::default()
        };
        let started = processor_time();
        let output = self.run(input);
        let meshes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let took = processor_time() - started;
        assert!(!meshes.is_empty(), "nothing was drawn");
        took
    }

    fn run(&mut self, input: RawInput) -> egui::FullOutput {
        let (app, frame) = (&mut self.app, &mut self.frame);
        self.ctx.run_ui(input, |ui| {
            eframe::App::logic(app, ui.ctx(), frame);
            eframe::App::ui(app, ui, frame);
        })
    }

    /// Draws frames until `done`, and gives the time of each.
    pub fn draw_until(&mut self, mut done: impl FnMut(&Engine) -> bool) -> Vec<Duration> {
        let mut times = Vec::new();
        while !done(&self.engine) {
            times.push(self.draw(Vec::new()));
            std::thread::sleep(Duration::from_millis(2));
        }
        times
    }

    /// Presses a key, and gives the time of the frame.
    pub fn press(&mut self, modifiers: Modifiers, key: Key) -> Duration {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers,
        };
        self.draw(vec![event(true), event(false)])
    }

    /// Turns the wheel by so many points, and gives the time of the frame.
    pub fn scroll(&mut self, points: f32) -> Duration {
        self.draw(vec![Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: Vec2::new(0.0, points),
            phase: TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers: Modifiers::NONE,
        }])
    }

    /// Moves the pointer.
    pub fn point(&mut self, at: Pos2) {
        self.draw(vec![Event::PointerMoved(at)]);
    }

    /// Clicks, and gives the times of the frames.
    pub fn click(&mut self, at: Pos2) -> [Duration; 2] {
        self.point(at);
        [true, false].map(|pressed| {
            self.draw(vec![Event::PointerButton {
                pos: at,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            }])
        })
    }

    /// The middle of what a screen reader would call by a name that begins with `name`.
    pub fn find(&mut self, name: &str) -> Option<Pos2> {
        self.ctx.enable_accesskit();
        // the first frame only says that there is somebody who listens
        let mut found = None;
        for _ in 0..2 {
            self.time += 1.0 / 60.0;
            let output = self.run(RawInput {
                screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
                time: Some(self.time),
                focused: true,
                ..RawInput::default()
            });
            let update = output.platform_output.accesskit_update;
            let nodes = update.map(|update| update.nodes).unwrap_or_default();
            found = nodes.iter().find_map(|(_, node)| {
                let bounds = node.bounds()?;
                node.label().filter(|label| label.starts_with(name))?;
                let (x, y) = ((bounds.x0 + bounds.x1) / 2.0, (bounds.y0 + bounds.y1) / 2.0);
                Some(Pos2::new(x as f32, y as f32))
            });
        }
        self.ctx.disable_accesskit();
        found
    }
}

/// Time that this thread has computed: on a busy machine the wall clock counts others too.
/// Where the system does not say it, the wall clock has to do.
fn processor_time() -> Duration {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let said = stat
        .split_whitespace()
        .next()
        .and_then(|time| time.parse().ok());
    said.map_or_else(
        || BEGAN.get_or_init(Instant::now).elapsed(),
        Duration::from_nanos,
    )
}

/// Prints the distribution of `times` as a row of a table.
pub fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: f64| {
        let position = ((times.len() - 1) as f64 * part) as usize;
        format!("{:.2} ms", times[position].as_secs_f64() * 1000.0)
    };
    println!(
        "| {what} | {} | {} | {} | {} | {} |",
        times.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

/// Prints the head of the table.
pub fn print_head() {
    println!("| a frame while | frames | median | 90 % | 99 % | longest |");
    println!("|---|---|---|---|---|---|");
}
