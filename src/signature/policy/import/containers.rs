//! `policy.json` of containers: a rule for each scope.
//!
//! There the most specific scope of the image's transport counts, then the empty one of the
//! transport, then `default`. Here the longest scope counts, of all that there are: `*` is
//! what holds for registries, and places on this machine get rules of their own where
//! something else holds for them. Where containers knows of no signatures, nothing is accepted
//! that has to be signed: such rules reject.

use serde_json::{Map, Value};

use super::super::containers::{carried, knows_signatures, read};
use super::super::edit::RuleEntry;
use super::super::scope::PATHS;
use super::super::{Files, PolicyError, Scope};
use super::{Carried, Draft};

/// What is said where rules reject because of it.
const SIGNLESS: &str = "containers looks for no signatures in layouts and archives (oci, oci-archive, docker-archive), and accepts nothing there that has to be signed: the rules for those reject, whoever signed. Change them where signatures that lie there are to count.";

/// What is said where signatures of cosign are asked for.
const ATTACHED: &str = "In a registry containers looks for signatures of cosign under cosign's tag alone, and only where registries.d says use-sigstore-attachments: true; by the rules here they count wherever they are found.";

pub(super) fn draft(
    value: &Value,
    files: &dyn Files,
    draft: &mut Draft<'_>,
) -> Result<(), PolicyError> {
    // as strictly as there
    read(value, files)?;
    let own = draft.own;
    let carry = |listed: &Value| carried(listed, files, own);
    let empty = Map::new();
    let transports = value.get("transports").and_then(Value::as_object);
    let transports = transports.unwrap_or(&empty);
    let scopes = |transport: &str| -> Map<String, Value> {
        let scopes = transports.get(transport).and_then(Value::as_object);
        scopes.cloned().unwrap_or_default()
    };
    let default = carry(&value["default"]);
    let docker = scopes("docker");
    if docker.values().chain([&value["default"]]).any(is_of_cosign) {
        draft.note(ATTACHED);
    }
    let registries = docker.get("").map(carry);
    let wide = registries.clone().unwrap_or_else(|| default.clone());
    let what = match registries {
        Some(_) => "the empty scope of docker",
        None => "the default",
    };
    draft.put("*", what, wide.clone());

    // what holds for more comes first: what is left out falls to it
    let (mut named, nobody): (Vec<_>, Vec<_>) = docker
        .iter()
        .filter(|(scope, _)| !scope.is_empty())
        .partition(|(scope, _)| may_name_images(scope));
    for (scope, _) in nobody {
        let why = "no image of a registry is called so; it is left out";
        draft.leave(&said(scope), why);
    }
    named.sort_by_key(|(scope, _)| (!scope.starts_with("*."), scope.len()));
    let (tagged, named): (Vec<_>, Vec<_>) = named
        .into_iter()
        .partition(|(scope, _)| repository(scope).is_some());
    for (scope, listed) in named {
        draft.put(&format!("{scope}/**"), &said(scope), carry(listed));
    }
    for (scope, listed) in tagged {
        let repository = repository(scope).unwrap_or_default();
        one_image(draft, repository, &said(scope), carry(listed));
    }
    for place in PATHS {
        let transport = place.prefix();
        let scopes = scopes(transport);
        let mut met = |carried: Carried| match carried {
            Carried::Signed { .. } | Carried::Not(_) if !knows_signatures(place) => {
                draft.note(SIGNLESS);
                Carried::Nothing
            }
            other => other,
        };
        let here = met(scopes.get("").map_or_else(|| default.clone(), carry));
        let mut named: Vec<_> = scopes
            .iter()
            .filter(|(scope, _)| !scope.is_empty())
            .map(|(scope, listed)| (scope, met(carry(listed))))
            .collect();
        if here != wide {
            let what = format!("what is asked of images of {transport}");
            let scope = format!("{transport}:/**");
            draft.put(&scope, &what, here);
        }
        named.sort_by_key(|(scope, _)| scope.len());
        for (path, carried) in named {
            let name = format!("{transport}:{path}");
            let scope = format!("{name}/**");
            // left out, its images would fall to a wider rule, which may accept them
            if carried != Carried::Anything && Scope::read(&scope).is_err() {
                return Err(PolicyError::Rule {
                    scope: name,
                    why: "a path with a * in it is no scope of a policy of Porthole, so that nothing of this can be taken over".to_owned(),
                });
            }
            draft.put(&scope, &said(&name), carried);
        }
    }
    for (transport, scopes) in transports {
        let known = transport == "docker" || PATHS.iter().any(|one| one.prefix() == transport);
        if known || scopes.as_object().is_none_or(Map::is_empty) {
            continue;
        }
        let why = match transport.as_str() {
            "docker-daemon" => "an engine keeps no signatures: none of its images is accepted here",
            _ => "Porthole opens no images of this transport",
        };
        draft.leave(&format!("the transport {transport}"), why);
    }
    Ok(())
}

/// What is asked of one tag or digest, which no rule here can name.
fn one_image(draft: &mut Draft<'_>, repository: &str, what: &str, carried: Carried) {
    const WHY: &str = "a rule here is for a repository, and knows no tags and digests";
    if let Err(why) = Scope::read(repository) {
        draft.leave(what, format!("{why}; it is left out"));
        return;
    }
    let here = draft.in_force(repository);
    let made_of = here.map(|rule| (rule, &rule.made_of));
    let why = match (&carried, made_of) {
        // it asks for the same
        (carried, Some((_, Some(here)))) if carried == here => return,
        (Carried::Anything, Some((rule, _))) | (_, Some((rule, None))) => {
            format!("{WHY}; it is judged by the rule for {}", rule.scope)
        }
        (_, None) => format!("{WHY}; it is not judged here"),
        (_, Some((rule, _))) if rule.entry.rejects() => format!("{WHY}; it is rejected here"),
        _ => {
            let rule = RuleEntry::rejecting(repository);
            draft.rule(rule, what, Carried::Nothing);
            format!("{WHY}. Until you write a rule, all of {repository} is rejected here")
        }
    };
    draft.leave(what, why);
}

/// Whether images of registries may be called so: behind the colon of a host stands a port.
/// What is called otherwise could be a place on this machine here, as `oci:/images`.
fn may_name_images(scope: &str) -> bool {
    let host = scope.split('/').next().unwrap_or_default();
    match host.rsplit_once(':') {
        Some((_, port)) if !host.ends_with(']') => {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => true,
    }
}

/// Whether these requirements ask for a signature of cosign.
fn is_of_cosign(listed: &Value) -> bool {
    let mut each = listed.as_array().into_iter().flatten();
    each.any(|one| one["type"] == "sigstoreSigned")
}

fn said(scope: &str) -> String {
    format!("the entry for {scope}")
}

/// The repository of a scope that is one tag or digest.
fn repository(scope: &str) -> Option<&str> {
    let (_, last) = scope.rsplit_once('/')?;
    if let Some((repository, _)) = scope.split_once('@') {
        // with a tag before it, too
        let named = repository.rsplit_once(':');
        return Some(match named {
            Some((name, tag)) if !tag.contains('/') && name.contains('/') => name,
            _ => repository,
        });
    }
    let (_, tag) = last.rsplit_once(':')?;
    scope.get(..scope.len() - tag.len() - 1)
}
