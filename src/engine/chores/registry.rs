//! Lists of a registry, and deleting from a place.

use std::path::Path;
use std::sync::Arc;

use crate::copy::{self, Report};
use crate::model::{ImageName, Reference, RegistryReference, Transport, text};
use crate::transport::{self, Delete, Problem, layout, registry};

use super::{Failure, Outcome, Shared};

/// The tags of a repository, or the names in a layout.
pub(super) async fn tags(shared: &Shared, input: &str) -> Result<Outcome, Failure> {
    let located = transport::locate_through(&shared.client, input).map_err(Failure::from)?;
    Ok(listed(names(shared, &located.reference).await?))
}

/// The same, as they were found.
pub(in crate::engine) async fn names(
    shared: &Shared,
    reference: &Reference,
) -> Result<registry::Names, Failure> {
    match reference {
        Reference::Registry(image) => Ok(registry::tags(&shared.client, image).await?),
        Reference::Path(path)
            if matches!(path.transport, Transport::Oci | Transport::OciArchive) =>
        {
            let names = layout::LayoutSource::new(path.clone()).names().await?;
            Ok(registry::Names {
                names,
                ..registry::Names::default()
            })
        }
        other => Err(Failure::refused(
            format!("{other} has no tags"),
            "Name a repository (docker://HOST/NAME) or a layout (oci:FOLDER)",
        )),
    }
}

pub(super) async fn catalog(shared: &Shared, host: &str) -> Result<Outcome, Failure> {
    let host = host.trim_start_matches("docker://").trim_end_matches('/');
    // any repository of that host says which one it is
    let image: RegistryReference =
        format!("{host}/any")
            .parse()
            .map_err(|error: crate::model::ReferenceError| {
                Failure::refused(format!("{host:?}: {error}"), error.hint())
            })?;
    if image.host() != host.to_ascii_lowercase() {
        return Err(Failure::refused(
            format!("{host:?} is not the name of a registry host"),
            "Name a host: registry.example.com:5000",
        ));
    }
    Ok(listed(registry::catalog(&shared.client, &image).await?))
}

fn listed(listed: registry::Names) -> Outcome {
    Outcome::Listed {
        names: listed.names.into(),
        skipped: listed.skipped,
        unfinished: listed.unfinished.map(|error| Arc::new(error.into())),
    }
}

/// Deletes, and says where it cannot which tags would go too.
pub(super) async fn delete(shared: &Shared, reference: String, with_other_tags: bool) -> Outcome {
    match remove(shared, &reference, with_other_tags).await {
        Ok(outcome) => outcome,
        Err((others, failure)) => Outcome::DeleteFailed {
            reference,
            others,
            failure: Arc::new(failure),
        },
    }
}

/// Why something was not deleted, and the tags that would go with it.
type NotDeleted = (Vec<String>, Failure);

fn not_deleted(error: transport::TransportError) -> NotDeleted {
    let others = match &error.problem {
        Problem::TagNotAlone { others, .. } => others.clone(),
        _ => Vec::new(),
    };
    (others, error.into())
}

async fn remove(
    shared: &Shared,
    input: &str,
    with_other_tags: bool,
) -> Result<Outcome, NotDeleted> {
    let refused = |failure: Failure| (Vec::new(), failure);
    let located =
        transport::locate_through(&shared.client, input).map_err(|error| refused(error.into()))?;
    let reference = located.reference;
    match &reference {
        Reference::Registry(image) => {
            let place = registry::RegistryDestination::new(shared.client.clone(), image.clone());
            match (image.digest(), image.tag()) {
                (Some(digest), _) => place.delete_manifest(digest).await.map_err(not_deleted)?,
                (None, Some(tag)) => {
                    if let Err(error) = place.delete_tag(tag).await {
                        match &error.problem {
                            Problem::TagNotAlone { digest, .. } if with_other_tags => {
                                place.delete_manifest(digest).await.map_err(not_deleted)?;
                            }
                            _ => return Err(not_deleted(error)),
                        }
                    }
                }
                // `latest` is not meant by saying nothing
                (None, None) => return Err(refused(no_name(input))),
            }
        }
        Reference::Path(path) if path.transport == Transport::Oci => {
            let place = layout::LayoutDestination::new(path.clone());
            match &path.name {
                Some(ImageName::Name(name)) => place.delete_tag(name).await.map_err(not_deleted)?,
                Some(ImageName::Digest(digest)) => {
                    place.delete_manifest(digest).await.map_err(not_deleted)?
                }
                Some(ImageName::Position(_)) => return Err(refused(by_position(input))),
                None => return Err(refused(no_name(input))),
            }
        }
        other => {
            return Err(refused(Failure::refused(
                format!("{other}: nothing is deleted from a place of this kind"),
                "Remove the folder or file itself, or the image with the engine's own command",
            )));
        }
    }
    Ok(Outcome::Deleted {
        reference: reference.to_string(),
    })
}

fn no_name(input: &str) -> Failure {
    Failure::refused(
        format!("{input} says neither a tag nor a digest"),
        "Add :TAG to delete a tag, or @sha256:… to delete a manifest with all its tags",
    )
}

fn by_position(input: &str) -> Failure {
    Failure::refused(
        format!("{input} says a position, which stands for something else once one is deleted"),
        "Name it: :NAME for a name, or :@sha256:… for a manifest (porthole inspect says which)",
    )
}

/// Where a reference says tag and digest, the tag alone: what that stands for is to be seen.
fn by_name(reference: Reference) -> Reference {
    if let Reference::Registry(image) = &reference
        && let Some(Ok(tagged)) = image.tag().map(|tag| image.at_tag(tag))
    {
        return Reference::Registry(tagged);
    }
    reference
}

pub(super) async fn check_report(shared: &Shared, path: &Path) -> Result<Outcome, Failure> {
    crate::engine::crash::at("checking a report");
    let kept = tokio::fs::read_to_string(path).await;
    let hint = "Name a file that the report of a copy was written to (porthole copy --json)";
    let kept = kept.map_err(|error| {
        let place = path.display().to_string();
        let place = text::visible(&place);
        Failure::refused(format!("cannot read {place}: {error}"), hint)
    })?;
    let report: Report = serde_json::from_str(&kept)
        .map_err(|error| Failure::refused(format!("this is no report of a copy: {error}"), hint))?;
    let reference = transport::locate(&report.destination).map_err(Failure::from)?;
    let reference = by_name(reference.reference);
    let called = |name: &str| {
        let reference = reference.called(name)?;
        Some(transport::open(&reference, &shared.client))
    };
    let place = transport::open(&reference, &shared.client);
    let items = copy::check(&report, place, called).await;
    Ok(Outcome::ReportChecked {
        items: Arc::from(items),
    })
}
