//! `manifest.json`: the list of images that `docker save` writes (Docker image
//! specification 1.2, "Combined Image JSON + Filesystem Changeset Format").

use serde_json::{Map, Value};

use crate::model::limits;
use crate::transport::Problem;
use crate::transport::archive::Archive;
use crate::transport::local::{Files, Work};

/// What the file is called.
pub(super) const FILE: &str = "manifest.json";

/// One image of the list. The names are as they were written: data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// The file with the config.
    pub(super) config: String,
    /// Its names with tags.
    pub(super) tags: Vec<String>,
    /// The files with the layers, the lowest first.
    pub(super) layers: Vec<String>,
}

/// Reads the list.
pub(super) fn read(archive: &Archive, work: &Work) -> Result<Vec<Listed>, Problem> {
    let bytes = match archive.read(FILE, limits::DOCKER_LIST_BYTES, work) {
        Err(Problem::NotInArchive { cut_off: true }) => {
            return Err(Problem::CutOff {
                file: FILE.to_owned(),
            });
        }
        other => other?,
    };
    parse(&bytes).map_err(broken)
}

/// `manifest.json` says something that cannot be.
pub(super) fn broken(why: String) -> Problem {
    Problem::Broken {
        file: FILE.to_owned(),
        why,
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<Listed>, String> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    let images = match value {
        Value::Array(images) => images,
        // an archive without an image
        Value::Null => Vec::new(),
        _ => return Err("it is JSON, but not a list of images".to_owned()),
    };
    let image = |(position, image): (usize, &Value)| {
        listed(image).map_err(|why| format!("image {position}: {why}"))
    };
    images.iter().enumerate().map(image).collect()
}

fn listed(image: &Value) -> Result<Listed, String> {
    let image = image.as_object().ok_or("it is not a JSON object")?;
    let config = field(image, "Config")?.and_then(Value::as_str);
    Ok(Listed {
        config: config.ok_or("it has no \"Config\"")?.to_owned(),
        tags: texts(image, "RepoTags")?,
        layers: texts(image, "Layers")?,
    })
}

/// A property, whatever its case: Docker is written in Go, which reads it so. Two that differ
/// in case only would mean different things to different readers.
fn field<'a>(image: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Value>, String> {
    let mut found = image
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let value = found.next().map(|(_, value)| value);
    if found.next().is_some() {
        return Err(format!("it can be read in two ways: it has two {name:?}"));
    }
    Ok(value)
}

fn texts(image: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let listed = match field(image, name)? {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(format!("its {name:?} is not a list")),
    };
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let texts: Option<Vec<_>> = listed.iter().map(text).collect();
    texts.ok_or_else(|| format!("its {name:?} holds something that is not a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_docker_writes_is_read() {
        let found = parse(
            br#"[{"Config":"a.json","RepoTags":["x:1","y:2"],"Layers":["b/layer.tar"]},
                 {"config":"c.json","RepoTags":null,"more":1}]"#,
        )
        .unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].tags, ["x:1", "y:2"]);
        assert_eq!(found[0].layers, ["b/layer.tar"]);
        assert_eq!(found[1].config, "c.json");
        assert!(found[1].tags.is_empty() && found[1].layers.is_empty());
        assert_eq!(parse(b"null").unwrap(), []);
        assert_eq!(parse(b"[]").unwrap(), []);
    }

    #[test]
    fn anything_else_is_named() {
        for (text, words) in [
            ("", "not JSON"),
            ("[", "not JSON"),
            ("{}", "not a list"),
            ("[1]", "image 0: it is not a JSON object"),
            ("[{}]", "image 0: it has no \"Config\""),
            (r#"[{"Config":1}]"#, "no \"Config\""),
            (
                r#"[{"Config":"a","Layers":"b"}]"#,
                "\"Layers\" is not a list",
            ),
            (r#"[{"Config":"a","RepoTags":[1]}]"#, "not a text"),
            (r#"[{"Config":"a","CONFIG":"b"}]"#, "in two ways"),
        ] {
            let why = parse(text.as_bytes()).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }
}
