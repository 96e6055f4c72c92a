//! CycloneDX as JSON (ECMA-424; versions 1.2 to 1.6 look the same here).

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};

use crate::model::SbomFormat;
use crate::model::loose::{List, Object, Text};

use super::{Package, Sbom, SbomError, not_json};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    spec_version: Text,
    serial_number: Text,
    metadata: Object<Metadata>,
    components: List<Object<Component>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    timestamp: Text,
    tools: Tools,
    authors: List<Object<Named>>,
    component: Object<Component>,
    manufacture: Object<Named>,
    manufacturer: Object<Named>,
    supplier: Object<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: Text,
    version: Text,
}

/// Up to 1.4 a list, since 1.5 also an object with a list of components.
#[derive(Default)]
struct Tools(List<Object<Named>>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct ToolComponents {
    components: List<Object<Named>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Component {
    r#type: Text,
    group: Text,
    name: Text,
    version: Text,
    purl: Text,
    publisher: Text,
    author: Text,
    supplier: Object<Named>,
    licenses: List<Object<Licence>>,
    properties: List<Object<Property>>,
    evidence: Object<Evidence>,
    components: List<Object<Component>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Licence {
    license: Object<LicenceName>,
    expression: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LicenceName {
    id: Text,
    name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Property {
    name: Text,
    value: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Evidence {
    occurrences: List<Object<Occurrence>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Occurrence {
    location: Text,
}

impl<'de> Deserialize<'de> for Tools {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ToolsVisitor;
        impl<'de> serde::de::Visitor<'de> for ToolsVisitor {
            type Value = Tools;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any value")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<Tools, A::Error> {
                List::deserialize(SeqAccessDeserializer::new(list)).map(Tools)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Tools, A::Error> {
                let tools = ToolComponents::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Tools(tools.components))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Tools, E> {
                Ok(Tools::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Tools, E> {
                Ok(Tools::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Tools, E> {
                Ok(Tools::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Tools, E> {
                Ok(Tools::default())
            }
            fn visit_str<E>(self, _: &str) -> Result<Tools, E> {
                Ok(Tools::default())
            }
            fn visit_unit<E>(self) -> Result<Tools, E> {
                Ok(Tools::default())
            }
        }
        deserializer.deserialize_any(ToolsVisitor)
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, SbomError> {
    let document: Document = serde_json::from_slice(bytes).map_err(not_json)?;
    let metadata = document.metadata.0.unwrap_or_default();
    let root = metadata.component.0.map(|component| {
        let label = package(&component).label();
        (component, label)
    });
    let mut creators: Vec<String> = Vec::new();
    let who = |word: &str, named: Named| {
        let name = named.name.said()?;
        Some(match named.version.said() {
            Some(version) => format!("{word}: {name} {version}"),
            None => format!("{word}: {name}"),
        })
    };
    creators.extend(metadata.tools.0.objects().filter_map(|n| who("Tool", n)));
    creators.extend(metadata.authors.objects().filter_map(|n| who("Person", n)));
    for named in [
        metadata.manufacture,
        metadata.manufacturer,
        metadata.supplier,
    ] {
        creators.extend(named.0.and_then(|named| who("Organization", named)));
    }
    let left_out = document.components.left_out;
    let mut files = 0;
    let mut packages = Vec::new();
    // what is assembled of others lists them inside itself
    let mut waiting: Vec<_> = vec![
        document
            .components
            .objects()
            .collect::<Vec<_>>()
            .into_iter(),
    ];
    while let Some(level) = waiting.last_mut() {
        let Some(mut component) = level.next() else {
            waiting.pop();
            continue;
        };
        if component.r#type.as_str() == Some("file") {
            files += 1;
        } else {
            packages.push(package(&component));
        }
        let inner = std::mem::take(&mut component.components);
        waiting.push(inner.objects().collect::<Vec<_>>().into_iter());
    }
    Ok(Sbom {
        format: SbomFormat::CycloneDx,
        version: document.spec_version.said().unwrap_or_default(),
        name: root.as_ref().and_then(|(root, _)| root.name.clone().said()),
        id: document.serial_number.said(),
        created: metadata.timestamp.said(),
        creators,
        about: root.map(|(_, label)| label),
        packages,
        files,
        left_out,
    })
}

fn package(component: &Component) -> Package {
    let name = component.name.as_str().unwrap_or_default();
    let name = match component.group.as_str() {
        Some(group) => format!("{group}/{name}"),
        None => name.to_owned(),
    };
    let licences: Vec<&str> = component
        .licenses
        .items
        .iter()
        .filter_map(|item| {
            let item = item.0.as_ref()?;
            let named = item.license.0.as_ref();
            item.expression
                .as_str()
                .or_else(|| named?.id.as_str().or_else(|| named?.name.as_str()))
        })
        .collect();
    let supplier = component.supplier.0.as_ref().and_then(|s| s.name.as_str());
    let supplier = supplier
        .or_else(|| component.publisher.as_str())
        .or_else(|| component.author.as_str());
    let mut package = Package {
        name,
        version: component.version.as_str().map(str::to_owned),
        licence: (!licences.is_empty()).then(|| licences.join(" AND ")),
        purl: component.purl.as_str().map(str::to_owned),
        kind: component.r#type.as_str().map(str::to_owned),
        supplier: supplier.map(str::to_owned),
        ..Package::default()
    };
    if let Some(evidence) = &component.evidence.0 {
        for found in evidence
            .occurrences
            .items
            .iter()
            .filter_map(|o| o.0.as_ref())
        {
            if let Some(path) = found.location.as_str() {
                package.own(path.to_owned());
            }
        }
    }
    for property in component
        .properties
        .items
        .iter()
        .filter_map(|p| p.0.as_ref())
    {
        // as Syft (`syft:location:0:path`) and Trivy write where they found it
        let key = property.name.as_str().unwrap_or_default();
        let is_path = (key.starts_with("syft:location:") && key.ends_with(":path"))
            || key == "aquasecurity:trivy:FilePath";
        if let (true, Some(path)) = (is_path, property.value.as_str()) {
            package.own(path.to_owned());
        }
    }
    package.with_kind_of_purl()
}
