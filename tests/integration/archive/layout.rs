//! Layouts in archives: the same as in folders, however they are packed.

use std::path::Path;

use porthole::model::{Algorithm, Content, Descriptor, Digest, Document, MediaType, Transport};
use porthole::transport::layout::LayoutSource;
use porthole::transport::{BlobState, Problem, Resolved, Source, recognise};
use proptest::prelude::*;
use serde_json::json;

use super::{all_verified, hashed, oci, one, presence, problem, read, resolve, runtime, several};
use crate::support::archive::{Tar, fixture, gzip, of_folder, write, zstd};
use crate::support::layout::{Layout, listing};

/// Both layouts of the fixtures, packed in every way that is read.
fn packed(folder: &Path, layout: &str) -> Vec<std::path::PathBuf> {
    let plain = of_folder(&fixture(layout), "").finish();
    let dotted = of_folder(&fixture(layout), "./").finish();
    let half = plain.len() / 2;
    vec![
        write(folder, "plain", &plain),
        write(folder, "dotted", &dotted),
        write(
            folder,
            "unmarked",
            &of_folder(&fixture(layout), "").unfinished(),
        ),
        write(folder, "gzip", &gzip(&plain)),
        // as parallel compressors write them: members and frames behind each other
        write(
            folder,
            "members",
            &[gzip(&plain[..half]), gzip(&plain[half..])].concat(),
        ),
        write(folder, "zstd", &zstd(&plain)),
        write(
            folder,
            "frames",
            &[zstd(&plain[..half]), zstd(&plain[half..])].concat(),
        ),
    ]
}

/// Everything under `raw`, each document equal to the folder's and each blob verified.
fn walk(archive: &dyn Source, folder: &dyn Source, raw: &porthole::model::RawDocument) -> usize {
    let document = Document::read(raw.clone());
    let Content::Index(index) = document.content() else {
        all_verified(archive, raw);
        return 1;
    };
    let children = index.descriptors().map(|(_, child)| {
        let ours = runtime().block_on(archive.manifest(child)).unwrap();
        let theirs = runtime().block_on(folder.manifest(child)).unwrap();
        assert_eq!(ours, theirs);
        walk(archive, folder, &ours)
    });
    1 + children.sum::<usize>()
}

#[test]
fn every_image_is_what_it_is_in_the_folder() {
    for (layout, expected) in [("busybox-small", 9), ("buildkit-app", 13)] {
        let folder = tempfile::tempdir().unwrap();
        let paths = packed(folder.path(), layout);
        let before = listing(folder.path());
        for path in &paths {
            let mut documents = 0;
            for position in 0.. {
                let name = format!("@{position}");
                let archive = oci(path, Some(&name));
                let reference = format!("oci:{}:{name}", fixture(layout).display());
                let Ok(porthole::transport::Located {
                    reference: porthole::model::Reference::Path(reference),
                    ..
                }) = porthole::transport::locate(&reference)
                else {
                    panic!();
                };
                let theirs = LayoutSource::new(reference);
                let resolved = runtime().block_on(theirs.resolve());
                let Ok(Resolved::Document {
                    raw, annotations, ..
                }) = resolved
                else {
                    assert!(matches!(problem(&*archive), Problem::NoSuchName { .. }));
                    break;
                };
                match resolve(&*archive) {
                    Ok(Resolved::Document {
                        raw: ours,
                        annotations: said,
                        notes,
                    }) => {
                        assert_eq!((ours, said), (raw.clone(), annotations), "{path:?} {name}");
                        assert_eq!(notes, []);
                    }
                    other => panic!("{path:?}: {other:?}"),
                }
                documents += walk(&*archive, &theirs, &raw);
            }
            assert_eq!(documents, expected, "{path:?}");
        }
        assert_eq!(listing(folder.path()), before, "nothing was written");
    }
}

#[test]
fn names_mean_what_they_mean_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        "a.tar",
        &of_folder(&fixture("busybox-small"), "").finish(),
    );
    let images = several(&*oci(&path, None));
    let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
    assert_eq!(names, ["1.37.0", "plain", "amd64"]);
    for image in images {
        let (raw, _) = one(&*oci(&path, Some(&image.name.to_string())));
        assert_eq!(raw.digest(), &image.descriptor.digest);
        let (same, _) = one(&*oci(&path, Some(&format!("@{}", raw.digest()))));
        assert_eq!(same.bytes(), raw.bytes());
    }
    let found = problem(&*oci(&path, Some("none")));
    assert_eq!(found.hint(), "There are: 1.37.0, plain, amd64");
}

#[test]
fn short_names_are_completed_as_docker_completes_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["layer"]);
    let other = layout.image("linux/arm64", &["layer"]);
    layout.name("docker.io/library/busybox:latest", &image);
    layout.name("docker.io/library/other:1", &other);
    let path = write(
        folder.path(),
        "a.tar",
        &of_folder(layout.folder(), "").finish(),
    );
    for name in [
        "busybox",
        "busybox:latest",
        "library/busybox",
        "docker.io/library/busybox:latest",
    ] {
        let (raw, _) = one(&*oci(&path, Some(name)));
        assert_eq!(raw.digest(), &image.digest, "{name}");
    }
    assert!(matches!(
        problem(&*oci(&path, Some("other"))),
        Problem::NoSuchName { .. }
    ));
}

#[test]
fn packed_archives_are_told_apart_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let layout = of_folder(&fixture("buildkit-app"), "").finish();
    let saved = std::fs::read(fixture("busybox-amd64-docker-archive.tar")).unwrap();
    // the name says the contrary
    for (name, bytes, expected) in [
        ("image.tar.gz", gzip(&layout), Transport::OciArchive),
        ("image.tar.zst", zstd(&layout), Transport::OciArchive),
        ("oci.tar.gz", gzip(&saved), Transport::DockerArchive),
        ("oci.tar.zst", zstd(&saved), Transport::DockerArchive),
    ] {
        let path = write(folder.path(), name, &bytes);
        let found = recognise(&path).unwrap();
        assert_eq!(found.transport, expected, "{name}");
        let source = super::source(found.transport, &path, None);
        assert!(resolve(&*source).is_ok(), "{name}");
    }
    // what is no archive at all is told from what only looks so at its start
    let path = write(folder.path(), "words.tar.gz", &gzip(b"only words"));
    assert!(matches!(
        problem(&*oci(&path, None)),
        Problem::NotAnImage { .. }
    ));
}

#[test]
fn names_of_any_length_are_read_in_every_dialect() {
    let bytes = b"a blob with a long name";
    let digest = Digest::of(Algorithm::Sha512, bytes);
    let name = format!("blobs/sha512/{}", digest.hex());
    assert!(name.len() > 100, "longer than the field of a header");
    let blob = Descriptor::new(MediaType::OCI_LAYER, digest, bytes.len() as u64);
    let index = json!({"schemaVersion": 2, "manifests": []}).to_string();
    let mut gnu = Tar::new();
    gnu.header(
        tar::EntryType::GNULongName,
        "././@LongLink",
        "",
        name.len() as u64 + 1,
    )
    .content(format!("{name}\0").as_bytes())
    .file("short", bytes);
    let mut pax = Tar::new();
    pax.pax(&[("path", &name), ("mtime", "1.5")])
        .file("short", bytes);
    let mut ustar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    ustar.append_data(&mut header, &name, &bytes[..]).unwrap();
    let mut sized = Tar::new();
    // the size in the header is not the one that counts
    sized.pax(&[("path", &name), ("size", &bytes.len().to_string())]);
    sized
        .header(tar::EntryType::Regular, "short", "", 0)
        .content(bytes);
    let folder = tempfile::tempdir().unwrap();
    for (dialect, archive) in [
        ("gnu", gnu.unfinished()),
        ("pax", pax.unfinished()),
        (
            "ustar",
            ustar
                .into_inner()
                .map(|b| b[..b.len() - 1024].to_vec())
                .unwrap(),
        ),
        ("sized", sized.unfinished()),
    ] {
        let mut whole = Tar::new();
        whole.raw(&archive).file("index.json", index.as_bytes());
        for (packing, bytes) in [("", whole.finish()), (".gz", gzip(&whole.finish()))] {
            let path = write(folder.path(), &format!("{dialect}{packing}"), &bytes);
            let source = oci(&path, None);
            assert_eq!(problem(&*source), Problem::NoImages, "{dialect}{packing}");
            assert_eq!(
                hashed(&*source, &blob).unwrap(),
                BlobState::Verified,
                "{dialect}{packing}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_range_is_that_part_of_the_blob(
        start in 0u64..700_000,
        length in 0u64..700_000,
        packing in 0usize..3,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("layout"));
        let bytes: Vec<u8> = (0..600_000).map(|at| (at % 251) as u8).collect();
        let blob = layout.blob(MediaType::OCI_LAYER, &bytes);
        let plain = of_folder(layout.folder(), "").finish();
        let packed = [plain.clone(), gzip(&plain), zstd(&plain)][packing].clone();
        let path = write(folder.path(), "a", &packed);
        let found = read(&*oci(&path, None), &blob, Some(start..start + length)).unwrap();
        let from = usize::try_from(start).unwrap().min(bytes.len());
        let to = usize::try_from(start + length).unwrap().min(bytes.len());
        prop_assert!(found == bytes[from..to]);
    }
}

#[test]
fn large_blobs_of_a_packed_archive_are_read_again_from_its_start() {
    // more small files than are kept in memory, and one that never is
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let blob = |layout: &Layout, seed: usize, length: usize| {
        let bytes: Vec<u8> = (0..length)
            .map(|at| ((at / 1000 + seed) % 256) as u8)
            .collect();
        layout.blob(MediaType::OCI_LAYER, &bytes)
    };
    let mut blobs: Vec<_> = (0..5).map(|seed| blob(&layout, seed, 9 << 20)).collect();
    blobs.push(blob(&layout, 7, 17 << 20));
    let image = layout.image("linux/amd64", &["small"]);
    layout.name("1", &image);
    let path = write(
        folder.path(),
        "a.tar.zst",
        &zstd(&of_folder(layout.folder(), "").finish()),
    );
    let source = oci(&path, Some("1"));
    let (raw, _) = one(&*source);
    all_verified(&*source, &raw);
    for blob in &blobs {
        assert_eq!(presence(&*source, blob), BlobState::Present);
        assert_eq!(hashed(&*source, blob).unwrap(), BlobState::Verified);
    }
    let middle = read(&*source, &blobs[5], Some(5_000_000..5_000_010)).unwrap();
    assert_eq!(middle, [((5_000_000 / 1000 + 7) % 256) as u8; 10]);
}

#[test]
fn an_archive_is_the_same_one_whatever_happens_to_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        "a.tar",
        &of_folder(&fixture("buildkit-app"), "").finish(),
    );
    let source = oci(&path, Some("1"));
    let (raw, _) = one(&*source);
    std::fs::rename(&path, folder.path().join("b.tar")).unwrap();
    std::fs::write(&path, b"something else").unwrap();
    let document = Document::read(raw);
    let child = document.index().unwrap().descriptors().next().unwrap().1;
    let child = runtime().block_on(source.manifest(child)).unwrap();
    all_verified(&*source, &child);
}
