//! What a token is to allow: distribution-spec, "Token Scope".

use std::fmt;

/// The rights that a request needs: `repository:NAME:pull`.
///
/// Tokens are kept by it, so that what needs the same rights shows the same token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::transport::registry) struct Scope {
    /// Each goes into a parameter of its own.
    texts: Vec<String>,
    /// Whose credentials are looked up; empty for the whole registry.
    repository: String,
    purpose: Purpose,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Purpose {
    Pull,
    Push,
    Delete,
    Mount { from: String },
    Catalog,
    Login,
}

impl Scope {
    /// Reading from `repository`.
    pub(in crate::transport::registry) fn pull(repository: &str) -> Self {
        Self::of(repository, "pull", Purpose::Pull)
    }

    /// Reading from `repository` and writing to it.
    pub(in crate::transport::registry) fn push(repository: &str) -> Self {
        Self::of(repository, "pull,push", Purpose::Push)
    }

    /// Deleting from `repository`. Reading goes with it: what is deleted is looked at
    /// before. Writing does not: some registries refuse a token that asks for all three.
    pub(in crate::transport::registry) fn delete(repository: &str) -> Self {
        Self::of(repository, "pull,delete", Purpose::Delete)
    }

    /// Writing to `repository` a blob that the repository `from` of the same registry has.
    pub(in crate::transport::registry) fn mount(repository: &str, from: &str) -> Self {
        let purpose = Purpose::Mount {
            from: from.to_owned(),
        };
        let mut scope = Self::of(repository, "pull,push", purpose);
        if from != repository {
            scope.texts.push(format!("repository:{from}:pull"));
        }
        scope
    }

    /// Listing the repositories of a registry.
    pub(in crate::transport::registry) fn catalog() -> Self {
        Self {
            texts: vec!["registry:catalog:*".to_owned()],
            repository: String::new(),
            purpose: Purpose::Catalog,
        }
    }

    /// Nothing but being known.
    pub(in crate::transport::registry) const fn login() -> Self {
        Self {
            texts: Vec::new(),
            repository: String::new(),
            purpose: Purpose::Login,
        }
    }

    fn of(repository: &str, actions: &str, purpose: Purpose) -> Self {
        Self {
            texts: vec![format!("repository:{repository}:{actions}")],
            repository: repository.to_owned(),
            purpose,
        }
    }

    /// What to ask a token service for, each for a parameter of its own.
    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether what is asked for already allows all that `named` does.
    pub(super) fn covers(&self, named: &str) -> bool {
        self.texts.iter().any(|text| {
            let (Some((one, has)), Some((other, wants))) =
                (text.rsplit_once(':'), named.rsplit_once(':'))
            else {
                return text == named;
            };
            let mut wants = wants.split(',');
            one == other && wants.all(|action| has.split(',').any(|there| there == action))
        })
    }

    /// Whose credentials are looked up; empty for the whole registry.
    pub(super) fn repository(&self) -> &str {
        &self.repository
    }
}

impl fmt::Display for Scope {
    /// For people: `push to team/app`, as in "the right to …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repository = &self.repository;
        match &self.purpose {
            Purpose::Pull => write!(f, "pull from {repository}"),
            Purpose::Push => write!(f, "push to {repository}"),
            Purpose::Delete => write!(f, "delete from {repository}"),
            Purpose::Mount { from } => write!(f, "push to {repository} and pull from {from}"),
            Purpose::Catalog => f.write_str("list the repositories of the registry"),
            Purpose::Login => f.write_str("use the registry"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_as_token_services_read_them() {
        for (scope, texts, words) in [
            (
                Scope::pull("a/b"),
                vec!["repository:a/b:pull"],
                "pull from a/b",
            ),
            (
                Scope::push("a/b"),
                vec!["repository:a/b:pull,push"],
                "push to a/b",
            ),
            (
                Scope::delete("a/b"),
                vec!["repository:a/b:pull,delete"],
                "delete from a/b",
            ),
            (
                Scope::mount("a/b", "c"),
                vec!["repository:a/b:pull,push", "repository:c:pull"],
                "push to a/b and pull from c",
            ),
            (
                Scope::catalog(),
                vec!["registry:catalog:*"],
                "list the repositories of the registry",
            ),
            (Scope::login(), vec![], "use the registry"),
        ] {
            assert_eq!(scope.texts(), texts);
            assert_eq!(scope.to_string(), words);
        }
        let push = Scope::push("a/b");
        for (named, covered) in [
            ("repository:a/b:pull", true),
            ("repository:a/b:push,pull", true),
            ("repository:a/b:delete", false),
            ("repository:a/b:pull,delete", false),
            ("repository:a:pull", false),
            ("a", false),
        ] {
            assert_eq!(push.covers(named), covered, "{named}");
        }
        assert_ne!(Scope::push("a"), Scope::pull("a"));
        assert_eq!(Scope::mount("a", "a").texts().len(), 1);
    }
}
