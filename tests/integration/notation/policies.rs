//! Trust policies of notation's own tests: which are taken, and which statement holds.

use std::fs;

use porthole::signature::notation::{Action, Level, TrustPolicy};

use super::{fixture, policy, read};

/// What is wrong with each policy that notation refuses.
const REFUSED: [(&str, &str); 18] = [
    ("empty_registry_scope_trustpolicy", "no registry scope"),
    (
        "empty_trusted_identity_trustpolicy",
        "not written TYPE:VALUE",
    ),
    ("invalid_format_trustpolicy", "cannot be read"),
    (
        "malformed_registry_scope_trustpolicy",
        "not written host/repository",
    ),
    (
        "malformed_trust_store_trustpolicy",
        "name with other characters",
    ),
    (
        "malformed_trusted_identity_trustpolicy",
        "not written TYPE:VALUE",
    ),
    ("missing_country_trusted_identity_trustpolicy", "no C"),
    ("missing_organization_trusted_identity_trustpolicy", "no O"),
    ("missing_state_trusted_identity_trustpolicy", "no ST"),
    (
        "multi_statements_with_multi_wildcard_registry_scope_trustpolicy",
        "\"*\" stands twice",
    ),
    (
        "multi_statements_with_the_same_name_trustpolicy",
        "are called",
    ),
    (
        "multi_statements_with_the_same_registry_scope_trustpolicy",
        "stands twice",
    ),
    ("override_integrity_for_permissive_trustpolicy", "integrity"),
    ("overlapped_registry_scope_trustpolicy", "stands twice"),
    ("overlapped_trusted_identity_trustpolicy", "overlaps"),
    ("unset_trust_store_trustpolicy", "must name trust stores"),
    (
        "unset_trusted_identity_trustpolicy",
        "must name trust stores",
    ),
    (
        "wildcard_plus_other_registry_scope_trustpolicy",
        "stands beside",
    ),
];

#[test]
fn every_policy_of_notation_is_taken_or_refused_as_notation_does() {
    let more = [
        (
            "wildcard_plus_other_trusted_identity_trustpolicy",
            "stands beside",
        ),
        ("wildcard_trust_store_trustpolicy", "not written TYPE:NAME"),
        // a policy for blobs has no scopes
        ("blob_trust_policy", "no registry scope"),
    ];
    let mut refused = 0;
    let mut taken = 0;
    for entry in fs::read_dir(fixture("notation/trustpolicies")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let read = TrustPolicy::read(&fs::read(&path).unwrap());
        match REFUSED
            .iter()
            .chain(&more)
            .find(|(other, _)| *other == name)
        {
            Some((_, expected)) => {
                let error = read.expect_err(&name).to_string();
                assert!(error.contains(expected), "{name}: {error}");
                refused += 1;
            }
            None => {
                read.unwrap_or_else(|error| panic!("{name}: {error}"));
                taken += 1;
            }
        }
    }
    assert_eq!((refused, taken), (21, 22));
}

#[test]
fn the_named_repository_goes_before_all_of_them() {
    let policy = policy("multi_statements_with_wildcard_registry_scope_trustpolicy");
    let name = |repository| policy.statement_for(repository).unwrap().name.clone();
    assert_eq!(name(Some("localhost:5000/test-repo9")), "e2e");
    assert_eq!(name(Some("localhost:5000/test-repo")), "e2e2");
    assert_eq!(name(None), "e2e2");
    let narrow = super::policy("registry_scope_trustpolicy");
    assert!(
        narrow
            .statement_for(Some("localhost:5000/test-repo2"))
            .is_none()
    );
}

#[test]
fn levels_are_those_of_the_specification_and_can_be_overridden() {
    assert_eq!(policy("trustpolicy").statements[0].level, Level::STRICT);
    let level = policy("override_permissive_trustpolicy").statements[0].level;
    assert_eq!(level.authenticity, Action::Log);
    assert_eq!(level.expiry, Action::Enforce);
    for (change, expected) in [
        (
            r#""level":"strict","override":{"expiry":"skip"}"#,
            "cannot be skipped",
        ),
        (
            r#""level":"strict","override":{"nothing":"log"}"#,
            "is not known",
        ),
        (
            r#""level":"strict","verifyTimestamp":"never""#,
            "is not known",
        ),
        (r#""level":"lenient""#, "is not known"),
        (r#""level":"strict","level":"audit""#, "twice"),
    ] {
        let text = String::from_utf8(read("notation/trustpolicies/trustpolicy.json")).unwrap();
        let compact: String = text.split_whitespace().collect();
        let changed = compact.replace(r#""level":"strict""#, change);
        assert_ne!(changed, compact);
        let error = TrustPolicy::read(changed.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{change}: {error}");
    }
}
