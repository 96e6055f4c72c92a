//! What is kept between runs: theme, zoom, panels, and the images that were open before.
//! Window size and place are kept beside it by eframe.

use egui::ThemePreference;
use serde::{Deserialize, Serialize};

use super::favourites::Favourites;
use super::places::Places;
use super::recents::Recents;
use super::session::Session;
use super::theme::size;
use super::widgets::split;

/// The version of what is written. Something else that is found is not read.
const VERSION: u32 = 1;

/// How many destinations of copies are kept.
const DESTINATIONS: usize = 20;

/// Smallest and largest zoom that are believed when read back.
const ZOOM: std::ops::RangeInclusive<f32> = 0.5..=4.0;

/// Smallest and largest width of the explorer, in points.
pub const EXPLORER_WIDTH: std::ops::RangeInclusive<f32> = 160.0..=480.0;

/// The settings that a person made by using the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    version: u32,
    pub theme: ThemePreference,
    pub zoom: f32,
    pub explorer_open: bool,
    /// In points.
    pub explorer_width: f32,
    pub jobs_open: bool,
    /// The share that the trees have beside what is selected in them.
    #[serde(default = "files_share")]
    pub files_share: f32,
    #[serde(default = "referrers_share")]
    pub referrers_share: f32,
    /// Whether nobody but the registry of an image is asked about it.
    #[serde(default)]
    pub offline: bool,
    pub recents: Recents,
    #[serde(default)]
    pub favourites: Favourites,
    #[serde(default)]
    pub places: Places,
    /// Where copies went, the latest first.
    #[serde(default)]
    pub destinations: Vec<String>,
    /// Kept beside the rest, so that neither takes the other along.
    #[serde(skip)]
    pub session: Session,
}

const fn files_share() -> f32 {
    split::FILES.default_share()
}

const fn referrers_share() -> f32 {
    split::REFERRERS.default_share()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: VERSION,
            theme: ThemePreference::System,
            zoom: 1.0,
            explorer_open: true,
            explorer_width: size::EXPLORER,
            jobs_open: true,
            files_share: files_share(),
            referrers_share: referrers_share(),
            offline: false,
            recents: Recents::default(),
            favourites: Favourites::default(),
            places: Places::default(),
            destinations: Vec::new(),
            session: Session::default(),
        }
    }
}

impl Settings {
    /// Reads what the last run wrote. What is missing, damaged or of another version gives
    /// the defaults; numbers out of bounds are brought into them.
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        let read: Option<Self> =
            storage.and_then(|storage| eframe::get_value(storage, eframe::APP_KEY));
        let read = read.filter(|settings| settings.version == VERSION);
        let mut settings = read.unwrap_or_default();
        settings.session = storage.map(Session::load).unwrap_or_default();
        settings.zoom = within(settings.zoom, ZOOM, 1.0);
        settings.files_share = within(settings.files_share, split::SHARES, files_share());
        settings.referrers_share =
            within(settings.referrers_share, split::SHARES, referrers_share());
        settings.explorer_width = within(settings.explorer_width, EXPLORER_WIDTH, size::EXPLORER);
        settings
    }

    /// Remembers where a copy went.
    pub fn remember_destination(&mut self, text: &str) {
        self.destinations.retain(|there| there != text);
        self.destinations.insert(0, text.to_owned());
        self.destinations.truncate(DESTINATIONS);
    }

    /// Writes it for the next run.
    pub fn save(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, eframe::APP_KEY, self);
        self.session.save(storage);
    }
}

fn within(value: f32, bounds: std::ops::RangeInclusive<f32>, otherwise: f32) -> f32 {
    if value.is_finite() {
        value.clamp(*bounds.start(), *bounds.end())
    } else {
        otherwise
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::ui::session::{Layout, SavedTab};
    use crate::ui::views::View;

    #[derive(Default)]
    struct Memory(HashMap<String, String>);

    impl eframe::Storage for Memory {
        fn get_string(&self, key: &str) -> Option<String> {
            self.0.get(key).cloned()
        }
        fn set_string(&mut self, key: &str, value: String) {
            self.0.insert(key.to_owned(), value);
        }
        fn remove_string(&mut self, key: &str) {
            self.0.remove(key);
        }
        fn flush(&mut self) {}
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let mut storage = Memory::default();
        let mut settings = Settings {
            theme: ThemePreference::Light,
            zoom: 1.5,
            explorer_open: false,
            explorer_width: 300.0,
            files_share: 0.4,
            referrers_share: 0.7,
            offline: true,
            ..Settings::default()
        };
        settings.recents.add("docker://docker.io/library/busybox:1");
        settings.favourites.toggle("oci:/images/one:v1");
        settings.places.add_folder("oci:/images/one");
        settings.places.add_repository("r.example.com", "team/app");
        let tab = SavedTab {
            reference: "oci:/images/one:v1".to_owned(),
            view: View::Raw,
            selected: None,
        };
        let mut tiles = egui_tiles::Tiles::default();
        let panes = vec![tiles.insert_pane(0), tiles.insert_pane(1)];
        let root = tiles.insert_vertical_tile(panes);
        let tiles = tiles.iter().map(|(id, tile)| (*id, tile.clone())).collect();
        let layout = Some(Layout { root, tiles });
        settings.session = Session::new(vec![tab.clone(), tab], Some(0), layout);
        assert!(settings.session.layout.is_some());
        settings.save(&mut storage);
        assert_eq!(Settings::load(Some(&storage)), settings);
    }

    #[test]
    fn damaged_state_gives_the_defaults() {
        let mut storage = Memory::default();
        for damaged in ["", "(", "(version:1)", "\u{0}\u{1}", "(version:\"x\")"] {
            storage
                .0
                .insert(eframe::APP_KEY.to_owned(), damaged.to_owned());
            assert_eq!(Settings::load(Some(&storage)), Settings::default());
        }
    }

    #[test]
    fn damaged_tabs_leave_the_settings_alone() {
        let mut storage = Memory::default();
        let settings = Settings {
            zoom: 1.5,
            ..Settings::default()
        };
        settings.save(&mut storage);
        for damaged in [
            "",
            "(",
            "(version:1)",
            "(version:2,tabs:[],focused:None,layout:None)",
        ] {
            storage.0.insert("session".to_owned(), damaged.to_owned());
            assert_eq!(Settings::load(Some(&storage)).zoom, 1.5);
            assert_eq!(Settings::load(Some(&storage)).session, Session::default());
        }
    }

    #[test]
    fn another_version_is_not_read() {
        let mut storage = Memory::default();
        let settings = Settings {
            version: VERSION + 1,
            zoom: 2.0,
            ..Settings::default()
        };
        settings.save(&mut storage);
        assert_eq!(Settings::load(Some(&storage)), Settings::default());
    }

    #[test]
    fn numbers_out_of_bounds_are_brought_into_them() {
        let mut storage = Memory::default();
        let settings = Settings {
            zoom: f32::NAN,
            explorer_width: 1e9,
            files_share: f32::INFINITY,
            referrers_share: -1.0,
            ..Settings::default()
        };
        settings.save(&mut storage);
        let loaded = Settings::load(Some(&storage));
        assert!((loaded.zoom - 1.0).abs() < f32::EPSILON);
        assert!((loaded.explorer_width - EXPLORER_WIDTH.end()).abs() < f32::EPSILON);
        assert!((loaded.files_share - files_share()).abs() < f32::EPSILON);
        assert!((loaded.referrers_share - split::SHARES.start()).abs() < f32::EPSILON);
    }
}
