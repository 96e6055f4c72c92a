//! What `registries.conf` says: mirrors, other locations, blocked and insecure registries,
//! short names.

use std::path::PathBuf;
use std::process::{Command, Output};

use porthole::config::{Network, RegistriesFiles};
use porthole::model::RegistryReference;
use porthole::transport::registry::{catalog, tags};
use porthole::transport::{Problem, Security, locate_through};

use super::uploads::{blob, bytes, destination};
use super::{BUSYBOX, auth_file, client, document, network, problem, resolve, source};
use crate::support::registry::{Access, Certificate, Fault, Registry};

/// What a machine is told by `text`.
struct Told {
    dir: tempfile::TempDir,
}

impl Told {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("registries.conf"), text).unwrap();
        Self { dir }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("registries.conf")
    }

    fn network(&self) -> Network {
        Network {
            registries: RegistriesFiles {
                main: vec![self.file()],
                ..RegistriesFiles::default()
            },
            ..network()
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(arguments)
            .env("HOME", self.dir.path())
            .env("XDG_CACHE_HOME", self.dir.path())
            .env("CONTAINERS_REGISTRIES_CONF", self.file())
            .output()
            .unwrap()
    }
}

fn registry() -> Registry {
    let registry = Registry::start();
    registry.put_layout("team/busybox", BUSYBOX);
    registry
}

fn said(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn what_is_blocked_is_not_asked_whatever_is_wanted_of_it() {
    let registry = registry();
    let host = registry.host();
    let told = Told::new(&format!(
        "[[registry]]\nlocation = \"{host}\"\nblocked = true\n"
    ));
    let client = client(told.network());
    let reference = registry.reference("team/busybox:1.37.0");
    let image: RegistryReference = format!("{host}/team/busybox:1.37.0").parse().unwrap();
    let read = resolve(told.network(), &reference).await.unwrap_err();
    let bytes = bytes(3);
    let to = destination(&client, &reference);
    let payload = std::sync::Arc::new(bytes.clone());
    let written = to.put_blob(&blob(&bytes), payload).await.unwrap_err();
    let listed = tags(&client, &image).await.unwrap_err();
    let catalogued = catalog(&client, &image).await.unwrap_err();
    for error in [read, written, listed, catalogued] {
        match &error.problem {
            Problem::Blocked { prefix, file } => {
                assert_eq!(*prefix, host);
                assert_eq!(*file, told.file().display().to_string());
            }
            other => panic!("{other:?}"),
        }
        assert!(error.hint().contains("blocked = true"), "{}", error.hint());
    }
    assert!(registry.requests().is_empty());
    let shown = told.run(&["inspect", &reference]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(said(&shown).contains("is blocked by"), "{}", said(&shown));
}

#[tokio::test]
async fn only_a_part_of_a_registry_may_be_blocked() {
    let registry = registry();
    registry.put_layout("other", BUSYBOX);
    let told = Told::new(&format!(
        "[[registry]]\nlocation = \"{}/team\"\nblocked = true\n",
        registry.host()
    ));
    resolve(told.network(), &registry.reference("other:1.37.0"))
        .await
        .unwrap();
    let found = problem(told.network(), &registry.reference("team/busybox:1.37.0")).await;
    assert!(matches!(found, Problem::Blocked { .. }), "{found:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_blocks_everything() {
    let registry = registry();
    let told = Told::new("[[registry]\n");
    let reference = registry.reference("team/busybox:1.37.0");
    match problem(told.network(), &reference).await {
        Problem::Settings { path, why } => {
            assert!(path.ends_with("registries.conf"), "{path}");
            assert!(why.contains("line 1"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn mirrors_are_asked_in_their_order_and_by_what_they_serve() {
    let (digests, second, own) = (registry(), registry(), registry());
    let told = Told::new(&format!(
        "[[registry]]\nlocation = \"{}\"\n\
         [[registry.mirror]]\nlocation = \"{}\"\npull-from-mirror = \"digest-only\"\n\
         [[registry.mirror]]\nlocation = \"{}\"\n",
        own.host(),
        digests.host(),
        second.host()
    ));
    let client = client(told.network());
    let read = source(&client, &own.reference("team/busybox:1.37.0"));
    let raw = document(&*read).await.unwrap();
    assert!(digests.requests().is_empty());
    assert_eq!(second.requests().len(), 1);
    let by_digest = own.reference(&format!("team/busybox@{}", raw.digest()));
    let by_digest = source(&client, &by_digest);
    document(&*by_digest).await.unwrap();
    assert_eq!(digests.requests().len(), 1);
    let connection = by_digest.connection().unwrap();
    assert_eq!(connection.mirror_of, Some(own.host()));
    assert!(own.requests().is_empty());
}

#[tokio::test]
async fn a_mirror_that_fails_or_lies_is_passed_over() {
    for fault in [
        Fault::status(500),
        Fault::status(404),
        Fault::status(403),
        Fault::status(401),
        Fault::answer(200, "text/html", "<html>sign in</html>"),
        Fault::CutAfter(10),
    ] {
        let (mirror, own) = (registry(), registry());
        mirror.fault("/manifests/", fault.clone());
        let told = Told::new(&format!(
            "[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}\"\n",
            own.host(),
            mirror.host()
        ));
        let read = source(
            &client(told.network()),
            &own.reference("team/busybox:1.37.0"),
        );
        document(&*read)
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(read.connection().unwrap().host, own.host());
        assert_eq!(read.connection().unwrap().mirror_of, None);
    }
}

#[tokio::test]
async fn a_registrys_password_does_not_go_to_its_mirror() {
    let access = || Access::Basic {
        user: "alice",
        password: "s3cret",
    };
    let (mirror, own) = (
        Registry::with_access(access()),
        Registry::with_access(access()),
    );
    own.put_layout("team/busybox", BUSYBOX);
    mirror.put_layout("team/busybox", BUSYBOX);
    let told = Told::new(&format!(
        "[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}\"\n",
        own.host(),
        mirror.host()
    ));
    let (_dir, auth_files) = auth_file(&[(&own.host(), "alice", "s3cret")]);
    let network = Network {
        auth_files,
        ..told.network()
    };
    let read = source(&client(network), &own.reference("team/busybox:1.37.0"));
    document(&*read).await.unwrap();
    assert!(!mirror.requests().is_empty());
    for request in mirror.requests() {
        assert_eq!(request.header("authorization"), None);
    }
    assert_eq!(read.connection().unwrap().user.as_deref(), Some("alice"));
}

#[tokio::test]
async fn another_location_is_read_listed_and_written() {
    let real = registry();
    let told = Told::new(&format!(
        "[[registry]]\nprefix = \"registry.example.com/apps\"\nlocation = \"{}/team\"\n",
        real.host()
    ));
    let client = client(told.network());
    let reference = "docker://registry.example.com/apps/busybox:1.37.0";
    let read = source(&client, reference);
    let raw = document(&*read).await.unwrap();
    // what refers to it is asked for where it is
    let listing = read.referrer_listing().unwrap();
    let listing = listing.referrers(raw.digest()).await;
    assert!(!format!("{listing:?}").contains("NotRead"), "{listing:?}");
    let image: RegistryReference = "registry.example.com/apps/busybox".parse().unwrap();
    let listed = tags(&client, &image).await.unwrap().names;
    assert!(listed.contains(&"1.37.0".to_owned()), "{listed:?}");
    assert_eq!(
        catalog(&client, &image).await.unwrap().names,
        ["team/busybox"]
    );
    let missing = resolve(
        told.network(),
        "docker://registry.example.com/apps/busybox:1.37.1",
    );
    let hint = missing.await.unwrap_err().hint();
    assert!(hint.contains("1.37.0"), "{hint}");
    let bytes = bytes(300);
    let to = destination(&client, reference);
    let payload = std::sync::Arc::new(bytes.clone());
    to.put_blob(&blob(&bytes), payload).await.unwrap();
    assert_eq!(to.reference().to_string(), reference);
    let held = real.held("team/busybox", &blob(&bytes).digest.to_string());
    assert_eq!(held.unwrap(), bytes);
}

#[tokio::test]
async fn an_insecure_registry_is_asked_by_https_without_looking_and_then_by_http() {
    let tls = Registry::with_tls(Certificate::Expired);
    tls.put_layout("team/busybox", BUSYBOX);
    let plain = registry();
    for (registry, security) in [
        (&tls, Security::HttpsUnverified),
        (&plain, Security::HttpLoopback),
    ] {
        let told = Told::new(&format!(
            "[[registry]]\nlocation = \"{}\"\ninsecure = true\n",
            registry.host()
        ));
        let read = source(
            &client(told.network()),
            &registry.reference("team/busybox:1.37.0"),
        );
        document(&*read).await.unwrap();
        assert_eq!(read.connection().unwrap().security, security);
    }
}

#[test]
fn short_names_mean_what_the_file_says() {
    let told = Told::new(
        "[aliases]\n\"tool\" = \"registry.example.com/team/tool\"\n\"ubi8/ubi\" = \"registry.example.com/ubi8\"\n\
         \"broken\" = \"not a name\"\n",
    );
    let client = client(told.network());
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (text, expected) in [
        ("tool", "registry.example.com/team/tool"),
        ("tool:1", "registry.example.com/team/tool:1"),
        (
            &*format!("ubi8/ubi:8@{digest}"),
            &*format!("registry.example.com/ubi8:8@{digest}"),
        ),
        ("podman pull tool:1", "registry.example.com/team/tool:1"),
        ("other", "docker.io/library/other"),
        // a name with a host is none, and a prefix says Docker's rules
        ("quay.io/tool", "quay.io/tool"),
        ("docker://tool", "docker.io/library/tool"),
    ] {
        let located = locate_through(&client, text).unwrap();
        let found = located.reference.to_string();
        let found = found.strip_prefix("docker://").unwrap_or(&found);
        assert_eq!(found.trim_end_matches(":latest"), expected, "{text}");
    }
    assert!(locate_through(&client, "broken").is_err());
}

#[test]
fn a_short_name_is_opened_and_listed_where_it_points() {
    let registry = registry();
    let told = Told::new(&format!(
        "[aliases]\ntool = \"{}/team/busybox\"\n",
        registry.host()
    ));
    let shown = told.run(&["inspect", "tool:1.37.0", "--json"]);
    assert!(shown.status.success(), "{}", said(&shown));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(
        shown["reference"],
        registry.reference("team/busybox:1.37.0")
    );
    let listed = told.run(&["tags", "tool"]);
    assert!(
        said(&listed).lines().any(|tag| tag == "1.37.0"),
        "{}",
        said(&listed)
    );
}

#[test]
fn a_mirror_is_told() {
    let (mirror, own) = (registry(), registry());
    let told = Told::new(&format!(
        "[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}\"\n",
        own.host(),
        mirror.host()
    ));
    let reference = own.reference("team/busybox:1.37.0");
    let shown = told.run(&["inspect", &reference, "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(
        json["connection"],
        serde_json::json!({
            "host": mirror.host(), "security": "http-loopback", "mirrorOf": own.host(),
        })
    );
    let shown = told.run(&["inspect", &reference]);
    let expected = format!("{}, for {}", mirror.host(), own.host());
    assert!(said(&shown).contains(&expected), "{}", said(&shown));
}
