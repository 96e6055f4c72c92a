//! Signatures in registries: what is there when a signer is killed, and what podman's policy
//! says to them.

use serde_json::Value;

use super::keys::gpg_key;
use super::place::{pushed, registry};
use super::sign::quiet;
use super::{Home, said};

#[test]
fn killed_at_any_moment_a_registry_has_everything_that_was_there() {
    let home = Home::new();
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let Some(image) = pushed(&home, &host, "killed") else {
        return;
    };
    let reference = format!("docker://{image}:amd64");
    let key = home.key("ec", "p256");
    for format in ["bundle", "cosign"] {
        home.run(&["sign", &reference, "--key", "ec", "--format", format]);
    }
    for delay in [40, 120, 200, 260, 300, 340, 380, 420, 500] {
        for format in ["bundle", "cosign"] {
            let arguments = ["sign", &reference, "--key", "ec", "--format", format];
            let mut child = quiet(home.porthole(&arguments));
            std::thread::sleep(std::time::Duration::from_millis(delay));
            // it may have ended already
            let _ = child.kill();
            child.wait().unwrap();
            let report = home.run(&["verify", &reference, "--key", &key, "--json"]);
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["verdict"], "accepted", "{delay} {format}: {report}");
            let signatures = report["signatures"].as_array().unwrap().iter();
            let refused = signatures.filter(|s| s["judgement"] != "accepted").count();
            assert_eq!(refused, 0, "{delay} {format}: {report}");
            assert_eq!(
                report["problems"],
                serde_json::json!([]),
                "{delay}: {report}"
            );
        }
    }
}

#[test]
fn podmans_policy_accepts_an_openpgp_signature_and_refuses_an_image_without() {
    let home = Home::new();
    let Some(host) = registry(1, "plain") else {
        return;
    };
    let (Some(_), Some(image), Some(other)) = (
        gpg_key(&home, "Release <release@example.com>"),
        pushed(&home, &host, "podman"),
        pushed(&home, &host, "podman-other"),
    ) else {
        return;
    };
    home.run(&["keys", "import", "--key", "secret.asc", "pgp"]);
    // podman looks for it in the home folder itself
    for folder in ["config", ".config"] {
        let registries = home.path(folder).join("containers/registries.d");
        std::fs::create_dir_all(&registries).unwrap();
        let store = home.path("lookaside").display().to_string();
        let yaml = format!(
            "docker:\n  {host}:\n    lookaside: file://{store}\n    sigstore: file://{store}\n"
        );
        std::fs::write(registries.join("own.yaml"), yaml).unwrap();
    }
    let policy = serde_json::json!({"default": [{"type": "reject"}], "transports": {"docker": {
        host: [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": home.path("public.asc")}],
    }}});
    std::fs::write(home.path("policy.json"), policy.to_string()).unwrap();
    let reference = format!("docker://{image}:amd64");
    home.run(&["sign", &reference, "--key", "pgp", "--format", "simple"]);
    let pull = |image: &str| {
        let (root, run) = (home.path("pulled"), home.path("pulling"));
        let image = format!("docker://{image}:amd64");
        let arguments = [
            "--root",
            &root.display().to_string(),
            "--runroot",
            &run.display().to_string(),
            "--storage-driver",
            "vfs",
            "--events-backend",
            "none",
            "pull",
            "--tls-verify=false",
            "--signature-policy",
            "policy.json",
            &image,
        ];
        home.system("podman", &arguments)
    };
    let Some(pulled) = pull(&image) else {
        return;
    };
    assert!(pulled.status.success(), "{}", said(&pulled));
    let refused = pull(&other).unwrap();
    assert!(!refused.status.success(), "{}", said(&refused));
    assert!(said(&refused).contains("signature"), "{}", said(&refused));
}
