//! Scripts that complete the command line, as shells read them.

use std::process::{Command, Output};

fn porthole(arguments: &[&str]) -> Output {
    let porthole = env!("CARGO_BIN_EXE_porthole");
    Command::new(porthole).args(arguments).output().unwrap()
}

fn script(shell: &str) -> String {
    let output = porthole(&["completion", shell]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers for the last of these words.
fn offered_by_bash(words: &[&str]) -> Option<Vec<String>> {
    let ask = format!(
        "COMP_WORDS=({}); COMP_CWORD={}; _porthole porthole {:?} {:?}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let bash = Command::new("bash")
        .args(["--norc", "-c", &format!("{}\n{ask}", script("bash"))])
        .output();
    let output = bash.ok()?;
    assert!(output.status.success(), "{output:?}");
    let offered = String::from_utf8(output.stdout).unwrap();
    Some(offered.lines().map(str::to_owned).collect())
}

#[test]
fn every_shell_is_told_every_command_and_its_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(shell);
        for word in ["inspect", "verify", "preserve-digests", "skip-tls-verify"] {
            assert!(script.contains(word), "{shell} is not told {word}");
        }
    }
    assert_eq!(porthole(&["completion", "cmd"]).status.code(), Some(2));
}

#[test]
fn bash_completes_commands_options_and_their_values() {
    let Some(commands) = offered_by_bash(&["porthole", "co"]) else {
        return println!("skipped: there is no bash");
    };
    assert_eq!(commands, ["copy", "completion"]);
    let options = offered_by_bash(&["porthole", "copy", "--pre"]).unwrap();
    assert_eq!(options, ["--preserve-digests"]);
    let options = offered_by_bash(&["porthole", "copy", "--plain"]).unwrap();
    assert_eq!(options, ["--plain-http"]);
    let values = offered_by_bash(&["porthole", "copy", "--format", ""]).unwrap();
    assert_eq!(values, ["keep", "oci", "docker"]);
}

#[test]
fn options_of_every_command_stand_apart_in_its_help() {
    let help = porthole(&["copy", "--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    let (own, others) = help.split_once("Options of every command:").unwrap();
    assert!(own.contains("--preserve-digests") && !own.contains("--plain-http"));
    assert!(others.contains("--plain-http") && !others.contains("--preserve-digests"));
}
