//! The images that were open before, the latest first. References only: what was typed is
//! never kept, since it may hold more than a reference.

use serde::{Deserialize, Serialize};

use super::theme::icons;
use crate::model::{Reference, Transport};

/// How many are kept.
const LIMIT: usize = 30;

/// The list. Written as the texts of the references.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Recents(Vec<Recent>);

/// An image that was open before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// What opens it again.
    pub reference: String,
    /// A short name.
    pub title: String,
    /// Where it lies, in a word: a host or the kind of place.
    pub place: String,
    pub icon: &'static str,
}

impl Recents {
    /// The latest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Recent> {
        self.0.iter()
    }

    /// Whether nothing was open before.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts an image in front; `text` is its [`lasting_text`].
    pub fn add(&mut self, text: &str) {
        self.remove(text);
        self.0.insert(0, Recent::new(text.to_owned()));
        self.0.truncate(LIMIT);
    }

    /// Takes an image out.
    pub fn remove(&mut self, reference: &str) {
        self.0.retain(|recent| recent.reference != reference);
    }
}

impl From<Vec<String>> for Recents {
    fn from(mut texts: Vec<String>) -> Self {
        texts.truncate(LIMIT);
        Self(texts.into_iter().map(Recent::new).collect())
    }
}

impl From<Recents> for Vec<String> {
    fn from(recents: Recents) -> Self {
        recents.0.into_iter().map(|r| r.reference).collect()
    }
}

impl Recent {
    /// What a reference, or a path that stands for itself, is called.
    pub(super) fn new(text: String) -> Self {
        let parsed = Reference::parse_prefixed(&text).and_then(Result::ok);
        let (title, place, icon) = match &parsed {
            Some(reference) => describe(reference),
            // a path that is recognised by what is in it
            None => {
                let path = std::path::Path::new(&text);
                let name = path
                    .file_name()
                    .map_or_else(|| text.clone(), |name| name.to_string_lossy().into_owned());
                (name, "folder".to_owned(), icons::FOLDER)
            }
        };
        Self {
            reference: text,
            title,
            place,
            icon,
        }
    }
}

/// Short name, place and icon of a reference.
fn describe(reference: &Reference) -> (String, String, &'static str) {
    let (place, icon) = match reference {
        Reference::Registry(registry) => (registry.host().to_owned(), icons::CONTAINER),
        Reference::Daemon(_) => ("this computer".to_owned(), icons::SERVER),
        Reference::Path(path) => match path.transport {
            Transport::OciArchive | Transport::DockerArchive => {
                ("archive".to_owned(), icons::ARCHIVE)
            }
            Transport::Dir => ("dir".to_owned(), icons::FOLDER),
            _ => ("folder".to_owned(), icons::FOLDER),
        },
    };
    (reference.title(), place, icon)
}

/// The icon of a place that images live in.
pub fn icon(reference: &Reference) -> &'static str {
    describe(reference).2
}

/// A text that opens the same image from any working directory. A path with a colon in it
/// cannot be written behind a prefix, so it stands for itself.
pub fn lasting_text(reference: &Reference) -> String {
    let Reference::Path(path) = reference else {
        return reference.to_string();
    };
    let mut path = path.clone();
    if let Ok(absolute) = std::path::absolute(&path.path) {
        path.path = absolute;
    }
    let text = path.path.to_string_lossy();
    if text.contains(':') && path.name.is_none() {
        return text.into_owned();
    }
    Reference::Path(path).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PathReference;

    fn texts(recents: &Recents) -> Vec<&str> {
        recents.iter().map(|r| r.reference.as_str()).collect()
    }

    #[test]
    fn the_latest_is_first_and_nothing_is_there_twice() {
        let mut recents = Recents::default();
        for text in ["a/b:1", "a/b:2", "a/b:1"] {
            recents.add(&lasting_text(&Reference::Registry(text.parse().unwrap())));
        }
        let expected = ["docker://docker.io/a/b:1", "docker://docker.io/a/b:2"];
        assert_eq!(texts(&recents), expected);
        recents.remove("docker://docker.io/a/b:1");
        assert_eq!(texts(&recents), expected[1..]);
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut recents = Recents::default();
        for number in 0..LIMIT + 5 {
            recents.add(&format!("docker://docker.io/a/b:{number}"));
        }
        assert_eq!(recents.iter().len(), LIMIT);
        assert!(texts(&recents)[0].ends_with(&format!(":{}", LIMIT + 4)));
    }

    #[test]
    fn a_relative_folder_opens_whole_path() {
        let here = Reference::Path(PathReference::new(Transport::Oci, "here"));
        let expected = std::path::absolute("here").unwrap();
        assert_eq!(lasting_text(&here), format!("oci:{}", expected.display()));
    }

    #[test]
    fn a_path_with_a_colon_stands_for_itself() {
        let mut recents = Recents::default();
        let path = PathReference::new(Transport::Oci, "/tmp/a:b");
        recents.add(&lasting_text(&Reference::Path(path)));
        assert_eq!(texts(&recents), ["/tmp/a:b"]);
        assert_eq!(recents.iter().next().unwrap().title, "a:b");
    }

    #[test]
    fn a_recent_says_where_it_lies() {
        let cases = [
            ("docker://r.example.com/a/b:1", "a/b:1", "r.example.com"),
            ("oci:/tmp/small:v1", "small:v1", "folder"),
            ("oci-archive:/tmp/x.tar", "x.tar", "archive"),
            ("dir:/tmp/flat", "flat", "dir"),
            ("docker-daemon:busybox:1", "busybox:1", "this computer"),
        ];
        for (text, title, place) in cases {
            let recent = Recent::new(text.to_owned());
            assert_eq!(
                (recent.title.as_str(), recent.place.as_str()),
                (title, place)
            );
        }
    }
}
