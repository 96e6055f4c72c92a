//! SPDX 2.2 and 2.3 as JSON (SPDX specification 2.3, clauses 6 to 11 and annex F).

use std::collections::HashMap;

use serde::Deserialize;

use crate::model::SbomFormat;
use crate::model::loose::{List, Object, Text};

use super::{Owned, Package, Sbom, SbomError, asserted, not_json, spdx_version, take_root};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    name: Text,
    document_namespace: Text,
    creation_info: Object<Creation>,
    packages: List<Object<Described>>,
    files: List<Object<File>>,
    relationships: List<Object<Relationship>>,
    document_describes: List<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Creation {
    created: Text,
    creators: List<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Described {
    #[serde(rename = "SPDXID")]
    id: Text,
    name: Text,
    version_info: Text,
    supplier: Text,
    license_concluded: Text,
    license_declared: Text,
    primary_package_purpose: Text,
    has_files: List<Text>,
    external_refs: List<Object<External>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct External {
    reference_type: Text,
    reference_locator: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct File {
    #[serde(rename = "SPDXID")]
    id: Text,
    file_name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: Text,
    relationship_type: Text,
    related_spdx_element: Text,
}

pub(super) fn read(bytes: &[u8], version: &str) -> Result<Sbom, SbomError> {
    let version = spdx_version(version)?;
    let document: Document = serde_json::from_slice(bytes).map_err(not_json)?;
    let creation = document.creation_info.0.unwrap_or_default();
    let left_out = document.packages.left_out;
    let mut files = HashMap::new();
    let files_count = document.files.items.len() + document.files.left_out;
    for file in document.files.objects() {
        if let (Some(id), Some(name)) = (file.id.said(), file.file_name.said()) {
            files.insert(id, name);
        }
    }
    let mut positions = HashMap::new();
    let mut packages = Vec::new();
    let mut owned = Owned::default();
    for mut described in document.packages.objects() {
        let at = packages.len();
        if let Some(id) = described.id.as_str() {
            positions.insert(id.to_owned(), at);
        }
        let own = std::mem::take(&mut described.has_files.items);
        packages.push(package(described));
        for id in &own {
            if let Some(path) = id.as_str().and_then(|id| files.get(id)) {
                owned.add(&mut packages, at, path);
            }
        }
    }
    let mut roots: Vec<usize> = Vec::new();
    for id in document.document_describes.items {
        roots.extend(id.as_str().and_then(|id| positions.get(id)));
    }
    let mut own = |package: &str, file: &str| {
        if let (Some(at), Some(path)) = (positions.get(package), files.get(file)) {
            owned.add(&mut packages, *at, path);
        }
    };
    for relationship in document.relationships.objects() {
        let (Some(one), Some(other)) = (
            relationship.spdx_element_id.as_str(),
            relationship.related_spdx_element.as_str(),
        ) else {
            continue;
        };
        match relationship.relationship_type.as_str() {
            // with the last one Syft says in which file it found a package
            Some("CONTAINS" | "OTHER") => own(one, other),
            Some("CONTAINED_BY") => own(other, one),
            Some("DESCRIBES") => roots.extend(positions.get(other)),
            Some("DESCRIBED_BY") => roots.extend(positions.get(one)),
            _ => {}
        }
    }
    let about = take_root(&mut packages, &roots);
    Ok(Sbom {
        format: SbomFormat::Spdx,
        version,
        name: document.name.said(),
        id: document.document_namespace.said(),
        created: creation.created.said(),
        creators: creation
            .creators
            .items
            .into_iter()
            .filter_map(Text::said)
            .collect(),
        about,
        packages,
        files: files_count,
        left_out,
    })
}

fn package(described: Described) -> Package {
    let purl = described.external_refs.objects().find_map(|external| {
        // 2.2 writes the type as an address that ends with it
        let kind = external.reference_type.as_str()?;
        let is_purl = kind == "purl" || kind.ends_with("/purl");
        is_purl.then(|| external.reference_locator.said())?
    });
    let declared = asserted(described.license_declared.said());
    let package = Package {
        name: described.name.said().unwrap_or_default(),
        version: asserted(described.version_info.said()),
        licence: declared.or_else(|| asserted(described.license_concluded.said())),
        purl,
        kind: described
            .primary_package_purpose
            .said()
            .map(|purpose| purpose.to_ascii_lowercase()),
        supplier: asserted(described.supplier.said()),
        ..Package::default()
    };
    package.with_kind_of_purl()
}
