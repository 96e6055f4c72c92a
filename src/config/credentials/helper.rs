//! Credential helpers: programs that keep credentials, run as Docker defines it
//! (`docker-credential-NAME get|store|erase|list`, the question on stdin, the answer in
//! JSON on stdout).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Credentials, Origin, Secret, SecretKind, docker_key};
use crate::model::text;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES: u64 = 1 << 20;

/// Longest text of a helper's error that is shown, in characters.
const SHOWN: usize = 200;

/// What helpers say where they have nothing, whoever wrote them.
const NOT_FOUND: &str = "credentials not found";

/// The user's name that says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";

/// How often a program that is just being written is tried again.
const BUSY: u32 = 20;

/// Where helpers are looked for, and how long they are waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helpers {
    /// The folders, the first that has the helper wins.
    pub folders: Vec<PathBuf>,
    /// Longest wait for an answer: long enough for somebody to unlock a keyring.
    pub timeout: Duration,
}

impl Default for Helpers {
    /// No folder: no helper is run.
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            timeout: Duration::from_secs(30),
        }
    }
}

impl Helpers {
    /// The folders of `path` (the variable `PATH`), then those that a program started from
    /// a desktop often does not have in it.
    pub(in crate::config) fn usual(path: Option<&OsStr>, home: Option<&Path>) -> Self {
        let mut folders: Vec<PathBuf> = path
            .map(|path| std::env::split_paths(path).collect())
            .unwrap_or_default();
        // a relative folder would be another one wherever the program is started
        folders.retain(|folder| folder.is_absolute());
        if let Some(home) = home {
            let own = [".local/bin", "bin", ".docker/bin", ".rd/bin", "go/bin"];
            folders.extend(own.map(|folder| home.join(folder)));
        }
        let usual: &[&str] = if cfg!(windows) {
            &[r"C:\Program Files\Docker\Docker\resources\bin"]
        } else {
            &[
                "/usr/local/bin",
                "/usr/bin",
                "/opt/homebrew/bin",
                "/home/linuxbrew/.linuxbrew/bin",
                "/snap/bin",
                "/Applications/Docker.app/Contents/Resources/bin",
                "/usr/local/google-cloud-sdk/bin",
            ]
        };
        folders.extend(usual.iter().map(PathBuf::from));
        let mut seen = std::collections::HashSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        Self {
            folders,
            ..Self::default()
        }
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        let mut places = self.folders.iter().map(|folder| folder.join(&file));
        places.find(|place| place.is_file())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: Secret,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    #[serde(rename = "ServerURL")]
    server: &'a str,
    username: &'a str,
    secret: &'a str,
}

/// What the helper `name`, named in `file`, has for `registry`; nothing where it has
/// nothing. Docker Hub and others are asked for under each name that tools give them.
///
/// # Errors
/// Why it could not be asked, with the helper and the file named.
pub(super) fn get(
    helpers: &Helpers,
    name: &str,
    file: &Path,
    registry: &str,
) -> Result<Option<Credentials>, String> {
    let address = format!("https://{registry}");
    let docker = docker_key(registry);
    let keys = if docker == registry {
        [registry, &address]
    } else {
        [docker, registry]
    };
    for key in keys {
        if let Some(found) = get_key(helpers, name, file, key)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn get_key(
    helpers: &Helpers,
    name: &str,
    file: &Path,
    key: &str,
) -> Result<Option<Credentials>, String> {
    let program = program(name);
    let Some(answer) = run(helpers, name, file, "get", key.as_bytes())? else {
        return Ok(None);
    };
    // serde's own words can quote what it found, and that can be a password
    let answer: Option<Answer> = serde_json::from_slice(&answer).ok();
    let answer = answer.filter(|answer| !answer.secret.is_empty());
    let Some(answer) = answer else {
        return Err(failed(&program, file, "answered what is no credential"));
    };
    let kind = if answer.username == TOKEN_USER {
        SecretKind::IdentityToken
    } else {
        SecretKind::Password
    };
    Ok(Some(Credentials {
        user: if kind == SecretKind::Password {
            answer.username
        } else {
            String::new()
        },
        secret: answer.secret,
        kind,
        origin: Origin::Helper {
            program,
            file: file.to_owned(),
        },
    }))
}

/// Lets the helper keep `secret` under `key`.
///
/// # Errors
/// As [`get`].
pub(super) fn store(
    helpers: &Helpers,
    name: &str,
    file: &Path,
    (key, user, secret): (&str, &str, &Secret),
) -> Result<(), String> {
    let question = Question {
        server: key,
        username: user,
        secret: secret.expose(),
    };
    // room for all of it at once: growing would leave copies of the secret behind
    let room = 6 * (key.len() + user.len() + secret.expose().len()) + 64;
    let mut json = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *json, &question)
        .map_err(|_| failed(&program(name), file, "cannot be asked"))?;
    run(helpers, name, file, "store", &json).map(drop)
}

/// Lets the helper forget what it keeps under `key`; whether there was something.
///
/// # Errors
/// As [`get`].
pub(super) fn erase(helpers: &Helpers, name: &str, file: &Path, key: &str) -> Result<bool, String> {
    // most helpers say nothing where they have nothing to erase
    if get_key(helpers, name, file, key)?.is_none() {
        return Ok(false);
    }
    Ok(run(helpers, name, file, "erase", key.as_bytes())?.is_some())
}

/// Addresses and users of all that the helper keeps.
///
/// # Errors
/// As [`get`].
pub(super) fn list(
    helpers: &Helpers,
    name: &str,
    file: &Path,
) -> Result<BTreeMap<String, String>, String> {
    let Some(answer) = run(helpers, name, file, "list", b"")? else {
        return Ok(BTreeMap::new());
    };
    serde_json::from_slice(&answer)
        .map_err(|_| failed(&program(name), file, "answered what is no list"))
}

/// Whether the helper `name` is in one of the folders.
pub(super) fn is_there(helpers: &Helpers, name: &str) -> bool {
    helpers.find(&program(name)).is_some()
}

/// What the helper `name` is called as a program.
pub(super) fn program(name: &str) -> String {
    format!("docker-credential-{name}")
}

fn failed(program: &str, file: &Path, what: &str) -> String {
    format!(
        "the credential helper {} {what} (it is named in {})",
        text::visible(program),
        file.display()
    )
}

/// Runs the helper `name` and gives what it answered; nothing where it says that it has
/// nothing.
fn run(
    helpers: &Helpers,
    name: &str,
    file: &Path,
    verb: &str,
    question: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let program = program(name);
    // what a settings file names must not run a program from anywhere
    if name.contains(['/', '\\', ':']) || name.chars().any(char::is_control) {
        return Err(failed(&program, file, "has a name that no program has"));
    }
    let Some(path) = helpers.find(&program) else {
        let what = "was not found on the PATH nor in the usual folders";
        return Err(failed(&program, file, what));
    };
    let place = path.display().to_string();
    let fail = |what: String| failed(&place, file, &what);
    let mut child = start(&path, verb).map_err(|error| fail(format!("cannot be run: {error}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // one that does not read its question answers all the same, or fails
        let _ = stdin.write_all(question);
    }
    let started = Instant::now();
    let answer = answer_in_time(&mut child, helpers.timeout);
    let too_long = matches!(&answer, Some(Ok(answer)) if answer.len() as u64 > ANSWER_BYTES);
    let left = helpers.timeout.saturating_sub(started.elapsed());
    let status = match &answer {
        Some(_) if !too_long => ended(&mut child, left),
        _ => None,
    };
    let (Some(answer), Some(status)) = (answer, status) else {
        // it may have ended meanwhile
        let _ = child.kill();
        let _ = child.wait();
        if too_long {
            return Err(fail(format!("answered more than {ANSWER_BYTES} bytes")));
        }
        let seconds = helpers.timeout.as_secs().max(1);
        return Err(fail(format!("did not answer within {seconds} s")));
    };
    let answer = answer.map_err(|error| fail(format!("cannot be read: {error}")))?;
    if status.success() {
        return Ok(Some(answer));
    }
    // errors come on stdout, too
    let said = String::from_utf8_lossy(&answer);
    let said = said.trim();
    if said.to_ascii_lowercase().contains(NOT_FOUND) {
        return Ok(None);
    }
    let said: String = said.chars().take(SHOWN).collect();
    let said = text::visible(&said);
    Err(fail(if said.is_empty() {
        format!("failed ({status})")
    } else {
        format!("failed: {said}")
    }))
}

fn start(path: &Path, verb: &str) -> std::io::Result<Child> {
    let mut command = crate::config::program(path);
    command
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        // CREATE_NO_WINDOW: no console flashes up
        command.creation_flags(0x0800_0000);
    }
    let mut tries = 0;
    loop {
        match command.spawn() {
            // it is just being written: an update
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && tries < BUSY => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            started => return started,
        }
    }
}

/// How `child` ended; nothing where it goes on for longer than `timeout`. It has closed its
/// output already, and so mostly ends at once.
fn ended(child: &mut Child, timeout: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if started.elapsed() > timeout {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// All that `child` writes, up to a limit; nothing where it takes longer than `timeout`.
fn answer_in_time(
    child: &mut Child,
    timeout: Duration,
) -> Option<std::io::Result<Zeroizing<Vec<u8>>>> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    // a thread that nobody waits for: what a helper has started may keep the pipe open
    std::thread::spawn(move || {
        let mut answer = Zeroizing::new(Vec::with_capacity(64 << 10));
        let read = stdout.take(ANSWER_BYTES + 1).read_to_end(&mut answer);
        // nobody listens any more where it was too late
        let _ = sender.send(read.map(|_| answer));
    });
    receiver.recv_timeout(timeout).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A folder with the helper `test`, a script of `body`.
    fn helper(body: &str) -> (tempfile::TempDir, Helpers) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("docker-credential-test");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let helpers = Helpers {
            folders: vec![dir.path().to_owned()],
            timeout: Duration::from_secs(20),
        };
        (dir, helpers)
    }

    fn asked(helpers: &Helpers, registry: &str) -> Result<Option<Credentials>, String> {
        get(helpers, "test", Path::new("/x/config.json"), registry)
    }

    #[test]
    fn the_question_is_the_server_and_the_answer_is_json() {
        let (_dir, helpers) = helper(
            r#"[ "$1" = get ] || exit 9
            [ "$(cat)" = r.io ] || { echo "credentials not found in native keychain"; exit 1; }
            echo '{"ServerURL":"r.io","Username":"u","Secret":"s3cret"}'"#,
        );
        let found = asked(&helpers, "r.io").unwrap().unwrap();
        assert_eq!((&*found.user, found.secret.expose()), ("u", "s3cret"));
        assert_eq!(found.kind, SecretKind::Password);
        assert!(found.origin.to_string().contains("docker-credential-test"));
        assert_eq!(asked(&helpers, "other.io").unwrap(), None);
    }

    #[test]
    fn docker_hub_is_asked_for_as_docker_keeps_it() {
        let (_dir, helpers) = helper(
            r#"case "$(cat)" in https://index.docker.io/v1/) echo '{"Username":"<token>","Secret":"t"}';;
            *) echo credentials not found in native keychain; exit 1;; esac"#,
        );
        let found = asked(&helpers, "docker.io").unwrap().unwrap();
        assert_eq!(found.kind, SecretKind::IdentityToken);
        assert_eq!(found.user, "");
    }

    #[test]
    fn a_helper_that_fails_or_lies_is_named() {
        for (body, part) in [
            (
                "echo 'the keyring is locked'; exit 1",
                "the keyring is locked",
            ),
            ("exit 3", "failed"),
            ("echo s3cret", "no credential"),
            (r#"echo '{"Username":"u","Secret":""}'"#, "no credential"),
            (r#"echo '{"Username":"u"}'"#, "no credential"),
            (r#"echo '["s3cret"]'"#, "no credential"),
            ("head -c 2000000 /dev/zero", "more than"),
        ] {
            let (_dir, helpers) = helper(body);
            let why = asked(&helpers, "r.io").unwrap_err();
            assert!(why.contains(part), "{body}: {why}");
            assert!(why.contains("docker-credential-test"), "{why}");
            assert!(why.contains("/x/config.json"), "{why}");
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn a_helper_that_hangs_is_ended() {
        for body in ["exec sleep 600", "exec 1>&-; exec sleep 600"] {
            let (_dir, helpers) = helper(body);
            let helpers = Helpers {
                timeout: Duration::from_millis(100),
                ..helpers
            };
            let why = asked(&helpers, "r.io").unwrap_err();
            assert!(why.contains("did not answer within 1 s"), "{why}");
        }
    }

    #[test]
    fn a_helper_that_is_nowhere_or_has_a_path_is_not_run() {
        let (_dir, helpers) = helper("echo run > ran");
        let file = Path::new("/x/config.json");
        let why = get(&helpers, "gone", file, "r.io").unwrap_err();
        assert!(why.contains("was not found"), "{why}");
        for name in ["../test", "a/../test", r"..\test"] {
            let why = get(&helpers, name, file, "r.io").unwrap_err();
            assert!(why.contains("no program has"), "{why}");
        }
    }

    #[test]
    fn the_usual_folders_come_behind_the_path() {
        let helpers = Helpers::usual(Some(OsStr::new("/a:rel:/b:/a")), Some(Path::new("/home/u")));
        let texts: Vec<_> = helpers.folders.iter().filter_map(|f| f.to_str()).collect();
        assert_eq!(&texts[..3], ["/a", "/b", "/home/u/.local/bin"]);
        assert!(texts.contains(&"/usr/local/bin"), "{texts:?}");
    }
}
