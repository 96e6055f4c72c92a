//! An addition as it is written on the command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::{Annotations, text};

use super::request::{
    Addition, AdditionRequest, AttachedFile, IdentityFrom, LogUse, SignBy, SignFormat, Signing,
    SigningServices,
};

impl AdditionRequest {
    /// The command lines that do the same, in turn: signers that sign alike share one.
    /// `reaching` are options of them that say how the place is reached.
    pub fn command_lines(&self, reaching: &[String]) -> Vec<String> {
        let begin = |command: &str| self.begin(command, reaching);
        match &self.addition {
            Addition::Sign(signings) => {
                let alike = signings.chunk_by(is_alike);
                alike
                    .map(|signings| sign(begin("sign"), signings))
                    .collect()
            }
            Addition::Attest {
                signing,
                predicate,
                kind,
            } => {
                let mut words = begin("attach");
                words.option("--predicate", &predicate.display().to_string());
                words.option("--type", kind);
                words.by(&signing.by);
                words.format(signing.format);
                words.services(&signing.services);
                vec![words.end()]
            }
            Addition::Attach(attaching) => {
                let mut words = begin("attach");
                for file in &attaching.files {
                    words.word(&typed(file));
                }
                if let Some(kind) = &attaching.artifact_type {
                    words.option("--artifact-type", kind);
                }
                words.annotations(&attaching.annotations);
                vec![words.end()]
            }
            Addition::Remove(digest) => {
                let mut words = begin("attach");
                words.option("--remove", &digest.to_string());
                vec![words.end()]
            }
        }
    }

    fn begin(&self, command: &str, reaching: &[String]) -> Words {
        let mut words = Words(Vec::new());
        let reaching = reaching.iter().map(String::as_str);
        let all = ["porthole", command].into_iter().chain(reaching);
        for word in all.chain([&*self.reference]) {
            words.word(word);
        }
        if self.recursive {
            words.word("--recursive");
        }
        words
    }
}

/// One command line of signers that differ in their keys alone.
fn sign(mut words: Words, signings: &[Signing]) -> String {
    for signing in signings {
        words.by(&signing.by);
    }
    let Some(signing) = signings.first() else {
        return words.end();
    };
    words.format(signing.format);
    if let Some(chain) = &signing.chain {
        words.option("--cert-chain", &chain.display().to_string());
    }
    if let Some(expiry) = signing.expiry {
        words.option("--expiry", &time(expiry));
    }
    words.annotations(&signing.annotations);
    if let Some(name) = &signing.identity {
        words.option("--sign-container-identity", name);
    }
    if let Some(folder) = &signing.lookaside {
        words.option("--lookaside", &folder.display().to_string());
    }
    words.services(&signing.services);
    words.end()
}

/// Whether two sign alike but for their keys. A chain belongs to one key, and an identity
/// signs alone.
fn is_alike(one: &Signing, other: &Signing) -> bool {
    one.chain.is_none()
        && matches!((&one.by, &other.by), (SignBy::Key(_), SignBy::Key(_)))
        && Signing {
            by: one.by.clone(),
            ..other.clone()
        } == *one
}

/// As oras writes it.
fn typed(file: &AttachedFile) -> String {
    let path = file.path.display();
    match &file.media_type {
        Some(kind) => format!("{path}:{kind}"),
        None => path.to_string(),
    }
}

/// In the largest unit that is whole.
fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    for (unit, letter) in [(86_400, 'd'), (3600, 'h'), (60, 'm')] {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            return format!("{}{letter}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

struct Words(Vec<String>);

impl Words {
    fn word(&mut self, word: &str) {
        self.0.push(text::shell_word(word).into_owned());
    }

    fn option(&mut self, name: &str, value: &str) {
        self.word(name);
        self.word(value);
    }

    fn by(&mut self, by: &SignBy) {
        match by {
            SignBy::Key(key) => self.option("--key", key),
            SignBy::Identity(IdentityFrom::File(file)) => self.path("--identity-token", Some(file)),
            SignBy::Identity(IdentityFrom::Ambient) => self.word("--keyless"),
            SignBy::Identity(IdentityFrom::Browser) => {
                self.word("--keyless");
                self.word("--oidc-disable-ambient-providers");
            }
        }
    }

    fn path(&mut self, name: &str, path: Option<&PathBuf>) {
        if let Some(path) = path {
            self.option(name, &path.display().to_string());
        }
    }

    fn services(&mut self, services: &SigningServices) {
        let mut address = |name: &str, address: Option<&String>| {
            if let Some(address) = address {
                self.option(name, address);
            }
        };
        address("--oidc-issuer", services.issuer.as_ref());
        address("--oidc-client-id", services.client.as_ref());
        address("--fulcio-url", services.fulcio.as_ref());
        if let LogUse::At(log) = &services.log {
            address("--rekor-url", Some(log));
        }
        address("--timestamp-server-url", services.timestamp.as_ref());
        if services.log == LogUse::No {
            self.word("--no-log");
        }
        self.path("--timestamp-root-cert", services.timestamp_roots.as_ref());
        self.path("--signing-config", services.config.as_ref());
        self.path("--trusted-root", services.trust_root.as_ref());
    }

    fn annotations(&mut self, annotations: &Annotations) {
        for (key, value) in annotations {
            self.option("--annotation", &format!("{key}={value}"));
        }
    }

    fn format(&mut self, format: SignFormat) {
        let words: &[&str] = match format {
            SignFormat::Bundle => &[],
            SignFormat::Cosign => &["cosign"],
            SignFormat::NotationJws => &["notation"],
            SignFormat::NotationCose => &["notation", "--signature-format", "cose"],
            SignFormat::Simple => &["simple"],
        };
        if !words.is_empty() {
            self.word("--format");
        }
        for word in words {
            self.word(word);
        }
    }

    fn end(self) -> String {
        self.0.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Attaching;

    fn signing(key: &str, format: SignFormat) -> Signing {
        Signing {
            by: SignBy::Key(key.to_owned()),
            services: SigningServices::default(),
            chain: None,
            format,
            annotations: Annotations::new(),
            identity: None,
            expiry: None,
            lookaside: None,
        }
    }

    fn lines(recursive: bool, addition: Addition) -> Vec<String> {
        AdditionRequest {
            reference: "oci:/a b:1".to_owned(),
            recursive,
            addition,
        }
        .command_lines(&["--plain-http=a".to_owned()])
    }

    #[test]
    fn signers_that_sign_alike_share_a_line() {
        let mut cose = signing("third", SignFormat::NotationCose);
        cose.chain = Some("chain.pem".into());
        cose.expiry = Some(Duration::from_secs(30 * 86_400));
        let mut first = signing("first", SignFormat::Bundle);
        first
            .annotations
            .insert("build".to_owned(), "4 2".to_owned());
        let mut second = first.clone();
        second.by = SignBy::Key("second".to_owned());
        let found = lines(true, Addition::Sign(vec![first, second, cose]));
        assert_eq!(
            found,
            [
                "porthole sign --plain-http=a 'oci:/a b:1' --recursive --key first --key second --annotation 'build=4 2'",
                "porthole sign --plain-http=a 'oci:/a b:1' --recursive --key third --format notation --signature-format cose --cert-chain chain.pem --expiry 30d",
            ]
        );
    }

    #[test]
    fn an_identity_signs_alone_and_names_its_services() {
        let mut own = signing("", SignFormat::Bundle);
        own.by = SignBy::Identity(IdentityFrom::File("token".into()));
        own.services = SigningServices {
            config: Some("signing.json".into()),
            log: LogUse::No,
            timestamp: Some("https://tsa.example.com".to_owned()),
            issuer: Some("https://id.example.com".to_owned()),
            ..SigningServices::default()
        };
        let mut other = own.clone();
        other.by = SignBy::Identity(IdentityFrom::Browser);
        let found = lines(false, Addition::Sign(vec![own, other]));
        let services = "--oidc-issuer https://id.example.com --timestamp-server-url https://tsa.example.com --no-log --signing-config signing.json";
        assert_eq!(
            found,
            [
                format!(
                    "porthole sign --plain-http=a 'oci:/a b:1' --identity-token token {services}"
                ),
                format!(
                    "porthole sign --plain-http=a 'oci:/a b:1' --keyless --oidc-disable-ambient-providers {services}"
                ),
            ]
        );
    }

    #[test]
    fn files_attestations_and_removals_are_lines_of_attach() {
        let attaching = Attaching {
            files: vec![AttachedFile {
                path: "a.json".into(),
                media_type: Some("application/json".to_owned()),
            }],
            artifact_type: Some("application/x".to_owned()),
            annotations: Annotations::new(),
        };
        let found = lines(false, Addition::Attach(attaching));
        assert_eq!(
            found,
            [
                "porthole attach --plain-http=a 'oci:/a b:1' a.json:application/json --artifact-type application/x"
            ]
        );
        let attest = Addition::Attest {
            signing: Box::new(signing("k", SignFormat::Cosign)),
            predicate: "p.json".into(),
            kind: "slsaprovenance1".to_owned(),
        };
        let found = lines(false, attest);
        assert_eq!(
            found,
            [
                "porthole attach --plain-http=a 'oci:/a b:1' --predicate p.json --type slsaprovenance1 --key k --format cosign"
            ]
        );
        let digest = crate::model::Digest::sha256(b"x");
        let found = lines(false, Addition::Remove(digest.clone()));
        assert_eq!(
            found,
            [format!(
                "porthole attach --plain-http=a 'oci:/a b:1' --remove {digest}"
            )]
        );
    }
}
