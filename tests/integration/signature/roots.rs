//! Trust roots: renewed from a TUF repository, or by file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use porthole::model::Digest;
use serde_json::{Value, json};

use super::cli::{fixture, verify_at};

/// A web server on this machine that counts who connects.
pub(super) struct Web {
    pub(super) address: String,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    connections: Arc<AtomicUsize>,
    /// It asks to be left alone for a second.
    pub(super) busy: Arc<AtomicBool>,
}

impl Web {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let web = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            files: Arc::default(),
            connections: Arc::default(),
            busy: Arc::default(),
        };
        let (files, connections) = (Arc::clone(&web.files), Arc::clone(&web.connections));
        let busy = Arc::clone(&web.busy);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                connections.fetch_add(1, Ordering::SeqCst);
                let files = Arc::clone(&files);
                let busy = busy.load(Ordering::SeqCst);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut first = String::new();
                    let _ = reader.read_line(&mut first);
                    let mut line = String::new();
                    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                        line.clear();
                    }
                    let path = first.split(' ').nth(1).unwrap_or_default();
                    let body = files.lock().unwrap().get(path).cloned();
                    let (status, body) = match body {
                        _ if busy => ("503 Busy\r\nRetry-After: 1", Vec::new()),
                        Some(body) => ("200 OK", body),
                        None => ("404 Not Found", Vec::new()),
                    };
                    let head = format!(
                        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all(head.as_bytes());
                    let _ = stream.write_all(&body);
                });
            }
        });
        web
    }

    pub(super) fn put(&self, path: &str, bytes: Vec<u8>) {
        self.files.lock().unwrap().insert(path.to_owned(), bytes);
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn canonical(value: &Value) -> Vec<u8> {
    sigstore_tuf::canonical_json::to_canonical_bytes(value).unwrap()
}

/// A TUF repository with one key for all roles.
pub(super) struct Repository {
    pub(super) pair: Ed25519KeyPair,
}

impl Repository {
    fn key(&self) -> (String, Value) {
        let public: String = self
            .pair
            .public_key()
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let key = json!({"keytype": "ed25519", "keyval": {"public": public}, "scheme": "ed25519"});
        (
            Digest::sha256(key.to_string().as_bytes()).hex().to_owned(),
            key,
        )
    }

    fn signed(&self, signed: &Value) -> Vec<u8> {
        let signature: String = self
            .pair
            .sign(&canonical(signed))
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let whole =
            json!({"signatures": [{"keyid": self.key().0, "sig": signature}], "signed": signed});
        whole.to_string().into_bytes()
    }

    pub(super) fn root(&self) -> Vec<u8> {
        let (id, key) = self.key();
        let role = json!({"keyids": [id], "threshold": 1});
        self.signed(&json!({
            "_type": "root", "spec_version": "1.0", "version": 1,
            "expires": "2099-01-01T00:00:00Z", "consistent_snapshot": false,
            "keys": {id: key},
            "roles": {"root": role, "timestamp": role, "snapshot": role, "targets": role},
        }))
    }

    /// Puts the metadata and the target `trusted_root.json` there.
    pub(super) fn publish(&self, web: &Web, target: &[u8], version: u64, expires: &str) {
        let meta = |kind: &str, more: Value| {
            let mut all = json!({"_type": kind, "spec_version": "1.0", "version": version, "expires": expires});
            let (Value::Object(all_map), Value::Object(more)) = (&mut all, more) else {
                panic!("objects");
            };
            all_map.extend(more);
            self.signed(&all)
        };
        let targets = json!({"targets": {"trusted_root.json": {
            "length": target.len(), "hashes": {"sha256": Digest::sha256(target).hex()},
        }}});
        let listed = |name: &str| {
            let mut files = serde_json::Map::new();
            files.insert(name.to_owned(), json!({"version": version}));
            json!({"meta": files})
        };
        web.put("/targets.json", meta("targets", targets));
        web.put("/snapshot.json", meta("snapshot", listed("targets.json")));
        web.put(
            "/timestamp.json",
            meta("timestamp", listed("snapshot.json")),
        );
        web.put("/targets/trusted_root.json", target.to_vec());
    }
}

/// An image that was signed with a certificate of Sigstore's public instance.
pub(super) fn keyless() -> String {
    let folder = "containers-image/dir-img-cosign-fulcio-rekor-valid";
    format!("dir:{}", fixture(folder))
}

/// That image, judged by who signed it.
fn judge(home: &Path, more: &[&str]) -> Output {
    let image = keyless();
    let arguments = [
        &image,
        "--identity",
        "mitr@redhat.com",
        "--issuer",
        "https://github.com/login/oauth",
        "--json",
    ];
    verify_at(home, &[arguments.as_slice(), more].concat())
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn a_private_root_comes_from_a_tuf_repository_is_kept_and_renewed() {
    let web = Web::start();
    let repository = Repository {
        pair: Ed25519KeyPair::generate().unwrap(),
    };
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("root.json");
    fs::write(&root, repository.root()).unwrap();
    // a root that does not know the authorities of the signature
    let target = fs::read(fixture("keys/trusted_root.json")).unwrap();
    repository.publish(&web, &target, 1, "2098-01-01T00:00:00Z");
    let by_tuf = [
        "--trust-root",
        &web.address,
        "--tuf-root",
        root.to_str().unwrap(),
    ];
    // the root that comes with the program does
    let offline = judge(home.path(), &["--offline"]);
    assert_eq!(offline.status.code(), Some(0), "{offline:?}");
    // nothing was kept yet
    let none = judge(home.path(), &[by_tuf.as_slice(), &["--offline"]].concat());
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    assert_eq!(web.connections(), 0);

    let output = judge(home.path(), &by_tuf);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(web.connections() > 0);
    let target = fs::read(fixture("bundles/trusted_root_pgi.json")).unwrap();
    repository.publish(&web, &target, 2, "2098-01-01T00:00:00Z");
    // a day later it is asked again
    for file in files_in(home.path()) {
        if file.ends_with("timestamp.json") {
            let old = SystemTime::now() - Duration::from_secs(3 * 24 * 60 * 60);
            let file = fs::File::options().write(true).open(file).unwrap();
            file.set_modified(old).unwrap();
        }
    }
    let output = judge(home.path(), &by_tuf);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let roots = &report(&output)["trustRoots"];
    let source = roots[0]["source"].as_str().unwrap();
    assert!(
        source.contains(&web.address) && source.contains("2098-01-01"),
        "{source}"
    );
    let names = roots[0]["names"].as_array().unwrap();
    assert!(
        names
            .iter()
            .any(|name| name.as_str().unwrap().contains("transparency log")),
        "{names:?}"
    );
    // it was kept, and a day is not over
    let asked = web.connections();
    for more in [&by_tuf[..], &[by_tuf.as_slice(), &["--offline"]].concat()] {
        let output = judge(home.path(), more);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    assert_eq!(web.connections(), asked);
    // what was kept is not believed when somebody changed it
    for file in files_in(home.path()) {
        if file
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains("trusted_root"))
        {
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.replacen("https", "httpx", 1)).unwrap();
        }
    }
    let output = judge(home.path(), &[by_tuf.as_slice(), &["--offline"]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_tuf_repository_of_somebody_else_or_of_yesterday_is_not_believed() {
    let target = fs::read(fixture("bundles/trusted_root_pgi.json")).unwrap();
    let new = || Repository {
        pair: Ed25519KeyPair::generate().unwrap(),
    };
    let (mine, other) = (new(), new());
    for (signer, expires, changed, why) in [
        (&other, "2098-01-01T00:00:00Z", false, "signature"),
        (&mine, "2020-01-01T00:00:00Z", false, "expired"),
        (&mine, "2098-01-01T00:00:00Z", true, "renewed"),
    ] {
        let web = Web::start();
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root.json");
        fs::write(&root, mine.root()).unwrap();
        signer.publish(&web, &target, 1, expires);
        if changed {
            let mut target = target.clone();
            target.push(b' ');
            web.put("/targets/trusted_root.json", target);
        }
        let output = judge(
            home.path(),
            &[
                "--trust-root",
                &web.address,
                "--tuf-root",
                root.to_str().unwrap(),
            ],
        );
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert!(
            said.contains("could not be renewed") && said.contains(why),
            "{why}: {said}"
        );
    }
}

#[test]
fn an_address_needs_a_root_that_trust_begins_with() {
    let home = tempfile::tempdir().unwrap();
    let output = judge(home.path(), &["--trust-root", "https://tuf.example.com"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tuf-root"));
}

#[test]
fn a_private_root_by_file_in_the_policy_judges() {
    let home = tempfile::tempdir().unwrap();
    let policy = home.path().join("trust.toml");
    let text = format!(
        "version = 1\n[trust_root]\nfile = {:?}\n[[rule]]\nscope = \"*\"\nsigners = [\"ci\"]\n[[signer]]\nname = \"ci\"\nidentity_regexp = \"m.*@redhat.com\"\nissuer = \"https://github.com/login/oauth\"\n",
        fixture("bundles/trusted_root_pgi.json")
    );
    fs::write(&policy, &text).unwrap();
    let image = keyless();
    let judge = || verify_at(home.path(), &[&image, "--policy", policy.to_str().unwrap()]);
    assert_eq!(judge().status.code(), Some(0), "{:?}", judge());
    fs::write(
        &policy,
        text.replace("[trust_root]\nfile", "[trust_root]\ntuf"),
    )
    .unwrap();
    assert_eq!(judge().status.code(), Some(1), "{:?}", judge());
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_in(&path));
        } else {
            found.push(path);
        }
    }
    found
}
