//! `porthole diff`: what is a difference, and what only looks like one, or like none.

use porthole::model::{Descriptor, Digest, MediaType};
use serde_json::{Value, json};

use super::cli::image;
use super::diff::diff;
use super::{Tar, porthole};
use crate::support::layout::Layout;

/// One file, which says `text`.
fn layer(text: &str) -> Vec<u8> {
    Tar::new().file("f", text.as_bytes()).bytes()
}

/// Writes two images, and compares them as JSON and as text.
fn pair(before: &[Vec<u8>], after: &[Vec<u8>]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let one = image(&folder.path().join("before"), before).reference("it");
    let other = image(&folder.path().join("after"), after).reference("it");
    let (code, found) = diff(&one, &other);
    assert_eq!(code, Some(3), "{found}");
    let text = porthole(&["diff", &one, &other]);
    (found, String::from_utf8(text.stdout).unwrap())
}

/// Path and word of each file that differs.
fn changes(found: &Value) -> Vec<(&str, &str)> {
    let files = found["files"].as_array().unwrap().iter();
    files
        .map(|file| {
            let (path, change) = (&file["path"], &file["change"]);
            (path.as_str().unwrap(), change.as_str().unwrap())
        })
        .collect()
}

/// An entry of an index, for a platform.
fn entry(descriptor: &Descriptor, platform: &str) -> Value {
    let mut entry = serde_json::to_value(descriptor).unwrap();
    let parts: Vec<_> = platform.split('/').collect();
    if let [os, architecture, variant @ ..] = &parts[..] {
        entry["platform"] = json!({"os": os, "architecture": architecture});
        if let [variant] = variant {
            entry["platform"]["variant"] = json!(variant);
        }
    }
    entry
}

#[test]
fn indexes_are_compared_platform_by_platform() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let amd64 = layout.image("linux/amd64", &["a"]);
    let [old, new] = ["1", "2"].map(|text| layout.image("linux/arm64", &[text]));
    let [one, other] = ["3", "4"].map(|text| layout.image("linux/riscv64", &[text]));
    let attestations = ["5", "6"].map(|text| {
        let value = json!({"schemaVersion": 2, "text": text});
        layout.document(MediaType::OCI_MANIFEST, &value)
    });
    let mut add = |name: &str, entries: &[Value]| {
        let index = layout.index(entries);
        layout.name(name, &index);
        layout.reference(name)
    };
    let same = entry(&amd64, "linux/amd64");
    let before = add("before", &[same.clone(), entry(&old, "linux/arm64")]);
    let after = add("after", &[same.clone(), entry(&new, "linux/arm64")]);
    let attested = attestations.map(|attestation| {
        let unknown = entry(&attestation, "unknown/unknown");
        add(attestation.digest.hex(), &[same.clone(), unknown])
    });
    let nameless = [one, other].map(|image| {
        let nameless = entry(&image, "");
        add(image.digest.hex(), &[same.clone(), nameless])
    });
    let (code, found) = diff(&before, &after);
    assert_eq!((code, &found["different"]), (Some(3), &json!(true)));
    assert_eq!(
        found["platforms"],
        json!({"shared": ["linux/amd64", "linux/arm64"], "before": [], "after": [],
            "changed": [{"platform": "linux/arm64", "before": [old.digest], "after": [new.digest]}]})
    );
    let run = |arguments: &[&str]| {
        let output = porthole(&[&["diff"], arguments].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (_, text) = run(&[&before, &after]);
    for (mark, digest) in [('-', &old.digest), ('+', &new.digest)] {
        let line = format!("{mark} platform linux/arm64 {digest}\n");
        assert!(text.contains(&line), "{text}");
    }
    assert!(
        text.contains("the images for linux/amd64 are the same"),
        "{text}"
    );
    // who asks for one platform asks for no other
    let (code, text) = run(&[&before, &after, "--platform", "linux/amd64"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("indexes that list them are not"), "{text}");
    // attestations are no images
    let (code, text) = run(&[&attested[0], &attested[1]]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("indexes that list them are not"), "{text}");
    let (code, text) = run(&[&before, &before]);
    assert_eq!((code, &text[..]), (Some(0), "the images are the same\n"));
    let (code, text) = run(&[&nameless[0], &nameless[1]]);
    assert_eq!(code, Some(3));
    assert!(text.contains("- platform no platform sha256:"), "{text}");
}

#[test]
fn a_platform_that_is_spelled_in_another_way_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let own = layout.image("linux/amd64", &["own"]);
    let [one, two] = ["1", "2"].map(|text| layout.image("linux/arm64", &[text]));
    let mut add = |name: &str, entries: &[(&Descriptor, &str)]| {
        let entries: Vec<_> = entries
            .iter()
            .map(|(image, platform)| entry(image, platform))
            .collect();
        let index = layout.index(&entries);
        layout.name(name, &index);
        layout.reference(name)
    };
    let (amd64, short, long) = ("linux/amd64", "linux/arm64", "linux/arm64/v8");
    let plain = [(&own, amd64), (&one, short), (&two, "linux/arm/v7")];
    let plain = add("plain", &plain);
    let other = add("other", &[(&own, amd64), (&one, long), (&two, "linux/arm")]);
    let changed = [(&own, amd64), (&two, long), (&two, "linux/arm/v7")];
    let changed = add("changed", &changed);
    let both = add("both", &[(&own, amd64), (&one, short), (&two, long)]);
    let turned = add("turned", &[(&own, amd64), (&two, long), (&one, short)]);
    let newer = add("newer", &[(&own, amd64), (&one, "linux/arm64/v9")]);

    let (code, found) = diff(&plain, &other);
    let expected = json!({"shared": [amd64, short, "linux/arm/v7"], "before": [], "after": [],
        "changed": []});
    assert_eq!((code, &found["platforms"]), (Some(0), &expected));
    let text = porthole(&["diff", &plain, &other]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("indexes that list them are not"), "{text}");

    // another image of the same platform, and each named as it is written
    let (code, found) = diff(&plain, &changed);
    let change = json!({"platform": short, "platformAfter": long,
        "before": [one.digest], "after": [two.digest]});
    let platforms = &found["platforms"];
    assert_eq!((code, &platforms["changed"]), (Some(3), &json!([change])));
    assert_eq!(
        (&platforms["before"], &platforms["after"]),
        (&json!([]), &json!([]))
    );
    let text = porthole(&["diff", &plain, &changed]);
    let text = String::from_utf8(text.stdout).unwrap();
    for (mark, platform, digest) in [('-', short, &one.digest), ('+', long, &two.digest)] {
        let line = format!("{mark} platform {platform} {digest}\n");
        assert!(text.contains(&line), "{text}");
    }

    // where both spellings are listed each is its own
    let (code, found) = diff(&both, &turned);
    assert_eq!(
        (code, &found["platforms"]["changed"]),
        (Some(0), &json!([]))
    );
    let (_, found) = diff(&plain, &both);
    assert_eq!(found["platforms"]["before"], json!(["linux/arm/v7"]));
    assert_eq!(found["platforms"]["after"], json!([long]));

    // another variant is another platform
    let (code, found) = diff(&turned, &newer);
    assert_eq!(code, Some(3));
    assert_eq!(found["platforms"]["before"], json!([long, short]));
    assert_eq!(found["platforms"]["after"], json!(["linux/arm64/v9"]));
}

#[test]
fn layers_are_counted_and_their_order_is_said() {
    let [base, one, other] = ["zero", "one", "other"].map(layer);
    let again = [base.clone(), one.clone(), base.clone()];
    let (found, text) = pair(&again[..2], &again);
    let layers = &found["layers"];
    assert_eq!(layers["after"], json!([Digest::sha256(&base)]));
    assert_eq!(layers["shared"].as_array().unwrap().len(), 2);
    assert_eq!(layers["reordered"], false);
    assert!(
        text.contains("2 layers shared, 0 only before, 1 only after"),
        "{text}"
    );
    let before = [base.clone(), one.clone(), other.clone()];
    let after = [base, other, one];
    let (found, text) = pair(&before, &after);
    assert_eq!(found["layers"]["reordered"], true);
    assert_eq!(changes(&found), [("/f", "changed")]);
    assert!(
        text.contains("3 layers shared, in another order, 0"),
        "{text}"
    );
}

#[test]
fn a_folder_that_may_be_a_link_in_a_shared_layer_is_looked_up() {
    let base = Tar::new()
        .symlink("lib", "usr/lib")
        .dir("usr")
        .dir("usr/lib")
        .bytes();
    let upper = |text: &str| Tar::new().file("lib/x", text.as_bytes()).bytes();
    let (found, _) = pair(&[base.clone(), upper("A")], &[base, upper("B")]);
    assert_eq!(changes(&found), [("/usr/lib/x", "changed")]);
    assert_eq!(found["filesExact"], true);
}

#[test]
fn packages_that_the_last_layer_removed_are_removed() {
    let status = |name: &str| format!("Package: {name}\nVersion: 1\n").into_bytes();
    let base = Tar::new()
        .file("var/lib/dpkg/status.d/base", &status("base"))
        .file("var/lib/dpkg/status.d/two", &status("two"))
        .bytes();
    let gone = Tar::new()
        .file("var/lib/dpkg/status.d/.wh.base", b"")
        .bytes();
    let (found, _) = pair(std::slice::from_ref(&base), &[base.clone(), gone]);
    assert_eq!(
        found["packages"],
        json!([{"name": "base", "before": ["1"], "after": []}])
    );
}

/// A file and a device with extended attributes and numbers.
fn special(attributes: &[(&str, &str)], minor: u32) -> Vec<u8> {
    let mut records = Vec::new();
    for (name, value) in attributes {
        // all names and values have one character
        records.extend_from_slice(format!("25 SCHILY.xattr.user.{name}={value}\n").as_bytes());
    }
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = Tar::header(tar::EntryType::XHeader, records.len() as u64);
    header.set_cksum();
    tar.append(&header, &records[..]).unwrap();
    let mut header = Tar::header(tar::EntryType::Regular, 1);
    tar.append_data(&mut header, "f", &b"1"[..]).unwrap();
    let mut header = Tar::header(tar::EntryType::Char, 0);
    header.set_device_major(1).unwrap();
    header.set_device_minor(minor).unwrap();
    tar.append_data(&mut header, "null", &[][..]).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn what_is_said_about_a_file_is_compared_and_shown() {
    let before = special(&[("a", "1"), ("b", "2")], 3);
    let (found, text) = pair(
        std::slice::from_ref(&before),
        &[special(&[("b", "2"), ("a", "9")], 5)],
    );
    assert_eq!(changes(&found), [("/f", "changed"), ("/null", "changed")]);
    let (file, device) = (&found["files"][0], &found["files"][1]);
    assert_eq!(
        (&file["before"]["xattrs"], &file["after"]["xattrs"]),
        (
            &json!({"user.a": "MQ==", "user.b": "Mg=="}),
            &json!({"user.a": "OQ==", "user.b": "Mg=="})
        )
    );
    assert_eq!(
        (&device["before"]["device"], &device["after"]["device"]),
        (&json!([1, 3]), &json!([1, 5]))
    );
    let line = "/f  (attributes user.a=1, user.b=2 → user.a=9, user.b=2)\n";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("/null  (device 1:3 → 1:5)\n"), "{text}");
    // in another order they are the same
    let (found, _) = pair(&[before], &[special(&[("b", "2"), ("a", "1")], 3)]);
    assert_eq!(found["files"], json!([]));
}

#[test]
fn texts_that_are_not_shown_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let many = |text: &[u8]| {
        let files = (0..102).fold(Tar::new(), |tar, n| tar.file(&format!("f{n:03}"), text));
        files.bytes()
    };
    let [one, other] = ["one\n", "two\n"].map(|text| {
        let folder = folder.path().join(text.trim());
        image(&folder, &[many(text.as_bytes())]).reference("it")
    });
    let output = porthole(&["diff", &one, &other, "--text"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("-one\n+two\n").count(), 100);
    assert!(
        text.ends_with("note: the lines of 2 more files are not shown\n"),
        "{text}"
    );
}
