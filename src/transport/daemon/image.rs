//! What an engine says about an image: `GET /images/NAME/json` (Docker Engine API, "Inspect
//! an image").

use serde_json::Value;

use super::engine::Engine;
use super::name;
use crate::transport::Problem;

/// A name that can stand in the path of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EngineName<'a>(pub(super) &'a str);

/// An image that an engine has.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What the engine knows it by, whatever becomes of its name.
    pub(super) id: String,
    /// Its size on the engine's disk, in bytes: about that of the archive.
    pub(super) size: Option<u64>,
    /// The names with digests that the engine knows it by.
    pub(super) known_as: Vec<String>,
}

/// Asks `engine` for the image called `name`.
pub(super) async fn find(engine: &Engine, name: EngineName<'_>) -> Result<Found, Problem> {
    let client = &engine.client;
    let answer = client.get(&format!("/images/{}/json", name.0)).await?;
    if answer.status() == 404 {
        return Err(Problem::NotInEngine {
            engine: client.label.clone(),
        });
    }
    if !answer.status().is_success() {
        return Err(client.refused(answer).await);
    }
    let about = client.json(answer).await?;
    let id = about.get("Id").and_then(Value::as_str);
    let id = id
        .and_then(name::check_id)
        .ok_or_else(|| Problem::NotAnEngine {
            engine: client.label.clone(),
            why: "it does not say which image it means".to_owned(),
        })?;
    Ok(Found {
        id: id.to_owned(),
        size: about
            .get("Size")
            .and_then(Value::as_u64)
            .filter(|size| *size > 0),
        known_as: texts(&about, "RepoDigests"),
    })
}

/// The texts of a list; none where there is no list.
pub(super) fn texts(value: &Value, key: &str) -> Vec<String> {
    let listed = value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let texts = listed.filter_map(Value::as_str);
    texts.map(ToOwned::to_owned).collect()
}
