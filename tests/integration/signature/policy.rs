//! Porthole's trust policy: what can stand in the file, which rule wins.

use porthole::model::{Algorithm, Annotations, MediaType, RawDocument};
use porthole::signature::policy::{
    Level, NEW_POLICY, Policy, PolicyError, Proposal, judge, previewed, proposal,
    proposal_of_notation,
};
use porthole::signature::{Format, Found, SignedBy, SignerFacts, Verdict};

use super::cli::{fixture, verify_at};
use super::fixtures::bytes;
use super::made;

/// A Notation signature of the image `amd64`.
const JWS: &str =
    "referrers-amd64/blobs/sha256/09bd7eac69906c2a8498e23a980d4697992ac187896c4977119b4609a9ffef88";

const GOOD: &str = r#"
version = 1

[[rule]]
scope = "*"
signers = ["ci"]

[[rule]]
scope = "registry.example.com/edge/**"
signers = ["release", "ci"]
at_least = 2
attestations = ["https://spdx.dev/Document"]
level = "both"

[[rule]]
scope = "registry.example.com/edge/api"
signers = ["release"]

[[signer]]
name = "release"
identity = "release@example.com"
issuer = "https://accounts.example.com"

[[signer]]
name = "ci"
key_file = "ci.pub"
"#;

fn read(text: &str) -> Result<Policy, PolicyError> {
    let files = |name: &str| match name {
        "ci.pub" => Ok(bytes("keys/cosign.pub")),
        "roots.pem" => Ok(bytes("containers-image/pki_root_crts.pem")),
        "keys.asc" => Ok(bytes("keys/gpg-pub.asc")),
        other => Err(format!("{other} is not there")),
    };
    Policy::read(text, "trust.toml", &files)
}

#[test]
fn the_longest_scope_wins() {
    let policy = read(GOOD).unwrap();
    let scope = |name: &str| policy.rule(&name.into()).unwrap().scope.to_string();
    assert_eq!(
        scope("registry.example.com/edge/api"),
        "registry.example.com/edge/api"
    );
    assert_eq!(
        scope("registry.example.com/edge/web"),
        "registry.example.com/edge/**"
    );
    assert_eq!(scope("registry.example.com/edgeways"), "*");
    let rule = policy
        .rule(&"registry.example.com/edge/web".into())
        .unwrap();
    let porthole::signature::policy::Requirement::Signed(asked) = &rule.requirements[0] else {
        panic!("signatures are asked for");
    };
    let signers: Vec<_> = rule.signers().collect();
    assert_eq!((asked.at_least, rule.level), (2, Level::Both));
    assert!(matches!(signers[1].by, SignedBy::Key(_)) && !signers[1].log);
    assert!(signers[0].log);
}

#[test]
fn what_could_accept_anybody_or_nobody_is_refused() {
    let ci = |way: &str| GOOD.replace("key_file = \"ci.pub\"", way);
    let cases = [
        (GOOD.replace("version = 1", "version = 2"), "version 2"),
        (
            GOOD.replace("issuer = \"https://accounts.example.com\"\n", ""),
            "only with an issuer",
        ),
        (
            GOOD.replace("identity = \"release@example.com\"\n", ""),
            "would be anybody",
        ),
        (GOOD.replace("release@example.com", ""), "empty"),
        (GOOD.replace("at_least = 2", "at_leest = 2"), "at_leest"),
        (
            GOOD.replace("signers = [\"ci\"]", "signers = []"),
            "names no signers",
        ),
        (
            GOOD.replace("signers = [\"ci\"]", "signers = [\"who\"]"),
            "no signer \"who\"",
        ),
        (GOOD.replace("ci.pub", "other.pub"), "is not there"),
        (GOOD.replace("name = \"ci\"", "name = \"release\""), "twice"),
        (GOOD.replace("edge/**", "e*/x"), "a scope is"),
        ("version = 1\n[[".to_owned(), "cannot be read"),
        (
            ci("authorities_file = \"roots.pem\"\nlog = true"),
            "keys and identities only",
        ),
        (
            ci("openpgp_file = \"keys.asc\"\nlog = true"),
            "keys and identities only",
        ),
        (
            ci(
                "signed_name = \"exact\"\nnotation = { certificates_file = \"roots.pem\", identities = [\"*\"] }",
            ),
            "signed_name cannot be asked for",
        ),
    ];
    for good in [
        ci("authorities_file = \"roots.pem\"\nlog = false"),
        ci("openpgp_file = \"keys.asc\"\nsigned_name = \"exact\""),
        ci("key_file = \"ci.pub\"\nlog = true"),
        ci("notation = { certificates_file = \"roots.pem\", identities = [\"*\"] }"),
    ] {
        read(&good).unwrap();
    }
    for (text, reason) in cases {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}, not {reason}");
    }
}

/// What would be written to this policy, and what it means.
fn shown(policy: &str, proposal: Option<Proposal>) -> (String, String) {
    let proposal = proposal.unwrap();
    let shown = previewed(policy, &proposal.edit, &proposal.who).unwrap();
    (shown.written, shown.meaning)
}

#[test]
fn what_is_proposed_makes_its_signer_trusted() {
    let facts = SignerFacts::Identity {
        subject: "a\"b@example.com".to_owned(),
        issuer: Some("https://accounts.example.com".to_owned()),
    };
    let (text, meaning) = shown(NEW_POLICY, proposal("a", "host/repo", &facts, None));
    assert!(meaning.contains("host/repo"));
    let policy = read(&format!("version = 1\n{text}")).unwrap();
    let rule = policy.rule(&"host/repo".into()).unwrap();
    let SignedBy::Identity(identity) = &rule.signers().next().unwrap().by else {
        panic!("an identity");
    };
    assert!(identity.identity.matches("a\"b@example.com"));
    assert!(
        proposal(
            "a",
            "s",
            &SignerFacts::Key {
                fingerprint: String::new()
            },
            None
        )
        .is_none()
    );
}

/// Where a rule is in force for the image already, the new one asks for what that one does,
/// and nobody is told that one signature was enough.
#[test]
fn what_is_proposed_beside_a_stricter_rule_says_what_that_asks_for() {
    let facts = SignerFacts::Identity {
        subject: "me@example.com".to_owned(),
        issuer: Some("https://accounts.example.com".to_owned()),
    };
    let name = "registry.example.com/edge/web";
    let (text, meaning) = shown(GOOD, proposal("me", name, &facts, None));
    assert!(!meaning.contains("Every image"), "{meaning}");
    for said in [
        "me@example.com",
        "release or ci",
        "2 of these signed it",
        "SPDX",
        "every platform",
        "registry.example.com/edge/**",
    ] {
        assert!(meaning.contains(said), "{said}: {meaning}");
    }
    for written in [
        "scope = \"registry.example.com/edge/web\"",
        "signers = [\"release\", \"ci\", \"me\"]",
        "at_least = 2",
        "attestations = [\"https://spdx.dev/Document\"]",
        "level = \"both\"",
    ] {
        assert!(text.contains(written), "{written}: {text}");
    }
    // one signature is enough there; that others' are too is said
    let (_, meaning) = shown(GOOD, proposal("me", "host/repo", &facts, None));
    assert!(meaning.contains("Every image of host/repo") && meaning.contains("or by ci"));
}

/// A signer of Notation is named by the certificates that came with the signature.
#[test]
fn what_is_proposed_of_a_notation_signature_makes_its_signer_trusted() {
    let home = tempfile::tempdir().unwrap();
    let image = format!("oci:{}:amd64", fixture("referrers-amd64"));
    let jws = bytes(JWS);
    let raw = RawDocument::hash(
        jws.into(),
        Algorithm::Sha256,
        MediaType::new("application/jose+json"),
    );
    let mut found = Found::clone(&made::found(Format::NotationJws, b"", Annotations::new()));
    found.raw = raw;
    let scope = image.strip_suffix(":amd64").unwrap();
    let (text, meaning) = shown(NEW_POLICY, proposal_of_notation(scope, &found));
    assert!(meaning.contains("leads to the root"), "{meaning}");
    let file = home.path().join("trust.toml");
    let judge = |text: &str| {
        // its certificate was good for a day
        let text = text.replace("identities = ", "level = \"permissive\"\nidentities = ");
        std::fs::write(&file, format!("{NEW_POLICY}\n{text}\n")).unwrap();
        let output = verify_at(home.path(), &[&image, "--policy", file.to_str().unwrap()]);
        output.status.code()
    };
    assert_eq!(judge(&text), Some(0), "{text}");
    // the subject, and not only the root, decides
    let other = text.replace("CN=peers-notation", "CN=nobody");
    assert_ne!(other, text);
    assert_eq!(judge(&other), Some(3), "{other}");
    let broken = Found {
        raw: made::document(b"{}", "application/jose+json"),
        ..found
    };
    assert!(proposal_of_notation(scope, &broken).is_none());
}

/// A rule that rejects everything wins where it is the longest, and asks for nothing besides.
#[test]
fn a_rule_can_reject_everything_and_ask_for_nothing_besides() {
    let rejecting = "\n[[rule]]\nscope = \"registry.example.com/bad/**\"\nreject = true\n";
    let policy = read(&format!("{GOOD}{rejecting}")).unwrap();
    let key = made::Key::new();
    let subject = made::subject("x");
    let payload = made::payload(&subject.digest.to_string());
    let found = vec![made::legacy(&key, &payload)];
    let discovered = made::discovered(&subject, found);
    let name = "registry.example.com/bad/app";
    let judged = judge(&discovered, &subject, &name.into(), Some(&policy), None);
    let Verdict::Rejected { why, .. } = &judged.verdict else {
        panic!("{:?}", judged.verdict);
    };
    assert!(why.contains("rejects every image here"), "{why}");
    assert!(judged.rule.unwrap().rejects());
    for more in [
        "signers = [\"ci\"]",
        "at_least = 1",
        "attestations = [\"x\"]",
        "level = \"this\"",
    ] {
        let asking = format!("{GOOD}{rejecting}{more}\n");
        let error = read(&asking).unwrap_err().to_string();
        assert!(error.contains("asks for something too"), "{more}: {error}");
    }
    // one that says neither whom nor that it rejects is none
    let nobody = format!("{GOOD}\n[[rule]]\nscope = \"x.example.com/**\"\nreject = false\n");
    assert!(read(&nobody).is_err());
}

/// Nobody is trusted where the policy rejects everything for just these images; beside a
/// wider rule that does, a narrow one says so.
#[test]
fn to_trust_a_signer_where_everything_is_rejected_says_what_that_changes() {
    let facts = SignerFacts::Identity {
        subject: "me@example.com".to_owned(),
        issuer: Some("https://accounts.example.com".to_owned()),
    };
    let proposal = proposal("me", "host/app", &facts, None).unwrap();
    let all = format!("{NEW_POLICY}\n[[rule]]\nscope = \"*\"\nreject = true\n");
    let wide = previewed(&all, &proposal.edit, &proposal.who).unwrap();
    assert!(
        wide.meaning
            .contains("The rule for *, which rejects them, counts no more here"),
        "{}",
        wide.meaning
    );
    assert!(
        wide.written.contains("signers = [\"me\"]") && !wide.written.contains("reject"),
        "{}",
        wide.written
    );
    let exact = all.replace("\"*\"", "\"host/app\"");
    let refused = previewed(&exact, &proposal.edit, &proposal.who).unwrap_err();
    assert!(
        refused.to_string().contains("rejects every image"),
        "{refused}"
    );
}
