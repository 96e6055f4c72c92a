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
    pub name: String,
    pub version: String,
    /// Where a database says it.
    pub architecture: Option<String>,
}

/// A package that two images have different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageChange {
    /// With the architecture behind a colon where one of the images has it for several.
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
        found.push(Package {
            name,
            version,
            architecture: field("Architecture"),
        });
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
            found.push(Package {
                name,
                version,
                architecture: field("A:"),
            });
        }
    }
    found
}

/// The packages that are not the same in both, by name. A version that one image lists more
/// than once, in two SBOMs perhaps, is there once.
pub fn compare(before: &[Package], after: &[Package]) -> Vec<PackageChange> {
    let mut several = for_several(before);
    several.extend(for_several(after));
    let by_name = |packages: &[Package]| {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for package in packages {
            let name = match &package.architecture {
                Some(architecture) if several.contains(&package.name[..]) => {
                    format!("{}:{architecture}", package.name)
                }
                _ => package.name.clone(),
            };
            let versions = found.entry(name).or_default();
            versions.insert(package.version.clone());
        }
        found
    };
    let (before, after) = (by_name(before), by_name(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let versions = |found: &BTreeMap<String, BTreeSet<String>>| -> Vec<String> {
            found.get(name).into_iter().flatten().cloned().collect()
        };
        let (before, after) = (versions(&before), versions(&after));
        (before != after).then(|| PackageChange {
            name: name.clone(),
            before,
            after,
        })
    });
    changes.collect()
}

/// The names of packages that an image has for more than one architecture.
fn for_several(packages: &[Package]) -> BTreeSet<&str> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    let named = packages.iter().filter_map(|package| {
        let (name, architecture) = (&package.name[..], package.architecture.as_deref()?);
        let first = *known.entry(name).or_insert(architecture);
        (first != architecture).then_some(name)
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: None,
        }
    }

    fn of(architecture: &str, name: &str, version: &str) -> Package {
        Package {
            architecture: Some(architecture.to_owned()),
            ..package(name, version)
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
            of("amd64", "libc6", "2.36-9"),
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

    #[test]
    fn an_architecture_counts_where_an_image_has_several_and_a_version_once() {
        let named = |before: &[Package], after: &[Package]| -> Vec<String> {
            let changes = compare(before, after).into_iter();
            changes
                .map(|c| format!("{} {:?} {:?}", c.name, c.before, c.after))
                .collect()
        };
        // the same package for another machine
        let amd64 = || of("amd64", "libc6", "1");
        let arm64 = of("arm64", "libc6", "1");
        assert!(named(&[amd64()], &[arm64]).is_empty());
        let i386 = of("i386", "libc6", "1");
        assert_eq!(
            named(&[amd64()], &[amd64(), i386]),
            [r#"libc6:i386 [] ["1"]"#]
        );
        let both = [of("amd64", "a", "2"), of("i386", "a", "1")];
        let newer = [of("amd64", "a", "2"), of("i386", "a", "2")];
        assert_eq!(named(&both, &newer), [r#"a:i386 ["1"] ["2"]"#]);
        // two SBOMs list it
        assert!(named(&[amd64()], &[amd64(), amd64()]).is_empty());
        assert_eq!(
            named(
                &[package("b", "2"), package("b", "1")],
                &[package("b", "2")]
            ),
            [r#"b ["1", "2"] ["2"]"#]
        );
    }
}
