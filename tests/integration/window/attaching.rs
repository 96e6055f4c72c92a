//! Attaching and taking back from the window, over an engine that answers what the test says.

use porthole::engine::{Addition, AttachedFile, JobId, Outcome, Remote, Secret, SignFormat};
use porthole::model::{Descriptor, Digest, MediaType};
use porthole::referrers::{Referrer, ReferrerState, ReferrerTree, Subject};
use porthole::transport::{Answer, Asked, Found, Way};

use super::scripted;
use super::signing::{key_of, planned, put, report, snapshot};
use super::*;

fn asking() -> (Window, ImageId) {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(scripted::ready(image));
    window.sent();
    window.choose("Image", "Attach…");
    window.slots.put_outcome(scripted::keys());
    window.harness.run();
    (window, image)
}

#[test]
fn files_become_one_artifact_and_are_seen_at_once() {
    let (mut window, image) = asking();
    assert_eq!(planned(&mut window), None, "there is no file yet");
    assert!(!window.is_enabled(Role::Button, "Attach"));
    window.fill(Role::TextInput, "File", "/tmp/sbom.spdx.json");
    let (_, request) = planned(&mut window).unwrap();
    let Addition::Attach(attaching) = &request.addition else {
        panic!("{request:?}");
    };
    let [AttachedFile { path, media_type }] = attaching.files.as_slice() else {
        panic!("{attaching:?}");
    };
    assert_eq!(path, Path::new("/tmp/sbom.spdx.json"));
    assert_eq!((media_type, &attaching.artifact_type), (&None, &None));
    window.click(Role::Link, "Another file");
    window.fill(Role::TextInput, "File 2", "/tmp/b.txt");
    assert!(
        !window.has(Role::TextInput, "Media type 2"),
        "it is recognised"
    );
    window.pick("How the media type 2 is known", "Another type…");
    window.fill(Role::TextInput, "Media type 2", "text/plain");
    window.fill(Role::TextInput, "Artifact type", "application/x");
    let (id, request) = planned(&mut window).unwrap();
    let Addition::Attach(attaching) = &request.addition else {
        panic!("{request:?}");
    };
    assert_eq!(attaching.files.len(), 2);
    assert_eq!(attaching.files[1].media_type.as_deref(), Some("text/plain"));
    assert_eq!(attaching.artifact_type.as_deref(), Some("application/x"));
    let mut now = snapshot(id, &request, "artifact of the type application/x");
    put(&mut window, now.clone());
    assert!(window.has(Role::Row, "index: artifact of the type application/x"));
    window.click(Role::Button, "Attach");
    let sent = window.sent();
    let [Command::Add { passphrases, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(passphrases, &[]);
    now.job = Some(JobId::next());
    now.report = Remote::Ready(Arc::new(report("artifact of the type application/x")));
    put(&mut window, now);
    window.slots.put_outcome(Outcome::Added {
        addition: id,
        reference: scripted::REFERENCE.to_owned(),
    });
    window.harness.run();
    assert_eq!(window.sent(), [Command::Reload { image }]);
    window.click(Role::Button, "Show referrers");
    assert!(!window.has(Role::RadioButton, "Attestation"));
}

#[test]
fn an_attestation_is_signed_as_a_bundle_or_as_cosign_does() {
    let (mut window, _) = asking();
    window.click(Role::RadioButton, "Attestation");
    window.fill(Role::TextInput, "Predicate", "/tmp/provenance.json");
    let (_, request) = planned(&mut window).unwrap();
    let Addition::Attest {
        signing,
        predicate,
        kind,
    } = &request.addition
    else {
        panic!("{request:?}");
    };
    assert_eq!(predicate, Path::new("/tmp/provenance.json"));
    assert_eq!(kind, "slsaprovenance1");
    assert_eq!(
        (key_of(signing), signing.format),
        ("release", SignFormat::Bundle)
    );
    window.pick("Predicate type", "Another type…");
    assert_eq!(planned(&mut window), None);
    window.fill(Role::TextInput, "Type address", "https://example.com/p/v1");
    window.pick("Format", "cosign, older form");
    let (id, request) = planned(&mut window).unwrap();
    let Addition::Attest { signing, kind, .. } = &request.addition else {
        panic!("{request:?}");
    };
    assert_eq!(kind, "https://example.com/p/v1");
    assert_eq!(signing.format, SignFormat::Cosign);
    put(&mut window, snapshot(id, &request, "attestation, cosign"));
    window.fill(Role::PasswordInput, "Passphrase", "one");
    window.click(Role::Button, "Attach");
    let sent = window.sent();
    let [Command::Add { passphrases, .. }] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(passphrases, &[Some(Secret::new("one".to_owned()))]);
    window.press(Modifiers::NONE, Key::Escape);
    // an attestation is one of two formats
    let (mut window, _) = asking();
    window.click(Role::RadioButton, "Attestation");
    window.click(Role::ComboBox, "Format");
    assert!(!window.has(Role::Button, "Notation, JWS"));
}

#[test]
fn a_passphrase_is_forgotten_with_the_statement_that_it_was_for() {
    let (mut window, _) = asking();
    window.click(Role::RadioButton, "Attestation");
    window.fill(Role::PasswordInput, "Passphrase", "one");
    window.click(Role::RadioButton, "Files");
    window.click(Role::RadioButton, "Attestation");
    assert_eq!(window.value(Role::PasswordInput, "Passphrase"), "");
}

#[test]
fn a_referrer_is_taken_back_after_a_question() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    let (snapshot_of, sbom) = with_referrer(image);
    window.show(snapshot_of);
    window.press(CTRL, Key::Num6);
    let row = window
        .harness
        .query_all_by_role(Role::Row)
        .find(|row| {
            let label = row.accesskit_node().label();
            label.is_some_and(|label| label.starts_with("SPDX SBOM"))
        })
        .expect("the SBOM is listed");
    row.click_secondary();
    window.harness.run();
    window.sent();
    window.click(Role::Button, "Remove…");
    let (id, request) = planned(&mut window).unwrap();
    assert_eq!(request.addition, Addition::Remove(sbom));
    assert!(!request.recursive);
    let subject = scripted::index().root.document.raw().digest().clone();
    assert!(request.reference.ends_with(&format!("@{subject}")));
    assert!(
        !window.is_enabled(Role::Button, "Remove"),
        "it is looked for first"
    );
    let mut now = snapshot(id, &request, "removal of SPDX SBOM");
    put(&mut window, now.clone());
    window.click(Role::Button, "Remove");
    assert!(matches!(window.sent().as_slice(), [Command::Add { .. }]));
    now.job = Some(JobId::next());
    now.report = Remote::Ready(Arc::new(report("removal of SPDX SBOM")));
    put(&mut window, now);
    assert!(!window.has(Role::Button, "Keep it"), "it is done");
}

/// The index with an SBOM that refers to it, and the digest of that.
fn with_referrer(image: ImageId) -> (ImageSnapshot, Digest) {
    let mut shown = scripted::ready(image);
    let root = scripted::index().root.document.raw().digest().clone();
    let digest = Digest::sha256(b"sbom");
    let mut descriptor = Descriptor::new(MediaType::OCI_MANIFEST, digest.clone(), 700);
    descriptor.artifact_type = Some(MediaType::new("application/spdx+json"));
    let mut referrer = Referrer::listed(descriptor, vec![Found::by(Way::Api)]);
    referrer.state = ReferrerState::Read;
    referrer.subject = Subject::This;
    let mut tree = ReferrerTree::empty(root.clone());
    tree.complete = true;
    tree.asked = [Asked {
        way: Way::Api,
        answer: Answer::Named(1),
    }]
    .into();
    tree.add(None, referrer);
    let trees = Arc::make_mut(&mut shown.referrers);
    trees.insert(root, Remote::Ready(Arc::new(tree)));
    (shown, digest)
}
