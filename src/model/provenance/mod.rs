//! SLSA provenance: how an image was built, by whom, of what (slsa.dev/provenance, v0.2
//! and v1). As with everything that is attached, it is a claim until its signature was
//! verified.

mod parameters;
mod slsa02;
mod slsa1;

/// What a provenance says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The version of the predicate: `v0.2`, `v1`.
    pub version: String,
    /// The address that names who built.
    pub builder: Option<String>,
    /// The address that names what sort of build it was.
    pub build_type: Option<String>,
    /// Where the source came from.
    pub source: Option<Material>,
    /// What of the source was built: a workflow, a `Dockerfile`.
    pub entry_point: Option<String>,
    /// The address of this one build.
    pub invocation: Option<String>,
    pub started: Option<String>,
    pub finished: Option<String>,
    /// What went into it, as far as it says.
    pub materials: Vec<Material>,
    /// How many more there are past [`crate::model::limits::ATTACHMENT_ITEMS`].
    pub materials_left_out: usize,
    /// What the build was asked for: names with dots, and values.
    pub parameters: Vec<(String, String)>,
}

/// Something that went into a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Material {
    /// Its address or name; empty where it has digests alone.
    pub uri: String,
    /// Algorithm and hexadecimal digits (or a commit), as they are written.
    pub digests: Vec<(String, String)>,
}

/// Why something is not a provenance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error("{0} is a version of SLSA provenance that is not read here")]
    Version(String),
}

/// The beginning of the predicate types of all versions.
const PREDICATE: &str = "https://slsa.dev/provenance/";

impl Provenance {
    /// Reads the predicate of a statement whose `predicateType` is `predicate_type`.
    ///
    /// # Errors
    /// Where it is not JSON, or of another version than v0.2 and v1.
    pub fn read(predicate_type: &str, predicate: &[u8]) -> Result<Self, ProvenanceError> {
        match predicate_type.strip_prefix(PREDICATE) {
            Some("v0.2") => slsa02::read(predicate),
            Some(version) if version == "v1" || version.starts_with("v1.") => {
                slsa1::read(predicate)
            }
            _ => Err(ProvenanceError::Version(predicate_type.to_owned())),
        }
    }

    /// Who built, in a word, where it is one that many use.
    pub fn builder_name(&self) -> Option<&'static str> {
        const BUILDERS: [(&str, &str); 7] = [
            ("https://github.com/actions/", "GitHub Actions"),
            (
                "https://github.com/slsa-framework/slsa-github-generator",
                "GitHub Actions",
            ),
            ("https://github.com/Attestations/GitHub", "GitHub Actions"),
            ("https://gitlab.com/", "GitLab"),
            ("https://tekton.dev/", "Tekton"),
            ("https://cloudbuild.googleapis.com/", "Google Cloud Build"),
            ("https://github.com/docker/", "Docker"),
        ];
        const TYPES: [(&str, &str); 5] = [
            ("https://mobyproject.org/buildkit", "BuildKit"),
            ("https://github.com/moby/buildkit", "BuildKit"),
            ("https://actions.github.io/", "GitHub Actions"),
            (
                "https://slsa-framework.github.io/github-actions-buildtypes",
                "GitHub Actions",
            ),
            ("https://tekton.dev/", "Tekton"),
        ];
        let named = |text: &Option<String>, table: &[(&str, &'static str)]| {
            let text = text.as_deref()?;
            let known = table.iter().find(|(prefix, _)| text.starts_with(prefix));
            known.map(|(_, name)| *name)
        };
        named(&self.builder, &BUILDERS).or_else(|| named(&self.build_type, &TYPES))
    }
}

impl Material {
    /// The commit or digest that is the most use to a person, where there is one.
    pub fn revision(&self) -> Option<&str> {
        let by = |name: &str| self.digests.iter().find(|(algorithm, _)| algorithm == name);
        let first = by("gitCommit")
            .or_else(|| by("sha1"))
            .or(self.digests.first());
        first.map(|(_, digits)| digits.as_str())
    }
}

fn not_json(error: serde_json::Error) -> ProvenanceError {
    ProvenanceError::NotJson(error.to_string())
}

/// A material as all versions write it.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Described {
    uri: super::loose::Text,
    name: super::loose::Text,
    digest: super::loose::Object<serde_json::Map<String, serde_json::Value>>,
}

impl Described {
    /// Of an address, a name or a digest at least one (in-toto's `ResourceDescriptor`).
    fn material(self) -> Option<Material> {
        let uri = self.uri.said().or_else(|| self.name.said());
        let digests = self.digest.0.unwrap_or_default();
        let digests = digests
            .into_iter()
            .take(16)
            .filter_map(|(algorithm, digits)| {
                let digits = super::loose::cut(digits.as_str()?.to_owned(), 256);
                Some((super::loose::cut(algorithm, 64), digits))
            });
        let material = Material {
            uri: uri.unwrap_or_default(),
            digests: digests.collect(),
        };
        (!material.uri.is_empty() || !material.digests.is_empty()).then_some(material)
    }

    /// The same for what is worth nothing without an address or a name.
    fn named(self) -> Option<Material> {
        self.material().filter(|material| !material.uri.is_empty())
    }
}

/// Whether an address is that of a version control system rather than of a file or image.
fn is_source(uri: &str) -> bool {
    [
        "git+",
        "git://",
        "hg+",
        "https://github.com/",
        "https://gitlab.com/",
    ]
    .iter()
    .any(|prefix| uri.starts_with(prefix))
}
