//! The protocol step by step: what each answer of `tests/fixtures/registry-answers` means,
//! and what a person is told of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use porthole::config::{Credentials, Network, Origin, Secret, SecretKind};
use porthole::model::{
    Algorithm, Descriptor, Digest, Document, MediaType, RawDocument, Reference, RegistryReference,
};
use porthole::transport::registry::{Client, Names, RegistryDestination, catalog, tags};
use porthole::transport::{
    Answer, Delete, Destination, Mounted, Naming, TransportError, Way, read_blob,
};
use serde::Deserialize;

use super::uploads::destination;
use super::{auth_file, client, document, network, source};
use crate::support::registry::{Fault, Registry};

const NOTHING: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
const DATA: &[u8] = b"0123456789";

/// All steps of the protocol, in its order.
const STEPS: [&str; 18] = [
    "ping",
    "token",
    "head blob",
    "mount",
    "start upload",
    "chunk",
    "upload status",
    "cancel",
    "finish",
    "get blob",
    "put manifest",
    "put list",
    "get manifest",
    "get list",
    "tags",
    "catalogue",
    "delete tag",
    "delete manifest",
];

/// All of a list, or why there may be more.
fn listed(what: &str, found: Names) -> Result<String, TransportError> {
    match found.unfinished {
        Some(error) => Err(error),
        None => Ok(format!("{what}: {}", found.names.join(" "))),
    }
}

#[derive(Deserialize)]
struct Table {
    answer: Vec<Row>,
}

/// One answer of a server to one step, and what comes of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    step: String,
    case: String,
    server: String,
    status: u16,
    headers: Vec<String>,
    body: String,
    /// How it ends: in few words where it ends well, and else what a person is told.
    #[serde(default)]
    says: String,
    /// What a person is told to try; nothing where it ends well.
    #[serde(default)]
    tries: String,
}

fn table() -> Vec<Row> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/registry-answers/answers.toml");
    let table: Table = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    table.answer
}

/// A registry that gives the answer of a row where its step is asked, and right ones else.
struct Scene {
    registry: Registry,
    client: Client,
    row: Row,
    documents: [RawDocument; 2],
    _dir: tempfile::TempDir,
}

impl Scene {
    fn new(row: &Row, rows: &[Row]) -> Self {
        let registry = Registry::start();
        let (dir, auth_files) = if row.case.starts_with("by POST") || row.case == "not by POST" {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("config.json");
            let entry = serde_json::json!({"identitytoken": "1dentity"});
            let text = serde_json::json!({"auths": {registry.host(): entry}});
            std::fs::write(&file, text.to_string()).unwrap();
            (dir, vec![file])
        } else {
            auth_file(&[(&registry.host(), "alice", "s3cret")])
        };
        // whoever is refused for want of a login has none
        let auth_files = match row.case.as_str() {
            "without a login" | "without a token" | "a private one" | "closed" => Vec::new(),
            _ => auth_files,
        };
        let client = client(Network {
            auth_files,
            ..network()
        });
        // the documents as they were recorded: the digests of answers are theirs
        let documents = [
            ("get manifest", MediaType::OCI_MANIFEST),
            ("get list", MediaType::OCI_INDEX),
        ];
        let documents = documents.map(|(step, kind)| {
            let mut rows = rows.iter();
            let row = rows.find(|row| row.step == step && row.case == "there");
            let bytes = Bytes::from(row.unwrap().body.clone());
            RawDocument::hash(bytes, Algorithm::Sha256, MediaType::new(kind))
        });
        Self {
            registry,
            client,
            row: row.clone(),
            documents,
            _dir: dir,
        }
    }

    /// The answer of the row, as of this registry.
    fn answer(&self) -> Fault {
        let host = self.registry.host();
        let here = |text: &str| text.replace("TOKENS", &host).replace("HOST", &host);
        let headers = self.row.headers.iter().map(|header| {
            let (name, value) = header.split_once(": ").unwrap();
            (name.to_owned(), here(value))
        });
        let mut body = here(&self.row.body).into_bytes();
        if self.row.step == "head blob" && self.row.status == 200 {
            body = DATA.to_vec();
        }
        Fault::Answer {
            status: self.row.status,
            headers: headers.collect(),
            body,
        }
    }

    fn always(&self, path: &str) {
        self.registry.fault(path, self.answer());
    }

    fn once(&self, path: &str) {
        self.registry.fault_times(path, 1, self.answer());
    }

    /// Tokens for whoever asks, and uploads that are taken.
    fn rest(&self) {
        let registry = &self.registry;
        let token = Fault::answer(200, "application/json", r#"{"token":"t1/any"}"#);
        registry.fault("/token", token);
        let upload = "/v2/team/app/blobs/uploads/1";
        let begun = Fault::status(202).with_header("Location", upload);
        registry.fault("POST /v2/team/app/blobs/uploads/", begun);
        let part = Fault::status(202).with_header("Range", "0-9");
        registry.fault("PATCH ", part);
        let status = Fault::status(204).with_header("Range", "0-4");
        registry.fault("GET /v2/team/app/blobs/uploads/", status);
        registry.fault("DELETE /v2/team/app/blobs/uploads/", Fault::status(204));
        registry.fault("PUT /v2/team/app/blobs/uploads/", Fault::status(201));
    }

    fn reference(&self) -> String {
        self.registry.reference("team/app:1")
    }

    fn image(&self) -> RegistryReference {
        let text = format!("{}/team/app:1", self.registry.host());
        text.parse().unwrap()
    }

    fn to(&self) -> Arc<dyn Destination> {
        destination(&self.client, &self.reference())
    }

    async fn put_blob(&self) -> Result<String, TransportError> {
        let payload = Arc::new(Bytes::from_static(DATA));
        self.to().put_blob(&data(), payload).await?;
        Ok("stored".to_owned())
    }

    async fn put(&self, raw: &RawDocument, name: Naming<'_>) -> Result<String, TransportError> {
        self.to().put_manifest(raw, name).await?;
        Ok("stored".to_owned())
    }

    /// Does the step, and says in few words how it ended.
    async fn play(&self) -> Result<String, TransportError> {
        let [manifest, index] = &self.documents;
        let reference = self.reference();
        match self.row.step.as_str() {
            "ping" => {
                self.once("/v2/");
                self.rest();
                let credentials = Credentials {
                    user: "alice".to_owned(),
                    secret: Secret::new("s3cret".to_owned()),
                    kind: SecretKind::Password,
                    origin: Origin::Given,
                };
                let host = self.registry.host();
                self.client.check_login(&host, credentials).await?;
                Ok("logged in".to_owned())
            }
            "token" => {
                let bytes = manifest.bytes();
                let (registry, kind) = (&self.registry, MediaType::OCI_MANIFEST);
                registry.put_manifest("team/app", Some("1"), kind, bytes);
                let realm = registry.url("/token");
                let challenge = format!(r#"Bearer realm="{realm}",service="peers""#);
                let asked = Fault::status(401).with_header("Www-Authenticate", &challenge);
                registry.fault_times("/manifests/", 1, asked);
                self.always("/token");
                document(&*source(&self.client, &reference)).await?;
                Ok("read with the token".to_owned())
            }
            "head blob" => {
                self.always("HEAD ");
                let there = self.to().has_blob(&data()).await?;
                Ok(if there { "there" } else { "not there" }.to_owned())
            }
            "mount" => {
                self.always("?mount=");
                self.rest();
                let (to, from) = (self.to(), self.registry.reference("team/base:1"));
                let from = Reference::parse_prefixed(&from).unwrap().unwrap();
                let mount = to.mounting().unwrap();
                let from = mount.can_mount(&from).unwrap();
                // where an upload was opened, it is under another name
                self.registry
                    .fault("PUT /v2/team/other/", Fault::status(201));
                let payload = Arc::new(Bytes::from_static(DATA));
                let mounted = mount.mount(&data(), &from, payload).await?;
                Ok(match mounted {
                    Mounted::Yes => "mounted",
                    Mounted::Written => "sent instead",
                }
                .to_owned())
            }
            "start upload" => {
                self.always("POST ");
                self.rest();
                self.put_blob().await
            }
            "chunk" => {
                let whole = Fault::status(413);
                self.registry
                    .fault_times("PUT /v2/team/app/blobs", 1, whole);
                self.once("PATCH ");
                // what is there after the first five bytes
                self.rest();
                self.put_blob().await
            }
            "upload status" => {
                let cut = Fault::CutRequest(5);
                self.registry.fault_times("PUT /v2/team/app/blobs", 1, cut);
                self.once("GET /v2/team/app/blobs/uploads/");
                self.rest();
                self.put_blob().await
            }
            "cancel" => {
                let refused = Fault::error(403, "DENIED", "no");
                self.registry.fault("PUT /v2/team/app/blobs", refused);
                self.always("DELETE ");
                self.rest();
                self.put_blob().await
            }
            "finish" => {
                self.always("PUT ");
                self.rest();
                self.put_blob().await
            }
            "get blob" => {
                self.always("/blobs/");
                let read = source(&self.client, &reference);
                let read = read_blob(&*read, &data(), 1 << 20).await?;
                assert_eq!(read.bytes(), DATA);
                Ok("read".to_owned())
            }
            "put manifest" => {
                self.always("PUT ");
                self.rest();
                self.put(manifest, Naming::Own).await
            }
            "put list" => {
                self.always("PUT ");
                self.rest();
                self.put(index, Naming::Own).await
            }
            "get manifest" if self.row.case == "unknown digest" => {
                self.always("/manifests/");
                let name = format!("team/app@{NOTHING}");
                let read = source(&self.client, &self.registry.reference(&name));
                document(&*read).await.map(|raw| raw.digest().to_string())
            }
            "get manifest" | "get list" => {
                self.always("/manifests/");
                self.rest();
                let raw = document(&*source(&self.client, &reference)).await?;
                let broken = Document::read(raw).problem().is_some();
                Ok(if broken { "read, and broken" } else { "read" }.to_owned())
            }
            "tags" => {
                self.once("/tags/list");
                let rest = r#"{"name":"team/app","tags":["2"]}"#;
                let rest = Fault::answer(200, "application/json", rest);
                self.registry.fault("/tags/list", rest);
                let found = tags(&self.client, &self.image()).await?;
                listed("tags", found)
            }
            "catalogue" if self.row.status == 200 => {
                self.once("/v2/_catalog");
                let rest = r#"{"repositories":["other"]}"#;
                let rest = Fault::answer(200, "application/json", rest);
                self.registry.fault("/v2/_catalog", rest);
                let found = catalog(&self.client, &self.image()).await?;
                listed("repositories", found)
            }
            "catalogue" => {
                self.always("/v2/_catalog");
                self.rest();
                let found = catalog(&self.client, &self.image()).await?;
                listed("repositories", found)
            }
            "delete tag" => {
                let (registry, bytes) = (&self.registry, index.bytes());
                registry.put_manifest("team/app", Some("all"), MediaType::OCI_INDEX, bytes);
                self.always("DELETE /v2/team/app/manifests/all");
                let place = RegistryDestination::new(self.client.clone(), self.image());
                place.delete_tag("all").await?;
                let asked = registry.lines().len();
                Ok(if asked > 1 {
                    "gone with its manifest"
                } else {
                    "gone"
                }
                .to_owned())
            }
            "delete manifest" => {
                self.always("DELETE ");
                let place = RegistryDestination::new(self.client.clone(), self.image());
                place.delete_manifest(manifest.digest()).await?;
                Ok("gone".to_owned())
            }
            "referrers" => {
                self.always("/referrers/");
                let empty = r#"{"name":"team/app","tags":[]}"#;
                let empty = Fault::answer(200, "application/json", empty);
                self.registry.fault("/tags/list", empty);
                let read = source(&self.client, &reference);
                let listing = read.referrer_listing().unwrap();
                let listing = listing.referrers(manifest.digest()).await;
                let mut asked = listing.asked.into_iter();
                let api = asked.find(|asked| asked.way == Way::Api).unwrap();
                match api.answer {
                    Answer::Named(count) => Ok(format!("{count} by the API")),
                    Answer::NotSupported => Ok("no API: the fallback tag".to_owned()),
                    Answer::NotRead(error) => Err(error),
                }
            }
            other => panic!("{other:?} is no step"),
        }
    }
}

fn data() -> Descriptor {
    Descriptor::new(
        MediaType::OCI_LAYER,
        Digest::sha256(DATA),
        DATA.len() as u64,
    )
}

#[tokio::test]
async fn every_step_and_failure_is_told_as_the_table_says() {
    let rows = table();
    let mut differ = Vec::new();
    for row in &rows {
        let scene = Scene::new(row, &rows);
        let ended = scene.play().await;
        let host = scene.registry.host();
        let neutral = |text: &str| text.replace(&host, "HOST");
        let (says, tries) = match ended {
            Ok(said) => (said, String::new()),
            Err(error) => (neutral(&error.to_string()), neutral(&error.hint())),
        };
        if (&says, &tries) != (&row.says, &row.tries) {
            let Row {
                step, case, server, ..
            } = row;
            differ.push(format!("{step} / {case} / {server}\n{says}\n{tries}"));
        }
        // a secret is told nowhere, whatever comes
        assert!(!says.contains("s3cret") && !says.contains("1dentity"));
    }
    if let Some(file) = std::env::var_os("PORTHOLE_TABLE_OUT") {
        std::fs::write(file, differ.join("\n")).unwrap();
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

#[test]
fn the_table_has_every_step_with_success_and_failures_of_real_servers() {
    let rows = table();
    for step in STEPS.into_iter().chain(["referrers"]) {
        let of = rows.iter().filter(|row| row.step == step);
        let statuses: BTreeSet<_> = of.clone().map(|row| row.status).collect();
        assert!(
            statuses.iter().any(|status| *status < 300),
            "{step} has no success"
        );
        if step != "cancel" && step != "get list" {
            assert!(
                statuses.iter().any(|status| *status >= 400),
                "{step} has no failure"
            );
        }
        let servers: BTreeSet<_> = of.map(|row| row.server.as_str()).collect();
        assert!(
            servers
                .iter()
                .any(|server| server.starts_with("docker-registry")
                    || *server == "tests/peers/token-server"),
            "{step} was not asked of a real server"
        );
    }
    for row in &rows {
        assert!(!row.says.is_empty(), "{} / {}", row.step, row.case);
    }
}
