//! Archives that break off, at every structure: what is left is read, the rest is said.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use porthole::model::{Content, Document, RawDocument, Transport};
use porthole::transport::{BlobState, Note, Problem, Resolved, Source, TransportError};
use proptest::prelude::*;

use super::{docker, hashed, oci, one, presence, problem, resolve, runtime, source};
use crate::support::archive::{Saved, Tar, fixture, gzip, of_folder, write, zstd};

/// Lengths around every structure of a plain archive.
fn cuts(archive: &[u8]) -> BTreeSet<u64> {
    let mut cuts = BTreeSet::new();
    let mut around = |at: u64| cuts.extend([at.saturating_sub(1), at, at + 1]);
    let mut entries = tar::Archive::new(archive);
    for entry in entries.entries().unwrap() {
        let entry = entry.unwrap();
        let (header, content) = (entry.raw_header_position(), entry.raw_file_position());
        around(header);
        around(header + 256);
        around(content);
        around(content + entry.size() / 2);
        around(content + entry.size());
        around((content + entry.size()).next_multiple_of(512));
    }
    around(archive.len() as u64 - 1024);
    cuts.into_iter()
        .filter(|at| *at < archive.len() as u64)
        .collect()
}

/// Reads everything under `raw`; gives how many blobs are there whole. Nothing is believed
/// that has another digest.
fn walk(source: &dyn Source, raw: &RawDocument) -> usize {
    let document = Document::read(raw.clone());
    match document.content() {
        Content::Index(index) => index
            .descriptors()
            .filter_map(
                |(_, child)| match runtime().block_on(source.manifest(child)) {
                    Ok(raw) => Some(walk(source, &raw)),
                    Err(error) => {
                        lost(&error.problem);
                        None
                    }
                },
            )
            .sum(),
        Content::Manifest(manifest) => {
            let blobs = std::iter::once(&manifest.config).chain(&manifest.layers);
            let whole = blobs.filter(|blob| match presence(source, blob) {
                BlobState::Present => {
                    assert_eq!(hashed(source, blob).unwrap(), BlobState::Verified);
                    true
                }
                BlobState::Unreadable { why } => {
                    let words = ["breaks off", "what can be read"];
                    assert!(words.iter().any(|words| why.contains(words)), "{why}");
                    let error: TransportError = hashed(source, blob).unwrap_err();
                    lost(&error.problem);
                    false
                }
                other => panic!("{other:?}"),
            });
            whole.count()
        }
        other => panic!("{other:?}"),
    }
}

/// That the archive is cut off is what is said, and not that something was never there.
fn lost(problem: &Problem) {
    assert!(
        matches!(
            problem,
            Problem::CutOff { .. } | Problem::NotInArchive { cut_off: true }
        ),
        "{problem:?}"
    );
    assert!(
        problem.hint().contains("get it again"),
        "{}",
        problem.hint()
    );
}

/// Opens what is left of an archive and reads all of it. Gives how many blobs are whole, or
/// nothing where there is no image left.
fn survey(transport: Transport, path: &Path, whole: &RawDocument) -> Option<usize> {
    let source = source(transport, path, None);
    let started = Instant::now();
    let found = match resolve(&*source) {
        Ok(Resolved::Document { raw, .. }) => {
            assert_eq!(raw.bytes(), whole.bytes());
            Some(walk(&*source, &raw))
        }
        Ok(Resolved::Several(images)) => panic!("{images:?}"),
        Err(error) => {
            match &error.problem {
                Problem::NotAnImage { .. } => {}
                Problem::Broken { file, .. } => assert_eq!(file, "the archive"),
                problem => lost(problem),
            }
            None
        }
    };
    assert!(started.elapsed() < Duration::from_secs(10), "it hangs");
    found
}

#[test]
fn plain_archives_are_read_up_to_where_they_break_off() {
    for (transport, name) in [
        (Transport::DockerArchive, "busybox-amd64-docker-archive.tar"),
        (Transport::OciArchive, "buildkit-docker-save.tar"),
    ] {
        let bytes = fs::read(fixture(name)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "cut.tar", &bytes);
        let (whole, _) = one(&*source(transport, &path, None));
        let everything = survey(transport, &path, &whole).unwrap();
        let mut seen = BTreeSet::new();
        for at in cuts(&bytes).into_iter().rev() {
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(at)
                .unwrap();
            let found = survey(transport, &path, &whole);
            assert!(found.is_none_or(|count| count <= everything));
            seen.insert(found);
        }
        assert!(seen.contains(&None), "the list of images is lost");
        assert!(
            seen.contains(&Some(everything)),
            "only the mark of the end is lost"
        );
    }
}

#[test]
fn what_comes_before_the_cut_is_read_and_the_cut_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let layout = fixture("buildkit-app");
    // the list first, so that blobs are lost one by one
    let mut tar = Tar::new();
    for name in ["index.json", "oci-layout"] {
        tar.file(name, &fs::read(layout.join(name)).unwrap());
    }
    tar.raw(&of_folder(&layout.join("blobs"), "blobs/").unfinished());
    let bytes = tar.finish();
    let path = write(folder.path(), "cut.tar", &bytes);
    let (whole, notes) = one(&*oci(&path, None));
    assert_eq!(notes, []);
    let everything = survey(Transport::OciArchive, &path, &whole);
    let mut seen = BTreeSet::new();
    for at in cuts(&bytes).into_iter().rev() {
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(at)
            .unwrap();
        let found = survey(Transport::OciArchive, &path, &whole);
        // a cut between two entries cannot be told from an archive without a mark
        if let Ok(Resolved::Document { notes, .. }) = resolve(&*oci(&path, None))
            && found < everything
            && at % 512 != 0
        {
            assert!(
                matches!(notes[..], [Note::BrokenOff { .. }]),
                "{at}: {notes:?}"
            );
        }
        seen.insert(found);
    }
    assert!(
        seen.len() > 5,
        "an archive that is cut later holds more: {seen:?}"
    );
}

#[test]
fn packed_archives_are_read_up_to_where_they_break_off() {
    for (transport, name) in [
        (Transport::DockerArchive, "busybox-amd64-docker-archive.tar"),
        (Transport::OciArchive, "buildkit-docker-save.tar"),
    ] {
        let plain = fs::read(fixture(name)).unwrap();
        for packed in [gzip(&plain), zstd(&plain)] {
            let folder = tempfile::tempdir().unwrap();
            let path = write(folder.path(), "cut", &packed);
            let (whole, _) = one(&*source(transport, &path, None));
            let last = packed.len() as u64 - 1;
            let mut cuts: BTreeSet<u64> = (0..24).map(|part| last * part / 24).collect();
            cuts.extend([1, 2, 3, 4, 5, 9, 10, 11, 17, 18, last - 8, last]);
            for at in cuts.into_iter().rev() {
                File::options()
                    .write(true)
                    .open(&path)
                    .unwrap()
                    .set_len(at)
                    .unwrap();
                survey(transport, &path, &whole);
            }
        }
    }
}

/// Small archives whose every byte counts.
fn samples() -> Vec<(Transport, Vec<u8>)> {
    let mut saved = Saved::default();
    saved.tar.pax(&[("path", "layer.tar"), ("size", "5")]);
    saved
        .tar
        .file("x", b"layer")
        .symlink("l/layer.tar", "../layer.tar");
    saved.image_of(&["a:1"], &[b"layer"], &["l/layer.tar".to_owned()]);
    let folder = tempfile::tempdir().unwrap();
    let mut layout = crate::support::layout::Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    vec![
        (Transport::DockerArchive, saved.finish()),
        (
            Transport::OciArchive,
            of_folder(folder.path(), "./").finish(),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_byte_that_is_changed_makes_anything_but_an_answer(
        sample in 0usize..2,
        packing in 0usize..3,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (transport, bytes) = samples().remove(sample);
        let mut bytes = match packing {
            0 => bytes,
            1 => gzip(&bytes),
            _ => zstd(&bytes),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "a", &bytes);
        let source = source(transport, &path, None);
        if let Ok(Resolved::Document { raw, .. }) = resolve(&*source) {
            let document = Document::read(raw);
            if let Some(manifest) = document.manifest() {
                for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
                    // any answer will do, and bytes that are verified are the right ones
                    let _ = presence(&*source, blob);
                    if let Ok(BlobState::Verified) = hashed(&*source, blob) {
                        let read = super::read(&*source, blob, None).unwrap();
                        prop_assert!(blob.digest.matches(&read));
                    }
                }
            }
        }
        let _ = porthole::transport::recognise(&path);
    }
}

#[test]
fn a_list_that_is_cut_off_is_named() {
    let mut saved = Saved::default();
    saved.image(&["a:1"], &[b"layer"]);
    let whole = saved.finish();
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        "a.tar",
        &whole[..whole.len() - 1024 - 512 + 10],
    );
    let error = resolve(&*docker(&path, None)).unwrap_err();
    assert_eq!(
        error.problem,
        Problem::CutOff {
            file: "manifest.json".to_owned()
        }
    );
    assert!(error.place.contains("a.tar"), "{error}");
    let layout = of_folder(&fixture("buildkit-app"), "").finish();
    let path = write(folder.path(), "b.tar", &layout[..layout.len() / 2 + 1]);
    assert_eq!(
        problem(&*oci(&path, None)),
        Problem::CutOff {
            file: "index.json".to_owned()
        }
    );
}
