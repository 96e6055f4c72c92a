//! What "trust this signer…" adds to the file: text that a person can read before it counts.

use super::super::report::SignerFacts;

/// The entry that makes `signer` one for `scope`, as text to be put at the end of a policy;
/// and what it means, in one sentence. `pem` is the key, for a signer by key. Nothing for
/// signers that a policy cannot name.
pub fn entry(
    name: &str,
    scope: &str,
    signer: &SignerFacts,
    pem: Option<&str>,
) -> Option<(String, String)> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let (how, who) = match signer {
        SignerFacts::Key { .. } => {
            let pem = pem?;
            (
                format!("key = {}\n", quoted(pem)),
                "whoever holds this key".to_owned(),
            )
        }
        SignerFacts::Identity { subject, issuer } => {
            let issuer = issuer.as_deref()?;
            (
                format!(
                    "identity = {}\nissuer = {}\n",
                    quoted(subject),
                    quoted(issuer)
                ),
                format!("{subject}, as long as {issuer} vouches for it and the log has it"),
            )
        }
        SignerFacts::Certificate { .. } | SignerFacts::OpenPgp { .. } => return None,
    };
    let text = format!(
        "\n[[rule]]\nscope = {}\nsigners = [{}]\n\n[[signer]]\nname = {}\n{how}",
        quoted(scope),
        quoted(name),
        quoted(name),
    );
    let meaning = format!("Every image of {scope} is accepted when it is signed by {who}.");
    Some((text, meaning))
}
