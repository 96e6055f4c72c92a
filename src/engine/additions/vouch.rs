//! Gathering what vouches for a signature: a certificate, a timestamp, a log entry.

use std::sync::Arc;

use crate::engine::Failure;
use crate::engine::crash;
use crate::engine::shared::Shared;
use crate::services::{log_entry, timestamp};
use crate::signature::TrustRoot;
use crate::signature::notation::Countersignature;
use crate::signature::sign::{
    NotationSignature, Proof, Signatory, Signed, SigningKey, pae, sign_like_cosign,
};
use crate::signature::x509::Hash;

use super::ledger::Ledger;
use super::services::Asked;
use super::signer::Signer;

/// A signature with its proof.
pub(super) struct Vouched {
    pub signature: Vec<u8>,
    pub proof: Proof,
    /// What was gathered, for people.
    pub said: Vec<String>,
}

/// What is needed besides the signer.
pub(super) struct Vouching<'a> {
    pub shared: &'a Shared,
    pub asked: &'a Asked,
    /// What answers are judged by; there wherever something is asked.
    pub root: Option<&'a TrustRoot>,
    /// Where it is noted that a log has taken an entry.
    pub ledger: &'a Ledger,
}

impl Vouching<'_> {
    /// Signs as cosign does, and asks the services about the signature.
    ///
    /// # Errors
    /// The step that failed. What a log has taken, or may have, is in the ledger.
    pub async fn sign(&self, signer: &Signer, signed: Signed<'_>) -> Result<Vouched, Failure> {
        let (key, signatory, mut said) = match signer {
            Signer::Key { key, public, .. } => {
                (Arc::clone(key), Signatory::Key(public.clone()), Vec::new())
            }
            Signer::Identity(identity) => {
                let certified = identity.certified(self.shared, self.ledger).await?;
                let issued = &certified.issued;
                let words = format!("certified for {}, by {}", issued.name, issued.issuer);
                let signatory = Signatory::Certificates(certified.chain);
                (certified.key, signatory, vec![words])
            }
            Signer::OpenPgp(_) => {
                let what = "an OpenPGP key makes simple signatures";
                return Err(Failure::refused(
                    what,
                    "Make a simple signature (--format simple)",
                ));
            }
        };
        let message = match signed {
            Signed::Message(message) => message.to_vec(),
            Signed::Statement(statement) => pae(statement),
        };
        let signature = in_background(key, message).await?;
        let mut proof = Proof {
            signatory,
            entries: Vec::new(),
            timestamps: Vec::new(),
        };
        let endpoints = &self.asked.endpoints;
        if let Some(address) = &endpoints.timestamps {
            let root = self.root()?;
            let stamp = timestamp(&self.shared.client, address, Hash::Sha256, &signature).await?;
            let time = root.check_timestamp(&stamp.answer, &signature);
            let time = time.map_err(|error| {
                Failure::refused(
                    format!("the answer of the timestamp authority at {address}: {error}"),
                    "Give the trust root that goes with the services (--trusted-root FILE)",
                )
            })?;
            said.push(format!("timestamp {time} of {address}"));
            proof.timestamps.push(stamp.answer.to_vec());
        }
        if let Some(log) = &endpoints.log {
            let request = log.version.request(signed, &signature, &proof.signatory);
            let request = request.map_err(|error| {
                Failure::refused(
                    error.to_string(),
                    "Sign with another key, or without a log (--no-log)",
                )
            })?;
            let begun = self.ledger.begin(format!(
                "An entry may be in {log} by now, and would stay: it did not say"
            ));
            let entry = log_entry(&self.shared.client, log, request).await;
            let entry = entry.inspect_err(|error| {
                if !error.in_doubt {
                    self.ledger.end(&begun, None);
                }
            })?;
            let index = entry.get("logIndex").and_then(|index| index.as_str());
            let words = format!("entry {} of {log}", index.unwrap_or("0"));
            let stays = format!("The {words} stays: a log forgets nothing");
            self.ledger.end(&begun, Some(stays));
            said.push(words);
            proof.entries.push(entry);
        }
        Ok(Vouched {
            signature,
            proof,
            said,
        })
    }

    /// A timestamp for Notation: the token, and what is said of it.
    ///
    /// # Errors
    /// Where the authority gives none, or one that does not lead to the roots that were named.
    pub async fn countersign(
        &self,
        signature: &NotationSignature,
    ) -> Result<Option<(Vec<u8>, String)>, Failure> {
        let Some(address) = &self.asked.endpoints.timestamps else {
            return Ok(None);
        };
        let (hash, bytes) = (signature.hash(), signature.signature());
        let stamp = timestamp(&self.shared.client, address, hash, bytes).await?;
        let roots = &self.asked.timestamp_roots;
        let verified = Countersignature::verify(&stamp.token, bytes, roots).map_err(|error| {
            Failure::refused(
                format!("the answer of the timestamp authority at {address}: {error}"),
                "Give the root certificate of this authority (--timestamp-root-cert FILE)",
            )
        })?;
        let words = format!("timestamp {} of {}", verified.time, verified.authority);
        Ok(Some((stamp.token, words)))
    }

    fn root(&self) -> Result<&TrustRoot, Failure> {
        self.root.ok_or_else(|| {
            let what = "there is no trust root to judge the services' answers by";
            Failure::refused(what, "Give one (--trusted-root FILE)")
        })
    }
}

/// Signs on a thread that others do not wait for.
async fn in_background(key: Arc<SigningKey>, message: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let signed = tokio::task::spawn_blocking(move || {
        crash::at("making a signature");
        sign_like_cosign(&*key, &message)
    });
    let ended = |_| Failure::refused("signing was ended", "Try again");
    let signed = signed.await.map_err(ended)?;
    signed.map_err(|error| Failure::refused(error.to_string(), "Sign with another key"))
}
