//! The order of tags: by name, or as versions.

use std::cmp::Ordering;

use semver::{Prerelease, Version};

/// A tag read as a version, as far as it is one: `v1.2`, `1.37.0-rc1`, `3`.
///
/// Tags need not keep to semantic versioning. Parts that are left out count as zero, and
/// what stands behind the numbers comes before the version without it, as a release
/// candidate does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagVersion(Version);

impl TagVersion {
    /// Nothing where the tag does not begin with a number, with or without a `v`.
    pub fn parse(tag: &str) -> Option<Self> {
        let bare = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let (numbers, rest) = match bare.split_once(['-', '+', '_']) {
            Some((numbers, rest)) => (numbers, rest),
            None => (bare, ""),
        };
        let mut parts = numbers.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<u64>().ok())?
        });
        let major = parts.next()??;
        let minor = parts.next().map_or(Some(0), |part| part)?;
        let patch = parts.next().map_or(Some(0), |part| part)?;
        if parts.next().is_some() {
            return None;
        }
        let mut version = Version::new(major, minor, patch);
        // what is no pre-release of semver still comes before the bare version
        version.pre = Prerelease::new(rest)
            .unwrap_or_else(|_| Prerelease::new("0").expect("a digit is an identifier of semver"));
        Some(Self(version))
    }
}

impl PartialOrd for TagVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::TagVersion;

    #[test]
    fn versions_are_ordered_by_their_numbers_and_candidates_come_before() {
        let in_order = [
            "0.9",
            "v1",
            "1.0.1-rc.1",
            "1.0.1-rc.2",
            "1.0.1",
            "1.2.3",
            "v1.10.0",
            "2.0-alpine",
            "2.0",
            "10",
        ];
        let versions = in_order.map(|tag| TagVersion::parse(tag).unwrap());
        assert!(versions.is_sorted(), "{versions:?}");
        assert_eq!(TagVersion::parse("v1.2"), TagVersion::parse("1.2.0"));
    }

    #[test]
    fn what_is_no_version_is_none() {
        for tag in [
            "latest",
            "",
            "v",
            "1.x",
            "1..2",
            "1.2.3.4",
            "a1",
            "sha256-0f",
            "99999999999999999999",
        ] {
            assert_eq!(TagVersion::parse(tag), None, "{tag:?}");
        }
    }
}
