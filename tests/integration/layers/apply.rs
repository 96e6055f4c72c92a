//! Layers on each other: whiteouts, opaque folders, links, against `umoci unpack`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use porthole::layer::{
    Change, EntryKind, FileList, FileQuery, FileRows, FileSort, FileTree, NameFilter, Scope,
};
use porthole::model::{Digest, MediaType, limits};
use serde_json::json;
use tar::EntryType;

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

#[test]
fn hard_links_fit_filters_as_their_files_do() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = Tar::header(EntryType::Regular, 3000);
    header.set_mode(0o4755);
    builder
        .append_data(&mut header, "su", &[1; 3000][..])
        .unwrap();
    let mut header = Tar::header(EntryType::Link, 0);
    builder.append_link(&mut header, "su2", "su").unwrap();
    let lower = builder.into_inner().unwrap();
    let upper = Tar::new().file(".wh.su", b"").bytes();
    for (layers, expected, bytes) in [
        (vec![lower.clone()], vec!["/su", "/su2"], 3000),
        (vec![lower, upper], vec!["/su2"], 3000),
    ] {
        let tree = Arc::new(tree(&layers));
        assert_eq!(tree.node(0).unwrap().total(), bytes);
        for (setuid, larger_than) in [(true, None), (false, Some(2999))] {
            let query = FileQuery {
                setuid,
                larger_than,
                ..FileQuery::default()
            };
            let list = FileList::new(Arc::clone(&tree), query).unwrap();
            let nodes = (0..list.len() as u32).map(|at| list.node(at).unwrap());
            let names = nodes.map(|node| String::from_utf8(node.path()).unwrap());
            assert_eq!(names.collect::<Vec<_>>(), expected);
            assert_eq!((list.fitting(), list.bytes()), (expected.len(), bytes));
        }
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

#[test]
fn lists_are_filtered_and_sorted_and_rows_open_and_close() {
    let layer = Tar::new()
        .file("bin/big", &[1; 5000])
        .file("bin/small", &[2; 10])
        .dir("empty")
        .file("etc/a.conf", &[3; 200])
        .file("etc/deep/b.conf", &[4; 300])
        .bytes();
    let tree = Arc::new(tree(&[layer]));
    let list = |query: FileQuery| Arc::new(FileList::new(Arc::clone(&tree), query).unwrap());
    let names = |list: &FileList| -> Vec<String> {
        let nodes = (0..list.len() as u32).map(|at| list.node(at).unwrap());
        nodes
            .map(|node| String::from_utf8(node.path()).unwrap())
            .collect()
    };
    let all = list(FileQuery::default());
    assert_eq!(all.len(), 8);
    let by_size = list(FileQuery {
        sort: FileSort::Size,
        ..FileQuery::default()
    });
    assert_eq!(
        names(&by_size)[..5],
        ["/bin", "/bin/big", "/bin/small", "/etc", "/etc/deep"]
    );
    let conf = list(FileQuery {
        name: Some(NameFilter::Glob("*.conf".to_owned())),
        ..FileQuery::default()
    });
    assert_eq!(
        names(&conf),
        ["/etc", "/etc/a.conf", "/etc/deep", "/etc/deep/b.conf"]
    );
    assert_eq!((conf.fitting(), conf.bytes()), (2, 500));
    let large = list(FileQuery {
        larger_than: Some(200),
        ..FileQuery::default()
    });
    assert_eq!(
        names(&large),
        ["/bin", "/bin/big", "/etc", "/etc/deep", "/etc/deep/b.conf"]
    );

    let mut rows = FileRows::new(Arc::clone(&all));
    assert_eq!(rows.len(), 3);
    assert!(rows.can_open(0) && !rows.is_open(0) && !rows.can_open(1));
    rows.open(2);
    rows.open(0);
    let shown = |rows: &FileRows| -> Vec<String> {
        let nodes = (0..rows.len()).map(|row| rows.node(row).unwrap());
        nodes
            .map(|node| String::from_utf8(node.path()).unwrap())
            .collect()
    };
    let open = [
        "/bin",
        "/bin/big",
        "/bin/small",
        "/empty",
        "/etc",
        "/etc/a.conf",
        "/etc/deep",
    ];
    assert_eq!(shown(&rows), open);
    assert_eq!((rows.parent(5), rows.parent(0)), (Some(4), None));
    let carried = rows.carried_to(by_size);
    assert_eq!(carried.len(), open.len());
    assert!(carried.is_open(0));
    assert_eq!(rows.reveal(b"/etc/deep/b.conf"), Some(7));
    rows.close(4);
    rows.close(0);
    assert_eq!(shown(&rows), ["/bin", "/empty", "/etc"]);
    rows.open_all(2);
    assert_eq!(rows.len(), 6);
    assert_eq!(
        FileRows::new(conf).len(),
        4,
        "what fits a filter is seen at once"
    );
}

#[test]
fn each_filter_leaves_out_what_does_not_fit() {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, mode, bytes) in [
        ("usr/bin/su", 0o4755, 10),
        ("usr/bin/wall", 0o2755, 10),
        ("usr/bin/sh", 0o755, 2_000),
        ("srv/open", 0o666, 10),
        ("srv/library.so.1", 0o644, 5_000),
    ] {
        let mut header = Tar::header(tar::EntryType::Regular, bytes);
        header.set_mode(mode);
        let content = vec![b'x'; bytes as usize];
        builder
            .append_data(&mut header, name, &content[..])
            .unwrap();
    }
    let mut header = Tar::header(tar::EntryType::Directory, 0);
    header.set_mode(0o1777);
    builder.append_data(&mut header, "tmp", &[][..]).unwrap();
    let mut header = Tar::header(tar::EntryType::Symlink, 0);
    header.set_mode(0o777);
    builder.append_link(&mut header, "link", "tmp").unwrap();
    let tree = std::sync::Arc::new(tree(&[builder.into_inner().unwrap()]));
    let fitting = |query: FileQuery| {
        let list = FileList::new(std::sync::Arc::clone(&tree), query).unwrap();
        let nodes = (0..list.len() as u32).filter_map(|at| list.node(at));
        let files = nodes.filter(|node| node.kind() == EntryKind::File);
        let names = files.map(|node| String::from_utf8(node.name().to_vec()).unwrap());
        (list.fitting(), names.collect::<Vec<_>>())
    };
    let base = FileQuery::default;
    let setuid = FileQuery {
        setuid: true,
        ..base()
    };
    assert_eq!(fitting(setuid), (2, vec!["su".into(), "wall".into()]));
    // neither a sticky folder nor a link is what everybody may write
    let world_writable = FileQuery {
        world_writable: true,
        ..base()
    };
    assert_eq!(fitting(world_writable), (1, vec!["open".into()]));
    let larger = FileQuery {
        larger_than: Some(2_000),
        ..base()
    };
    assert_eq!(fitting(larger), (1, vec!["library.so.1".into()]));
    let regex = FileQuery {
        name: Some(NameFilter::Regex(r"^/usr/.*/s[uh]$".to_owned())),
        ..base()
    };
    assert_eq!(fitting(regex.clone()), (2, vec!["sh".into(), "su".into()]));
    let both = FileQuery {
        setuid: true,
        ..regex
    };
    assert_eq!(fitting(both), (1, vec!["su".into()]));
}

/// What is told of a long list while the rest is looked for is its beginning: in the order that
/// is wanted, with the folders above, and the same in the end as if nothing had been told.
#[test]
fn a_filtered_list_begins_with_what_was_told_of_it() {
    let tar = (0..30_000).fold(Tar::new(), |tar, number| {
        let name = format!("d{:02}/e{}/File{number:05}.txt", number % 50, number % 3);
        tar.file(&name, &vec![b'x'; number % 7])
    });
    let tree = Arc::new(tree(&[tar.bytes()]));
    let named = |name| FileQuery {
        name: Some(name),
        ..FileQuery::default()
    };
    let queries = [
        named(NameFilter::Text("file".to_owned())),
        named(NameFilter::Text("/e1/fILE".to_owned())),
        named(NameFilter::Glob("*.txt".to_owned())),
        named(NameFilter::Regex("^/d[0-4].*[02468].txt$".to_owned())),
        FileQuery {
            larger_than: Some(3),
            ..FileQuery::default()
        },
    ];
    let numbers = |list: &FileList| -> Vec<u32> {
        let nodes = 0..list.len() as u32;
        nodes.map(|at| list.node(at).unwrap().number()).collect()
    };
    for query in queries {
        for sort in [FileSort::Name, FileSort::Size] {
            let query = FileQuery {
                sort,
                ..query.clone()
            };
            let mut told = Vec::new();
            let whole =
                FileList::growing(Arc::clone(&tree), query.clone(), &|| true, &mut |list| {
                    told.push(Arc::new(list))
                });
            let whole = Arc::new(whole.unwrap().unwrap());
            // looked at one by one
            let naive = FileList::new(
                Arc::clone(&tree),
                FileQuery {
                    sort,
                    ..FileQuery::default()
                },
            );
            let naive = naive.unwrap();
            let fits = |node: &porthole::layer::FileNode<'_>| {
                let path = String::from_utf8(node.path()).unwrap();
                let is_file = node.kind() == EntryKind::File;
                is_file
                    && match (&query.name, query.larger_than) {
                        (Some(NameFilter::Text(text)), _) => {
                            path.to_lowercase().contains(&text.to_lowercase())
                        }
                        (Some(NameFilter::Regex(_)), _) => {
                            path.as_str() < "/d5"
                                && path.as_bytes()[path.len() - 5].is_multiple_of(2)
                        }
                        (_, Some(size)) => node.size() > size,
                        _ => true,
                    }
            };
            let expected: Vec<u32> = (0..naive.len() as u32)
                .filter_map(|at| naive.node(at))
                .filter(|node| {
                    fits(node) || (node.number()..node.end()).any(|n| fits(&tree.node(n).unwrap()))
                })
                .map(|node| node.number())
                .collect();
            assert_eq!(numbers(&whole), expected, "{query:?}");
            let files = expected.iter().filter(|n| fits(&tree.node(**n).unwrap()));
            assert_eq!(whole.fitting(), files.count());
            assert_eq!(whole.unseen(), 0);
            for at in 0..whole.len() as u32 {
                let inside = |other: u32| {
                    let node = whole.node(at).unwrap();
                    (node.number()..node.end()).contains(&whole.node(other).unwrap().number())
                };
                let end = whole.end(at);
                assert!(inside(end - 1) && (end == whole.len() as u32 || !inside(end)));
            }
            let first = told.first().expect("it is long");
            assert!(first.fitting() >= 100 && first.unseen() > 0, "{query:?}");
            for list in &told {
                assert!(expected.starts_with(&numbers(list)), "{query:?}");
                let end = list.len() as u32;
                assert!((0..end).all(|at| list.end(at) == whole.end(at).min(end)));
                // rows stay where they are, and what was closed stays so
                let mut rows = FileRows::new(Arc::clone(list));
                assert_eq!(rows.grown_to(&whole).unwrap().len(), whole.len());
                for closed in [0, rows.len() - 2] {
                    rows.close(closed);
                    let mut all = FileRows::new(Arc::clone(&whole));
                    all.close(closed);
                    let grown = rows.grown_to(&whole).unwrap();
                    assert_eq!(grown.len(), all.len());
                    assert!(!grown.is_open(closed));
                    rows = FileRows::new(Arc::clone(list));
                }
            }
            if let [first, .., last] = told.as_slice() {
                let rows = FileRows::new(Arc::clone(last));
                assert!(rows.grown_to(first).is_none(), "it begins anew");
            }
            let rows = FileRows::new(Arc::clone(&whole));
            assert!(rows.grown_to(&whole).is_none(), "it was whole");
        }
    }
    let ended = FileList::growing(tree, FileQuery::default(), &|| false, &mut |_| ());
    assert!(ended.unwrap().is_none());
}
