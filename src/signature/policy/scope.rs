//! Scopes: which images a rule is about.

use std::path::Path;

use crate::model::{PathReference, Reference};

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
/// place on this machine its transport and path, `oci:/images/app`, a relative one as it is
/// given. What begins like a port gets a `./`, so that no place is called as a registry is.
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

/// What scopes are compared with: an image's name, in the ways of every kind of policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeName {
    text: String,
    /// What containers/image looks for, the most specific first.
    containers: Vec<String>,
}

impl ScopeName {
    /// The name of an image.
    pub fn of(reference: &Reference) -> Self {
        Self {
            text: name_of(reference),
            containers: super::containers::scopes_of(reference),
        }
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
    /// The name as it stands in a scope.
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            containers: Vec::new(),
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

    /// Of what has a scope, what counts for `name`: an exact name wins over what lies below
    /// one, the longer over the shorter. Nothing where no scope matches.
    pub fn longest<'a, T>(all: &'a [T], scope: impl Fn(&T) -> &Self, name: &str) -> Option<&'a T> {
        let fitting = all.iter().filter(|one| scope(one).matches(name));
        fitting.max_by_key(|one| (scope(one).fixed.len(), !scope(one).below))
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
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
        for bad in ["", "/**", "a*b", "*.example.com", "host/*/x"] {
            assert!(Scope::read(bad).is_err(), "{bad}");
        }
    }
}
