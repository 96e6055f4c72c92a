//! SPDX 2.2 and 2.3 as tag-value text (SPDX specification 2.3, annex K): lines of
//! `Tag: value`, where a value in `<text>` goes over several lines. A package or file goes
//! on until the next one begins; files belong to the package above them.

use std::collections::HashMap;

use crate::model::{SbomFormat, limits};

use super::{Owned, Package, Sbom, SbomError, asserted, spdx_version, take_root};

/// What a document is while it is read.
#[derive(Default)]
struct Reading {
    version: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    created: Option<String>,
    creators: Vec<String>,
    packages: Vec<Package>,
    /// The position of the package that files belong to; nothing where there was no room for
    /// it.
    above: Option<usize>,
    owned: Owned,
    /// How many packages there was no room for.
    left_out: usize,
    /// What the lines are about.
    within: Within,
    /// Identifiers of packages and files.
    ids: HashMap<String, Named>,
    files: usize,
    described: Vec<String>,
    contained: Vec<(String, String)>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Document,
    Package,
    /// A package that there was no room for, or something that is not read.
    Skipped,
    File,
}

/// What an identifier stands for.
enum Named {
    Package(usize),
    File(String),
}

pub(super) fn read(text: &str) -> Result<Sbom, SbomError> {
    let mut reading = Reading::default();
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut file = None;
    while let Some((tag, value, after)) = next(rest) {
        rest = after;
        let value = value.trim();
        if tag == "FileName" {
            file = Some(bounded(value));
        }
        reading.take(tag, value, file.as_deref());
    }
    let version = reading.version.as_deref().ok_or(SbomError::Unknown)?;
    let version = spdx_version(version)?;
    for (package, file) in &reading.contained {
        let at = match reading.ids.get(package) {
            Some(Named::Package(at)) => *at,
            _ => continue,
        };
        if let Some(Named::File(path)) = reading.ids.get(file) {
            reading.owned.add(&mut reading.packages, at, path);
        }
    }
    let mut packages: Vec<_> = reading
        .packages
        .into_iter()
        .map(Package::with_kind_of_purl)
        .collect();
    let roots: Vec<usize> = reading
        .described
        .iter()
        .filter_map(|id| match reading.ids.get(id) {
            Some(Named::Package(at)) => Some(*at),
            _ => None,
        })
        .collect();
    let about = take_root(&mut packages, &roots);
    Ok(Sbom {
        format: SbomFormat::Spdx,
        version,
        name: reading.name,
        id: reading.namespace,
        created: reading.created,
        creators: reading.creators,
        about,
        packages,
        files: reading.files,
        left_out: reading.left_out,
    })
}

/// The next tag with its value, and what comes after them; nothing at the end.
fn next(mut rest: &str) -> Option<(&str, &str, &str)> {
    loop {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = line.trim();
        let Some((tag, value)) = trimmed
            .split_once(':')
            .filter(|(tag, _)| !trimmed.starts_with('#') && is_tag(tag))
        else {
            rest = after;
            continue;
        };
        let Some((_, opened)) = value.split_once("<text>") else {
            return Some((tag, value, after));
        };
        // from here to the end of the text, over any number of lines
        let begins = opened.as_ptr() as usize - rest.as_ptr() as usize;
        let whole = &rest[begins..];
        return Some(match whole.split_once("</text>") {
            Some((value, after)) => {
                let after = after.split_once('\n').map_or("", |(_, after)| after);
                (tag, value, after)
            }
            None => (tag, opened, after),
        });
    }
}

fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn bounded(text: &str) -> String {
    let end = text.floor_char_boundary(limits::ATTACHMENT_TEXT_BYTES);
    text[..end].to_owned()
}

impl Reading {
    fn take(&mut self, tag: &str, value: &str, file: Option<&str>) {
        let said = || Some(bounded(value)).filter(|text| !text.is_empty());
        match tag {
            "SPDXVersion" => self.version = said(),
            "DocumentName" => self.name = said(),
            "DocumentNamespace" => self.namespace = said(),
            "Created" => self.created = said(),
            "Creator" => self.creators.extend(said()),
            "PackageName" => {
                self.above = None;
                if self.packages.len() < limits::ATTACHMENT_ITEMS {
                    self.above = Some(self.packages.len());
                    self.packages.push(Package {
                        name: bounded(value),
                        ..Package::default()
                    });
                    self.within = Within::Package;
                } else {
                    self.left_out += 1;
                    self.within = Within::Skipped;
                }
            }
            "FileName" => {
                self.files += 1;
                if let Some(at) = self.above {
                    self.owned.add(&mut self.packages, at, &bounded(value));
                }
                self.within = Within::File;
            }
            "SnippetSPDXID" | "LicenseID" | "Annotator" => self.within = Within::Skipped,
            "SPDXID" => self.identify(value, file),
            "Relationship" => self.relate(value),
            _ => self.detail(tag, value),
        }
    }

    fn identify(&mut self, id: &str, file: Option<&str>) {
        if self.ids.len() >= limits::ATTACHMENT_ITEMS {
            return;
        }
        let named = match (self.within, file) {
            (Within::Package, _) => Named::Package(self.packages.len().saturating_sub(1)),
            (Within::File, Some(path)) => Named::File(path.to_owned()),
            _ => return,
        };
        self.ids.insert(bounded(id), named);
    }

    fn relate(&mut self, value: &str) {
        let mut words = value.split_whitespace();
        let (Some(one), Some(kind), Some(other)) = (words.next(), words.next(), words.next())
        else {
            return;
        };
        if self.contained.len() + self.described.len() >= limits::ATTACHMENT_ITEMS {
            return;
        }
        match kind {
            "DESCRIBES" => self.described.push(bounded(other)),
            "DESCRIBED_BY" => self.described.push(bounded(one)),
            "CONTAINS" => self.contained.push((bounded(one), bounded(other))),
            "CONTAINED_BY" => self.contained.push((bounded(other), bounded(one))),
            _ => {}
        }
    }

    /// Something about the package that the lines are about.
    fn detail(&mut self, tag: &str, value: &str) {
        if self.within != Within::Package {
            return;
        }
        let Some(package) = self.packages.last_mut() else {
            return;
        };
        let said = asserted(Some(bounded(value)));
        match tag {
            "PackageVersion" => package.version = said,
            "PackageSupplier" => package.supplier = said,
            "PackageLicenseDeclared" => package.licence = said.or(package.licence.take()),
            "PackageLicenseConcluded" => package.licence = package.licence.take().or(said),
            "PrimaryPackagePurpose" => {
                package.kind = said.map(|purpose| purpose.to_ascii_lowercase());
            }
            "ExternalRef" => {
                let mut words = value.split_whitespace().skip(1);
                if let (Some(kind), Some(locator)) = (words.next(), words.next())
                    && (kind == "purl" || kind.ends_with("/purl"))
                    && package.purl.is_none()
                {
                    package.purl = Some(bounded(locator));
                }
            }
            _ => {}
        }
    }
}
