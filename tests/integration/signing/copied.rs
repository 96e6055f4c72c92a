//! Signed images that are copied: the peers still accept what came along.

use std::fs;

use super::keys::gpg_key;
use super::place::{cosign_sign, cosign_verify, digest, pushed_index, registry};
use super::{Home, PASSPHRASE, said};

#[test]
fn skopeo_accepts_what_went_through_folders_and_a_lookaside() {
    let home = Home::new();
    if gpg_key(&home, "Release <release@example.com>").is_none() {
        return;
    }
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed_index(&home, &host, "copied") else {
        return;
    };
    // skopeo signs the index and its images, into a folder; it does not while it has to keep
    // their digests
    let identity = format!("{image}:signed");
    fs::write(home.path("passphrase"), PASSPHRASE).unwrap();
    let signing = [
        "copy",
        "--all",
        "--src-tls-verify=false",
        "--sign-by",
        "release@example.com",
        "--sign-identity",
        &identity,
        "--sign-passphrase-file",
        "passphrase",
        &format!("docker://{image}:all"),
        "dir:signed",
    ];
    let Some(signed) = home.peer("skopeo", &signing) else {
        return;
    };
    assert!(signed.status.success(), "{}", said(&signed));
    assert!(home.path("signed/signature-1").exists());

    let registries = home.path("config/containers/registries.d");
    fs::create_dir_all(&registries).unwrap();
    let store = home.path("lookaside").display().to_string();
    let yaml = format!(
        "docker:\n  {host}:\n    lookaside: file://{store}/read\n    lookaside-staging: file://{store}/read\n"
    );
    fs::write(registries.join("own.yaml"), yaml).unwrap();
    let reference = format!("docker://{image}:signed");
    home.run(&["copy", "dir:signed", &reference]);
    let sum = digest(&home, &reference).replace(':', "=");
    let path = image.split_once('/').unwrap().1;
    let kept = format!("{store}/read/{path}@{sum}/signature-1");
    assert_eq!(
        fs::read(kept).unwrap(),
        fs::read(home.path("signed/signature-1")).unwrap()
    );

    let policy = serde_json::json!({"default": [{"type": "reject"}], "transports": {"docker": {
        host: [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": home.path("public.asc")}],
    }}});
    fs::write(home.path("policy.json"), policy.to_string()).unwrap();
    let own = registries.display().to_string();
    let pull = |to: &str| {
        let arguments = [
            "--policy",
            "policy.json",
            "--registries.d",
            &own,
            "copy",
            "--all",
            "--preserve-digests",
            "--src-tls-verify=false",
            &reference,
            to,
        ];
        home.peer("skopeo", &arguments).unwrap()
    };
    let pulled = pull("dir:pulled");
    assert!(pulled.status.success(), "{}", said(&pulled));
    // what skopeo brings back and what we do are the same files
    home.run(&["copy", &reference, "dir:ours"]);
    let files = |name: &str| {
        let mut found: Vec<_> = fs::read_dir(home.path(name))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (
                    path.file_name().unwrap().to_owned(),
                    fs::read(path).unwrap(),
                )
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(files("ours"), files("pulled"));
    fs::remove_dir_all(home.path("lookaside")).unwrap();
    assert!(
        !pull("dir:refused").status.success(),
        "no signature, no image"
    );
}

#[test]
fn cosign_accepts_what_went_through_a_folder() {
    let home = Home::new();
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed_index(&home, &host, "through") else {
        return;
    };
    let public = home.key("ec", "p256");
    let key = home.kept("ec.key").display().to_string();
    let there = format!("{image}:all");
    if cosign_sign(&home, &key, false, &there).is_none() {
        return;
    }
    let reference = format!("docker://{there}");
    home.run(&["copy", &reference, "dir:folder"]);
    assert!(home.path("folder/signature-1").exists());
    let other = format!("{image}-back:all");
    home.run(&["copy", "dir:folder", &format!("docker://{other}")]);
    let (accepted, words) = cosign_verify(&home, &public, false, &other).unwrap();
    assert!(accepted, "{words}");
}
