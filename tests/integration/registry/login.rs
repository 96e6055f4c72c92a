//! Logging in and out, mirrors, and what is said where a tag or a right is missing.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use porthole::config::{Network, RegistriesFiles};
use porthole::transport::Problem;

use super::{BUSYBOX, client, document, network, resolve, source};
use crate::support::registry::{Access, Registry};

const BASIC: Access = Access::Basic {
    user: "alice",
    password: "s3cret",
};

fn porthole(file: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("REGISTRY_AUTH_FILE", file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // one that has refused already reads nothing
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn a_login_that_cannot_be_checked_changes_nothing() {
    let registry = Registry::with_access(BASIC);
    registry.put_layout("team/busybox", BUSYBOX);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("auth.json");
    let before = r#"{"auths": {"other.io": {"auth": "eDp5"}}, "unknown": [1]}"#;
    std::fs::write(&file, before).unwrap();
    let host = registry.host();
    let login = ["login", &host, "--username", "alice", "--password-stdin"];

    // this registry does not answer a ping as registries do: nothing is kept
    let wrong = porthole(&file, &login, "wr0ng\n");
    assert!(!wrong.status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let said = [wrong.stdout, wrong.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("wr0ng"));
}

#[tokio::test]
async fn mirrors_come_first_and_the_registry_stands_in() {
    let (mirror, own) = (Registry::start(), Registry::start());
    mirror.put_layout("hub/busybox", BUSYBOX);
    own.put_layout("busybox", BUSYBOX);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("registries.conf");
    let text = format!(
        "[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}/hub\"\n",
        own.host(),
        mirror.host()
    );
    std::fs::write(&file, text).unwrap();
    let network = || Network {
        registries: RegistriesFiles {
            main: vec![file.clone()],
            ..RegistriesFiles::default()
        },
        ..network()
    };
    let read = source(&client(network()), &own.reference("busybox:1.37.0"));
    document(&*read).await.unwrap();
    let connection = read.connection().unwrap();
    assert_eq!(connection.host, mirror.host());
    assert_eq!(connection.mirror_of, Some(own.host()));
    assert!(own.requests().is_empty());

    // what the mirror does not have comes from the registry; what neither has is told of both
    own.put_layout("other", BUSYBOX);
    resolve(network(), &own.reference("other:1.37.0"))
        .await
        .unwrap();
    let error = resolve(network(), &own.reference("gone:1"))
        .await
        .unwrap_err();
    assert_eq!(error.problem, Problem::NotFound);
    let more = error.more.unwrap();
    assert!(more.details[0].contains(&mirror.host()), "{more:?}");
}

#[tokio::test]
async fn tags_that_are_close_to_a_missing_one_are_named() {
    let registry = Registry::start();
    registry.put_layout("busybox", BUSYBOX);
    let error = resolve(network(), &registry.reference("busybox:1.37.1"))
        .await
        .unwrap_err();
    assert!(error.hint().contains("1.37.0"), "{}", error.hint());
    let error = resolve(network(), &registry.reference("busybox:latest"))
        .await
        .unwrap_err();
    let failure = porthole::engine::Failure::from(error);
    let missing = failure.missing_tag.as_ref().unwrap();
    assert!(!missing.others.tags().is_empty(), "{failure:?}");
    let expected = registry.reference("busybox:latest");
    let opened = format!("docker://{}:{}", missing.repository, missing.tag);
    assert_eq!(opened, expected, "a link to one of them is made so");
}
