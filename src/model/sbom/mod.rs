//! Lists of software (SBOMs): SPDX 2.2 and 2.3 as JSON and as tag-value text, CycloneDX and
//! Syft as JSON. All become one plain list of packages.
//!
//! What an SBOM says is a claim of whoever wrote it. Nothing here compares it with the
//! files of an image.

mod cyclonedx;
mod spdx_json;
mod spdx_tags;
mod syft;

use std::collections::HashSet;

use super::{SbomFormat, limits};

/// What an SBOM says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sbom {
    pub format: SbomFormat,
    /// The version of the format: `2.3`, `1.6`.
    pub version: String,
    /// What the document is called.
    pub name: Option<String>,
    /// The address or number that names this document and no other.
    pub id: Option<String>,
    /// When it was made, as it says itself.
    pub created: Option<String>,
    /// Who or what made it: `Tool: syft-1.18.1`.
    pub creators: Vec<String>,
    /// What it is about.
    pub about: Option<String>,
    /// In the order of the document.
    pub packages: Vec<Package>,
    /// How many files it lists.
    pub files: usize,
    /// How many packages there are past [`limits::ATTACHMENT_ITEMS`].
    pub left_out: usize,
}

/// A package in an SBOM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: Option<String>,
    /// As it is declared, else as somebody concluded it.
    pub licence: Option<String>,
    /// The package URL (`pkg:deb/debian/bash@5.2`).
    pub purl: Option<String>,
    /// What sort of package: the type in the package URL, else what the document says.
    pub kind: Option<String>,
    pub supplier: Option<String>,
    /// Paths of files that it owns, or that it was found in.
    pub files: Vec<String>,
    /// How many more there are past [`limits::PACKAGE_FILES`].
    pub files_left_out: usize,
}

/// Why something is not an SBOM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SbomError {
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error("it is neither SPDX 2, CycloneDX nor Syft")]
    Unknown,
    #[error("{0} is a version of SPDX that is not read here")]
    SpdxVersion(String),
    #[error("it is not text")]
    NotText,
}

impl Sbom {
    /// Reads an SBOM in any of the formats, told apart by what is in it.
    ///
    /// # Errors
    /// Where it is none of them, or not JSON or text at all.
    pub fn read(bytes: &[u8]) -> Result<Self, SbomError> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        match first(bytes) {
            Some(b'{') => Self::read_json(bytes),
            _ => {
                let text = std::str::from_utf8(bytes).map_err(|_| SbomError::NotText)?;
                spdx_tags::read(text)
            }
        }
    }

    fn read_json(bytes: &[u8]) -> Result<Self, SbomError> {
        let probe: Probe = serde_json::from_slice(bytes).map_err(not_json)?;
        if let Some(version) = probe.spdx_version.as_str() {
            return spdx_json::read(bytes, version);
        }
        if probe.bom_format.as_str() == Some("CycloneDX") {
            return cyclonedx::read(bytes);
        }
        let schema = probe.schema.0.unwrap_or_default();
        let by_syft = schema.url.as_str().is_some_and(|url| url.contains("syft"))
            || probe
                .descriptor
                .0
                .is_some_and(|by| by.name.as_str() == Some("syft"));
        if by_syft {
            return syft::read(bytes);
        }
        Err(SbomError::Unknown)
    }
}

/// What tells the formats apart.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Probe {
    #[serde(rename = "spdxVersion")]
    spdx_version: super::loose::Text,
    #[serde(rename = "bomFormat")]
    bom_format: super::loose::Text,
    schema: super::loose::Object<Schema>,
    descriptor: super::loose::Object<Schema>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Schema {
    url: super::loose::Text,
    name: super::loose::Text,
}

fn not_json(error: serde_json::Error) -> SbomError {
    SbomError::NotJson(error.to_string())
}

/// The first byte that is not a space.
fn first(bytes: &[u8]) -> Option<u8> {
    bytes
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace())
}

/// The number of a version such as `SPDX-2.3`, where it is read here.
fn spdx_version(version: &str) -> Result<String, SbomError> {
    let number = version.trim().strip_prefix("SPDX-");
    match number {
        Some(number) if number.starts_with("2.") => Ok(number.to_owned()),
        _ => Err(SbomError::SpdxVersion(version.to_owned())),
    }
}

/// A value that SPDX uses where there is none.
fn asserted(text: Option<String>) -> Option<String> {
    text.filter(|text| !matches!(text.trim(), "" | "NOASSERTION" | "NONE"))
}

/// The type in a package URL (purl-spec: `scheme:type/…`, letters, digits, `.`, `+`, `-`).
fn purl_type(purl: &str) -> Option<&str> {
    let rest = purl.strip_prefix("pkg:")?.trim_start_matches('/');
    let (kind, _) = rest.split_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
    (!kind.is_empty() && kind.len() <= 32 && kind.chars().all(plain)).then_some(kind)
}

/// What a document describes, as a label: the first of the packages at `roots`. Where it
/// describes the image and nothing else, that is taken out of the packages.
fn take_root(packages: &mut Vec<Package>, roots: &[usize]) -> Option<String> {
    let root = *roots.first()?;
    let label = packages.get(root)?.label();
    // documents say it in more than one way
    let alone = roots.iter().all(|other| *other == root);
    if alone && packages[root].is_image() {
        packages.remove(root);
    }
    Some(label)
}

/// Which files each package is known to own: documents say it in more than one way.
#[derive(Default)]
struct Owned(HashSet<(usize, String)>);

impl Owned {
    /// Gives the package at `at` a file, once.
    fn add(&mut self, packages: &mut [Package], at: usize, path: &str) {
        if let Some(package) = packages.get_mut(at)
            && self.0.insert((at, path.to_owned()))
        {
            package.own(path.to_owned());
        }
    }
}

impl Package {
    /// Takes the type of its package URL as what it is, where it has one.
    fn with_kind_of_purl(mut self) -> Self {
        if let Some(kind) = self.purl.as_deref().and_then(purl_type) {
            self.kind = Some(kind.to_owned());
        }
        self
    }

    /// Adds a file, as far as there is room.
    fn own(&mut self, path: String) {
        if self.files.len() < limits::PACKAGE_FILES {
            self.files.push(path);
        } else {
            self.files_left_out += 1;
        }
    }

    /// Whether it stands for the image itself rather than for something in it.
    fn is_image(&self) -> bool {
        let kind = self.kind.as_deref().unwrap_or_default();
        ["oci", "docker", "container"].contains(&kind)
    }

    /// Name and version in one text.
    fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }
}
