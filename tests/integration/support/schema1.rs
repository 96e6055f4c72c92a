//! Images of Docker's first schema, as Docker 1.8 wrote them.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use porthole::model::Digest;
use serde_json::{Value, json};

/// The layers of [`image`], the lowest first; the last one is of a step that made none.
pub const LAYERS: [&[u8]; 3] = [b"base", b"programs", b"empty"];

/// What a signed manifest is made of: a label on two layers, from three steps.
pub fn image() -> Value {
    let step = |number: usize, command: &str| {
        let mut step = json!({
            "id": format!("{number:064}"),
            "created": format!("2016-03-03T11:29:3{number}Z"), "author": "somebody",
            "container_config": {"Cmd": ["/bin/sh", "-c", command]},
        });
        if let Some(parent) = number.checked_sub(1) {
            step["parent"] = format!("{parent:064}").into();
        }
        step
    };
    let mut top = step(2, "#(nop) LABEL name=first");
    for (key, value) in [
        ("throwaway", json!(true)),
        ("os", json!("linux")),
        ("architecture", json!("amd64")),
        ("Size", json!(0)),
        (
            "config",
            json!({"Cmd": ["/bin/app"], "Labels": {"name": "first"}, "Env": ["A=b"]}),
        ),
    ] {
        top[key] = value;
    }
    let steps = [
        step(0, "#(nop) ADD base in /"),
        step(1, "make install"),
        top,
    ];
    // the uppermost comes first
    let layers = LAYERS.iter().rev().map(|layer| Digest::sha256(layer));
    json!({
        "schemaVersion": 1, "name": "old/app", "tag": "latest", "architecture": "amd64",
        "fsLayers": layers.map(|layer| json!({"blobSum": layer})).collect::<Vec<_>>(),
        "history": steps.iter().rev()
            .map(|step| json!({"v1Compatibility": step.to_string()}))
            .collect::<Vec<_>>(),
    })
}

/// What is signed of a manifest, and the manifest with signatures in it. Nobody could check
/// these signatures, and nobody does; the key is the point that P-256 begins with.
pub fn signed(manifest: &Value) -> (Vec<u8>, Vec<u8>) {
    let payload = serde_json::to_string_pretty(manifest).unwrap();
    let tail = "\n}";
    let head = payload.strip_suffix(tail).unwrap();
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let protected = json!({
        "formatLength": head.len(), "formatTail": encode(tail), "time": "2016-04-18T20:54:42Z",
    });
    let signature = json!([{
        "header": {
            "jwk": {
                "kty": "EC",
                "crv": "P-256",
                "kid": "LTJF:F6YM:5CJS:INX2:7DGN:CBAJ:QG4J:5ZFN:NOP6:TYVC:W7TR:VLFS",
                "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
                "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
            },
            "alg": "ES256",
        },
        "signature": encode("none"), "protected": encode(&protected.to_string()),
    }]);
    let whole = format!("{head},\n  \"signatures\": {signature}{tail}");
    (payload.into_bytes(), whole.into_bytes())
}

/// Writes a flat folder with this manifest and the layers of [`image`].
pub fn write(folder: &Path, manifest: &[u8]) {
    std::fs::write(folder.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    std::fs::write(folder.join("manifest.json"), manifest).unwrap();
    for layer in LAYERS {
        std::fs::write(folder.join(Digest::sha256(layer).hex()), layer).unwrap();
    }
}
