//! The tree of files and what is said of one.

use std::sync::Arc;

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use porthole::engine::{
    FileContent, FileRef, FilesSnapshot, LayerFiles, LayerState, NodePath, Progress, Remote,
    ShownFile, Unit,
};
use porthole::layer::colors::Colors;
use porthole::layer::content::Content;
use porthole::layer::{FileList, FileQuery, FileTree, LayerIndex};
use porthole::model::Digest;
use porthole::transport::BlobState;
use porthole::ui::action::Action;
use porthole::ui::theme::Tokens;
use porthole::ui::views::View;

use super::{Shown, rows, shown};
use crate::layers::{Tar, gzip, scan};
use crate::support::snapshots::{Made, snapshot};

/// What a desk would show of an image with these layers; the image has three.
pub fn files_of(made: &Made, layers: &[Vec<u8>]) -> FilesSnapshot {
    let node = made.node();
    let manifest = node.document.manifest().unwrap();
    let indexes: Arc<[LayerIndex]> = layers.iter().map(|layer| scan(layer)).collect();
    let tree = Arc::new(FileTree::build(Arc::clone(&indexes), indexes.len() - 1));
    let list = FileList::new(tree, FileQuery::default()).unwrap();
    let layers = manifest.layers.iter().zip(indexes.iter());
    FilesSnapshot {
        image: porthole::engine::ImageId::next(),
        manifest: NodePath::root(),
        generation: 1,
        digest: node.document.raw().digest().clone(),
        layers: layers
            .map(|(descriptor, index)| LayerFiles {
                descriptor: descriptor.clone(),
                diff_id: None,
                state: LayerState::Ready,
                index: index.clone(),
                progress: Arc::new(Progress::new(Unit::Bytes)),
            })
            .collect(),
        unpromised: None,
        query: FileQuery::default(),
        list: Remote::Ready(Arc::new(list)),
        waste: Remote::NotAsked,
        shown: None,
    }
}

pub fn three() -> Vec<Vec<u8>> {
    vec![
        Tar::new()
            .dir("etc")
            .file("etc/passwd", b"root\n")
            .dir("srv")
            .bytes(),
        Tar::new().file("srv/app", b"app").bytes(),
        Tar::new().file("etc/hosts", b"::1\n").bytes(),
    ]
}

fn harness() -> Harness<'static, Shown> {
    let made = Made::default();
    let files = files_of(&made, &three());
    let mut harness = shown(View::Files, snapshot(made.node()));
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    harness
}

#[test]
fn folders_open_and_close_by_key_while_details_are_shown() {
    let mut harness = harness();
    assert_eq!(rows(&harness).len(), 2, "{:?}", rows(&harness));
    harness.get_by_label_contains("etc, folder").click();
    harness.run();
    // the details are beside it now
    harness.get_by_label("Close the details");
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(rows(&harness).len(), 4, "{:?}", rows(&harness));
    harness.key_press(Key::ArrowLeft);
    harness.run();
    assert_eq!(rows(&harness).len(), 2);
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(rows(&harness).len(), 4);
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert!(
        super::words(&harness).contains("/etc/hosts"),
        "the keyboard went on to the first file"
    );
}

/// A filter over many names shows what it found so far, and says that this is not all.
#[test]
fn the_beginning_of_a_filtered_list_is_shown_and_says_so() {
    let layer = (0..20_000).fold(Tar::new(), |tar, number| {
        tar.file(&format!("name{number:05}"), b"x")
    });
    let made = Made::default();
    let mut files = files_of(&made, &[layer.bytes()]);
    let query = FileQuery {
        larger_than: Some(0),
        ..FileQuery::default()
    };
    let tree = Arc::clone(files.tree().unwrap());
    let mut told = Vec::new();
    let whole = FileList::growing(tree, query.clone(), &|| true, &mut |list| told.push(list));
    let whole = whole.unwrap().unwrap();
    files.query = query;
    let mut harness = shown(View::Files, snapshot(made.node()));
    let mut look = |list: Remote<Arc<FileList>>| {
        files.list = list;
        harness.state_mut().files = Some(Arc::new(files.clone()));
        // once more: rows are laid out for what is there
        harness.run();
        super::words(&harness)
    };
    let first = told.swap_remove(0);
    let unseen = porthole::model::text::count(first.unseen() as u64);
    let said = format!("so far, {}", porthole::model::text::size(first.bytes()));
    let words = look(Remote::Pending {
        previous: Some(Arc::new(first)),
    });
    assert!(words.contains(&said), "{words}");
    let said = format!("looking through {unseen} more");
    assert!(words.contains(&said), "{words}");
    assert!(words.contains("name00000"), "{words}");
    let words = look(Remote::Ready(Arc::new(whole)));
    assert!(
        words.contains("20,000 names, 20.0 KB") && !words.contains("so far"),
        "{words}"
    );
}

/// What was packed as one zstd frame has no place to begin at but its start: that is said.
#[test]
fn a_layer_of_one_zstd_frame_says_that_it_is_read_from_its_start() {
    let plain = Tar::new().file("large", &vec![7; 5 << 20]).bytes();
    let one = zstd::encode_all(&plain[..], 1).unwrap();
    let many: Vec<u8> = plain
        .chunks(1 << 20)
        .flat_map(|part| zstd::encode_all(part, 1).unwrap())
        .collect();
    for (layer, said) in [(one, true), (many, false), (plain, false)] {
        let made = Made::default();
        let mut files = files_of(&made, &[layer]);
        let mut harness = shown(View::Files, snapshot(made.node()));
        harness.state_mut().files = Some(Arc::new(files.clone()));
        harness.run();
        let words = super::words(&harness);
        assert_eq!(
            words.contains("layer 0 read from the start"),
            said,
            "{words}"
        );
        // while it is waited for
        let file = FileRef {
            layer: 0,
            position: 0,
        };
        files.shown = Some(Arc::new(ShownFile {
            file,
            content: Remote::Pending { previous: None },
            colors: None,
            beside: None,
        }));
        harness.state_mut().files = Some(Arc::new(files));
        harness.get_by_label_contains("large").click();
        harness.run_steps(8);
        let words = super::words(&harness);
        assert_eq!(words.contains("one zstd frame"), said, "{words}");
    }
}

/// What the layers unpack to was held against nothing, a layer is damaged, an entry lies nowhere.
#[test]
fn what_no_diff_id_promised_is_said() {
    let layer = Tar::new()
        .symlink("a", "b")
        .symlink("b", "a")
        .file("a/lost", b"x")
        .file("large", b"content")
        .bytes();
    let layer = [&gzip(&layer, 6)[..], b"behind"].concat();
    let made = Made::default();
    let mut files = files_of(&made, &[layer]);
    files.unpromised = Some("The config names 2 DiffIDs for 1 layers".into());
    let node = files.tree().unwrap().find(b"/large").unwrap();
    let (layer, position, entry) = node.content().unwrap();
    let digest = entry.digest();
    files.shown = Some(Arc::new(ShownFile {
        file: FileRef { layer, position },
        content: Remote::Ready(Arc::new(FileContent {
            path: "/large".to_owned(),
            size: 7,
            digest,
            verified: false,
            bytes: "content".into(),
            content: Content::of(b"content"),
            pixels: None,
        })),
        colors: None,
        beside: None,
    }));
    let mut harness = shown(View::Files, snapshot(made.node()));
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    let words = super::words(&harness);
    assert!(words.contains("2 DiffIDs for 1 layers"), "{words}");
    assert!(words.contains("links that lead nowhere: 1"), "{words}");
    assert!(words.contains("Other tools refuse layer 0: "), "{words}");
    harness.get_by_label_contains("large").click();
    harness.run();
    let words = super::words(&harness);
    assert!(words.contains("Not verified: its layer"), "{words}");
}

#[test]
fn keys_arrive_where_the_desktop_does_not_tell_who_has_the_focus() {
    let mut harness = harness();
    harness.input_mut().focused = false;
    harness.get_by_label_contains("etc, folder").click();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(rows(&harness).len(), 4, "{:?}", rows(&harness));
}

/// The colours that words are drawn in.
fn drawn(shape: &egui::Shape, found: &mut Vec<(String, egui::Color32)>) {
    match shape {
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| drawn(shape, found)),
        egui::Shape::Text(text) => {
            let job = &text.galley.job;
            for section in &job.sections {
                let words = section.byte_range.clone();
                let words = &job.text[words.start.0..words.end.0];
                found.push((words.trim().to_owned(), section.format.color));
            }
        }
        _ => {}
    }
}

#[test]
fn a_text_has_the_colours_of_its_language() {
    const TEXT: &str = "# why\ndef add(a):\n    return 'x'\n";
    let made = Made::default();
    let mut layers = three();
    layers[2] = Tar::new().file("srv/run.py", TEXT.as_bytes()).bytes();
    let mut files = files_of(&made, &layers);
    let node = files.tree().unwrap().find(b"/srv/run.py").unwrap();
    let (layer, position, _) = node.content().unwrap();
    let mut shown = ShownFile {
        file: FileRef { layer, position },
        content: Remote::Ready(Arc::new(FileContent {
            path: "/srv/run.py".to_owned(),
            size: TEXT.len() as u64,
            digest: None,
            verified: true,
            bytes: TEXT.into(),
            content: Content::of(TEXT.as_bytes()),
            pixels: None,
        })),
        colors: None,
        beside: None,
    };
    files.shown = Some(Arc::new(shown.clone()));
    let mut harness = self::shown(View::Files, snapshot(made.node()));
    harness.state_mut().files = Some(Arc::new(files.clone()));
    harness.run();
    harness.get_by_label_contains("srv, folder").click();
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    harness.get_by_label_contains("run.py, file").click();
    harness.run();
    let colors = |harness: &Harness<'_, Shown>| {
        let mut found = Vec::new();
        for clipped in &harness.output().shapes {
            drawn(&clipped.shape, &mut found);
        }
        found
    };
    let tokens = Tokens::dark();
    // before its colours are known it is shown without
    assert!(colors(&harness).contains(&("def add(a):".to_owned(), tokens.text)));
    shown.colors = Some(Arc::new(Colors::of("/srv/run.py", TEXT)));
    files.shown = Some(Arc::new(shown));
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    // no tree is offered of what is not JSON, and what finds fills the line
    assert!(harness.query_by_label("Tree").is_none());
    let right = |name: &str| harness.get_by_label(name).rect().right();
    let free = right("Close the details") - right("Copy document");
    assert!((-1.0..20.0).contains(&free), "{free}");
    let found = colors(&harness);
    for (words, color) in [
        ("# why", tokens.weak),
        ("def", tokens.syntax_keyword),
        ("add", tokens.syntax_key),
        ("'x'", tokens.syntax_text),
    ] {
        assert!(
            found.contains(&(words.to_owned(), color)),
            "{words}: {found:?}"
        );
    }
}

/// A file of bytes that are no text, selected and shown as hexadecimal, in a view `width` wide.
fn hexadecimal(width: f32) -> Harness<'static, Shown> {
    let bytes: Vec<u8> = (0..64).collect();
    let made = Made::default();
    let mut layers = three();
    layers[2] = Tar::new().file("binary", &bytes).bytes();
    let mut files = files_of(&made, &layers);
    let node = files.tree().unwrap().find(b"/binary").unwrap();
    let (layer, position, _) = node.content().unwrap();
    files.shown = Some(Arc::new(ShownFile {
        file: FileRef { layer, position },
        content: Remote::Ready(Arc::new(FileContent {
            path: "/binary".to_owned(),
            size: bytes.len() as u64,
            digest: None,
            verified: true,
            content: Content::of(&bytes),
            bytes: bytes.into(),
            pixels: None,
        })),
        colors: None,
        beside: None,
    }));
    let mut harness = super::builder()
        .with_size([width, 740.0])
        .build_ui_state(Shown::draw, Shown::new(View::Files, snapshot(made.node())));
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    harness.get_by_label_contains("binary, file").click();
    harness.run();
    harness.get_by_label("Hex").click();
    harness.run();
    harness
}

#[test]
fn where_there_is_little_room_a_row_has_half_as_many_bytes() {
    let wide = hexadecimal(1600.0);
    wide.get_by_label_contains("00000010  10 11 12 13 14 15 16 17  18 19");
    let narrow = hexadecimal(1190.0);
    let row = narrow.get_by_label_contains("00000008  08 09 0a 0b  0c 0d 0e 0f");
    assert!(row.rect().right() <= 1190.0, "{:?}", row.rect());
}

#[test]
fn the_line_between_the_files_and_what_is_selected_is_dragged() {
    let mut harness = harness();
    harness.get_by_label_contains("etc, folder").click();
    harness.run();
    let line = |harness: &Harness<'_, Shown>| {
        let line = harness.get_by_role_and_label(Role::Splitter, "Width of the files");
        line.rect().center()
    };
    let before = line(&harness);
    let to = before - egui::vec2(200.0, 0.0);
    harness.drag_at(before);
    harness.run();
    harness.hover_at(to);
    harness.run();
    harness.drop_at(to);
    harness.run();
    let after = line(&harness);
    assert!((after.x - to.x).abs() < 3.0, "{before:?} {after:?}");
    // it is the same for what is selected next
    harness.get_by_label("Close the details").click();
    harness.run();
    harness.get_by_label_contains("srv, folder").click();
    harness.run();
    assert_eq!(line(&harness), after);
}

#[test]
fn what_is_selected_stays_in_sight_when_the_details_open_below() {
    let layer = (0..60).fold(Tar::new(), |tar, number| {
        tar.file(&format!("name{number:02}"), b"x")
    });
    let made = Made::default();
    let files = files_of(&made, &[layer.bytes()]);
    let mut harness = super::builder()
        .with_size([700.0, 640.0])
        .build_ui_state(Shown::draw, Shown::new(View::Files, snapshot(made.node())));
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    harness.get_by_label_contains("name14, file").click();
    harness.run();
    let row = harness.get_by_label_contains("name14, file").rect();
    let details = harness.get_by_label("Close the details").rect();
    assert!(row.bottom() <= details.top(), "{row:?} {details:?}");
}

/// A list that an intact copy gave is not shown as if it were of what lies there now.
#[test]
fn files_of_a_damaged_layer_say_so() {
    let mut made = Made::default();
    let files = files_of(&made, &three());
    made.layers[0].state = BlobState::WrongDigest {
        found: Digest::sha256(b"other"),
    };
    let mut harness = shown(View::Files, snapshot(made.node()));
    harness.state_mut().files = Some(Arc::new(files));
    harness.run();
    let said = "Layer 0 is damaged; its files are listed as an intact copy had them";
    let words = super::words(&harness);
    assert!(words.contains(said), "{words}");
    let srv = rows(&harness)
        .into_iter()
        .find(|row| row.starts_with("srv"));
    let srv = srv.unwrap();
    assert!(srv.contains("layer 0, damaged"), "{srv}");
    harness.get_by_label_contains("srv, folder").click();
    harness.run();
    let words = super::words(&harness);
    assert!(words.contains("its layer is damaged"), "{words}");
    let id = harness.state().image.id;
    super::wishes(&mut harness);
    harness.get_by_label("Show layers").click();
    harness.run();
    let leads = Action::ShowView(id, View::Layers);
    assert!(super::wishes(&mut harness).contains(&leads));
    // of an intact layer nothing is said
    assert!(!super::words(&self::harness()).contains("damaged"));
}

#[test]
fn while_a_pattern_is_typed_the_list_stays() {
    let mut harness = harness();
    let before = rows(&harness);
    super::wishes(&mut harness);
    let field = |harness: &Harness<'static, Shown>| {
        harness
            .get_by_role_and_label(egui::Role::TextInput, "Filter files")
            .rect()
    };
    let below = field(&harness).bottom();
    harness
        .get_by_role_and_label(egui::Role::TextInput, "Filter files")
        .focus();
    harness.run();
    harness
        .get_by_role_and_label(egui::Role::TextInput, "Filter files")
        .type_text("re:[");
    harness.run();
    assert_eq!(rows(&harness), before);
    assert_eq!(super::commands(&mut harness), [], "it is not asked for");
    let mut why = harness.query_all_by(|node| {
        let said = node.value().unwrap_or_default();
        said.contains("The pattern [ cannot be read")
    });
    let why = why.next().expect("the reason is said");
    assert!(
        why.rect().top() >= below,
        "the reason stands below the field"
    );
}
