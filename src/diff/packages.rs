//! Packages as the package managers' own databases in an image list them: Debian's dpkg and
//! Alpine's apk.

use std::collections::{BTreeMap, BTreeSet};

/// Most packages that are read of one database.
const PACKAGES: usize = 200_000;

/// Where dpkg's database is, and the folder in which images without dpkg keep one file a
/// package.
pub const DPKG: &str = "/var/lib/dpkg/status";
pub const DPKG_FOLDER: &str = "/var/lib/dpkg/status.d";
/// Where apk's database is, before and since version 3.
pub const APK: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// With the architecture behind a colon where dpkg has several.
    pub name: String,
    pub version: String,
}

/// A package that two images have different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageChange {
    pub name: String,
    /// Its versions; none where it is not installed.
    pub before: Vec<String>,
    pub after: Vec<String>,
}

/// The installed packages of dpkg's `status`: paragraphs of fields (`deb-control(5)`).
pub fn dpkg(status: &[u8]) -> Vec<Package> {
    let text = String::from_utf8_lossy(status);
    let mut found = Vec::new();
    for paragraph in text.split("\n\n").take(PACKAGES) {
        let field = |name: &str| {
            let lines = paragraph.lines();
            lines
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        let (Some(name), Some(version)) = (field("Package"), field("Version")) else {
            continue;
        };
        // one file a package has no status; the last word is how far it got, and triggers
        // that are still to run are behind the files (dpkg(1), "Package states")
        let installed = field("Status").is_none_or(|status| {
            let state = status.rsplit(' ').next();
            matches!(
                state,
                Some("installed" | "triggers-awaited" | "triggers-pending")
            )
        });
        if !installed {
            continue;
        }
        let several = field("Multi-Arch").is_some_and(|value| value == "same");
        let name = match field("Architecture").filter(|_| several) {
            Some(architecture) => format!("{name}:{architecture}"),
            None => name,
        };
        found.push(Package { name, version });
    }
    found
}

/// The packages of apk's `installed`: paragraphs of `LETTER:VALUE` lines.
pub fn apk(installed: &[u8]) -> Vec<Package> {
    let text = String::from_utf8_lossy(installed);
    let mut found = Vec::new();
    for paragraph in text.split("\n\n").take(PACKAGES) {
        let field = |letter: &str| {
            let mut lines = paragraph.lines();
            lines.find_map(|line| line.strip_prefix(letter).map(str::to_owned))
        };
        if let (Some(name), Some(version)) = (field("P:"), field("V:")) {
            found.push(Package { name, version });
        }
    }
    found
}

/// The packages that are not the same in both, by name.
pub fn compare(before: &[Package], after: &[Package]) -> Vec<PackageChange> {
    let by_name = |packages: &[Package]| {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for package in packages {
            let versions = found.entry(package.name.clone()).or_default();
            versions.push(package.version.clone());
            versions.sort();
        }
        found
    };
    let (before, after) = (by_name(before), by_name(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let versions =
            |found: &BTreeMap<String, Vec<String>>| found.get(name).cloned().unwrap_or_default();
        let (before, after) = (versions(&before), versions(&after));
        (before != after).then(|| PackageChange {
            name: name.clone(),
            before,
            after,
        })
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
        }
    }

    #[test]
    fn dpkg_lists_what_is_installed() {
        let status = b"Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2+b7\n\
            Description: a shell\n Version: not this\n\nPackage: gone\nStatus: deinstall ok \
            config-files\nVersion: 1\n\nPackage: libc6\nStatus: install ok installed\n\
            Architecture: amd64\nMulti-Arch: same\nVersion: 2.36-9\n\nPackage: libc-bin\nStatus: \
            install ok triggers-pending\nVersion: 3\n\nPackage: half\nStatus: install ok \
            half-installed\nVersion: 4\n";
        let expected = [
            package("bash", "5.2.15-2+b7"),
            package("libc6:amd64", "2.36-9"),
            package("libc-bin", "3"),
        ];
        assert_eq!(dpkg(status), expected);
        assert_eq!(
            dpkg(b"Package: base-files\nVersion: 12\n"),
            [package("base-files", "12")]
        );
        assert_eq!(dpkg(b"\xff\n\n:"), []);
    }

    #[test]
    fn apk_lists_names_and_versions() {
        let installed = b"C:Q1abc=\nP:musl\nV:1.2.4-r2\nF:lib\n\nP:busybox\nV:1.36.1-r5\n\n";
        let expected = [package("musl", "1.2.4-r2"), package("busybox", "1.36.1-r5")];
        assert_eq!(apk(installed), expected);
    }

    #[test]
    fn changes_are_told_by_name() {
        let before = [package("a", "1"), package("b", "1"), package("same", "1")];
        let after = [package("b", "2"), package("c", "1"), package("same", "1")];
        let changes = compare(&before, &after);
        let told: Vec<_> = changes
            .iter()
            .map(|c| (&c.name[..], c.before.len(), c.after.len()))
            .collect();
        assert_eq!(told, [("a", 1, 0), ("b", 1, 1), ("c", 0, 1)]);
    }
}
