//! Which tags are copied, and from where to where.

use std::cmp::Reverse;
use std::sync::Arc;

use regex::Regex;

use crate::copy::CopyOptions;
use crate::engine::{CopyRequest, Failure};
use crate::model::{
    Reference, ReferenceError, RegistryReference, TagVersion, Transport, is_cosign_tag,
    is_digest_tag, text,
};

/// A regular expression that fits a whole tag or nothing of it.
#[derive(Clone, Debug)]
pub struct TagFilter {
    text: String,
    regex: Regex,
}

impl TagFilter {
    /// The expression that `text` is.
    ///
    /// # Errors
    /// Where it is none, told of what was written.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        Regex::new(text)?;
        Ok(Self {
            text: text.to_owned(),
            regex: Regex::new(&format!(r"\A(?:{text})\z"))?,
        })
    }

    fn fits(&self, tag: &str) -> bool {
        self.regex.is_match(tag)
    }
}

impl PartialEq for TagFilter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TagFilter {}

/// All tags of a repository, or all names of a layout, to be copied to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagsRequest {
    source: Reference,
    destination: Reference,
    options: CopyOptions,
    only: Option<TagFilter>,
    without: Option<TagFilter>,
}

impl TagsRequest {
    /// All tags of `source` to `destination`: `docker://HOST/NAME` or `oci:FOLDER`, and
    /// `oci-archive:FILE` to read.
    ///
    /// # Errors
    /// Where one of them is no place of several images, or names one of them.
    pub fn new(source: &str, destination: &str, options: CopyOptions) -> Result<Self, Failure> {
        Ok(Self {
            source: place(source, &[Transport::Oci, Transport::OciArchive])?,
            destination: place(destination, &[Transport::Oci])?,
            options,
            only: None,
            without: None,
        })
    }

    /// Those of them that `only` fits, and `without` does not.
    pub fn filtered(self, only: Option<TagFilter>, without: Option<TagFilter>) -> Self {
        Self {
            only,
            without,
            ..self
        }
    }

    /// How each is copied.
    pub const fn options(&self) -> &CopyOptions {
        &self.options
    }

    /// Where they are, as it is written: without a tag.
    pub fn source(&self) -> String {
        written(&self.source)
    }

    /// Where they go, in the same way.
    pub fn destination(&self) -> String {
        written(&self.destination)
    }

    /// The places themselves, from the first to the second.
    pub const fn places(&self) -> [&Reference; 2] {
        [&self.source, &self.destination]
    }

    /// Whether the same tags would be copied in the same way, as far as both choose them.
    pub(super) fn differs_in_filters_only(&self, other: &Self) -> bool {
        self.source == other.source
            && self.destination == other.destination
            && self.options == other.options
    }

    /// The command line that does the same; `reaching` are options that say how registries
    /// are reached.
    pub fn command_line(&self, reaching: &[String]) -> String {
        let option = |name: &str, filter: &Option<TagFilter>| {
            let filter = filter.as_ref();
            filter.map(|filter| format!("--{name}={}", filter.text))
        };
        let mut words = vec!["porthole".to_owned(), "copy".to_owned()];
        words.extend_from_slice(reaching);
        words.push("--all-tags".to_owned());
        words.extend(option("tags", &self.only));
        words.extend(option("without-tags", &self.without));
        words.extend(self.options.arguments());
        words.push(self.source());
        words.push(self.destination());
        text::command_line(words.iter().map(String::as_str))
    }

    /// Those of the tags that are there which are copied by themselves, the newest first. What lies under a tag
    /// that is made of a digest belongs to an image, and comes with it.
    pub(super) fn chosen(&self, mut tags: Vec<String>) -> Result<Arc<[Arc<str>]>, Failure> {
        tags.retain(|tag| !is_digest_tag(tag) && !is_cosign_tag(tag));
        let all = tags.len();
        tags.retain(|tag| {
            let is_in = |filter: &TagFilter| filter.fits(tag);
            self.only.as_ref().is_none_or(is_in) && !self.without.as_ref().is_some_and(is_in)
        });
        // as people look for them: the newest first, what is no version behind those by name
        tags.sort_by_cached_key(|tag| {
            let version = TagVersion::parse(tag).map(Reverse);
            (version.is_none(), version, tag.clone())
        });
        if !tags.is_empty() {
            return Ok(tags.into_iter().map(Arc::from).collect());
        }
        let (why, hint) = match all {
            0 => (
                format!("{} has no tags", self.source()),
                "Check the name of the repository or the layout",
            ),
            all => (
                format!("none of the {all} tags of {} is chosen", self.source()),
                "Write another expression: it has to fit the whole tag",
            ),
        };
        Err(Failure::refused(why, hint))
    }

    /// The copy of one tag.
    pub(super) fn of_tag(&self, tag: &str) -> Result<CopyRequest, Failure> {
        let called = |place: &Reference| {
            place.called(tag).ok_or_else(|| {
                let error = ReferenceError::Tag(tag.to_owned());
                Failure::refused(error.to_string(), error.hint())
            })
        };
        Ok(CopyRequest {
            source: called(&self.source)?.to_string(),
            destination: called(&self.destination)?.to_string(),
            options: self.options.clone(),
        })
    }
}

/// A place of several images, without the tag that a reference means where it says none.
fn written(place: &Reference) -> String {
    match place {
        Reference::Registry(image) => format!("docker://{}", image.name()),
        other => other.to_string(),
    }
}

/// What holds several images, without the name of one of them.
fn place(input: &str, layouts: &[Transport]) -> Result<Reference, Failure> {
    let unnamed = || {
        let hint = "Name a repository (docker://HOST/NAME) or a layout (oci:FOLDER)";
        let why = format!("{input} is no place for the images of several tags");
        Failure::refused(why, hint)
    };
    // what has no prefix may be a folder or a short name: it is one repository and no other where
    // it begins with its host
    let parsed = match Reference::parse_prefixed(input) {
        Some(parsed) => parsed,
        None => match input.parse::<RegistryReference>() {
            Ok(image) if input.starts_with(&image.name()) => Ok(Reference::Registry(image)),
            _ => return Err(unnamed()),
        },
    };
    let parsed = parsed.map_err(|error| {
        let why = format!("{input:?}: {error}");
        Failure::refused(why, error.hint())
    })?;
    let names_one = match &parsed {
        Reference::Registry(image) => image.tag().is_some() || image.digest().is_some(),
        Reference::Path(path) if layouts.contains(&path.transport) => path.name.is_some(),
        _ => return Err(unnamed()),
    };
    if names_one {
        let why = format!("{input} names one image, and all tags are to be copied");
        let hint = "Leave its tag out, or copy it alone (without --all-tags and --tags)";
        return Err(Failure::refused(why, hint));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(only: Option<&str>, without: Option<&str>) -> TagsRequest {
        let filter = |text: &str| TagFilter::new(text).unwrap();
        TagsRequest::new(
            "docker://r.example.com/edge/api",
            "oci:/srv/api",
            CopyOptions::default(),
        )
        .unwrap()
        .filtered(only.map(filter), without.map(filter))
    }

    #[test]
    fn an_expression_fits_a_whole_tag_and_tags_of_digests_belong_to_images() {
        let signature = format!("sha256-{}.sig", "a".repeat(64));
        let tags = ["1.8", "1.8-rc", "2.0", "latest", signature.as_str()];
        let chosen = |only, without| {
            let tags = tags.map(ToOwned::to_owned).to_vec();
            let chosen = request(only, without).chosen(tags).unwrap();
            chosen.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        // the newest first
        assert_eq!(chosen(None, None), ["2.0", "1.8", "1.8-rc", "latest"]);
        assert_eq!(chosen(Some("1.8|late"), None), ["1.8"]);
        assert_eq!(chosen(None, Some(".*-rc")), ["2.0", "1.8", "latest"]);
        assert_eq!(chosen(Some("1.*"), Some(".*-rc")), ["1.8"]);
        assert!(TagFilter::new("(").is_err());
    }

    #[test]
    fn the_command_line_says_the_same() {
        let line = request(Some("1\\..*"), Some(".*-rc")).command_line(&[]);
        assert_eq!(
            line,
            "porthole copy --all-tags '--tags=1\\..*' '--without-tags=.*-rc' docker://r.example.com/edge/api oci:/srv/api"
        );
    }
}
