//! What a program still has in memory when a flow is over: neither the passphrase nor the key.

use std::io::{PipeReader, Read, Seek, SeekFrom, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use regex::bytes::Regex;

use super::keys::gpg_key;
use super::needles::{Needles, one_of, openpgp_unlocked};
use super::secrets::{plain_keys, sealed_keys};
use super::services::{BY_TOKEN, services, sign};
use super::{Home, PASSPHRASE, place};

/// The passphrase comes from a file that is open already.
const BY_DESCRIPTOR: &str = "--passphrase-fd 3 3<pass";

/// A program that is over with everything but with saying so.
struct Held {
    child: Child,
    /// Nobody reads here.
    _said: PipeReader,
}

impl Held {
    /// Runs Porthole, with the passphrase by a descriptor or in its environment, until it waits
    /// for somebody to read what came of it.
    fn run(home: &Home, arguments: &[&str], passphrase: &str) -> Self {
        Self::run_among(home, arguments, passphrase, &[])
    }

    /// The same with more in its environment.
    fn run_among(home: &Home, arguments: &[&str], passphrase: &str, more: &[(&str, &str)]) -> Self {
        let (said, full) = std::io::pipe().unwrap();
        let mut filler = full.try_clone().unwrap();
        // until there is no room any more, and then for as long as this is held
        std::thread::spawn(move || while filler.write_all(&[b' '; 4096]).is_ok() {});
        let program = env!("CARGO_BIN_EXE_porthole");
        let words: Vec<_> = arguments.iter().map(|word| format!("'{word}'")).collect();
        let line = format!("exec {program} {} {passphrase}", words.join(" "));
        let mut command = Command::new("sh");
        command.args(["-c", &line]);
        home.at_home(&mut command);
        command.envs(more.iter().copied());
        if passphrase == BY_DESCRIPTOR {
            command.env_remove("COSIGN_PASSWORD");
        }
        command.stdin(Stdio::null()).stdout(full);
        let child = command.spawn().unwrap();
        let mut held = Self { child, _said: said };
        held.until_it_says_something();
        held
    }

    /// Waits until it is about to write to its stdout.
    fn until_it_says_something(&mut self) {
        let path = format!("/proc/{}/syscall", self.child.id());
        for _ in 0..6000 {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended: {status}");
            }
            let call = std::fs::read_to_string(&path).unwrap_or_default();
            let mut words = call.split_whitespace();
            // the numbers that `write` has, and the descriptor
            let write = words.next().is_some_and(|word| ["1", "64"].contains(&word));
            if write && words.next() == Some("0x1") {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it says nothing");
    }

    /// Every place where `wanted` is found in its memory, with what the place is.
    fn find(&self, wanted: &Regex) -> Vec<(Vec<u8>, String)> {
        let id = self.child.id();
        let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
        let mut memory = std::fs::File::open(format!("/proc/{id}/mem")).unwrap();
        let mut found = Vec::new();
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (range, what) = line.split_once(' ').unwrap();
            let (from, to) = range.split_once('-').unwrap();
            let number = |text| u64::from_str_radix(text, 16).unwrap();
            let (from, to) = (number(from), number(to));
            let mut bytes = vec![0; (to - from) as usize];
            memory.seek(SeekFrom::Start(from)).unwrap();
            if memory.read_exact(&mut bytes).is_err() {
                continue;
            }
            for hit in wanted.find_iter(&bytes) {
                let at = format!("{:x} of {what}", from + hit.start() as u64);
                found.push((hit.as_bytes().to_vec(), at));
            }
        }
        found
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn no_flow_leaves_the_passphrase_or_the_key_in_memory() {
    let home = Home::new();
    let Some(plain) = plain_keys(&home) else {
        return;
    };
    std::fs::write(home.path("pass"), format!("{PASSPHRASE}\n")).unwrap();
    std::fs::write(home.path("predicate.json"), b"{\"a\":1}").unwrap();
    let sealed = sealed_keys(&home);
    for name in ["ec", "rsa", "ed"] {
        let file = format!("{name}.pem");
        home.run(&["keys", "import", name, "--key", &file]);
    }
    let layout = place::layout(&home.path("layout"));
    let flat = format!("dir:{}", home.path("flat").display());
    home.run(&["copy", &layout, &flat]);
    let mut needles = Needles::of(&plain);
    if gpg_key(&home, "Release <release@example.com>").is_none() {
        return;
    }
    needles.openpgp(&home.path("secret.asc"));
    openpgp_unlocked(&home.path("secret.asc"), &home.path("open.asc"));
    let known: &[u8] = b"porthole/keys";
    let secrets: Vec<Vec<u8>> = needles.as_they_are().collect();
    let wanted = one_of(secrets.iter().map(Vec::as_slice).chain([known]));
    let attest = [
        "attach",
        &layout,
        "--predicate",
        "predicate.json",
        "--key",
        "ec",
    ];
    let name = "r.example.com/a:1";
    let by_pgp = [
        "sign",
        &flat,
        "--key",
        "pgp",
        "--format",
        "simple",
        "--sign-container-identity",
        name,
    ];
    let mut left = Vec::new();
    for arguments in [
        &["keys", "generate", "made"][..],
        &["keys", "import", "ec2", "--key", "ec.pem"],
        &["keys", "import", "rsa2", "--key", "rsa.pem"],
        &["keys", "import", "ed2", "--key", "ed.pem"],
        &["keys", "import", "ec3", "--key", &sealed[0]],
        &["keys", "import", "rsa3", "--key", &sealed[1]],
        &["keys", "import", "pgp", "--key", "secret.asc"],
        &["keys", "import", "pgp2", "--key", "open.asc"],
        &by_pgp,
        &["sign", &layout, "--key", "ec"],
        &["sign", &layout, "--key", "ed", "--format", "cosign"],
        &["sign", &layout, "--key", "rsa"],
        &attest,
    ] {
        let held = Held::run(&home, arguments, BY_DESCRIPTOR);
        let found = held.find(&wanted);
        let (seen, secret): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(bytes, _)| bytes == known);
        assert!(
            !seen.is_empty(),
            "what is no secret is found: {arguments:?}"
        );
        for (bytes, at) in secret {
            left.push(format!(
                "{}: {} at {at}",
                arguments.join(" "),
                needles.name(&bytes)
            ));
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
    // an environment stays for as long as a program runs: so it would be found
    let held = Held::run(&home, &["sign", &layout, "--key", "ec"], "");
    let mut found = held.find(&wanted).into_iter();
    assert!(found.any(|(bytes, _)| bytes == PASSPHRASE.as_bytes()));
}

#[test]
fn no_identity_token_stays_in_memory() {
    let home = Home::new();
    let services = services(&home);
    let reference = place::layout(&home.path("layout"));
    let token = std::fs::read_to_string(home.path("token")).unwrap();
    let parts: Vec<_> = token.trim().split('.').skip(1).collect();
    assert_eq!(parts.len(), 2, "claims and signature");
    let known = services.issuer.as_bytes();
    let secrets = parts.iter().map(|part| &part.as_bytes()[..16]);
    let wanted = one_of(secrets.chain([known]));
    let mut left = Vec::new();
    let mut look = |what: &str, held: &Held| {
        let found = held.find(&wanted);
        assert!(found.iter().any(|(bytes, _)| bytes == known));
        let secret = found.into_iter().filter(|(bytes, _)| bytes != known);
        left.extend(secret.map(|(_, at)| format!("{what}: {at}")));
    };
    for (config, format) in [
        ("config1.json", "bundle"),
        ("config2.json", "bundle"),
        ("config1.json", "cosign"),
    ] {
        let mut by_token = BY_TOKEN;
        by_token[3] = config;
        let arguments = sign(&reference, &[&by_token, &["--format", format]]);
        let held = Held::run(&home, &arguments, "");
        look(&format!("{config} {format}"), &held);
    }
    // where a service of the CI gives the token, all of them end in the same way
    let mut by_ci = BY_TOKEN.to_vec();
    by_ci.splice(0..2, ["--keyless"]);
    let address = format!("{}/ambient?a=1", services.issuer);
    let ci = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", address.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner-s3cret"),
    ];
    let held = Held::run_among(&home, &sign(&reference, &[&by_ci]), "", &ci);
    look("a CI", &held);
    assert!(left.is_empty(), "{}", left.join("\n"));
}
