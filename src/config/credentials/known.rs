//! All credentials that are kept somewhere, for a list of them.

use std::collections::HashMap;

use super::auth_file::AuthFile;
use super::{Network, Origin, helper, normal_key, shown_key};

/// A login that is kept somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLogin {
    /// Host, or host with a path, as references have it.
    pub registry: String,
    /// Whose; nothing where only a token is kept or it could not be found out.
    pub user: Option<String>,
    pub origin: Origin,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// Another one for the same registry comes before it.
    pub hidden: bool,
}

/// Every login of the auth files and helpers of `network`, in the order in which they are
/// looked at. Runs helpers, as [`super::Stored::find`] does. What cannot be read is in the
/// list with its problem.
pub fn known_logins(network: &Network) -> Vec<KnownLogin> {
    let mut found: Vec<KnownLogin> = Vec::new();
    for path in &network.auth_files {
        let file = match AuthFile::read(path) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            Err(error) => {
                found.push(KnownLogin {
                    registry: String::new(),
                    user: None,
                    origin: Origin::File(path.clone()),
                    problem: Some(error.to_string()),
                    hidden: false,
                });
                continue;
            }
        };
        let mut lists = HashMap::new();
        let mut listed = |name: &str| {
            let list = lists
                .entry(name.to_owned())
                .or_insert_with(|| helper::list(&network.helpers, name, path));
            list.clone()
        };
        let by_helper = |name: &str, registry: &str, user, problem| KnownLogin {
            registry: registry.to_owned(),
            user,
            origin: Origin::Helper {
                program: helper::program(name),
                file: path.clone(),
            },
            problem,
            hidden: false,
        };
        let mut here = Vec::new();
        for (key, name) in file.helpers() {
            let registry = shown_key(key);
            let (user, problem) = match listed(name) {
                Ok(list) => (user_of(&list, key), None),
                Err(why) => (None, Some(why)),
            };
            here.push(by_helper(name, registry, user, problem));
        }
        for (key, entry) in file.entries() {
            let registry = shown_key(key);
            let (user, problem) = match entry.credentials(path) {
                Ok(Some(found)) => (Some(found.user).filter(|user| !user.is_empty()), None),
                Ok(None) => continue,
                Err(error) => (None, Some(error.to_string())),
            };
            here.push(KnownLogin {
                registry: registry.to_owned(),
                user,
                origin: Origin::File(path.clone()),
                problem,
                hidden: false,
            });
        }
        if let Some(name) = file.store() {
            match listed(name) {
                Ok(list) => {
                    let all = list.iter().map(|(key, user)| {
                        by_helper(name, shown_key(key), Some(user.clone()), None)
                    });
                    here.extend(all);
                }
                Err(why) => here.push(by_helper(name, "", None, Some(why))),
            }
        }
        let mut own = Vec::new();
        for login in here {
            // a helper may keep a registry under several names
            if own.contains(&(login.registry.clone(), login.origin.clone())) {
                continue;
            }
            own.push((login.registry.clone(), login.origin.clone()));
            let mut before = found.iter();
            let hidden = before.any(|other| other.registry == login.registry);
            found.push(KnownLogin { hidden, ..login });
        }
    }
    found
}

fn user_of(list: &std::collections::BTreeMap<String, String>, key: &str) -> Option<String> {
    let wanted = normal_key(key, false);
    let mut all = list.iter();
    let (_, user) = all.find(|(key, _)| normal_key(key, false) == wanted)?;
    Some(user.clone())
}
