//! Configs, setting by setting.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::ImageConfig;

/// A setting that two configs have different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `config`, `environment` or `labels`.
    pub group: &'static str,
    pub name: String,
    /// Nothing where it is not set.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The settings that differ: those of the config, the variables, the labels.
pub fn settings(before: &ImageConfig, after: &ImageConfig) -> Vec<Setting> {
    let mut found = Vec::new();
    for (group, read) in [
        (
            "config",
            plain as fn(&ImageConfig) -> BTreeMap<String, String>,
        ),
        ("environment", environment),
        ("labels", labels),
    ] {
        let (before, after) = (read(before), read(after));
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (before, after) = (before.get(name), after.get(name));
            if before != after {
                found.push(Setting {
                    group,
                    name: name.clone(),
                    before: before.cloned(),
                    after: after.cloned(),
                });
            }
        }
    }
    found
}

fn plain(config: &ImageConfig) -> BTreeMap<String, String> {
    let run = &config.run;
    let list = |items: &[String]| (!items.is_empty()).then(|| format!("{items:?}"));
    let mut found = BTreeMap::new();
    for (name, value) in [
        ("platform", Some(config.platform.to_string())),
        ("created", config.created.clone()),
        ("author", config.author.clone()),
        ("user", run.user.clone()),
        ("entrypoint", list(&run.entrypoint)),
        ("command", list(&run.command)),
        ("workingDir", run.working_dir.clone()),
        ("ports", list(&run.ports)),
        ("volumes", list(&run.volumes)),
        ("stopSignal", run.stop_signal.clone()),
        ("healthcheck", run.healthcheck.clone()),
        ("onBuild", list(&run.on_build)),
        ("shell", list(&run.shell)),
    ] {
        if let Some(value) = value {
            found.insert(name.to_owned(), value);
        }
    }
    found
}

fn environment(config: &ImageConfig) -> BTreeMap<String, String> {
    let variables = config.run.environment.iter();
    variables
        .map(|variable| variable.split_once('=').unwrap_or((variable, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn labels(config: &ImageConfig) -> BTreeMap<String, String> {
    let labels = config.run.labels.iter();
    labels
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
