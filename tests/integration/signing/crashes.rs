//! The program crashes in the middle of every flow: it ends, says that it did, and what it
//! prints then, and leaves behind, holds no secret.

use super::keys::gpg_key;
use super::needles::{Needles, is_in};
use super::secrets::{loud, plain_keys, sealed_keys};
use super::services::{BY_TOKEN, services, sign};
use super::{Home, PASSPHRASE, place, said};

/// Where an addition is when it crashes, the keys open.
const STEPS: [&str; 5] = [
    "opening keys",
    "opening a key",
    "signing and writing",
    "making a signature",
    "reading back",
];

/// Runs flows that crash, and searches everything that is left of them.
struct Crashing {
    home: Home,
    needles: Needles,
}

impl Crashing {
    fn at(&self, steps: &[&str], arguments: &[&str]) {
        for step in steps {
            let mut command = loud(&self.home, &[arguments, &["--debug"]].concat(), PASSPHRASE);
            let output = command.env("PORTHOLE_CRASH_AT", step).output().unwrap();
            let what = format!("{step}: {arguments:?}");
            let printed = [&output.stdout[..], &output.stderr[..]].concat();
            // it crashed, with all that a crash prints, and ended all the same
            assert_eq!(output.status.code(), Some(1), "{what}: {}", said(&output));
            let words = format!("a crash on request: {step}");
            assert!(
                is_in(&printed, words.as_bytes()),
                "{what}: {}",
                said(&output)
            );
            assert!(
                is_in(&printed, b"stack backtrace"),
                "{what}: {}",
                said(&output)
            );
            self.needles.search(&what, &printed);
        }
    }
}

#[test]
fn a_crash_in_the_middle_prints_and_leaves_no_secret() {
    let home = Home::new();
    let (Some(mut plain), Some(())) = (
        plain_keys(&home),
        place::notation_chain(&home, &["-newkey", "rsa:2048"]),
    ) else {
        return;
    };
    if gpg_key(&home, "Release <release@example.com>").is_none() {
        return;
    }
    plain.extend([home.path("leaf.key"), home.path("root.key")]);
    let services = services(&home);
    let token = std::fs::read_to_string(home.path("token")).unwrap();
    let mut needles = Needles::of(&plain);
    needles.openpgp(&home.path("secret.asc"));
    needles.token(&token);
    std::fs::create_dir(home.path("tmp")).unwrap();
    std::fs::write(home.path("predicate.json"), b"{\"a\":1}").unwrap();
    let sealed = sealed_keys(&home);
    home.run(&["keys", "import", "ec", "--key", "ec.pem"]);
    home.run(&["keys", "import", "pgp", "--key", "secret.asc"]);
    let layout = place::layout(&home.path("layout"));
    let archive = format!("oci-archive:{}:all", home.path("a.tar").display());
    let folder = format!("dir:{}", home.path("flat").display());
    for to in [&archive, &folder] {
        home.run(&["copy", &layout, to]);
    }
    let crashing = Crashing { home, needles };

    crashing.at(&["keeping a key"], &["keys", "generate", "made"]);
    for file in [&*sealed[0], &sealed[1], "rsa.pem", "ed.pem", "secret.asc"] {
        crashing.at(
            &["keeping a key"],
            &["keys", "import", "new", "--key", file],
        );
    }
    for format in ["bundle", "cosign"] {
        crashing.at(
            &STEPS,
            &["sign", &layout, "--key", "ec", "--format", format],
        );
    }
    crashing.at(&STEPS, &["sign", &layout, "--key", &sealed[1]]);
    let attest = [
        "attach",
        &layout,
        "--predicate",
        "predicate.json",
        "--key",
        "ec",
    ];
    crashing.at(&STEPS, &attest);
    let notation = [
        "sign",
        &layout,
        "--key",
        "notation",
        "--cert-chain",
        "chain.pem",
    ];
    for envelope in ["jws", "cose"] {
        let format = ["--format", "notation", "--signature-format", envelope];
        crashing.at(
            &["opening a key", "making a signature"],
            &[&notation[..], &format].concat(),
        );
    }
    let simple = [
        "sign",
        &folder,
        "--key",
        "pgp",
        "--format",
        "simple",
        "--sign-container-identity",
        "r.example.com/a:1",
    ];
    crashing.at(&STEPS, &simple);
    crashing.at(&["writing the archive"], &["sign", &archive, "--key", "ec"]);
    let by_token = ["having a token", "making a signature", "reading back"];
    crashing.at(&by_token, &sign(&layout, &[&BY_TOKEN]));
    // it was there to be found
    assert!(services.saw(&token));
    let mut own = plain;
    own.push(crashing.home.path("token"));
    let seen = crashing.needles.search_files(&crashing.home.path(""), &own);
    assert!(seen > 20, "{seen} files were looked at");
}
