//! `policy.json` of containers/image (containers-policy.json.5.md), with its own meaning:
//! the most specific scope, every requirement of it, the signed name compared.
//!
//! What can stand in the file is checked as strictly as there. A key that cannot be read
//! breaks only the requirements that name it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Asked, Files, Level, PolicyError, Requirement, Rule, Scope};
use crate::model::{Reference, RegistryReference, Transport};
use crate::signature::found::Format;
use crate::signature::sigstore::{Authorities, IdentityRule, Pattern, PublicKey, TrustRoot};
use crate::signature::simple::{Keyring, SignedIdentity};
use crate::signature::trust::{SignedBy, Signer};

/// The scope of what no transport says anything about.
const DEFAULT: &str = "default";

type Object = Map<String, Value>;

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
    let mut name = image.name();
    let exact = match image.digest() {
        Some(digest) => format!("{name}@{digest}"),
        None => format!("{name}:{}", image.tag().unwrap_or("latest")),
    };
    let mut scopes = vec![exact, name.clone()];
    while let Some((above, _)) = name.rsplit_once('/') {
        name = above.to_owned();
        scopes.push(name.clone());
    }
    let mut host = name.split(':').next().unwrap_or_default();
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
        rules.push(Rule {
            scope: Scope::literal(scope),
            requirements,
            level: Level::This,
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

fn signed_by(value: &Value, files: &dyn Files) -> Result<Requirement, String> {
    const KNOWN: [&str; 6] = [
        "type",
        "keyType",
        "keyPath",
        "keyPaths",
        "keyData",
        "signedIdentity",
    ];
    let required = object(value, "signedBy", &KNOWN)?;
    let signed_name = Some(identity(required.get("signedIdentity"))?);
    let keys = Material::of(required, ["keyPath", "keyPaths", "keyData", ""])?;
    let keys = keys.ok_or("signedBy names no key")?;
    match text(required, "keyType")?.as_deref() {
        Some("GPGKeys") => {}
        Some(kind @ ("signedByGPGKeys" | "X509Certificates" | "signedByX509CAs")) => {
            return Ok(Requirement::Nothing {
                why: format!("the keyType {kind} is implemented nowhere and rejects everything"),
            });
        }
        other => return Err(format!("the keyType {other:?} is not known")),
    }
    let mut ring = Keyring::default();
    for (name, bytes) in keys.read(files) {
        let added = bytes.and_then(|bytes| ring.add(&bytes).map_err(|error| error.to_string()));
        if let Err(why) = added {
            return Ok(broken(&name, &why));
        }
    }
    let mut signer = Signer::new(keys.name(), SignedBy::OpenPgp(Arc::new(ring)));
    signer.signed_name = signed_name;
    Ok(Requirement::Signed(Asked {
        only: Some(Format::SimpleSigning),
        ..Asked::one_of(vec![signer])
    }))
}

fn sigstore_signed(value: &Value, files: &dyn Files) -> Result<Requirement, String> {
    const KNOWN: [&str; 12] = [
        "type",
        "keyPath",
        "keyPaths",
        "keyData",
        "keyDatas",
        "fulcio",
        "pki",
        "rekorPublicKeyPath",
        "rekorPublicKeyPaths",
        "rekorPublicKeyData",
        "rekorPublicKeyDatas",
        "signedIdentity",
    ];
    let required = object(value, "sigstoreSigned", &KNOWN)?;
    let signed_name = identity(required.get("signedIdentity"))?;
    let keys = Material::of(required, ["keyPath", "keyPaths", "keyData", "keyDatas"])?;
    let logs = Material::of(
        required,
        [
            "rekorPublicKeyPath",
            "rekorPublicKeyPaths",
            "rekorPublicKeyData",
            "rekorPublicKeyDatas",
        ],
    )?;
    let (fulcio, pki) = (required.get("fulcio"), required.get("pki"));
    let ways = [keys.is_some(), fulcio.is_some(), pki.is_some()];
    if ways.iter().filter(|way| **way).count() != 1 {
        return Err("sigstoreSigned names not exactly one of keys, fulcio and pki".to_owned());
    }
    if fulcio.is_some() && logs.is_none() {
        return Err("fulcio asks for a key of the log, rekorPublicKey…".to_owned());
    }
    if pki.is_some() && logs.is_some() {
        return Err("pki cannot be combined with a key of the log".to_owned());
    }
    let mut log_keys = Vec::new();
    for (name, bytes) in logs.iter().flat_map(|logs| logs.read(files)) {
        match bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|e| e.to_string())) {
            Ok(pem) => log_keys.push(pem),
            Err(why) => return Ok(broken(&name, &why)),
        }
    }
    let (signers, authorities) = if let Some(keys) = keys {
        match of_keys(&keys, logs.is_some(), files) {
            Ok(signers) => (signers, Vec::new()),
            Err(broken) => return Ok(broken),
        }
    } else if let Some(fulcio) = fulcio {
        match of_fulcio(fulcio, files)? {
            Ok((signer, authorities)) => (vec![signer], authorities),
            Err(broken) => return Ok(broken),
        }
    } else {
        match of_pki(pki.unwrap_or(&Value::Null), files)? {
            Ok(signer) => (vec![signer], Vec::new()),
            Err(broken) => return Ok(broken),
        }
    };
    let named = signers.into_iter().map(|signer| Signer {
        signed_name: Some(signed_name.clone()),
        ..signer
    });
    let mut asked = Asked {
        only: Some(Format::Cosign),
        ..Asked::one_of(named.collect())
    };
    if !log_keys.is_empty() {
        let authorities: Vec<_> = authorities.iter().map(String::as_str).collect();
        let logs: Vec<_> = log_keys.iter().map(String::as_str).collect();
        match TrustRoot::of_parts(&authorities, &logs, &[], &[]) {
            Ok(root) => asked.root = Some(root),
            Err(error) => return Ok(broken("the key of the log", &error.to_string())),
        }
    }
    Ok(Requirement::Signed(asked))
}

fn of_keys(keys: &Material, log: bool, files: &dyn Files) -> Result<Vec<Signer>, Requirement> {
    let read = keys.read(files).into_iter().map(|(name, bytes)| {
        let key = bytes.and_then(|pem| PublicKey::from_pem(&pem).map_err(|e| e.to_string()));
        match key {
            Ok(key) => Ok(Signer {
                log,
                ..Signer::key(name, key)
            }),
            Err(why) => Err(broken(&name, &why)),
        }
    });
    read.collect()
}

/// A signer by a certificate of Fulcio, and the authorities, each by itself in PEM.
fn of_fulcio(
    value: &Value,
    files: &dyn Files,
) -> Result<Result<(Signer, Vec<String>), Requirement>, String> {
    let known = ["caPath", "caData", "oidcIssuer", "subjectEmail"];
    let fulcio = object(value, "fulcio", &known)?;
    let authority = Material::of(fulcio, ["caPath", "", "caData", ""])?;
    let authority = authority.ok_or("fulcio names no authority")?;
    let rule = IdentityRule {
        identity: exact(fulcio, "subjectEmail")?.ok_or("fulcio names no subjectEmail")?,
        issuer: exact(fulcio, "oidcIssuer")?.ok_or("fulcio names no oidcIssuer")?,
    };
    let mut certificates = Vec::new();
    for (name, bytes) in authority.read(files) {
        match bytes {
            Ok(pem) => certificates.extend(blocks(&String::from_utf8_lossy(&pem))),
            Err(why) => return Ok(Err(broken(&name, &why))),
        }
    }
    let name = rule.identity.to_string();
    Ok(Ok((Signer::identity(name, rule), certificates)))
}

fn of_pki(value: &Value, files: &dyn Files) -> Result<Result<Signer, Requirement>, String> {
    let known = [
        "caRootsPath",
        "caRootsData",
        "caIntermediatesPath",
        "caIntermediatesData",
        "subjectEmail",
        "subjectHostname",
    ];
    let pki = object(value, "pki", &known)?;
    let roots = Material::of(pki, ["caRootsPath", "", "caRootsData", ""])?;
    let roots = roots.ok_or("pki names no roots")?;
    let between = Material::of(pki, ["caIntermediatesPath", "", "caIntermediatesData", ""])?;
    let (email, host) = (exact(pki, "subjectEmail")?, exact(pki, "subjectHostname")?);
    if email.is_none() && host.is_none() {
        return Err("pki names neither subjectEmail nor subjectHostname".to_owned());
    }
    let mut texts = [String::new(), String::new()];
    for (text, material) in texts.iter_mut().zip([Some(&roots), between.as_ref()]) {
        for (name, bytes) in material.into_iter().flat_map(|m| m.read(files)) {
            match bytes {
                Ok(pem) => text.push_str(&String::from_utf8_lossy(&pem)),
                Err(why) => return Ok(Err(broken(&name, &why))),
            }
        }
    }
    let (identity, also) = match (email, host) {
        (Some(email), host) => (email, host),
        (None, Some(host)) => (host, None),
        (None, None) => return Err("pki names nobody".to_owned()),
    };
    let name = identity.to_string();
    match Authorities::from_pem(&texts[0], &texts[1], Some(identity)) {
        Some(authorities) => {
            let authorities = Authorities {
                also,
                ..authorities
            };
            Ok(Ok(Signer::new(name, SignedBy::Authorities(authorities))))
        }
        None => Ok(Err(broken(&roots.name(), "there is no certificate in PEM"))),
    }
}

fn broken(what: &str, why: &str) -> Requirement {
    Requirement::Broken {
        why: format!("{what} of the policy cannot be used: {why}"),
    }
}

/// Every certificate of a PEM text by itself.
fn blocks(pem: &str) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let blocks = pem.split_inclusive(END);
    let blocks = blocks.filter_map(|block| block.find("-----BEGIN").map(|at| &block[at..]));
    blocks.map(|block| format!("{block}\n")).collect()
}

/// Keys or certificates: by path, by several paths, or as they are, in base64.
enum Material {
    Paths(Vec<String>),
    Data(Vec<Vec<u8>>),
}

impl Material {
    /// What the object has under one of these names: a path, a list of paths, data, a list
    /// of data. Nothing where it has none.
    fn of(object: &Object, names: [&str; 4]) -> Result<Option<Self>, String> {
        let found: Vec<_> = names
            .iter()
            .filter(|name| object.contains_key(**name))
            .collect();
        let name = match found.as_slice() {
            [] => return Ok(None),
            [one] => **one,
            [one, other, ..] => return Err(format!("{one} and {other} exclude each other")),
        };
        let wrong = || format!("{name} is not of the right kind");
        let texts = match &object[name] {
            Value::String(text) if !text.is_empty() => vec![text.clone()],
            Value::Array(list) if !list.is_empty() => list
                .iter()
                .map(|text| text.as_str().map(ToOwned::to_owned).ok_or_else(wrong))
                .collect::<Result<_, _>>()?,
            _ => return Err(wrong()),
        };
        let is_list = object[name].is_array();
        if is_list != (name == names[1] || name == names[3]) {
            return Err(wrong());
        }
        if name == names[0] || name == names[1] {
            return Ok(Some(Self::Paths(texts)));
        }
        let data = texts.iter().map(|text| STANDARD.decode(text));
        let data = data.collect::<Result<_, _>>().map_err(|_| wrong())?;
        Ok(Some(Self::Data(data)))
    }

    /// Each by its name for people.
    fn read(&self, files: &dyn Files) -> Vec<(String, Result<Vec<u8>, String>)> {
        match self {
            Self::Paths(paths) => paths
                .iter()
                .map(|path| (path.clone(), files.file(path)))
                .collect(),
            Self::Data(data) => data
                .iter()
                .map(|bytes| ("a key in the policy".to_owned(), Ok(bytes.clone())))
                .collect(),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Paths(paths) => paths.join(", "),
            Self::Data(_) => "a key in the policy".to_owned(),
        }
    }
}

/// How the signed name is compared.
fn identity(value: Option<&Value>) -> Result<SignedIdentity, String> {
    let Some(value) = value else {
        return Ok(SignedIdentity::default());
    };
    let kind = value
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let only = |known: &[&str]| object(value, "signedIdentity", known);
    let needed = |object: &Object, name: &str| {
        text(object, name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("signedIdentity has no {name}"))
    };
    let reference = |text: &str| {
        let read = text.parse::<RegistryReference>();
        read.map_err(|error| format!("{text:?} is no image name: {error}"))
    };
    match kind {
        "matchExact" => only(&["type"]).map(|_| SignedIdentity::MatchExact),
        "matchRepoDigestOrExact" => only(&["type"]).map(|_| SignedIdentity::MatchRepoDigestOrExact),
        "matchRepository" => only(&["type"]).map(|_| SignedIdentity::MatchRepository),
        "exactReference" => {
            let name = needed(only(&["type", "dockerReference"])?, "dockerReference")?;
            let read = reference(&name)?;
            if read.tag().is_none() && read.digest().is_none() {
                return Err(format!("dockerReference {name:?} has no tag and no digest"));
            }
            Ok(SignedIdentity::ExactReference(name))
        }
        "exactRepository" => {
            let name = needed(only(&["type", "dockerRepository"])?, "dockerRepository")?;
            reference(&name)?;
            Ok(SignedIdentity::ExactRepository(name))
        }
        "remapIdentity" => {
            let remap = only(&["type", "prefix", "signedPrefix"])?;
            Ok(SignedIdentity::RemapIdentity {
                prefix: needed(remap, "prefix")?,
                signed_prefix: needed(remap, "signedPrefix")?,
            })
        }
        other => Err(format!("the signedIdentity {other:?} is not known")),
    }
}

/// An object with no other keys than these.
fn object<'a>(value: &'a Value, what: &str, known: &[&str]) -> Result<&'a Object, String> {
    let object = value
        .as_object()
        .ok_or_else(|| format!("{what} is no object"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{what} has {key:?}, which is not known")),
        None => Ok(object),
    }
}

fn text(object: &Object, name: &str) -> Result<Option<String>, String> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} is no text")),
    }
}

fn exact(object: &Object, name: &str) -> Result<Option<Pattern>, String> {
    let text = text(object, name)?;
    let pattern = text.map(|text| Pattern::exact(&text));
    pattern.transpose().map_err(|error| error.to_string())
}
