//! What a source does not have: which images need it, and which can be copied without it.

use crate::model::{Digest, Document, MediaType, text};

use super::error::CopyError;
use super::options::Wanted;
use super::plan::{Plan, Role};

/// A blob that the source does not have, and how that was seen.
pub(super) struct Lost {
    pub(super) digest: Digest,
    pub(super) why: String,
}

/// A manifest of the image, and the blobs that it names.
pub(super) struct Part {
    pub(super) role: Role,
    pub(super) media_type: MediaType,
    /// As the source has it.
    pub(super) digest: Digest,
    pub(super) blobs: Vec<Digest>,
}

/// The manifests of `plan` that name blobs.
pub(super) fn parts(plan: &Plan) -> Vec<Part> {
    let documents = plan.documents.iter();
    let parts = documents.map(|document| {
        let parsed = document.raw.clone().map(Document::read);
        let blobs = parsed.as_ref().map(Document::blobs);
        Part {
            role: document.role.clone(),
            media_type: document.media_type.clone(),
            digest: document.from.as_ref().unwrap_or(&document.digest).clone(),
            // of one that is there already everything is there
            blobs: blobs
                .into_iter()
                .flatten()
                .map(|blob| blob.digest)
                .collect(),
        }
    });
    parts.collect()
}

/// Refuses a copy because of what is lost, and says what can be copied all the same.
pub(super) fn refuse(lost: &[Lost], parts: &[Part]) -> CopyError {
    let needs = |part: &&Part| lost.iter().any(|lost| part.blobs.contains(&lost.digest));
    let mut affected: Vec<_> = parts
        .iter()
        .filter(needs)
        .map(|part| match &part.role {
            Role::Image => part.role.describe(),
            role => format!("the {}", role.describe()),
        })
        .collect();
    affected.dedup();
    let whole = parts.iter().filter(|part| !needs(part));
    let whole = whole.filter_map(|part| {
        let platform = offered(&part.role, &part.media_type)?;
        // the platform would be the lost one, too
        let lost = parts
            .iter()
            .filter(needs)
            .any(|lost| lost.role == part.role);
        Some((platform.filter(|_| !lost), &part.digest))
    });
    let Some(first) = lost.first() else {
        return without("the source does not have all of it".to_owned(), whole);
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
/// they have one, and digest.
pub(super) fn without<'a>(
    why: String,
    whole: impl Iterator<Item = (Option<&'a str>, &'a Digest)>,
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
    let hint = if options.is_empty() {
        "Get the image again from where it came".to_owned()
    } else {
        let options = options.join(" ");
        format!("Copy the others alone ({options}), or get the image again from where it came")
    };
    CopyError::Lost {
        why,
        hint,
        whole: wanted,
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
            blobs: blobs.collect(),
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
