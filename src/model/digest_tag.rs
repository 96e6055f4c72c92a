//! Tags that are named after a digest: where things that refer to an image are kept in
//! registries that have no better place for them.

use super::Digest;

/// What cosign keeps under a tag of the image's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CosignTag {
    Signatures,
    Attestations,
    Sbom,
}

impl CosignTag {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Signatures, Self::Attestations, Self::Sbom];

    /// The end of the tag.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Signatures => ".sig",
            Self::Attestations => ".att",
            Self::Sbom => ".sbom",
        }
    }

    /// The tag for `subject`: `sha256-<hex>.sig`. For hashes longer than SHA-384 it is
    /// longer than registries let a tag be, and so is nowhere to be found.
    pub fn of(self, subject: &Digest) -> String {
        let algorithm = subject.algorithm().name();
        format!("{algorithm}-{}{}", subject.hex(), self.suffix())
    }
}

/// Whether `name` is one that cosign keeps what vouches for an image under, in a repository or
/// behind a colon: what has it is no image.
pub fn is_cosign_tag(name: &str) -> bool {
    let tag = name.rsplit(':').next().unwrap_or_default();
    let mut stems = CosignTag::ALL
        .iter()
        .filter_map(|kind| tag.strip_suffix(kind.suffix()));
    stems.next().is_some_and(is_digest_tag)
}

/// Whether a tag is made of a digest: the algorithm, and 64 characters of the hash or, where
/// cosign made it, all of them.
pub fn is_digest_tag(tag: &str) -> bool {
    let Some((algorithm, hex)) = tag.split_once('-') else {
        return false;
    };
    matches!(algorithm, "sha256" | "sha384" | "sha512")
        && (64..=128).contains(&hex.len())
        && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The tag under which referrers of `subject` are listed where a registry has no API for
/// them (distribution-spec, "Referrers Tag Schema"): the algorithm and the hash, the hash
/// cut at 64 characters.
pub fn referrers_tag(subject: &Digest) -> String {
    // the names of algorithms, which may have 32 characters, are far shorter
    let algorithm = subject.algorithm().name();
    let hex = subject.hex();
    format!("{algorithm}-{}", &hex[..hex.len().min(64)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Algorithm;

    #[test]
    fn tags_are_cut_as_the_specification_and_cosign_cut_them() {
        let short = Digest::of(Algorithm::Sha256, b"x");
        assert_eq!(referrers_tag(&short), format!("sha256-{}", short.hex()));
        let long = Digest::of(Algorithm::Sha512, b"x");
        assert_eq!(
            referrers_tag(&long),
            format!("sha512-{}", &long.hex()[..64])
        );
        let tags = CosignTag::ALL.map(|kind| kind.of(&short));
        assert_eq!(
            tags,
            [".sig", ".att", ".sbom"].map(|end| format!("sha256-{}{end}", short.hex()))
        );
    }
}
