//! The images that a person wants at hand, in the order in which they were chosen.

use serde::{Deserialize, Serialize};

use super::recents::Recent;

/// How many are kept.
const LIMIT: usize = 200;

/// The list. Written as the texts of the references.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Favourites(Vec<Recent>);

impl Favourites {
    /// In the order in which they were chosen.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Recent> {
        self.0.iter()
    }

    /// Whether none was chosen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this reference was chosen.
    pub fn contains(&self, reference: &str) -> bool {
        self.0.iter().any(|there| there.reference == reference)
    }

    /// Takes a reference in, or out where it is in. Where there is no room it stays out.
    pub fn toggle(&mut self, reference: &str) {
        if self.contains(reference) {
            self.0.retain(|there| there.reference != reference);
        } else if self.0.len() < LIMIT {
            self.0.push(Recent::new(reference.to_owned()));
        }
    }
}

impl From<Vec<String>> for Favourites {
    fn from(texts: Vec<String>) -> Self {
        let mut favourites = Self::default();
        for text in texts {
            if !favourites.contains(&text) {
                favourites.toggle(&text);
            }
        }
        favourites
    }
}

impl From<Favourites> for Vec<String> {
    fn from(favourites: Favourites) -> Self {
        favourites.0.into_iter().map(|f| f.reference).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_toggle_takes_it_out_and_nothing_is_there_twice() {
        let mut favourites = Favourites::default();
        favourites.toggle("docker://docker.io/a/b:1");
        favourites.toggle("oci:/tmp/small:v1");
        assert!(favourites.contains("oci:/tmp/small:v1"));
        let written: Vec<String> = favourites.clone().into();
        let twice = [written.clone(), written].concat();
        assert_eq!(Favourites::from(twice), favourites);
        favourites.toggle("docker://docker.io/a/b:1");
        let left: Vec<_> = favourites.iter().map(|f| f.title.as_str()).collect();
        assert_eq!(left, ["small:v1"]);
    }
}
