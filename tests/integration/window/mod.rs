//! The window by role and name, over a scripted engine.

mod attaching;
mod commands;
mod comparing;
mod copy;
mod copy_choices;
mod copy_jobs;
mod copy_report;
mod copy_told;
mod copying_tags;
mod deleting;
mod diagnostics;
mod dialogs;
mod dragging;
mod failing;
mod favourites;
mod finding;
mod history;
mod idle;
mod jobs;
mod keyboard;
mod keys;
mod login;
mod menus;
mod messages;
mod opening;
mod own_keys;
mod places;
mod platform;
mod policy;
mod quit;
mod reload;
mod saving;
mod scripted;
mod session;
mod settings;
mod signing;
mod startup;
mod status_bar;
mod tabs;
mod theme;
mod trust;
mod welcome;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, Node};
use porthole::config::Network;
use porthole::diagnostics::Facts;
use porthole::engine::{Command, Engine, ImageId, ImageSnapshot, Place, Slots};
use porthole::ui::action::PathWish;
use porthole::ui::app::drops::DropSupport;
use porthole::ui::app::folder_picker::{Answer, FolderPicker, Picked};
use porthole::ui::app::{App, Surroundings};
use porthole::ui::state::Settings;
use tokio::sync::mpsc::UnboundedReceiver;

/// Command or Control, as winit gives it on Linux: both at once.
const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);
const CTRL_SHIFT: Modifiers = CTRL.plus(Modifiers::SHIFT);

type Shared = Rc<RefCell<Option<App>>>;

/// A window that nobody sees, and the engine's side of it.
struct Window {
    harness: Harness<'static, Shared>,
    commands: UnboundedReceiver<Command>,
    slots: Arc<Slots>,
    /// What the dialogs of the system answer from now on.
    picked: Rc<RefCell<Picked>>,
}

/// What a window is made with.
struct Setup {
    settings: Settings,
    references: Vec<String>,
    drops: DropSupport,
    picked: Picked,
    facts: Facts,
    network: Network,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            references: Vec::new(),
            drops: DropSupport::Works,
            picked: Picked::NoService,
            facts: Facts::default(),
            network: Network::default(),
        }
    }
}

/// Answers at once with what the test says.
struct Answering(Rc<RefCell<Picked>>);

impl FolderPicker for Answering {
    fn pick(&self, _: &PathWish, _: &eframe::Frame, answer: Answer) {
        answer.give(self.0.borrow().clone());
    }
}

fn window() -> Window {
    Window::new(Setup::default())
}

impl Window {
    fn new(setup: Setup) -> Self {
        let (engine, commands, slots) = Engine::scripted(&setup.network);
        let app: Shared = Rc::default();
        let made = Rc::clone(&app);
        let picked = Rc::new(RefCell::new(setup.picked));
        let answering = Answering(Rc::clone(&picked));
        let make = move |ctx: &egui::Context| {
            let surroundings = Surroundings {
                folder_picker: Box::new(answering),
                now: || jiff::Timestamp::from_second(1_700_000_000).unwrap(),
                drops: setup.drops,
                downloads: Some("~/Downloads".to_owned()),
                facts: setup.facts,
                startup: None,
            };
            let references = setup.references;
            let app = App::new(ctx, engine, setup.settings, surroundings, references);
            *made.borrow_mut() = Some(app);
        };
        let draw = |ui: &mut egui::Ui, app: &mut Shared| {
            let mut frame = eframe::Frame::_new_kittest();
            let mut app = app.borrow_mut();
            let app = app.as_mut().expect("made before the first frame");
            eframe::App::logic(app, ui.ctx(), &mut frame);
            eframe::App::ui(app, ui, &mut frame);
        };
        let harness = Harness::builder()
            .with_size([1200.0, 800.0])
            .with_step_dt(0.05)
            .with_max_steps(12)
            .with_context_setup(make)
            .build_ui_state(draw, app);
        Self {
            harness,
            commands,
            slots,
            picked,
        }
    }

    /// A window in which `input` was opened with the address bar, and its id.
    fn opening(input: &str) -> (Self, ImageId) {
        let mut window = window();
        let image = window.open(input);
        (window, image)
    }

    /// Types `input` into the address bar and gives the id that was asked for.
    fn open(&mut self, input: &str) -> ImageId {
        self.press(CTRL, Key::L);
        self.field("Reference").type_text(input);
        self.press(Modifiers::NONE, Key::Enter);
        let sent = self.sent();
        match sent.as_slice() {
            [
                Command::Open {
                    image, input: sent, ..
                },
            ] if sent == input => *image,
            other => panic!("expected to open {input:?}, not {other:?}"),
        }
    }

    /// Opens the tags of a repository in a tab.
    fn browse(&mut self, repository: &str) -> Place {
        self.choose("Registry", "Browse a repository…");
        self.field("Repository").type_text(repository);
        self.press(Modifiers::NONE, Key::Enter);
        let place = Place::Repository(repository.to_owned());
        let list = Command::ListPlace {
            place: place.clone(),
        };
        assert_eq!(self.sent(), [list]);
        place
    }

    /// What was sent to the engine since the last look, but for the overview's question what
    /// refers to the image.
    fn sent(&mut self) -> Vec<Command> {
        let sent = std::iter::from_fn(|| self.commands.try_recv().ok());
        sent.filter(|command| !matches!(command, Command::ListReferrers { .. }))
            .collect()
    }

    /// Gives the window a snapshot and draws it.
    fn show(&mut self, snapshot: ImageSnapshot) {
        self.slots.put_image(Arc::new(snapshot));
        self.harness.run();
    }

    /// Presses and releases a key, and draws until nothing changes.
    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run();
    }

    fn field<'a>(&'a self, name: &'a str) -> Node<'a> {
        self.harness.get_by_role_and_label(Role::TextInput, name)
    }

    /// Types into a field in place of what stood there, as a person does.
    fn fill(&mut self, role: Role, name: &str, text: &str) {
        self.harness.get_by_role_and_label(role, name).focus();
        self.harness.run();
        self.press(CTRL, Key::A);
        let node = self.harness.get_by_role_and_label(role, name);
        node.type_text(text);
        self.harness.run();
    }

    /// Chooses from a list of a dialog.
    fn pick(&mut self, list: &str, item: &str) {
        self.click(Role::ComboBox, list);
        self.click(Role::Button, item);
    }

    /// What a field has in it; of a passphrase only how long it is can be told.
    fn value(&self, role: Role, name: &str) -> String {
        let node = self.harness.get_by_role_and_label(role, name);
        node.value().unwrap_or_default()
    }

    fn has(&self, role: Role, name: &str) -> bool {
        self.harness.query_by_role_and_label(role, name).is_some()
    }

    /// Clicks what has this role and name.
    fn click(&mut self, role: Role, name: &str) {
        self.harness.get_by_role_and_label(role, name).click();
        self.harness.run();
    }

    /// Opens a menu and clicks one of its commands.
    fn choose(&mut self, menu: &str, command: &str) {
        self.click(Role::Button, menu);
        self.click(Role::MenuItem, command);
    }

    /// Whether something switchable is on.
    fn is_on(&self, role: Role, name: &str) -> bool {
        let node = self.harness.get_by_role_and_label(role, name);
        node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    }

    fn is_enabled(&self, role: Role, name: &str) -> bool {
        let node = self.harness.get_by_role_and_label(role, name);
        !node.accesskit_node().is_disabled()
    }

    /// Whether a text is on the screen.
    fn says(&self, text: &str) -> bool {
        self.harness.query_all_by_value(text).next().is_some()
    }

    /// Whether a text that fits is on the screen.
    fn says_like(&self, fits: impl Fn(&str) -> bool) -> bool {
        let mut texts = self.harness.query_all_by(|node| {
            let value = node.value();
            value.is_some_and(|text| fits(&text))
        });
        texts.next().is_some()
    }

    /// Gives the window events one by one, and what `look` finds in the output of one.
    fn watch<T>(
        &mut self,
        events: impl IntoIterator<Item = egui::Event>,
        look: impl Fn(&egui::FullOutput) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        for event in events {
            self.harness.event(event);
            self.harness.step();
            found = found.or_else(|| look(self.harness.output()));
        }
        self.harness.run();
        found
    }

    fn drop_path(&mut self, path: &str) {
        let file = Arc::new(Dropped(Path::new(path).to_owned()));
        self.harness.input_mut().dropped_files.push(file);
        self.harness.run();
    }
}

/// A key pressed and released, as the window system tells it.
fn key_events(modifiers: Modifiers, key: Key) -> Vec<egui::Event> {
    let event = |pressed| egui::Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers,
    };
    vec![
        egui::Event::ModifiersChanged(modifiers),
        event(true),
        event(false),
        egui::Event::ModifiersChanged(Modifiers::NONE),
    ]
}

/// A click in the middle of a rectangle.
fn click_events(rect: egui::Rect) -> Vec<egui::Event> {
    let pos = rect.center();
    let event = |pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    vec![egui::Event::PointerMoved(pos), event(true), event(false)]
}

/// The text that a frame put on the clipboard.
fn copied(output: &egui::FullOutput) -> Option<String> {
    let commands = output.platform_output.commands.iter();
    commands.into_iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window must not read what is dropped on it".to_owned())
    }
}

/// Where a text is painted, and where it is cut off; nothing where it is not painted whole.
fn painted(window: &Window, words: &str) -> Option<(egui::Rect, egui::Rect)> {
    painted_like(window, |text| text == words)
}

/// The same of the first text that fits.
fn painted_like(window: &Window, fits: impl Fn(&str) -> bool) -> Option<(egui::Rect, egui::Rect)> {
    fn find(shape: &egui::Shape, fits: &dyn Fn(&str) -> bool) -> Option<egui::Rect> {
        match shape {
            egui::Shape::Text(text) if fits(text.galley.text()) && !text.galley.elided => {
                Some(egui::Rect::from_min_size(text.pos, text.galley.size()))
            }
            egui::Shape::Vec(shapes) => shapes.iter().find_map(|shape| find(shape, fits)),
            _ => None,
        }
    }
    let shapes = &window.harness.output().shapes;
    shapes.iter().find_map(|clipped| {
        let rect = find(&clipped.shape, &fits)?;
        Some((rect, clipped.clip_rect))
    })
}
