//! Lists of files: filtered, sorted, unfolded.

use std::sync::Arc;

use porthole::layer::{EntryKind, FileList, FileQuery, FileRows, FileSort, NameFilter};
use tar::EntryType;

use super::{Tar, tree};

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
