//! SBOMs in each format, as the tools write them.

use porthole::model::SbomFormat;
use porthole::model::limits;
use porthole::model::sbom::{Sbom, SbomError};
use proptest::prelude::*;
use serde_json::{Value, json};

/// SPDX 2.3 as Syft writes it: a root package for the image, files tied by relationships.
pub fn spdx() -> Value {
    json!({
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "edge/api",
        "documentNamespace": "https://example.com/spdx/1",
        "creationInfo": {"created": "2026-11-19T12:00:00Z",
            "creators": ["Tool: syft-1.18.1", "Organization: Example"]},
        "packages": [
            {"SPDXID": "SPDXRef-image", "name": "edge/api", "versionInfo": "1.8.2",
                "primaryPackagePurpose": "CONTAINER"},
            {"SPDXID": "SPDXRef-bash", "name": "bash", "versionInfo": "5.2.37",
                "supplier": "Person: Maintainer", "licenseConcluded": "GPL-3.0-or-later",
                "licenseDeclared": "NOASSERTION",
                "externalRefs": [
                    {"referenceCategory": "SECURITY", "referenceType": "cpe23Type",
                        "referenceLocator": "cpe:2.3:a:bash"},
                    {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                        "referenceLocator": "pkg:deb/debian/bash@5.2.37?arch=amd64"}]},
            {"SPDXID": "SPDXRef-own", "name": "api", "licenseDeclared": "Apache-2.0",
                "hasFiles": ["SPDXRef-file-2"], "primaryPackagePurpose": "APPLICATION"}
        ],
        "files": [
            {"SPDXID": "SPDXRef-file-1", "fileName": "/bin/bash"},
            {"SPDXID": "SPDXRef-file-2", "fileName": "/srv/app/api"}
        ],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-image"},
            {"spdxElementId": "SPDXRef-bash", "relationshipType": "CONTAINS",
                "relatedSpdxElement": "SPDXRef-file-1"}
        ]
    })
}

const TAGS: &str = "SPDXVersion: SPDX-2.2
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: edge
DocumentNamespace: https://example.com/spdx/2
Creator: Tool: tern-2.10
Created: 2026-11-19T12:00:00Z
CreatorComment: <text>over
PackageName: not one
lines</text>

# a comment: with a colon
PackageName: bash
SPDXID: SPDXRef-bash
PackageVersion: 5.2.37
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: GPL-3.0-or-later
ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/bash@5.2.37
PackageCopyrightText: <text>Copyright
FileName: /not/one</text>

FileName: /bin/bash
SPDXID: SPDXRef-file-1

PackageName: tzdata
SPDXID: SPDXRef-tzdata
Relationship: SPDXRef-tzdata CONTAINS SPDXRef-file-1
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-bash
";

fn cyclonedx() -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "metadata": {"timestamp": "2026-11-19T12:00:00Z",
            "tools": {"components": [{"type": "application", "name": "trivy", "version": "0.58"}]},
            "component": {"type": "container", "name": "edge/api", "version": "1.8.2"}},
        "components": [
            {"type": "library", "group": "@scope", "name": "left", "version": "1",
                "purl": "pkg:npm/%40scope/left@1",
                "licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "Own"}}],
                "properties": [{"name": "syft:location:0:path", "value": "/app/left.js"}],
                "components": [{"type": "library", "name": "inner",
                    "licenses": [{"expression": "MIT OR Apache-2.0"}],
                    "evidence": {"occurrences": [{"location": "/app/inner.js"}]}}]},
            {"type": "operating-system", "name": "debian", "version": "13",
                "supplier": {"name": "Debian"}},
            {"type": "file", "name": "/etc/passwd"}
        ]
    })
}

fn syft() -> Value {
    json!({
        "artifacts": [
            {"name": "bash", "version": "5.2.37", "type": "deb",
                "purl": "pkg:deb/debian/bash@5.2.37",
                "licenses": [{"value": "GPL-3+", "spdxExpression": "GPL-3.0-or-later"}],
                "locations": [{"path": "/var/lib/dpkg/status"}],
                "metadata": {"maintainer": "M", "files": [{"path": "/bin/bash"}]}},
            {"name": "api", "version": "v1", "type": "go-module", "licenses": ["MIT", "BSD"],
                "locations": [{"path": "/srv/app/api"}]}
        ],
        "source": {"id": "a", "name": "edge/api", "version": "sha256:5d",
            "metadata": {"userInput": "edge/api:1.8.2"}},
        "descriptor": {"name": "syft", "version": "1.18.1"},
        "schema": {"version": "16.0.18", "url": "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-16.0.18.json"}
    })
}

fn read(value: &Value) -> Sbom {
    Sbom::read(&serde_json::to_vec(value).unwrap()).unwrap()
}

/// Name, version, kind, licence and files of each package.
fn lines(sbom: &Sbom) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    sbom.packages
        .iter()
        .map(|package| {
            format!(
                "{} {} {} {} {}",
                package.name,
                text(&package.version),
                text(&package.kind),
                text(&package.licence),
                package.files.join(":")
            )
        })
        .collect()
}

#[test]
fn spdx_as_json() {
    let sbom = read(&spdx());
    assert_eq!(
        (sbom.format, sbom.version.as_str()),
        (SbomFormat::Spdx, "2.3")
    );
    assert_eq!(sbom.about.as_deref(), Some("edge/api 1.8.2"));
    assert_eq!(
        sbom.creators,
        ["Tool: syft-1.18.1", "Organization: Example"]
    );
    assert_eq!(sbom.created.as_deref(), Some("2026-11-19T12:00:00Z"));
    assert_eq!(sbom.files, 2);
    // the image itself is no package in it
    assert_eq!(
        lines(&sbom),
        [
            "bash 5.2.37 deb GPL-3.0-or-later /bin/bash",
            "api – application Apache-2.0 /srv/app/api"
        ]
    );
    assert_eq!(
        sbom.packages[0].purl.as_deref(),
        Some("pkg:deb/debian/bash@5.2.37?arch=amd64")
    );
}

#[test]
fn what_is_said_twice_is_there_once() {
    let mut twice = spdx();
    twice["documentDescribes"] = json!(["SPDXRef-image"]);
    let more = json!({"spdxElementId": "SPDXRef-own", "relationshipType": "CONTAINS",
        "relatedSpdxElement": "SPDXRef-file-2"});
    twice["relationships"].as_array_mut().unwrap().push(more);
    assert_eq!(read(&twice), read(&spdx()));
    let tags = TAGS.replace("DESCRIBES SPDXRef-bash", "DESCRIBES SPDXRef-image")
        + "PackageName: edge\nSPDXID: SPDXRef-image\nPrimaryPackagePurpose: CONTAINER\n\
           Relationship: SPDXRef-image DESCRIBED_BY SPDXRef-DOCUMENT\n\
           Relationship: SPDXRef-file-1 CONTAINED_BY SPDXRef-bash\n";
    let sbom = Sbom::read(tags.as_bytes()).unwrap();
    assert_eq!(sbom.about.as_deref(), Some("edge"));
    let names: Vec<_> = sbom
        .packages
        .iter()
        .map(|p| (&p.name[..], p.files.len()))
        .collect();
    assert_eq!(names, [("bash", 1), ("tzdata", 1)]);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let documents = [spdx(), cyclonedx(), syft()].map(|value| serde_json::to_vec(&value).unwrap());
    for document in documents.iter().map(Vec::as_slice).chain([TAGS.as_bytes()]) {
        let marked = [b"\xef\xbb\xbf", document].concat();
        assert_eq!(Sbom::read(&marked), Sbom::read(document));
        assert!(Sbom::read(&marked).is_ok());
    }
}

#[test]
fn files_below_a_package_that_was_left_out_are_nobodys() {
    let mut tags = "SPDXVersion: SPDX-2.3\n".to_owned();
    for number in 0..=limits::ATTACHMENT_ITEMS {
        tags.push_str(&format!("PackageName: p{number}\n"));
    }
    tags.push_str("FileName: /a\nFileName: /b\n");
    let sbom = Sbom::read(tags.as_bytes()).unwrap();
    assert_eq!(
        (sbom.packages.len(), sbom.left_out),
        (limits::ATTACHMENT_ITEMS, 1)
    );
    assert_eq!(
        sbom.packages.last().map(|package| package.files.len()),
        Some(0)
    );
    assert_eq!(sbom.files, 2);
}

#[test]
fn spdx_as_text_with_values_over_several_lines() {
    let sbom = Sbom::read(TAGS.as_bytes()).unwrap();
    assert_eq!(
        (sbom.format, sbom.version.as_str()),
        (SbomFormat::Spdx, "2.2")
    );
    assert_eq!(sbom.creators, ["Tool: tern-2.10"]);
    assert_eq!(sbom.about.as_deref(), Some("bash 5.2.37"));
    assert_eq!(
        lines(&sbom),
        [
            "bash 5.2.37 deb GPL-3.0-or-later /bin/bash",
            "tzdata – – – /bin/bash"
        ]
    );
}

#[test]
fn cyclonedx_with_components_in_components() {
    let sbom = read(&cyclonedx());
    assert_eq!(
        (sbom.format, sbom.version.as_str()),
        (SbomFormat::CycloneDx, "1.6")
    );
    assert_eq!(sbom.creators, ["Tool: trivy 0.58"]);
    assert_eq!(sbom.about.as_deref(), Some("edge/api 1.8.2"));
    assert_eq!(sbom.files, 1);
    assert_eq!(
        lines(&sbom),
        [
            "@scope/left 1 npm MIT AND Own /app/left.js",
            "inner – library MIT OR Apache-2.0 /app/inner.js",
            "debian 13 operating-system – "
        ]
    );
    let mut old = cyclonedx();
    old["metadata"]["tools"] = json!([{"vendor": "anchore", "name": "syft", "version": "0.60"}]);
    assert_eq!(read(&old).creators, ["Tool: syft 0.60"]);
}

#[test]
fn syft_of_old_and_new_versions() {
    let sbom = read(&syft());
    assert_eq!(
        (sbom.format, sbom.version.as_str()),
        (SbomFormat::Syft, "16.0.18")
    );
    assert_eq!(sbom.about.as_deref(), Some("edge/api:1.8.2"));
    assert_eq!(sbom.creators, ["Tool: syft 1.18.1"]);
    assert_eq!(
        lines(&sbom),
        [
            "bash 5.2.37 deb GPL-3.0-or-later /bin/bash",
            "api v1 go-module MIT AND BSD /srv/app/api"
        ]
    );
}

#[test]
fn what_is_none_of_them_says_why() {
    let cases: [(&str, SbomError); 5] = [
        ("{}", SbomError::Unknown),
        ("", SbomError::Unknown),
        ("just words: and more", SbomError::Unknown),
        (
            r#"{"spdxVersion":"SPDX-3.0"}"#,
            SbomError::SpdxVersion("SPDX-3.0".to_owned()),
        ),
        (
            "SPDXVersion: SPDX-9.0",
            SbomError::SpdxVersion("SPDX-9.0".to_owned()),
        ),
    ];
    for (text, error) in cases {
        assert_eq!(Sbom::read(text.as_bytes()), Err(error), "{text}");
    }
    assert_eq!(Sbom::read(b"\xff\xfe"), Err(SbomError::NotText));
    assert!(matches!(Sbom::read(b"{\"a\":"), Err(SbomError::NotJson(_))));
}

#[test]
fn a_package_with_a_million_files_keeps_some_and_counts_the_others() {
    let files: Vec<_> = (0..limits::PACKAGE_FILES + 7)
        .map(|n| json!(format!("/f/{n}")))
        .collect();
    let mut value = syft();
    value["artifacts"][0]["metadata"]["files"] = Value::Array(files);
    let package = &read(&value).packages[0];
    assert_eq!(package.files.len(), limits::PACKAGE_FILES);
    assert_eq!(package.files_left_out, 7);
}

/// Everything that is cut or changed is an answer, never a panic.
#[test]
fn cut_at_every_byte_it_is_an_answer() {
    let samples = [spdx(), cyclonedx(), syft()].map(|value| serde_json::to_vec(&value).unwrap());
    for sample in samples.iter().map(Vec::as_slice).chain([TAGS.as_bytes()]) {
        for end in 0..sample.len() {
            let _ = Sbom::read(&sample[..end]);
        }
    }
}

proptest! {
    #[test]
    fn any_change_of_a_byte_is_an_answer(at in 0..1_000_000_usize, byte: u8, which in 0..4_usize) {
        let mut sample = match which {
            0 => serde_json::to_vec(&spdx()).unwrap(),
            1 => serde_json::to_vec(&cyclonedx()).unwrap(),
            2 => serde_json::to_vec(&syft()).unwrap(),
            _ => TAGS.as_bytes().to_vec(),
        };
        let at = at % sample.len();
        sample[at] = byte;
        let _ = Sbom::read(&sample);
    }

    #[test]
    fn any_value_in_place_of_another_leaves_the_rest(which in 0..4_usize, key in 0..6_usize) {
        let others = [json!(7), json!(null), json!([1, {}]), json!({"a": [true]})];
        let keys = ["packages", "files", "relationships", "creationInfo", "name", "documentNamespace"];
        let mut value = spdx();
        value[keys[key]] = others[which].clone();
        let sbom = Sbom::read(&serde_json::to_vec(&value).unwrap()).unwrap();
        if key != 0 {
            prop_assert!(sbom.packages.iter().any(|package| package.name == "bash"));
        }
    }

    #[test]
    fn any_text_is_an_answer(text in "(SPDXVersion|PackageName|FileName|Relationship|SPDXID)?[:<>/a-z \\n]{0,40}") {
        let _ = Sbom::read(text.as_bytes());
        let _ = Sbom::read(format!("SPDXVersion: SPDX-2.3\n{text}\n<text>{text}").as_bytes());
    }
}
