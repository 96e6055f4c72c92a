//! `porthole login` and `logout`: what they write is what docker, podman and skopeo read.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::BUSYBOX;
use crate::support::peers;
use crate::support::registry::{Access, Registry, Token};

const BASIC: Access = Access::Basic {
    user: "alice",
    password: "s3cret",
};

/// A person with a folder of their own, and programs in front of all others on the path.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        Self(dir)
    }

    fn path(&self, rest: &str) -> PathBuf {
        self.0.path().join(rest)
    }

    /// Docker's config.json, as JSON.
    fn config(&self) -> Value {
        let text = std::fs::read(self.path(".docker/config.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn write_config(&self, value: &Value) {
        std::fs::create_dir_all(self.path(".docker")).unwrap();
        std::fs::write(self.path(".docker/config.json"), value.to_string()).unwrap();
    }

    /// A helper that keeps each secret in a file, and writes down what it is asked.
    #[cfg(unix)]
    fn helper(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        let store = self.path("store");
        std::fs::create_dir_all(&store).unwrap();
        let script = format!(
            r#"#!/bin/sh
cd '{}' || exit 1
question=$(cat)
echo "$1" >> asked
file=$(printf %s "$question" | tr -c 'a-zA-Z0-9\n' _)
case $1 in
  store) server=$(printf %s "$question" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/')
    printf %s "$question" > "entry_$(printf %s "$server" | tr -c 'a-zA-Z0-9\n' _)" ;;
  get) cat "entry_$file" 2>/dev/null || {{ echo "credentials not found in native keychain"; exit 1; }} ;;
  erase) rm "entry_$file" ;;
  list) echo '{{}}' ;;
esac
"#,
            store.display()
        );
        let file = self.path(&format!("bin/docker-credential-{name}"));
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.path("bin").display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(arguments)
            .env("HOME", self.0.path())
            .env("PATH", path)
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("REGISTRY_AUTH_FILE")
            .env_remove("DOCKER_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // one that has refused already reads nothing
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn login(&self, host: &str, password: &str, more: &[&str]) -> Output {
        let mut arguments = vec!["login", host, "--username", "alice", "--password-stdin"];
        arguments.extend_from_slice(more);
        self.run(&arguments, &format!("{password}\n"))
    }
}

fn said(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&all).into_owned()
}

fn registry(access: Access) -> Registry {
    let registry = Registry::with_access(access);
    registry.put_layout("team/busybox", BUSYBOX);
    registry
}

#[test]
fn a_login_is_checked_kept_used_and_forgotten() {
    let token = Access::Token(Token {
        user: Some(("alice", "s3cret")),
        anonymous: false,
        ..Token::default()
    });
    for access in [BASIC, token] {
        let registry = registry(access);
        let host = registry.host();
        let home = Home::new();
        home.write_config(&json!({
            "auths": {"other.io": {"auth": "eDp5"}}, "HttpHeaders": {"X": "y"},
        }));
        let reference = registry.reference("team/busybox:1.37.0");
        assert!(!home.run(&["inspect", &reference], "").status.success());

        let done = home.login(&host, "s3cret", &[]);
        assert!(done.status.success(), "{}", said(&done));
        let said_of_it = said(&done);
        assert!(
            said_of_it.contains(&format!("Logged in to {host} as alice")),
            "{said_of_it}"
        );
        assert!(said_of_it.contains("config.json"), "{said_of_it}");
        assert!(said_of_it.contains("not encrypted"), "{said_of_it}");
        assert!(!said_of_it.contains("s3cret"), "{said_of_it}");
        // alice:s3cret
        assert_eq!(
            home.config(),
            json!({
                "auths": {"other.io": {"auth": "eDp5"}, &host: {"auth": "YWxpY2U6czNjcmV0"}},
                "HttpHeaders": {"X": "y"},
            })
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let about = std::fs::metadata(home.path(".docker/config.json")).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, 0o600);
        }
        let read = home.run(&["inspect", &reference], "");
        assert!(read.status.success(), "{}", said(&read));

        let done = home.run(&["logout", &host], "");
        assert!(done.status.success(), "{}", said(&done));
        assert_eq!(
            home.config()["auths"],
            json!({"other.io": {"auth": "eDp5"}})
        );
        assert!(!home.run(&["inspect", &reference], "").status.success());
        let again = home.run(&["logout", &host], "");
        assert!(!again.status.success());
        assert!(
            said(&again).contains("nothing was kept"),
            "{}",
            said(&again)
        );
    }
}

#[test]
fn what_is_not_taken_is_not_kept() {
    let registry = registry(BASIC);
    let home = Home::new();
    let done = home.login(&registry.host(), "wr0ng", &[]);
    assert_eq!(done.status.code(), Some(1));
    let said_of_it = said(&done);
    assert!(
        said_of_it.contains("the credentials for alice were refused"),
        "{said_of_it}"
    );
    assert!(!said_of_it.contains("wr0ng"), "{said_of_it}");
    assert!(!home.path(".docker").exists());

    // one that lets everybody in cannot tell whether a password is right
    let open = self::registry(Access::Anybody);
    let done = home.login(&open.host(), "s3cret", &[]);
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("lets everybody in"), "{}", said(&done));
    assert!(!home.path(".docker").exists());
}

#[test]
fn a_named_file_is_the_only_one() {
    let registry = registry(BASIC);
    let home = Home::new();
    #[cfg(unix)]
    home.helper("secretservice");
    let file = home.path("mine/auth.json");
    let option = ["--authfile", file.to_str().unwrap()];
    let done = home.login(&registry.host(), "s3cret", &option);
    assert!(done.status.success(), "{}", said(&done));
    assert!(!home.path(".docker").exists());
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept["auths"][registry.host()]["auth"], "YWxpY2U6czNjcmV0");
    let reference = registry.reference("team/busybox:1.37.0");
    let read = home.run(&["inspect", &reference, option[0], option[1]], "");
    assert!(read.status.success(), "{}", said(&read));
    assert!(!home.run(&["inspect", &reference], "").status.success());
}

#[test]
fn a_login_for_a_part_of_a_registry_is_used_for_that_part() {
    let registry = registry(BASIC);
    registry.put_layout("other/busybox", BUSYBOX);
    let home = Home::new();
    let part = format!("{}/team", registry.host());
    let done = home.login(&part, "s3cret", &[]);
    assert!(done.status.success(), "{}", said(&done));
    for (name, works) in [("team/busybox", true), ("other/busybox", false)] {
        let reference = registry.reference(&format!("{name}:1.37.0"));
        let read = home.run(&["inspect", &reference], "");
        assert_eq!(read.status.success(), works, "{name}: {}", said(&read));
    }
}

#[test]
#[cfg(unix)]
fn a_helper_that_the_file_names_keeps_the_secret() {
    for kind in ["credsStore", "credHelpers"] {
        let registry = registry(BASIC);
        let host = registry.host();
        let home = Home::new();
        home.helper("vault");
        home.write_config(&match kind {
            "credsStore" => json!({"credsStore": "vault"}),
            _ => json!({"credHelpers": {&host: "vault"}}),
        });
        let done = home.login(&host, "s3cret", &[]);
        assert!(done.status.success(), "{}", said(&done));
        assert!(
            said(&done).contains("docker-credential-vault") && !said(&done).contains("encrypted"),
            "{}",
            said(&done)
        );
        let text = home.config().to_string();
        assert!(!text.contains("YWxpY2U6"), "{text}");
        // podman and skopeo only ask the helper of a host
        assert_eq!(home.config()["credHelpers"][&host], "vault");
        let reference = registry.reference("team/busybox:1.37.0");
        let read = home.run(&["inspect", &reference], "");
        assert!(read.status.success(), "{}", said(&read));

        let done = home.run(&["logout", &host], "");
        assert!(done.status.success(), "{}", said(&done));
        let asked = std::fs::read_to_string(home.path("store/asked")).unwrap();
        assert!(asked.lines().any(|verb| verb == "erase"), "{asked}");
        assert!(!home.run(&["inspect", &reference], "").status.success());
    }
}

#[test]
#[cfg(unix)]
fn the_systems_keyring_is_preferred_where_it_works() {
    let registry = registry(BASIC);
    let host = registry.host();
    let home = Home::new();
    home.helper("secretservice");
    let done = home.login(&host, "s3cret", &[]);
    assert!(done.status.success(), "{}", said(&done));
    assert!(
        said(&done).contains("docker-credential-secretservice"),
        "{}",
        said(&done)
    );
    assert_eq!(home.config()["credHelpers"][&host], "secretservice");
    assert!(!home.config().to_string().contains("YWxpY2U6"));
    let reference = registry.reference("team/busybox:1.37.0");
    let read = home.run(&["inspect", &reference], "");
    assert!(read.status.success(), "{}", said(&read));

    // one that fails, as without a session of a desktop, is none
    let home = Home::new();
    home.helper("secretservice");
    let broken = home.path("bin/docker-credential-secretservice");
    std::fs::write(&broken, "#!/bin/sh\necho no session; exit 1\n").unwrap();
    let done = home.login(&host, "s3cret", &[]);
    assert!(done.status.success(), "{}", said(&done));
    assert!(said(&done).contains("not encrypted"), "{}", said(&done));
    assert_eq!(home.config()["auths"][&host]["auth"], "YWxpY2U6czNjcmV0");
}

#[test]
#[cfg(unix)]
fn a_helper_that_forgets_what_it_took_is_an_error_and_changes_nothing() {
    let registry = registry(BASIC);
    let home = Home::new();
    home.helper("vault");
    let lying =
        "#!/bin/sh\n[ $1 = store ] || { echo credentials not found in native keychain; exit 1; }\n";
    std::fs::write(home.path("bin/docker-credential-vault"), lying).unwrap();
    let before = json!({"credsStore": "vault"});
    home.write_config(&before);
    let done = home.login(&registry.host(), "s3cret", &[]);
    assert!(!done.status.success());
    assert!(
        said(&done).contains("does not give it back"),
        "{}",
        said(&done)
    );
    assert_eq!(home.config(), before);
}

/// Whether skopeo reads `reference` with what is in `file`.
fn skopeo_reads(skopeo: &peers::Tool, file: &Path, reference: &str) -> bool {
    let file = file.to_str().unwrap();
    let arguments = [
        "inspect",
        "--raw",
        "--tls-verify=false",
        "--authfile",
        file,
        reference,
    ];
    skopeo.try_run(&arguments).status.success()
}

#[test]
fn what_is_kept_is_read_by_skopeo_podman_oras_and_crane() {
    let Some(skopeo) = peers::tool("skopeo") else {
        return;
    };
    let (Some(oras), Some(crane)) = (peers::tool("oras"), peers::tool("crane")) else {
        return;
    };
    for (name, offset) in [("basic", 2), ("token", 4)] {
        let Some(host) = peers::registry(offset) else {
            peers::skip(&format!("the registry {name} does not run"));
            return;
        };
        let home = Home::new();
        let done = home.login(&host, "wr0ng", &[]);
        assert!(!done.status.success(), "{name}: {}", said(&done));
        let done = home.login(&host, "s3cret", &[]);
        assert!(done.status.success(), "{name}: {}", said(&done));
        let file = home.path(".docker/config.json");
        let path = file.to_str().unwrap();
        // pushing wants a login at both
        let image = format!("{BUSYBOX}:1.37.0");
        let to = format!("{host}/logins:1");
        oras.run(&[
            "cp",
            "--no-tty",
            "--from-oci-layout",
            "--to-plain-http",
            "--to-registry-config",
            path,
            &image,
            &to,
        ]);
        let reference = format!("docker://{to}");
        assert!(skopeo_reads(&skopeo, &file, &reference), "{name}");
        let digest = crane
            .command()
            .args(["digest", "--insecure", &to])
            .env("DOCKER_CONFIG", home.path(".docker"))
            .output()
            .unwrap();
        assert!(digest.status.success(), "{name}: {}", said(&digest));
        if let Ok(podman) = Command::new("podman")
            .args(["login", "--get-login", "--authfile", path, &host])
            .output()
        {
            assert_eq!(String::from_utf8_lossy(&podman.stdout).trim(), "alice");
        }
        let done = home.run(&["logout", &host], "");
        assert!(done.status.success(), "{name}: {}", said(&done));
        if name == "basic" {
            assert!(!skopeo_reads(&skopeo, &file, &reference));
        }
    }
}

#[test]
fn what_skopeo_keeps_is_read_and_forgotten() {
    let Some(skopeo) = peers::tool("skopeo") else {
        return;
    };
    let registry = registry(BASIC);
    let home = Home::new();
    let file = home.path("auth.json");
    let option = ["--authfile", file.to_str().unwrap()];
    let host = registry.host();
    skopeo.run(&[
        "login",
        "--tls-verify=false",
        option[0],
        option[1],
        "--username",
        "alice",
        "--password",
        "s3cret",
        &host,
    ]);
    let reference = registry.reference("team/busybox:1.37.0");
    let read = home.run(&["inspect", &reference, option[0], option[1]], "");
    assert!(read.status.success(), "{}", said(&read));
    let done = home.run(&["logout", &host, option[0], option[1]], "");
    assert!(done.status.success(), "{}", said(&done));
    assert!(!skopeo_reads(&skopeo, &file, &reference));
}
