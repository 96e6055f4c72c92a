//! `policy.json` of containers/image (containers-policy.json.5.md), with its own meaning:
//! the most specific scope, every requirement of it, the signed name compared.
//!
//! What can stand in the file is checked as strictly as there. A key that cannot be read
//! breaks only the requirements that name it.

mod carry;
mod material;
mod signed;

use serde_json::{Map, Value};

use super::{Files, Level, PolicyError, Requirement, Rule, Scope};
use crate::model::{Reference, RegistryReference, Transport};

pub(super) use carry::{as_text, carried};
use material::{identity, object};
use signed::{signed_by, sigstore_signed};

/// The scope of what no transport says anything about.
const DEFAULT: &str = "default";

type Object = Map<String, Value>;

/// Whether containers/image knows of signatures in places of this transport. In layouts,
/// archives and engines it looks for none, so that no requirement of a signature is met there.
pub(super) const fn knows_signatures(transport: Transport) -> bool {
    matches!(transport, Transport::Docker | Transport::Dir)
}

/// The names that the rule for an image is looked for by, the most specific first.
pub(super) fn scopes_of(reference: &Reference) -> Vec<String> {
    let transport = reference.transport().prefix();
    let mut scopes = match reference {
        Reference::Registry(image) => of_registry(image),
        Reference::Daemon(name) => match name.parse::<RegistryReference>() {
            Ok(image) if !name.starts_with("sha256:") => of_registry(&image),
            _ => vec![name.clone()],
        },
        Reference::Path(path) => match path.transport {
            Transport::DockerArchive => Vec::new(),
            _ => path
                .path
                .ancestors()
                .map(|folder| folder.display().to_string())
                .filter(|folder| folder != "/" && !folder.is_empty())
                .collect(),
        },
    };
    scopes.push(String::new());
    let mut scopes: Vec<_> = scopes
        .into_iter()
        .map(|scope| format!("{transport}:{scope}"))
        .collect();
    scopes.push(DEFAULT.to_owned());
    scopes
}

/// The image, its repository, what lies above that, and the domains of its host.
fn of_registry(image: &RegistryReference) -> Vec<String> {
    let mut scopes = image.namespaces();
    let mut host = image.host().split(':').next().unwrap_or_default();
    while let Some((_, above)) = host.split_once('.') {
        host = above;
        scopes.push(format!("*.{host}"));
    }
    scopes
}

/// Reads the rules.
pub(super) fn read(value: &Value, files: &dyn Files) -> Result<Vec<Rule>, PolicyError> {
    let syntax = PolicyError::Syntax;
    let policy = object(value, "the policy", &["default", "transports"]).map_err(syntax)?;
    let mut rules = Vec::new();
    let mut rule = |scope: String, listed: &Value| {
        let requirements = requirements(listed, files).map_err(|why| PolicyError::Rule {
            scope: scope.clone(),
            why,
        })?;
        // there the image of an index that is run is judged, and never the index
        let signed = |one: &Requirement| matches!(one, Requirement::Signed(_));
        let level = if requirements.iter().any(signed) {
            Level::Platforms
        } else {
            Level::This
        };
        rules.push(Rule {
            scope: Scope::literal(scope),
            requirements,
            level,
        });
        Ok(())
    };
    rule(DEFAULT.to_owned(), &policy["default"])?;
    let transports = match policy.get("transports") {
        None | Some(Value::Null) => return Ok(rules),
        Some(Value::Object(transports)) => transports,
        Some(_) => return Err(syntax("transports is no object".to_owned())),
    };
    for (transport, scopes) in transports {
        let Value::Object(scopes) = scopes else {
            return Err(syntax(format!("{transport} of transports is no object")));
        };
        for (scope, listed) in scopes {
            check_scope(transport, scope).map_err(|why| PolicyError::Rule {
                scope: scope.clone(),
                why,
            })?;
            rule(format!("{transport}:{scope}"), listed)?;
        }
    }
    Ok(rules)
}

/// What each transport allows as a scope.
fn check_scope(transport: &str, scope: &str) -> Result<(), String> {
    if scope.is_empty() {
        return Ok(());
    }
    match transport {
        "docker-archive" => Err("docker-archive has no scopes but the empty one".to_owned()),
        "dir" | "oci" | "oci-archive" => {
            if !scope.starts_with('/') {
                return Err("a path has to be absolute".to_owned());
            }
            if scope == "/" {
                return Err("for every path the empty scope is used".to_owned());
            }
            let plain = |part: &str| !matches!(part, "" | "." | "..");
            if scope.split('/').skip(1).all(plain) {
                Ok(())
            } else {
                Err("a path has to be written without //, . and ..".to_owned())
            }
        }
        _ => Ok(()),
    }
}

fn requirements(listed: &Value, files: &dyn Files) -> Result<Vec<Requirement>, String> {
    let listed = listed.as_array().ok_or("its requirements are no list")?;
    if listed.is_empty() {
        return Err("it has no requirement".to_owned());
    }
    listed.iter().map(|one| requirement(one, files)).collect()
}

fn requirement(value: &Value, files: &dyn Files) -> Result<Requirement, String> {
    let kind = value.get("type").and_then(Value::as_str);
    match kind.ok_or("a requirement has no type")? {
        "insecureAcceptAnything" => {
            object(value, "insecureAcceptAnything", &["type"])?;
            Ok(Requirement::Anything)
        }
        "reject" => {
            object(value, "reject", &["type"])?;
            Ok(Requirement::Nothing {
                why: "the policy rejects every image here".to_owned(),
            })
        }
        "signedBy" => signed_by(value, files),
        "signedBaseLayer" => {
            let known = ["type", "baseLayerIdentity"];
            let required = object(value, "signedBaseLayer", &known)?;
            identity(required.get("baseLayerIdentity"))?;
            Ok(Requirement::Nothing {
                why: "signedBaseLayer is implemented nowhere and rejects everything".to_owned(),
            })
        }
        "sigstoreSigned" => sigstore_signed(value, files),
        other => Err(format!("the requirement {other:?} is not known")),
    }
}
