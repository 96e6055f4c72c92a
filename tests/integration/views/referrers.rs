//! What refers to an image: the tree, what each referrer says, and why there is none.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use porthole::engine::{
    ArtifactFile, ArtifactFiles, Command, ImageSnapshot, Node, NodePath, Parts, Remote,
};
use porthole::model::attachment::Attachment;
use porthole::model::{
    Algorithm, ArtifactKind, Descriptor, Digest, Document, MediaType, Predicate, RawDocument,
};
use porthole::referrers::{Below, Referrer, ReferrerState, ReferrerTree, Subject};
use porthole::transport::{Answer, Asked, BlobState, Found, Problem, TransportError, Way};
use porthole::ui::action::Action;
use porthole::ui::views::View;
use serde_json::json;

use super::{Shown, commands, rows, shown, wishes, words};
use crate::support::snapshots::{Made, index_of, snapshot};

const SPDX: &str = "application/spdx+json";
const NOTATION: &str = "application/vnd.cncf.notary.signature";

fn referrer(artifact_type: &str, mark: &str) -> Referrer {
    let digest = Digest::sha256(mark.as_bytes());
    let mut descriptor = Descriptor::new(MediaType::OCI_MANIFEST, digest, 700);
    descriptor.artifact_type = Some(MediaType::new(artifact_type));
    descriptor
        .annotations
        .insert("mark".to_owned(), mark.to_owned());
    let mut referrer = Referrer::listed(descriptor, vec![Found::by(Way::Api)]);
    referrer.state = ReferrerState::Read;
    referrer.subject = Subject::This;
    referrer.total_size = Some(1_500);
    referrer.created = Some("2026-11-19T12:00:00Z".to_owned());
    referrer
}

/// A whole tree about the root of `snapshot`, with `fill` put into it.
fn with_tree(
    mut snapshot: ImageSnapshot,
    answers: &[(Way, Answer)],
    fill: impl FnOnce(&mut ReferrerTree),
) -> ImageSnapshot {
    let subject = snapshot
        .image()
        .unwrap()
        .root
        .document
        .raw()
        .digest()
        .clone();
    let mut tree = ReferrerTree::empty(subject.clone());
    tree.complete = true;
    tree.asked = answers
        .iter()
        .map(|(way, answer)| Asked {
            way: *way,
            answer: answer.clone(),
        })
        .collect();
    fill(&mut tree);
    Arc::make_mut(&mut snapshot.referrers).insert(subject, Remote::Ready(Arc::new(tree)));
    snapshot
}

fn plain() -> ImageSnapshot {
    snapshot(Made::default().node())
}

fn not_read() -> Answer {
    let problem = Problem::Forbidden {
        status: 403,
        message: String::new(),
    };
    Answer::NotRead(TransportError::new(
        "referrers",
        "registry.example.com",
        problem,
    ))
}

/// An SBOM of three packages as it is read.
fn sbom_files() -> ArtifactFiles {
    let packages: Vec<_> = ["zlib", "bash", "apt"]
        .iter()
        .map(|name| json!({"name": name, "versionInfo": "1.0", "licenseDeclared": "MIT"}))
        .collect();
    let sbom = json!({
        "spdxVersion": "SPDX-2.3", "packages": packages,
        "creationInfo": {"creators": ["Tool: syft-1.18.1"]},
    });
    let bytes = serde_json::to_vec(&sbom).unwrap();
    let raw = RawDocument::hash(bytes.into(), Algorithm::Sha256, MediaType::new(SPDX));
    let attachment = Attachment::read(raw.bytes(), raw.media_type());
    let descriptor = Descriptor::new(SPDX, raw.digest().clone(), raw.size());
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST,
        "config": {"mediaType": MediaType::OCI_EMPTY, "digest": Digest::sha256(b"{}"), "size": 2},
        "layers": [{"mediaType": SPDX, "digest": raw.digest(), "size": raw.size()}]});
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let document = RawDocument::hash(
        manifest.into(),
        Algorithm::Sha256,
        MediaType::new(MediaType::OCI_MANIFEST),
    );
    ArtifactFiles {
        document: Arc::new(Document::read(document)),
        files: vec![ArtifactFile {
            descriptor,
            content: Ok((raw, Arc::new(attachment))),
        }],
        left_out: 0,
    }
}

/// An SBOM that refers to the image, read, and a signature of it.
fn with_sbom() -> ImageSnapshot {
    let mut snapshot = with_tree(plain(), &[(Way::Api, Answer::Named(1))], |tree| {
        let sbom = tree.add(None, referrer(SPDX, "sbom"));
        tree.add(Some(sbom), referrer(NOTATION, "signature"));
    });
    Arc::make_mut(&mut snapshot.artifacts).insert(
        Digest::sha256(b"sbom"),
        Remote::Ready(Arc::new(sbom_files())),
    );
    snapshot
}

fn choose(harness: &mut Harness<'_, Shown>, row: &str) {
    harness.get_by_role_and_label(Role::Row, row).click();
    harness.run();
}

#[test]
fn nobody_asked_yet_so_it_asks_for_the_image_and_its_index_once() {
    let mut harness = shown(View::Referrers, snapshot(index_of(&[Made::default()])));
    let image = harness.state().image.id;
    let ask = |manifest| Command::ListReferrers { image, manifest };
    let root = NodePath::root();
    assert_eq!(
        commands(&mut harness),
        [ask(root.child(0)), ask(root.clone())]
    );
    harness.run_steps(3);
    assert_eq!(commands(&mut harness), []);
    assert!(words(&harness).contains("asking…"));
}

#[test]
fn none_cannot_list_and_not_read_are_three_things() {
    let listed = [
        (Way::Api, Answer::Named(0)),
        (Way::CosignTag, Answer::Named(0)),
    ];
    let cannot = [
        (Way::Api, Answer::NotSupported),
        (Way::FallbackTag, Answer::NotSupported),
    ];
    let failed = [(Way::Api, not_read()), (Way::FallbackTag, Answer::Named(0))];
    let cases: [(&[(Way, Answer)], &str); 3] = [
        (&listed, "Nothing refers to this image"),
        (&cannot, "This folder was asked and cannot list referrers"),
        (
            &failed,
            "Whether anything refers to this image cannot be said:",
        ),
    ];
    for (answers, said) in cases {
        let harness = shown(View::Referrers, with_tree(plain(), answers, |_| ()));
        let words = words(&harness);
        assert!(words.contains(said), "{words}");
        for (_, other) in cases.iter().filter(|(_, other)| *other != said) {
            assert!(!words.contains(other), "{words}");
        }
    }
    let harness = shown(View::Referrers, with_tree(plain(), &listed, |_| ()));
    assert!(words(&harness).contains("through the referrers API and cosign's tags"));
}

#[test]
fn what_failed_is_asked_again() {
    let answers = [(Way::Api, not_read())];
    let mut harness = shown(View::Referrers, with_tree(plain(), &answers, |_| ()));
    wishes(&mut harness);
    harness
        .get_by_role_and_label(Role::Button, "Try again")
        .click();
    harness.run();
    let image = harness.state().image.id;
    assert_eq!(commands(&mut harness), [Command::Reload { image }]);
}

#[test]
fn a_signature_lies_under_the_sbom_that_it_signs() {
    let harness = shown(View::Referrers, with_sbom());
    assert_eq!(
        rows(&harness),
        [
            "This image",
            "SPDX SBOM, 1.5 KB, 3 days ago",
            "Notation signature, 1.5 KB, 3 days ago"
        ]
    );
    let left = |name: &str| harness.get_by_role_and_label(Role::Row, name).rect().left();
    assert!((left("This image") - left("SPDX SBOM, 1.5 KB, 3 days ago")).abs() < 1.0);
    assert!(words(&harness).contains("2 referrers, 3.0 KB"));
}

#[test]
fn what_does_not_belong_says_so() {
    let tree = with_tree(plain(), &[(Way::Api, Answer::Named(3))], |tree| {
        let mut other = referrer(SPDX, "other");
        other.subject = Subject::Other(Digest::sha256(b"another image"));
        tree.add(None, other);
        let mut around = referrer(NOTATION, "loop");
        around.below = Below::Loop;
        tree.add(None, around);
        let mut lost = referrer(NOTATION, "lost");
        let error = TransportError::new("manifest", "registry", Problem::NotFound);
        lost.state = ReferrerState::NotRead(Arc::new(error));
        lost.total_size = None;
        tree.add(None, lost);
    });
    let mut harness = shown(View::Referrers, tree);
    let rows = rows(&harness);
    assert!(
        rows[1].starts_with("SPDX SBOM, names another image"),
        "{rows:?}"
    );
    assert!(rows[3].contains("could not be read"), "{rows:?}");
    assert!(words(&harness).contains("There may be more"));
    choose(&mut harness, &rows[1]);
    assert!(words(&harness).contains("another image: sha256:"));
    choose(&mut harness, &rows[2]);
    assert!(words(&harness).contains("it lies on itself"));
}

#[test]
fn one_that_is_chosen_is_read_shown_in_brief_and_opened_in_a_tab() {
    let mut harness = shown(View::Referrers, with_sbom());
    wishes(&mut harness);
    choose(&mut harness, "Notation signature, 1.5 KB, 3 days ago");
    let image = harness.state().image.id;
    let manifest = Digest::sha256(b"signature");
    assert_eq!(
        commands(&mut harness),
        [Command::ReadArtifact { image, manifest }]
    );
    choose(&mut harness, "SPDX SBOM, 1.5 KB, 3 days ago");
    assert_eq!(commands(&mut harness), [], "it was read already");
    let all = words(&harness);
    for said in [
        "SBOM, SPDX 2.3",
        "Lists: 3 packages",
        "Made by: syft-1.18.1",
        "mark: sbom",
    ] {
        assert!(all.contains(said), "{said} is not in {all}");
    }
    harness.get_by_role_and_label(Role::Button, "Open").click();
    harness.run();
    let digest = Digest::sha256(b"sbom");
    let opened = Action::Open(format!("oci:/srv/images/edge:@{digest}"));
    assert!(wishes(&mut harness).contains(&opened));
}

#[test]
fn its_packages_are_sorted_and_searched_and_its_json_is_shown() {
    let mut harness = shown(View::Referrers, with_sbom());
    choose(&mut harness, "SPDX SBOM, 1.5 KB, 3 days ago");
    harness.get_by_label("Packages (3)").click();
    harness.run();
    let packages = |harness: &Harness<'_, Shown>| -> Vec<String> {
        rows(harness)
            .into_iter()
            .filter(|row| row.contains("MIT"))
            .collect()
    };
    let of = |name: &str| format!("{name}, 1.0, MIT");
    assert_eq!(packages(&harness), [of("zlib"), of("bash"), of("apt")]);
    harness
        .get_by_role_and_label(Role::ColumnHeader, "Package")
        .click();
    harness.run();
    assert_eq!(packages(&harness), [of("apt"), of("bash"), of("zlib")]);
    let field = harness.get_by_role_and_label(Role::TextInput, "Find a package");
    field.focus();
    field.type_text("bas");
    harness.run();
    assert_eq!(packages(&harness), [of("bash")]);
    assert!(words(&harness).contains("1 of 3"));
    harness.get_by_label("Content").click();
    harness.run();
    assert!(words(&harness).contains("spdxVersion"));
}

#[test]
fn a_thousand_are_drawn_as_far_as_they_are_seen_and_filtered() {
    let tree = with_tree(plain(), &[(Way::Api, Answer::Named(1_000))], |tree| {
        for number in 0..1_000 {
            tree.add(None, referrer(SPDX, &format!("part {number:04}")));
        }
    });
    let mut harness = shown(View::Referrers, tree);
    assert!(rows(&harness).len() < 40);
    assert!(words(&harness).contains("1,000 referrers"));
    let field = harness.get_by_role_and_label(Role::TextInput, "Filter referrers");
    field.focus();
    field.type_text("part 0777");
    harness.run();
    assert_eq!(rows(&harness).len(), 2);
    let field = harness.get_by_role_and_label(Role::TextInput, "Filter referrers");
    field.type_text("nothing");
    harness.run();
    harness.get_by_label("Clear the filter").click();
    harness.run();
    assert!(rows(&harness).len() > 10);
}

#[test]
fn the_overview_lists_what_is_attached_and_leads_to_it() {
    let mut harness = shown(View::Overview, plain());
    assert_eq!(harness.state().looked_up, [NodePath::root()]);
    assert!(!words(&harness).contains("Attached"));
    harness = shown(View::Overview, with_sbom());
    let all = words(&harness);
    assert!(all.contains("Attached"), "{all}");
    assert!(all.contains("SPDX SBOM: 3 packages"), "{all}");
    wishes(&mut harness);
    harness.get_by_label("SPDX SBOM: 3 packages").click();
    harness.run();
    let image = harness.state().image.id;
    assert!(wishes(&mut harness).contains(&Action::ShowView(image, View::Referrers)));
}

#[test]
fn an_sbom_that_is_opened_by_itself_shows_its_packages_in_the_overview() {
    let files = sbom_files();
    let digest = files.document.raw().digest().clone();
    let root = Node {
        document: Arc::clone(&files.document),
        parts: Parts::Manifest {
            config: Remote::NotAsked,
            blobs: vec![BlobState::Present; 2].into(),
        },
    };
    let mut opened = snapshot(Arc::new(root));
    let mut harness = shown(View::Overview, opened.clone());
    let (image, manifest) = (opened.id, digest.clone());
    let read = Command::ReadArtifact { image, manifest };
    assert_eq!(commands(&mut harness), [read], "asked for once");
    Arc::make_mut(&mut opened.artifacts).insert(digest, Remote::Ready(Arc::new(files)));
    let mut harness = shown(View::Overview, opened);
    let packages: Vec<_> = rows(&harness)
        .into_iter()
        .filter(|row| row.ends_with("MIT"))
        .collect();
    assert_eq!(
        packages,
        ["zlib, 1.0, MIT", "bash, 1.0, MIT", "apt, 1.0, MIT"]
    );
    let all = words(&harness);
    assert!(all.contains("Lists: 3 packages"), "{all}");
    assert_eq!(commands(&mut harness), []);
}

/// The name of the kind is cut only where what is said of it needs the room.
#[test]
fn what_is_attached_stands_with_its_whole_kind_and_a_word_on_it() {
    let verified = "attestation: SLSA verification summary";
    let tree = with_tree(plain(), &[(Way::Api, Answer::Named(2))], |tree| {
        let mut summary = referrer("application/vnd.in-toto+json", "summary");
        summary.kind = ArtifactKind::Attestation(vec![Predicate::VerificationSummary]);
        assert_eq!(summary.kind.to_string(), verified);
        tree.add(None, summary);
        tree.add(None, referrer(NOTATION, "signature"));
    });
    let harness = shown(View::Overview, tree);
    let all = words(&harness);
    for said in [
        "Attestation: SLSA verification summary: 3 days ago",
        "Notation signature: 3 days ago",
    ] {
        assert!(all.contains(said), "{said} is not in {all}");
    }
}

/// Many of one kind are told apart by what each is called, or by who signed it.
#[test]
fn rows_of_one_kind_are_told_apart() {
    let made = |name: &str| {
        let mut made = referrer(SPDX, name);
        made.title = Some(format!("{name}.spdx.json"));
        made
    };
    let signature = || referrer("application/vnd.dev.sigstore.bundle.v0.3+json", "signed");
    let carrying = signature().descriptor.digest;
    let mut tree = with_tree(plain(), &[(Way::Api, Answer::Named(3))], |tree| {
        tree.add(None, made("api"));
        tree.add(None, made("web"));
        tree.add(None, signature());
    });
    let root = tree.image().unwrap().root.document.raw();
    let subject = porthole::signature::Subject::of(root, MediaType::new(MediaType::OCI_MANIFEST));
    let key = crate::signature::made::Key::new();
    let signing = crate::signature::made::SIGNING;
    let mut found = crate::signature::made::signed_bundle(&key, &subject, signing);
    let own = Arc::make_mut(&mut found);
    own.place.manifest = Some(carrying);
    own.claims.key = Some(format!("SHA256:{}", key.public.fingerprint()));
    let discovered = crate::signature::made::discovered(&subject, vec![found]);
    let name = "registry.example.com/app".into();
    let report = porthole::signature::policy::judge(&discovered, &subject, &name, None, None);
    let digest = subject.digest.clone();
    Arc::make_mut(&mut tree.signatures).insert(digest, Remote::Ready(Arc::new(report)));
    let of_key = format!(
        "not judged, says key SHA256:{}",
        &key.public.fingerprint()[..8]
    );

    let mut harness = shown(View::Referrers, tree.clone());
    let lines = rows(&harness);
    for said in [
        "SPDX SBOM, api.spdx.json, 1.5 KB",
        "SPDX SBOM, web.spdx.json, 1.5 KB",
        &format!("Sigstore bundle, signature, {of_key}"),
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(said)),
            "{said}: {lines:?}"
        );
    }
    // they are found by it
    let field = harness.get_by_role_and_label(Role::TextInput, "Filter referrers");
    field.focus();
    field.type_text("web.spdx");
    harness.run();
    assert_eq!(rows(&harness).len(), 2);
    // and called the same in the overview
    let all = words(&shown(View::Overview, tree));
    for said in [
        "SPDX SBOM api.spdx.json: 3 days ago",
        &format!("Sigstore bundle, signature: {of_key}"),
    ] {
        assert!(all.contains(said), "{said} is not in {all}");
    }
}

#[test]
fn what_selecting_would_show_is_said_in_one_place() {
    let place = |view, words: &str| {
        let harness = shown(view, with_sbom());
        let mut hints = harness.query_all_by(|node| node.value().as_deref() == Some(words));
        let hint = hints.next().expect(words);
        hint.rect().left_top()
    };
    let layers = "Select a layer to see its whole instruction and its digests";
    assert_eq!(
        place(View::Layers, layers),
        place(View::Referrers, "Select a referrer to see what it says")
    );
}
