//! What is chosen in the dialog that copies, and what is said while something is missing.

use porthole::copy::{Action, BlobAction, CopyOptions, Selection};
use porthole::engine::{
    Chosen, CopySnapshot, Failure, FailureKind, Node, NodePath, Opened, Parts, Remote,
};
use porthole::model::ChoiceReason;

use super::copy::{asking, plan, planned, put, to, wanted};
use super::scripted;
use super::*;

const TO: &str = "mirror.example.com/edge/api:1.8.2";

/// Whether a command line stands there to be pasted.
fn offers_a_command(window: &Window) -> bool {
    window.says_like(|text| text.starts_with("porthole copy "))
}

/// A plan that failed, as the engine says it.
fn failed(headline: &str) -> Remote<Arc<porthole::copy::Plan>> {
    Remote::Failed {
        error: Arc::new(Failure::new(
            FailureKind::Other,
            headline.to_owned(),
            "Keep the format, or leave them behind",
        )),
        previous: None,
    }
}

#[test]
fn with_no_platform_nothing_is_planned_or_copied() {
    let (mut window, _) = asking("Copy…");
    let (id, request) = to(&mut window, TO);
    put(&mut window, id, &request, plan(&request));
    assert!(offers_a_command(&window));
    for platform in ["linux/amd64", "linux/arm64", "linux/arm/v7"] {
        window.click(Role::CheckBox, platform);
    }
    let (_, last) = planned(&mut window).unwrap();
    assert_eq!(wanted(&last), ["linux/arm/v7"], "nothing is no choice");
    assert!(!window.is_enabled(Role::Button, "Copy"));
    assert!(window.says_like(|text| text.starts_with("Choose a platform, and what")));
    assert!(!offers_a_command(&window));
    assert!(!window.has(Role::RadioButton, "Rewrite it to these 0"));
    window.press(Modifiers::COMMAND, Key::Enter);
    assert_eq!(window.sent(), []);
    window.click(Role::CheckBox, "linux/arm64");
    assert_eq!(wanted(&planned(&mut window).unwrap().1), ["linux/arm64"]);
}

#[test]
fn the_plan_goes_with_the_destination_that_it_was_for() {
    let (mut window, _) = asking("Copy…");
    let (id, request) = to(&mut window, TO);
    put(&mut window, id, &request, plan(&request));
    assert!(offers_a_command(&window) && window.has(Role::Button, "Copy 107 MB"));
    for (typed, said) in [
        ("", "Say where to, and what"),
        ("mirror.example.com/Edge:1", "Say where to, in a way"),
    ] {
        window.fill(Role::TextInput, "Destination", "x");
        window.press(Modifiers::NONE, Key::Backspace);
        window.field("Destination").type_text(typed);
        window.harness.run();
        assert!(window.says_like(|text| text.starts_with(said)), "{typed:?}");
        assert!(!offers_a_command(&window), "{typed:?}");
        assert!(!window.has(Role::Label, "Sent: 2 blobs, 107 MB"));
        assert!(!window.is_enabled(Role::Button, "Copy"));
    }
}

#[test]
fn enter_in_the_destination_starts_the_copy_once_there_is_a_plan() {
    let (mut window, _) = asking("Copy…");
    let (id, request) = to(&mut window, TO);
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.sent(), [], "there is no plan yet");
    assert!(window.field("Destination").is_focused());
    put(&mut window, id, &request, plan(&request));
    window.press(Modifiers::NONE, Key::Enter);
    let sent = window.sent();
    assert!(
        matches!(sent.as_slice(), [Command::Copy { .. }]),
        "{sent:?}"
    );
    assert!(!window.has(Role::TextInput, "Destination"), "it is closed");
}

/// The index with amd64 in it, and instead of the others one that lies in it.
fn nested(id: ImageId, generation: u64, inner: Remote<Arc<Node>>) -> ImageSnapshot {
    let mut image = scripted::index();
    let [amd64, other] = [scripted::manifest("amd64"), scripted::nested(Vec::new())];
    let root = scripted::index_of(&[(&*amd64, Some("amd64")), (&*other, None)]);
    image.root = Arc::new(Node {
        document: root,
        parts: Parts::Index {
            children: [Remote::Ready(amd64), inner].into(),
        },
    });
    scripted::snapshot(id, generation, Remote::Ready(Opened::Image(image)))
}

/// What is asked for of the indexes, since the last look.
fn asked(window: &mut Window) -> Vec<(NodePath, std::ops::Range<usize>)> {
    let sent = window.sent().into_iter();
    let asked = sent.filter_map(|command| match command {
        Command::Want { index, entries, .. } => Some((index, entries)),
        _ => None,
    });
    asked.collect()
}

#[test]
fn what_lies_in_an_index_in_the_index_is_read_and_chosen() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    window.show(nested(image, 1, Remote::NotAsked));
    window.sent();
    window.choose("Image", "Copy…");
    let root = NodePath::root();
    assert_eq!(asked(&mut window), [(root.clone(), 1..2)]);
    // until it is read nobody can leave out what it lists without a word
    assert!(!window.is_enabled(Role::CheckBox, "linux/amd64"));
    let inner = |children: Vec<Remote<Arc<Node>>>| Remote::Ready(scripted::nested(children));
    window.show(nested(
        image,
        2,
        inner(vec![Remote::NotAsked, Remote::NotAsked]),
    ));
    assert_eq!(asked(&mut window), [(root.child(1), 0..2)]);
    let images = ["riscv64", "s390x"].map(|name| Remote::Ready(scripted::manifest(name)));
    window.show(nested(image, 3, inner(images.to_vec())));
    assert_eq!(asked(&mut window), []);
    to(&mut window, TO);
    window.click(Role::CheckBox, "linux/riscv64");
    let (_, request) = planned(&mut window).unwrap();
    assert_eq!(wanted(&request), ["linux/amd64", "linux/s390x"]);
}

#[test]
fn an_index_that_cannot_be_read_says_what_it_is() {
    let (mut window, image) = Window::opening("registry.example.com/edge/api:1.8.2");
    let failed = Remote::Failed {
        error: scripted::refused(),
        previous: None,
    };
    window.show(nested(image, 1, failed));
    window.sent();
    window.choose("Image", "Copy…");
    assert_eq!(asked(&mut window), []);
    let other = scripted::nested(Vec::new());
    let name = format!("Index {}", other.document.raw().digest().short());
    assert!(window.is_enabled(Role::CheckBox, &name));
}

#[test]
fn where_nothing_fits_this_system_nothing_is_marked_or_ticked() {
    let (mut window, id) = Window::opening("registry.example.com/edge/api:1.8.2");
    let mut image = scripted::index();
    let chosen = image.chosen.as_mut().unwrap();
    chosen.choices[0].reason = ChoiceReason::NothingFits;
    assert!(matches!(image.chosen, Some(Chosen { .. })));
    window.show(scripted::snapshot(
        id,
        1,
        Remote::Ready(Opened::Image(image)),
    ));
    window.sent();
    window.choose("Image", "Copy…");
    assert!(!window.has(Role::RadioButton, "This system’s"));
    window.fill(
        Role::TextInput,
        "Destination",
        "docker-daemon:edge/api:1.8.2",
    );
    assert!(planned(&mut window).is_none_or(|(_, request)| {
        !request
            .destination
            .starts_with("docker-daemon:edge/api:1.8.2")
    }));
    assert!(window.says_like(|text| text.starts_with("None of them is for this system")));
    assert!(!window.is_on(Role::CheckBox, "linux/amd64"));
    assert!(!window.is_enabled(Role::Button, "Copy"));
    window.click(Role::CheckBox, "linux/arm64");
    assert_eq!(wanted(&planned(&mut window).unwrap().1), ["linux/arm64"]);
}

#[test]
fn of_a_place_with_several_images_one_is_picked_and_copied() {
    let (mut window, first) = asking("Copy…");
    window.press(Modifiers::NONE, Key::Escape);
    window.sent();
    window.drop_path("/images/release");
    window.click(Role::Button, "Copy it…");
    let sent = window.sent();
    let opened = |command: &Command| match command {
        Command::Open { image, input, .. } => Some((*image, input.clone())),
        _ => None,
    };
    let (image, input) = sent.iter().find_map(opened).unwrap();
    assert_eq!(input, "/images/release");
    window.show(scripted::several(image));
    window.fill(Role::TextInput, "Destination", "mirror.example.com/mine:7");
    assert!(window.says_like(|text| text.starts_with("Choose one of the images, and")));
    assert_eq!(planned(&mut window), None);
    window.click(Role::RadioButton, "second");
    let sent = window.sent();
    assert!(sent.contains(&Command::Close { image }), "{sent:?}");
    let (image, input) = sent.iter().find_map(opened).unwrap();
    assert_eq!(input, "oci:/images/release:second");
    window.show(scripted::folder(image, &input));
    let (_, request) = planned(&mut window).unwrap();
    assert_eq!(request.source, input);
    assert_eq!(request.destination, "docker://mirror.example.com/mine:7");
    assert!(window.is_on(Role::RadioButton, "second"));
    assert_ne!(image, first);
}

#[test]
fn what_is_there_is_counted_with_its_documents() {
    let (mut window, _) = asking("Copy…");
    let (id, request) = to(&mut window, TO);
    let mut all = scripted::plan(&request.source, &request.destination, &request.options);
    all.replaces = Some(all.digest.clone());
    for blob in &mut all.blobs {
        blob.action = BlobAction::Skip;
    }
    for document in &mut all.documents {
        document.action = Action::Skip;
    }
    put(&mut window, id, &request, Remote::Ready(Arc::new(all)));
    assert!(window.has(
        Role::Note,
        "Everything is there already: nothing will be sent."
    ));
    assert!(window.has(Role::Label, "Already there: 3 blobs, 1 document, 172 MB"));
}

#[test]
fn what_cannot_come_along_is_left_behind_by_a_button() {
    type Left = fn(&CopyOptions) -> bool;
    let cases: [(&str, Left, &str); 2] = [
        (
            "Go on without signatures",
            |options| options.remove_signatures && !options.no_referrers,
            "Signatures",
        ),
        (
            "Go on without what refers to it",
            |options| options.no_referrers,
            "SBOMs, provenance and other referrers",
        ),
    ];
    for (button, left, tick) in cases {
        let (mut window, _) = asking("Copy…");
        let (id, request) = to(&mut window, TO);
        let mut rest = request.clone();
        rest.options.remove_signatures = tick == "Signatures";
        rest.options.no_referrers = tick != "Signatures";
        window.slots.put_copy(Arc::new(CopySnapshot {
            id,
            request: request.clone(),
            plan: failed("signatures would not be valid any more"),
            progress: None,
            job: None,
            report: Remote::NotAsked,
            without_lost: None,
            left_behind: Some(Box::new(rest)),
        }));
        window.harness.run();
        window.click(Role::Button, button);
        let (_, request) = planned(&mut window).unwrap();
        assert!(left(&request.options), "{:?}", request.options);
        assert!(!window.is_on(Role::CheckBox, tick));
    }
}

#[test]
fn only_another_format_is_warned_about() {
    let (mut window, _) = asking("Copy…");
    to(&mut window, TO);
    window.click(Role::Link, "More options");
    let warns = |window: &Window| {
        let notes = window.harness.query_all_by_role(Role::Note);
        let mut labels = notes.filter_map(|note| note.accesskit_node().label());
        labels.any(|label| label.starts_with("Converting changes every digest"))
    };
    window.pick("Format", "Convert to OCI");
    assert!(!warns(&window));
    assert!(window.says("All of it is in this format already: no digest changes."));
    window.pick("Format", "Convert to Docker");
    assert!(warns(&window));
}

#[test]
fn of_a_place_without_manifests_no_digest_is_promised() {
    let (mut window, _) = asking("Copy…");
    let (id, request) = to(&mut window, "docker-archive:/tmp/a.tar:a:1");
    assert_eq!(request.options.selection, Selection::Usual);
    let mut made = scripted::plan(&request.source, &request.destination, &request.options);
    made.digest = porthole::model::Digest::sha256(b"one of the index");
    put(&mut window, id, &request, Remote::Ready(Arc::new(made)));
    let note = |window: &Window, start: &str| {
        let notes = window.harness.query_all_by_role(Role::Note);
        let mut labels = notes.filter_map(|note| note.accesskit_node().label());
        labels.any(|label| label.starts_with(start))
    };
    assert!(note(&window, "Such a place keeps no manifest"));
    assert!(!note(&window, "The copy has a digest of its own"));
}

#[test]
fn a_command_that_is_called_what_was_typed_comes_first() {
    let (mut window, _) = asking("Copy…");
    window.press(Modifiers::NONE, Key::Escape);
    window.press(CTRL_SHIFT, Key::P);
    window.field("Command").type_text("copy");
    window.harness.run();
    window.press(Modifiers::NONE, Key::Enter);
    assert!(window.has(Role::TextInput, "Destination"));
}

#[test]
fn the_image_alone_takes_the_place_of_the_index_where_one_is_chosen() {
    let (mut window, _) = asking("Copy…");
    to(&mut window, TO);
    const ALONE: &str = "The image alone";
    assert!(!window.has(Role::RadioButton, ALONE), "all are taken");
    window.click(Role::CheckBox, "linux/arm64");
    assert!(!window.has(Role::RadioButton, ALONE), "two are taken");
    window.click(Role::CheckBox, "linux/amd64");
    // how the two differ is said before one is chosen
    assert!(window.says_like(|text| text.starts_with("An index with one entry says which")));
    window.click(Role::RadioButton, ALONE);
    let (id, request) = planned(&mut window).unwrap();
    assert!(request.options.single && !request.options.sparse);
    assert_eq!(wanted(&request), ["linux/arm/v7"]);
    put(&mut window, id, &request, plan(&request));
    let line = "porthole copy --platform=linux/arm/v7 --single docker://";
    assert!(window.says_like(|text| text.starts_with(line)));
    // with a second one there is an index again, and nothing else was forgotten
    window.click(Role::CheckBox, "linux/amd64");
    let (_, request) = planned(&mut window).unwrap();
    assert!(!request.options.single);
    assert!(window.is_on(Role::RadioButton, "Rewrite it to these 2"));
    // a place for one image has no choice
    window.click(Role::CheckBox, "linux/amd64");
    let (_, request) = to(&mut window, "docker-archive:/tmp/a.tar:a:1");
    assert!(!request.options.single && !window.has(Role::RadioButton, ALONE));
}

#[test]
fn this_system_is_this_machine_and_what_an_image_was_opened_for_is_named() {
    let (mut window, id) = Window::opening("registry.example.com/edge/api:1.8.2");
    let mut image = scripted::index();
    let chosen = image.chosen.as_mut().unwrap();
    chosen.path = NodePath::root().child(1);
    chosen.choices[0].position = 1;
    let opened = Remote::Ready(Opened::Image(image));
    let mut snapshot = scripted::snapshot(id, 1, opened);
    snapshot.wanted = porthole::model::Platform::new("linux", "arm64");
    window.show(snapshot);
    window.sent();
    window.choose("Image", "Copy…");
    to(&mut window, TO);
    for (segment, platform) in [
        ("This system’s", "linux/amd64"),
        ("linux/arm64", "linux/arm64"),
    ] {
        window.click(Role::RadioButton, segment);
        let (_, request) = planned(&mut window).unwrap();
        assert_eq!(wanted(&request), [platform], "{segment}");
        assert!(window.is_on(Role::CheckBox, platform));
    }
    // where one image has room it is the one that was asked for, and the line says so
    window.click(Role::RadioButton, "All 3");
    window.press(Modifiers::NONE, Key::Escape);
    window.choose("Image", "Copy…");
    let (id, request) = to(&mut window, "docker-daemon:edge/api:1.8.2");
    assert!(window.is_on(Role::RadioButton, "linux/arm64"));
    put(&mut window, id, &request, plan(&request));
    let line = "porthole copy --platform=linux/arm64 docker://";
    assert!(window.says_like(|text| text.starts_with(line)));
}

#[test]
fn a_line_to_paste_reaches_registries_as_the_window_does() {
    let mut network = porthole::config::Network {
        plain_http: vec!["mirror.example.com".to_owned()],
        authorities: vec!["/etc/own ca.pem".into()],
        ..porthole::config::Network::default()
    };
    network.use_auth_file("/home/me/logins.json".into());
    let mut window = Window::new(Setup {
        network,
        ..Setup::default()
    });
    let image = window.open("oci:/images/release:1");
    window.show(scripted::folder(image, "oci:/images/release:1"));
    window.sent();
    window.choose("Image", "Copy…");
    let (id, request) = to(&mut window, TO);
    put(&mut window, id, &request, plan(&request));
    let reaching = "--plain-http=mirror.example.com '--ca-file=/etc/own ca.pem' \
                    --authfile=/home/me/logins.json";
    let line = format!("porthole copy {reaching} oci:/images/release:1 docker://mirror");
    assert!(window.says_like(|text| text.starts_with(&line)));
    // as does the plan in full, which ends with it
    window.click(Role::Link, "Every document and blob");
    assert!(window.says_like(|text| text.starts_with(&line)));
    // from one place on this machine to another nothing of that is needed
    let (id, request) = to(&mut window, "dir:/mnt/stick");
    put(&mut window, id, &request, plan(&request));
    let line = "porthole copy oci:/images/release:1 dir:/mnt/stick";
    assert!(window.says_like(|text| text == line));
    // whoever checks later asks the same registry
    window.press(Modifiers::NONE, Key::Escape);
    super::copy_report::show_report_of_another(&mut window);
    let line = format!("porthole copy {reaching} --check ");
    assert!(window.says_like(|text| text.starts_with(&line)));
}

#[test]
fn where_the_keyboard_is_can_be_seen() {
    let (mut window, _) = asking("Copy…");
    to(&mut window, TO);
    window.harness.set_size(egui::vec2(1024.0, 620.0));
    for platform in ["linux/amd64", "linux/arm64"] {
        window.click(Role::CheckBox, platform);
    }
    window.click(Role::Link, "More options");
    let rect =
        |window: &Window, role, name: &str| window.harness.get_by_role_and_label(role, name).rect();
    let footer = rect(&window, Role::Button, "Cancel").top();
    for (role, name) in [
        (Role::CheckBox, "Fetch foreign layers"),
        (Role::ComboBox, "Kind of place"),
    ] {
        window.harness.get_by_role_and_label(role, name).focus();
        window.harness.run_steps(20);
        let rect = rect(&window, role, name);
        assert!(
            rect.bottom() <= footer && rect.top() >= 24.0,
            "{name}: {rect:?}"
        );
    }
    // what is not picked does not look as if it were, where the keyboard comes to it
    let fills = |window: &Window| {
        let tokens =
            porthole::ui::theme::Tokens::for_dark(window.harness.ctx.theme() == egui::Theme::Dark);
        let shapes = window.harness.output().shapes.iter();
        let rects = shapes.filter_map(|clipped| match &clipped.shape {
            egui::Shape::Rect(rect) if rect.fill == tokens.selection => Some(rect.rect),
            _ => None,
        });
        rects.collect::<Vec<_>>()
    };
    let segment = window
        .harness
        .get_by_role_and_label(Role::RadioButton, "All 3");
    let rect = segment.rect();
    segment.focus();
    window.harness.run_steps(20);
    let chosen = window
        .harness
        .get_by_role_and_label(Role::RadioButton, "Chosen");
    let chosen = chosen.rect();
    let filled = fills(&window);
    assert!(
        filled.iter().any(|fill| chosen.intersects(*fill)),
        "{filled:?}"
    );
    assert!(
        !filled.iter().any(|fill| rect.shrink(2.0).intersects(*fill)),
        "{filled:?}"
    );
}
