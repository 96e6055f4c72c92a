//! Entries of transparency logs: read, and bound to one signature.
//!
//! What an entry is about stands in its body, which the log signed. Each kind says it in
//! another way (Rekor, `pkg/types`): payload, signature, and the key or certificate that
//! made it; all of them have to be those of the signature that is judged.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::limits;
use crate::signature::json as strict;

use super::{PublicKey, base64};

/// An entry as a bundle has it.
pub(super) struct Entry {
    pub index: u64,
    /// SHA-256 of the log's key.
    pub log: [u8; 32],
    /// Only believed under a promise.
    pub integrated: Option<Timestamp>,
    /// A signed entry timestamp.
    pub promise: Option<Vec<u8>>,
    pub proof: Option<Inclusion>,
    /// The body's exact bytes.
    pub body: Vec<u8>,
    kind: String,
    version: String,
    value: Value,
}

/// That an entry is in a log (RFC 6962, section 2.1.1), with the log's signed state.
pub(super) struct Inclusion {
    pub index: u64,
    pub size: u64,
    pub root: [u8; 32],
    pub hashes: Vec<[u8; 32]>,
    /// A signed note.
    pub checkpoint: String,
}

/// What an entry has to be about.
pub(super) struct Bound<'a> {
    /// The bytes that are signed.
    pub message: &'a [u8],
    /// The DSSE envelope's payload.
    pub payload: Option<&'a [u8]>,
    /// The envelope's own bytes, where they came as a file.
    pub envelope: Option<&'a [u8]>,
    /// The one that was made by the key.
    pub signature: &'a [u8],
    pub key: &'a PublicKey,
    /// The signer's certificate, DER; nothing for a signature by key.
    pub leaf: Option<&'a [u8]>,
}

impl Entry {
    /// Reads an entry of a bundle. Nothing where it is none.
    pub fn read(value: &Value) -> Option<Self> {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let body = base64(text("/canonicalizedBody")?)?;
        if body.len() as u64 > limits::ATTESTATION_BYTES {
            return None;
        }
        let decoded = strict::read(&body).ok()?;
        let of_body = |key: &str| Some(decoded.get(key)?.as_str()?.to_owned());
        let seconds = number(value.get("integratedTime")).unwrap_or_default();
        let proof = value.get("inclusionProof").filter(|proof| !proof.is_null());
        let promise = text("/inclusionPromise/signedEntryTimestamp").filter(|t| !t.is_empty());
        let entry = Self {
            index: number(value.get("logIndex"))?,
            log: base64(text("/logId/keyId")?)?.try_into().ok()?,
            integrated: i64::try_from(seconds)
                .ok()
                .filter(|seconds| *seconds > 0)
                .and_then(|seconds| Timestamp::from_second(seconds).ok()),
            promise: match promise {
                Some(text) => Some(base64(text)?),
                None => None,
            },
            proof: match proof {
                Some(proof) => Some(Inclusion::read(proof)?),
                None => None,
            },
            kind: of_body("kind")?,
            version: of_body("apiVersion")?,
            body,
            value: decoded,
        };
        // what the bundle says of the body is nothing but a hint; it may not be another
        let same = |pointer: &str, is: &str| text(pointer).is_none_or(|said| said == is);
        let honest =
            same("/kindVersion/kind", &entry.kind) && same("/kindVersion/version", &entry.version);
        honest.then_some(entry)
    }

    /// Whether its log is one of Rekor's second version, whose entries have no time.
    pub fn is_of_version_2(&self) -> bool {
        matches!(
            (self.kind.as_str(), self.version.as_str()),
            ("hashedrekord" | "dsse", "0.0.2")
        )
    }

    /// What the log signs as its promise: RFC 8785 of these four.
    pub fn promised(&self) -> String {
        let hex: String = self.log.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{hex}","logIndex":{}}}"#,
            STANDARD.encode(&self.body),
            self.integrated.map_or(0, Timestamp::as_second),
            self.index
        )
    }

    /// Whether it is about this signature; else why not.
    pub fn check(&self, bound: &Bound<'_>) -> Result<(), String> {
        let kind = (self.kind.as_str(), self.version.as_str());
        let about = match kind {
            ("hashedrekord", "0.0.1") => self.hashed_rekord(bound),
            ("hashedrekord", "0.0.2") => self.hashed_rekord_2(bound),
            ("dsse", "0.0.1") => match self.at("/spec/proposedContent") {
                Some(proposed) if self.at("/spec/signatures").is_none() => {
                    proposed_envelope(proposed, bound)
                }
                _ => self.dsse(bound),
            },
            ("dsse", "0.0.2") => self.dsse_2(bound),
            ("intoto", "0.0.1") => self.in_toto(bound),
            ("intoto", "0.0.2") => self.in_toto_2(bound),
            (kind, version) => {
                return Err(format!(
                    "entries of the kind {kind} {version} are not known here"
                ));
            }
        };
        about.ok_or_else(|| format!("the entry ({} {}) lacks something", kind.0, kind.1))?
    }

    /// Its kind and the version of that.
    pub fn kind(&self) -> String {
        format!("{} {}", self.kind, self.version)
    }

    /// Its index, as far as the log vouches for it: the bundle's under a promise; else the
    /// proof's, which of the second version is the same.
    pub fn proven_index(&self) -> u64 {
        match &self.proof {
            Some(proof) if self.promise.is_none() && !self.is_of_version_2() => proof.index,
            _ => self.index,
        }
    }

    /// For those who unfold it, once it is proven.
    pub fn details(&self) -> Vec<(String, String)> {
        let mut details = vec![
            ("Log entry".to_owned(), self.proven_index().to_string()),
            ("Log entry kind".to_owned(), self.kind()),
        ];
        let promised = self.promise.is_some();
        // without a promise it is the checkpoint that says which log it is
        if promised {
            let id = self.log.iter().map(|byte| format!("{byte:02x}"));
            details.push(("Log id".to_owned(), id.collect()));
        }
        if let Some(time) = self.integrated.filter(|_| promised) {
            details.push(("Logged".to_owned(), time.to_string()));
        }
        if let Some(proof) = &self.proof {
            let log = proof.checkpoint.lines().next().unwrap_or_default();
            let words = format!("{log}, {} entries", proof.size);
            details.push(("Log checkpoint".to_owned(), words));
        }
        details
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer).filter(|value| !value.is_null())
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer)?.as_str()
    }

    fn bytes(&self, pointer: &str) -> Option<Vec<u8>> {
        base64(self.text(pointer)?)
    }

    fn hashed_rekord(&self, bound: &Bound<'_>) -> Option<Result<(), String>> {
        let hash = (
            self.text("/spec/data/hash/algorithm")?,
            self.text("/spec/data/hash/value")?.to_owned(),
        );
        let signature = self.bytes("/spec/signature/content")?;
        let pem = self.bytes("/spec/signature/publicKey/content")?;
        Some(
            message_is(bound, &hash)
                .and_then(|()| signed(bound, &signature))
                .and_then(|()| pem_is(bound, &pem)),
        )
    }

    fn hashed_rekord_2(&self, bound: &Bound<'_>) -> Option<Result<(), String>> {
        const AT: &str = "/spec/hashedRekordV002";
        let hash = (
            self.text(&format!("{AT}/data/algorithm"))?,
            hex(&self.bytes(&format!("{AT}/data/digest"))?),
        );
        let signature = self.bytes(&format!("{AT}/signature/content"))?;
        let verifier = self.at(&format!("{AT}/signature/verifier"))?;
        Some(
            message_is(bound, &hash)
                .and_then(|()| signed(bound, &signature))
                .and_then(|()| verifier_is(bound, verifier)),
        )
    }

    fn dsse(&self, bound: &Bound<'_>) -> Option<Result<(), String>> {
        let hash = (
            self.text("/spec/payloadHash/algorithm")?,
            self.text("/spec/payloadHash/value")?.to_owned(),
        );
        let signatures = self.at("/spec/signatures")?.as_array()?;
        Some(payload_is(bound, &hash).and_then(|()| {
            any(signatures, |one| {
                signed(bound, &base64(one.get("signature")?.as_str()?)?).ok()?;
                pem_is(bound, &base64(one.get("verifier")?.as_str()?)?).ok()
            })
        }))
    }

    fn dsse_2(&self, bound: &Bound<'_>) -> Option<Result<(), String>> {
        let hash = (
            self.text("/spec/dsseV002/payloadHash/algorithm")?,
            hex(&self.bytes("/spec/dsseV002/payloadHash/digest")?),
        );
        let signatures = self.at("/spec/dsseV002/signatures")?.as_array()?;
        Some(payload_is(bound, &hash).and_then(|()| {
            any(signatures, |one| {
                signed(bound, &base64(one.get("content")?.as_str()?)?).ok()?;
                verifier_is(bound, one.get("verifier")?).ok()
            })
        }))
    }

    /// The first version has the hash of the whole envelope, and so needs its bytes.
    fn in_toto(&self, bound: &Bound<'_>) -> Option<Result<(), String>> {
        let algorithm = self.text("/spec/content/hash/algorithm")?;
        let value = self.text("/spec/content/hash/value")?;
        let pem = self.bytes("/spec/publicKey")?;
        let Some(envelope) = bound.envelope else {
            return Some(Err(
                "the entry has the hash of an envelope whose bytes are not there".to_owned(),
            ));
        };
        let found = hash_of(envelope, algorithm)?;
        if found != value {
            return Some(Err(format!(
                "the entry is about the envelope {value}, this is {found}"
            )));
        }
        Some(pem_is(bound, &pem))
    }

    fn in_toto_2(&self, bound: &Bound<'_>) -> Option<Result<(), String>> {
        const AT: &str = "/spec/content";
        let hash = (
            self.text(&format!("{AT}/payloadHash/algorithm"))?,
            self.text(&format!("{AT}/payloadHash/value"))?.to_owned(),
        );
        let signatures = self.at(&format!("{AT}/envelope/signatures"))?.as_array()?;
        Some(payload_is(bound, &hash).and_then(|()| {
            any(signatures, |one| {
                // the signature's own base64 is in base64 once more
                let sig = base64(one.get("sig")?.as_str()?)?;
                let sig = base64(std::str::from_utf8(&sig).ok()?)?;
                signed(bound, &sig).ok()?;
                pem_is(bound, &base64(one.get("publicKey")?.as_str()?)?).ok()
            })
        }))
    }
}

impl Inclusion {
    fn read(value: &Value) -> Option<Self> {
        let hash = |value: &Value| -> Option<[u8; 32]> { base64(value.as_str()?)?.try_into().ok() };
        let hashes = value.get("hashes").and_then(Value::as_array);
        let hashes = hashes.into_iter().flatten().take(limits::PROOF_HASHES + 1);
        let hashes: Vec<_> = hashes.map(hash).collect::<Option<_>>()?;
        (hashes.len() <= limits::PROOF_HASHES).then_some(())?;
        Some(Self {
            // protobuf leaves out what is 0
            index: number(value.get("logIndex"))?,
            size: number(value.get("treeSize"))?,
            root: hash(value.get("rootHash")?)?,
            hashes,
            checkpoint: value.pointer("/checkpoint/envelope")?.as_str()?.to_owned(),
        })
    }
}

/// An entry that has not been brought into its own form: the envelope as it was sent in,
/// with those who can verify it. Rekor never stores such a one; others do, and cosign reads
/// it by what it says.
fn proposed_envelope(proposed: &Value, bound: &Bound<'_>) -> Option<Result<(), String>> {
    let envelope = strict::read(proposed.get("envelope")?.as_str()?.as_bytes()).ok()?;
    let payload = base64(envelope.get("payload")?.as_str()?)?;
    let kind = envelope.get("payloadType")?.as_str()?;
    let signatures = envelope.get("signatures")?.as_array()?;
    let verifiers = proposed.get("verifiers")?.as_array()?;
    if kind != super::dsse::IN_TOTO || bound.payload != Some(&payload) {
        return Some(Err("the entry is about another payload".to_owned()));
    }
    Some(
        any(signatures, |one| {
            signed(bound, &base64(one.get("sig")?.as_str()?)?).ok()
        })
        .and_then(|()| any(verifiers, |pem| pem_is(bound, &base64(pem.as_str()?)?).ok())),
    )
}

fn any(list: &[Value], fits: impl Fn(&Value) -> Option<()>) -> Result<(), String> {
    match list
        .iter()
        .take(limits::BUNDLE_ENTRIES)
        .any(|one| fits(one).is_some())
    {
        true => Ok(()),
        false => Err("the entry is about another signature, or another's".to_owned()),
    }
}

fn message_is(bound: &Bound<'_>, (algorithm, value): &(&str, String)) -> Result<(), String> {
    same(hash_of(bound.message, algorithm), algorithm, value)
}

fn payload_is(bound: &Bound<'_>, (algorithm, value): &(&str, String)) -> Result<(), String> {
    let found = bound
        .payload
        .and_then(|payload| hash_of(payload, algorithm));
    same(found, algorithm, value)
}

fn same(found: Option<String>, algorithm: &str, value: &str) -> Result<(), String> {
    match found {
        Some(found) if found == value => Ok(()),
        Some(found) => Err(format!(
            "the entry is about {algorithm} {value}, this is {found}"
        )),
        None => Err(format!(
            "the entry has a hash by {algorithm}, which cannot be compared"
        )),
    }
}

fn signed(bound: &Bound<'_>, signature: &[u8]) -> Result<(), String> {
    match bound.signature == signature {
        true => Ok(()),
        false => Err("the entry is about another signature".to_owned()),
    }
}

/// A certificate or a key in PEM.
fn pem_is(bound: &Bound<'_>, pem: &[u8]) -> Result<(), String> {
    let certificate = std::str::from_utf8(pem).ok();
    let certificate = certificate.and_then(super::certificates);
    match (bound.leaf, certificate) {
        (Some(leaf), Some(found)) if found.first().is_some_and(|found| found == leaf) => Ok(()),
        (Some(_), _) => Err("the entry is about another certificate".to_owned()),
        (None, Some(_)) => {
            Err("the entry is about a certificate, this is signed by key".to_owned())
        }
        (None, None) => match PublicKey::from_pem(pem) {
            Ok(key) if key == *bound.key => Ok(()),
            _ => Err("the entry is about another key".to_owned()),
        },
    }
}

/// The same as Rekor's second version writes it.
fn verifier_is(bound: &Bound<'_>, verifier: &Value) -> Result<(), String> {
    let raw = |pointer: &str| verifier.pointer(pointer)?.as_str().and_then(base64);
    let is = match bound.leaf {
        Some(leaf) => raw("/x509Certificate/rawBytes").is_some_and(|found| found == leaf),
        None => raw("/publicKey/rawBytes").is_some_and(|found| found == bound.key.der()),
    };
    match is {
        true => Ok(()),
        false => Err("the entry is about another key or certificate".to_owned()),
    }
}

/// A number, also as protobuf's JSON writes it; 0 where there is none.
fn number(value: Option<&Value>) -> Option<u64> {
    match value {
        None | Some(Value::Null) => Some(0),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    }
}

/// A hash's name as digests have it.
fn plain(algorithm: &str) -> &str {
    match algorithm {
        "SHA2_256" => "sha256",
        "SHA2_384" => "sha384",
        "SHA2_512" => "sha512",
        other => other,
    }
}

fn hash_of(bytes: &[u8], algorithm: &str) -> Option<String> {
    use aws_lc_rs::digest;
    let algorithm = match plain(algorithm) {
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        _ => return None,
    };
    Some(hex(digest::digest(algorithm, bytes).as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
