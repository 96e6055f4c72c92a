//! Passphrases and private keys are nowhere but where they belong: after every flow logs,
//! errors, debug output, crash output, children and files are searched for them.

use std::path::PathBuf;
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use porthole::engine::{
    Addition, AdditionId, AdditionRequest, AttachedFile, Attaching, Chore, Command, Engine,
    EngineConfig, JobState, KeyChore, KeyTarget, Outcome, Remote, Secret, SignFormat,
};
use porthole::signature::x509::KeyKind;

use super::driven::by_key;
use super::keys::gpg_key;
use super::needles::{Needles, WRONG, is_in};
use super::services::{Waiting, services};
use super::{Home, PASSPHRASE, place, said};
use crate::support::registry::{Access, Registry};

/// Keys of openssl, not encrypted: what they hold is known here.
pub fn plain_keys(home: &Home) -> Option<Vec<PathBuf>> {
    let mut made = Vec::new();
    for (name, arguments) in [
        (
            "ec",
            &[
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ][..],
        ),
        (
            "rsa",
            &[
                "genpkey",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:3072",
            ][..],
        ),
        ("ed", &["genpkey", "-algorithm", "ed25519"][..]),
    ] {
        let path = home.path(&format!("{name}.pem"));
        let out = path.display().to_string();
        let arguments = [arguments, &["-out", &out]].concat();
        let output = home.system("openssl", &arguments)?;
        assert!(output.status.success(), "{}", super::said(&output));
        made.push(path);
    }
    Some(made)
}

/// The same keys, encrypted as openssl does it.
pub fn sealed_keys(home: &Home) -> Vec<String> {
    let pass = format!("pass:{PASSPHRASE}");
    let sealed = ["ec", "rsa", "ed"].map(|name| {
        let (plain, sealed) = (format!("{name}.pem"), format!("{name}.sealed"));
        let base = [
            "pkcs8", "-topk8", "-in", &plain, "-out", &sealed, "-passout", &pass,
        ];
        let output = home.system("openssl", &base).unwrap();
        assert!(output.status.success(), "{}", super::said(&output));
        sealed
    });
    sealed.to_vec()
}

/// The program with everything switched on that may print, with `passphrase` and the tokens
/// of a CI in its environment, and the programs in `bin` before those of the system.
pub fn loud(home: &Home, arguments: &[&str], passphrase: &str) -> Process {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", home.path("bin").display());
    let mut command = home.porthole(arguments);
    command
        .env("COSIGN_PASSWORD", passphrase)
        .env("SIGSTORE_ID_TOKEN", CI_SECRETS[0])
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", CI_SECRETS[1])
        .env("PORTHOLE_LOG", "trace")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("TMPDIR", home.path("tmp"))
        .env("PATH", path);
    for argument in command.get_args() {
        assert!(!argument.to_string_lossy().contains("horse"));
    }
    command
}

/// What the environment of a CI holds.
pub const CI_SECRETS: [&str; 2] = ["gitlab-s3cret-token", "runner-s3cret-token"];

#[test]
fn no_flow_of_the_command_line_leaves_a_secret_anywhere() {
    let home = Home::new();
    let Some(plain) = plain_keys(&home) else {
        return;
    };
    let needles = Needles::of(&plain);
    std::fs::create_dir(home.path("tmp")).unwrap();
    let run = |arguments: &[&str], passphrase: &str, good: bool| {
        let arguments = [arguments, &["--debug"]].concat();
        let output = loud(&home, &arguments, passphrase).output().unwrap();
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        needles.search(&format!("the output of {arguments:?}"), &said);
        assert_eq!(output.status.success(), good, "{}", super::said(&output));
        // so that this cannot pass by saying nothing
        assert!(
            good || is_in(&said, b"passphrase"),
            "{}",
            super::said(&output)
        );
    };
    // the keys: made, taken in, opened with a wrong passphrase
    run(&["keys", "generate", "made"], PASSPHRASE, true);
    for path in &plain {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let file = path.display().to_string();
        run(&["keys", "import", &name, "--key", &file], PASSPHRASE, true);
    }
    let kept = home.kept("ec.key").display().to_string();
    run(&["keys", "import", "twice", "--key", &kept], WRONG, false);
    for sealed in sealed_keys(&home) {
        let import = ["keys", "import", &sealed, "--key", &sealed];
        run(&import, WRONG, false);
        run(&import, PASSPHRASE, true);
    }
    run(&["keys", "list"], PASSPHRASE, true);
    run(&["keys", "export", "ec"], PASSPHRASE, true);
    // signed and attested in every format, in a layout and in an archive
    let layout = place::index(&home.path("layout"));
    for key in ["ec", "ed", "rsa"] {
        for format in ["bundle", "cosign"] {
            let arguments = ["sign", &layout, "--key", key, "--format", format];
            run(&arguments, PASSPHRASE, true);
            run(&arguments, WRONG, false);
        }
    }
    std::fs::write(home.path("predicate.json"), b"{\"a\":1}").unwrap();
    let attest = [
        "attach",
        &layout,
        "--predicate",
        "predicate.json",
        "--key",
        "ec",
    ];
    run(&attest, PASSPHRASE, true);
    run(&attest, WRONG, false);
    let archive = format!("oci-archive:{}:all", home.path("a.tar").display());
    run(&["copy", &layout, &archive], PASSPHRASE, true);
    run(
        &["sign", &archive, "--key", "ec", "--recursive"],
        PASSPHRASE,
        true,
    );
    run(
        &[
            "attach",
            &archive,
            "predicate.json",
            "--artifact-type",
            "a/b",
        ],
        PASSPHRASE,
        true,
    );
    let seen = needles.search_files(&home.path(""), &plain);
    assert!(seen > 20, "{seen} files were looked at");
}

#[test]
fn no_flow_of_notation_or_openpgp_leaves_a_secret_anywhere() {
    let home = Home::new();
    let made = place::notation_chain(&home, &["-newkey", "rsa:2048"]);
    let (Some(()), Some(_)) = (made, gpg_key(&home, "Release <release@example.com>")) else {
        return;
    };
    // what openssl left unencrypted is known here
    let plain = [home.path("leaf.key"), home.path("root.key")];
    let mut needles = Needles::of(&plain);
    needles.openpgp(&home.path("secret.asc"));
    std::fs::create_dir(home.path("tmp")).unwrap();
    let run = |arguments: &[&str], passphrase: &str| {
        let arguments = [arguments, &["--debug"]].concat();
        let output = loud(&home, &arguments, passphrase).output().unwrap();
        let printed = [&output.stdout[..], &output.stderr[..]].concat();
        needles.search(&format!("the output of {arguments:?}"), &printed);
        let good = passphrase == PASSPHRASE;
        assert_eq!(output.status.success(), good, "{}", said(&output));
        assert!(good || is_in(&printed, b"passphrase"), "{}", said(&output));
    };
    let import = ["keys", "import", "--key", "secret.asc"];
    run(&[&import[..], &["twice"]].concat(), WRONG);
    run(&[&import[..], &["pgp"]].concat(), PASSPHRASE);
    let layout = place::layout(&home.path("layout"));
    let folder = format!("dir:{}", home.path("flat").display());
    run(&["copy", &layout, &folder], PASSPHRASE);
    let by_chain = ["--key", "notation", "--cert-chain", "chain.pem"];
    let by_pgp = [
        "--key",
        "pgp",
        "--sign-container-identity",
        "r.example.com/a:1",
    ];
    for passphrase in [PASSPHRASE, WRONG] {
        for envelope in ["jws", "cose"] {
            let format = ["--format", "notation", "--signature-format", envelope];
            run(
                &[&["sign", &layout], &by_chain[..], &format].concat(),
                passphrase,
            );
        }
        let format = ["--format", "simple"];
        run(
            &[&["sign", &folder], &by_pgp[..], &format].concat(),
            passphrase,
        );
    }
    assert!(home.path("flat/signature-1").exists());
    let seen = needles.search_files(&home.path(""), &plain);
    assert!(seen > 20, "{seen} files were looked at");
}

/// Puts a program into `bin` that writes down everything it is told, says `answer` and ends
/// with `code`.
fn spy(home: &Home, name: &str, answer: &str, code: u8) {
    use std::os::unix::fs::PermissionsExt;
    let seen = home.path(&format!("seen-{name}"));
    let seen = seen.display();
    let script = format!(
        "#!/bin/sh\n{{ env; tr '\\0' '\\n' < /proc/$PPID/cmdline; echo \"$@\"; }} > {seen}.part\n\
         mv {seen}.part {seen}\necho '{answer}'\nexit {code}\n"
    );
    let path = home.path(&format!("bin/{name}"));
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// What a spy wrote down, once it has.
fn seen(home: &Home, name: &str) -> Vec<u8> {
    let path = home.path(&format!("seen-{name}"));
    // it runs beside the program; only one that never runs takes this long
    for _ in 0..600 {
        if let Ok(seen) = std::fs::read(&path) {
            return seen;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{name} was not run");
}

#[test]
fn a_program_that_is_run_meanwhile_is_told_no_secret() {
    let home = Home::new();
    home.key("release", "p256");
    for folder in ["tmp", "bin", ".docker"] {
        std::fs::create_dir(home.path(folder)).unwrap();
    }
    let mut needles = Needles::of(&[]);
    for secret in CI_SECRETS {
        needles.add(secret.to_owned(), secret.as_bytes());
    }
    let told = |name: &str| {
        let seen = seen(&home, name);
        assert!(is_in(&seen, b"PATH="), "{name} was told its environment");
        needles.search(&format!("what {name} was told"), &seen);
    };

    // a credential helper, which is asked as the registry wants a login
    spy(
        &home,
        "docker-credential-spy",
        r#"{"Username":"me","Secret":"pull"}"#,
        0,
    );
    std::fs::write(home.path(".docker/config.json"), br#"{"credsStore":"spy"}"#).unwrap();
    let registry = Registry::with_access(Access::Basic {
        user: "me",
        password: "pull",
    });
    let images = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/images/busybox-small"
    );
    registry.put_layout("app", images);
    let reference = registry.reference("app:amd64");
    let sign = ["sign", &reference, "--key", "release"];
    let output = loud(&home, &sign, PASSPHRASE).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    needles.search("the output", &[output.stdout, output.stderr].concat());
    told("docker-credential-spy");

    // the browser: where one program has none to open, the next is asked
    spy(&home, "xdg-open", "", 3);
    spy(&home, "gio", "", 0);
    services(&home);
    let layout = place::layout(&home.path("layout"));
    let sign = [
        "sign",
        &layout,
        "--keyless",
        "--oidc-disable-ambient-providers",
        "--signing-config",
        "config1.json",
        "--trusted-root",
        "root.json",
        "--yes",
    ];
    let waiting = Waiting::of(loud(&home, &sign, PASSPHRASE));
    told("xdg-open");
    told("gio");
    waiting.sign_in();
    let (output, words) = waiting.end();
    assert!(output.status.success(), "{words}");
    needles.search("the output", words.as_bytes());
    needles.search_files(&home.path(""), &[]);
}

/// Everything that the engine says of what it does, until `done` has found its end.
fn until<T>(changes: &Receiver<()>, mut done: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = done() {
            return found;
        }
        changes
            .recv_timeout(std::time::Duration::from_secs(60))
            .expect("the engine answers");
    }
}

#[test]
fn nothing_that_passes_through_the_engine_can_be_printed() {
    let home = Home::new();
    let Some(plain) = plain_keys(&home) else {
        return;
    };
    let needles = Needles::of(&plain);
    let config = EngineConfig {
        platform: porthole::model::Platform::host(),
        network: porthole::config::Network::default(),
        cache: None,
        trust: porthole::engine::TrustConfig {
            own_keys: Some(home.path("keys")),
            ..Default::default()
        },
    };
    let (sender, changes) = std::sync::mpsc::channel();
    let waker = Arc::new(move || {
        let _ = sender.send(());
    });
    let engine = Engine::spawn(config, waker).unwrap();
    let tell = |command: Command| {
        // what a crash would print, and a log
        let printed = format!("{command:?} {command:#?}");
        needles.search("a command", printed.as_bytes());
        let crash = std::panic::catch_unwind(|| panic!("{command:?}")).unwrap_err();
        let crash = crash.downcast_ref::<String>().expect("a text");
        needles.search("a crash", crash.as_bytes());
        engine.send(command);
    };
    let ended = |chore: KeyChore| -> Outcome {
        tell(Command::Chore(Chore::Keys(chore)));
        let outcome = until(&changes, || engine.take_outcomes().into_iter().next());
        needles.search("an outcome", format!("{outcome:?}").as_bytes());
        outcome
    };
    let secret = |word: &str| Secret::new(word.to_owned());
    let target = |name: &str| KeyTarget::Named(name.to_owned());
    let made = ended(KeyChore::Generate {
        target: target("made"),
        kind: KeyKind::P256,
        passphrase: secret(PASSPHRASE),
    });
    assert!(matches!(made, Outcome::KeyKept { .. }), "{made:?}");
    for path in &plain {
        let imported = ended(KeyChore::Import {
            file: path.clone(),
            target: target(&path.file_stem().unwrap().to_string_lossy()),
            passphrase: None,
            new: Some(secret(PASSPHRASE)),
        });
        assert!(matches!(imported, Outcome::KeyKept { .. }), "{imported:?}");
    }
    let refused = ended(KeyChore::Import {
        file: home.path("keys/ec.key"),
        target: target("twice"),
        passphrase: Some(secret(WRONG)),
        new: None,
    });
    assert!(
        matches!(refused, Outcome::KeyFailed { ask: true, .. }),
        "{refused:?}"
    );

    let layout = place::index(&home.path("layout"));
    std::fs::write(home.path("predicate.json"), b"{\"a\":1}").unwrap();
    let attest = Addition::Attest {
        signing: Box::new(by_key("ed", SignFormat::Bundle)),
        predicate: home.path("predicate.json"),
        kind: "custom".to_owned(),
    };
    let attach = Addition::Attach(Attaching {
        files: vec![AttachedFile {
            path: home.path("predicate.json"),
            media_type: None,
        }],
        artifact_type: Some("application/x".to_owned()),
        annotations: Default::default(),
    });
    let additions = [
        (
            Addition::Sign(vec![by_key("ec", SignFormat::Bundle)]),
            PASSPHRASE,
        ),
        (
            Addition::Sign(vec![by_key("rsa", SignFormat::Cosign)]),
            PASSPHRASE,
        ),
        (attest, PASSPHRASE),
        (attach, PASSPHRASE),
        (
            Addition::Sign(vec![by_key("ec", SignFormat::Bundle)]),
            WRONG,
        ),
    ];
    for (addition, word) in additions {
        let id = AdditionId::next();
        let request = AdditionRequest {
            reference: layout.clone(),
            recursive: false,
            addition,
        };
        tell(Command::Add {
            addition: id,
            passphrases: vec![Some(secret(word))],
            accept: false,
            request: Box::new(request),
        });
        let snapshot = until(&changes, || {
            let snapshot = engine.addition(id)?;
            let printed = format!("{snapshot:?}");
            needles.search("a snapshot", printed.as_bytes());
            let ended = matches!(snapshot.report, Remote::Ready(_) | Remote::Failed { .. });
            ended.then_some(snapshot)
        });
        assert_eq!(snapshot.ask, (word == WRONG).then_some(0), "{snapshot:?}");
        assert_eq!(
            snapshot.report.value().is_some(),
            word != WRONG,
            "{snapshot:?}"
        );
        // a passphrase that is asked for again leaves no job that failed
        let over = until(&changes, || {
            let jobs = engine.jobs();
            let over = jobs.iter().all(|job| job.state.is_final());
            over.then_some(jobs)
        });
        let failed = over
            .iter()
            .any(|job| matches!(job.state, JobState::Failed(_)));
        assert!(!failed, "{over:?}");
        let jobs = format!("{over:?} {:?}", engine.take_outcomes());
        needles.search("the jobs", jobs.as_bytes());
    }
    needles.search_files(&home.path(""), &plain);
}
