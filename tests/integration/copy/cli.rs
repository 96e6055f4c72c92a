//! `porthole copy` as the user runs it.

use std::path::Path;
use std::process::{Command, Output};

use porthole::model::MediaType;
use serde_json::Value;

use super::{app, at, busybox};
use crate::support::layout::listing;
use crate::support::registry::{Registry, Writes};

pub(super) fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .env_remove("DOCKER_HOST")
        .output()
        .unwrap()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(super) fn done(arguments: &[&str]) -> String {
    let output = porthole(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text(&output.stdout)
}

#[test]
fn a_plan_is_text_json_and_a_line_to_paste() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", &folder.path().join("a b"), "x");
    let logins = folder.path().join("logins").display().to_string();
    let options = [
        ["--platform", "linux/arm64", "--no-referrers", "--also=-x"],
        ["--plain-http", "reg.example:5000", "--authfile", &logins],
    ]
    .concat();
    let from = app();
    let arguments = [&["copy", "--plan"][..], &options, &[&from, &to]].concat();
    let plan = done(&arguments);
    assert!(plan.contains("image for linux/arm64"), "{plan}");
    assert!(plan.contains("written anew"), "{plan}");
    assert!(plan.contains(" read, "), "{plan}");
    let line = plan.lines().last().unwrap();
    assert!(
        line.starts_with(&format!(
            "porthole copy --plain-http=reg.example:5000 --authfile={logins} \
             --platform=linux/arm64 --no-referrers --also=-x oci:"
        )),
        "{line}"
    );
    assert!(line.ends_with("a b:x'"), "{line}");
    let json = done(&[&arguments[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["command"], line);
    let documents = json["documents"].as_array().unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1]["action"], "convert");
    let blobs = json["blobs"].as_array().unwrap();
    let bytes: u64 = blobs
        .iter()
        .map(|blob| blob["size"].as_u64().unwrap())
        .sum();
    assert!(json["totals"]["written"].as_u64().unwrap() > bytes);
    assert_eq!(listing(folder.path()), [], "nothing was written");

    // the line does what the plan says
    let bin = Path::new(env!("CARGO_BIN_EXE_porthole")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = Command::new("sh")
        .args(["-c", line])
        .env("PATH", path)
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(text(&run.stdout).trim(), json["digest"].as_str().unwrap());
    let again: Value =
        serde_json::from_str(&done(&[&arguments[..], &["--json"]].concat())).unwrap();
    assert!(
        again["documents"]
            .as_array()
            .unwrap()
            .iter()
            .all(|d| d["action"] == "skip")
    );
    assert_eq!(again["totals"]["written"], 0);
    assert_eq!(again["replaces"], json["digest"]);
}

#[test]
fn a_report_is_kept_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", &folder.path().join("to"), "x");
    let report = done(&["copy", "--json", &busybox(), &to]);
    let kept = folder.path().join("report.json");
    std::fs::write(&kept, &report).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["destination"], to);
    let checked = done(&["copy", "--check", kept.to_str().unwrap()]);
    let expected =
        report["documents"].as_array().unwrap().len() + report["blobs"].as_array().unwrap().len();
    assert_eq!(
        checked
            .lines()
            .filter(|line| line.starts_with("ok "))
            .count(),
        expected
    );
    // one that something was taken out of is told from a place that lost something
    let mut less = report.clone();
    less["documents"].as_array_mut().unwrap().remove(0);
    let path = folder.path().join("less.json");
    std::fs::write(&path, less.to_string()).unwrap();
    let output = porthole(&["copy", "--check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("taken out of the report"), "{said}");
    let blob = report["blobs"][0]["digest"].as_str().unwrap();
    let path = folder.path().join("to/blobs").join(blob.replace(':', "/"));
    std::fs::remove_file(path).unwrap();
    let output = porthole(&["copy", "--check", kept.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains(&format!("missing  {blob}")),
        "{output:?}"
    );
}

#[test]
fn a_report_is_checked_from_anywhere_and_says_what_to_remove() {
    let folder = tempfile::tempdir().unwrap();
    let run = |from: &Path, arguments: &[&str]| {
        let program = Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(arguments)
            .current_dir(from)
            .env("HOME", folder.path())
            .output();
        program.unwrap()
    };
    let made = run(folder.path(), &["copy", "--json", &busybox(), "oci:to:x"]);
    assert!(made.status.success(), "{made:?}");
    let kept = folder.path().join("report.json");
    std::fs::write(&kept, &made.stdout).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let check = || run(&elsewhere, &["copy", "--check", kept.to_str().unwrap()]);
    let checked = check();
    assert!(checked.status.success(), "{checked:?}");
    // a file of other bytes stays as it is until it is removed
    let report: Value = serde_json::from_slice(&made.stdout).unwrap();
    let blob = report["blobs"][0]["digest"].as_str().unwrap();
    let file = folder.path().join("to/blobs").join(blob.replace(':', "/"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let checked = check();
    assert_eq!(checked.status.code(), Some(1));
    let said = text(&checked.stderr);
    assert!(
        said.contains(&format!("Remove {}, then", file.display())),
        "{said}"
    );
    std::fs::remove_file(&file).unwrap();
    run(folder.path(), &["copy", &busybox(), "oci:to:x"]);
    let checked = check();
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn a_crash_ends_a_plan_a_copy_and_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let to = at("oci", folder.path(), "x");
    let from = busybox();
    for (step, arguments) in [
        ("planning a copy", &[&from[..], &to, "--plan"][..]),
        ("planning a copy", &[&from, &to]),
        ("copying", &[&from, &to]),
        ("checking a report", &["--check", "a-report.json"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porthole"));
        command.arg("copy").args(arguments);
        command.env("HOME", folder.path());
        let output = command.env("PORTHOLE_CRASH_AT", step).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{step}: {output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("the program itself failed"), "{step}: {said}");
    }
}

#[tokio::test]
async fn a_report_of_a_tag_with_a_digest_is_checked_by_the_tag() {
    let registry = Registry::with_writes(Writes::default());
    let digest = super::digest(&busybox()).await;
    let to = registry.reference(&format!("team/app:1@{digest}"));
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("report.json");
    let report = done(&["copy", "--json", "--also", "2", &busybox(), &to]);
    std::fs::write(&kept, &report).unwrap();
    let checked = done(&["copy", "--check", kept.to_str().unwrap()]);
    let named = format!("ok       {digest}  name 2\n");
    assert!(checked.contains(&named), "{checked}");
    let index = br#"{"schemaVersion":2,"manifests":[]}"#;
    let other = registry.put_manifest("team/app", Some("1"), MediaType::OCI_INDEX, index);
    let output = porthole(&["copy", "--check", kept.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    let moved = format!("missing  {digest}  image manifest: its name stands for {other} now");
    assert!(said.contains(&moved) && said.contains(&named), "{said}");
    // and so are the other names of the copy
    registry.put_manifest("team/app", Some("2"), MediaType::OCI_INDEX, index);
    let output = porthole(&["copy", "--check", kept.to_str().unwrap()]);
    let moved = format!("missing  {digest}  name 2: it stands for {other} now");
    let said = text(&output.stdout);
    assert!(said.contains(&moved), "{said}");
}

#[test]
fn a_refusal_is_one_line_and_what_to_do_another() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let (from, to) = (app(), at("oci", folder.path(), "x"));
    let registry = Registry::with_writes(Writes::default());
    let tagged = registry.reference("team/app:1");
    for (arguments, words) in [
        (vec!["copy", &from, &to], "letter.txt"),
        (
            vec!["copy", "--platform", "linux/s390x", &from, "oci:/tmp/never"],
            "no image for linux/s390x",
        ),
        (
            vec!["copy", "--format", "docker", &from, "oci:/tmp/never"],
            "cannot be written in the format docker",
        ),
        (
            vec!["copy", "--also", "bad tag", &from, &tagged],
            "it is no tag",
        ),
    ] {
        let output = porthole(&arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let lines = text(&output.stderr);
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains(words), "{lines:?}");
        assert!(!lines[1].contains("https"), "{lines:?}");
    }
    let output = porthole(&["copy", "--platform", "nonsense", &app(), &to]);
    assert_eq!(output.status.code(), Some(2));
}
