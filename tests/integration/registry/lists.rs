//! What `porthole tags` and `porthole catalog` leave out of a registry's list is counted.

use std::process::Command;

use crate::support::registry::{Fault, Registry};

#[test]
fn what_no_reference_can_name_is_counted() {
    let registry = Registry::start();
    // longer than a tag may be, and no name of a repository
    let odd = "A".repeat(129);
    let list = format!(r#"["1", "a b", 5, null, "{odd}", "a b", "2", "1"]"#);
    for (path, key, arguments) in [
        ("/tags/list", "tags", ["tags", &registry.reference("app")]),
        (
            "/v2/_catalog",
            "repositories",
            ["catalog", &registry.host()],
        ),
    ] {
        let body = format!(r#"{{"name":"app","{key}":{list}}}"#);
        registry.fault(path, Fault::answer(200, "application/json", &body));
        let home = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(arguments)
            .env("HOME", home.path())
            .env("XDG_CACHE_HOME", home.path())
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"1\n2\n", "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("3 entries of the registry's list not shown"),
            "{said}"
        );
    }
}
