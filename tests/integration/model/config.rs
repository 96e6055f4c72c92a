//! Image configs: image-spec `config.md`.

use porthole::model::{ConfigError, Descriptor, Digest, ImageConfig, MediaType};
use serde_json::{Value, json};

use super::raw;

fn read(value: &Value) -> ImageConfig {
    ImageConfig::read(raw(MediaType::OCI_CONFIG, value.to_string().as_bytes()))
}

fn layers(count: usize) -> Vec<Descriptor> {
    (0..count)
        .map(|at| Descriptor::new(MediaType::OCI_LAYER, Digest::sha256(&[at as u8]), 1))
        .collect()
}

/// The example of the specification, shortened.
fn example() -> Value {
    json!({
        "created": "2015-10-31T22:22:56.015925234Z",
        "author": "Alyssa P. Hacker <alyspdev@example.com>",
        "architecture": "arm64",
        "os": "linux",
        "variant": "v8",
        "config": {
            "User": "alice",
            "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
            "Env": ["PATH=/usr/bin", "FOO=oci_is_a", 5],
            "Entrypoint": ["/bin/my-app-binary"],
            "Cmd": ["--foreground", "--config", "/etc/my-app.d/default.cfg"],
            "Volumes": {"/var/job-result-data": {}, "/var/log/my-app-logs": {}},
            "WorkingDir": "/home/alice",
            "Labels": {"com.example.project.git.url": "https://example.com/project.git"},
            "StopSignal": "SIGQUIT",
            // Docker's own
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000u64},
            "OnBuild": ["RUN echo later"],
            "Shell": ["/bin/bash", "-c"],
            "ArgsEscaped": true,
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": [Digest::sha256(b"one"), Digest::sha256(b"two")],
        },
        "history": [
            {"created": "2015-10-31T22:22:54Z", "created_by": "/bin/sh -c #(nop) ADD file:a3 in /"},
            {"created_by": "/bin/sh -c #(nop) CMD [\"sh\"]", "empty_layer": true},
            {"created_by": "/bin/sh -c apk add curl", "comment": "by hand", "author": "alice"},
        ],
    })
}

#[test]
fn a_config_of_the_specification_with_dockers_additions() {
    let config = read(&example());
    assert_eq!(config.problem, None);
    assert_eq!(
        config.created.as_deref(),
        Some("2015-10-31T22:22:56.015925234Z")
    );
    assert_eq!(
        config.author.as_deref(),
        Some("Alyssa P. Hacker <alyspdev@example.com>")
    );
    assert_eq!(config.platform.to_string(), "linux/arm64/v8");
    let run = &config.run;
    assert_eq!(run.user.as_deref(), Some("alice"));
    assert_eq!(
        run.ports,
        ["8080/tcp", "53/udp"],
        "in the order they were written"
    );
    assert_eq!(run.environment, ["PATH=/usr/bin", "FOO=oci_is_a"]);
    assert_eq!(run.entrypoint, ["/bin/my-app-binary"]);
    assert_eq!(run.command.len(), 3);
    assert_eq!(
        run.volumes,
        ["/var/job-result-data", "/var/log/my-app-logs"]
    );
    assert_eq!(run.working_dir.as_deref(), Some("/home/alice"));
    assert_eq!(run.labels.len(), 1);
    assert_eq!(run.stop_signal.as_deref(), Some("SIGQUIT"));
    assert!(run.healthcheck.as_deref().unwrap().contains("\"CMD\""));
    assert_eq!(run.on_build, ["RUN echo later"]);
    assert_eq!(run.shell, ["/bin/bash", "-c"]);
    assert_eq!(config.history[2].comment.as_deref(), Some("by hand"));
    assert_eq!(config.history[2].author.as_deref(), Some("alice"));
    let diff_ids: Vec<_> = config.parsed_diff_ids().collect();
    assert_eq!(
        diff_ids,
        [Some(Digest::sha256(b"one")), Some(Digest::sha256(b"two"))]
    );
}

#[test]
fn steps_without_a_layer_are_skipped_when_histories_are_matched() {
    let config = read(&example());
    let layers = layers(2);
    assert!(config.history_matches(2));
    let origins = config.layer_origins(&layers);
    let steps: Vec<_> = origins
        .iter()
        .map(|origin| origin.history.unwrap().instruction().unwrap())
        .collect();
    assert_eq!(steps, ["ADD file:a3 in /", "RUN apk add curl"]);
    let second = Digest::sha256(b"two").to_string();
    assert_eq!(origins[1].diff_id, Some(second.as_str()));
    assert_eq!(origins[1].descriptor, &layers[1]);
}

#[test]
fn counts_that_disagree_match_nothing() {
    let config = read(&example());
    for count in [0, 1, 3] {
        let layers = layers(count);
        assert!(!config.history_matches(count));
        let origins = config.layer_origins(&layers);
        assert_eq!(origins.len(), count);
        for origin in origins {
            assert_eq!((origin.diff_id, origin.history), (None, None));
        }
    }
    // a history without DiffIDs, and the other way round
    let mut half = example();
    half["rootfs"]["diff_ids"] = json!([Digest::sha256(b"one")]);
    let config = read(&half);
    let two = layers(2);
    let origins = config.layer_origins(&two);
    assert!(
        origins
            .iter()
            .all(|o| o.diff_id.is_none() && o.history.is_some())
    );
    half = example();
    half["history"] = Value::Null;
    let config = read(&half);
    let origins = config.layer_origins(&two);
    assert!(
        origins
            .iter()
            .all(|o| o.diff_id.is_some() && o.history.is_none())
    );
}

#[test]
fn properties_that_are_malformed_are_left_out() {
    let malformed = json!({
        "created": 5, "author": "", "architecture": ["amd64"], "os": null,
        "config": {
            "User": 0, "ExposedPorts": ["80"], "Env": "PATH=/", "Entrypoint": "sh",
            "Cmd": {"a": 1}, "Labels": {"a": 1, "b": "2"}, "Healthcheck": "none",
        },
        "rootfs": "layers",
        "history": [5, {"created_by": 7, "empty_layer": "yes"}],
    });
    let config = read(&malformed);
    assert_eq!(config.problem, None);
    assert_eq!((config.created, config.author), (None, None));
    assert_eq!(config.platform.to_string(), "/");
    assert_eq!(config.run.user, None);
    assert!(config.run.ports.is_empty() && config.run.environment.is_empty());
    assert!(config.run.entrypoint.is_empty() && config.run.command.is_empty());
    assert_eq!(config.run.labels.len(), 1);
    assert_eq!(config.run.healthcheck, None);
    assert!(config.diff_ids.is_empty());
    assert_eq!(
        config.history.len(),
        2,
        "steps are counted, whatever they hold"
    );
    assert_eq!(config.history[1].instruction(), None);
    assert!(!config.history[1].empty_layer);
    // a config without `config` runs nothing
    assert_eq!(read(&json!({"os": "linux"})).run, Default::default());
}

#[test]
fn bytes_that_are_no_config_are_kept() {
    type Check = fn(&ConfigError) -> bool;
    let cases: [(&[u8], Check); 6] = [
        (b"", |e| matches!(e, ConfigError::NotJson(_))),
        (b"not JSON", |e| matches!(e, ConfigError::NotJson(_))),
        (b"\x1f\x8b\x08", |e| matches!(e, ConfigError::NotJson(_))),
        (b"[]", |e| *e == ConfigError::NotAnObject),
        (b"null", |e| *e == ConfigError::NotAnObject),
        (b"\"{}\"", |e| *e == ConfigError::NotAnObject),
    ];
    for (bytes, check) in cases {
        let config = ImageConfig::read(raw(MediaType::OCI_CONFIG, bytes));
        assert!(
            check(config.problem.as_ref().unwrap()),
            "{:?}",
            config.problem
        );
        assert_eq!(&config.raw().bytes()[..], bytes);
        assert!(config.history.is_empty() && config.diff_ids.is_empty());
    }
}

#[test]
fn diff_ids_that_are_no_digests_keep_their_places() {
    let config = read(&json!({"rootfs": {"diff_ids": ["sha256:no", Digest::sha256(b"x")]}}));
    let parsed: Vec<_> = config.parsed_diff_ids().collect();
    assert_eq!(parsed, [None, Some(Digest::sha256(b"x"))]);
}
