//! What readers would take differently, or for something else, is accepted by none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole::model::Annotations;
use porthole::signature::sigstore::{KeyError, PublicKey};
use porthole::signature::{CheckKind, Format, Judgement, SignatureReport};
use serde_json::{Value, json};

use super::made::{self, Key, SIGNING};

/// What is said against it: of its form.
fn form(report: &SignatureReport) -> String {
    assert_eq!(report.judgement(), Judgement::Rejected);
    let check = report.reason().unwrap();
    assert_eq!(check.kind, CheckKind::Form, "{check:?}");
    check.detail.clone()
}

#[test]
fn a_bundle_has_one_signature_and_an_envelope_of_cosign_may_have_more() {
    let key = Key::new();
    let subject = made::subject("image");
    let statement = made::statement(&[&subject.digest], SIGNING).to_string();
    let good = made::bundle_value(&key, statement.as_bytes());
    let other = made::bundle_value(&Key::new(), statement.as_bytes());
    let signature = |bundle: &Value| bundle["dsseEnvelope"]["signatures"][0].clone();
    let verify = |bundle: &Value| {
        let signers = vec![key.signer("k")];
        made::verify(&made::bundle(bundle), &subject, signers)
    };
    assert_eq!(verify(&good).judgement(), Judgement::Accepted);
    for signatures in [
        [signature(&good), signature(&other)],
        [signature(&other), signature(&good)],
    ] {
        let mut two = good.clone();
        two["dsseEnvelope"]["signatures"] = json!(signatures);
        let why = form(&verify(&two));
        assert!(why.contains("one signature, and this has 2"), "{why}");
        // an attestation of cosign before bundles is the envelope alone
        let envelope = two["dsseEnvelope"].to_string();
        let old = made::found(
            Format::CosignAttestation,
            envelope.as_bytes(),
            Annotations::new(),
        );
        let report = made::verify(&old, &subject, vec![key.signer("k")]);
        assert_eq!(report.judgement(), Judgement::Accepted);
    }
}

#[test]
fn the_signature_of_a_file_is_none_of_an_image() {
    let key = Key::new();
    let subject = made::subject("image");
    let mut bundle = made::bundle_value(&key, b"{}");
    bundle.as_object_mut().unwrap().remove("dsseEnvelope");
    bundle["messageSignature"] = json!({"signature": STANDARD.encode(key.sign(b"image"))});
    let report = made::verify(&made::bundle(&bundle), &subject, vec![key.signer("k")]);
    let why = form(&report);
    assert!(why.contains("no DSSE envelope"), "{why}");
    let check = report.reason().unwrap();
    assert_eq!(
        check.complaint(),
        "it is the signature of a file, not of an image"
    );
}

/// Go's reader takes names that differ in their case for the same.
#[test]
fn a_known_member_in_another_case_is_refused_in_every_signed_document() {
    let key = Key::new();
    let subject = made::subject("image");
    let payload = String::from_utf8(made::payload(&subject.digest.to_string())).unwrap();
    let statement = made::statement(&[&subject.digest], SIGNING).to_string();
    let signers = || vec![key.signer("k")];
    let of_payload = |text: &str| {
        let found = made::legacy(&key, text.as_bytes());
        made::verify(&found, &subject, signers())
    };
    let of_statement = |text: &str| {
        let bundle = made::bundle_value(&key, text.as_bytes());
        made::verify(&made::bundle(&bundle), &subject, signers())
    };
    let of_bundle = |place: &str, name: &str| {
        let mut bundle = made::bundle_value(&key, statement.as_bytes());
        let object = bundle.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert(name.to_owned(), json!({}));
        made::verify(&made::bundle(&bundle), &subject, signers())
    };
    // the last member of an object is the one that Go takes
    let with = |text: &str, end: &str, more: &str| {
        let changed = text.replacen(end, &format!("{more}{end}"), 1);
        assert_ne!(changed, text, "{end}");
        changed
    };
    let refused = [
        of_payload(&with(&payload, "\"critical\"", "\"Critical\":{},")),
        of_payload(&with(&payload, "\"identity\"", "\"Image\":{},")),
        of_payload(&with(
            &payload,
            "\"docker-manifest",
            "\"Docker-Manifest-Digest\":\"\",",
        )),
        of_statement(&with(
            &statement,
            "\"predicateType\"",
            "\"PredicateType\":\"x\",",
        )),
        of_statement(&with(
            &statement,
            "\"predicateType\"",
            "\"\u{17f}ubject\":[],",
        )),
        of_statement(&with(&statement, "\"digest\"", "\"Digest\":{},")),
        of_bundle("", "DsseEnvelope"),
        of_bundle("/dsseEnvelope", "PayloadType"),
        of_bundle("/dsseEnvelope/signatures/0", "Sig"),
    ];
    for (at, report) in refused.iter().enumerate() {
        let why = form(report);
        assert!(why.contains("some programs take for"), "{at}: {why}");
    }
    // where anybody may name a member as they like, cases are free
    let accepted = [
        of_payload(&payload.replacen("null", r#"{"Critical":1,"a":1,"A":2}"#, 1)),
        of_statement(&statement.replacen(
            r#""predicate":{}"#,
            r#""predicate":{"Subject":1,"a":1,"A":2},"x":1,"X":2"#,
            1,
        )),
    ];
    for report in &accepted {
        assert_eq!(
            report.judgement(),
            Judgement::Accepted,
            "{:?}",
            report.checks
        );
    }
}

/// A public key of RSA with so many bits, which nobody has the other half of.
fn rsa(bits: usize) -> String {
    let length = bits / 8;
    let modulus = [vec![0, 0xc3], vec![0x55; length - 1]].concat();
    let integer = |bytes: &[u8]| {
        let size = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        match bytes.len() {
            short @ 0..=127 => [&[2, short as u8][..], bytes].concat(),
            middle @ 128..=255 => [&[2, 0x81, middle as u8][..], bytes].concat(),
            _ => [&[2, 0x82][..], &size, bytes].concat(),
        }
    };
    let inside = [integer(&modulus), integer(&[1, 0, 1])].concat();
    let size = u16::try_from(inside.len()).unwrap().to_be_bytes();
    let der = match inside.len() {
        middle @ 128..=255 => [&[0x30, 0x81, middle as u8][..], &inside].concat(),
        _ => [&[0x30, 0x82][..], &size, &inside].concat(),
    };
    let body = STANDARD.encode(der);
    format!("-----BEGIN RSA PUBLIC KEY-----\n{body}\n-----END RSA PUBLIC KEY-----\n")
}

#[test]
fn keys_that_cannot_count_are_refused_by_what_is_wrong_with_them() {
    let read = |text: &str| PublicKey::from_pem(text.as_bytes());
    for bits in [1024, 16384] {
        let why = read(&rsa(bits)).unwrap_err();
        assert_eq!(why, KeyError::RsaSize(bits));
        assert!(why.to_string().contains(&bits.to_string()), "{why}");
    }
    assert!(read(&rsa(2048)).is_ok());
    let two = [rsa(2048), rsa(3072)].concat();
    assert_eq!(read(&two).unwrap_err(), KeyError::Several(2));
}
