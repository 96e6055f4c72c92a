//! What "trust this signer…" means: shown to a person before it counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::found::Found;
use super::super::notation::{Envelope, Statement};
use super::super::report::SignerFacts;
use super::edit::{NEW_POLICY, PolicyEdit, SignerEntry, Way, edited};

/// The change that makes `signer` one for `scope`, under `name`; what it writes, as it looks
/// in a policy that has nothing of it yet; and what it means, in one sentence. `pem` is the
/// key, for a signer by key. Nothing for signers that a policy cannot name.
pub fn proposal(
    name: &str,
    scope: &str,
    signer: &SignerFacts,
    pem: Option<&str>,
) -> Option<(PolicyEdit, String, String)> {
    let (way, who) = match signer {
        SignerFacts::Key { .. } => {
            let way = Way::Key(pem?.to_owned());
            (way, "whoever holds this key".to_owned())
        }
        SignerFacts::Identity { subject, issuer } => {
            let issuer = issuer.as_deref()?;
            let way = Way::Identity {
                identity: subject.clone(),
                issuer: issuer.to_owned(),
            };
            (
                way,
                format!("{subject}, as long as {issuer} vouches for it and the log has it"),
            )
        }
        SignerFacts::Certificate { .. } | SignerFacts::OpenPgp { .. } => return None,
    };
    proposed(name, scope, way, &who)
}

/// The same for whoever made a Notation signature: the subject of its certificate, under the
/// root that it came with.
pub fn proposal_of_notation(scope: &str, found: &Found) -> Option<(PolicyEdit, String, String)> {
    let media_type = found.raw.media_type().as_str();
    let envelope = Envelope::read(media_type, found.raw.bytes()).ok()?;
    let (leaf, root) = (envelope.chain.first()?, envelope.chain.last()?);
    let body = STANDARD.encode(root.der());
    let lines: Vec<_> = body
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    let certificates = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    );
    let subject = format!("x509.subject: {}", leaf.subject);
    // a subject that lacks what Notation asks of one cannot be named
    let statement = serde_json::json!({
        "name": "x",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:x"],
        "trustedIdentities": [subject],
    });
    let (identity, who) = match Statement::from_json(statement) {
        Ok(_) => {
            let who = format!("{} with a certificate that leads to the root", leaf.subject);
            (subject, who)
        }
        Err(_) => {
            let who = "anybody whose certificate leads to the root".to_owned();
            ("*".to_owned(), who)
        }
    };
    let fingerprint = root.fingerprint();
    let who = format!("{who} {}, {fingerprint}", root.subject);
    let name = format!("{}, for {scope}", leaf.subject);
    let way = Way::Notation {
        certificates,
        identities: vec![identity],
    };
    proposed(&name, scope, way, &who)
}

fn proposed(name: &str, scope: &str, way: Way, who: &str) -> Option<(PolicyEdit, String, String)> {
    let edit = PolicyEdit::Trust {
        scope: scope.to_owned(),
        signer: SignerEntry {
            name: name.to_owned(),
            way,
        },
    };
    let text = edited(NEW_POLICY, &edit).ok()?;
    let text = text.strip_prefix(NEW_POLICY)?.trim().to_owned();
    let meaning = format!("Every image of {scope} is accepted when it is signed by {who}.");
    Some((edit, text, meaning))
}
