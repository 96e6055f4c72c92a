//! Archives are signed and attached to: written anew in one go, read by everybody else, and
//! nothing of them is lost.

use porthole::model::{ImageName, PathReference, RawDocument, Transport};
use porthole::signature::sign::artifact;
use porthole::transport::layout::LayoutArchiveDestination;
use porthole::transport::{Destination, Problem, attach};
use serde_json::Value;

use super::place::{cosign_verify, index, registry};
use super::{Home, said};

const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","name":"app","packages":[]}"#;

/// An archive with an index of two platforms.
pub fn archive(home: &Home) -> String {
    let layout = index(&home.path("layout"));
    let archive = format!("oci-archive:{}:all", home.path("image.tar").display());
    home.run(&["copy", &layout, &archive]);
    archive
}

/// The names of what lies beside the archive and was made for it.
pub fn beside(home: &Home) -> Vec<String> {
    std::fs::read_dir(home.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("image.tar") && name != "image.tar")
        .collect()
}

/// The types of what refers to the index.
pub fn referrers(home: &Home, reference: &str) -> Vec<String> {
    let shown = home.run(&["referrers", reference, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let mut types: Vec<_> = shown["referrers"]
        .as_array()
        .unwrap_or_else(|| panic!("{shown}"))
        .iter()
        .map(|entry| {
            entry["artifactType"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    types.sort();
    types
}

#[test]
fn an_archive_is_signed_by_several_and_attached_to_and_others_read_it() {
    let home = Home::new();
    let reference = archive(&home);
    let first = home.key("first", "p256");
    let second = home.key("second", "ed25519");
    std::fs::write(home.path("sbom.json"), SPDX).unwrap();
    let before = std::fs::metadata(home.path("image.tar")).unwrap().len();
    home.run(&["sign", &reference, "--key", "first", "--recursive"]);
    // two in one go under one of cosign's names: neither takes the other's place
    let both = ["sign", &reference, "--key", "first", "--key", "second"];
    home.run(&[&both[..], &["--format", "cosign"]].concat());
    let attached = home.run(&["attach", &reference, "sbom.json", "--json"]);
    let attached: Value = serde_json::from_str(&attached).unwrap();
    assert!(std::fs::metadata(home.path("image.tar")).unwrap().len() > before);
    home.run(&["verify", "--all-platforms", "--key", &first, &reference]);
    home.run(&["verify", "--key", &second, &reference]);
    assert!(referrers(&home, &reference).contains(&"application/spdx+json".to_owned()));
    assert_eq!(beside(&home), Vec::<String>::new(), "nothing is left");

    // skopeo reads what was written, and cosign what is copied out of it
    let to = format!("dir:{}", home.path("out").display());
    if let Some(copied) = home.peer("skopeo", &["copy", "--all", &reference, &to]) {
        assert!(copied.status.success(), "{}", said(&copied));
    }
    if let Some(host) = registry(1, "plain") {
        let image = format!("{host}/signing-archive-{}:all", std::process::id());
        home.run(&["copy", &reference, &format!("docker://{image}")]);
        for (key, bundle) in [(&first, true), (&first, false), (&second, false)] {
            if let Some((accepted, said)) = cosign_verify(&home, key, bundle, &image) {
                assert!(accepted, "{said}");
            }
        }
    }

    // one is taken back, the others stay
    let sbom = attached["written"][0]["digest"].as_str().unwrap();
    let all = referrers(&home, &reference).len();
    home.run(&["attach", &reference, "--remove", sbom]);
    let left = referrers(&home, &reference);
    assert!(
        !left.contains(&"application/spdx+json".to_owned()),
        "{left:?}"
    );
    assert_eq!(left.len(), all - 1, "{left:?}");
    home.run(&["verify", "--all-platforms", "--key", &first, &reference]);
}

#[test]
fn a_wrong_passphrase_leaves_an_archive_as_it_was() {
    let home = Home::new();
    let reference = archive(&home);
    home.key("first", "p256");
    let before = std::fs::read(home.path("image.tar")).unwrap();
    let output = home
        .porthole(&["sign", &reference, "--key", "first"])
        .env("COSIGN_PASSWORD", "wrong")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(std::fs::read(home.path("image.tar")).unwrap(), before);
}

#[test]
fn what_somebody_else_wrote_into_an_archive_meanwhile_is_not_lost() {
    let home = Home::new();
    let reference = archive(&home);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let path = PathReference {
        name: Some(ImageName::Name("all".to_owned())),
        ..PathReference::new(Transport::OciArchive, home.path("image.tar"))
    };
    let destination = || LayoutArchiveDestination::new(path.clone());
    runtime.block_on(async {
        let (slow, quick) = (destination(), destination());
        let digest = slow.current().await.unwrap().expect("it is there");
        let subject =
            porthole::model::Descriptor::new("application/vnd.oci.image.index.v1+json", digest, 1);
        let about = |mark: &str| {
            let annotations = [("mark".to_owned(), mark.to_owned())].into();
            artifact("application/x-mark", &[], &subject, &annotations)
        };
        let put = async |place: &LayoutArchiveDestination, mark: &str| {
            let made = about(mark);
            let manifest: &RawDocument = &made.manifest;
            attach(place, &made.blobs, manifest).await.unwrap();
        };
        put(&quick, "quick").await;
        quick.commit().await.unwrap();
        put(&slow, "slow").await;
        let error = slow.commit().await.unwrap_err();
        assert!(
            matches!(error.problem, Problem::WrittenMeanwhile),
            "{error}"
        );
        // tried again it is beside the other
        let again = destination();
        put(&again, "slow").await;
        again.commit().await.unwrap();
    });
    let marks = referrers(&home, &reference);
    assert_eq!(marks, ["application/x-mark", "application/x-mark"]);
}
