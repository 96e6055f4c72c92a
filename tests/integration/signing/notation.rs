//! Signatures of Notation, accepted by notation.

use super::place::{REGISTRIES, digest, notation_chain, pushed, registry};
use super::{Home, said};

#[test]
fn notation_accepts_jws_and_cose_by_rsa_and_ecdsa() {
    let kinds: [&[&str]; 2] = [
        &["-newkey", "rsa:2048"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ];
    for kind in kinds {
        let home = Home::new();
        let Some(()) = notation_chain(&home, kind) else {
            return;
        };
        for (offset, name) in REGISTRIES {
            let Some(host) = registry(offset, name) else {
                return;
            };
            for envelope in ["jws", "cose"] {
                let test = format!("notation-{envelope}-{}", kind.len());
                let Some(image) = pushed(&home, &host, &test) else {
                    return;
                };
                let reference = format!("docker://{image}:amd64");
                home.run(&[
                    "sign",
                    &reference,
                    "--key",
                    "notation",
                    "--cert-chain",
                    "chain.pem",
                    "--format",
                    "notation",
                    "--signature-format",
                    envelope,
                    "--expiry",
                    "24h",
                    "-a",
                    "build=7",
                ]);
                let Some((accepted, words)) = notation_verify(&home, &image) else {
                    return;
                };
                assert!(accepted, "{name} {envelope} {kind:?}: {words}");
            }
        }
    }
}

fn notation_verify(home: &Home, image: &str) -> Option<(bool, String)> {
    let config = home.path("config/notation");
    let store = config.join("truststore/x509/ca/own");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::copy(home.path("root.pem"), store.join("root.pem")).unwrap();
    let policy = serde_json::json!({"version": "1.0", "trustPolicies": [{
        "name": "own", "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:own"],
        "trustedIdentities": ["x509.subject: C=SE,ST=Skane,O=Example,CN=release"],
    }]});
    std::fs::write(config.join("trustpolicy.json"), policy.to_string()).unwrap();
    let image = format!(
        "{image}@{}",
        digest(home, &format!("docker://{image}:amd64"))
    );
    let output = home.peer("notation", &["verify", "--insecure-registry", &image])?;
    Some((output.status.success(), said(&output)))
}
