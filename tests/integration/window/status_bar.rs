//! What the status bar says of the bytes, and of what.

use porthole::engine::{FailureKind, Node, NodePath, Opened, Parts, Remote};
use porthole::model::{Descriptor, Digest, MediaType};
use porthole::referrers::{Referrer, ReferrerState, ReferrerTree, Subject};
use porthole::transport::{Answer, Asked, BlobState, Found, Note, Way};
use porthole::ui::theme::icons;

use super::scripted;
use super::*;

/// A window with a single image whose config and layer are so.
fn with_blobs(blobs: [BlobState; 2], config: Option<FailureKind>, derived: bool) -> Window {
    let (mut window, id) = Window::opening("oci:/images/small");
    let mut snapshot = scripted::folder(id, "oci:/images/small");
    if let Remote::Ready(Opened::Image(image)) = &mut snapshot.opened {
        let mut root = Node::clone(&image.root);
        if let Parts::Manifest {
            blobs: states,
            config: read,
        } = &mut root.parts
        {
            *states = blobs.into();
            if let Some(kind) = config {
                let mut failure = (*scripted::refused()).clone();
                failure.kind = kind;
                *read = Remote::Failed {
                    error: Arc::new(failure),
                    previous: None,
                };
            }
        }
        image.root = Arc::new(root);
        if derived {
            let from = "manifest.json";
            image.notes = [Note::DerivedManifest { from }].into();
        }
    }
    window.show(snapshot);
    window
}

#[test]
fn it_says_the_worst_that_is_known_in_the_words_of_the_overview() {
    use BlobState::{Missing, NotChecked, Present, Verified};
    let wrong = || BlobState::WrongDigest {
        found: Digest::sha256(b"other"),
    };
    let cases = [
        ([NotChecked, NotChecked], None, false, "Documents verified"),
        ([Verified, Present], None, false, "Documents verified"),
        ([Verified, Verified], None, false, "Every byte verified"),
        ([Verified, Missing], None, false, "Incomplete"),
        ([Verified, wrong()], None, false, "Damaged"),
        ([wrong(), Verified], None, false, "Damaged"),
        (
            [Missing, Present],
            Some(FailureKind::Missing),
            false,
            "Incomplete",
        ),
        (
            [NotChecked, Present],
            Some(FailureKind::Damaged),
            false,
            "Damaged",
        ),
        ([Present, Present], None, true, "Derived, not verifiable"),
        ([Verified, Verified], None, true, "Derived, not verifiable"),
        ([Present, wrong()], None, true, "Damaged"),
    ];
    for (blobs, config, derived, word) in cases {
        let case = format!("{blobs:?} {config:?} {derived}");
        let mut window = with_blobs(blobs, config, derived);
        assert!(
            window.has(Role::Button, &format!("Bytes: {word}")),
            "{word} of {case}"
        );
        let card = |text: &str| text.ends_with(&format!(" {word}"));
        assert!(window.says_like(card), "the overview says so of {case}");
        // the shield is of signatures that were accepted
        assert!(!window.says_like(|text| text.contains(icons::SHIELD_CHECK)));
        window.click(Role::Tab, "Raw");
        window.click(Role::Button, &format!("Bytes: {word}"));
        assert!(window.is_on(Role::Tab, "Overview"));
    }
}

/// One referrer of the manifest with this digest.
fn tree(of: &Digest, mark: &[u8]) -> Remote<Arc<ReferrerTree>> {
    let descriptor = Descriptor::new(MediaType::OCI_MANIFEST, Digest::sha256(mark), 700);
    let mut referrer = Referrer::listed(descriptor, vec![Found::by(Way::Api)]);
    referrer.state = ReferrerState::Read;
    referrer.subject = Subject::This;
    let mut tree = ReferrerTree::empty(of.clone());
    tree.complete = true;
    tree.asked = [Asked {
        way: Way::Api,
        answer: Answer::Named(1),
    }]
    .into();
    tree.add(None, referrer);
    Remote::Ready(Arc::new(tree))
}

#[test]
fn where_the_index_is_selected_it_names_it_and_counts_what_the_view_lists() {
    let (mut window, image) = Window::opening("x");
    let mut snapshot = scripted::ready(image);
    let index = scripted::index().root.document.raw().digest().clone();
    let amd64 = scripted::manifest("amd64").document.raw().digest().clone();
    snapshot.referrers = Arc::new(
        [
            (index.clone(), tree(&index, b"of the index")),
            (amd64.clone(), tree(&amd64, b"of the image")),
        ]
        .into(),
    );
    window.show(snapshot);
    window.click(Role::Tab, "Signatures");
    let name = "Index: not verified";
    let name = match window.has(Role::Button, name) {
        true => name,
        false => "Index: verifying",
    };
    window.click(Role::Button, name);
    for said in ["index", "3 platforms, 2 referrers"] {
        assert!(window.says(said), "{said} in {:?}", window.harness);
    }
    assert!(window.has(Role::Button, &format!("Copy {index}")));
    window.click(Role::Tab, "Referrers");
    assert!(
        window.says_like(|text| text.starts_with("2 referrers, ")),
        "{:?}",
        window.harness
    );
    // what the overview offers is offered by the menu
    window.sent();
    window.choose("Image", "Check bytes");
    let manifest = NodePath::root().child(0);
    let checked = Command::CheckBlobs { image, manifest };
    assert!(window.sent().contains(&checked));
}
