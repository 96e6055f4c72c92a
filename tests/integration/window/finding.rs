//! Finding names in all layers, and the way from there to the files.

use porthole::engine::{
    FilesRequest, FilesSnapshot, FoundIn, LayerFiles, LayerState, NodePath, Progress, Remote,
    SearchHit, SearchSnapshot, Unit,
};
use porthole::layer::{EntryKind, FileList, FileQuery, FileTree, LayerIndex, Scope};
use porthole::model::Digest;

use super::*;
use crate::layers::{Tar, scan};

const ROW: &str = "/etc/ssl/passwd, layer linux/arm64 0";

/// A window in which the name was found, in a layer of the second platform.
fn found() -> (Window, ImageId) {
    let (mut window, image) = Window::opening("x");
    window.show(scripted::ready(image));
    window.choose("Image", "Find in all layers…");
    window.field("Name").type_text("passwd");
    window.press(Modifiers::NONE, Key::Enter);
    let sent = window.sent().into_iter().find_map(|command| match command {
        Command::Search { search, request } => Some((search, *request)),
        _ => None,
    });
    let (id, request) = sent.expect("it is searched");
    window.slots.put_search(Arc::new(SearchSnapshot {
        id,
        request,
        job: None,
        hits: [SearchHit {
            path: b"/etc/ssl/passwd".to_vec(),
            kind: EntryKind::File,
            size: 5,
            layer: Digest::sha256(b"layer of arm64"),
            images: [FoundIn {
                name: "linux/arm64".to_owned(),
                manifest: NodePath::root().child(1),
                layer: 0,
            }]
            .into(),
        }]
        .into(),
        searched: 3,
        layers: 3,
        state: Remote::Ready(()),
        notes: Vec::new(),
    }));
    window.harness.run();
    (window, image)
}

/// What Files asks for, of which manifest.
fn looked(window: &mut Window) -> Option<(NodePath, FileQuery)> {
    window.sent().into_iter().find_map(|command| match command {
        Command::Files {
            manifest,
            request: FilesRequest::Look(query),
            ..
        } => Some((manifest, query)),
        _ => None,
    })
}

#[test]
fn a_button_enter_and_a_double_click_show_a_name_in_its_layer() {
    for way in ["button", "key", "click"] {
        let (mut window, image) = found();
        window.click(Role::Row, ROW);
        match way {
            "button" => window.click(Role::Button, "Show in Files"),
            "key" => window.press(Modifiers::NONE, Key::Enter),
            _ => {
                let row = window.harness.get_by_role_and_label(Role::Row, ROW);
                let twice = [click_events(row.rect()), click_events(row.rect())];
                window.watch(twice.concat(), |_| None::<()>);
            }
        }
        assert!(!window.has(Role::Row, ROW), "the dialog is closed: {way}");
        assert!(window.is_on(Role::Tab, "Files"), "{way}");
        let (manifest, query) = looked(&mut window).expect(way);
        assert_eq!(manifest, NodePath::root().child(1), "{way}");
        assert_eq!(query.scope, Scope::Layer(0), "{way}");
        // once it is listed, the folders above it are open and it is selected
        let layer = Tar::new()
            .dir("etc")
            .dir("etc/ssl")
            .file("etc/ssl/passwd", b"root\n")
            .file("etc/zone", b"utc\n");
        let indexes: Arc<[LayerIndex]> = [scan(&layer.bytes())].into();
        let tree = Arc::new(FileTree::build(Arc::clone(&indexes), 0));
        let list = FileList::new(tree, query.clone()).unwrap();
        let node = scripted::manifest("arm64");
        let descriptor = node.document.manifest().unwrap().layers[0].clone();
        window.slots.put_files(Arc::new(FilesSnapshot {
            image,
            manifest,
            generation: 1,
            digest: node.document.raw().digest().clone(),
            layers: [LayerFiles {
                descriptor,
                diff_id: None,
                state: LayerState::Ready,
                index: indexes[0].clone(),
                progress: Arc::new(Progress::new(Unit::Bytes)),
            }]
            .into(),
            unpromised: None,
            query,
            list: Remote::Ready(Arc::new(list)),
            waste: Remote::NotAsked,
            shown: None,
        }));
        window.harness.run();
        let rows = window.harness.query_all_by_role(Role::Row);
        let rows: Vec<_> = rows
            .filter_map(|row| row.accesskit_node().label())
            .collect();
        assert!(
            rows.iter().any(|row| row.starts_with("passwd, file")),
            "{rows:?}"
        );
        assert!(window.has(Role::Button, "Close the details"), "{way}");
        assert!(window.says("/etc/ssl/passwd"), "{way}");
    }
}
