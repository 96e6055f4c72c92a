//! Platforms, and which entry of an index fits one: image-spec `image-index.md`, with the
//! choosing rules of containers/image.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::descriptor::texts;
use super::{Descriptor, annotation};

/// An operating system and processor that an image is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    pub variant: Option<String>,
    pub os_version: Option<String>,
    pub os_features: Vec<String>,
}

/// Why a text is not a platform.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} is not a platform: write os/architecture or os/architecture/variant, as in linux/arm64"
)]
pub struct PlatformError(pub String);

/// Which entry was chosen, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Position among the entries that were given.
    pub position: usize,
    pub reason: ChoiceReason,
}

/// Why an entry was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoiceReason {
    /// Operating system, architecture and variant are those asked for.
    Exact,
    /// The architecture fits; this variant runs on the one asked for.
    Variant { found: Option<String> },
    /// The entry names no platform and no other entry fits.
    NoPlatform,
    /// Nothing fits; the first image is shown so that there is something to see.
    NothingFits,
}

impl Platform {
    /// `os/architecture` without a variant.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            ..Self::default()
        }
    }

    /// What an image is wanted for on this machine when nobody said otherwise: its own
    /// processor, and Linux, since container engines elsewhere run Linux images too.
    pub fn host() -> Self {
        let (architecture, variant) = match std::env::consts::ARCH {
            "x86_64" => ("amd64", None),
            "x86" => ("386", None),
            "aarch64" => ("arm64", Some("v8")),
            "arm" => ("arm", Some("v7")),
            "powerpc64" => ("ppc64le", None),
            "loongarch64" => ("loong64", None),
            other => (other, None),
        };
        Self {
            variant: variant.map(ToOwned::to_owned),
            ..Self::new("linux", architecture)
        }
    }

    /// Reads the `platform` of a descriptor. An object that names neither system nor
    /// architecture, as some tools write for artifacts, gives nothing.
    pub fn from_json(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let filled = |key: &str| text(key).filter(|t| !t.is_empty()).map(ToOwned::to_owned);
        let platform = Self {
            os: text("os").unwrap_or_default().to_owned(),
            architecture: text("architecture").unwrap_or_default().to_owned(),
            variant: filled("variant"),
            os_version: filled("os.version"),
            os_features: texts(object.get("os.features")),
        };
        (!platform.os.is_empty() || !platform.architecture.is_empty()).then_some(platform)
    }

    /// Whether this is `unknown/unknown`, under which BuildKit files attestations.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// What it means, whatever it is called, as containerd normalizes platforms: letters are
    /// small, the architecture has Go's name, and the variant that goes without saying is
    /// left out (`v8` of `arm64`, `v1` of `amd64`), but for `arm`, where it is `v7`. The
    /// operating system's version and features stay.
    pub fn normalized(&self) -> Self {
        let os = self.os.to_ascii_lowercase();
        let architecture = self.architecture.to_ascii_lowercase();
        let said = self.variant.as_deref().unwrap_or_default();
        let said = said.to_ascii_lowercase();
        let (os, architecture, implied) = usual_names(&os, &architecture);
        let variant = match (architecture, implied.unwrap_or(&said)) {
            ("amd64", "v1") | ("arm64", "8" | "v8" | "v8.0") => "",
            ("arm64", "9" | "9.0" | "v9.0") => "v9",
            ("arm", "" | "7") => "v7",
            ("arm", "5") => "v5",
            ("arm", "6") => "v6",
            ("arm", "8") => "v8",
            (_, variant) => variant,
        };
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: Some(variant)
                .filter(|variant| !variant.is_empty())
                .map(ToOwned::to_owned),
            ..self.clone()
        }
    }

    /// The variants that run where `self` is asked for, the best first; an empty variant
    /// is an entry without one.
    fn wanted_variants(&self) -> Vec<&str> {
        let known: &[&str] = match self.architecture.as_str() {
            "arm" => &["v8", "v7", "v6", "v5"],
            "arm64" => &["v8"],
            _ => &[],
        };
        match self.variant.as_deref() {
            None | Some("") => std::iter::once("").chain(known.iter().copied()).collect(),
            Some(variant) => match known.iter().position(|v| *v == variant) {
                Some(from) => known[from..].iter().copied().chain([""]).collect(),
                None => vec![variant, ""],
            },
        }
    }

    /// How well `found` fits: 0 is best, nothing is not at all. The operating system's
    /// version and features are not compared.
    fn rank(&self, found: &Self) -> Option<usize> {
        if found.os != self.os || found.architecture != self.architecture {
            return None;
        }
        let variant = found.variant.as_deref().unwrap_or_default();
        self.wanted_variants().iter().position(|v| *v == variant)
    }
}

/// Chooses the entry of an index that fits `wanted`, by containers/image's rules: best
/// variant first, then an entry that names no platform; among equals the one marked as
/// zstd, then the first. What BuildKit files under `unknown/unknown` is never chosen.
/// `docker_list` says that the entries come from a Docker manifest list, where an entry
/// without a platform does not fit. Gives nothing where `entries` has no image at all.
pub fn choose<'a>(
    entries: impl IntoIterator<Item = (usize, &'a Descriptor)>,
    wanted: &Platform,
    docker_list: bool,
) -> Option<Choice> {
    let mut best: Option<((usize, bool, usize), Choice)> = None;
    let mut first = None;
    for (position, entry) in entries {
        let unknown = entry.platform.as_ref().is_some_and(Platform::is_unknown);
        if unknown {
            continue;
        }
        first.get_or_insert(position);
        let (rank, reason) = match &entry.platform {
            Some(found) => match wanted.rank(found) {
                Some(rank) => {
                    let same = found.variant.as_deref().unwrap_or_default()
                        == wanted.variant.as_deref().unwrap_or_default();
                    let reason = if same {
                        ChoiceReason::Exact
                    } else {
                        ChoiceReason::Variant {
                            found: found.variant.clone(),
                        }
                    };
                    (rank, reason)
                }
                None => continue,
            },
            None if docker_list => continue,
            None => (usize::MAX, ChoiceReason::NoPlatform),
        };
        let not_zstd = entry.annotation(annotation::CONTAINERS_ZSTD) != Some("true");
        let key = (rank, not_zstd && !docker_list, position);
        if best.as_ref().is_none_or(|(other, _)| key < *other) {
            best = Some((key, Choice { position, reason }));
        }
    }
    best.map(|(_, choice)| choice).or_else(|| {
        first.map(|position| Choice {
            position,
            reason: ChoiceReason::NothingFits,
        })
    })
}

impl Choice {
    /// Whether the entry really fits what was asked for.
    pub fn fits(&self) -> bool {
        self.reason != ChoiceReason::NothingFits
    }

    /// A sentence that says why this entry is shown for `wanted`.
    pub fn explain(&self, wanted: &Platform) -> String {
        match &self.reason {
            ChoiceReason::Exact => format!("Chosen because it is for {wanted}"),
            ChoiceReason::Variant { found: Some(found) } => {
                format!("Chosen because variant {found} runs on {wanted}")
            }
            ChoiceReason::Variant { found: None } => {
                format!("Chosen because an image without a variant runs on {wanted}")
            }
            ChoiceReason::NoPlatform => {
                format!("Chosen because it names no platform and no other is for {wanted}")
            }
            ChoiceReason::NothingFits => {
                format!("Nothing here is for {wanted}; this is the first image")
            }
        }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// `os/architecture` or `os/architecture/variant`, each part of letters, digits,
    /// dots, underscores and dashes; an architecture alone is Linux's. Other names of an
    /// architecture are understood as containerd does: `aarch64` is `arm64`.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let error = || PlatformError(text.chars().take(100).collect());
        let lower = text.to_ascii_lowercase();
        let mut parts: Vec<&str> = lower.split('/').collect();
        let good = |part: &&str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        };
        if let [alone] = parts[..]
            && known_architecture(alone)
        {
            parts.insert(0, "linux");
        }
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(good) {
            return Err(error());
        }
        let (os, architecture, usual_variant) = usual_names(parts[0], parts[1]);
        Ok(Self {
            variant: parts
                .get(2)
                .copied()
                .or(usual_variant)
                .map(ToOwned::to_owned),
            ..Self::new(os, architecture)
        })
    }
}

/// The names that Go has for a system and an architecture, of any that containerd
/// understands, and the variant that such a name stands for.
fn usual_names<'a>(os: &'a str, architecture: &'a str) -> (&'a str, &'a str, Option<&'static str>) {
    let os = if os == "macos" { "darwin" } else { os };
    let (architecture, variant) = match architecture {
        "x86_64" | "x86-64" => ("amd64", None),
        "i386" | "i686" => ("386", None),
        "aarch64" => ("arm64", None),
        "armhf" => ("arm", Some("v7")),
        "armel" => ("arm", Some("v6")),
        other => (other, None),
    };
    (os, architecture, variant)
}

/// Whether a word alone is an architecture: Go's names that images are built for, and
/// those that are understood as one of them.
fn known_architecture(word: &str) -> bool {
    matches!(
        word,
        "386"
            | "aarch64"
            | "amd64"
            | "arm"
            | "arm64"
            | "armel"
            | "armhf"
            | "i386"
            | "i686"
            | "loong64"
            | "mips64le"
            | "ppc64le"
            | "riscv64"
            | "s390x"
            | "x86-64"
            | "x86_64"
    )
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
