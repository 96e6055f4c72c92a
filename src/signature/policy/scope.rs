//! Scopes: which images a rule is about.

use std::path::{Component, Path, PathBuf};

use crate::model::{PathReference, Reference, Transport};

/// The transports of places on this machine whose names are paths.
pub(super) const PATHS: [Transport; 4] = [
    Transport::Dir,
    Transport::Oci,
    Transport::OciArchive,
    Transport::DockerArchive,
];

/// A pattern over names such as `registry.example.com/edge/api`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    text: String,
    fixed: String,
    /// Whether everything below `fixed` belongs to it.
    below: bool,
    /// Whether `fixed` is the end of a host name.
    host_end: bool,
}

/// The name of an image in scopes: host and repository, without tag and digest; for a
/// place on this machine its transport and path, `oci:/images/app`, as it is given. What
/// begins like a port gets a `./`, so that no place is called as a registry is.
pub fn name_of(reference: &Reference) -> String {
    match reference {
        Reference::Registry(image) => image.name(),
        Reference::Path(path) => {
            let mut place = path.path.clone();
            if begins_with_port(&place.to_string_lossy()) {
                place = Path::new(".").join(place);
            }
            Reference::Path(PathReference::new(path.transport, place)).to_string()
        }
        Reference::Daemon(_) => reference.to_string(),
    }
}

/// Whether this, behind a colon, may be the port of a host.
fn begins_with_port(rest: &str) -> bool {
    let first = rest.split(['/', '\\']).next().unwrap_or_default();
    !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit())
}

/// The same name with the path written out, where it is one of a place on this machine:
/// absolute, and without links, `.` and `..`. One place has many paths, and only one of those.
pub fn explicit_name(name: &str) -> String {
    match place_of(name) {
        Some((transport, path)) => {
            format!("{transport}:{}", explicit(Path::new(path)).display())
        }
        None => name.to_owned(),
    }
}

/// The transport and the path of a name or scope, where it is about a place on this machine.
fn place_of(name: &str) -> Option<(&'static str, &str)> {
    PATHS.iter().find_map(|transport| {
        let path = name
            .strip_prefix(transport.prefix())?
            .strip_prefix(':')
            .filter(|path| !path.is_empty() && !begins_with_port(path))?;
        Some((transport.prefix(), path))
    })
}

/// The path as the system finds it: what is not there yet is taken as it is written.
fn explicit(path: &Path) -> PathBuf {
    let Ok(whole) = std::path::absolute(path) else {
        return path.to_owned();
    };
    let parts: Vec<Component<'_>> = whole.components().collect();
    for end in (1..=parts.len()).rev() {
        let there: PathBuf = parts[..end].iter().collect();
        let Ok(mut found) = there.canonicalize() else {
            continue;
        };
        for part in &parts[end..] {
            match part {
                Component::ParentDir => {
                    found.pop();
                }
                part => found.push(part),
            }
        }
        return found;
    }
    whole
}

/// What scopes are compared with: an image's name, in the ways of every kind of policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeName {
    text: String,
    /// The explicit name of a place on this machine.
    place: Option<String>,
    /// Whether containers/image knows of no signatures in a place of this kind.
    signless: bool,
    /// What containers/image looks for, the most specific first.
    containers: Vec<String>,
}

impl ScopeName {
    /// The name of an image. Looks where a path leads.
    pub fn of(reference: &Reference) -> Self {
        let whole = match reference {
            Reference::Path(path) => {
                Reference::Path(PathReference::new(path.transport, explicit(&path.path)))
            }
            other => other.clone(),
        };
        Self {
            text: name_of(reference),
            place: matches!(whole, Reference::Path(_)).then(|| name_of(&whole)),
            signless: !super::containers::knows_signatures(reference.transport()),
            containers: super::containers::scopes_of(&whole),
        }
    }

    /// Of what has a scope, what counts for this image: an exact name wins over what lies
    /// below one, the longer over the shorter. Nothing where no scope matches.
    pub fn longest<'a, T>(&self, all: &'a [T], scope: impl Fn(&T) -> &Scope) -> Option<&'a T> {
        let fitting = all
            .iter()
            .filter_map(|one| Some((scope(one).fits(self)?, one)));
        Some(fitting.max_by_key(|(rank, _)| *rank)?.1)
    }

    /// Whether containers/image knows of no signatures in a place of this kind.
    pub(super) const fn is_signless(&self) -> bool {
        self.signless
    }

    /// Host and repository, or transport and path.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn containers(&self) -> &[String] {
        &self.containers
    }
}

impl From<&str> for ScopeName {
    /// The name as it stands in a scope. Looks where a path leads.
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            place: place_of(text).map(|_| explicit_name(text)),
            ..Self::default()
        }
    }
}

impl Scope {
    /// Exactly this text, in the words of another kind of policy.
    pub(super) fn literal(text: String) -> Self {
        Self {
            fixed: text.clone(),
            text,
            below: false,
            host_end: false,
        }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything.
    pub fn everything() -> Self {
        Self {
            text: "*".to_owned(),
            fixed: String::new(),
            below: true,
            host_end: false,
        }
    }

    /// Reads a scope: a name, a name with `/**` for everything below it, `*` for
    /// everything, `*.example.com/**` for all hosts of a domain.
    ///
    /// # Errors
    /// Where it is empty or has a `*` elsewhere.
    pub fn read(text: &str) -> Result<Self, String> {
        if text == "*" || text == "**" {
            return Ok(Self::everything());
        }
        let (rest, below) = match text.strip_suffix("/**") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (fixed, host_end) = match rest.strip_prefix("*.") {
            Some(domain) => (format!(".{domain}"), true),
            None => (rest.to_owned(), false),
        };
        if fixed.len() < 2 && below && !host_end {
            return Err(format!(
                "{text:?} names no host: a scope is HOST/NAME, or HOST/NAME/** for what lies below it"
            ));
        }
        if fixed.len() < 2 || fixed.contains('*') {
            return Err(
                "a scope is *, a name, a name with /** behind it, or *.domain/**".to_owned(),
            );
        }
        if host_end && (!below || fixed.contains('/')) {
            return Err("behind *. stands a domain and /**".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            fixed,
            below,
            host_end,
        })
    }

    /// The one way to write it: two scopes are the same where this is.
    pub(super) fn plain(text: &str) -> &str {
        if text == "**" { "*" } else { text }
    }

    /// Whether an image of this name belongs to it.
    pub fn matches(&self, name: &str) -> bool {
        if self.fixed.is_empty() {
            return true;
        }
        if self.host_end {
            let host = name.split('/').next().unwrap_or_default();
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            // a place on this machine may be called as a host is: `dir:a.example.com:5`
            let is_host = !host.contains(':');
            return is_host && host.len() > self.fixed.len() && host.ends_with(&self.fixed);
        }
        match name.strip_prefix(&self.fixed) {
            Some("") => true,
            // all of a transport: its relative paths, too, and no host that is called so
            Some(rest) if self.fixed.ends_with(':') => self.below && !begins_with_port(rest),
            Some(rest) => self.below && rest.starts_with('/'),
            None => false,
        }
    }

    /// How exactly it is about the image of this name; nothing where it is not.
    fn fits(&self, name: &ScopeName) -> Option<(usize, bool)> {
        let rank = |scope: &Self| (scope.fixed.len(), !scope.below);
        let (Some(place), Some((_, path))) = (&name.place, place_of(&self.fixed)) else {
            let fits = self.matches(name.place.as_ref().unwrap_or(&name.text));
            return fits.then(|| rank(self));
        };
        // both lead somewhere, however they are written
        let whole = Self {
            fixed: explicit_name(&self.fixed),
            ..self.clone()
        };
        let given = Path::new(path).is_relative() && self.matches(&name.text);
        (given || whole.matches(place)).then(|| rank(&whole))
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    #[test]
    fn a_scope_ends_at_a_slash() {
        let below = Scope::read("host/edge/**").unwrap();
        assert!(below.matches("host/edge/api") && below.matches("host/edge"));
        assert!(!below.matches("host/edgeways/api") && !below.matches("host"));
        let exact = Scope::read("host/edge").unwrap();
        assert!(exact.matches("host/edge") && !exact.matches("host/edge/api"));
    }

    #[test]
    fn all_of_a_transport_is_every_path_of_it_and_no_host() {
        let all = Scope::read("oci:/**").unwrap();
        for image in [
            "oci:/images/app",
            "oci:app:v1",
            "oci:./app",
            "oci:../app",
            "oci:C:\\images\\app",
            "oci:5000/app",
        ] {
            let reference = Reference::parse_prefixed(image).unwrap().unwrap();
            assert!(all.matches(&name_of(&reference)), "{image}");
        }
        for other in ["docker://oci:5000/app", "oci-archive:app.tar", "dir:app"] {
            let reference = Reference::parse_prefixed(other).unwrap().unwrap();
            assert!(!all.matches(&name_of(&reference)), "{other}");
        }
        assert!(!Scope::read("oci:/images/**").unwrap().matches("oci:images"));
    }

    #[test]
    fn a_domain_is_all_its_hosts_and_no_other() {
        let scope = Scope::read("*.example.com/**").unwrap();
        assert!(scope.matches("a.example.com/x") && scope.matches("a.b.example.com:5000/x"));
        for other in [
            "example.com/x",
            "notexample.com/x",
            "evil/a.example.com/x",
            "dir:a.example.com/x",
            "dir:a.example.com:5/x",
        ] {
            assert!(!scope.matches(other), "{other}");
        }
        for hostless in ["/**", "x/**"] {
            let why = Scope::read(hostless).unwrap_err();
            assert!(why.contains("names no host"), "{why}");
        }
        for bad in ["", "/**", "a*b", "*.example.com", "host/*/x"] {
            assert!(Scope::read(bad).is_err(), "{bad}");
        }
    }

    /// One place has many paths; rules know it by each of them.
    #[cfg(unix)]
    #[test]
    fn a_place_is_known_however_its_path_is_spelled() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(top.join("images/app")).unwrap();
        std::os::unix::fs::symlink(top.join("images"), top.join("link")).unwrap();
        let top = top.to_str().unwrap();
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        let up = "../".repeat(here.components().count() - 1);
        let up = format!("{up}{}", &top[1..]);
        let spelled = [
            format!("{top}/images/app"),
            format!("{top}/images//app/"),
            format!("{top}/./images/../images/app"),
            format!("{top}/link/app"),
            format!("{up}/images/app"),
            format!("./{up}/link/app:v1"),
        ];
        let policy = |wide: &str, narrow: &str| {
            let rule = |scope: &str| format!("[[rule]]\nscope = \"{scope}\"\nreject = true\n");
            let text = format!("version = 1\n{}{}", rule(wide), rule(narrow));
            Policy::read(&text, "p", &|_: &str| Err(String::new())).unwrap()
        };
        let theirs = format!(
            r#"{{"default":[{{"type":"insecureAcceptAnything"}}],"transports":{{"oci":{{"{top}/images/app":[{{"type":"reject"}}]}}}}}}"#
        );
        let theirs = Policy::read_any(&theirs, "p", &|_: &str| Err(String::new())).unwrap();
        let scope = |policy: &Policy, image: &str| {
            let reference = Reference::parse_prefixed(&format!("oci:{image}"));
            let name = ScopeName::of(&reference.unwrap().unwrap());
            policy.rule(&name).unwrap().scope.to_string()
        };
        for image in &spelled {
            assert_eq!(
                scope(&theirs, image),
                format!("oci:{top}/images/app"),
                "{image}"
            );
            for rule in [
                format!("oci:{top}/images/app"),
                format!("oci:{top}/images/**"),
                format!("oci:{top}/link/app"),
                format!("oci:{up}/images/app"),
            ] {
                for wide in ["*", "oci:/**", &format!("oci:{top}/**")] {
                    let policy = policy(wide, &rule);
                    assert_eq!(scope(&policy, image), rule, "{image}, beside {wide}");
                }
            }
        }
        // the longer is the longer as it is, and not as it is spelled
        let rules = policy(
            &format!("oci:{top}/images/app"),
            &format!("oci:./{up}/././**"),
        );
        for image in &spelled {
            assert_eq!(scope(&rules, image), format!("oci:{top}/images/app"));
        }
        let other = format!("{top}/images/other");
        assert_eq!(scope(&theirs, &other), "default");
    }
}
