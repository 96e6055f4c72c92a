//! A transparency log: Rekor, versions 1 and 2.

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use porthole::model::Digest;
use serde_json::{Value, json};

use super::der::{Key, sha256};
use super::web::{Answer, Question};
use super::{Fault, JSON};

pub struct Rekor {
    pub key: Key,
    /// Hashes of the entries.
    leaves: Mutex<Vec<Vec<u8>>>,
    /// What version 1 answered about each entry, by what it is called.
    answers: Mutex<HashMap<String, Value>>,
    name: &'static str,
    /// What the log calls itself in its notes: version 1 adds the number of the tree.
    origin: String,
}

impl Rekor {
    pub fn new(name: &'static str, tree: &str) -> Self {
        Self {
            origin: format!("{name}{tree}"),
            key: Key::new(),
            leaves: Mutex::default(),
            answers: Mutex::default(),
            name,
        }
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.leaves.lock().unwrap().len()
    }

    pub fn answer(&self, question: &Question, fault: Fault) -> Answer {
        match fault {
            Fault::SilentLog => return None,
            Fault::LogRefuses => {
                let body = json!({"code": 400, "message": "this log is frozen"}).to_string();
                return Some((400, JSON, body.into_bytes()));
            }
            _ => {}
        }
        if let Some(id) = question.path.strip_prefix("/api/v1/log/entries/") {
            let answers = self.answers.lock().unwrap();
            let answer = answers.get(id).unwrap().to_string();
            return Some((200, JSON, answer.into_bytes()));
        }
        let mut asked: Value = serde_json::from_slice(&question.body).unwrap();
        if fault == Fault::OtherEntry {
            other_signature(&mut asked);
        }
        match question.path.as_str() {
            "/api/v1/log/entries" => {
                let body = first_body(&asked).to_string().into_bytes();
                let leaf: String = sha256(&body).iter().map(|b| format!("{b:02x}")).collect();
                let id = format!("24296fb24b8ad77a{leaf}");
                if self.answers.lock().unwrap().contains_key(&id) {
                    let place = format!("/api/v1/log/entries/{id}");
                    return Some((409, JSON, place.into_bytes()));
                }
                let entry = self.first_version(&body, fault);
                let answer = json!({id.clone(): entry});
                let bytes = answer.to_string().into_bytes();
                self.answers.lock().unwrap().insert(id, answer);
                Some((201, JSON, bytes))
            }
            "/api/v2/log/entries" => {
                let answer = self.second_version(&asked).to_string();
                Some((201, JSON, answer.into_bytes()))
            }
            _ => Some((404, JSON, b"{}".to_vec())),
        }
    }

    fn first_version(&self, body: &[u8], fault: Fault) -> Value {
        let (index, root, path) = self.add(body);
        let log: String = self.key.id().iter().map(|b| format!("{b:02x}")).collect();
        let time = match fault {
            Fault::LogInFuture => Timestamp::now().as_second() + 86_400,
            _ => Timestamp::now().as_second(),
        };
        let body = BASE64_STANDARD.encode(body);
        let signed = json!({
            "body": body, "integratedTime": time, "logID": log, "logIndex": index,
        });
        let promise = self.key.sign(signed.to_string().as_bytes());
        let promise = match fault {
            Fault::ForgedPromise => Key::new().sign(b"something else"),
            _ => promise,
        };
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        json!({
            "body": body, "integratedTime": time, "logID": log, "logIndex": index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": self.checkpoint(index + 1, &root),
                    "hashes": path.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
                    "logIndex": index, "rootHash": hex(&root), "treeSize": index + 1,
                },
                "signedEntryTimestamp": BASE64_STANDARD.encode(promise),
            },
        })
    }

    fn second_version(&self, asked: &Value) -> Value {
        let asked = &asked["hashedRekordRequestV002"];
        let signature = &asked["signature"];
        let verifier = &signature["verifier"];
        let mut by = json!({"keyDetails": verifier["keyDetails"]});
        for kind in ["publicKey", "x509Certificate"] {
            if let Some(raw) = verifier.get(kind) {
                by[kind] = json!({"rawBytes": raw["rawBytes"]});
            }
        }
        let body = json!({
            "apiVersion": "0.0.2", "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": asked["digest"]},
                "signature": {"content": signature["content"], "verifier": by},
            }},
        });
        let body = body.to_string().into_bytes();
        let (index, root, path) = self.add(&body);
        let hashes: Vec<_> = path
            .iter()
            .map(|hash| BASE64_STANDARD.encode(hash))
            .collect();
        json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": BASE64_STANDARD.encode(self.key.id())},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "integratedTime": "0",
            "inclusionProof": {
                "logIndex": index.to_string(), "rootHash": BASE64_STANDARD.encode(&root),
                "treeSize": (index + 1).to_string(), "hashes": hashes,
                "checkpoint": {"envelope": self.checkpoint(index + 1, &root)},
            },
            "canonicalizedBody": BASE64_STANDARD.encode(body),
        })
    }

    /// Adds an entry. Gives its index, the new root, and the way to it.
    fn add(&self, body: &[u8]) -> (usize, Vec<u8>, Vec<Vec<u8>>) {
        let mut leaves = self.leaves.lock().unwrap();
        leaves.push(sha256(&[&[0], body].concat()));
        let index = leaves.len() - 1;
        (index, root(&leaves), path(index, &leaves))
    }

    /// A signed note (c2sp.org/signed-note) about the tree.
    fn checkpoint(&self, size: usize, root: &[u8]) -> String {
        let name = self.name;
        let origin = &self.origin;
        let text = format!("{origin}\n{size}\n{}\n", BASE64_STANDARD.encode(root));
        let mut signature = self.key.id()[..4].to_vec();
        signature.extend(self.key.sign(text.as_bytes()));
        format!(
            "{text}\n\u{2014} {name} {}\n",
            BASE64_STANDARD.encode(signature)
        )
    }
}

/// What version 1 keeps of what it is sent.
fn first_body(asked: &Value) -> Value {
    match asked["kind"].as_str().unwrap() {
        "hashedrekord" => json!({
            "apiVersion": "0.0.1", "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {
                    "algorithm": asked["spec"]["data"]["hash"]["algorithm"],
                    "value": asked["spec"]["data"]["hash"]["value"],
                }},
                "signature": {
                    "content": asked["spec"]["signature"]["content"],
                    "publicKey": {"content": asked["spec"]["signature"]["publicKey"]["content"]},
                },
            },
        }),
        "dsse" => {
            let proposed = &asked["spec"]["proposedContent"];
            let text = proposed["envelope"].as_str().unwrap();
            let envelope: Value = serde_json::from_str(text).unwrap();
            let payload = BASE64_STANDARD
                .decode(envelope["payload"].as_str().unwrap())
                .unwrap();
            json!({
                "apiVersion": "0.0.1", "kind": "dsse",
                "spec": {
                    "envelopeHash": {
                        "algorithm": "sha256",
                        "value": Digest::sha256(text.as_bytes()).hex(),
                    },
                    "payloadHash": {
                        "algorithm": "sha256",
                        "value": Digest::sha256(&payload).hex(),
                    },
                    "signatures": [{
                        "signature": envelope["signatures"][0]["sig"],
                        "verifier": proposed["verifiers"][0],
                    }],
                },
            })
        }
        other => panic!("{other}"),
    }
}

/// The root of a tree (RFC 6962, section 2.1).
fn root(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(half(many.len()));
            sha256(&[&[1], root(left).as_slice(), &root(right)].concat())
        }
    }
}

fn path(index: usize, leaves: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let half = half(leaves.len());
    let (left, right) = leaves.split_at(half);
    let (mut way, other) = if index < half {
        (path(index, left), root(right))
    } else {
        (path(index - half, right), root(left))
    };
    way.push(other);
    way
}

/// The largest power of two below.
fn half(length: usize) -> usize {
    length.next_power_of_two() / 2
}

/// Another signature in place of the one that was sent.
fn other_signature(asked: &mut Value) {
    let other = BASE64_STANDARD.encode(Key::new().sign(b"something else"));
    if let Some(proposed) = asked.pointer_mut("/spec/proposedContent/envelope") {
        let mut envelope: Value = serde_json::from_str(proposed.as_str().unwrap()).unwrap();
        envelope["signatures"][0]["sig"] = other.into();
        *proposed = envelope.to_string().into();
    } else {
        asked["spec"]["signature"]["content"] = other.into();
    }
}
