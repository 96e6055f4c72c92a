//! What requirements are written with: keys and certificates, signed names, and objects in
//! which nothing unknown stands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Object;
use crate::model::RegistryReference;
use crate::signature::policy::Files;
use crate::signature::sigstore::Pattern;
use crate::signature::simple::SignedIdentity;

/// Keys or certificates: by path, by several paths, or as they are, in base64.
pub(super) enum Material {
    Paths(Vec<String>),
    Data(Vec<Vec<u8>>),
}

impl Material {
    /// What the object has under one of these names: a path, a list of paths, data, a list
    /// of data. Nothing where it has none.
    pub fn of(object: &Object, names: [&str; 4]) -> Result<Option<Self>, String> {
        let found: Vec<_> = names
            .iter()
            .filter(|name| object.contains_key(**name))
            .collect();
        let name = match found.as_slice() {
            [] => return Ok(None),
            [one] => **one,
            [one, other, ..] => return Err(format!("{one} and {other} exclude each other")),
        };
        let wrong = || format!("{name} is not of the right kind");
        let texts = match &object[name] {
            Value::String(text) if !text.is_empty() => vec![text.clone()],
            Value::Array(list) if !list.is_empty() => list
                .iter()
                .map(|text| text.as_str().map(ToOwned::to_owned).ok_or_else(wrong))
                .collect::<Result<_, _>>()?,
            _ => return Err(wrong()),
        };
        let is_list = object[name].is_array();
        if is_list != (name == names[1] || name == names[3]) {
            return Err(wrong());
        }
        if name == names[0] || name == names[1] {
            return Ok(Some(Self::Paths(texts)));
        }
        let data = texts.iter().map(|text| STANDARD.decode(text));
        let data = data.collect::<Result<_, _>>().map_err(|_| wrong())?;
        Ok(Some(Self::Data(data)))
    }

    /// Each by its name for people.
    pub fn read(&self, files: &dyn Files) -> Vec<(String, Result<Vec<u8>, String>)> {
        match self {
            Self::Paths(paths) => paths
                .iter()
                .map(|path| (path.clone(), files.file_from_here(path)))
                .collect(),
            Self::Data(data) => data
                .iter()
                .map(|bytes| ("a key in the policy".to_owned(), Ok(bytes.clone())))
                .collect(),
        }
    }

    pub fn name(&self) -> String {
        match self {
            Self::Paths(paths) => paths.join(", "),
            Self::Data(_) => "a key in the policy".to_owned(),
        }
    }
}

/// How the signed name is compared.
pub(super) fn identity(value: Option<&Value>) -> Result<SignedIdentity, String> {
    let Some(value) = value else {
        return Ok(SignedIdentity::default());
    };
    let kind = value
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let only = |known: &[&str]| object(value, "signedIdentity", known);
    let needed = |object: &Object, name: &str| {
        text(object, name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("signedIdentity has no {name}"))
    };
    let reference = |text: &str| {
        let read = text.parse::<RegistryReference>();
        read.map_err(|error| format!("{text:?} is no image name: {error}"))
    };
    match kind {
        "matchExact" => only(&["type"]).map(|_| SignedIdentity::MatchExact),
        "matchRepoDigestOrExact" => only(&["type"]).map(|_| SignedIdentity::MatchRepoDigestOrExact),
        "matchRepository" => only(&["type"]).map(|_| SignedIdentity::MatchRepository),
        "exactReference" => {
            let name = needed(only(&["type", "dockerReference"])?, "dockerReference")?;
            let read = reference(&name)?;
            if read.tag().is_none() && read.digest().is_none() {
                return Err(format!("dockerReference {name:?} has no tag and no digest"));
            }
            Ok(SignedIdentity::ExactReference(name))
        }
        "exactRepository" => {
            let name = needed(only(&["type", "dockerRepository"])?, "dockerRepository")?;
            reference(&name)?;
            Ok(SignedIdentity::ExactRepository(name))
        }
        "remapIdentity" => {
            let remap = only(&["type", "prefix", "signedPrefix"])?;
            Ok(SignedIdentity::RemapIdentity {
                prefix: needed(remap, "prefix")?,
                signed_prefix: needed(remap, "signedPrefix")?,
            })
        }
        other => Err(format!("the signedIdentity {other:?} is not known")),
    }
}

/// An object with no other keys than these.
pub(super) fn object<'a>(
    value: &'a Value,
    what: &str,
    known: &[&str],
) -> Result<&'a Object, String> {
    let object = value
        .as_object()
        .ok_or_else(|| format!("{what} is no object"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{what} has {key:?}, which is not known")),
        None => Ok(object),
    }
}

pub(super) fn text(object: &Object, name: &str) -> Result<Option<String>, String> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} is no text")),
    }
}

pub(super) fn exact(object: &Object, name: &str) -> Result<Option<Pattern>, String> {
    let text = text(object, name)?;
    let pattern = text.map(|text| Pattern::exact(&text));
    pattern.transpose().map_err(|error| error.to_string())
}
