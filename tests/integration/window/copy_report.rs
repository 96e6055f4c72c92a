//! The report of a copy: shown, saved, and checked later.

use porthole::engine::Outcome;

use super::copy_jobs::running;
use super::scripted;
use super::*;

/// What a copy of 500 bytes did, which left an SBOM behind.
pub fn report() -> porthole::copy::Report {
    let digest = porthole::model::Digest::sha256(b"image");
    serde_json::from_value(serde_json::json!({
        "source": scripted::REFERENCE,
        "destination": "docker://mirror.example.com/edge/api:1.8.2",
        "from": digest,
        "digest": digest,
        "replaced": null,
        "documents": [{
            "digest": digest,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "size": 500,
            "role": "child",
            "what": "image for linux/amd64",
            "how": "written",
        }, {
            "digest": digest,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": 500,
            "role": "image",
            "how": "unpacked",
        }],
        "blobs": [{
            "digest": digest,
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 2000,
            "how": "copied",
            "storedAs": porthole::model::Digest::sha256(b"unpacked"),
        }],
        "names": [{ "name": "stable", "replaced": digest }, { "name": "new", "replaced": null }],
        "signatures": [{ "manifest": digest, "digest": digest }],
        "leftBehind": [{ "what": "an SBOM", "digest": null, "why": "the place has no room for it (--sparse), or so" }],
        "bytesSent": 500,
        "milliseconds": 1500,
    }))
    .unwrap()
}

/// The report of another copy is asked for, by a program that reads the screen, behind the
/// dialog that is open.
pub fn show_report_of_another(window: &mut Window) {
    running(window, Some(report()));
    window
        .harness
        .get_by_role_and_label(Role::Link, "Report…")
        .click_accesskit();
    window.harness.run();
    assert!(window.says_like(|text| text.starts_with("500 B sent in 1.5 s")));
}

#[test]
fn what_a_copy_did_is_shown_and_saved() {
    let mut window = window();
    let report = report();
    running(&mut window, Some(report.clone()));
    window.click(Role::Link, "Report…");
    assert!(window.says_like(|text| text.starts_with("500 B sent in 1.5 s")));
    assert!(window.has(
        Role::Note,
        "Stayed behind: an SBOM, since the place has no room for it, or so"
    ));
    assert!(
        window.says_like(|text| text.starts_with("written    sha256:")
            && text.ends_with("image for linux/amd64"))
    );
    // an archive of Docker's has layers as they unpack, and a manifest of its own
    let stored = porthole::model::Digest::sha256(b"unpacked");
    assert!(
        window.says_like(|text| text.starts_with(&format!("copied     {stored}"))
            && text.contains("unpacked gzip layer, which was sha256:"))
    );
    assert!(window.says_like(|text| text.starts_with("not kept   sha256:")));
    for said in ["named      stable, which stood for ", "signed     sha256:"] {
        assert!(window.says_like(|text| text.starts_with(said)), "{said}");
    }
    assert!(window.says("named      new"));
    // each report has a name of its own
    let offered = window.value(Role::TextInput, "File");
    assert!(
        offered.starts_with("~/copy-report-edge-api-1.8.2-2023111"),
        "{offered}"
    );
    window.fill(Role::TextInput, "File", "x");
    window.press(Modifiers::NONE, Key::Backspace);
    assert!(!window.says_like(|text| text.starts_with("porthole copy --check")));
    assert!(!window.is_enabled(Role::Button, "Save as JSON"));
    window.fill(Role::TextInput, "File", "/tmp/re port.json");
    assert!(window.says("porthole copy --check '/tmp/re port.json'"));
    window.click(Role::Button, "Save as JSON");
    let sent = window.sent();
    let [Command::Chore(porthole::engine::Chore::SaveNewText { path, text })] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    assert_eq!(path, Path::new("/tmp/re port.json"));
    // what is there is replaced only by the button that says so
    window
        .slots
        .put_outcome(Outcome::FileThere { path: path.clone() });
    window.harness.run();
    assert!(window.has(Role::Note, "/tmp/re port.json is there already."));
    assert!(!window.has(Role::Button, "Save as JSON"));
    window.click(Role::Button, "Replace the file");
    let replaced = window.sent();
    let [Command::Chore(porthole::engine::Chore::SaveText { path: over, .. })] =
        replaced.as_slice()
    else {
        panic!("{replaced:?}");
    };
    assert_eq!(over, path);
    let saved: porthole::copy::Report = serde_json::from_str(text).unwrap();
    assert_eq!(saved, report);
    window.click(Role::Button, "Open the copy");
    let sent = window.sent();
    let [Command::Open { input, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(*input, report.destination);
    assert!(!window.has(Role::Button, "Save as JSON"));
}

#[test]
fn nothing_that_is_said_of_a_blob_is_cut_where_the_window_is_narrow() {
    let mut window = window();
    window.harness.set_size(egui::vec2(1024.0, 700.0));
    running(&mut window, Some(report()));
    window.click(Role::Link, "Report…");
    let digest = porthole::model::Digest::sha256(b"image");
    let said = format!("unpacked gzip layer, which was {}, 2.0 KB", digest.short());
    for words in [&*said, "image for linux/amd64", "image, its manifest"] {
        let (drawn, clip) = painted(&window, words).unwrap_or_else(|| panic!("{words}"));
        assert!(
            drawn.right() <= clip.right(),
            "{words}: {drawn:?} in {clip:?}"
        );
    }
    // the digest gives the room, and is copied whole
    let row = format!("written    {digest}      500 B  image for linux/amd64");
    let mut rows = window.harness.query_all_by_value(&row);
    let rect = rows.next().expect("a row").rect();
    drop(rows);
    assert_eq!(
        window.watch(click_events(rect), copied),
        Some(digest.to_string())
    );
}
