//! Fuzz targets over a corpus and over what becomes of it when bytes change: nothing panics,
//! and what is promised holds. The targets are plain functions of bytes, for any fuzzer.

mod layers;
mod mutate;
mod trust;

use std::path::{Path, PathBuf};

use porthole::config::{
    Network, Origin, Secret, Stored, known_logins, parse_registries, remove_login, save_login,
};
use porthole::model::{Reference, RegistryReference};
use porthole::transport::registry::fuzz;

use mutate::Mutations;

/// How many changed inputs are made of each file of the corpus.
const ROUNDS: usize = 400;

/// The files of `tests/fixtures/corpus/NAME`, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus");
    let files = std::fs::read_dir(folder.join(name)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{name} has too few seeds");
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

/// Gives `target` every file of a corpus and `rounds` changed ones of each.
fn run(name: &str, rounds: usize, target: impl Fn(&[u8])) {
    run_on(name, &corpus(name), rounds, target);
}

fn run_on(name: &str, seeds: &[Vec<u8>], rounds: usize, target: impl Fn(&[u8])) {
    for (number, seed) in seeds.iter().enumerate() {
        target(seed);
        let mut mutations = Mutations::new(number as u64 + 1, seeds);
        for _ in 0..rounds {
            let input = mutations.of(seed);
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&input)));
            assert!(
                ended.is_ok(),
                "{name}: {:?} breaks it",
                String::from_utf8_lossy(&input)
            );
        }
    }
}

#[test]
fn challenges() {
    run("challenge", 4 * ROUNDS, fuzz::challenge);
}

#[test]
fn links() {
    run("link", 4 * ROUNDS, fuzz::link);
}

#[test]
fn error_bodies() {
    run("error-body", ROUNDS, fuzz::error_body);
}

/// What is parsed as a reference is written as one that is the same.
fn reference(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    for line in text.lines() {
        if let Ok(image) = line.parse::<RegistryReference>() {
            let written = image.to_string();
            // the tag that nobody wrote is written
            let again: RegistryReference = written.parse().unwrap();
            assert_eq!(again.to_string(), written);
            assert_eq!(
                (again.name(), again.digest()),
                (image.name(), image.digest())
            );
            assert!(!image.host().is_empty() && !image.repository().is_empty());
            assert!(!image.repository().contains(".."), "{written}");
            assert!(!written.chars().any(|c| c.is_control() || c == ' '));
        }
        if let Some(Ok(reference)) = Reference::parse_prefixed(line) {
            let written = reference.to_string();
            let again = Reference::parse_prefixed(&written).unwrap().unwrap();
            assert_eq!(again.to_string(), written, "{line:?}");
        }
    }
}

#[test]
fn references() {
    run("reference", 4 * ROUNDS, reference);
}

/// `registries.conf`: every image has a place, its own one last.
fn registries(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let Ok(read) = parse_registries(Path::new("/x/registries.conf"), text) else {
        return;
    };
    for image in [
        "busybox:1",
        "quay.io/team/app",
        "a.example.com:5000/b@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    ] {
        let image: RegistryReference = image.parse().unwrap();
        if let Ok(places) = read.endpoints(&image) {
            assert!(!places.last().unwrap().mirror);
            assert!(
                places
                    .iter()
                    .all(|place| place.image.digest() == image.digest())
            );
            assert_eq!(
                read.home(&image).as_ref(),
                Ok(&places.last().unwrap().image)
            );
        }
        let _insecure = read.is_insecure(image.host());
        let _blocked = read.blocked(&image.name());
        let _alias = read.alias("busybox");
    }
    let _known = read.known();
}

#[test]
fn registries_conf() {
    run("registries-conf", ROUNDS, registries);
}

#[test]
fn auth_files() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("auth.json");
    let network = Network {
        auth_files: vec![file.clone()],
        login_file: Some(file.clone()),
        ..Network::default()
    };
    // no error shows what a file holds
    let quiet = |text: String| assert!(!text.contains("s3cret"), "{text}");
    run("auth-file", ROUNDS / 4, |bytes| {
        std::fs::write(&file, bytes).unwrap();
        for (host, repository) in [
            ("r.io", "team/app"),
            ("docker.io", "library/a"),
            ("[::1]:5000", ""),
        ] {
            match Stored::find(&network, host, repository) {
                Ok(Stored::Found(found)) => {
                    assert_eq!(found.origin, Origin::File(file.clone()));
                    assert!(!found.secret.is_empty());
                }
                Ok(Stored::NotReadable { why }) => quiet(why),
                Ok(Stored::Nothing) => {}
                Err(error) => quiet(error.to_string()),
            }
        }
        for login in known_logins(&network) {
            quiet(login.problem.unwrap_or_default());
        }
        // what is kept is found and goes again, or nothing is changed
        let secret = Secret::new("n3w".to_owned());
        match save_login(&network, "r.io", "alice", &secret) {
            Ok(_) => {
                match Stored::find(&network, "r.io", "") {
                    Ok(Stored::Found(found)) => {
                        assert_eq!((&*found.user, &found.secret), ("alice", &secret));
                    }
                    // a broken entry beside it may stand in the way, and is told
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => quiet(error.to_string()),
                }
                remove_login(&network, "r.io").unwrap();
                let left = std::fs::read(&file).unwrap();
                let left = String::from_utf8(left).unwrap();
                assert!(!left.contains("YWxpY2U6bjN3"), "{left}");
            }
            Err(error) => {
                quiet(error.to_string());
                assert_eq!(std::fs::read(&file).unwrap(), bytes);
            }
        }
    });
}
