//! What listens and is no engine, engines that fail, and names that are none.

use std::time::{Duration, Instant};

use porthole::config::{Engines, Network};
use porthole::transport::Problem;
use porthole::transport::daemon::list_images;
use serde_json::json;

use super::{problem, resolve, runtime, source};
use crate::support::engine::{Answer, FakeEngine, network, ping};

const ID: &str = "sha256:d64019a86411e4527cdea702de9f08a8f2a869bbe5f8b69db733f7c8536d375b";

fn at(address: &str) -> Network {
    network(Engines {
        docker_host: Some(address.to_owned()),
        ..Engines::default()
    })
}

#[test]
fn a_socket_that_is_no_engine_is_told_from_one() {
    for (answer, words) in [
        (
            Answer::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            "does not answer as a web server does",
        ),
        (
            Answer::Raw(Vec::new()),
            "does not answer as a web server does",
        ),
        (
            Answer::Raw(vec![0x15, 3, 1, 0, 2, 2, 70]),
            "does not answer as a web server does",
        ),
        (Answer::Json(404, json!({})), "it answered 404 to /_ping"),
        (
            Answer::Body(b"OK".to_vec()),
            "does not say which API it speaks",
        ),
    ] {
        let engine = FakeEngine::start(move |_| answer.clone());
        let error = resolve(&*source(&engine.network(), "a:1")).unwrap_err();
        let Problem::NotAnEngine { engine: label, why } = &error.problem else {
            panic!("{error:?}");
        };
        assert_eq!(*label, engine.address);
        assert!(why.contains(words), "{why}");
        assert!(
            error
                .to_string()
                .starts_with("image of docker-daemon:a:1: what listens at")
        );
        assert_eq!(engine.requests(), ["/_ping"], "nothing else is asked of it");
        let listed = runtime()
            .block_on(list_images(&engine.network()))
            .unwrap_err();
        assert_eq!(listed.problem, error.problem);
    }
}

#[test]
fn one_that_never_answers_is_given_up() {
    let engine = FakeEngine::start(|_| Answer::Silence);
    let network = Network {
        stall_timeout: Duration::from_millis(200),
        ..engine.network()
    };
    let started = Instant::now();
    let found = problem(&network, "a:1");
    assert!(matches!(found, Problem::Timeout { .. }), "{found:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn nobody_there_is_said_with_what_was_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.sock");
    let nobody = network(Engines {
        sockets: vec![none.clone()],
        ..Engines::default()
    });
    let found = problem(&nobody, "a:1");
    let looked_at = vec![none.display().to_string()];
    assert_eq!(found, Problem::NoEngine { looked_at });
    assert!(found.hint().contains("none.sock"), "{}", found.hint());
    // named by the user it is an error of its own
    let named = at(&format!("unix://{}", none.display()));
    let found = problem(&named, "a:1");
    let Problem::EngineUnreachable { why, .. } = &found else {
        panic!("{found:?}");
    };
    assert!(why.contains("No such file"), "{why}");
    // as is a file that nobody listens at
    let stale = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let found = problem(&at(&format!("unix://{}", stale.display())), "a:1");
    assert!(
        matches!(&found, Problem::EngineUnreachable { why, .. } if why.contains("refused")),
        "{found:?}"
    );
}

#[test]
fn other_machines_are_never_spoken_to() {
    for address in [
        "tcp://192.0.2.1:2375",
        "ssh://me@example.com",
        "https://127.0.0.1:2376",
        "npipe:////./pipe/docker_engine",
        "nonsense",
    ] {
        let started = Instant::now();
        let found = problem(&at(address), "a:1");
        assert!(
            matches!(found, Problem::EngineAddress { .. }),
            "{address}: {found:?}"
        );
        assert!(found.hint().contains("ssh -L"), "{}", found.hint());
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn names_that_could_be_other_requests_are_not_asked_for() {
    let engine = FakeEngine::with_image("a:1", ID, Vec::new());
    for name in ["../containers", "a/../../info", "a?x=1", "a%2f..", "A B"] {
        let name = name.to_owned();
        assert_eq!(
            problem(&engine.network(), &name),
            Problem::EngineName { name }
        );
    }
    assert_eq!(engine.requests(), [""; 0]);
}

/// What is said where the engine answers `about` to the question what the image is, and
/// `archive` when it is fetched.
fn with(about: Answer, archive: Answer) -> Problem {
    let engine = FakeEngine::start(move |path| match path {
        "/_ping" => ping(),
        path if path.ends_with("/json") => about.clone(),
        _ => archive.clone(),
    });
    problem(&engine.network(), "a:1")
}

fn good() -> Answer {
    Answer::Json(200, json!({"Id": ID, "Size": 1}))
}

#[test]
fn an_engine_that_fails_is_repeated() {
    let refused = Answer::Json(500, json!({"message": "the disk is full"}));
    for found in [with(refused.clone(), good()), with(good(), refused)] {
        let Problem::EngineRefused {
            status, message, ..
        } = &found
        else {
            panic!("{found:?}");
        };
        assert_eq!((*status, &**message), (500, "the disk is full"));
        assert_eq!(found.said(), Some("the disk is full"));
    }
}

#[test]
fn answers_that_make_no_sense_are_no_engines() {
    for about in [
        Answer::Json(200, json!({})),
        Answer::Json(200, json!({"Id": "../../containers/json"})),
        Answer::Json(200, json!({"Id": 5})),
        Answer::Body(b"not JSON".to_vec()),
    ] {
        let found = with(about, good());
        assert!(matches!(found, Problem::NotAnEngine { .. }), "{found:?}");
    }
    let endless = Answer::Body(vec![b' '; (16 << 20) + 1]);
    let found = with(endless, good());
    assert!(matches!(found, Problem::TooLarge { .. }), "{found:?}");
}

#[test]
fn an_archive_that_is_none_or_breaks_off_is_said() {
    let found = with(good(), Answer::CutOff(vec![0; 100_000]));
    assert!(matches!(found, Problem::BrokenOff { .. }), "{found:?}");
    for archive in [
        Vec::new(),
        b"words".to_vec(),
        vec![b'x'; 5000],
        vec![0; 5000],
    ] {
        let found = with(good(), Answer::Body(archive));
        let Problem::NotAnEngine { why, .. } = found else {
            panic!("{found:?}");
        };
        assert_eq!(why, "what it sent is no archive of an image");
    }
}

#[test]
fn settings_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), "{\"auths\": secret").unwrap();
    let network = network(Engines {
        docker_config: Some(folder.path().to_owned()),
        ..Engines::default()
    });
    let Problem::Settings { path, why } = problem(&network, "a:1") else {
        panic!();
    };
    assert!(
        path.ends_with("config.json") && !why.contains("secret"),
        "{path}: {why}"
    );
}
