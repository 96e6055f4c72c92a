//! The engines that are there.

use reqwest::Response;
use reqwest::header::SERVER;

use super::address;
use super::client::Client;
use crate::config::{EngineAddress, Network};
use crate::model::text;
use crate::transport::Problem;

/// An engine that answered.
pub(super) struct Engine {
    pub(super) client: Client,
}

impl Engine {
    /// Make, version and address, for people.
    pub(super) fn label(&self) -> &str {
        &self.client.label
    }
}

/// The engines that answer: the one that the user named, or those that are found.
///
/// # Errors
/// Where the named one does not answer, or none does.
pub(super) async fn all(network: &Network) -> Result<Vec<Engine>, Problem> {
    let settings = network.engines.clone();
    // reads files
    let addresses = tokio::task::spawn_blocking(move || settings.addresses()).await;
    let addresses = match addresses {
        Ok(addresses) => addresses.map_err(|error| Problem::Settings {
            path: error.path.display().to_string(),
            why: error.why,
        })?,
        Err(_) => return Err(Problem::Cancelled),
    };
    let mut engines = Vec::new();
    let mut first = None;
    for address in &addresses {
        match meet(address, network).await {
            Ok(engine) => engines.push(engine),
            Err(problem) => {
                tracing::debug!(address = address.address, %problem, "no engine");
                first.get_or_insert(problem);
            }
        }
    }
    if !engines.is_empty() {
        return Ok(engines);
    }
    let sockets = network.engines.sockets.iter();
    Err(first.unwrap_or_else(|| Problem::NoEngine {
        looked_at: sockets.map(|socket| socket.display().to_string()).collect(),
    }))
}

/// Sees whether an engine listens at `address`: it answers to `/_ping` and says which
/// version of the API it speaks (Docker Engine API, "Ping").
async fn meet(address: &EngineAddress, network: &Network) -> Result<Engine, Problem> {
    let way = address::parse(&address.address)?;
    let mut client = Client::new(way, &address.address, network)?;
    let answer = client.get("/_ping").await?;
    let no_engine = |why: String| Problem::NotAnEngine {
        engine: address.address.clone(),
        why,
    };
    if !answer.status().is_success() {
        let status = answer.status().as_u16();
        return Err(no_engine(format!("it answered {status} to /_ping")));
    }
    if !answer.headers().contains_key("api-version") {
        return Err(no_engine("it does not say which API it speaks".to_owned()));
    }
    client.label = format!("{} at {}", make(&answer), address.address);
    Ok(Engine { client })
}

/// Make and version: `Docker/28.2.2 (linux)` is Docker 28.2.2, `Libpod/4.3.1 (linux)` is
/// Podman 4.3.1.
fn make(answer: &Response) -> String {
    let server = answer.headers().get(SERVER);
    let server = server
        .and_then(|server| server.to_str().ok())
        .unwrap_or_default();
    let first: String = server
        .split(' ')
        .next()
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect();
    match first.split_once('/') {
        Some(("Libpod", version)) => format!("Podman {}", text::visible(version)),
        Some((make, version)) => format!("{} {}", text::visible(make), text::visible(version)),
        None => "an engine".to_owned(),
    }
}
