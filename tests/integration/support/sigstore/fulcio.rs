//! A certificate authority for identities, with its log of certificates.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::der::{
    Authority, Key, Wanted, certificate, element, extension, octets, of_pem, pem, sequence, tbs,
    usage,
};
use super::web::{Answer, Question};
use super::{Fault, JSON};

pub struct Fulcio {
    pub root: Authority,
    pub authority: Authority,
    pub log: Key,
}

impl Fulcio {
    pub fn new() -> Self {
        let root = Authority::root("identities root");
        Self {
            authority: root.below("identities"),
            root,
            log: Key::new(),
        }
    }

    pub fn answer(&self, question: &Question, fault: Fault) -> Answer {
        if fault == Fault::SilentAuthority {
            return None;
        }
        let refuse = |why: &str| {
            let body = json!({"code": 3, "message": why}).to_string();
            Some((400, JSON, body.into_bytes()))
        };
        if question.path != "/api/v2/signingCert" {
            return Some((404, JSON, b"{}".to_vec()));
        }
        let asked: Value = serde_json::from_slice(&question.body).unwrap();
        let token = asked["credentials"]["oidcIdentityToken"].as_str().unwrap();
        if fault == Fault::AuthorityRefuses {
            return refuse(&format!("the token {token} was not accepted"));
        }
        let claims = token.split('.').nth(1).unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let email = claims["email"].as_str();
        let challenge = email.or(claims["sub"].as_str()).unwrap();
        let key = asked["publicKeyRequest"]["publicKey"]["content"]
            .as_str()
            .unwrap();
        let spki = of_pem(key);
        let proof = asked["publicKeyRequest"]["proofOfPossession"]
            .as_str()
            .unwrap();
        let proof = BASE64_STANDARD.decode(proof).unwrap();
        // the point stands at the end of the key of this kind
        let point = &spki[spki.len() - 65..];
        let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
            .verify(challenge.as_bytes(), &proof);
        if verified.is_err() {
            return refuse("the key was not shown to be at hand");
        }
        let other = Key::new();
        let name = match (fault, email) {
            (Fault::OtherName, _) => element(0x81, &[b"somebody.else@example.com"]),
            (_, Some(email)) => element(0x81, &[email.as_bytes()]),
            (_, None) => {
                let workflow = claims["job_workflow_ref"].as_str().unwrap();
                element(0x86, &[format!("https://github.com/{workflow}").as_bytes()])
            }
        };
        let issuer = claims["iss"].as_str().unwrap();
        let now = match fault {
            Fault::OtherClock => Timestamp::now() + SignedDuration::from_hours(3),
            _ => Timestamp::now(),
        };
        let mut wanted = Wanted {
            subject: sequence(&[]),
            spki: if fault == Fault::OtherKey {
                &other.spki
            } else {
                &spki
            },
            from: now - SignedDuration::from_secs(5),
            to: now + SignedDuration::from_mins(10),
            extensions: vec![
                usage(7, 0b1000_0000),
                extension(
                    "2.5.29.37",
                    false,
                    &sequence(&[&super::der::oid("1.3.6.1.5.5.7.3.3")]),
                ),
                extension("2.5.29.17", true, &sequence(&[&name])),
                extension("1.3.6.1.4.1.57264.1.1", false, issuer.as_bytes()),
                extension(
                    "1.3.6.1.4.1.57264.1.8",
                    false,
                    &element(0x0c, &[issuer.as_bytes()]),
                ),
            ],
        };
        let unknown = Authority::root("identities");
        let by = match fault {
            Fault::OtherAuthority => &unknown,
            _ => &self.authority,
        };
        let first = tbs(&by.subject, &wanted);
        let log = if fault == Fault::OtherCertificateLog {
            &other
        } else {
            &self.log
        };
        if fault != Fault::NotLogged {
            wanted
                .extensions
                .push(logged(&first, &by.key, log, &self.log.id()));
        }
        let leaf = certificate(&tbs(&by.subject, &wanted), &by.key);
        let chain = [&leaf, &by.certificate, &self.root.certificate];
        let chain: Vec<_> = chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
        let body = json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}});
        Some((200, JSON, body.to_string().into_bytes()))
    }
}

/// The proof of a log (RFC 6962, section 3.3) as an extension.
fn logged(tbs: &[u8], issuer: &Key, log: &Key, id: &[u8]) -> Vec<u8> {
    let time = (Timestamp::now().as_millisecond() as u64).to_be_bytes();
    let mut signed = vec![0, 0];
    signed.extend(time);
    signed.extend([0, 1]);
    signed.extend(issuer.id());
    signed.extend(&(tbs.len() as u32).to_be_bytes()[1..]);
    signed.extend(tbs);
    signed.extend([0, 0]);
    let signature = log.sign(&signed);
    let mut proof = vec![0];
    proof.extend(id);
    proof.extend(time);
    proof.extend([0, 0, 4, 3]);
    proof.extend((signature.len() as u16).to_be_bytes());
    proof.extend(signature);
    let mut list = ((proof.len() + 2) as u16).to_be_bytes().to_vec();
    list.extend((proof.len() as u16).to_be_bytes());
    list.extend(proof);
    extension("1.3.6.1.4.1.11129.2.4.2", false, &octets(&list))
}
