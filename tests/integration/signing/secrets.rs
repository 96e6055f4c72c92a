//! Passphrases and private keys are nowhere but where they belong: after every flow logs,
//! errors, debug output, crash output, children and files are searched for them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use porthole::engine::{
    Addition, AdditionId, AdditionRequest, AttachedFile, Attaching, Chore, Command, Engine,
    EngineConfig, KeyChore, KeyTarget, Outcome, Remote, Secret, SignBy, SignFormat, Signing,
};
use porthole::signature::x509::KeyKind;

use super::{Home, PASSPHRASE, place};

/// A passphrase that was typed wrong is one too.
const WRONG: &str = "wrong horse battery";

/// What must not be found, in every form in which somebody may write it.
struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    /// The passphrases, and the private keys of these PEM files.
    fn of(keys: &[PathBuf]) -> Self {
        let mut needles = Self(Vec::new());
        for word in [PASSPHRASE, WRONG] {
            needles.all_forms(&format!("the passphrase {word}"), word.as_bytes());
        }
        for path in keys {
            let pem = std::fs::read_to_string(path).unwrap();
            let body: Vec<_> = pem
                .lines()
                .filter(|line| !line.starts_with("-----"))
                .collect();
            let name = path.display();
            for line in body.iter().filter(|line| line.len() >= 32) {
                needles.add(format!("a line of {name}"), line.as_bytes());
            }
            let der = BASE64_STANDARD.decode(body.concat()).unwrap();
            needles.all_forms(&format!("the key {name}"), &der);
            if let Some(scalar) = scalar(&der) {
                needles.all_forms(&format!("the scalar of {name}"), scalar);
            }
        }
        needles
    }

    fn add(&mut self, name: String, bytes: &[u8]) {
        self.0.push((name, bytes.to_vec()));
    }

    fn all_forms(&mut self, name: &str, bytes: &[u8]) {
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        // as `Debug` shows a list of bytes
        let mut list = format!("{:?}", &bytes[..bytes.len().min(16)]);
        list.pop();
        // the end of one has its padding, and what follows may have another
        let base64 = BASE64_STANDARD.encode(bytes);
        let base64 = base64.trim_end_matches('=').to_owned();
        self.add(format!("{name}, as it is"), bytes);
        self.add(format!("{name}, in hex"), hex.as_bytes());
        self.add(
            format!("{name}, in capital hex"),
            hex.to_uppercase().as_bytes(),
        );
        self.add(
            format!("{name}, in base64"),
            &base64.as_bytes()[..base64.len() - 1],
        );
        self.add(format!("{name}, as numbers"), &list.as_bytes()[1..]);
    }

    fn search(&self, place: &str, bytes: &[u8]) {
        for (name, needle) in &self.0 {
            let found = memchr_find(bytes, needle);
            assert!(!found, "{place} has {name}");
        }
    }

    /// Searches every file below `folder` but for those in `own`, which have it of right.
    fn search_files(&self, folder: &Path, own: &[PathBuf]) -> usize {
        let mut seen = 0;
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else if !own.contains(&path)
                    && let Ok(bytes) = std::fs::read(&path)
                {
                    self.search(&path.display().to_string(), &bytes);
                    self.search("a name", path.to_string_lossy().as_bytes());
                    seen += 1;
                }
            }
        }
        seen
    }
}

fn memchr_find(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
}

/// The private number in a SEC 1 key (RFC 5915): the string behind its version.
fn scalar(der: &[u8]) -> Option<&[u8]> {
    const VERSION: [u8; 3] = [2, 1, 1];
    let at = der.windows(3).position(|window| window == VERSION)?;
    match der.get(at + 3..)? {
        [4, length, rest @ ..] => rest.get(..usize::from(*length)),
        _ => None,
    }
}

/// Keys of openssl, not encrypted: what they hold is known here.
fn plain_keys(home: &Home) -> Option<Vec<PathBuf>> {
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

/// What a run said, and what the system says of the process and of its children.
fn watched(home: &Home, arguments: &[&str], passphrase: &str) -> Output {
    let mut command = home.porthole(arguments);
    command
        .env("COSIGN_PASSWORD", passphrase)
        .env("PORTHOLE_LOG", "trace")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("TMPDIR", home.path("tmp"))
        .env(
            "PATH",
            format!(
                "{}:{}",
                home.path("bin").display(),
                std::env::var("PATH").unwrap_or_default()
            ),
        );
    for argument in command.get_args() {
        assert!(!argument.to_string_lossy().contains("horse"));
    }
    command.output().unwrap()
}

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
        let output = watched(&home, &arguments, passphrase);
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        needles.search(&format!("the output of {arguments:?}"), &said);
        assert_eq!(output.status.success(), good, "{}", super::said(&output));
        // so that this cannot pass by saying nothing
        assert!(
            good || memchr_find(&said, b"passphrase"),
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
fn a_program_that_is_run_meanwhile_is_told_no_passphrase() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.key("release", "p256");
    for folder in ["tmp", "bin", "docker"] {
        std::fs::create_dir(home.path(folder)).unwrap();
    }
    let script = format!(
        "#!/bin/sh\nenv > {0}\ntr '\\0' '\\n' < /proc/$PPID/cmdline >> {0}\necho \"$@\" >> {0}\nexit 1\n",
        home.path("seen").display()
    );
    let helper = home.path("bin/docker-credential-spy");
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir(home.path(".docker")).unwrap();
    std::fs::write(home.path(".docker/config.json"), br#"{"credsStore":"spy"}"#).unwrap();
    // nobody listens there: the helper is asked before that is known
    let output = watched(
        &home,
        &["sign", "docker://127.0.0.1:1/a/b:1", "--key", "release"],
        PASSPHRASE,
    );
    let needles = Needles::of(&[]);
    needles.search("the output", &[output.stdout, output.stderr].concat());
    if let Ok(seen) = std::fs::read(home.path("seen")) {
        assert!(memchr_find(&seen, b"PATH="), "it was run");
        needles.search("what a helper was told", &seen);
    }
    needles.search_files(&home.path(""), &[]);
}

fn signing(key: &str, format: SignFormat) -> Signing {
    Signing {
        by: SignBy::Key(key.to_owned()),
        services: Default::default(),
        chain: None,
        format,
        annotations: Default::default(),
        identity: None,
        expiry: None,
        lookaside: None,
    }
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
        signing: Box::new(signing("ed", SignFormat::Bundle)),
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
            Addition::Sign(vec![signing("ec", SignFormat::Bundle)]),
            PASSPHRASE,
        ),
        (
            Addition::Sign(vec![signing("rsa", SignFormat::Cosign)]),
            PASSPHRASE,
        ),
        (attest, PASSPHRASE),
        (attach, PASSPHRASE),
        (
            Addition::Sign(vec![signing("ec", SignFormat::Bundle)]),
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
        let jobs = format!("{:?} {:?}", engine.jobs(), engine.take_outcomes());
        needles.search("the jobs", jobs.as_bytes());
    }
    needles.search_files(&home.path(""), &plain);
}
