//! The time of a full frame, tessellation and all, while an index of 10,000 entries is
//! scrolled. Prints a distribution: what a hand on the wheel feels is the slow end of it.
//!
//! `cargo bench --bench frame`

#[path = "support/window.rs"]
mod window;

use std::path::Path;

use egui::{Key, Modifiers, Pos2};
use porthole::model::{Digest, MediaType};
use serde_json::json;
use window::{Window, print, print_head};

const ENTRIES: usize = 10_000;
const FRAMES: usize = 1_500;

/// A layout whose one index lists `ENTRIES` images, the first hundred of them there.
fn layout(folder: &Path) {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("the temporary folder can be written");
    let write = |value: &serde_json::Value| {
        let bytes = serde_json::to_vec(value).expect("JSON values can be written");
        let digest = Digest::sha256(&bytes);
        std::fs::write(blobs.join(digest.hex()), &bytes).expect("as above");
        (digest, bytes.len())
    };
    let entries: Vec<_> = (0..ENTRIES)
        .map(|n| {
            let platform =
                json!({"os": "linux", "architecture": "amd64", "os.version": format!("10.0.{n}")});
            let (digest, size) = if n < 100 {
                let config = json!({
                    "os": "linux", "architecture": "amd64", "created": "2026-11-19T14:02:00Z",
                    "rootfs": {"type": "layers", "diff_ids": []}, "author": n.to_string(),
                });
                let (config, size) = write(&config);
                write(&json!({
                    "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "layers": [],
                    "config": {"mediaType": MediaType::OCI_CONFIG, "digest": config, "size": size},
                }))
            } else {
                (Digest::sha256(&n.to_le_bytes()), 1234)
            };
            json!({
                "mediaType": MediaType::OCI_MANIFEST, "digest": digest, "size": size,
                "platform": platform,
            })
        })
        .collect();
    let (index, size) = write(&json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries,
    }));
    let named = json!({
        "schemaVersion": 2,
        "manifests": [{"mediaType": MediaType::OCI_INDEX, "digest": index, "size": size}],
    });
    std::fs::write(folder.join("index.json"), named.to_string()).expect("as above");
    std::fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .expect("as above");
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    layout(folder.path());
    let mut window = Window::open(format!("oci:{}", folder.path().display()), None);
    window.press(Modifiers::COMMAND.plus(Modifiers::CTRL), Key::Num2);
    for _ in 0..30 {
        window.point(Pos2::new(700.0, 600.0));
    }
    let times = (0..FRAMES).map(|_| window.scroll(-190.0)).collect();
    print_head();
    print(&format!("{ENTRIES} entries are scrolled"), times);
}
