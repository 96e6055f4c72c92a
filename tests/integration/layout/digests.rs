//! `oci:FOLDER:@sha256:…`: any manifest of the folder, listed or not.

use porthole::model::{
    Descriptor, Digest, ImageName, MediaType, PathReference, Reference, Transport,
};
use porthole::transport::{Located, Problem, locate};

use super::{problem, resolve_one};
use crate::support::layout::Layout;
use crate::support::referrer::{SPDX, manifest};

#[test]
fn a_digest_behind_the_colon_is_a_name_of_its_own() {
    let digest = Digest::sha256(b"x");
    let text = format!("oci:/srv/images:@{digest}");
    let Some(Ok(Reference::Path(path))) = Reference::parse_prefixed(&text) else {
        panic!("{text}");
    };
    assert_eq!(path.name, Some(ImageName::Digest(digest.clone())));
    assert_eq!(Reference::Path(path.clone()).to_string(), text);
    assert_eq!(
        Reference::Path(path).title(),
        format!("images@{}", digest.short())
    );
    for wrong in [
        "@sha256:",
        "@sha256:00",
        "@md5:d41d8cd98f00b204e9800998ecf8427e",
        "@:",
        "@x",
    ] {
        let text = format!("oci:/srv/images:{wrong}");
        assert!(Reference::parse_prefixed(&text).unwrap().is_err(), "{text}");
    }
    // the other forms stay what they were
    for (text, name) in [
        ("oci:/srv/images:@3", ImageName::Position(3)),
        ("oci:/srv/images:1.0", ImageName::Name("1.0".to_owned())),
        (
            "oci:/srv/images:name@sha256:00",
            ImageName::Name("name@sha256:00".to_owned()),
        ),
    ] {
        let Some(Ok(Reference::Path(path))) = Reference::parse_prefixed(text) else {
            panic!("{text}");
        };
        assert_eq!(path.name, Some(name), "{text}");
    }
}

#[test]
fn what_lies_beside_an_image_has_a_reference_where_the_place_has_names_for_it() {
    let digest = Digest::sha256(b"x");
    for (reference, expected) in [
        (
            "docker://h.example/a/b:1",
            Some(format!("docker://h.example/a/b@{digest}")),
        ),
        (
            "oci:/srv/images:1",
            Some(format!("oci:/srv/images:@{digest}")),
        ),
        (
            "oci-archive:/srv/i.tar:1",
            Some(format!("oci-archive:/srv/i.tar:@{digest}")),
        ),
        ("dir:/srv/images", None),
        ("docker-archive:/srv/i.tar:a:1", None),
        ("docker-daemon:a:1", None),
    ] {
        let parsed = Reference::parse_prefixed(reference).unwrap().unwrap();
        let beside = parsed.at_digest(&digest).map(|beside| beside.to_string());
        assert_eq!(beside, expected, "{reference}");
        if let Some(beside) = beside {
            let read = Reference::parse_prefixed(&beside).unwrap().unwrap();
            assert_eq!(read.to_string(), beside);
        }
    }
}

#[test]
fn every_manifest_of_the_folder_opens_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["layer"]);
    let unlisted = layout.document(MediaType::OCI_MANIFEST, &manifest(SPDX, &image, "sbom"));
    layout.name("v1", &image);
    for wanted in [&image, &unlisted] {
        let raw = resolve_one(folder.path(), Some(&format!("@{}", wanted.digest)));
        assert_eq!(*raw.digest(), wanted.digest);
        let document = porthole::model::Document::read(raw);
        assert_eq!(document.media_type().as_str(), MediaType::OCI_MANIFEST);
        assert!(document.manifest().is_some());
    }
    // without a prefix, and in a folder with a colon in its name
    let odd = folder.path().join("a:b");
    let mut layout = Layout::new(&odd);
    let image = layout.image("linux/amd64", &["odd"]);
    layout.name("v1", &image);
    for prefix in ["", "oci:"] {
        let text = format!("{prefix}{}:@{}", odd.display(), image.digest);
        let Ok(Located { reference, .. }) = locate(&text) else {
            panic!("{text}");
        };
        let name = ImageName::Digest(image.digest.clone());
        let expected = PathReference::new(Transport::Oci, &odd).with_name(name);
        assert_eq!(reference, Reference::Path(expected), "{text}");
    }
}

#[test]
fn what_does_not_have_the_digest_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["layer"]);
    let by = |digest: &Digest| problem(folder.path(), Some(&format!("@{digest}")));
    assert_eq!(by(&Digest::sha256(b"gone")), Problem::NotInFolder);
    let path = layout.blob_path(&image.digest);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("schemaVersion\":2", "schemaVersion\":3"),
    )
    .unwrap();
    assert!(matches!(by(&image.digest), Problem::WrongDigest { .. }));
    let large = Descriptor::new("", Digest::sha256(b"large"), 0);
    let file = std::fs::File::create(layout.blob_path(&large.digest)).unwrap();
    file.set_len(1 << 30).unwrap();
    assert!(matches!(by(&large.digest), Problem::TooLarge { .. }));
}
