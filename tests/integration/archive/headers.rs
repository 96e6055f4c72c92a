//! Entries that are not what they should be. Names and links are data: nothing outside of
//! the archive is ever opened.

use std::fs;

use porthole::model::{Descriptor, Digest, MediaType};
use porthole::transport::{BlobState, Note, Problem};
use serde_json::json;
use tar::EntryType;

use super::{docker, hashed, oci, one, presence, problem, read};
use crate::support::archive::{Saved, Tar, gzip, write};
use crate::support::layout::Layout;

/// A blob's name and descriptor.
fn blob(bytes: &[u8]) -> (String, Descriptor) {
    let digest = Digest::sha256(bytes);
    let name = format!("blobs/sha256/{}", digest.hex());
    (
        name,
        Descriptor::new(MediaType::OCI_LAYER, digest, bytes.len() as u64),
    )
}

const EMPTY: &[u8] = b"{\"schemaVersion\": 2, \"manifests\": []}";

/// What is said of a blob in an archive of these entries, plain and compressed.
fn refused(blob: &Descriptor, entries: &Tar) -> Vec<Problem> {
    let folder = tempfile::tempdir().unwrap();
    let whole = Tar::new()
        .raw(&entries.unfinished())
        .file("index.json", EMPTY)
        .finish();
    let mut problems = Vec::new();
    for (name, bytes) in [("a.tar", whole.clone()), ("a.tar.gz", gzip(&whole))] {
        let path = write(folder.path(), name, &bytes);
        let source = oci(&path, None);
        let error = read(&*source, blob, None).unwrap_err();
        let presence = presence(&*source, blob);
        if error.problem.is_missing() {
            assert_eq!(presence, BlobState::Missing);
        } else {
            assert_eq!(
                presence,
                BlobState::Unreadable {
                    why: error.problem.to_string()
                }
            );
        }
        problems.push(error.problem);
    }
    problems
}

#[test]
fn names_that_lead_out_are_never_found() {
    let secret = tempfile::tempdir().unwrap();
    let bytes = b"secret";
    fs::write(secret.path().join("secret"), bytes).unwrap();
    let (name, blob) = blob(bytes);
    for bad in [
        format!("../{name}"),
        format!("/{name}"),
        format!("blobs/../{name}"),
        format!("x/../{name}"),
    ] {
        let mut tar = Tar::new();
        tar.file(&bad, bytes);
        for problem in refused(&blob, &tar) {
            assert_eq!(problem, Problem::NotInArchive { cut_off: false }, "{bad}");
        }
    }
    // nor does a list take what is called so
    let mut tar = Tar::new();
    tar.file("../index.json", EMPTY).file("/oci-layout", b"{}");
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.tar", &tar.finish());
    assert!(matches!(
        problem(&*oci(&path, None)),
        Problem::NotAnImage { .. }
    ));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing was written"
    );
}

#[test]
fn links_lead_to_entries_of_the_archive_over_one_hop() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, b"secret").unwrap();
    let (name, blob) = blob(b"secret");
    let target = secret.display().to_string();
    let up = format!("{}{}", "../".repeat(20), &target[1..]);
    let leads_out = "a link that leads out of the archive";
    type Make<'a> = &'a dyn Fn(&mut Tar) -> &mut Tar;
    let cases: [(Make<'_>, Problem); 8] = [
        (
            &|tar| tar.symlink(&name, &target),
            not_a_file(&name, leads_out),
        ),
        (&|tar| tar.symlink(&name, &up), not_a_file(&name, leads_out)),
        (
            &|tar| tar.hardlink(&name, &target),
            not_a_file(&name, leads_out),
        ),
        (
            &|tar| tar.symlink(&name, "gone"),
            Problem::NotInArchive { cut_off: false },
        ),
        // a loop, and a way around
        (
            &|tar| tar.symlink(&name, blob.digest.hex()),
            not_a_file(&name, "a link to a link"),
        ),
        (
            &|tar| {
                tar.symlink(&name, "a")
                    .symlink("blobs/sha256/a", "b")
                    .file("blobs/sha256/b", b"secret")
            },
            not_a_file(&name, "a link to a link"),
        ),
        (
            &|tar| {
                tar.symlink(&name, "folder")
                    .special(EntryType::Directory, "blobs/sha256/folder/")
            },
            not_a_file(&name, "a folder"),
        ),
        (&|tar| tar.hardlink(&name, ""), not_a_file(&name, leads_out)),
    ];
    for (make, expected) in cases {
        let mut tar = Tar::new();
        make(&mut tar);
        assert_eq!(refused(&blob, &tar), [expected.clone(), expected]);
    }
    // one hop is followed, also to what comes later
    let mut tar = Tar::new();
    tar.symlink(&name, "../../elsewhere")
        .file("elsewhere", b"secret")
        .file("index.json", EMPTY);
    let path = write(outside.path(), "a.tar", &tar.finish());
    assert_eq!(
        hashed(&*oci(&path, None), &blob).unwrap(),
        BlobState::Verified
    );
}

fn not_a_file(file: &str, found: &'static str) -> Problem {
    Problem::NotAFile {
        file: file.to_owned(),
        found,
    }
}

#[test]
fn devices_pipes_and_folders_are_no_files() {
    let (name, blob) = blob(b"x");
    for (kind, found) in [
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::Directory, "a folder"),
        (EntryType::GNUSparse, "a sparse file"),
    ] {
        let mut tar = Tar::new();
        tar.special(kind, &name);
        let expected = not_a_file(&name, found);
        assert_eq!(
            refused(&blob, &tar),
            [expected.clone(), expected],
            "{kind:?}"
        );
    }
    let mut tar = Tar::new();
    tar.pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "x")])
        .file(&name, b"x");
    let expected = not_a_file(&name, "a sparse file");
    assert_eq!(refused(&blob, &tar), [expected.clone(), expected]);
    // one that says it has content has none, as Docker reads it: what follows is a header
    let mut tar = Tar::new();
    tar.header(EntryType::Symlink, "l", "x", 700)
        .file(&name, b"x")
        .file("index.json", EMPTY);
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.tar", &tar.finish());
    assert_eq!(
        hashed(&*oci(&path, None), &blob).unwrap(),
        BlobState::Verified
    );
}

#[test]
fn a_list_that_is_there_twice_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    let once = crate::support::archive::of_folder(layout.folder(), "");
    for again in ["index.json", "./index.json", "oci-layout"] {
        let mut tar = once.clone();
        tar.file(again, EMPTY);
        let path = write(folder.path(), "a.tar", &tar.finish());
        let found = problem(&*oci(&path, None));
        let Problem::Broken { file, why } = &found else {
            panic!("{found:?}");
        };
        assert_eq!(
            (&**file, &**why),
            (
                again.trim_start_matches("./"),
                "the archive holds it more than once"
            )
        );
    }
    // a blob that is there twice is the one with its digest; the last is taken
    let (name, blob) = blob(b"layer");
    for (bytes, expected) in [
        (&b"layer"[..], BlobState::Verified),
        (
            b"other",
            BlobState::WrongDigest {
                found: Digest::sha256(b"other"),
            },
        ),
    ] {
        let mut tar = once.clone();
        tar.file(&name, bytes);
        let path = write(folder.path(), "a.tar", &tar.finish());
        assert_eq!(hashed(&*oci(&path, Some("1")), &blob).unwrap(), expected);
    }
    let mut saved = Saved::default();
    saved.image(&["a:1"], &[b"one"]);
    saved
        .tar
        .file("manifest.json", json!([]).to_string().as_bytes());
    let path = write(folder.path(), "b.tar", &saved.finish());
    assert!(matches!(
        problem(&*docker(&path, None)),
        Problem::Broken { file, .. } if file == "manifest.json"
    ));
    let mut saved = Saved::default();
    let config = saved.image(&["a:1"], &[b"one"]);
    saved
        .tar
        .file(&format!("{}.json", Digest::sha256(&config).hex()), &config);
    let path = write(folder.path(), "c.tar", &saved.finish());
    assert!(matches!(
        problem(&*docker(&path, None)),
        Problem::Broken { .. }
    ));
}

#[test]
fn what_is_no_header_ends_what_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (name, blob) = blob(b"before");
    let mut start = Tar::new();
    start.file("index.json", EMPTY).file(&name, b"before");
    let mut wrong_sum = Tar::new();
    wrong_sum.file("x", b"");
    let mut wrong_sum = wrong_sum.unfinished();
    wrong_sum[0] ^= 1;
    let mut huge = Tar::new();
    huge.header(EntryType::Regular, "huge", "", u64::MAX);
    let mut long = Tar::new();
    long.header(EntryType::GNULongName, "././@LongLink", "", 1 << 40);
    let mut pax = Tar::new();
    pax.header(EntryType::XHeader, "pax", "", 3).content(b"bad");
    for (what, rest, words) in [
        (
            "text",
            vec![b'x'; 512],
            "there is no header where one should be",
        ),
        ("sum", wrong_sum, "there is no header where one should be"),
        ("huge", huge.unfinished(), "18446744073709551615 bytes"),
        (
            "long name",
            long.unfinished(),
            "more than the 1048576 that are read",
        ),
        ("pax", pax.unfinished(), "malformed"),
    ] {
        let bytes = start.clone().raw(&rest).file("behind", b"").finish();
        for (packing, bytes) in [("plain", bytes.clone()), ("gzip", gzip(&bytes))] {
            let path = write(folder.path(), "a", &bytes);
            let source = oci(&path, None);
            assert_eq!(problem(&*source), Problem::NoImages, "{what} {packing}");
            assert_eq!(
                hashed(&*source, &blob).unwrap(),
                BlobState::Verified,
                "{what} {packing}"
            );
            let (_, unknown) = self::blob(b"behind");
            let error = read(&*source, &unknown, None).unwrap_err();
            assert_eq!(
                error.problem,
                Problem::NotInArchive { cut_off: true },
                "{what} {packing}"
            );
        }
        let mut saved = Saved::default();
        saved.image(&["a:1"], &[b"layer"]);
        let mut whole = saved.finish();
        whole.truncate(whole.len() - 1024);
        let path = write(folder.path(), "b", &[whole, rest].concat());
        let (_, notes) = one(&*docker(&path, None));
        let [_, note @ Note::BrokenOff { why }] = &notes[..] else {
            panic!("{what}: {notes:?}");
        };
        assert!(why.contains(words) && note.is_warning(), "{what}: {why}");
    }
}
