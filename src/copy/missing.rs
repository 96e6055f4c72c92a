//! What a source does not have: which images need it, and which can be copied without it.

use std::collections::{HashMap, HashSet};

use crate::model::{Descriptor, Digest, Document, Index, MediaType, annotation, text};

use crate::transport::Source;

use super::error::CopyError;
use super::options::Wanted;
use super::plan::{Plan, Role};

/// A blob that the source does not have, and how that was seen.
pub(super) struct Lost {
    pub(super) digest: Digest,
    pub(super) why: String,
}

/// A manifest that is copied, and the blobs that it names.
pub(super) struct Part {
    pub(super) role: Role,
    pub(super) media_type: MediaType,
    /// As the source has it.
    pub(super) digest: Digest,
    /// What an attestation in an index is about.
    pub(super) subject: Option<Digest>,
    pub(super) blobs: Vec<Digest>,
}

/// The manifests of `plan` that name blobs.
pub(super) async fn parts(plan: &Plan, source: &dyn Source) -> Vec<Part> {
    let (mut parts, mut subjects) = (Vec::new(), HashMap::new());
    for document in &plan.documents {
        // of one that is there already everything is there; where one cannot be read again,
        // that is told when it is to be written
        let raw = document.to_write(source).await.ok().flatten();
        let parsed = raw.map(Document::read);
        let listed = parsed.as_ref().and_then(Document::index);
        for (_, entry) in listed.into_iter().flat_map(Index::descriptors) {
            subjects.extend(subject(entry).map(|subject| (entry.digest.clone(), subject)));
        }
        let blobs = parsed.as_ref().map(Document::blobs);
        parts.push(Part {
            role: document.role.clone(),
            media_type: document.media_type.clone(),
            digest: document.from.as_ref().unwrap_or(&document.digest).clone(),
            subject: None,
            blobs: blobs
                .into_iter()
                .flatten()
                .map(|blob| blob.digest)
                .collect(),
        });
    }
    for part in &mut parts {
        part.subject = subjects.get(&part.digest).cloned();
    }
    parts
}

/// What an entry of an index attests something of; nothing for one that does not.
pub(super) fn subject(entry: &Descriptor) -> Option<Digest> {
    let subject = entry.annotation(annotation::BUILDKIT_SUBJECT);
    subject.and_then(|subject| subject.parse().ok())
}

impl Part {
    /// What it is and what it belongs to, for people.
    fn describe(&self, parts: &[Self]) -> String {
        let named = |digest: &Digest| {
            let subject = parts.iter().find(|part| part.digest == *digest);
            match subject.map(|part| &part.role) {
                Some(Role::Image) => Role::Image.describe(),
                Some(role @ Role::Child(_)) => format!("the {}", role.describe()),
                Some(role) => format!("the {}, {digest}", role.describe()),
                None => digest.to_string(),
            }
        };
        let what = self.role.describe();
        match (&self.role, &self.subject) {
            (Role::Image, _) => what,
            (Role::Referrer { subject, .. }, _) | (Role::Attestation, Some(subject)) => {
                format!("the {what} of {}", named(subject))
            }
            (Role::Attestation, None) => format!("the {what} {}", self.digest),
            (Role::Child(_) | Role::Tag { .. }, _) => format!("the {what}"),
        }
    }
}

/// Refuses a copy because of what is lost, and says what can be copied all the same.
pub(super) fn refuse(lost: &[Lost], parts: &[Part]) -> CopyError {
    let needs = |part: &&Part| lost.iter().any(|lost| part.blobs.contains(&lost.digest));
    let mut affected: Vec<_> = parts
        .iter()
        .filter(needs)
        .map(|part| part.describe(parts))
        .collect();
    affected.dedup();
    let images = parts.iter().filter(needs);
    let images = images.filter(|part| matches!(part.role, Role::Child(_) | Role::Image));
    let images: HashSet<_> = images.map(|part| &part.digest).collect();
    let (mut in_index, mut beside) = (!images.is_empty(), false);
    for part in parts.iter().filter(needs) {
        in_index |= part.role == Role::Attestation;
        // what is about an image that is lost itself stays with it
        beside |= match &part.role {
            Role::Child(_) | Role::Image => false,
            Role::Referrer { subject, .. } => !images.contains(subject),
            Role::Attestation | Role::Tag { .. } => {
                !part.subject.as_ref().is_some_and(|of| images.contains(of))
            }
        };
    }
    let whole = parts.iter().filter(|part| in_index && !needs(part));
    let whole = whole.filter_map(|part| {
        let platform = offered(&part.role, &part.media_type)?;
        // the platform would be the lost one, too
        let lost = parts
            .iter()
            .filter(needs)
            .any(|lost| lost.role == part.role);
        Some((platform.filter(|_| !lost), &part.digest))
    });
    // a single image that is lost itself stays lost
    let beside = beside && !parts.iter().filter(needs).any(|p| p.role == Role::Image);
    let Some(first) = lost.first() else {
        let why = "the source does not have all of it".to_owned();
        return without(why, whole, beside);
    };
    let of = if affected.is_empty() {
        String::new()
    } else {
        format!(", of {}", affected.join(" and "))
    };
    let more = match lost.len() {
        1 => String::new(),
        count => format!(", nor {} others", count - 1),
    };
    let (digest, why) = (&first.digest, &first.why);
    without(
        format!("the source does not have blob {digest}{more}{of}: {why}"),
        whole,
        beside,
    )
}

/// Whether something is an image of the index that can be copied alone, and its platform where
/// it has one. An index in it is none: with it comes all that lies in it.
pub(super) fn offered<'a>(role: &'a Role, media_type: &MediaType) -> Option<Option<&'a str>> {
    match role {
        Role::Child(platform) if !media_type.is_index() => Some(platform.as_deref()),
        _ => None,
    }
}

/// Refuses a copy, and offers to go on with the images that are whole: by platform, where
/// they have one, and digest. Where what is lost lies `beside` an image (attestations and
/// other referrers) they are offered without that.
pub(super) fn without<'a>(
    why: String,
    whole: impl Iterator<Item = (Option<&'a str>, &'a Digest)>,
    beside: bool,
) -> CopyError {
    let (mut options, mut wanted) = (Vec::new(), Vec::new());
    for (platform, digest) in whole {
        let option = match platform {
            Some(platform) => format!("--platform {}", text::shell_word(platform)),
            None => format!("--platform {digest}"),
        };
        if !options.contains(&option) {
            options.push(option);
        }
        wanted.push(Wanted::Digest(digest.clone()));
    }
    let what = match beside {
        true => "Copy it without what refers to its images",
        false => "Copy the others alone",
    };
    if beside {
        options.push("--no-referrers".to_owned());
    }
    let hint = if options.is_empty() {
        "Get the image again from where it came".to_owned()
    } else {
        let options = options.join(" ");
        format!("{what} ({options}), or get the image again from where it came")
    };
    CopyError::Lost {
        why,
        hint,
        whole: wanted,
        no_referrers: beside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(platform: &str, blobs: &[&str]) -> Part {
        let blobs = blobs.iter().map(|blob| Digest::sha256(blob.as_bytes()));
        Part {
            role: Role::Child(Some(platform.to_owned())),
            media_type: MediaType::new(MediaType::OCI_MANIFEST),
            digest: Digest::sha256(platform.as_bytes()),
            subject: None,
            blobs: blobs.collect(),
        }
    }

    #[test]
    fn what_lies_beside_an_image_is_offered_to_be_left() {
        let subject = Digest::sha256(b"linux/amd64");
        let mut attestation = part("attestation", &["p"]);
        attestation.role = Role::Attestation;
        attestation.subject = Some(subject.clone());
        let mut sbom = part("sbom", &["s"]);
        sbom.role = Role::Referrer {
            subject,
            kind: "SBOM".to_owned(),
        };
        let parts = [
            part("linux/amd64", &["a"]),
            part("linux/arm64", &["b"]),
            attestation,
            sbom,
        ];
        for (blob, of, option, count) in [
            (
                "p",
                "the attestation of the image for linux/amd64: ",
                "--platform linux/amd64 --platform linux/arm64 --no-referrers",
                2,
            ),
            (
                "ap",
                "the image for linux/amd64 and the attestation of the image for linux/amd64: ",
                "--platform linux/arm64",
                1,
            ),
            (
                "s",
                "the SBOM of the image for linux/amd64: ",
                "--no-referrers",
                0,
            ),
        ] {
            let lost = blob.chars().map(|blob| Lost {
                digest: Digest::sha256(blob.to_string().as_bytes()),
                why: "it is not there".to_owned(),
            });
            let error = refuse(&lost.collect::<Vec<_>>(), &parts);
            assert!(error.to_string().contains(of), "{error}");
            let hint = error.hint();
            assert!(hint.contains(&format!("({option}),")), "{hint}");
            let CopyError::Lost {
                whole,
                no_referrers,
                ..
            } = error
            else {
                panic!("{error:?}");
            };
            assert_eq!(whole.len(), count);
            assert_eq!(no_referrers, option.contains("--no-referrers"));
        }
    }

    #[test]
    fn what_is_whole_is_offered() {
        let parts = [
            part("linux/amd64", &["a", "c"]),
            part("linux/arm64", &["b", "c"]),
        ];
        let lost = |blobs: &[&str]| -> Vec<Lost> {
            let blobs = blobs.iter().map(|blob| Lost {
                digest: Digest::sha256(blob.as_bytes()),
                why: "it is not there".to_owned(),
            });
            blobs.collect()
        };
        let one = refuse(&lost(&["b"]), &parts);
        assert!(
            one.to_string().contains("of the image for linux/arm64: it"),
            "{one}"
        );
        assert!(
            one.hint().contains("(--platform linux/amd64),"),
            "{}",
            one.hint()
        );
        let amd64 = Wanted::Digest(Digest::sha256(b"linux/amd64"));
        let mut alone = [part("linux/amd64", &["a"])];
        alone[0].role = Role::Image;
        let alone = refuse(&lost(&["a"]), &alone).to_string();
        assert!(alone.contains(", of the image itself: "), "{alone}");
        match one {
            CopyError::Lost { whole, .. } => assert_eq!(whole, [amd64]),
            other => panic!("{other:?}"),
        }
        let both = refuse(&lost(&["c", "b"]), &parts);
        assert!(both.to_string().contains("nor 1 others"), "{both}");
        assert!(
            both.to_string()
                .contains("linux/amd64 and the image for linux/arm64"),
            "{both}"
        );
        assert!(
            both.hint().starts_with("Get the image again"),
            "{}",
            both.hint()
        );
    }
}
