//! Notation envelopes as notation writes them: JWS and COSE, scheme `notary.x509`
//! (signature-specification.md).

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use coset::cbor::value::Value as Cbor;
use coset::{
    CoseSign1, HeaderBuilder, ProtectedHeader, RegisteredLabelWithPrivate, SignatureContext,
    TaggedCborSerializable, iana,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::artifact::{Artifact, artifact, blob};
use super::key::{SignError, Signer};
use crate::model::{Annotations, Descriptor, annotation};
use crate::signature::notation::{
    ARTIFACT_TYPE, Algorithm, ChainError, EnvelopeKind, PAYLOAD_TYPE, Purpose, THUMBPRINTS,
    check_chain,
};
use crate::signature::x509::{Certificate, Form, Hash};

const SCHEME: &str = "io.cncf.notary.signingScheme";
const TIME: &str = "io.cncf.notary.signingTime";
const EXPIRY: &str = "io.cncf.notary.expiry";
const AGENT: &str = "io.cncf.notary.signingAgent";
const TIMESTAMP: &str = "io.cncf.notary.timestampSignature";

/// What is to be signed, and with which certificates.
#[derive(Clone, Debug)]
pub struct NotationRequest<'a> {
    pub kind: EnvelopeKind,
    /// What [`notation_payload`] gave.
    pub payload: &'a [u8],
    /// From the leaf, whose key signs, to the root.
    pub chain: &'a [Certificate],
    pub time: Timestamp,
    pub expiry: Option<Timestamp>,
}

/// Why no envelope was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotationError {
    #[error("the certificates do not do for Notation: {0}")]
    Chain(#[from] ChainError),
    #[error("the first certificate is not for this key")]
    OtherKey,
    #[error("a key of the kind {0} does not do for Notation: RSA and ECDSA keys do")]
    Key(crate::signature::x509::KeyKind),
    #[error("the certificate {name} is not valid now: from {from} to {to} it is")]
    NotValid {
        name: String,
        from: String,
        to: String,
    },
    #[error("the expiry does not lie after the time of signing")]
    Expiry,
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("the envelope could not be written: {0}")]
    Write(String),
}

/// A signature that has yet to be put into its envelope: a timestamp may be added before.
#[derive(Clone, Debug)]
pub struct NotationSignature {
    kind: EnvelopeKind,
    payload: Vec<u8>,
    /// The protected header in base64, or as CBOR.
    protected: Protected,
    chain: Vec<Vec<u8>>,
    signature: Vec<u8>,
    hash: Hash,
}

#[derive(Clone, Debug)]
enum Protected {
    Jws(String),
    Cose(Box<ProtectedHeader>),
}

/// What is signed for `target`: its descriptor.
pub fn notation_payload(target: &Descriptor, annotations: &Annotations) -> Vec<u8> {
    let mut object = Map::new();
    let media_type = target.media_type.as_str();
    object.insert("mediaType".to_owned(), media_type.into());
    object.insert("digest".to_owned(), target.digest.to_string().into());
    object.insert("size".to_owned(), target.size.into());
    if !annotations.is_empty() {
        object.insert("annotations".to_owned(), json!(annotations));
    }
    json!({ "targetArtifact": object }).to_string().into_bytes()
}

/// Signs.
///
/// # Errors
/// Where the certificates, the key or the expiry do not do, or the key does not sign.
pub fn notation(
    request: &NotationRequest<'_>,
    signer: &dyn Signer,
) -> Result<NotationSignature, NotationError> {
    let algorithm = check(request, signer)?;
    let (protected, signed) = match request.kind {
        EnvelopeKind::Jws => {
            let header = jws_header(request, algorithm);
            let protected = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
            let payload = BASE64_URL_SAFE_NO_PAD.encode(request.payload);
            let signed = format!("{protected}.{payload}").into_bytes();
            (Protected::Jws(protected), signed)
        }
        EnvelopeKind::Cose => {
            let header = cose_header(request, algorithm);
            let protected = ProtectedHeader {
                original_data: None,
                header,
            };
            let context = SignatureContext::CoseSign1;
            let (protected, payload) = (Box::new(protected), request.payload);
            let signed = coset::sig_structure_data(context, *protected.clone(), None, b"", payload);
            (Protected::Cose(protected), signed)
        }
    };
    Ok(NotationSignature {
        kind: request.kind,
        payload: request.payload.to_vec(),
        protected,
        chain: request.chain.iter().map(|c| c.der().to_vec()).collect(),
        signature: signer.sign(algorithm.hash(), Form::Jose, &signed)?,
        hash: algorithm.hash(),
    })
}

impl NotationSignature {
    /// What a timestamp authority is asked about.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The hash that goes with the signature.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The envelope, with the authority's token (RFC 3161, `TimeStampToken`) where there is
    /// one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn envelope(&self, token: Option<&[u8]>) -> Result<Bytes, NotationError> {
        match &self.protected {
            Protected::Jws(protected) => {
                let chain = self.chain.iter().map(|der| BASE64_STANDARD.encode(der));
                let mut header = Map::new();
                header.insert("x5c".to_owned(), chain.collect());
                if let Some(token) = token {
                    let token = BASE64_STANDARD.encode(token);
                    header.insert(TIMESTAMP.to_owned(), token.into());
                }
                header.insert(AGENT.to_owned(), agent().into());
                let envelope = json!({
                    "payload": BASE64_URL_SAFE_NO_PAD.encode(&self.payload),
                    "protected": protected,
                    "header": header,
                    "signature": BASE64_URL_SAFE_NO_PAD.encode(&self.signature),
                });
                Ok(envelope.to_string().into_bytes().into())
            }
            Protected::Cose(protected) => {
                let chain = self.chain.iter().map(|der| Cbor::Bytes(der.clone()));
                let chain = Cbor::Array(chain.collect());
                let mut free = HeaderBuilder::new()
                    .value(iana::HeaderParameter::X5Chain as i64, chain)
                    .text_value(AGENT.to_owned(), Cbor::Text(agent()));
                if let Some(token) = token {
                    free = free.text_value(TIMESTAMP.to_owned(), Cbor::Bytes(token.to_vec()));
                }
                let message = CoseSign1 {
                    protected: *protected.clone(),
                    unprotected: free.build(),
                    payload: Some(self.payload.clone()),
                    signature: self.signature.clone(),
                };
                let bytes = message.to_tagged_vec();
                let bytes = bytes.map_err(|why| NotationError::Write(why.to_string()))?;
                Ok(bytes.into())
            }
        }
    }

    /// The referrer that carries the envelope about `subject`. `created` is RFC 3339.
    pub fn artifact(&self, envelope: Bytes, subject: &Descriptor, created: String) -> Artifact {
        let layer = blob(self.kind.media_type(), envelope);
        let thumbprints: Vec<_> = self
            .chain
            .iter()
            .map(|der| crate::model::Digest::sha256(der).hex().to_owned())
            .collect();
        let annotations: Annotations = [
            (annotation::CREATED.to_owned(), created),
            (THUMBPRINTS.to_owned(), json!(thumbprints).to_string()),
        ]
        .into();
        let layers = std::slice::from_ref(&layer.0);
        let mut made = artifact(ARTIFACT_TYPE, layers, subject, &annotations);
        made.blobs.push(layer);
        made
    }
}

fn jws_header(request: &NotationRequest<'_>, algorithm: Algorithm) -> Value {
    let mut critical = vec![SCHEME];
    let mut header = Map::new();
    header.insert("alg".to_owned(), algorithm.name().into());
    header.insert("cty".to_owned(), PAYLOAD_TYPE.into());
    header.insert(SCHEME.to_owned(), "notary.x509".into());
    header.insert(TIME.to_owned(), text(request.time).into());
    if let Some(expiry) = request.expiry {
        critical.push(EXPIRY);
        header.insert(EXPIRY.to_owned(), text(expiry).into());
    }
    header.insert("crit".to_owned(), critical.into());
    Value::Object(header)
}

fn cose_header(request: &NotationRequest<'_>, algorithm: Algorithm) -> coset::Header {
    let label = |name: &str| RegisteredLabelWithPrivate::Text(name.to_owned());
    let time = |time: Timestamp| Cbor::Tag(1, Box::new(Cbor::Integer(time.as_second().into())));
    let mut header = HeaderBuilder::new()
        .algorithm(match algorithm {
            Algorithm::Ps256 => iana::Algorithm::PS256,
            Algorithm::Ps384 => iana::Algorithm::PS384,
            Algorithm::Ps512 => iana::Algorithm::PS512,
            Algorithm::Es256 => iana::Algorithm::ES256,
            Algorithm::Es384 => iana::Algorithm::ES384,
            Algorithm::Es512 => iana::Algorithm::ES512,
        })
        .content_type(PAYLOAD_TYPE.to_owned())
        .add_critical_label(label(SCHEME));
    // the shorter text first: the order of deterministic maps (RFC 8949, section 4.2.1)
    if let Some(expiry) = request.expiry {
        header = header
            .add_critical_label(label(EXPIRY))
            .text_value(EXPIRY.to_owned(), time(expiry));
    }
    header
        .text_value(TIME.to_owned(), time(request.time))
        .text_value(SCHEME.to_owned(), Cbor::Text("notary.x509".to_owned()))
        .build()
}

fn check(request: &NotationRequest<'_>, signer: &dyn Signer) -> Result<Algorithm, NotationError> {
    let key = signer.public_key();
    let algorithm = Algorithm::of(key.kind()).ok_or(NotationError::Key(key.kind()))?;
    check_chain(request.chain, Purpose::CodeSigning)?;
    if request.chain[0].key != *key {
        return Err(NotationError::OtherKey);
    }
    if let Some(late) = request.chain.iter().find(|c| !c.is_valid_at(request.time)) {
        return Err(NotationError::NotValid {
            name: late.subject.to_string(),
            from: late.not_before.to_string(),
            to: late.not_after.to_string(),
        });
    }
    if request.expiry.is_some_and(|expiry| expiry <= request.time) {
        return Err(NotationError::Expiry);
    }
    Ok(algorithm)
}

/// RFC 3339 in whole seconds.
fn text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn agent() -> String {
    concat!("porthole/", env!("CARGO_PKG_VERSION")).to_owned()
}
