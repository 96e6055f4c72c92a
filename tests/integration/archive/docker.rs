//! What `docker save` wrote before version 25: a list of images, and no manifest.

use porthole::model::{Descriptor, Digest, MediaKind};
use porthole::transport::{BlobState, Note, Problem};
use serde_json::{Value, json};
use tar::EntryType;

use super::{all_verified, docker, hashed, manifest, one, presence, problem, read, several};
use crate::support::archive::{Saved, fixture, gzip, write, zstd};

const DERIVED: Note = Note::DerivedManifest {
    from: "manifest.json",
};

fn saved(saved: &Saved) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "saved.tar", &saved.finish());
    (folder, path)
}

#[test]
fn what_skopeo_wrote_is_read_by_every_name() {
    let path = fixture("busybox-amd64-docker-archive.tar");
    let (raw, notes) = one(&*docker(&path, None));
    assert_eq!(notes, [DERIVED]);
    let derived: Value = serde_json::from_slice(raw.bytes()).unwrap();
    // the DiffIDs of the config, and the sizes that `tar tv` prints
    assert_eq!(
        derived,
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": 1827,
                "digest": "sha256:d64019a86411e4527cdea702de9f08a8f2a869bbe5f8b69db733f7c8536d375b",
            },
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
                    "size": 2_129_920,
                    "digest": "sha256:68d4a09a66479041351e211ca1930d1776fd4d589cc7a3399cfac28fdd53ec03",
                },
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
                    "size": 430_080,
                    "digest": "sha256:83b0a45dd4323ba0b37f82ef38ef1a41a1aa229d68f05cc704d1383979bf3486",
                },
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
                    "size": 51_200,
                    "digest": "sha256:5e5e519e1e345d2f54f120d00a9fdea3d8e235555a57cd13fa69ad26cf43a5c3",
                },
            ],
        })
    );
    for name in ["example.org/busybox:1.37.0", "@0"] {
        let source = docker(&path, Some(name));
        assert_eq!(one(&*source).0, raw, "{name}");
        all_verified(&*source, &raw);
    }
    let itself = format!("@{}", raw.digest());
    assert_eq!(one(&*docker(&path, Some(&itself))).0, raw);
    for absent in ["busybox:1.37.0", "example.org/busybox", "@1", "1.37.0"] {
        let found = problem(&*docker(&path, Some(absent)));
        assert!(
            matches!(found, Problem::NoSuchName { .. }),
            "{absent}: {found:?}"
        );
        assert_eq!(found.hint(), "There are: example.org/busybox:1.37.0");
    }
}

#[test]
fn layers_behind_links_are_found_over_one_hop() {
    // as docker save linked layers that images share, and as others link them
    let layers: [&[u8]; 3] = [b"first layer", b"second layer", b"third layer"];
    let mut archive = Saved::default();
    archive.tar.file("one/layer.tar", layers[0]);
    archive.tar.symlink("two/layer.tar", "../shared.tar");
    archive.tar.file("shared.tar", layers[1]);
    archive.tar.file("whole.tar", layers[2]);
    archive.tar.hardlink("three/layer.tar", "./whole.tar");
    let files = ["one/layer.tar", "./two/layer.tar", "three//layer.tar"];
    archive.image_of(&["a:1"], &layers, &files.map(str::to_owned));
    let (_folder, path) = saved(&archive);
    let source = docker(&path, None);
    let (raw, _) = one(&*source);
    all_verified(&*source, &raw);
    for (layer, bytes) in manifest(&raw).layers.iter().zip(layers) {
        assert_eq!(read(&*source, layer, None).unwrap(), bytes);
        assert_eq!(read(&*source, layer, Some(2..5)).unwrap(), bytes[2..5]);
    }
}

#[test]
fn several_images_are_listed_and_opened_by_name_and_position() {
    let mut archive = Saved::default();
    let configs = [
        archive.image(
            &["docker.io/library/busybox:latest", "team/app:1"],
            &[b"a", b"b"],
        ),
        archive.image(&["<none>:<none>"], &[b"a"]),
        archive.image(&["team/app:2"], &[b"a", b"a"]),
        archive.image(&[], &[]),
    ];
    archive.list[3]["RepoTags"] = Value::Null;
    let (_folder, path) = saved(&archive);
    let images = several(&*docker(&path, None));
    let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
    assert_eq!(
        names,
        ["docker.io/library/busybox:latest", "@1", "team/app:2", "@3"]
    );
    for (image, config) in images.iter().zip(&configs) {
        let source = docker(&path, Some(&image.name.to_string()));
        let (raw, _) = one(&*source);
        assert_eq!(raw.digest(), &image.descriptor.digest);
        assert_eq!(raw.size(), image.descriptor.size);
        assert_eq!(manifest(&raw).config.digest, Digest::sha256(config));
        all_verified(&*source, &raw);
    }
    for (name, position) in [
        ("busybox", 0),
        ("library/busybox:latest", 0),
        ("docker.io/team/app:1", 0),
        ("team/app:2", 2),
        ("@3", 3),
    ] {
        let (raw, _) = one(&*docker(&path, Some(name)));
        assert_eq!(raw.digest(), &images[position].descriptor.digest, "{name}");
    }
    // a layer that is there twice is two layers
    let (raw, _) = one(&*docker(&path, Some("team/app:2")));
    assert_eq!(manifest(&raw).layers.len(), 2);
    let found = problem(&*docker(&path, Some("team/app:3")));
    assert_eq!(
        found.hint(),
        "There are: docker.io/library/busybox:latest, team/app:1, team/app:2"
    );
}

#[test]
fn two_images_of_one_name_are_never_guessed() {
    let mut archive = Saved::default();
    archive.image(&["a:1", "b:1"], &[b"one"]);
    archive.image(&["docker.io/library/a:1", "b:1"], &[b"two"]);
    let (_folder, path) = saved(&archive);
    assert_eq!(
        problem(&*docker(&path, Some("b:1"))),
        Problem::NameTwice { count: 2 }
    );
    assert_eq!(
        problem(&*docker(&path, Some("library/a:1"))),
        Problem::NameTwice { count: 2 }
    );
    // exactly as it stands there it means one of them
    assert!(super::resolve(&*docker(&path, Some("a:1"))).is_ok());
    let names: Vec<_> = several(&*docker(&path, None))
        .into_iter()
        .map(|image| image.name.to_string())
        .collect();
    assert_eq!(names, ["a:1", "docker.io/library/a:1"]);
    // twice the same image is no question
    let mut archive = Saved::default();
    archive.image(&["a:1"], &[b"one"]);
    archive.list.push(archive.list[0].clone());
    let (_folder, path) = saved(&archive);
    assert!(super::resolve(&*docker(&path, Some("a:1"))).is_ok());
    assert!(super::resolve(&*docker(&path, None)).is_ok());
}

#[test]
fn layers_that_are_compressed_in_the_archive_are_unpacked() {
    // as go-containerregistry and bazel write them
    let layer: Vec<u8> = (0..700_000).map(|at| (at % 241) as u8).collect();
    for packed in [gzip(&layer), zstd(&layer)] {
        for outer in [<[u8]>::to_vec, gzip, zstd] {
            let mut archive = Saved::default();
            archive.tar.file("layer", &packed);
            archive.image_of(&["a:1"], &[&layer], &["layer".to_owned()]);
            let folder = tempfile::tempdir().unwrap();
            let path = write(folder.path(), "saved", &outer(&archive.finish()));
            let source = docker(&path, None);
            let (raw, _) = one(&*source);
            let blob = &manifest(&raw).layers[0];
            assert_eq!(blob.digest, Digest::sha256(&layer));
            assert_eq!(blob.size, layer.len() as u64);
            assert!(matches!(
                blob.media_type.kind(),
                MediaKind::Layer {
                    compression: porthole::model::Compression::None,
                    ..
                }
            ));
            all_verified(&*source, &raw);
            let part = read(&*source, blob, Some(300_000..300_100)).unwrap();
            assert_eq!(part, layer[300_000..300_100]);
        }
    }
    let mut archive = Saved::default();
    archive.tar.file("layer", b"\xfd7zXZ\0rest");
    archive.image_of(&["a:1"], &[&layer], &["layer".to_owned()]);
    let (_folder, path) = saved(&archive);
    assert_eq!(
        problem(&*docker(&path, None)),
        Problem::Compressed { how: "xz" }
    );
}

#[test]
fn a_layer_that_is_not_what_the_config_promises_is_found_out() {
    let mut archive = Saved::default();
    archive.tar.file("layer.tar", b"another layer");
    archive.image_of(&["a:1"], &[b"promised"], &["layer.tar".to_owned()]);
    let (_folder, path) = saved(&archive);
    let source = docker(&path, None);
    let (raw, _) = one(&*source);
    let layer = &manifest(&raw).layers[0];
    assert_eq!(presence(&*source, layer), BlobState::Present);
    let found = Digest::sha256(b"another layer");
    assert_eq!(
        hashed(&*source, layer).unwrap(),
        BlobState::WrongDigest { found }
    );
}

#[test]
fn a_config_that_is_not_called_after_its_digest_is_pointed_out() {
    let mut archive = Saved::default();
    let config = archive.image(&["a:1"], &[b"layer"]);
    let found = Digest::sha256(&config);
    let promised = Digest::sha256(b"what it was before");
    for (name, expected) in [
        (format!("{}.json", promised.hex()), true),
        (format!("sha256:{}", promised.hex()), true),
        (format!("blobs/sha256/{}", promised.hex()), true),
        (format!("sha256:{}", found.hex()), false),
        ("config.json".to_owned(), false),
    ] {
        let mut changed = Saved {
            tar: archive.tar.clone(),
            list: archive.list.clone(),
        };
        changed.tar.file(&name, &config);
        changed.list[0]["Config"] = json!(name);
        let (_folder, path) = saved(&changed);
        let (_, notes) = one(&*docker(&path, None));
        let note = Note::ConfigName {
            promised: promised.clone(),
            found: found.clone(),
        };
        assert_eq!(notes.contains(&note), expected, "{name}: {notes:?}");
        assert!(note.is_warning() && note.text().contains("was changed or misnamed"));
    }
}

#[test]
fn what_manifest_json_names_must_be_in_the_archive() {
    let broken = |change: &dyn Fn(&mut Saved)| {
        let mut archive = Saved::default();
        archive.image(&["a:1"], &[b"layer"]);
        change(&mut archive);
        let (_folder, path) = saved(&archive);
        match problem(&*docker(&path, None)) {
            Problem::Broken { file, why } => format!("{file}: {why}"),
            other => other.to_string(),
        }
    };
    for (change, words) in [
        (
            &|s: &mut Saved| s.list[0]["Config"] = json!("none.json") as _,
            "\"none.json\", which is not in the archive",
        ),
        (
            &|s: &mut Saved| s.list[0]["Config"] = json!("../a.json"),
            "outside of the archive",
        ),
        (
            &|s: &mut Saved| s.list[0]["Config"] = json!("/etc/passwd"),
            "outside of the archive",
        ),
        (
            &|s: &mut Saved| s.list[0]["Layers"] = json!(["none.tar"]),
            "\"none.tar\", which is not in the archive",
        ),
        (
            &|s: &mut Saved| s.list[0]["Layers"] = json!(["../../layer.tar"]),
            "outside of the archive",
        ),
        (
            &|s: &mut Saved| s.list[0]["Layers"] = json!([]),
            "it is of 1 layers, and manifest.json lists 0",
        ),
        (
            &|s: &mut Saved| s.list[0] = json!({"Config": "c", "Layers": []}),
            "\"c\", which is not in the archive",
        ),
        (
            &|s: &mut Saved| {
                s.tar
                    .file("c", b"{\"rootfs\": {\"diff_ids\": [\"sha256:short\"]}}");
                s.list[0]["Config"] = json!("c");
            },
            "c: a DiffID is wrong",
        ),
        (
            &|s: &mut Saved| {
                s.tar.file("c", b"[]");
                s.list[0]["Config"] = json!("c");
            },
            "c: the config is JSON, but not an object",
        ),
        (
            &|s: &mut Saved| {
                s.tar.special(EntryType::Fifo, "pipe");
                s.list[0]["Layers"] = json!(["pipe"]);
            },
            "pipe is a pipe, not a plain file",
        ),
        (&|s: &mut Saved| s.list.clear(), "no image is listed here"),
    ] as [(&dyn Fn(&mut Saved), &str); 11]
    {
        let why = broken(change);
        assert!(why.contains(words), "{why:?} does not say {words:?}");
    }
}

#[test]
fn one_image_that_is_broken_does_not_hide_the_others() {
    let mut archive = Saved::default();
    archive.image(&["good:1"], &[b"layer"]);
    archive.image(&["bad:1"], &[b"other"]);
    archive.image(&["good:2"], &[b"third"]);
    archive.list[1]["Config"] = json!("none.json");
    let (_folder, path) = saved(&archive);
    let images = several(&*docker(&path, None));
    let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
    assert_eq!(names, ["good:1", "good:2"]);
    assert!(matches!(
        problem(&*docker(&path, Some("bad:1"))),
        Problem::Broken { .. }
    ));
}

#[test]
fn what_was_never_listed_is_not_read() {
    let mut archive = Saved::default();
    archive.image(&["a:1"], &[b"layer"]);
    archive.tar.file("blobs/sha256/x", b"secret");
    let (_folder, path) = saved(&archive);
    let source = docker(&path, None);
    one(&*source);
    let unlisted = Descriptor::new("", Digest::sha256(b"secret"), 6);
    assert_eq!(presence(&*source, &unlisted), BlobState::Missing);
    assert!(
        read(&*source, &unlisted, None)
            .unwrap_err()
            .problem
            .is_missing()
    );
}

#[test]
fn archives_from_before_docker_1_10_are_named_as_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = crate::support::archive::Tar::new();
    tar.file("0123/json", b"{}")
        .file("0123/layer.tar", b"layer");
    tar.file("repositories", b"{\"a\": {\"1\": \"0123\"}}");
    let path = write(folder.path(), "old.tar", &tar.finish());
    assert_eq!(problem(&*docker(&path, None)), Problem::OldDocker);
}
