//! Layers on each other: whiteouts, opaque folders, links, against `umoci unpack`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use porthole::layer::{Change, EntryKind, FileList, FileQuery, FileTree, Scope};
use porthole::model::{Digest, MediaType, limits};
use serde_json::json;

use super::{Tar, scan, tree};
use crate::support::layout::Layout;
use crate::support::peers;

/// Path → what is there: type, mode, size and digest of a file, target of a link.
type Seen = BTreeMap<String, String>;

fn seen_by_us(tree: &FileTree) -> Seen {
    tree.walk()
        .skip(1)
        .filter(|node| node.change() != Change::Removed)
        .map(|node| {
            let path = String::from_utf8(node.path()).unwrap();
            let entry = node.content().map(|(_, _, entry)| entry).or(node.entry());
            let what = match (node.kind(), entry) {
                (EntryKind::Directory, _) => "dir".to_owned(),
                (EntryKind::Symlink, Some(entry)) => {
                    format!("link {}", String::from_utf8_lossy(entry.link().unwrap()))
                }
                (EntryKind::File | EntryKind::Hardlink, Some(entry)) => {
                    format!("file {:o} {}", entry.mode(), entry.digest().unwrap())
                }
                (kind, _) => format!("{kind:?}"),
            };
            (path, what)
        })
        .collect()
}

fn seen_on_disk(root: &Path, folder: &Path, seen: &mut Seen) {
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let name = format!("/{}", path.strip_prefix(root).unwrap().display());
        let what = if metadata.is_dir() {
            "dir".to_owned()
        } else if metadata.is_symlink() {
            format!("link {}", fs::read_link(&path).unwrap().display())
        } else {
            let digest = Digest::sha256(&fs::read(&path).unwrap());
            format!("file {:o} {digest}", metadata.permissions().mode() & 0o7777)
        };
        seen.insert(name, what);
        if metadata.is_dir() {
            seen_on_disk(root, &path, seen);
        }
        assert!(metadata.nlink() > 0);
    }
}

/// Each case: its name and its layers.
fn cases() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let base = || {
        Tar::new()
            .dir("etc")
            .file("etc/a", b"a")
            .file("etc/b", b"b")
            .dir("etc/sub")
            .file("etc/sub/c", b"c")
            .dir("usr")
            .dir("usr/lib")
            .symlink("lib", "usr/lib")
            .file("usr/lib/x.so", b"x")
            .bytes()
    };
    let on_base = |upper: Tar| vec![base(), upper.bytes()];
    vec![
        ("nothing on top", vec![base()]),
        (
            "a file is removed",
            on_base(Tar::new().file("etc/.wh.a", b"")),
        ),
        (
            "a folder is removed",
            on_base(Tar::new().file(".wh.etc", b"")),
        ),
        (
            "a removed folder comes again",
            on_base(
                Tar::new()
                    .file(".wh.etc", b"")
                    .dir("etc")
                    .file("etc/new", b"n"),
            ),
        ),
        (
            "the whiteout comes behind what its own layer put there",
            on_base(
                Tar::new()
                    .dir("etc")
                    .file("etc/new", b"n")
                    .file(".wh.etc", b""),
            ),
        ),
        (
            "a file is replaced and removed by the same layer",
            on_base(Tar::new().file("etc/a", b"new").file("etc/.wh.a", b"")),
        ),
        (
            "a file is removed and put again by the same layer",
            on_base(Tar::new().file("etc/.wh.a", b"").file("etc/a", b"new")),
        ),
        (
            "an opaque folder, first",
            on_base(
                Tar::new()
                    .dir("etc")
                    .file("etc/.wh..wh..opq", b"")
                    .file("etc/n", b"n"),
            ),
        ),
        (
            "an opaque folder, last",
            on_base(
                Tar::new()
                    .dir("etc")
                    .file("etc/n", b"n")
                    .file("etc/.wh..wh..opq", b""),
            ),
        ),
        (
            "an opaque folder with a folder of its own in it",
            on_base(
                Tar::new()
                    .dir("etc")
                    .dir("etc/sub")
                    .file("etc/sub/d", b"d")
                    .file("etc/.wh..wh..opq", b""),
            ),
        ),
        (
            "an opaque folder that is not there",
            on_base(Tar::new().file("srv/.wh..wh..opq", b"").file("srv/n", b"n")),
        ),
        (
            "a folder becomes a file",
            on_base(Tar::new().file("etc", b"file")),
        ),
        (
            "a folder becomes a link",
            on_base(Tar::new().symlink("etc", "usr")),
        ),
        (
            "a file becomes a folder",
            on_base(Tar::new().dir("etc/a").file("etc/a/inside", b"i")),
        ),
        (
            "a link becomes a folder",
            on_base(Tar::new().dir("lib").file("lib/y.so", b"y")),
        ),
        (
            "a file through a link",
            on_base(Tar::new().file("lib/y.so", b"y")),
        ),
        (
            "a whiteout through a link",
            on_base(Tar::new().file("lib/.wh.x.so", b"")),
        ),
        (
            "a link of this layer is followed",
            on_base(
                Tar::new()
                    .symlink("here", "/etc")
                    .file("here/through", b"t"),
            ),
        ),
        (
            "a link that leads above the root",
            on_base(
                Tar::new()
                    .symlink("up", "../../../etc")
                    .file("up/inside", b"t"),
            ),
        ),
        (
            "an opaque folder that is a link",
            on_base(
                Tar::new()
                    .file("lib/.wh..wh..opq", b"")
                    .file("lib/y.so", b"y"),
            ),
        ),
        (
            "an opaque folder through an absolute link",
            vec![
                base(),
                Tar::new().symlink("abs", "/etc").bytes(),
                Tar::new().file("abs/sub/.wh..wh..opq", b"").bytes(),
            ],
        ),
        (
            "a whiteout of a whiteout's name",
            on_base(Tar::new().file("etc/.wh..wh.a", b"")),
        ),
        (
            "a hard link to a link",
            on_base(Tar::new().hardlink("hard", "lib").file("hard/z.so", b"z")),
        ),
        (
            "hard links one after the other",
            on_base(
                Tar::new()
                    .hardlink("one", "lib/x.so")
                    .hardlink("two", "one")
                    .file("etc/.wh.a", b""),
            ),
        ),
        (
            "a link is removed, not what it leads to",
            on_base(Tar::new().file(".wh.lib", b"")),
        ),
        (
            "a hard link below",
            on_base(Tar::new().hardlink("etc/hard", "etc/a")),
        ),
        (
            "a hard link whose file is replaced later",
            vec![
                base(),
                Tar::new().hardlink("hard", "etc/a").bytes(),
                Tar::new().file("etc/a", b"other").bytes(),
            ],
        ),
        (
            "folders that nobody lists",
            on_base(Tar::new().file("x/y/z", b"z")),
        ),
        (
            "the last of two entries",
            on_base(Tar::new().file("two", b"1").file("two", b"22")),
        ),
        (
            "a whiteout of what is not there",
            on_base(Tar::new().file(".wh.nothing", b"")),
        ),
        (
            "removed and back two layers later",
            vec![
                base(),
                Tar::new().file(".wh.etc", b"").bytes(),
                Tar::new().file("etc/a", b"third").bytes(),
            ],
        ),
    ]
}

#[test]
fn layers_are_applied_as_umoci_applies_them() {
    let Some(umoci) = peers::tool("umoci") else {
        return;
    };
    for (name, layers) in cases() {
        let folder = tempfile::tempdir().unwrap();
        let mut layout = Layout::new(folder.path().join("image"));
        let blobs: Vec<_> = layers
            .iter()
            .map(|layer| layout.blob(MediaType::OCI_LAYER, layer))
            .collect();
        let config = layout.document(
            MediaType::OCI_CONFIG,
            &json!({
                "os": "linux", "architecture": "amd64",
                "config": {},
                "rootfs": {"type": "layers",
                    "diff_ids": blobs.iter().map(|blob| &blob.digest).collect::<Vec<_>>()},
            }),
        );
        let manifest = layout.manifest(&config, &blobs);
        layout.name("case", &manifest);
        let bundle = folder.path().join("bundle");
        let image = format!("{}:case", layout.folder().display());
        umoci.run(&["unpack", "--image", &image, bundle.to_str().unwrap()]);
        let root = bundle.join("rootfs");
        let mut expected = Seen::new();
        seen_on_disk(&root, &root, &mut expected);
        assert_eq!(seen_by_us(&tree(&layers)), expected, "{name}");
    }
}

/// What aufs kept for itself is no file of the image; runtimes pass over it, but for what hard
/// links stand for.
#[test]
fn what_aufs_kept_for_itself_is_passed_over() {
    let tree = tree(&[Tar::new()
        .file(".wh..wh.aufs", b"")
        .file(".wh..wh.orph/1", b"")
        .dir(".wh..wh.plnk")
        .file(".wh..wh.plnk/12.34", b"content")
        .hardlink("linked", ".wh..wh.plnk/12.34")
        .file("kept", b"y")
        .bytes()]);
    let linked = tree.find(b"/linked").unwrap();
    assert_eq!(linked.size(), 7);
    let paths = paths(&tree);
    assert!(
        paths
            .iter()
            .all(|path| !path.contains("aufs") && !path.contains("orph"))
    );
    assert!(paths.contains(&"/kept".to_owned()));
}

fn paths(tree: &FileTree) -> Vec<String> {
    let paths = tree
        .walk()
        .skip(1)
        .map(|node| String::from_utf8(node.path()).unwrap());
    paths.collect()
}

#[test]
fn each_file_tells_the_layers_that_had_it() {
    let layers = vec![
        Tar::new()
            .dir("etc")
            .file("etc/a", b"1")
            .file("etc/b", b"b")
            .bytes(),
        Tar::new()
            .dir("etc")
            .file("etc/a", b"22")
            .file("etc/.wh.b", b"")
            .bytes(),
        Tar::new()
            .dir("etc")
            .file("etc/a", b"333")
            .file("etc/n", b"n")
            .bytes(),
    ];
    let whole = tree(&layers);
    let a = whole.find(b"/etc/a").unwrap();
    let versions: Vec<_> = a.versions().map(|v| (v.layer, v.entry.size())).collect();
    assert_eq!(versions, [(2, 3), (1, 2), (0, 1)]);
    assert_eq!(a.change(), Change::Changed);
    assert_eq!(whole.find(b"etc/n").unwrap().change(), Change::Added);
    assert_eq!(
        whole.find(b"etc").unwrap().change(),
        Change::None,
        "only listed again"
    );
    assert!(whole.find(b"etc/b").is_none(), "gone before this layer");
    assert_eq!(
        (
            whole.find(b"etc").unwrap().total(),
            whole.find(b"etc").unwrap().count()
        ),
        (4, 2)
    );

    let indexes: Arc<[_]> = layers.iter().map(|layer| scan(layer)).collect();
    let second = FileTree::build(Arc::clone(&indexes), 1);
    assert_eq!(second.find(b"etc/b").unwrap().change(), Change::Removed);
    assert!(second.find(b"etc/n").is_none());
    let query = FileQuery {
        scope: Scope::Layer(1),
        ..FileQuery::default()
    };
    let list = FileList::new(Arc::new(second), query).unwrap();
    let shown = (0..list.len() as u32).map(|at| list.node(at).unwrap().path());
    let shown: Vec<_> = shown.collect();
    assert_eq!(shown, [&b"/etc"[..], b"/etc/a", b"/etc/b"]);
    assert_eq!(list.fitting(), 2);
}

#[test]
fn circles_of_links_lose_what_lies_behind_them() {
    let tree = tree(&[Tar::new()
        .symlink("a", "b")
        .symlink("b", "a")
        .file("a/lost", b"x")
        .file("kept", b"y")
        .bytes()]);
    assert_eq!(paths(&tree), ["/a", "/b", "/kept"]);
    assert_eq!(tree.lost, 1);
    assert!(tree.resolve(b"/a/lost").is_none());
}

/// Neither a target that Linux would not take, nor more names than any path has.
#[test]
fn links_are_followed_within_limits() {
    let name = "d".repeat(60);
    let long = format!("{}{name}", format!("{name}/../").repeat(63));
    let longest = format!("{long:/<0$}", limits::LINK_TARGET_BYTES);
    let few = "d/../".repeat(limits::LINK_STEPS / 4);
    let tree = tree(&[Tar::new()
        .file("d/f", b"f")
        .symlink(&name, "d")
        .symlink("long", &longest)
        .symlink("longer", &format!("{longest}/"))
        .symlink("few", &format!("{few}d"))
        .symlink("many", &format!("few/../{few}d"))
        .file("long/a", b"a")
        .file("longer/b", b"b")
        .file("few/c", b"c")
        .file("many/d", b"d")
        .bytes()]);
    let written = paths(&tree);
    let written = written.iter().filter(|path| path.starts_with("/d/"));
    assert_eq!(written.collect::<Vec<_>>(), ["/d/a", "/d/c", "/d/f"]);
    assert_eq!(tree.lost, 2);
    for (link, leads) in [
        ("long", true),
        ("longer", false),
        ("few", true),
        ("many", false),
    ] {
        let found = tree.resolve(format!("/{link}/f").as_bytes());
        assert_eq!(found.is_some(), leads, "{link}");
    }
}

/// A folder that is emptied again and again by one layer keeps what that layer puts into it.
#[test]
fn a_folder_is_emptied_of_what_lies_below_alone() {
    let lower = Tar::new().file("d/old", b"o").file("d/e/old", b"o").bytes();
    let upper = Tar::new()
        .file("d/first", b"1")
        .file("d/.wh..wh..opq", b"")
        .file("d/e/second", b"2")
        .file("d/.wh..wh..opq", b"")
        .file(".wh.d", b"")
        .file("d/third", b"3")
        .file("d/.wh.third", b"")
        .file("d/.wh..wh..opq", b"")
        .bytes();
    let top = Tar::new().file("d/.wh..wh..opq", b"").bytes();
    let two = tree(&[lower.clone(), upper.clone()]);
    let there = ["/d", "/d/e", "/d/e/second", "/d/first", "/d/third"];
    let nodes = two
        .walk()
        .skip(1)
        .filter(|node| node.change() != Change::Removed);
    let nodes = nodes.map(|node| String::from_utf8(node.path()).unwrap());
    assert_eq!(nodes.collect::<Vec<_>>(), there);
    let three = tree(&[lower, upper, top]);
    let nodes = three
        .walk()
        .skip(1)
        .filter(|node| node.change() != Change::Removed);
    assert_eq!(nodes.map(|node| node.path()).collect::<Vec<_>>(), [b"/d"]);
}
