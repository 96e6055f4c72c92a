//! The packages of two images: what their package managers' databases and their SBOMs list.

use futures_util::StreamExt;

use crate::diff::packages::{self, APK, DPKG, DPKG_FOLDER, Package, PackageChange};
use crate::engine::shared::Shared;
use crate::engine::{Failure, artifact, fetch};
use crate::layer::{Change, EntryKind, FileNode, FilePart, FileTree, read_small};
use crate::model::{ArtifactClass, limits};
use crate::referrers::{Search, search};

use super::files::Trees;
use super::side::Side;

/// Most SBOMs of one image that are read.
const SBOMS: usize = 16;

/// Compares the databases; says why where that cannot be done.
pub(super) async fn compare(
    before: &Side,
    after: &Side,
    trees: &Trees,
) -> Result<Vec<PackageChange>, String> {
    let (one, other) = (databases(&trees.before), databases(&trees.after));
    let paths =
        |nodes: &[FileNode<'_>]| -> Vec<Vec<u8>> { nodes.iter().map(FileNode::path).collect() };
    if trees.left_out > 0 && paths(&one) != paths(&other) {
        return Err(
            "Packages were not compared: the database of one image lies in a layer that both \
             have, and that was not read."
                .to_owned(),
        );
    }
    let failed = |failure: Failure| format!("Packages were not compared: {failure}.");
    let one = installed(before, &one).await.map_err(failed)?;
    let other = installed(after, &other).await.map_err(failed)?;
    Ok(packages::compare(&one, &other))
}

/// The files in which package managers keep what is installed.
fn databases(tree: &FileTree) -> Vec<FileNode<'_>> {
    let mut found: Vec<_> = tree.resolve(DPKG.as_bytes()).into_iter().collect();
    if let Some(folder) = tree.resolve(DPKG_FOLDER.as_bytes()) {
        // the last layer may have removed some, which the tree still shows
        let names = folder.children().filter(|child| {
            child.kind() == EntryKind::File
                && child.change() != Change::Removed
                && !child.name().ends_with(b".md5sums")
        });
        found.extend(names);
    }
    // the newer place may be a link to the older one
    let apk = APK.iter().find_map(|path| tree.resolve(path.as_bytes()));
    found.extend(apk);
    found
}

async fn installed(side: &Side, databases: &[FileNode<'_>]) -> Result<Vec<Package>, Failure> {
    let mut found = Vec::new();
    for node in databases {
        let (Some((layer, _, entry)), Some(manifest)) = (node.content(), side.manifest()) else {
            continue;
        };
        let (Some(part), Some(descriptor)) = (FilePart::of(&entry), manifest.layers.get(layer))
        else {
            continue;
        };
        let index = &node.tree().layers()[layer];
        let limit = limits::ATTACHMENT_BYTES;
        let bytes = read_small(&*side.source, descriptor, index, &part, limit).await?;
        let is_apk = APK.iter().any(|path| path.as_bytes() == node.path());
        found.extend(if is_apk {
            packages::apk(&bytes)
        } else {
            packages::dpkg(&bytes)
        });
    }
    Ok(found)
}

/// Compares what attached SBOMs list; nothing where one of the images has none.
pub(super) async fn compare_sboms(
    shared: &Shared,
    before: &Side,
    after: &Side,
) -> Option<Vec<PackageChange>> {
    let one = listed(shared, before).await?;
    let other = listed(shared, after).await?;
    Some(packages::compare(&one, &other))
}

/// What the SBOMs that are attached to an image list. One that cannot be read is as none:
/// what an SBOM says is a claim, and the files are compared all the same.
async fn listed(shared: &Shared, side: &Side) -> Option<Vec<Package>> {
    let cached = || fetch::Cached {
        source: std::sync::Arc::clone(&side.source),
        store: shared.store.clone(),
    };
    let mut growing = search(Search {
        manifests: std::sync::Arc::new(cached()),
        source: std::sync::Arc::clone(&side.source),
        in_index: side.describing.clone(),
        listed: None,
        subject: side.document.raw().digest().clone(),
    });
    let mut last = None;
    while let Some(tree) = growing.next().await {
        last = Some(tree);
    }
    let tree = last?;
    let mut found: Option<Vec<Package>> = None;
    let may_hold = tree.top().filter(|referrer| {
        !matches!(
            referrer.kind.class(),
            ArtifactClass::Signature | ArtifactClass::Image
        )
    });
    for referrer in may_hold.take(SBOMS) {
        let descriptor = Some(referrer.descriptor.clone());
        let Ok(files) = artifact::read(&cached(), descriptor, None).await else {
            continue;
        };
        for file in &files.files {
            let Ok((_, attachment)) = &file.content else {
                continue;
            };
            if let Some(sbom) = attachment.sbom() {
                let packages = found.get_or_insert_default();
                packages.extend(sbom.packages.iter().map(package));
            }
        }
    }
    found
}

/// A package as an SBOM has it, named by its package URL where it has one.
fn package(listed: &crate::model::sbom::Package) -> Package {
    let name = listed.purl.as_deref().map(purl_name);
    Package {
        name: name.unwrap_or(&listed.name).to_owned(),
        version: listed.version.clone().unwrap_or_default(),
        architecture: None,
    }
}

/// A package URL without version, qualifiers and path. The version stands behind the name; an
/// `@` before that begins a scope, which should have been written as `%40`.
fn purl_name(purl: &str) -> &str {
    let purl = purl.split(['?', '#']).next().unwrap_or(purl);
    let name = purl.rfind('/').map_or(0, |slash| slash + 1);
    match purl[name..].rfind('@') {
        // a scope alone is no version of nothing
        Some(at) if at > 0 => &purl[..name + at],
        _ => purl,
    }
}

#[cfg(test)]
mod tests {
    use super::purl_name;

    #[test]
    fn a_package_url_is_cut_before_its_version() {
        for (purl, name) in [
            ("pkg:npm/@x/a@1", "pkg:npm/@x/a"),
            ("pkg:npm/%40x/a@1", "pkg:npm/%40x/a"),
            ("pkg:npm/@x/a", "pkg:npm/@x/a"),
            (
                "pkg:deb/debian/a@1?arch=amd64&vcs_url=git@b/c",
                "pkg:deb/debian/a",
            ),
            (
                "pkg:golang/g.example.com/a@v1#sub/d@2",
                "pkg:golang/g.example.com/a",
            ),
            ("pkg:pypi/a", "pkg:pypi/a"),
        ] {
            assert_eq!(purl_name(purl), name, "{purl}");
        }
    }
}
