//! A name searched for in all layers of an image.

use porthole::engine::Command;
use porthole::model::MediaType;
use serde_json::json;

use super::Tar;
use crate::support::layout::Layout;
use crate::support::watch::Watch;

#[test]
fn names_are_searched_in_all_layers_of_all_platforms() {
    use porthole::engine::{NodePath, SearchId, SearchRequest};
    use porthole::layer::NameFilter;
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let base = Tar::new().file("etc/passwd", b"root").bytes();
    let gone = Tar::new().file("etc/.wh.passwd", b"").bytes();
    let entries: Vec<_> = ["linux/amd64", "linux/arm64"]
        .iter()
        .map(|platform| {
            let own = Tar::new()
                .file(&format!("srv/{platform}-passwd"), b"x")
                .bytes();
            let layers = [&base, &own, &gone].map(|tar| layout.blob(MediaType::OCI_LAYER, tar));
            let (os, architecture) = platform.split_once('/').unwrap();
            let config = layout.document(
                MediaType::OCI_CONFIG,
                &json!({"os": os, "architecture": architecture, "rootfs": {"type": "layers",
                    "diff_ids": layers.iter().map(|layer| &layer.digest).collect::<Vec<_>>()}}),
            );
            let manifest = layout.manifest(&config, &layers);
            crate::support::layout::entry(&manifest, platform)
        })
        .collect();
    let index = layout.index(&entries);
    layout.name("1", &index);
    let watch = Watch::start();
    let find = |name: NameFilter| {
        let search = SearchId::next();
        watch.engine.send(Command::Search {
            search,
            request: Box::new(SearchRequest {
                reference: layout.reference("1"),
                name,
            }),
        });
        watch.wait(|| {
            let found = watch.engine.search(search)?;
            (!found.state.is_pending()).then_some(found)
        })
    };
    let found = find(NameFilter::Text("PASSWD".to_owned()));
    assert_eq!((found.searched, found.layers), (4, 4), "shared layers once");
    let mut hits: Vec<_> = found
        .hits
        .iter()
        .map(|hit| {
            let path = String::from_utf8(hit.path.clone()).unwrap();
            (path, hit.kind.name(), hit.images.len())
        })
        .collect();
    hits.sort();
    let expected = [
        ("/etc/passwd", "file", 2),
        ("/etc/passwd", "whiteout", 2),
        ("/srv/linux/amd64-passwd", "file", 1),
        ("/srv/linux/arm64-passwd", "file", 1),
    ];
    assert_eq!(
        hits,
        expected.map(|(path, kind, images)| (path.to_owned(), kind, images))
    );
    assert!(
        found
            .hits
            .iter()
            .any(|hit| hit.images[0].name == "linux/amd64")
    );
    // each says where it lies
    let of_arm = found
        .hits
        .iter()
        .find(|hit| hit.path == b"/srv/linux/arm64-passwd")
        .unwrap();
    assert_eq!(of_arm.images[0].manifest, NodePath::root().child(1));
    assert_eq!(of_arm.images[0].name, "linux/arm64");
    let wrong = find(NameFilter::Regex("a(".to_owned()));
    assert!(
        wrong
            .state
            .error()
            .unwrap()
            .headline
            .contains("cannot be read")
    );
}
