//! Keys: made, taken in, listed, shown, given out, removed.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Home, PASSPHRASE, said};
use crate::support::peers;

const KINDS: [(&str, &str); 4] = [
    ("p256", "ECDSA P-256"),
    ("p384", "ECDSA P-384"),
    ("ed25519", "Ed25519"),
    ("rsa-3072", "RSA 3072"),
];

#[test]
fn keys_are_made_kept_for_their_owner_alone_listed_shown_and_deleted() {
    let home = Home::new();
    for (kind, words) in KINDS {
        let shown = home.run(&["keys", "generate", kind, "--type", kind]);
        assert!(shown.contains(words), "{shown}");
        let private = std::fs::read_to_string(home.kept(&format!("{kind}.key"))).unwrap();
        assert!(private.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = home.kept(&format!("{kind}.key")).metadata().unwrap();
            assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        }
    }
    let listed: Value = serde_json::from_str(&home.run(&["keys", "list", "--json"])).unwrap();
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["name"])
        .collect();
    assert_eq!(names, ["ed25519", "p256", "p384", "rsa-3072"]);
    for key in listed.as_array().unwrap() {
        assert_eq!(key["encrypted"], true, "{key}");
        assert!(key["fingerprint"].as_str().unwrap().starts_with("SHA256:"));
    }
    // what is there is not written over
    let before = std::fs::read(home.kept("p256.key")).unwrap();
    let error = home.fail(&["keys", "generate", "p256"]);
    assert!(error.contains("is there already"), "{error}");
    assert_eq!(std::fs::read(home.kept("p256.key")).unwrap(), before);

    let public = home.run(&["keys", "export", "p256"]);
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"), "{public}");
    home.run(&["keys", "export", "p256", "--output", "out.pub"]);
    assert_eq!(
        std::fs::read_to_string(home.path("out.pub")).unwrap(),
        public
    );

    home.run(&["keys", "delete", "p256"]);
    assert!(!home.kept("p256.key").exists() && !home.kept("p256.pub").exists());
    let error = home.fail(&["keys", "show", "p256"]);
    assert!(error.contains("there is no key p256"), "{error}");
    let error = home.fail(&["keys", "delete", "../p384"]);
    assert!(error.contains("there is no key ../p384"), "{error}");
    // what is advised is about what is wrong
    for (arguments, what, advice) in [
        (
            &["keys", "generate", "a b"][..],
            "\"a b\" is no name for a key",
            "letters, digits",
        ),
        (
            &["keys", "export", "p384", "-o", "out.pub"],
            "is there already",
            "another name",
        ),
        (
            &["keys", "delete", "p256"],
            "there is no key p256",
            "keys list",
        ),
    ] {
        let error = home.fail(arguments);
        assert!(error.contains(what) && error.contains(advice), "{error}");
        assert!(!error.contains("who may read"), "{error}");
    }
}

#[test]
fn a_pair_of_files_is_written_as_cosign_names_them() {
    let home = Home::new();
    home.run(&["keys", "generate", "--output-key-prefix", "mine"]);
    let shown: Value =
        serde_json::from_str(&home.run(&["keys", "show", "mine.key", "--json"])).unwrap();
    assert_eq!(shown["kind"], "ECDSA P-256");
    assert!(home.path("mine.pub").exists());
}

#[test]
fn a_passphrase_comes_from_a_descriptor_too_and_a_wrong_one_says_nothing_of_what_was_wrong() {
    let home = Home::new();
    std::fs::write(home.path("pass"), "another one\n").unwrap();
    let program = env!("CARGO_BIN_EXE_porthole");
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        home.at_home(&mut command);
        command.output().unwrap()
    };
    let made = shell(&format!(
        "{program} keys generate --output-key-prefix fd --passphrase-fd 3 3<pass"
    ));
    assert!(made.status.success(), "{}", said(&made));
    // the one in the environment is another
    let error = home.fail(&["keys", "import", "--key", "fd.key", "copy"]);
    assert!(
        error.contains("the passphrase or the file is wrong"),
        "{error}"
    );
    assert!(!error.contains(PASSPHRASE) && !error.contains("another one"));
    assert!(!home.kept("copy.key").exists() && !home.kept("copy.pub").exists());
    let line = format!("{program} keys import --key fd.key copy --passphrase-fd 3 3<pass");
    let taken = shell(&line);
    assert!(taken.status.success(), "{}", said(&taken));
}

/// Waits until the terminal of the program under `script` shows nothing of what is typed: that
/// comes a moment after the question, and nobody types within that moment.
fn until_typing_is_hidden(script: u32) {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    for _ in 0..1000 {
        let terminal = said("ps", &["-o", "tty=", "--ppid", &script.to_string()]);
        let settings = said("stty", &["-F", &format!("/dev/{terminal}"), "-a"]);
        if settings.split_whitespace().any(|word| word == "-echo") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the terminal goes on to show what is typed");
}

#[test]
fn at_a_terminal_a_wrong_passphrase_is_asked_for_again_and_nothing_of_it_is_shown() {
    let home = Home::new();
    home.run(&["keys", "generate", "--output-key-prefix", "there"]);
    let program = env!("CARGO_BIN_EXE_porthole");
    let mut command = Command::new("script");
    let line = format!("{program} keys import --key there.key taken");
    command.args(["-qec", &line, "/dev/null"]);
    home.at_home(&mut command);
    command.env_remove("COSIGN_PASSWORD");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        return peers::skip("there is no script (util-linux)");
    };
    let mut typed = child.stdin.take().unwrap();
    let mut shown = String::new();
    let mut output = child.stdout.take().unwrap();
    let mut wait_for = |words: &str, count: usize| {
        use std::io::Read;
        let mut piece = [0; 256];
        while shown.matches(words).count() < count {
            let read = output.read(&mut piece).unwrap();
            assert_ne!(read, 0, "it ended: {shown}");
            shown.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        shown.clone()
    };
    wait_for("Passphrase of", 1);
    until_typing_is_hidden(child.id());
    typed.write_all(b"not this one\n").unwrap();
    wait_for("Passphrase of", 2);
    until_typing_is_hidden(child.id());
    typed
        .write_all(format!("{PASSPHRASE}\n").as_bytes())
        .unwrap();
    let shown = wait_for("fingerprint", 1);
    assert!(
        shown.contains("the passphrase or the file is wrong"),
        "{shown}"
    );
    assert!(!shown.contains("not this one") && !shown.contains(PASSPHRASE));
    assert!(child.wait().unwrap().success());
    assert!(home.kept("taken.key").exists());
}

#[test]
fn keys_of_openssl_are_taken_in_in_every_form_and_have_the_same_public_half() {
    let home = Home::new();
    let openssl = |arguments: &[&str]| {
        let output = home.system("openssl", arguments)?;
        assert!(output.status.success(), "{}", said(&output));
        Some(output)
    };
    let forms: [(&str, &[&str]); 7] = [
        (
            "sec1",
            &["ecparam", "-name", "prime256v1", "-genkey", "-out", "sec1"],
        ),
        (
            "sec1-384",
            &[
                "ecparam",
                "-name",
                "secp384r1",
                "-genkey",
                "-noout",
                "-out",
                "sec1-384",
            ],
        ),
        (
            "pkcs8",
            &[
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-out",
                "pkcs8",
            ],
        ),
        (
            "p521",
            &[
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-521",
                "-out",
                "p521",
            ],
        ),
        (
            "ed25519",
            &["genpkey", "-algorithm", "ed25519", "-out", "ed25519"],
        ),
        (
            "rsa8",
            &[
                "genpkey",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:3072",
                "-out",
                "rsa8",
            ],
        ),
        (
            "pkcs1",
            &["rsa", "-in", "rsa8", "-traditional", "-out", "pkcs1"],
        ),
    ];
    for (name, arguments) in forms {
        let Some(_) = openssl(arguments) else { return };
        home.run(&["keys", "import", "--key", name, name]);
        let public = openssl(&["pkey", "-in", name, "-pubout"]).unwrap();
        let own = home.run(&["keys", "export", name]);
        assert_eq!(own.as_bytes(), public.stdout, "{name}");
    }
    let error = home.fail(&["keys", "import", "--key", "sec1.nothing", "nothing"]);
    assert!(error.contains("there is no key"), "{error}");
}

#[test]
fn an_openpgp_key_of_gpg_is_taken_in_and_stays_encrypted() {
    let home = Home::new();
    let Some(fingerprint) = gpg_key(&home, "Release <release@example.com>") else {
        return;
    };
    home.run(&["keys", "import", "--key", "secret.asc", "pgp"]);
    let shown: Value = serde_json::from_str(&home.run(&["keys", "show", "pgp", "--json"])).unwrap();
    assert_eq!(shown["fingerprint"], fingerprint);
    assert_eq!(shown["user"], "Release <release@example.com>");
    assert_eq!(shown["encrypted"], true);
    let kept = std::fs::read_to_string(home.kept("pgp.key")).unwrap();
    assert!(kept.starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----"));
    let public = home.run(&["keys", "export", "pgp"]);
    assert!(public.contains("BEGIN PGP PUBLIC KEY BLOCK"), "{public}");
    std::fs::write(home.path("kept.asc"), kept).unwrap();
    // a text of Windows, with the mark of its encoding
    let text = std::fs::read_to_string(home.path("secret.asc")).unwrap();
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    std::fs::write(home.path("windows.asc"), text).unwrap();
    home.run(&["keys", "import", "--key", "windows.asc", "windows"]);
    assert_eq!(home.run(&["keys", "export", "windows"]), public);
    // gpg reads what is kept
    let read = home
        .system("gpg", &["--batch", "--show-keys", "kept.asc"])
        .unwrap();
    let read = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(read.contains(&fingerprint), "{read}");
}

/// Makes a key with gpg, exports it to `secret.asc` and `public.asc` and gives its
/// fingerprint.
pub fn gpg_key(home: &Home, user: &str) -> Option<String> {
    let folder = home.path("gnupg");
    std::fs::create_dir_all(&folder).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let gpg = |arguments: &[&str]| {
        let mut all = vec![
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            PASSPHRASE,
        ];
        all.extend(arguments);
        let output = home.system("gpg", &all)?;
        assert!(output.status.success(), "{}", said(&output));
        Some(output)
    };
    gpg(&["--quick-gen-key", user, "rsa3072", "sign", "never"])?;
    gpg(&[
        "--armor",
        "--output",
        "secret.asc",
        "--export-secret-keys",
        user,
    ])?;
    gpg(&["--armor", "--output", "public.asc", "--export", user])?;
    let listed = gpg(&["--with-colons", "--list-keys", user])?;
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed
        .lines()
        .find(|line| line.starts_with("fpr:"))
        .unwrap();
    Some(line.split(':').nth(9).unwrap().to_owned())
}

#[test]
fn cosign_reads_what_is_written_and_what_it_wrote_is_read() {
    let home = Home::new();
    std::fs::write(home.path("blob"), "some bytes").unwrap();
    for (kind, _) in KINDS {
        home.key(kind, kind);
        let key = home.kept(&format!("{kind}.key")).display().to_string();
        let Some(public) = home.peer("cosign", &["public-key", "--key", &key]) else {
            return;
        };
        assert!(public.status.success(), "{kind}: {}", said(&public));
        assert_eq!(
            public.stdout,
            home.run(&["keys", "export", kind]).as_bytes()
        );
    }
    let made = home.peer("cosign", &["generate-key-pair"]).unwrap();
    assert!(made.status.success(), "{}", said(&made));
    home.run(&["keys", "import", "--key", "cosign.key", "theirs"]);
    let theirs = std::fs::read_to_string(home.path("cosign.pub")).unwrap();
    assert_eq!(home.run(&["keys", "export", "theirs"]), theirs);
}

#[test]
fn a_key_that_is_not_the_one_that_was_shown_signs_nothing() {
    let home = Home::new();
    let reference = super::place::index(&home.path("layout"));
    let before = std::fs::read(home.path("layout/index.json")).unwrap();
    home.key("mine", "p256");
    home.key("other", "p256");
    let own = std::fs::read(home.kept("mine.pub")).unwrap();
    std::fs::copy(home.kept("other.pub"), home.kept("mine.pub")).unwrap();
    let fingerprint = |key: &str| {
        let shown = home.run(&["keys", "show", key, "--json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        shown["fingerprint"].as_str().unwrap().to_owned()
    };
    let shown = fingerprint("mine");
    assert_eq!(shown, fingerprint("other"));
    let error = home.fail(&["sign", &reference, "--key", "mine"]);
    std::fs::write(home.kept("mine.pub"), own).unwrap();
    let own = fingerprint("mine");
    assert!(error.contains(&shown) && error.contains(&own), "{error}");
    assert!(error.contains("(.pub) is another key's"), "{error}");
    let after = std::fs::read(home.path("layout/index.json")).unwrap();
    assert!(before == after, "nothing was written");
    home.run(&["sign", &reference, "--key", "mine"]);
}

/// Pipes may never end, and give what they have once: whoever names one is told so at once.
#[test]
#[cfg(unix)]
fn what_is_no_plain_file_is_no_key_and_nobody_waits_at_it() {
    let home = Home::new();
    let reference = super::place::index(&home.path("layout"));
    let public = home.key("mine", "p256");
    for path in [home.path("pipe"), home.kept("other.key")] {
        let made = Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    }
    std::fs::write(home.path("predicate.json"), "{}").unwrap();
    let run = |arguments: &[&str], input: Stdio| {
        let mut command = Command::new("timeout");
        command.args(["120", env!("CARGO_BIN_EXE_porthole")]);
        command.args(arguments).stdin(input);
        home.at_home(&mut command);
        command.output().unwrap()
    };
    let listed = run(&["keys", "list"], Stdio::null());
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.starts_with("mine\t"), "{listed}");
    assert_eq!(listed.lines().count(), 1, "{listed}");
    for (arguments, code) in [
        (&["sign", &reference, "--key", "pipe"][..], 1),
        (&["sign", &reference, "--key", "other"], 1),
        (&["verify", "--key", "pipe", &reference], 1),
        (&["verify", "--policy", "pipe", &reference], 1),
        (&["attach", &reference, "pipe", "--artifact-type", "a/b"], 1),
        (
            &["attach", &reference, "--predicate", "pipe", "--key", "mine"],
            1,
        ),
        (&["keys", "import", "--key", "pipe", "new"], 1),
        (&["keys", "show", "pipe"], 0),
    ] {
        let output = run(arguments, Stdio::null());
        let said = said(&output);
        assert!(said.contains("no plain file"), "{arguments:?}: {said}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    }
    // what comes in a pipe and ends, too: it would be read twice
    let key = std::fs::File::open(home.kept("mine.key")).unwrap();
    let mut cat = Command::new("cat");
    let mut cat = cat.stdin(key).stdout(Stdio::piped()).spawn().unwrap();
    let piped = cat.stdout.take().unwrap();
    let sign = ["sign", &reference, "--key", "/dev/stdin"];
    let output = run(&sign, piped.into());
    let told = said(&output);
    assert!(told.contains("a file of your own"), "{told}");
    assert!(cat.wait().is_ok());
    home.run(&["sign", &reference, "--key", "mine"]);
    home.run(&["verify", "--key", &public, &reference]);
}
