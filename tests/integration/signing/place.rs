//! Places that images are signed in.

use std::path::Path;
use std::process::Command;

use super::{Home, said};
use crate::support::peers;

const BUSYBOX: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/images/busybox-small"
);

/// The registry without the referrers API, and the one that has it.
pub const REGISTRIES: [(u16, &str); 2] = [(1, "plain"), (15, "ferro")];

/// The host of a registry that runs; else the test says that it is skipped.
pub fn registry(offset: u16, name: &str) -> Option<String> {
    peers::running(name, offset)
}

/// A repository of its own in the registry at `host`, with an image under `amd64`.
pub fn pushed(home: &Home, host: &str, test: &str) -> Option<String> {
    let name = format!("{host}/signing-{test}-{}", std::process::id());
    let from = format!("oci:{BUSYBOX}:amd64");
    push(home, &from, &format!("{name}:amd64"))?;
    Some(name)
}

/// The same with an index of two platforms under `all`.
pub fn pushed_index(home: &Home, host: &str, test: &str) -> Option<String> {
    let name = format!("{host}/signing-{test}-{}", std::process::id());
    let index = index(&home.path("index-layout"));
    let to = format!("docker://{name}:all");
    home.run(&["copy", &index, &to]);
    Some(name)
}

fn push(home: &Home, from: &str, to: &str) -> Option<()> {
    let to = format!("docker://{to}");
    let output = home.peer("skopeo", &["copy", "--dest-tls-verify=false", from, &to])?;
    assert!(output.status.success(), "{}", said(&output));
    Some(())
}

/// A layout of its own with an image under `amd64`.
pub fn layout(folder: &Path) -> String {
    copy(Path::new(BUSYBOX), folder);
    format!("oci:{}:amd64", folder.display())
}

/// A layout with an index of two platforms under `1.37.0`.
pub fn index(folder: &Path) -> String {
    copy(Path::new(BUSYBOX), folder);
    format!("oci:{}:1.37.0", folder.display())
}

/// Copies a folder with what is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Whether cosign accepts the image by this key; with what it said.
pub fn cosign_verify(home: &Home, key: &str, bundle: bool, image: &str) -> Option<(bool, String)> {
    let bundle = format!("--new-bundle-format={bundle}");
    let mut arguments = vec![
        "verify",
        "--key",
        key,
        "--insecure-ignore-tlog=true",
        "--allow-http-registry",
        "--allow-insecure-registry",
        &bundle,
    ];
    // without being told, cosign takes every hash for SHA-256
    if key.contains("p384") {
        arguments.extend(["--signature-digest-algorithm", "sha384"]);
    }
    arguments.push(image);
    let output = home.peer("cosign", &arguments)?;
    Some((output.status.success(), said(&output)))
}

/// Signs with cosign.
pub fn cosign_sign(home: &Home, key: &str, bundle: bool, image: &str) -> Option<()> {
    let bundle = format!("--new-bundle-format={bundle}");
    let arguments = [
        "sign",
        "--key",
        key,
        "--use-signing-config=false",
        "--tlog-upload=false",
        "--allow-http-registry",
        "--allow-insecure-registry",
        "--yes",
        &bundle,
        image,
    ];
    let output = home.peer("cosign", &arguments)?;
    assert!(output.status.success(), "{}", said(&output));
    Some(())
}

/// The digest of an image.
pub fn digest(home: &Home, image: &str) -> String {
    let shown = home.run(&["inspect", image, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["digest"].as_str().unwrap().to_owned()
}

/// A chain for Notation made with openssl: `leaf.key`, `chain.pem`, `root.pem`.
pub fn notation_chain(home: &Home, kind: &[&str]) -> Option<()> {
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments);
        home.at_home(&mut command);
        match command.output() {
            Ok(output) => {
                assert!(output.status.success(), "{arguments:?} {}", said(&output));
                Some(())
            }
            Err(_) => {
                peers::skip("there is no openssl");
                None
            }
        }
    };
    let subject = "/C=SE/ST=Skane/O=Example/CN=root";
    let mut root = vec!["req", "-x509", "-nodes", "-days", "30", "-subj", subject];
    root.extend(kind);
    root.extend(["-keyout", "root.key", "-out", "root.pem"]);
    root.extend(["-addext", "basicConstraints=critical,CA:TRUE"]);
    root.extend(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    openssl(&root)?;
    let subject = "/C=SE/ST=Skane/O=Example/CN=release";
    let mut request = vec!["req", "-new", "-nodes", "-subj", subject];
    request.extend(kind);
    request.extend(["-keyout", "leaf.key", "-out", "leaf.csr"]);
    openssl(&request)?;
    let extensions = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n";
    std::fs::write(home.path("leaf.ext"), extensions).unwrap();
    openssl(&[
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-CAcreateserial",
        "-days",
        "20",
        "-extfile",
        "leaf.ext",
        "-out",
        "leaf.pem",
    ])?;
    let read = |name: &str| std::fs::read_to_string(home.path(name)).unwrap();
    std::fs::write(home.path("chain.pem"), read("leaf.pem") + &read("root.pem")).unwrap();
    home.run(&["keys", "import", "--key", "leaf.key", "notation"]);
    Some(())
}
