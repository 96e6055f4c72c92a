//! The images of the engines: `GET /images/json` (Docker Engine API, "List images").

use serde_json::Value;

use super::engine::{self, Engine};
use super::image::texts;
use crate::config::Network;
use crate::transport::{Problem, TransportError};

/// An image that an engine lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineImage {
    /// Make, version and address of the engine.
    pub engine: String,
    /// The engine's ID of the image, as it writes it.
    pub id: String,
    /// Its names with tags; none for one that lost them.
    pub names: Vec<String>,
    /// Its size on the engine's disk, in bytes.
    pub size: Option<u64>,
    /// When it was built, in seconds since 1970.
    pub created: Option<i64>,
}

/// The images of every engine that is there, in the order of the engines.
///
/// # Errors
/// Where no engine answers, or one that answers does not list its images.
pub async fn list_images(network: &Network) -> Result<Vec<EngineImage>, TransportError> {
    let fail = |place: &str, problem| TransportError::new("list of images", place, problem);
    let engines = engine::all(network).await;
    let engines = engines.map_err(|problem| fail("the container engine", problem))?;
    let mut images = Vec::new();
    for engine in engines {
        let listed = list(&engine).await;
        images.extend(listed.map_err(|problem| fail(engine.label(), problem))?);
    }
    Ok(images)
}

async fn list(engine: &Engine) -> Result<Vec<EngineImage>, Problem> {
    let client = &engine.client;
    let answer = client.get("/images/json").await?;
    if !answer.status().is_success() {
        return Err(client.refused(answer).await);
    }
    let listed = client.json(answer).await?;
    let listed = listed.as_array().ok_or_else(|| Problem::NotAnEngine {
        engine: client.label.clone(),
        why: "its list of images is none".to_owned(),
    })?;
    Ok(listed
        .iter()
        .filter_map(|image| read(image, engine.label()))
        .collect())
}

/// One image; what has no ID is passed over.
fn read(image: &Value, engine: &str) -> Option<EngineImage> {
    let names = texts(image, "RepoTags").into_iter();
    Some(EngineImage {
        engine: engine.to_owned(),
        id: image.get("Id")?.as_str()?.to_owned(),
        // Docker's word for one without a name
        names: names.filter(|name| !name.contains('<')).collect(),
        size: image.get("Size").and_then(Value::as_u64),
        created: image.get("Created").and_then(Value::as_i64),
    })
}
