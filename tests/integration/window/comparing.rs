//! What the view of a comparison says.

use std::sync::Arc;

use porthole::diff::{PlatformChange, Sets};
use porthole::engine::{Command, ComparedImages, ComparedSide, ComparisonSnapshot, Remote};
use porthole::model::{Descriptor, Digest, MediaType};

use super::*;

fn side(root: &str, layers: &[&str]) -> ComparedSide {
    let layers = layers.iter().map(|text| {
        let digest = Digest::sha256(text.as_bytes());
        Descriptor::new(MediaType::OCI_LAYER, digest, text.len() as u64)
    });
    ComparedSide {
        reference: "oci:/images/small:1".to_owned(),
        digest: Digest::sha256(b"image"),
        root: Digest::sha256(root.as_bytes()),
        platform: None,
        layers: layers.collect(),
    }
}

/// Compares an image with another, and shows what was found out.
fn comparing(images: ComparedImages) -> Window {
    comparing_with(Remote::Ready(Arc::new(images)))
}

/// The same, whatever came of it.
fn comparing_with(images: Remote<Arc<ComparedImages>>) -> Window {
    let (mut window, id) = Window::opening("oci:/images/small:1");
    window.show(scripted::folder(id, "oci:/images/small:1"));
    window.choose("Image", "Compare with…");
    window
        .field("The other image")
        .type_text("oci:/images/small:2");
    window.press(Modifiers::NONE, Key::Enter);
    let begun = window.sent().into_iter().find_map(|command| match command {
        Command::Compare {
            comparison,
            request,
        } => Some((comparison, *request)),
        _ => None,
    });
    let (id, request) = begun.expect("it is compared");
    window.slots.put_comparison(Arc::new(ComparisonSnapshot {
        id,
        generation: 1,
        request,
        job: None,
        images,
        files: Remote::Pending { previous: None },
        shown: None,
    }));
    window.harness.run();
    window
}

fn images(before: ComparedSide, after: ComparedSide) -> ComparedImages {
    let digests = |side: &ComparedSide| -> Vec<Digest> {
        side.layers
            .iter()
            .map(|layer| layer.digest.clone())
            .collect()
    };
    let platforms = ["linux/amd64".to_owned(), "linux/arm64".to_owned()];
    ComparedImages {
        layers: Sets::of(&digests(&before), &digests(&after)),
        before,
        after,
        platforms: Some(Sets::of(&platforms, &platforms)),
        changed_platforms: Vec::new(),
        settings: Vec::new(),
        history: Some(Sets::of(&[], &[])),
    }
}

#[test]
fn platforms_with_other_images_are_shown() {
    let mut found = images(side("one", &["a"]), side("other", &["a"]));
    let window = comparing(found.clone());
    assert!(window.says("The images are the same, the indexes that list them are not"));
    let [before, after] = ["1", "2"].map(|text| Digest::sha256(text.as_bytes()));
    found.changed_platforms = vec![PlatformChange {
        platform: "linux/arm64".to_owned(),
        platform_after: "linux/arm64".to_owned(),
        before: vec![before.clone()],
        after: vec![after.clone()],
    }];
    let window = comparing(found.clone());
    assert!(window.says("The images differ"));
    let name = format!("linux/arm64 only before: {before}");
    assert!(window.has(Role::Label, &name));
    assert!(window.has(Role::Label, &format!("linux/arm64 only after: {after}")));
    // each side is named as it is written
    found.changed_platforms[0].platform_after = "linux/arm64/v8".to_owned();
    let window = comparing(found);
    let other = format!("linux/arm64/v8 only after: {after}");
    assert!(window.has(Role::Label, &name) && window.has(Role::Label, &other));
}

#[test]
fn a_layer_that_is_there_twice_is_shown_as_often() {
    let layers = ["a", "b", "a"];
    let window = comparing(images(side("one", &layers[..2]), side("one", &layers)));
    let a = Digest::sha256(b"a").short();
    assert!(window.has(Role::Label, &format!("only after: layer 2, 1 B, {a}")));
    assert!(window.has(Role::Label, &format!("in both: layer 0, 1 B, {a}")));
    assert!(!window.says("What both have stands in another order."));
    let window = comparing(images(side("one", &["a", "b"]), side("one", &["b", "a"])));
    assert!(window.says("What both have stands in another order."));
}

#[test]
fn a_comparison_has_no_address_to_open() {
    let window = comparing(images(side("one", &["a"]), side("other", &["a"])));
    let address = window.field("Reference").value();
    assert_eq!(address.unwrap_or_default(), "");
    assert!(!window.is_enabled(Role::Button, "Open"));
}

#[test]
fn the_heading_says_how_much_differs_or_that_nothing_could_be_compared() {
    let mut found = images(side("one", &["a", "b"]), side("one", &["a", "ccc"]));
    found.after.digest = Digest::sha256(b"other image");
    let setting = |group, name: &str| porthole::diff::Setting {
        group,
        name: name.to_owned(),
        before: Some("/srv".to_owned()),
        after: None,
    };
    found.settings = vec![
        setting("config", "workingDir"),
        setting("labels", "workingDir"),
    ];
    let window = comparing(found);
    assert!(window.says("The images differ"));
    assert!(
        window.says("2 settings, 1 layer, +2 B"),
        "{:?}",
        window.harness
    );
    // a setting is called as in Config, a label as it is written
    for name in ["Working folder", "workingDir"] {
        assert!(window.has(Role::Label, &format!("{name} only before: /srv")));
    }
    let window = comparing(images(side("one", &["a"]), side("one", &["a"])));
    assert!(!window.says_like(|text| text.contains("1 layer,")));

    let window = comparing_with(Remote::Failed {
        error: scripted::refused(),
        previous: None,
    });
    assert!(window.says("Could not compare"));
    assert!(!window.says("Comparing…"));
}
