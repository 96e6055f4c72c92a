//! The real peers: tools and registries of others. See `tests/peers/README.md`.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A peer's program, or nothing where this machine has none; then the test says that it was
/// skipped. With `PORTHOLE_REQUIRE_PEERS=1` a missing peer is a failure.
pub fn tool(name: &str) -> Option<Tool> {
    let found = find(name);
    if found.is_none() {
        skip(&format!("there is no {name}"));
    }
    found
}

/// As [`tool`], for one that no machine has to have but those that could build it: they name it
/// in `PORTHOLE_BUILT_PEERS`, and there it is required.
pub fn optional_tool(name: &str) -> Option<Tool> {
    let found = find(name);
    let built = std::env::var("PORTHOLE_BUILT_PEERS").unwrap_or_default();
    if found.is_none() {
        assert!(
            !built.split(' ').any(|built| built == name),
            "{name} should have been built; run tests/peers/install {name}"
        );
        println!("skipped: there is no {name}; tests/peers/install {name} brings it");
    }
    found
}

fn find(name: &str) -> Option<Tool> {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let folder =
        std::env::var_os("PEERS").map_or_else(|| home.join(".cache/porthole-peers"), PathBuf::from);
    let program = folder.join("bin").join(name);
    program.exists().then_some(Tool { program })
}

/// Says that a test is skipped because `missing`, or fails where peers are required.
pub fn skip(missing: &str) {
    assert!(
        std::env::var_os("PORTHOLE_REQUIRE_PEERS").is_none_or(|v| v != "1"),
        "a peer is required: {missing}; run tests/peers/install"
    );
    println!("skipped: {missing}; tests/peers/install brings it");
}

pub struct Tool {
    program: PathBuf,
}

impl Tool {
    /// Runs the tool and gives what it printed.
    pub fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.try_run(arguments);
        assert!(
            output.status.success(),
            "{} {arguments:?}: {}",
            self.program.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// Runs the tool, well or not.
    pub fn try_run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// The tool, for those who want another environment or folder for it.
    pub fn command(&self) -> Command {
        Command::new(&self.program)
    }
}

/// Registries that no machine has to have: they are built with Go.
const OPTIONAL: [&str; 2] = ["gcr", "cue"];

/// The host of the registry that `tests/peers/registries` calls `name` and starts at this
/// place, where it runs. Else the test says that it is skipped, or fails where peers are
/// required.
pub fn running(name: &str, offset: u16) -> Option<String> {
    let found = registry(offset);
    if found.is_none() && OPTIONAL.contains(&name) {
        println!("skipped: {name} does not run; tests/peers/install go-registries brings it");
    } else if found.is_none() {
        skip(&format!("the registry {name} does not run"));
    }
    found
}

/// The registry that `tests/peers/registries` starts at this place behind the first port:
/// its host, where it answers.
pub fn registry(offset: u16) -> Option<String> {
    let base = std::env::var("PORTHOLE_PEERS_PORT");
    let base: u16 = base.map_or(5600, |base| base.parse().unwrap());
    let host = format!("127.0.0.1:{}", base + offset);
    let answers = std::net::TcpStream::connect(&host).is_ok();
    answers.then_some(host)
}
