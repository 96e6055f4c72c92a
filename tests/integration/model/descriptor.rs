//! image-spec `descriptor.md`.

use porthole::model::{Descriptor, DescriptorProblem, DigestError, MediaType, limits};
use serde_json::{Value, json};

use super::digest;

fn good() -> Value {
    json!({"mediaType": MediaType::OCI_MANIFEST, "digest": digest('5'), "size": 7682})
}

fn with(key: &str, value: Value) -> Value {
    let mut descriptor = good();
    descriptor[key] = value;
    descriptor
}

fn without(key: &str) -> Value {
    let mut descriptor = good();
    descriptor.as_object_mut().unwrap().remove(key);
    descriptor
}

#[test]
fn every_required_property_that_is_wrong_is_named() {
    let text = |field| DescriptorProblem::Type {
        field,
        expected: "a text",
    };
    let size = |written: &str| DescriptorProblem::Size(written.to_owned());
    let cases = [
        (json!([]), DescriptorProblem::NotAnObject),
        (Value::Null, DescriptorProblem::NotAnObject),
        (without("digest"), DescriptorProblem::Missing("digest")),
        (
            with("digest", Value::Null),
            DescriptorProblem::Missing("digest"),
        ),
        (with("digest", json!(5)), text("digest")),
        (
            with("digest", json!("sha256:abc")),
            DescriptorProblem::Digest(DigestError::Length {
                algorithm: "sha256",
                expected: 64,
                found: 3,
            }),
        ),
        (
            with("digest", json!("../../../etc/passwd")),
            DescriptorProblem::Digest(DigestError::NoAlgorithm("../../../etc/passwd".to_owned())),
        ),
        (without("size"), DescriptorProblem::Missing("size")),
        (
            with("size", Value::Null),
            DescriptorProblem::Missing("size"),
        ),
        (with("size", json!(-1)), size("-1")),
        (with("size", json!(10.0)), size("10.0")),
        (with("size", json!(1e300)), size("1e+300")),
        (with("size", json!("7682")), size("\"7682\"")),
        // one more than an int64 holds
        (with("size", json!(1u64 << 63)), size("9223372036854775808")),
        (with("mediaType", json!(["a"])), text("mediaType")),
        (
            with("mediaType", json!("a".repeat(256))),
            DescriptorProblem::TooLong {
                field: "mediaType",
                found: 256,
                limit: limits::MEDIA_TYPE_BYTES,
            },
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(Descriptor::from_json(&value), Err(expected), "{value}");
    }
}

#[test]
fn sizes_at_the_edges() {
    for size in [0, 1, u64::from(u32::MAX) + 1, i64::MAX.unsigned_abs()] {
        let descriptor = Descriptor::from_json(&with("size", json!(size))).unwrap();
        assert_eq!(descriptor.size, size);
    }
}

#[test]
fn a_missing_media_type_leaves_the_descriptor_readable() {
    let descriptor = Descriptor::from_json(&without("mediaType")).unwrap();
    assert!(descriptor.media_type.is_empty());
}

#[test]
fn optional_properties_are_read_and_left_out_where_they_are_malformed() {
    let full = json!({
        "mediaType": MediaType::OCI_MANIFEST,
        "digest": digest('5'),
        "size": 2,
        "urls": ["https://example.com/a", 5, null, "https://example.com/b"],
        "annotations": {"a": "1", "b": 2, "c": null, "d": ""},
        "platform": {
            "os": "windows", "architecture": "amd64", "os.version": "10.0.14393.1066",
            "os.features": ["win32k", 1], "variant": "",
        },
        "artifactType": "application/example",
        "data": "e30=",
    });
    let read = Descriptor::from_json(&full).unwrap();
    assert_eq!(
        read.urls,
        ["https://example.com/a", "https://example.com/b"]
    );
    let annotations: Vec<_> = read.annotations.iter().collect();
    assert_eq!(
        annotations,
        [
            (&"a".to_owned(), &"1".to_owned()),
            (&"d".to_owned(), &String::new())
        ]
    );
    let platform = read.platform.unwrap();
    assert_eq!(platform.os_version.as_deref(), Some("10.0.14393.1066"));
    assert_eq!(platform.os_features, ["win32k"]);
    assert_eq!(platform.variant, None);
    assert_eq!(read.artifact_type.unwrap().as_str(), "application/example");
    assert_eq!(read.data.as_deref(), Some("e30="));

    let mut malformed = good();
    for key in ["urls", "annotations", "platform", "artifactType", "data"] {
        malformed[key] = json!(5);
    }
    assert_eq!(
        Descriptor::from_json(&malformed),
        Descriptor::from_json(&good())
    );
}

#[test]
fn what_is_written_is_read_again() {
    let mut value = good();
    value["annotations"] = json!({"key": "value"});
    let read = Descriptor::from_json(&value).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), value);
}

#[test]
fn attestations_are_known_by_their_annotation() {
    let marked = |mark: &str| {
        let value = with("annotations", json!({"vnd.docker.reference.type": mark}));
        Descriptor::from_json(&value).unwrap()
    };
    assert!(marked("attestation-manifest").is_buildkit_attestation());
    assert!(!marked("something else").is_buildkit_attestation());
}
