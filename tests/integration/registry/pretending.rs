//! Answers that look like a success and are none: of what stands before a registry, or of
//! another host.

use std::process::{Command, Output};

use porthole::model::{Digest, MediaType};

use super::BUSYBOX;
use crate::support::layout::listing;
use crate::support::registry::{Fault, Registry, Writes};

const PAGE: &str = "<html><body>Please log in</body></html>";
const INDEX: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;

fn porthole(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_porthole"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .output()
        .unwrap()
}

/// What it says where it fails.
fn refused(arguments: &[&str]) -> String {
    let output = porthole(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn registry() -> Registry {
    Registry::with_writes(Writes {
        deletes_tags: true,
        ..Writes::default()
    })
}

#[test]
fn a_page_for_people_deletes_nothing_and_no_other_host_is_asked_to() {
    let (registry, other) = (registry(), registry());
    for (place, tags) in [
        (&registry, ["page", "elsewhere"]),
        (&other, ["x", "elsewhere"]),
    ] {
        for tag in tags {
            place.put_manifest("team/app", Some(tag), MediaType::OCI_INDEX, INDEX);
        }
    }
    registry.fault(
        "DELETE /v2/team/app/manifests/page",
        Fault::answer(200, "Text/HTML; charset=utf-8", PAGE),
    );
    let elsewhere = other.url("/v2/team/app/manifests/elsewhere");
    registry.fault(
        "DELETE /v2/team/app/manifests/elsewhere",
        Fault::redirect(307, &elsewhere),
    );

    let said = refused(&["delete", &registry.reference("team/app:page")]);
    assert!(said.contains("web page (200)"), "{said}");
    let said = refused(&["delete", &registry.reference("team/app:elsewhere")]);
    assert!(said.contains(&other.host()), "{said}");
    assert_eq!(other.lines(), [""; 0]);
    // where nothing stands between it is deleted
    registry.forget_faults();
    let deleted = porthole(&["delete", &registry.reference("team/app:page")]);
    assert!(deleted.status.success(), "{deleted:?}");
    assert_eq!(registry.held("team/app", "page"), None);
}

#[test]
fn a_manifest_is_taken_where_the_registry_itself_has_it() {
    let from = format!("oci:{BUSYBOX}:1.37.0");
    let other = Registry::with_writes(Writes::default());
    for fault in [
        Fault::answer(200, "text/html", PAGE),
        Fault::redirect(307, &other.url("/v2/team/app/manifests/1")),
    ] {
        let registry = Registry::with_writes(Writes::default());
        registry.fault("PUT /v2/team/app/manifests/1", fault);
        let said = refused(&["copy", &from, &registry.reference("team/app:1")]);
        assert!(said.contains("has not taken it"), "{said}");
        assert_eq!(registry.held("team/app", "1"), None);
    }
}

#[test]
fn what_a_registry_says_that_it_stored_is_looked_at_there() {
    let registry = Registry::with_writes(Writes::default());
    let stored = Digest::sha256(b"something else").to_string();
    let fault = Fault::answer(201, "text/plain", "").with_header("Docker-Content-Digest", &stored);
    registry.fault("PUT /v2/team/app/manifests/1", fault);
    let from = format!("oci:{BUSYBOX}:1.37.0");
    let said = refused(&["copy", &from, &registry.reference("team/app:1")]);
    assert!(said.contains("look what 1 is there now"), "{said}");
}

#[test]
fn of_a_list_that_breaks_off_what_came_is_printed_and_nothing_is_copied() {
    let registry = Registry::with_writes(Writes::default());
    registry.put_layout("team/app", BUSYBOX);
    let next = "<http://registry.example.com/v2/team/app/tags/list?last=z>; rel=\"next\"";
    for path in ["/tags/list", "/_catalog"] {
        registry.fault(path, Fault::header("Link", next));
    }
    let host = registry.host();
    let repository = registry.reference("team/app");
    for (arguments, name) in [
        (["tags", &repository, "--json"], "1.37.0"),
        (["catalog", &host, "--json"], "team/app"),
    ] {
        let listed = porthole(&arguments);
        assert_eq!(listed.status.code(), Some(1), "{listed:?}");
        let names: Vec<String> = serde_json::from_slice(&listed.stdout).unwrap();
        assert!(names.iter().any(|there| there == name), "{names:?}");
        let said = String::from_utf8(listed.stderr).unwrap();
        assert!(said.contains("on another host"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}", folder.path().join("all").display());
    let said = refused(&["copy", "--all-tags", &repository, &layout]);
    assert!(said.contains("on another host"), "{said}");
    assert_eq!(listing(folder.path()), []);
}
