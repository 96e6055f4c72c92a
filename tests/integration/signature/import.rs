//! Policies of others, taken over: what comes of it accepts nothing that the original does
//! not, and of what can be said exactly neither more nor less. Beside rules of one's own:
//! `taken`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::model::{Digest, Reference};
use porthole::signature::policy::{
    Files, Foreign, Import, ImportError, NEW_POLICY, Policy, PolicyEdit, ScopeName, edited, import,
    judge,
};
use porthole::signature::{Discovered, Found, Subject, Verdict};
use serde_json::{Value, json};

use super::cli::fixture;
use super::made::{self, Key, SIGNING};

pub(super) fn read(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

pub(super) fn taken(
    before: &str,
    files: &dyn Files,
    policy: &Value,
) -> Result<Import, ImportError> {
    let text = policy.to_string();
    let foreign = Foreign {
        path: "/etc/containers/policy.json",
        bytes: text.as_bytes(),
        files,
        scope: None,
    };
    import(before, files, &foreign)
}

/// The policy that comes of taking this one over into `before`.
pub(super) fn own(before: &str, policy: &Value) -> (Policy, Import, String) {
    let import = taken(before, &read, policy).unwrap_or_else(|error| panic!("{policy}: {error}"));
    let text = edited(before, &import.edit).unwrap();
    let read = Policy::read(&text, "trust.toml", &read);
    let read = read.unwrap_or_else(|error| panic!("{error}: {text}"));
    (read, import, text)
}

pub(super) const IMAGES: [&str; 15] = [
    "docker://registry.example.com/app:v1",
    "docker://registry.example.com/app:v2",
    "docker://registry.example.com/team/web:v1",
    "docker://registry.example.com:5000/app:v1",
    "docker://a.b.example.org/app:v1",
    "docker://example.org/app:v1",
    "oci:/images/app",
    "oci:/elsewhere/app",
    "dir:/images/app",
    "oci-archive:/images/app.tar",
    "docker-archive:/images/app.tar",
    "oci:app",
    "oci:images/app",
    "oci:5000/app",
    "docker://oci:5000/app:v1",
];

pub(super) fn payload(digest: &Digest, name: &str) -> Vec<u8> {
    let value = json!({
        "critical": {
            "identity": {"docker-reference": name},
            "image": {"docker-manifest-digest": digest.to_string()},
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    value.to_string().into_bytes()
}

/// Who signed in which way: each a set of signatures, with a word for it.
fn signed(subject: &Subject, name: &str, keys: [&Key; 2]) -> Vec<(String, Vec<Arc<Found>>)> {
    let by = |key: &Key, name: &str| made::legacy(key, &payload(&subject.digest, name));
    let repository = name.rsplit_once(':').map_or(name, |(name, _)| name);
    let another = format!("{repository}:another");
    let [one, two] = keys;
    let sets = vec![
        ("nobody", vec![]),
        ("one", vec![by(one, name)]),
        ("two", vec![by(two, name)]),
        ("both", vec![by(one, name), by(two, name)]),
        ("one, twice", vec![by(one, name), by(one, name)]),
        ("one for another tag", vec![by(one, &another)]),
        (
            "one for another image",
            vec![by(one, "registry.example.net/x:y")],
        ),
        (
            "one for the mirrored name",
            vec![by(one, "origin.example.com/app:v1")],
        ),
        // containers knows no bundles
        (
            "one by bundle",
            vec![made::signed_bundle(one, subject, SIGNING)],
        ),
        (
            "one by attestation",
            vec![made::signed_bundle(
                one,
                subject,
                "https://spdx.dev/Document",
            )],
        ),
        ("somebody else", vec![by(&Key::new(), name)]),
    ];
    sets.into_iter()
        .map(|(word, set)| (word.to_owned(), set))
        .collect()
}

/// An image with everything that may be signed of it.
pub(super) struct Case {
    pub image: &'static str,
    pub scope: ScopeName,
    pub subject: Subject,
    pub signed: Vec<(String, Discovered)>,
}

pub(super) fn cases(keys: [&Key; 2]) -> Vec<Case> {
    let cases = IMAGES.into_iter().map(|image| {
        let reference = Reference::parse_prefixed(image).unwrap().unwrap();
        let (named, name) = match &reference {
            Reference::Registry(image) => (Some(image.clone()), image.to_string()),
            // what is signed has a name, wherever it lies
            _ => (None, "registry.example.com/app:v1".to_owned()),
        };
        let subject = made::subject(image).named(named);
        let signed = signed(&subject, &name, keys).into_iter();
        Case {
            image,
            scope: ScopeName::of(&reference),
            signed: signed
                .map(|(word, found)| (word, made::discovered(&subject, found)))
                .collect(),
            subject,
        }
    });
    cases.collect()
}

/// Judges every image, signed in every way, by both. Gives how many the original accepts
/// for a signature, and how many of those the other one does too.
pub(super) fn compare(
    original: &Policy,
    ours: &Policy,
    cases: &[Case],
    what: &str,
) -> (usize, usize) {
    let (mut theirs, mut both) = (0, 0);
    for case in cases {
        for (word, discovered) in &case.signed {
            let by = |policy: &Policy| {
                judge(discovered, &case.subject, &case.scope, Some(policy), None).verdict
            };
            let (there, here) = (by(original), by(ours));
            assert!(
                there.is_accepted() || !here.is_accepted(),
                "{what}: {}, signed by {word}: {there:?} there, {here:?} here",
                case.image
            );
            if matches!(&there, Verdict::Accepted { by } if !by.is_empty()) {
                theirs += 1;
                both += usize::from(here.is_accepted());
            }
        }
    }
    (theirs, both)
}

pub(super) fn key_file(folder: &Path, name: &str, key: &Key) -> String {
    let der = STANDARD.encode(key.public.der());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
    let path = folder.join(name);
    fs::write(&path, pem).unwrap();
    path.display().to_string()
}

#[test]
fn a_policy_of_containers_accepts_nothing_more_once_it_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Key::new(), Key::new());
    let paths = [
        key_file(folder.path(), "one.pub", &one),
        key_file(folder.path(), "two.pub", &two),
    ];
    let signed = |path: &str, identity: Value| {
        let mut signed = json!({"type": "sigstoreSigned", "keyPath": path});
        if !identity.is_null() {
            signed["signedIdentity"] = identity;
        }
        signed
    };
    let any = json!({"type": "insecureAcceptAnything"});
    let reject = json!({"type": "reject"});
    let by_one = signed(&paths[0], Value::Null);
    let by_two = signed(&paths[1], Value::Null);
    let data = STANDARD.encode(read(&paths[0]).unwrap());
    let gone = signed("/nowhere/key.pub", Value::Null);
    let kinds: Vec<(Value, bool)> = vec![
        (json!([reject]), true),
        (json!([any]), true),
        (json!([by_one]), true),
        (json!([by_one, any]), true),
        (json!([by_one, reject]), true),
        // both have to sign, and twice is not both
        (json!([by_one, by_two]), true),
        (json!([by_one, by_one]), true),
        (json!([{"type": "sigstoreSigned", "keyPaths": paths}]), true),
        (json!([{"type": "sigstoreSigned", "keyData": data}]), true),
        (
            json!([signed(&paths[0], json!({"type": "matchExact"}))]),
            true,
        ),
        (
            json!([signed(&paths[0], json!({"type": "matchRepository"}))]),
            true,
        ),
        (
            json!([signed(
                &paths[0],
                json!({"type": "exactReference", "dockerReference": "registry.example.net/x:y"})
            )]),
            true,
        ),
        (
            json!([signed(
                &paths[0],
                json!({"type": "exactRepository", "dockerRepository": "registry.example.net/x"})
            )]),
            true,
        ),
        // what Porthole's own policy cannot say
        (
            json!([signed(
                &paths[0],
                json!({"type": "remapIdentity", "prefix": "registry.example.com", "signedPrefix": "origin.example.com"})
            )]),
            false,
        ),
        (
            json!([{"type": "sigstoreSigned", "keyPaths": paths}, by_one]),
            false,
        ),
        (json!([gone]), false),
        (
            json!([{"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}}]),
            true,
        ),
        (
            json!([{"type": "signedBy", "keyType": "X509Certificates", "keyPath": paths[0]}]),
            true,
        ),
    ];
    // a few ways to put two of them into one policy
    let mut exact = 0;
    let cases = cases([&one, &two]);
    // rejected, unsigned, by one, by both
    let wide = [&kinds[0], &kinds[1], &kinds[2], &kinds[5]];
    for (first, says_first) in wide {
        for (second, says_second) in &kinds {
            let policies = [
                json!({"default": first, "transports": {"docker": {"registry.example.com": second}}}),
                json!({"default": first, "transports": {"docker": {"": second}}}),
                json!({"default": first, "transports": {
                    "docker": {"*.example.org": second, "registry.example.com/team": second},
                    "oci": {"": second}, "dir": {"/images": second},
                }}),
                json!({"default": [reject], "transports": {
                    "docker": {"registry.example.com/app": first, "registry.example.com/app:v1": second},
                    "docker-daemon": {"": [any]},
                }}),
            ];
            for (at, policy) in policies.iter().enumerate() {
                let original = Policy::read_any(&policy.to_string(), "policy.json", &read);
                let original = original.unwrap_or_else(|error| panic!("{policy}: {error}"));
                let (ours, import, _) = own(NEW_POLICY, policy);
                let what = policy.to_string();
                let (theirs, both) = compare(&original, &ours, &cases, &what);
                let anything = |list: &Value| *list == json!([any]);
                // tags, and what is accepted unsigned, cannot be said
                let says =
                    *says_first && *says_second && at != 3 && !anything(first) && !anything(second);
                if says {
                    assert_eq!(theirs, both, "{what}");
                    exact += both;
                    assert_eq!(import.left, [], "{what}");
                }
            }
        }
    }
    assert!(exact > 500, "what can be said is said: {exact}");
}

#[test]
fn what_cannot_be_taken_over_is_told_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let one = Key::new();
    let path = key_file(folder.path(), "one.pub", &one);
    let by_one = json!({"type": "sigstoreSigned", "keyPath": path});
    let policy = json!({
        "default": [{"type": "reject"}],
        "transports": {
            "docker": {
                "a.example.com": [{"type": "insecureAcceptAnything"}],
                "b.example.com": [{"type": "sigstoreSigned", "keyPath": path, "rekorPublicKeyPath": fixture("containers-image/rekor.pub")}],
                "c.example.com": [{"type": "sigstoreSigned", "keyPath": path, "signedIdentity": {"type": "remapIdentity", "prefix": "c.example.com", "signedPrefix": "d.example.com"}}],
                "e.example.com/app": [by_one],
                "e.example.com/app:v1": [{"type": "reject"}],
                "f.example.com/app@sha256:5d4cf3e3026c5cfb5249d241beb5f60d354183e5d5eb48e6317cf2c435150452": [by_one],
                "g.example.com": [{"type": "sigstoreSigned", "pki": {"caRootsPath": fixture("containers-image/pki_root_crts.pem"), "caIntermediatesPath": fixture("containers-image/pki_intermediate_crts.pem"), "subjectEmail": "qiwan@redhat.com"}}],
                "h.example.com": [by_one],
            },
            "docker-daemon": {"": [{"type": "insecureAcceptAnything"}]},
        },
    });
    let before = format!("{NEW_POLICY}\n[[rule]]\nscope = \"h.example.com/**\"\nreject = true\n");
    let (ours, import, text) = own(&before, &policy);
    let why = |what: &str| {
        let mut all = import.left.iter().filter(|left| left.what.contains(what));
        let found = all
            .next()
            .unwrap_or_else(|| panic!("{what}: {:#?}", import.left));
        assert!(all.next().is_none(), "{what} stands once");
        found.why.clone()
    };
    for (what, said) in [
        ("a.example.com", "accepted unsigned there"),
        ("b.example.com", "rekorPublicKey"),
        ("c.example.com", "remapIdentity"),
        ("e.example.com/app:v1", "no tags"),
        ("f.example.com/app@sha256", "it is rejected here"),
        ("g.example.com", "caIntermediatesPath"),
        ("h.example.com", "already, which stays"),
        ("docker-daemon", "keeps no signatures"),
    ] {
        assert!(why(what).contains(said), "{what}: {}", why(what));
    }
    assert_eq!(import.left.len(), 8, "{:#?}", import.left);
    // and for each of those nothing is accepted
    let rule = |name: &str| {
        let rule = ours.rule(&name.into()).unwrap();
        (rule.scope.to_string(), rule.entry().unwrap().rejects())
    };
    for (name, scope, rejects) in [
        ("a.example.com/x", "*", true),
        ("b.example.com/x", "b.example.com/**", true),
        ("c.example.com/x", "c.example.com/**", true),
        ("e.example.com/app", "e.example.com/app", true),
        ("e.example.com/app/sub", "e.example.com/app/**", false),
        ("g.example.com/x", "g.example.com/**", true),
        ("h.example.com/x", "h.example.com/**", true),
    ] {
        assert_eq!(rule(name), (scope.to_owned(), rejects), "{name}: {text}");
    }
    assert!(text.starts_with(&before), "what stood there stays: {text}");
    assert!(
        import
            .notes
            .iter()
            .any(|note| note.contains("registries.d"))
    );
    // one that breaks the rules of its kind is none
    let broken = json!({"default": [{"type": "reject", "more": 1}]});
    assert!(taken(NEW_POLICY, &read, &broken).is_err());
    let own = Foreign {
        path: "/x/trust.toml",
        bytes: NEW_POLICY.as_bytes(),
        files: &read,
        scope: None,
    };
    assert_eq!(import_of(&own), Err(ImportError::Own));
}

fn import_of(foreign: &Foreign<'_>) -> Result<Import, ImportError> {
    import(NEW_POLICY, &read, foreign)
}

#[test]
fn a_key_becomes_a_signer_of_the_images_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    let path = key_file(folder.path(), "ci.pub", &key);
    let bytes = read(&path).unwrap();
    let foreign = |scope| Foreign {
        path: &path,
        bytes: &bytes,
        files: &read,
        scope,
    };
    let named = import_of(&foreign(Some("registry.example.com/team/**"))).unwrap();
    let text = edited(NEW_POLICY, &named.edit).unwrap();
    let policy = Policy::read(&text, "trust.toml", &|_: &str| {
        Err("no file is read".to_owned())
    })
    .unwrap();
    let subject = made::subject("x");
    let judged = |name: &str| {
        let found = vec![made::legacy(&key, &payload(&subject.digest, "any/name:x"))];
        let discovered = made::discovered(&subject, found);
        judge(&discovered, &subject, &name.into(), Some(&policy), None).verdict
    };
    assert!(judged("registry.example.com/team/web").is_accepted());
    assert!(!judged("registry.example.com/other").is_accepted());
    // without images it is a signer that no rule names
    let alone = import_of(&foreign(None)).unwrap();
    assert!(matches!(&alone.edit, PolicyEdit::PutSigner { signer, .. } if signer.name == "ci.pub"));
    assert!(alone.notes[0].contains("No rule"));
    assert!(import_of(&foreign(Some("not**a scope"))).is_err());
    // a private key is none, and is not written anywhere
    let private = made::private_pem();
    let private = Foreign {
        bytes: &private,
        ..foreign(None)
    };
    assert!(matches!(import_of(&private), Err(ImportError::Unknown(_))));
    // a policy says itself what it is for
    let policy = json!({"default": [{"type": "reject"}]}).to_string();
    let policy = Foreign {
        bytes: policy.as_bytes(),
        ..foreign(Some("*"))
    };
    assert_eq!(import_of(&policy), Err(ImportError::Scope));
}
