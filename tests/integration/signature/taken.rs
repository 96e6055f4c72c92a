//! Policies of others, taken over beside what stands in one's own: nothing is accepted that
//! the original rejects, nothing that one's own policy rejected before.

use std::fs;
use std::path::Path;

use porthole::model::{MediaType, Reference};
use porthole::signature::policy::{
    EditError, Foreign, Import, NEW_POLICY, Policy, PolicyEdit, RuleEntry, ScopeName, edited,
    entries, import, judge, previewed,
};
use porthole::signature::{Format, Subject, Verdict};
use serde_json::{Value, json};

use super::cli::fixture;
use super::import::{cases, compare, key_file, own, read, taken};
use super::made::{self, Key};

/// A policy with these rules, and the signers `k1` and `k2` of these keys.
fn policy(rules: &str, paths: &[String; 2]) -> String {
    let [one, two] = paths;
    format!(
        "{NEW_POLICY}\n{rules}\n[[signer]]\nname = \"k1\"\nkey_file = {one:?}\n[[signer]]\nname = \"k2\"\nkey_file = {two:?}\n"
    )
}

fn rule(scope: &str, asked: &str) -> String {
    format!("[[rule]]\nscope = {scope:?}\n{asked}\n")
}

/// Whatever stands in one's own policy: what it judged before is accepted by nothing else.
#[test]
fn beside_own_rules_nothing_is_accepted_that_they_or_the_original_reject() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Key::new(), Key::new());
    let paths = [
        key_file(folder.path(), "one.pub", &one),
        key_file(folder.path(), "two.pub", &two),
    ];
    let by = |path: &str| json!([{"type": "sigstoreSigned", "keyPath": path, "signedIdentity": {"type": "matchRepository"}}]);
    let (by_one, by_two) = (by(&paths[0]), by(&paths[1]));
    let reject = json!([{"type": "reject"}]);
    let any = json!([{"type": "insecureAcceptAnything"}]);
    let both = "signers = [\"k1\", \"k2\"]\nat_least = 2";
    let by_k2 = "signers = [\"k2\"]";
    let no = "reject = true";
    let before = [
        String::new(),
        rule("*", both),
        rule("**", by_k2),
        rule("registry.example.com/**", both),
        rule("registry.example.com/**", no),
        rule("registry.example.com/app", by_k2) + &rule("*.example.org/**", both),
        rule("registry.example.com/team/web", by_k2) + &rule("oci:/images/**", no),
        rule("x.example.org/**", by_k2) + &rule("dir:/**", both),
    ];
    let policies = [
        json!({"default": by_one}),
        json!({"default": reject, "transports": {"docker": {"registry.example.com": by_one}}}),
        json!({"default": by_two, "transports": {"docker": {
            "registry.example.com": by_two, "registry.example.com/team": reject,
            "registry.example.com/team/web": by_one, "*.example.org": by_one,
        }}}),
        json!({"default": any, "transports": {"docker": {
            "registry.example.com/app": by_one, "registry.example.com/app:v1": reject,
        }, "oci": {"": by_one, "/images/app": by_one}, "dir": {"/images": by_one}}}),
    ];
    let cases = cases([&one, &two]);
    let (mut added, mut kept) = (0, 0);
    for rules in &before {
        let before = policy(rules, &paths);
        let old = Policy::read(&before, "trust.toml", &read).unwrap();
        for original in &policies {
            let there = Policy::read_any(&original.to_string(), "policy.json", &read).unwrap();
            let (here, _, text) = own(&before, original);
            for case in &cases {
                for (word, found) in &case.signed {
                    let by = |policy: &Policy| {
                        judge(found, &case.subject, &case.scope, Some(policy), None).verdict
                    };
                    let (old, there, here) = (by(&old), by(&there), by(&here));
                    if !here.is_accepted() {
                        continue;
                    }
                    let allowed = match &old {
                        Verdict::NotJudged { .. } => there.is_accepted(),
                        old => old.is_accepted(),
                    };
                    assert!(
                        allowed,
                        "{}, signed by {word}: {old:?} before, {there:?} there, {here:?} here\n{original}\n{text}",
                        case.image
                    );
                    added += usize::from(!old.is_accepted());
                    kept += usize::from(old.is_accepted());
                }
            }
        }
    }
    assert!(added > 50, "something is taken over: {added}, {kept}");
}

/// OpenPGP signatures, which only a real key makes.
#[test]
fn openpgp_signatures_count_as_in_the_original() {
    let message = fs::read(fixture("simple-signing-dir/signature-1")).unwrap();
    let manifest = fs::read(fixture("simple-signing-dir/manifest.json")).unwrap();
    let manifest = made::document(&manifest, MediaType::OCI_MANIFEST);
    let subject = Subject::of(&manifest, MediaType::new(MediaType::OCI_MANIFEST));
    let found = vec![made::found(
        Format::SimpleSigning,
        &message,
        Default::default(),
    )];
    let discovered = made::discovered(&subject, found);
    let name = "registry.example.org/fix/busybox:amd64";
    let by = |key: &str, identity: Value| {
        let key = fixture(key);
        let mut by = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": key});
        if !identity.is_null() {
            by["signedIdentity"] = identity;
        }
        json!([by])
    };
    let exact = json!({"type": "exactReference", "dockerReference": name});
    let repository =
        json!({"type": "exactRepository", "dockerRepository": "registry.example.org/fix/busybox"});
    let another = json!({"type": "exactRepository", "dockerRepository": "registry.example.org/x"});
    let (right, wrong) = ("keys/gpg-pub.asc", "containers-image/public-key-1.gpg");
    let mut accepted = 0;
    for asked in [
        by(right, Value::Null),
        by(right, exact.clone()),
        by(right, repository),
        by(right, another),
        by(right, json!({"type": "matchRepository"})),
        by(wrong, exact),
        by("containers-image/pubring.gpg", Value::Null),
    ] {
        for original in [
            json!({"default": asked}),
            json!({"default": [{"type": "reject"}], "transports": {"docker": {"registry.example.org": asked}}}),
            json!({"default": [{"type": "reject"}], "transports": {"dir": {"": asked}, "oci": {"/images": asked}}}),
        ] {
            let there = Policy::read_any(&original.to_string(), "policy.json", &read).unwrap();
            let (here, _, text) = own(NEW_POLICY, &original);
            for image in [
                "docker://registry.example.org/fix/busybox:amd64",
                "docker://registry.example.org/fix/busybox:other",
                "docker://registry.example.org/other:amd64",
                "docker://registry.example.com/fix/busybox:amd64",
                "dir:/images/app",
                "dir:app",
                "oci:/images/app",
                "oci:app",
            ] {
                let reference = Reference::parse_prefixed(image).unwrap().unwrap();
                let subject = subject.clone().named(match &reference {
                    Reference::Registry(image) => Some(image.clone()),
                    _ => None,
                });
                let by = |policy: &Policy| {
                    let name = ScopeName::of(&reference);
                    judge(&discovered, &subject, &name, Some(policy), None).verdict
                };
                let (there, here) = (by(&there), by(&here));
                assert_eq!(
                    there.is_accepted(),
                    here.is_accepted(),
                    "{image}: {there:?} there, {here:?} here\n{original}\n{text}"
                );
                accepted += usize::from(here.is_accepted());
            }
        }
    }
    assert!(accepted > 10, "{accepted}");
}

fn why(import: &Import, what: &str) -> String {
    let mut left = import.left.iter();
    let left = left.find(|left| left.what.contains(what));
    let left = left.unwrap_or_else(|| panic!("{what}: {:#?}", import.left));
    left.why.clone()
}

/// Scopes that Porthole's own kind of policy does not have, or that mean something else in
/// it.
#[test]
fn scopes_that_cannot_be_said_take_nothing_from_what_they_reject() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Key::new(), Key::new());
    let path = key_file(folder.path(), "one.pub", &one);
    let signed = json!([{"type": "sigstoreSigned", "keyPath": path}]);
    let reject = json!([{"type": "reject"}]);
    let any = json!([{"type": "insecureAcceptAnything"}]);
    // what is left out of places on this machine would fall to a rule that accepts
    let lost =
        |listed: &Value| json!({"default": signed, "transports": {"dir": {"/srv/a*b": listed}}});
    for listed in [&reject, &signed] {
        let refused = taken(NEW_POLICY, &read, &lost(listed)).unwrap_err();
        assert!(refused.to_string().contains("dir:/srv/a*b"), "{refused}");
    }
    let (_, import, _) = own(NEW_POLICY, &lost(&any));
    assert!(why(&import, "/srv/a*b").contains("left out"));
    // no image of a registry is called so: nothing is lost
    let original = json!({"default": reject, "transports": {"docker": {
        "oci:/images": signed, "dir:app": signed, "oci:": signed, "registry.example.com/*": signed,
        "registry.example.com/*:v1": reject, "oci:5000": signed, "[::1]:5000": signed,
    }}});
    let (here, import, text) = own(NEW_POLICY, &original);
    for what in ["oci:/images", "dir:app", "oci:", "example.com/*", "/*:v1"] {
        assert!(why(&import, what).contains("left out"), "{what}");
    }
    let scopes: Vec<_> = here.rules.iter().map(|rule| rule.scope.text()).collect();
    assert_eq!(scopes, ["*", "oci:5000/**", "[::1]:5000/**"], "{text}");
    let there = Policy::read_any(&original.to_string(), "policy.json", &read).unwrap();
    let cases = cases([&one, &two]);
    compare(&there, &here, &cases, &original.to_string());
}

/// `**` is another way to write `*`.
#[test]
fn two_ways_to_write_a_scope_are_one_scope() {
    let twin = |scope: &str| rule(scope, "reject = true");
    let both = format!("{NEW_POLICY}\n{}{}", twin("*"), twin("**"));
    let refused = Policy::read(&both, "trust.toml", &read).unwrap_err();
    assert!(refused.to_string().contains("two rules"), "{refused}");
    let one = format!("{NEW_POLICY}\n{}", twin("**"));
    let put = |before: Option<&str>| PolicyEdit::PutRule {
        before: before.map(ToOwned::to_owned),
        rule: RuleEntry::rejecting("*"),
    };
    let there = EditError::There("rule", "*".to_owned());
    assert_eq!(edited(&one, &put(None)), Err(there));
    let renamed = edited(&one, &put(Some("**"))).unwrap();
    assert_eq!(entries(&renamed).unwrap().rules[0].scope, "*");
    let (_, import, text) = own(&one, &json!({"default": [{"type": "reject"}]}));
    assert_eq!(text, one);
    assert!(import.left[0].why.contains("already, which stays") && import.is_there());
}

/// A key is written as it is: whoever changes its file afterwards changes nobody's trust.
#[test]
fn the_keys_that_were_shown_are_those_that_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.gpg");
    for (shown, later) in [
        ("keys/gpg-pub.asc", "containers-image/public-key-1.gpg"),
        ("containers-image/public-key-1.gpg", "keys/gpg-pub.asc"),
    ] {
        fs::copy(fixture(shown), &file).unwrap();
        let taken = single(NEW_POLICY, &file, Some("*")).unwrap();
        let text = edited(NEW_POLICY, &taken.edit).unwrap();
        fs::copy(fixture(later), &file).unwrap();
        let no_file = |path: &str| Err(format!("{path} is read"));
        let policy = Policy::read(&text, "trust.toml", &no_file).unwrap();
        let signer = policy.rules[0].signers().next().unwrap();
        let words = format!("{:?}", signer.by);
        let named = taken.who.rsplit(' ').next().unwrap();
        assert!(words.to_lowercase().contains(&named.to_lowercase()) || words.contains(named));
        // it is listed, and may get another name
        let entry = entries(&text).unwrap().signers.remove(0);
        assert!(entry.way.to_string().contains("stand in the file"));
    }
}

fn single(before: &str, file: &Path, scope: Option<&str>) -> Result<Import, String> {
    let bytes = fs::read(file).unwrap();
    let path = file.display().to_string();
    let foreign = Foreign {
        path: &path,
        bytes: &bytes,
        files: &read,
        scope,
    };
    import(before, &read, &foreign).map_err(|error| error.to_string())
}

#[test]
fn a_second_key_of_the_same_name_is_a_signer_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = NEW_POLICY.to_owned();
    for number in 0..3 {
        let place = folder.path().join(number.to_string());
        fs::create_dir(&place).unwrap();
        let path = key_file(&place, "cosign.pub", &Key::new());
        let taken = single(&text, Path::new(&path), None).unwrap();
        text = edited(&text, &taken.edit).unwrap();
        // the same again is there
        let again = single(&text, Path::new(&path), None).unwrap();
        assert_eq!(edited(&text, &again.edit).unwrap(), text);
        let shown = previewed(&text, &again.edit, &again.who).unwrap();
        assert!(shown.written.is_empty() && again.is_there(), "{again:?}");
        assert!(again.notes.is_empty());
    }
    let signers = entries(&text).unwrap().signers.into_iter();
    let names: Vec<_> = signers.map(|signer| signer.name).collect();
    assert_eq!(names, ["cosign.pub", "cosign.pub (2)", "cosign.pub (3)"]);
}
