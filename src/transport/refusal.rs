//! Why a registry does not take what is sent to it, and what to do about each reason.

/// Why a registry did not take what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The login may not push here.
    Rights,
    /// Manifests of this type are not taken.
    MediaType,
    /// What the manifest names is not there.
    MissingParts,
    /// It is larger than what is taken.
    TooLarge,
    /// Nothing is taken at all.
    ReadOnly,
    /// There is no room.
    Full,
    /// What this owner or repository may keep is used up.
    Quota,
    /// The manifest is not what the registry takes for valid.
    Invalid,
    /// What arrived did not hash to its digest.
    Digest,
    /// The tag may not be written: it is no tag there, or may not change.
    Tag,
    /// The tag is there and may not change, by a rule of the registry.
    Immutable,
    /// There is no such repository, or nothing may be called so in it.
    NoPlace,
}

impl Refusal {
    /// What happened, for people.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Rights => "the registry does not let this login push",
            Self::MediaType => "the registry takes nothing of this type",
            Self::MissingParts => "the registry misses something that it names",
            Self::TooLarge => "it is larger than what the registry takes",
            Self::ReadOnly => "the registry is read only",
            Self::Full => "the registry has no room",
            Self::Quota => "the registry takes no more here: what may be kept is used up",
            Self::Invalid => "the registry does not take it for a valid manifest",
            Self::Digest => "what arrived at the registry has another digest",
            Self::Tag => "the registry does not let this tag be written",
            Self::Immutable => "the registry does not let this tag change",
            Self::NoPlace => "the registry has no such repository, or no place for this name in it",
        }
    }

    /// What to try, in one sentence.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Rights => {
                "Log in as somebody who may push, or ask the owner of the repository for the right"
            }
            Self::MediaType | Self::Invalid => {
                "Use a registry that takes manifests of this type, or see in the details what it said"
            }
            Self::MissingParts => {
                "Copy it whole: not every registry takes a sparse index, or layers that lie elsewhere (--foreign-layers fetches those)"
            }
            Self::TooLarge => "Ask the registry's operator for a higher limit",
            Self::ReadOnly => "Copy to another registry or repository, or ask its operator",
            Self::Full => "Delete what is not needed, or ask the registry's operator",
            Self::Quota => {
                "Delete what is not needed there, or ask the owner or the registry's operator for more room"
            }
            Self::Digest => "Try again; something on the way changes what is sent",
            Self::Tag => {
                "Use another tag: this one may not change here, or its name is not allowed"
            }
            Self::Immutable => {
                "Choose another tag, or have the rule that keeps this one as it is taken away"
            }
            Self::NoPlace => {
                "Make the repository first, as some registries want it, or check its name and the tag"
            }
        }
    }
}
