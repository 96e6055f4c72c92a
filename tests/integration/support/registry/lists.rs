//! What a registry lists: tags, and what refers to a manifest.

use serde_json::{Value, json};

use super::connection::{Answer, other};
use super::content::Content;

/// How a registry answers when it is asked what refers to a manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReferrersApi {
    /// Not at all: docker-registry 2.8.
    #[default]
    None,
    /// With everything that the specification wants, this many to a page: ferro.
    Whole { page: usize },
    /// The config's type for the artifact's, no annotations, all at once: crane.
    ConfigTypes,
}

/// How a registry lists tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagPages {
    /// All at once, in no order, whatever was asked for: docker-registry 2.8.
    #[default]
    AllAtOnce,
    /// At most this many, and a link to the rest.
    Linked(usize),
    /// As many as were asked for, and no word of the rest: crane.
    Cut,
}

/// What refers to `subject`.
pub fn referrers(
    content: &Content,
    repository: &str,
    subject: &str,
    query: &str,
    api: ReferrersApi,
) -> Answer {
    if api == ReferrersApi::None {
        return other(404, "text/plain; charset=utf-8", "404 page not found\n");
    }
    let Some(items) = content.items(repository) else {
        return name_unknown();
    };
    let wanted = parameter(query, "artifactType").map(|kind| kind.replace("%2F", "/"));
    let mut found = Vec::new();
    for item in items {
        let value: Value = serde_json::from_slice(&item.bytes).unwrap_or_default();
        if value["subject"]["digest"] != json!(subject) {
            continue;
        }
        let config = &value["config"]["mediaType"];
        let mut entry = json!({
            "mediaType": item.media_type, "digest": item.digest, "size": item.bytes.len(),
        });
        if api == ReferrersApi::ConfigTypes {
            entry["artifactType"] = config.clone();
        } else {
            let own = &value["artifactType"];
            entry["artifactType"] = if own.is_null() {
                config.clone()
            } else {
                own.clone()
            };
            if value["annotations"].is_object() {
                entry["annotations"] = value["annotations"].clone();
            }
        }
        if wanted
            .as_ref()
            .is_none_or(|wanted| entry["artifactType"] == json!(wanted))
        {
            found.push(entry);
        }
    }
    found.sort_by_key(|entry| entry["digest"].to_string());
    let mut answer = Vec::new();
    if let ReferrersApi::Whole { page } = api {
        let from: usize = parameter(query, "from").map_or(0, |from| from.parse().unwrap());
        if from + page < found.len() {
            let next = from + page;
            let link = format!("</v2/{repository}/referrers/{subject}?from={next}>; rel=\"next\"");
            answer.push(("Link".to_owned(), link));
        }
        found = found.into_iter().skip(from).take(page).collect();
        if wanted.is_some() {
            answer.push(("OCI-Filters-Applied".to_owned(), "artifactType".to_owned()));
        }
    }
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": found,
    });
    let mut right = other(
        200,
        "application/vnd.oci.image.index.v1+json",
        &index.to_string(),
    );
    right.headers.extend(answer);
    right
}

/// The tags of a repository.
pub fn tags(content: &Content, repository: &str, query: &str, pages: TagPages) -> Answer {
    let Some(mut tags) = content.tags(repository) else {
        return name_unknown();
    };
    let wanted = parameter(query, "n").map(|n| n.parse::<usize>().unwrap());
    let mut link = None;
    if pages != TagPages::AllAtOnce {
        tags.sort();
        if let Some(last) = parameter(query, "last") {
            tags.retain(|tag| *tag > last);
        }
        let most = match pages {
            TagPages::Linked(most) => most.min(wanted.unwrap_or(most)),
            _ => wanted.unwrap_or(usize::MAX),
        };
        if tags.len() > most {
            tags.truncate(most);
            let last = tags.last().unwrap();
            if let TagPages::Linked(_) = pages {
                link = Some(format!(
                    "</v2/{repository}/tags/list?last={last}&n={most}>; rel=\"next\""
                ));
            }
        }
    }
    let list = json!({"name": repository, "tags": tags});
    let mut answer = other(200, "application/json; charset=utf-8", &list.to_string());
    answer
        .headers
        .extend(link.map(|link| ("Link".to_owned(), link)));
    answer
}

/// The repositories of a registry.
pub fn catalog(content: &Content, query: &str, pages: TagPages) -> Answer {
    let mut names = content.repositories();
    let mut link = None;
    if let Some(last) = parameter(query, "last") {
        names.retain(|name| *name > last);
    }
    if let TagPages::Linked(most) = pages
        && names.len() > most
    {
        names.truncate(most);
        let last = names.last().unwrap();
        link = Some(format!("</v2/_catalog?last={last}&n={most}>; rel=\"next\""));
    }
    let list = json!({"repositories": names});
    let mut answer = other(200, "application/json; charset=utf-8", &list.to_string());
    answer
        .headers
        .extend(link.map(|link| ("Link".to_owned(), link)));
    answer
}

fn name_unknown() -> Answer {
    let errors = json!({"errors": [{
        "code": "NAME_UNKNOWN", "message": "repository name not known to registry",
    }]});
    other(404, "application/json; charset=utf-8", &errors.to_string())
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(value.to_owned())
}
