//! Offline: what needs no network is done without a socket, and what needs one says so.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use porthole::engine::{
    self, Addition, AdditionId, AdditionRequest, EngineConfig, IdentityFrom, ImageSnapshot,
    NodePath, SignBy, SignFormat, Signing, SigningServices, TrustConfig,
};

use super::cli::fixture;
use super::roots::{Repository, Web, keyless};
use crate::support::watch::{Watch, config};

/// Runs the program and gives every socket to a network that it had open at some moment.
#[cfg(target_os = "linux")]
fn sockets_of(home: &Path, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_porthole"));
    command
        .arg("verify")
        .args(arguments)
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME");
    watched(command)
}

/// Runs a program and gives every socket to a network that it had open at some moment.
#[cfg(target_os = "linux")]
fn watched(mut command: Command) -> (Option<i32>, Vec<String>) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let folder = PathBuf::from(format!("/proc/{}/fd", child.id()));
    let mut seen = Vec::new();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        let mut inodes = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if let Ok(link) = fs::read_link(entry.path()) {
                let link = link.display().to_string();
                let inode = link
                    .strip_prefix("socket:[")
                    .and_then(|l| l.strip_suffix(']'));
                inodes.extend(inode.map(ToOwned::to_owned));
            }
        }
        if !inodes.is_empty() {
            for table in ["tcp", "tcp6", "udp", "udp6"] {
                let table = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
                for line in table.lines().skip(1) {
                    let inode = line.split_whitespace().nth(9).unwrap_or_default();
                    if inodes.iter().any(|own| own == inode) {
                        seen.push(line.to_owned());
                    }
                }
            }
        }
        std::thread::sleep(Duration::from_micros(200));
    };
    (code, seen)
}

#[test]
#[cfg(target_os = "linux")]
fn offline_a_local_image_is_judged_without_a_socket() {
    let home = tempfile::tempdir().unwrap();
    // a server that accepts and never answers holds whoever asks it
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let root = home.path().join("root.json");
    let repository = Repository {
        pair: Ed25519KeyPair::generate().unwrap(),
    };
    fs::write(&root, repository.root()).unwrap();
    let image = keyless();
    let by_tuf = [
        image.as_str(),
        "--identity",
        "a@example.com",
        "--issuer",
        "https://example.com",
        "--trust-root",
        &address,
        "--tuf-root",
        root.to_str().unwrap(),
    ];
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            let weak = stream.try_clone();
            held.push(stream);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                if let Ok(stream) = weak {
                    let _ = stream.shutdown(std::net::Shutdown::Both);
                }
            });
        }
    });
    // who watches sees a socket where there is one
    let (_, seen) = sockets_of(home.path(), &by_tuf);
    assert!(!seen.is_empty(), "the renewal opens a socket");
    let (code, seen) = sockets_of(home.path(), &[by_tuf.as_slice(), &["--offline"]].concat());
    assert_eq!((code, seen), (Some(1), Vec::new()));
    let image = format!("oci:{}:amd64", fixture("referrers-amd64"));
    let key = fixture("keys/cosign.pub");
    let by_key = [image.as_str(), "--offline", "--key", &key];
    assert_eq!(sockets_of(home.path(), &by_key), (Some(0), Vec::new()));
    // and a key asks nobody at all, offline or not
    let by_key = [image.as_str(), "--key", &key];
    assert_eq!(sockets_of(home.path(), &by_key), (Some(0), Vec::new()));
}

/// A TUF repository with the root for [`keyless`], and a home that trusts it.
fn published() -> (Web, tempfile::TempDir) {
    let web = Web::start();
    let repository = Repository {
        pair: Ed25519KeyPair::generate().unwrap(),
    };
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("root.json"), repository.root()).unwrap();
    let target = fs::read(fixture("bundles/trusted_root_pgi.json")).unwrap();
    repository.publish(&web, &target, 1, "2098-01-01T00:00:00Z");
    (web, home)
}

/// An engine that judges [`keyless`] by this TUF repository, as the window does.
fn engine(home: &Path, tuf: &str, offline: bool) -> Watch {
    let policy = home.join("trust.toml");
    let text = format!(
        "version = 1\n[trust_root]\ntuf = {tuf:?}\ntuf_root = \"root.json\"\n[[rule]]\nscope = \"*\"\nsigners = [\"ci\"]\n[[signer]]\nname = \"ci\"\nidentity = \"mitr@redhat.com\"\nissuer = \"https://github.com/login/oauth\"\n"
    );
    fs::write(&policy, text).unwrap();
    let watch = Watch::start_with(EngineConfig {
        trust: TrustConfig {
            policy: Some(policy),
            automatic: true,
            ..TrustConfig::default()
        },
        cache: Some(home.join("cache")),
        ..config()
    });
    watch.engine.send(engine::Command::SetOffline(offline));
    watch
}

fn accepted(snapshot: &ImageSnapshot) -> bool {
    let known = snapshot.signatures(&NodePath::root()).value();
    known.is_some_and(|report| report.verdict.is_accepted())
}

/// The window's switch takes effect at once, on what is open too, and back again.
#[test]
fn the_switch_in_the_window_holds_for_trust_roots() {
    let (web, home) = published();
    let watch = engine(home.path(), &web.address, true);
    let image = watch.open(&keyless());
    let known = |snapshot: &ImageSnapshot| snapshot.signatures(&NodePath::root()).clone();
    let open = watch.until(image, |snapshot| known(snapshot).error().is_some());
    assert!(open.offline);
    let why = known(&open).error().unwrap().clone();
    assert!(
        why.headline.contains("not asked offline"),
        "{}",
        why.headline
    );
    let hint = why.hint_in_window();
    assert!(hint.contains("Go online") && !hint.contains("--"), "{hint}");
    assert_eq!(web.connections(), 0);

    watch.engine.send(engine::Command::SetOffline(false));
    let open = watch.until(image, accepted);
    assert!(!open.offline);
    let asked = web.connections();
    assert!(asked > 0);

    // what was kept judges from now on
    watch.engine.send(engine::Command::SetOffline(true));
    watch.until(image, |snapshot| snapshot.offline && accepted(snapshot));
    assert_eq!(web.connections(), asked);
}

/// What came of being offline for a moment, while a repository was asked, is not kept.
#[test]
fn offline_and_on_again_the_repository_is_asked_anew() {
    let (web, home) = published();
    web.busy.store(true, Ordering::SeqCst);
    let watch = engine(home.path(), &web.address, false);
    let image = watch.open(&keyless());
    watch.wait(|| (web.connections() > 0).then_some(()));
    watch.engine.send(engine::Command::SetOffline(true));
    let known = |snapshot: &ImageSnapshot| snapshot.signatures(&NodePath::root()).clone();
    watch.until(image, |snapshot| {
        snapshot.offline && known(snapshot).error().is_some()
    });
    // as long as who was put off waits, and finds that nobody is asked any more; whoever waits
    // too short here finds nothing, and nothing that is not so
    std::thread::sleep(Duration::from_secs(2));
    web.busy.store(false, Ordering::SeqCst);
    watch.engine.send(engine::Command::SetOffline(false));
    watch.until(image, accepted);
}

/// Who signs is certified by nobody offline, and that is said before a key is made.
#[test]
fn offline_no_service_is_asked_when_something_is_signed() {
    let watch = Watch::start();
    watch.engine.send(engine::Command::SetOffline(true));
    let addition = AdditionId::next();
    let request = AdditionRequest {
        reference: format!("oci:{}:amd64", fixture("referrers-amd64")),
        recursive: false,
        addition: Addition::Sign(vec![Signing {
            by: SignBy::Identity(IdentityFrom::Browser),
            services: SigningServices::default(),
            chain: None,
            format: SignFormat::Bundle,
            annotations: Default::default(),
            identity: None,
            expiry: None,
            lookaside: None,
        }]),
    };
    watch.engine.send(engine::Command::PlanAddition {
        addition,
        request: Box::new(request),
    });
    let why = watch.wait(|| watch.engine.addition(addition)?.plan.error().cloned());
    assert!(
        why.headline.contains("nobody else is asked offline"),
        "{}",
        why.headline
    );
    assert!(why.hint_in_window().contains("Go online"), "{}", why.hint);
}

/// What says to this test that it is the one that is watched: the address of a TUF
/// repository, and whether it is offline.
const WATCHED: &str = "PORTHOLE_TEST_WATCHED";

/// As [`offline_a_local_image_is_judged_without_a_socket`], for the window's engine: this test
/// runs itself, and watches.
#[test]
#[cfg(target_os = "linux")]
fn offline_by_the_switch_no_socket_is_opened() {
    if let Ok(watched) = std::env::var(WATCHED) {
        let (tuf, offline) = watched.rsplit_once(' ').unwrap();
        let home = tempfile::tempdir().unwrap();
        let repository = Repository {
            pair: Ed25519KeyPair::generate().unwrap(),
        };
        fs::write(home.path().join("root.json"), repository.root()).unwrap();
        let watch = engine(home.path(), tuf, offline == "offline");
        let image = watch.open(&keyless());
        watch.until(image, |snapshot| {
            snapshot.signatures(&NodePath::root()).error().is_some()
        });
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    // long enough to be seen
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::sleep(Duration::from_millis(300));
            drop(stream);
        }
    });
    let run = |how: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "signature::offline::offline_by_the_switch_no_socket_is_opened";
        command.args(["--exact", name]);
        command.env(WATCHED, format!("{address} {how}"));
        watched(command)
    };
    let (code, seen) = run("online");
    assert_eq!(code, Some(0));
    assert!(
        !seen.is_empty(),
        "who watches sees a socket where there is one"
    );
    assert_eq!(run("offline"), (Some(0), Vec::new()));
}
