//! What we write others read and find equal; what they write we copy, digests equal
//! throughout.

use std::process::Command;

use porthole::copy::CopyOptions;

use super::layout::two_platforms;
use super::{
    app, at, busybox, content, copy, digest, docker_registry, no_referrers, open, repository, root,
    signed,
};
use crate::support::archive::fixture;
use crate::support::peers;
use crate::support::referrer;

#[tokio::test]
async fn crane_skopeo_and_oras_read_what_is_pushed() {
    let (Some(host), Some(crane), Some(skopeo), Some(oras)) = (
        docker_registry(),
        peers::tool("crane"),
        peers::tool("skopeo"),
        peers::tool("oras"),
    ) else {
        return;
    };
    for from in [busybox(), app(), signed()] {
        let name = format!("{host}/{}:1", repository());
        copy(&from, &format!("docker://{name}"), &CopyOptions::default()).await;
        let expected = digest(&from).await;
        let raw = root(&*open(&from)).await.bytes().to_vec();
        let said = String::from_utf8(crane.run(&["digest", &name])).unwrap();
        assert_eq!(said.trim(), expected.to_string());
        assert_eq!(crane.run(&["manifest", &name]), raw);
        let reference = format!("docker://{name}");
        assert_eq!(
            skopeo.run(&["inspect", "--raw", "--tls-verify=false", &reference]),
            raw
        );
        assert_eq!(oras.run(&["manifest", "fetch", "--plain-http", &name]), raw);
        // and everything that belongs to it
        let folder = tempfile::tempdir().unwrap();
        let pulled = folder.path().join("oras");
        let to = format!("{}:x", pulled.display());
        oras.run(&[
            "cp",
            "-r",
            "--no-tty",
            "--from-plain-http",
            "--to-oci-layout",
            &name,
            &to,
        ]);
        let theirs = at("oci", &pulled, "x");
        assert_eq!(content(&theirs).await, content(&from).await);
        let before = referrer::tree(&open(&from), &expected).await;
        let after = referrer::tree(&open(&theirs), &expected).await;
        assert_eq!(before.walk().count(), after.walk().count());
        let pulled = folder.path().join("crane");
        crane.run(&["pull", "--format", "oci", &name, pulled.to_str().unwrap()]);
        let by_digest = at("oci", &pulled, &format!("@{expected}"));
        assert_eq!(content(&by_digest).await, content(&from).await);
    }
}

#[tokio::test]
async fn umoci_oras_and_skopeo_read_the_layouts_that_are_written() {
    let (Some(host), Some(umoci), Some(skopeo), Some(oras)) = (
        docker_registry(),
        peers::tool("umoci"),
        peers::tool("skopeo"),
        peers::tool("oras"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    let amd64 = at("oci", &fixture("busybox-small"), "amd64");
    copy(&amd64, &at("oci", &layout, "amd64"), &no_referrers()).await;
    copy(
        &busybox(),
        &at("oci", &layout, "all"),
        &CopyOptions::default(),
    )
    .await;
    copy(
        &signed(),
        &at("oci", &layout, "signed"),
        &CopyOptions::default(),
    )
    .await;
    let path = layout.to_str().unwrap();
    let listed = String::from_utf8(umoci.run(&["list", "--layout", path])).unwrap();
    for name in ["amd64", "all", "signed"] {
        assert!(listed.lines().any(|line| line == name), "{listed}");
        let raw = skopeo.run(&["inspect", "--raw", &at("oci", &layout, name)]);
        assert_eq!(
            raw,
            root(&*open(&at("oci", &layout, name))).await.bytes()[..]
        );
    }
    umoci.run(&["stat", "--image", &format!("{path}:amd64"), "--json"]);
    // what umoci tidies up it does not take from us
    umoci.run(&["gc", "--layout", path]);
    assert_eq!(
        content(&at("oci", &layout, "all")).await,
        content(&busybox()).await
    );
    for (name, from) in [("all", busybox()), ("signed", signed())] {
        let pushed = format!("{host}/{}:1", repository());
        let source = format!("{path}:{name}");
        oras.run(&[
            "cp",
            "-r",
            "--no-tty",
            "--from-oci-layout",
            "--to-plain-http",
            &source,
            &pushed,
        ]);
        let pushed = format!("docker://{pushed}");
        assert_eq!(content(&pushed).await, content(&from).await);
    }
}

#[tokio::test]
async fn what_others_write_is_copied() {
    let (Some(host), Some(crane), Some(skopeo), Some(oras)) = (
        docker_registry(),
        peers::tool("crane"),
        peers::tool("skopeo"),
        peers::tool("oras"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let plain = two_platforms(&folder.path().join("plain"));
    let from = plain.reference("x");
    let expected = content(&from).await;
    let layout = format!("{}:x", plain.folder().display());
    let first = format!("{host}/{}:1", repository());
    oras.run(&[
        "cp",
        "--no-tty",
        "--from-oci-layout",
        "--to-plain-http",
        &layout,
        &first,
    ]);
    let second = format!("{host}/{}:1", repository());
    crane.run(&["copy", &first, &second]);
    let third = format!("{host}/{}:1", repository());
    let policy = ["--insecure-policy", "copy", "--all", "--preserve-digests"];
    let to = format!("docker://{third}");
    skopeo.run(&[&policy[..], &["--dest-tls-verify=false", &from, &to]].concat());
    for (number, name) in [first, second, third].iter().enumerate() {
        let to = at("oci", &folder.path().join(format!("{number}")), "x");
        let report = copy(&format!("docker://{name}"), &to, &CopyOptions::default()).await;
        assert_eq!(report.digest, digest(&from).await);
        assert_eq!(content(&to).await, expected, "{name}");
    }
    // a folder of skopeo's is added to, and what was there stays
    let theirs = folder.path().join("theirs");
    skopeo.run(&[&policy[..], &[&from, &at("oci", &theirs, "theirs")]].concat());
    copy(
        &busybox(),
        &at("oci", &theirs, "ours"),
        &CopyOptions::default(),
    )
    .await;
    skopeo.run(&[&policy[..], &[&from, &at("oci", &theirs, "again")]].concat());
    for (name, content_of) in [("theirs", &from), ("again", &from), ("ours", &busybox())] {
        let there = at("oci", &theirs, name);
        assert_eq!(content(&there).await, content(content_of).await, "{name}");
    }
}

#[tokio::test]
async fn podman_loads_the_archives_that_are_written() {
    let podman = tokio::task::spawn_blocking(crate::daemon::podman::Podman::start);
    let Some(podman) = podman.await.unwrap() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let docker = folder.path().join("docker.tar");
    let to = at("docker-archive", &docker, "example.org/one:1");
    copy(&busybox(), &to, &no_referrers()).await;
    podman.run(&["load", "-i", docker.to_str().unwrap()]);
    let oci = folder.path().join("oci.tar");
    let amd64 = at("oci", &fixture("busybox-small"), "amd64");
    let named = at("oci-archive", &oci, "example.org/two:1");
    copy(&amd64, &named, &no_referrers()).await;
    podman.run(&["load", "-i", oci.to_str().unwrap()]);
    let listed = podman.run(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    for name in ["example.org/one:1", "example.org/two:1"] {
        assert!(listed.lines().any(|line| line == name), "{listed}");
    }
    // the same image, by its config
    let ids = podman.run(&["images", "--format", "{{.ID}}"]);
    let ids: std::collections::BTreeSet<_> = ids.lines().collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    // tar itself reads them
    for archive in [&docker, &oci] {
        let listed = Command::new("tar")
            .arg("-tf")
            .arg(archive)
            .output()
            .unwrap();
        assert!(listed.status.success(), "{listed:?}");
    }
}

#[tokio::test]
async fn regctl_reads_what_is_written_and_writes_what_is_read() {
    let (Some(host), Some(regctl)) = (docker_registry(), peers::optional_tool("regctl")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("regctl.json");
    let run = |arguments: &[&str]| {
        let output = regctl
            .command()
            .args(["--host", &format!("reg={host},tls=disabled")])
            .args(arguments)
            .env("REGCTL_CONFIG", &settings)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output.stdout
    };
    for (number, from) in [busybox(), app(), signed()].iter().enumerate() {
        let name = format!("{host}/{}:1", repository());
        copy(from, &format!("docker://{name}"), &CopyOptions::default()).await;
        let expected = digest(from).await;
        let raw = root(&*open(from)).await.bytes().to_vec();
        let said = run(&["manifest", "get", "--format", "raw-body", &name]);
        assert_eq!(said, raw);
        // what it pulls with everything is the same, referrers counted
        let everything = ["image", "copy", "--referrers", "--digest-tags"];
        let pulled = folder.path().join(format!("pulled-{number}"));
        run(&[
            &everything[..],
            &[&name, &format!("ocidir://{}:x", pulled.display())],
        ]
        .concat());
        let theirs = at("oci", &pulled, "x");
        assert_eq!(content(&theirs).await, content(from).await);
        let before = referrer::tree(&open(from), &expected).await;
        let after = referrer::tree(&open(&theirs), &expected).await;
        assert_eq!(before.walk().count(), after.walk().count());
        // and what it makes of a layout of ours
        let ours = folder.path().join(format!("ours-{number}"));
        copy(&theirs, &at("oci", &ours, "x"), &CopyOptions::default()).await;
        let pushed = format!("{host}/{}:1", repository());
        run(&[
            &everything[..],
            &[&format!("ocidir://{}:x", ours.display()), &pushed],
        ]
        .concat());
        let pushed = format!("docker://{pushed}");
        assert_eq!(content(&pushed).await, content(from).await);
    }
}
