//! Certificates for identities: what Fulcio is asked (`fulcio.proto`, version 2) and what it
//! answers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::Value;
use zeroize::Zeroizing;

use super::key::{SignError, Signer, sign_like_cosign, write_pem};
use crate::signature::json as strict;
use crate::signature::sigstore;

/// Where certificates are asked for, under the address of the authority.
pub const CERTIFICATE_PATH: &str = "/api/v2/signingCert";

/// Why there is no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateAnswerError {
    #[error("the answer cannot be read: {0}")]
    Form(String),
    #[error("the certificate has no proof in it that its issuing was logged, only one beside it")]
    Detached,
}

/// Asks for a certificate of the key of `signer` for whom `token` is about; `challenge` is
/// signed to prove that the key is at hand. The bytes hold the token and are wiped.
///
/// # Errors
/// Where the key does not sign.
pub fn certificate_request(
    token: &str,
    challenge: &str,
    signer: &dyn Signer,
) -> Result<Bytes, SignError> {
    let proof = sign_like_cosign(signer, challenge.as_bytes())?;
    let proof = BASE64_STANDARD.encode(proof);
    let key = write_pem("PUBLIC KEY", signer.public_key().spki_der()).replace('\n', "\\n");
    let parts = [
        r#"{"credentials":{"oidcIdentityToken":""#,
        // letters, digits, '-', '_' and '.' only: that was checked when it was read
        token,
        r#""},"publicKeyRequest":{"publicKey":{"algorithm":"ECDSA","content":""#,
        &key,
        r#""},"proofOfPossession":""#,
        &proof,
        r#""}}"#,
    ];
    let length = parts.iter().map(|part| part.len()).sum();
    // room for all of it at once: growing would leave copies of the token behind
    let mut text = Zeroizing::new(String::with_capacity(length));
    for part in parts {
        text.push_str(part);
    }
    Ok(Bytes::from_owner(text))
}

/// The certificates of an answer, DER, that of the key first.
///
/// # Errors
/// Where it has another form.
pub fn certificate_answer(answer: &[u8]) -> Result<Vec<Vec<u8>>, CertificateAnswerError> {
    let form = |why: &str| CertificateAnswerError::Form(why.to_owned());
    let value = strict::read(answer)
        .map_err(|problem| CertificateAnswerError::Form(problem.to_string()))?;
    if value.get("signedCertificateDetachedSct").is_some() {
        return Err(CertificateAnswerError::Detached);
    }
    let list = value.pointer("/signedCertificateEmbeddedSct/chain/certificates");
    let list = list.and_then(Value::as_array);
    let list = list.ok_or_else(|| form("it has no certificates"))?;
    let pem: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    let pem = pem.ok_or_else(|| form("a certificate in it is no text"))?;
    sigstore::certificates(&pem.join("\n")).ok_or_else(|| form("a certificate in it is none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::sign::SigningKey;
    use crate::signature::x509::KeyKind;

    #[test]
    fn the_request_is_json_with_a_proof_by_the_key() {
        let key = SigningKey::generate(KeyKind::P256).unwrap();
        let request = certificate_request("a.b.c", "release@example.com", &key).unwrap();
        let value: Value = serde_json::from_slice(&request).unwrap();
        assert_eq!(value["credentials"]["oidcIdentityToken"], "a.b.c");
        let asked = &value["publicKeyRequest"];
        assert_eq!(asked["publicKey"]["content"], key.public_pem());
        let proof = asked["proofOfPossession"].as_str().unwrap();
        let proof = BASE64_STANDARD.decode(proof).unwrap();
        let public = sigstore::PublicKey::from_pem(key.public_pem().as_bytes()).unwrap();
        assert!(public.verify(b"release@example.com", &proof).is_some());
    }

    #[test]
    fn an_answer_of_another_form_is_refused() {
        for answer in [
            "",
            "{}",
            r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":[]}}}"#,
            r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":[7]}}}"#,
            r#"{"signedCertificateDetachedSct":{}}"#,
        ] {
            assert!(certificate_answer(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
