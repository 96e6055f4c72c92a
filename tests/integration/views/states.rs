//! What is shown before there is an image, and where there is none.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use porthole::engine::{Command, FailureKind, Image, Opened, Remote};
use porthole::model::{Descriptor, Digest, MediaType};
use porthole::transport::NamedImage;
use porthole::ui::action::Action;
use porthole::ui::views::View;

use super::{commands, copied, rows, shown, wishes, words};
use crate::support::snapshots::{Made, failure, snapshot_of};

#[test]
fn while_an_image_is_opened_its_space_is_kept() {
    for view in View::ALL {
        let harness = shown(view, snapshot_of(Remote::Pending { previous: None }));
        harness.get_by_role_and_label(Role::Status, "Opening edge:1.8.2");
        harness.get_by_role_and_label(Role::Heading, "edge:1.8.2");
    }
}

#[test]
fn a_failure_says_what_why_and_what_to_try() {
    for (kind, word) in [
        (FailureKind::Damaged, "Damaged"),
        (FailureKind::Missing, "Not found"),
        (FailureKind::Access, "No access"),
        (FailureKind::Network, "Not reached"),
        (FailureKind::Certificate, "Certificate not trusted"),
        (FailureKind::Cancelled, "Cancelled"),
        (FailureKind::Other, "Failed"),
    ] {
        let opened = Remote::Failed {
            error: Arc::new(failure(kind)),
            previous: None,
        };
        let mut harness = shown(View::Overview, snapshot_of(opened));
        let all = words(&harness);
        assert!(all.contains(word), "{all}");
        assert!(all.contains("no answer within 10 s"), "{all}");
        assert!(all.contains("Check the network and try again"), "{all}");
        assert!(!all.contains("slow down"), "details are folded");

        harness.get_by_role_and_label(Role::Link, "Details").click();
        harness.run();
        assert!(words(&harness).contains("The registry said: slow down"));
        harness
            .get_by_role_and_label(Role::Button, "Copy error")
            .click();
        harness.run();
        let copied = copied(&mut harness);
        assert!(copied[0].contains("slow down"), "{copied:?}");
        harness
            .get_by_role_and_label(Role::Button, "Try again")
            .click();
        harness.run();
        let image = harness.state().image.id;
        assert_eq!(commands(&mut harness), [Command::Reload { image }]);
    }
}

#[test]
fn what_was_known_stays_while_it_is_asked_for_again() {
    let image = Image {
        root: Made::default().node(),
        place_annotations: Arc::default(),
        notes: Arc::default(),
        chosen: None,
    };
    let pending = Remote::Pending {
        previous: Some(Opened::Image(image)),
    };
    let harness = shown(View::Overview, snapshot_of(pending));
    let all = words(&harness);
    assert!(all.contains("reading again…"), "{all}");
    assert_eq!(rows(&harness).len(), 3);
}

#[test]
fn of_several_images_one_is_opened() {
    let images: Vec<_> = (0..300)
        .map(|at| NamedImage {
            name: format!("v{at}").parse().unwrap(),
            descriptor: Descriptor::new(
                MediaType::OCI_MANIFEST,
                Digest::sha256(at.to_string().as_bytes()),
                500,
            ),
        })
        .collect();
    let opened = Remote::Ready(Opened::Several(images.into()));
    let mut harness = shown(View::Overview, snapshot_of(opened));
    assert!(words(&harness).contains("This folder holds 300 images"));
    let drawn = rows(&harness);
    assert_eq!(drawn[1], "Open v1");
    assert!(drawn.len() < 40, "{}", drawn.len());
    harness.get_by_label("Open v2").click();
    harness.run();
    let reference = "oci:/srv/images/edge:v2".to_owned();
    assert_eq!(wishes(&mut harness), [Action::Open(reference)]);
}
