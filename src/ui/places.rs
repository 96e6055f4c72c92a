//! The places in the explorer: folders that were opened, registries that were added, and
//! whether the images of the container engines are listed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::engine::Place;

/// How many folders and archives are kept.
const FOLDERS: usize = 50;
/// How many registries, and repositories of each, are kept.
const REGISTRIES: usize = 100;

/// What the explorer keeps of places between runs, and which of them are unfolded in this
/// one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    /// What opens each, the latest first.
    folders: Vec<String>,
    registries: Vec<SavedRegistry>,
    /// Whether the images of engines are listed.
    pub engines_open: bool,
    /// Those that show what is in them.
    #[serde(skip)]
    open: BTreeSet<Place>,
    /// Those that were listed in this run.
    #[serde(skip)]
    asked: BTreeSet<Place>,
}

/// A registry that was added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRegistry {
    /// With its port.
    pub host: String,
    /// Repositories that were typed, since a registry need not list its own.
    #[serde(default)]
    pub repositories: Vec<String>,
}

impl Places {
    /// What opens each folder and archive, the latest first.
    pub fn folders(&self) -> &[String] {
        &self.folders
    }

    /// The registries, in the order in which they were added.
    pub fn registries(&self) -> &[SavedRegistry] {
        &self.registries
    }

    /// Remembers a folder or archive that was opened. One that is there keeps its place.
    pub fn add_folder(&mut self, text: &str) {
        if !self.folders.iter().any(|there| there == text) {
            self.folders.insert(0, text.to_owned());
            self.folders.truncate(FOLDERS);
        }
    }

    /// Takes a folder or archive out.
    pub fn remove_folder(&mut self, text: &str) {
        self.folders.retain(|there| there != text);
        self.forget(&Place::Local(text.to_owned()));
    }

    /// Adds a registry, unfolded. One that is there stays as it is.
    pub fn add_registry(&mut self, host: &str) {
        self.registry(host);
        self.open.insert(Place::Registry(host.to_owned()));
    }

    /// Takes a registry out.
    pub fn remove_registry(&mut self, host: &str) {
        self.registries.retain(|registry| registry.host != host);
        self.forget(&Place::Registry(host.to_owned()));
    }

    /// Remembers a repository that was typed, and its registry.
    pub fn add_repository(&mut self, host: &str, repository: &str) {
        if let Some(registry) = self.registry(host) {
            let there = &mut registry.repositories;
            if !there.iter().any(|name| name == repository) && there.len() < REGISTRIES {
                there.push(repository.to_owned());
            }
        }
    }

    /// Takes a repository that was typed out.
    pub fn remove_repository(&mut self, host: &str, repository: &str) {
        if let Some(registry) = self.registries.iter_mut().find(|r| r.host == host) {
            registry.repositories.retain(|name| name != repository);
        }
    }

    /// The registry, added where there is room.
    fn registry(&mut self, host: &str) -> Option<&mut SavedRegistry> {
        let at = self.registries.iter().position(|there| there.host == host);
        if at.is_none() && self.registries.len() < REGISTRIES {
            self.registries.push(SavedRegistry {
                host: host.to_owned(),
                repositories: Vec::new(),
            });
        }
        let at = at.unwrap_or_else(|| self.registries.len().saturating_sub(1));
        self.registries
            .get_mut(at)
            .filter(|registry| registry.host == host)
    }

    /// Whether a place shows what is in it.
    pub fn is_open(&self, place: &Place) -> bool {
        match place {
            Place::Engines => self.engines_open,
            place => self.open.contains(place),
        }
    }

    /// Unfolds a place, or folds it.
    pub fn toggle(&mut self, place: &Place) {
        if *place == Place::Engines {
            self.engines_open = !self.engines_open;
        } else if !self.open.remove(place) {
            self.open.insert(place.clone());
        }
    }

    /// Whether a place has to be listed, since it is unfolded and was not asked in this run.
    /// Says so once.
    pub fn ask(&mut self, place: &Place) -> bool {
        self.is_open(place) && self.asked.insert(place.clone())
    }

    /// The unfolded places on this machine, which may change without being asked.
    pub fn open_here(&self) -> Vec<Place> {
        let engines = self.engines_open.then_some(Place::Engines);
        let folders = self.folders.iter().map(|text| Place::Local(text.clone()));
        let folders = folders.filter(|place| self.is_open(place));
        let here = engines.into_iter().chain(folders);
        here.filter(|place| self.asked.contains(place)).collect()
    }

    fn forget(&mut self, place: &Place) {
        self.open.remove(place);
        self.asked.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_once_and_goes_again() {
        let mut places = Places::default();
        places.add_folder("oci:/a");
        places.add_folder("oci:/b");
        places.add_folder("oci:/a");
        assert_eq!(places.folders(), ["oci:/b", "oci:/a"]);
        places.add_registry("r:1");
        places.add_repository("r:1", "team/app");
        places.add_repository("r:1", "team/app");
        places.add_repository("r:2", "other");
        let hosts: Vec<_> = places
            .registries()
            .iter()
            .map(|r| r.host.as_str())
            .collect();
        assert_eq!(hosts, ["r:1", "r:2"]);
        assert_eq!(places.registries()[0].repositories, ["team/app"]);
        places.remove_repository("r:1", "team/app");
        places.remove_registry("r:2");
        places.remove_folder("oci:/b");
        assert_eq!(places.registries().len(), 1);
        assert!(places.registries()[0].repositories.is_empty());
        assert_eq!(places.folders(), ["oci:/a"]);
    }

    #[test]
    fn a_place_is_asked_once_when_it_is_unfolded() {
        let mut places = Places::default();
        let folder = Place::Local("oci:/a".to_owned());
        places.add_folder("oci:/a");
        assert!(!places.ask(&folder), "it is folded");
        places.toggle(&folder);
        assert!(places.ask(&folder) && !places.ask(&folder));
        assert_eq!(places.open_here(), std::slice::from_ref(&folder));
        places.toggle(&folder);
        assert_eq!(places.open_here(), []);
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut places = Places::default();
        for number in 0..FOLDERS + 5 {
            places.add_folder(&format!("oci:/{number}"));
        }
        assert_eq!(places.folders().len(), FOLDERS);
        for number in 0..REGISTRIES + 5 {
            places.add_registry(&format!("r:{number}"));
        }
        assert_eq!(places.registries().len(), REGISTRIES);
        places.add_repository("not-there", "a");
        assert!(
            places
                .registries()
                .iter()
                .all(|r| r.repositories.is_empty())
        );
    }
}
