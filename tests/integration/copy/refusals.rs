//! What `porthole copy` says where it does not do what was asked: the reason, what can really be
//! done, and what the place itself said.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use porthole::copy::{CopyOptions, Format};
use porthole::engine::{Command, CopyId, CopyRequest, JobState};
use porthole::model::{Descriptor, Digest, MediaType, Platform};
use porthole::transport::{self, BlobStream, Payload, Problem, TransportError};
use serde_json::{Value, json};

use super::cli::{porthole, text};
use super::layout::two_platforms;
use super::{at, client, parsed, signed};
use crate::support::layout::{Layout, entry};
use crate::support::registry::{Fault, Registry, Writes};
use crate::support::watch::Watch;

/// What is said where a copy is refused: what happened, what to try, and the details.
fn refused(arguments: &[&str]) -> Vec<String> {
    let output = porthole(&[&["copy"], arguments].concat());
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    text(&output.stderr).lines().map(str::to_owned).collect()
}

/// What is offered where a copy fails because of what belongs to the image.
fn left_behind(source: &str, destination: &str) -> Option<CopyRequest> {
    let watch = Watch::start();
    let copy = CopyId::next();
    let request = Box::new(CopyRequest {
        source: source.to_owned(),
        destination: destination.to_owned(),
        options: CopyOptions::default(),
    });
    watch.engine.send(Command::Copy { copy, request });
    let ended = watch.until_job(|job| job.state.is_final());
    assert!(matches!(ended.state, JobState::Failed(_)), "{source}");
    let copy = watch.engine.copy(copy).expect("it was made");
    copy.left_behind.as_deref().cloned()
}

/// A layout with `x`, an image of one platform, `zstd`, one whose layer Docker has no type for,
/// and `attested`, an index of the first with an attestation.
fn images(folder: &Path) -> Layout {
    let mut layout = Layout::new(folder.join("from"));
    let image = layout.image("linux/amd64", &["a"]);
    layout.name("x", &image);
    let config = layout.document(MediaType::OCI_CONFIG, &json!({}));
    let zstd = layout.blob("application/vnd.oci.image.layer.v1.tar+zstd", b"z");
    let zstd = layout.manifest(&config, &[zstd]);
    layout.name("zstd", &zstd);
    let statement = layout.blob("application/vnd.in-toto+json", b"{}");
    let attestation = layout.manifest(&config, &[statement]);
    let mut attestation = entry(&attestation, "unknown/unknown");
    attestation["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image.digest,
    });
    let attested = layout.index(&[entry(&image, "linux/amd64"), attestation]);
    layout.name("attested", &attested);
    layout
}

#[test]
fn what_a_registry_said_is_printed_and_what_it_means() {
    let folder = tempfile::tempdir().unwrap();
    let from = images(folder.path()).reference("x");
    let registry = Registry::with_writes(Writes::default());
    let to = registry.reference("team/app:m");
    let (tag, upload) = ("PUT /v2/team/app/manifests/m", "POST /v2/team/app/blobs");
    let (stays, another) = ("does not let this tag change", "Choose another tag");
    let (full, delete) = ("what may be kept is used up", "Delete what is not needed");
    // blobs come first: what was written once is not sent again
    for (path, status, code, message, words, hint) in [
        (
            upload,
            507,
            "DENIED",
            "quota exceeded: 5 GB of 5 GB",
            full,
            delete,
        ),
        (
            upload,
            403,
            "DENIED",
            "access to the resource is denied",
            "does not let this login push",
            "right",
        ),
        (tag, 409, "TAG_IMMUTABLE", "tag m is kept", stays, another),
        (
            tag,
            412,
            "PRECONDITION",
            "Failed to process request due to app:m configured as immutable.",
            stays,
            another,
        ),
        (
            tag,
            400,
            "TAG_INVALID",
            "The image tag m cannot be overwritten because the tag is immutable.",
            stays,
            another,
        ),
        (
            tag,
            412,
            "X",
            "no",
            "does not let this tag be written",
            "another tag",
        ),
        (
            tag,
            403,
            "DENIED",
            "adding 4.0 MiB will exceed the configured upper limit of 5.0 MiB",
            full,
            delete,
        ),
    ] {
        registry.fault(path, Fault::error(status, code, message));
        let said = refused(&[&from, &to]);
        assert!(said[0].contains(words), "{status} {message}: {said:?}");
        assert!(said[1].contains(hint), "{status} {message}: {said:?}");
        let details = said[2..].join("\n");
        assert!(details.contains(message), "{status}: {said:?}");
        registry.forget_faults();
    }
    // what is not said so stays what it is
    registry.fault(tag, Fault::error(403, "DENIED", "rate limit exceeded"));
    let said = refused(&[&from, &to]);
    assert!(said[0].contains("does not let this login push"), "{said:?}");
}

#[test]
fn a_type_that_is_not_taken_is_told_with_what_conversion_would_lose() {
    let folder = tempfile::tempdir().unwrap();
    let layout = images(folder.path());
    let registry = Registry::with_writes(Writes::default());
    let to = registry.reference("team/app:m");
    let no_oci = Fault::error(415, "MANIFEST_INVALID", "unsupported media type");
    registry.fault("PUT /v2/team/app/manifests/", no_oci);
    let (plain, zstd) = (layout.reference("x"), layout.reference("zstd"));
    let (attested, signed) = (layout.reference("attested"), signed());
    for (arguments, reason, remedy) in [
        (
            &[&zstd[..]][..],
            "It cannot be converted: the image itself cannot be written in the format docker: layer 0: it is compressed with zstd",
            " Use a registry that takes this format",
        ),
        (
            &[&attested],
            "It cannot be converted: attestation cannot be written",
            " Leave that behind (--no-referrers)",
        ),
        (&[&signed], "Leave behind what refers", "(--no-referrers)"),
        (
            &["--preserve-digests", &plain],
            "Copy it in the other format (--format docker)",
            "(without --preserve-digests)",
        ),
        (
            &["--preserve-digests", &zstd],
            "It cannot be converted: ",
            " Use a registry that takes this format",
        ),
    ] {
        let said = refused(&[arguments, &[&to]].concat());
        assert!(said[0].contains("takes nothing of this type"), "{said:?}");
        assert!(said[1].contains(reason), "{arguments:?}: {said:?}");
        assert!(said[1].contains(remedy), "{arguments:?}: {said:?}");
        assert!(said[2].contains("unsupported media type"), "{said:?}");
        let sends = said[1].contains("--format docker");
        assert_eq!(sends, arguments.contains(&&plain[..]), "{said:?}");
    }
    // what can be left behind is offered to whoever asked for the copy
    for (source, format) in [(&attested, Format::Docker), (&signed, Format::Keep)] {
        let rest = left_behind(source, &to).expect("something can be copied");
        let expected = CopyOptions {
            no_referrers: true,
            format,
            ..CopyOptions::default()
        };
        assert_eq!(rest.options, expected, "{source}");
    }
    assert_eq!(left_behind(&zstd, &to), None);
    // where nothing is lost it is converted
    registry.forget_faults();
    let once = Fault::error(415, "MANIFEST_INVALID", "unsupported media type");
    registry.fault_times("PUT /v2/team/app/manifests/", 1, once);
    let output = porthole(&["copy", &plain, &to]);
    assert!(output.status.success(), "{output:?}");
    let held = registry.held("team/app", "m").unwrap();
    let held: Value = serde_json::from_slice(&held).unwrap();
    assert_eq!(held["mediaType"], MediaType::DOCKER_MANIFEST);
}

#[test]
fn a_list_of_referrers_that_is_not_taken_is_no_reason_to_convert_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = images(folder.path());
    let image = layout.image("linux/amd64", &["a"]);
    let config = layout.blob("application/vnd.oci.empty.v1+json", b"{}");
    let sbom = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "config": config, "layers": [],
        "artifactType": "application/spdx+json", "subject": image,
    });
    let sbom = layout.document(MediaType::OCI_MANIFEST, &sbom);
    layout.list(serde_json::to_value(&sbom).unwrap());
    let registry = Registry::with_writes(Writes::default());
    let no_lists = Fault::error(415, "MANIFEST_INVALID", "unsupported media type");
    registry.fault("PUT /v2/team/app/manifests/sha256-", no_lists);
    let to = registry.reference("team/app:m");
    let said = refused(&[&layout.reference("x"), &to]);
    assert!(said[0].contains("takes nothing of this type"), "{said:?}");
    let leave = "Leave behind what refers to the image (--no-referrers)";
    assert!(said[1].contains(leave), "{said:?}");
}

#[test]
fn what_is_refused_is_told_with_what_can_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = two_platforms(&folder.path().join("from"));
    let (x, one) = (layout.reference("x"), {
        let image = layout.image("linux/amd64", &["a"]);
        layout.name("one", &image);
        layout.reference("one")
    });
    // two entries for one platform, told apart by their digests
    let images = [["a"], ["b"]].map(|layers| layout.image("linux/amd64", &layers));
    let entries = images.each_ref().map(|image| entry(image, "linux/amd64"));
    let index = layout.index(&entries);
    layout.name("twice", &index);
    let twice = layout.reference("twice");
    let digests = images.each_ref().map(|image| image.digest.to_string());
    // and two by their variants
    let arms = ["linux/arm/v6", "linux/arm/v7"];
    let arms = arms.map(|arm| entry(&layout.image(arm, &[arm]), arm));
    let index = layout.index(&arms);
    layout.name("arms", &index);
    let arms = layout.reference("arms");
    // an artifact that is an index
    let kind = json!({
        "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [entries[0]],
        "artifactType": "application/x-list",
    });
    let list = layout.document(MediaType::OCI_INDEX, &kind);
    layout.name("list", &list);
    let list = layout.reference("list");

    let to = |kind: &str, name: &str| at(kind, &folder.path().join("to"), name);
    let (oci, tar) = (to("oci", "y"), to("docker-archive", "a:1"));
    let absent = folder.path().join("nope.json").display().to_string();
    let both = format!("{}, {}", digests[0], digests[1]);
    let sparse = "no sparse index can be written";
    for (arguments, words, hint) in [
        (
            &[&x[..], &to("oci", "@0")][..],
            "\"@0\" cannot be what an image is called",
            "Choose a name",
        ),
        (
            &["--also", "@0", &x, &oci],
            "\"@0\" cannot be what an image is called",
            "Choose a name",
        ),
        (
            &["--also", "@v1", &x, &to("oci-archive", "y")],
            "\"@v1\" cannot be what an image is called",
            "Choose a name",
        ),
        (&["--also=", &x, &oci], "it is empty", "Choose a name"),
        (
            &[&one, &to("docker-archive", "a//b:c")],
            "\"a//b:c\"",
            "docker-archive:FILE:NAME:TAG",
        ),
        (
            &[&one, &to("docker-archive", "UPPER/x:y")],
            "\"UPPER/x:y\"",
            "small letters",
        ),
        (
            &["--also", "UPPER/x:y", &one, &tar],
            "\"UPPER/x:y\"",
            "small letters",
        ),
        (
            &["--preserve-digests", "--format", "docker", &one, &oci],
            "the other format has other digests",
            "Keep the format (--format keep)",
        ),
        (
            &["--platform", "linux/amd64", &twice, &tar],
            "holds one image",
            &both,
        ),
        (
            &["--single", "--platform", "linux/amd64", &twice, &oci],
            "one image is to be written, and 2",
            &both,
        ),
        (
            &["--platform", "linux/arm", &arms, &tar],
            "holds one image",
            "linux/arm/v6, linux/arm/v7",
        ),
        (
            &["--format", "docker", &list, &oci],
            "it is an artifact, for which Docker has no word",
            "Keep the format",
        ),
        (
            &[
                "--sparse",
                "--platform=linux/amd64",
                "--format=docker",
                &x,
                &oci,
            ],
            sparse,
            "without --sparse",
        ),
        (
            &["--sparse", "--platform=linux/amd64", &x, &tar],
            sparse,
            "without --sparse",
        ),
        (
            &["--check", &absent],
            "cannot read",
            "Name a file that the report of a copy",
        ),
    ] {
        let said = refused(arguments);
        assert!(said[0].contains(words), "{arguments:?}: {said:?}");
        assert!(said[1].contains(hint), "{arguments:?}: {said:?}");
        assert!(!folder.path().join("to").exists(), "{arguments:?}");
    }
    // one of those that are named is copied
    let output = porthole(&["copy", "--platform", &digests[1], &twice, &tar]);
    assert!(output.status.success(), "{output:?}");
    // and a host in capitals with a port is one for everybody
    let tar = to("docker-archive", "").replace("/to", "/other");
    let tar = format!("{tar}:HOST:5000/x:y");
    let output = porthole(&["copy", &one, &tar]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_platform_that_no_entry_names_is_the_first_that_names_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("from"));
    let (a, b) = (
        layout.image("linux/amd64", &["a"]),
        layout.image("linux/arm64", &["b"]),
    );
    let nameless = |image| serde_json::to_value::<&Descriptor>(image).unwrap();
    let attestation = {
        let mut entry = nameless(&b);
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": Digest::sha256(b"gone"),
        });
        entry
    };
    let index = layout.index(&[attestation, nameless(&a), nameless(&b)]);
    layout.name("nameless", &index);
    let index = layout.index(&[nameless(&a), entry(&b, "linux/arm64")]);
    layout.name("mixed", &index);
    let host = Platform::host().to_string();
    for (name, platform, image) in [
        ("nameless", "linux/amd64", &a),
        ("nameless", "local", &a),
        ("mixed", "linux/s390x", &a),
        ("mixed", "linux/arm64", &b),
    ] {
        let to = tempfile::tempdir().unwrap();
        let to = at("oci", to.path(), "x");
        let from = layout.reference(name);
        let output = porthole(&["copy", "--single", "--platform", platform, &from, &to]);
        assert!(output.status.success(), "{name} {platform}: {output:?}");
        let written = text(&output.stdout);
        assert_eq!(
            written.trim(),
            image.digest.to_string(),
            "{name} {platform}"
        );
    }
    // a whole one for another system stays refused
    let mut other = Layout::new(folder.path().join("other"));
    let image = other.image("linux/none", &["a"]);
    let index = other.index(&[entry(&image, "linux/none")]);
    other.name("x", &index);
    other.name("alone", &image);
    let to = at("oci", &folder.path().join("no"), "x");
    for name in ["x", "alone"] {
        let said = refused(&["--platform", "local", &other.reference(name), &to]);
        assert!(said[0].contains(&host), "{said:?}");
    }
}

/// A blob during whose reading somebody removes the place that it is written to.
struct Removing(PathBuf, Bytes);

impl Payload for Removing {
    fn open(&self, from: u64) -> BoxFuture<'_, Result<BlobStream, TransportError>> {
        std::fs::remove_dir_all(&self.0).unwrap();
        self.1.open(from)
    }
}

#[tokio::test]
async fn a_place_that_goes_in_the_middle_is_said_to_be_gone() {
    for kind in ["oci", "dir"] {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("to");
        let place = transport::open_destination(&parsed(&at(kind, &to, "")), &client()).unwrap();
        let put = |bytes: &'static [u8], payload| {
            let blob = Descriptor::new(
                MediaType::OCI_LAYER,
                Digest::sha256(bytes),
                bytes.len() as u64,
            );
            let place = &place;
            async move { place.put_blob(&blob, payload).await }
        };
        let whole = Arc::new(Bytes::from_static(b"a"));
        put(b"a", whole).await.unwrap();
        let removing = Removing(to, Bytes::from_static(b"b"));
        let error = put(b"b", Arc::new(removing)).await.unwrap_err();
        assert_eq!(error.problem, Problem::Gone, "{kind}: {error}");
        assert!(error.to_string().contains("is gone"), "{error}");
        assert!(
            error.hint().contains("removed or moved"),
            "{}",
            error.hint()
        );
    }
}
