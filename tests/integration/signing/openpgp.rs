//! OpenPGP simple signatures, accepted by gpg and skopeo.

use super::keys::gpg_key;
use super::place::{digest, pushed, registry};
use super::{Home, said};

#[test]
fn skopeo_and_gpg_accept_openpgp_signatures_in_a_lookaside_folder_and_beside_a_directory() {
    let home = Home::new();
    let Some(fingerprint) = gpg_key(&home, "Release <release@example.com>") else {
        return;
    };
    home.run(&["keys", "import", "--key", "secret.asc", "pgp"]);
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed(&home, &host, "simple") else {
        return;
    };
    let reference = format!("docker://{image}:amd64");
    // the folder that registries.d names
    let registries = home.path("config/containers/registries.d");
    std::fs::create_dir_all(&registries).unwrap();
    let store = home.path("lookaside").display().to_string();
    let yaml = format!("docker:\n  {host}:\n    lookaside: file://{store}\n");
    std::fs::write(registries.join("own.yaml"), yaml).unwrap();
    let signed = home.run(&["sign", &reference, "--key", "pgp", "--format", "simple"]);
    assert!(signed.contains(&fingerprint), "{signed}");
    let sum = digest(&home, &reference);
    let path = image.split_once('/').unwrap().1;
    let file = format!("{store}/{path}@{}/signature-1", sum.replace(':', "="));
    let gpg = [
        "--batch",
        "--status-fd",
        "1",
        "--output",
        "claim",
        "--decrypt",
        &file,
    ];
    let read = home.system("gpg", &gpg).unwrap();
    assert!(
        said(&read).contains(&format!("VALIDSIG {fingerprint}")),
        "{}",
        said(&read)
    );
    let claim = std::fs::read_to_string(home.path("claim")).unwrap();
    assert!(claim.contains(&sum) && claim.contains(&image), "{claim}");
    // skopeo's policy accepts it, and refuses the image without it
    let policy = serde_json::json!({"default": [{"type": "reject"}], "transports": {"docker": {
        host.clone(): [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": home.path("public.asc")}],
    }, "dir": {"": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": home.path("public.asc"),
        "signedIdentity": {"type": "exactReference", "dockerReference": format!("{image}:amd64")}}]}}});
    std::fs::write(home.path("policy.json"), policy.to_string()).unwrap();
    let skopeo = |from: &str, to: &str, registries: &str| {
        let arguments = [
            "--policy",
            "policy.json",
            "--registries.d",
            registries,
            "copy",
            "--src-tls-verify=false",
            from,
            to,
        ];
        home.peer("skopeo", &arguments)
    };
    let own = registries.display().to_string();
    let Some(pulled) = skopeo(&reference, "dir:pulled", &own) else {
        return;
    };
    assert!(pulled.status.success(), "{}", said(&pulled));
    std::fs::create_dir_all(home.path("empty.d")).unwrap();
    let refused = skopeo(&reference, "dir:refused", "empty.d").unwrap();
    assert!(!refused.status.success(), "{}", said(&refused));

    // a second one beside the folder; the one that skopeo brought along stays
    assert!(home.path("pulled/signature-1").exists());
    let identity = format!("{image}:amd64");
    let arguments = [
        "sign",
        "dir:pulled",
        "--key",
        "pgp",
        "--format",
        "simple",
        "--sign-container-identity",
        &identity,
    ];
    home.run(&arguments);
    assert!(home.path("pulled/signature-2").exists());
    let again = skopeo("dir:pulled", "dir:again", &own).unwrap();
    assert!(again.status.success(), "{}", said(&again));
    let alone = home.fail(&["sign", "dir:pulled", "--key", "pgp", "--format", "simple"]);
    assert!(alone.contains("--sign-container-identity"), "{alone}");
    // cosign's older form lies in such files, too
    let key = home.key("ec", "p256");
    home.run(&["sign", "dir:pulled", "--key", "ec", "--format", "cosign"]);
    home.run(&["verify", "dir:pulled", "--key", &key]);
    let bundle = home.fail(&["sign", "dir:pulled", "--key", "ec"]);
    assert!(bundle.contains("cannot hold Sigstore bundles"), "{bundle}");
}
