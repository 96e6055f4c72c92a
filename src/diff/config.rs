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
    // in whatever order they stand
    let set = |items: &[String]| {
        let items: BTreeSet<_> = items.iter().collect();
        (!items.is_empty()).then(|| format!("{:?}", items.iter().collect::<Vec<_>>()))
    };
    let mut found = BTreeMap::new();
    for (name, value) in [
        ("platform", Some(config.platform.to_string())),
        ("created", config.created.clone()),
        ("author", config.author.clone()),
        ("user", run.user.clone()),
        ("entrypoint", list(&run.entrypoint)),
        ("command", list(&run.command)),
        ("workingDir", run.working_dir.clone()),
        ("ports", set(&run.ports)),
        ("volumes", set(&run.volumes)),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Algorithm, MediaType, RawDocument};

    fn config(ports: &Value) -> ImageConfig {
        let value = json!({
            "os": "linux", "architecture": "amd64",
            "config": {"ExposedPorts": ports, "Cmd": ["a", "b"]},
        });
        let media_type = MediaType::new(MediaType::OCI_CONFIG);
        let bytes = value.to_string().into_bytes();
        ImageConfig::read(RawDocument::hash(
            bytes.into(),
            Algorithm::Sha256,
            media_type,
        ))
    }

    #[test]
    fn ports_are_compared_whatever_their_order() {
        let listed = |config: &str| serde_json::from_str::<Value>(config).unwrap();
        let one = config(&listed(r#"{"80/tcp":{},"53/udp":{}}"#));
        let mut other = one.clone();
        other.run.ports.reverse();
        assert_ne!(one.run.ports, other.run.ports);
        assert_eq!(settings(&one, &other), []);
        other.run.ports.pop();
        assert_eq!(settings(&one, &other)[0].name, "ports");
        // the order of arguments means something
        let mut turned = one.clone();
        turned.run.command.reverse();
        assert_eq!(settings(&one, &turned)[0].name, "command");
    }
}
