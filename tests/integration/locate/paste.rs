//! Names as they stand in terminals and texts.

use porthole::model::ReferenceError;
use porthole::transport::{LocateError, locate};
use proptest::prelude::*;

use super::{located, refused};

#[test]
fn plain_names_with_what_stands_around_them() {
    let busybox = "docker://docker.io/library/busybox:1.37";
    for text in [
        "busybox:1.37",
        "  busybox:1.37\n",
        "\tbusybox:1.37\r\n",
        "\"busybox:1.37\"",
        "'busybox:1.37'",
        "`busybox:1.37`",
        "“busybox:1.37”",
        "<busybox:1.37>",
        "$ busybox:1.37",
        "# busybox:1.37",
        "docker://busybox:1.37",
        "docker.io/library/busybox:1.37",
    ] {
        assert_eq!(located(text), busybox, "{text:?}");
    }
}

#[test]
fn a_tool_alone_is_an_image_of_that_name() {
    assert_eq!(
        located("docker"),
        "docker://docker.io/library/docker:latest"
    );
    assert_eq!(located("docker:24"), "docker://docker.io/library/docker:24");
    assert_eq!(
        located("$ skopeo"),
        "docker://docker.io/library/skopeo:latest"
    );
}

#[test]
fn commands_that_look_at_an_image() {
    let cases = [
        (
            "docker pull busybox",
            "docker.io/library/busybox:latest",
            None,
        ),
        ("$ docker pull quay.io/a/b:1", "quay.io/a/b:1", None),
        ("# sudo docker pull quay.io/a/b:1", "quay.io/a/b:1", None),
        (
            "docker pull -q --platform linux/arm64 a/b",
            "docker.io/a/b:latest",
            Some("linux/arm64"),
        ),
        (
            "docker pull --platform=linux/arm/v7 a/b",
            "docker.io/a/b:latest",
            Some("linux/arm/v7"),
        ),
        (
            "docker pull a/b --platform linux/x86_64",
            "docker.io/a/b:latest",
            Some("linux/amd64"),
        ),
        (
            "docker pull --platform arm64 a/b",
            "docker.io/a/b:latest",
            Some("linux/arm64"),
        ),
        (
            "docker --context remote image pull a/b",
            "docker.io/a/b:latest",
            None,
        ),
        (
            "docker image inspect -f '{{ json .Config }}' a/b",
            "docker.io/a/b:latest",
            None,
        ),
        (
            "docker manifest inspect --verbose a/b:2",
            "docker.io/a/b:2",
            None,
        ),
        (
            "docker buildx imagetools inspect --raw a/b:2 | jq .",
            "docker.io/a/b:2",
            None,
        ),
        (
            "podman pull docker://quay.io/a/b",
            "quay.io/a/b:latest",
            None,
        ),
        (
            "podman pull --arch arm64 --variant v8 quay.io/a/b",
            "quay.io/a/b:latest",
            Some("linux/arm64/v8"),
        ),
        (
            "podman --log-level debug pull --creds user:secret quay.io/a/b",
            "quay.io/a/b:latest",
            None,
        ),
        ("nerdctl pull \"ghcr.io/a/b\"", "ghcr.io/a/b:latest", None),
        (
            "skopeo inspect --raw docker://quay.io/a/b:1",
            "quay.io/a/b:1",
            None,
        ),
        (
            "skopeo inspect --override-os windows --override-arch amd64 docker://a.b/c",
            "a.b/c:latest",
            Some("windows/amd64"),
        ),
        (
            "skopeo --override-arch s390x inspect docker://a.b/c && echo done",
            "a.b/c:latest",
            Some("linux/s390x"),
        ),
        (
            "skopeo inspect --config docker://a.b/c",
            "a.b/c:latest",
            None,
        ),
        (
            "crane manifest --platform all gcr.io/a/b@sha256:5555555555555555555555555555555555555555555555555555555555555555",
            "gcr.io/a/b@sha256:5555555555555555555555555555555555555555555555555555555555555555",
            None,
        ),
        (
            "crane config ubuntu",
            "docker.io/library/ubuntu:latest",
            None,
        ),
        (
            "regctl manifest get --format raw-body ghcr.io/a/b:1",
            "ghcr.io/a/b:1",
            None,
        ),
        (
            "regctl image inspect ghcr.io/a/b:1 > config.json",
            "ghcr.io/a/b:1",
            None,
        ),
        (
            "oras discover -o tree localhost:5000/a:1",
            "localhost:5000/a:1",
            None,
        ),
        (
            "oras manifest fetch --plain-http localhost:5000/a:1",
            "localhost:5000/a:1",
            None,
        ),
        (
            "docker pull \\\n  --quiet \\\n  quay.io/a/b",
            "quay.io/a/b:latest",
            None,
        ),
    ];
    for (text, reference, platform) in cases {
        let located = locate(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            located.reference.to_string(),
            format!("docker://{reference}"),
            "{text}"
        );
        let found = located.platform.map(|platform| platform.to_string());
        assert_eq!(found.as_deref(), platform, "{text}");
    }
}

#[test]
fn commands_may_name_other_places() {
    assert_eq!(located("skopeo inspect oci:/images/a:1"), "oci:/images/a:1");
    assert_eq!(
        located("skopeo inspect --raw dir:/images/a"),
        "dir:/images/a"
    );
    assert_eq!(
        located("regctl manifest get ocidir:///images/a:1"),
        "oci:/images/a:1"
    );
    assert_eq!(
        located("skopeo inspect docker-daemon:a:1"),
        "docker-daemon:a:1"
    );
    let error = refused("docker inspect ./no/such/layout");
    assert!(
        error.to_string().contains("no such file or folder"),
        "{error}"
    );
}

#[test]
fn commands_that_name_no_image_or_several() {
    let command = |error: LocateError| match error {
        LocateError::Command { command } => command,
        other => panic!("{other:?}"),
    };
    assert_eq!(command(refused("docker run -it busybox sh")), "docker run");
    assert_eq!(command(refused("docker compose up")), "docker compose");
    assert_eq!(command(refused("docker --version")), "docker");
    assert_eq!(
        command(refused("skopeo copy docker://a docker://b")),
        "skopeo copy"
    );
    let images = |error: LocateError| match error {
        LocateError::CommandImages { command, count } => (command, count),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        images(refused("docker pull")),
        ("docker pull".to_owned(), 0)
    );
    assert_eq!(
        images(refused("podman inspect a b c")),
        ("podman inspect".to_owned(), 3)
    );
    assert!(
        refused("docker pull")
            .to_string()
            .contains("names 0 images")
    );
}

#[test]
fn a_platform_that_is_none_is_said() {
    let error = refused("docker pull --platform nonsense busybox");
    assert!(matches!(&error, LocateError::Platform(_)), "{error:?}");
    assert!(error.to_string().contains("\"nonsense\""), "{error}");
    assert!(!error.hint().is_empty());
}

#[test]
fn secrets_that_were_pasted_along_are_not_repeated() {
    for text in [
        "skopeo inspect --creds user:hunter2 docker://Upper/Case/x",
        "skopeo copy --src-creds=user:hunter2 a b",
        "podman pull --creds user:hunter2 a b",
        "podman pull --platform x --creds user:hunter2 a",
        "https://user:hunter2@example.com/a",
        "https://user:hunter2@example.com",
    ] {
        let error = refused(text);
        let shown = format!("{error} {error:?} {}", error.hint());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn what_stands_for_nothing() {
    for text in ["", "   ", "\"\"", "$ "] {
        let error = refused(text);
        assert!(
            matches!(
                error,
                LocateError::Reference(ReferenceError::Empty | ReferenceError::Repository(_))
            ),
            "{text:?}: {error:?}"
        );
    }
    let error = refused(&"a".repeat(1 << 20));
    assert!(matches!(
        error,
        LocateError::Reference(ReferenceError::TooLong(1_048_576))
    ));
    let error = refused("busybox latest");
    assert!(matches!(
        error,
        LocateError::Reference(ReferenceError::Repository(_))
    ));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = locate(&text);
    }

    #[test]
    fn no_command_line_makes_it_panic(
        words in proptest::collection::vec(
            "docker|pull|skopeo|inspect|--platform|--platform=|-f|'|\"|a/b|\\||\\\\|[ \n]|--creds|=",
            0..8,
        ),
    ) {
        let _ = locate(&words.join(" "));
    }
}
