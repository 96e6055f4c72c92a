//! Who signed, by the certificate: an identity of Sigstore, or one of somebody's own
//! authorities.

use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::DerCertificate;

use crate::model::Digest;
use crate::signature::report::SignerFacts;
use crate::signature::trust::{SignedBy, Signer};
use crate::signature::{Check, CheckKind};

use super::verify::Judging;
use super::{Pattern, PublicKey, identity, library};

impl Judging<'_> {
    pub(super) fn by_certificate(&mut self, leaf: &[u8]) {
        let info = match parse_certificate_info(&DerCertificate::from_bytes(leaf)) {
            Ok(info) => info,
            Err(error) => {
                self.checks.push(Check::failed(
                    CheckKind::Certificate,
                    format!("the certificate cannot be read: {error}"),
                ));
                return;
            }
        };
        let key = PublicKey::from_der(info.public_key.as_bytes());
        let made = key.as_ref().ok();
        let made = made.and_then(|key| Some((key, self.fits(key)?)));
        let Some((key, (scheme, signature))) = made else {
            self.checks.push(Check::failed(
                CheckKind::Signature,
                "the signature does not fit the bytes and the certificate's key",
            ));
            return;
        };
        let signature = signature.to_vec();
        self.checks.push(Check::passed(
            CheckKind::Signature,
            format!("payload and signature agree, {scheme}"),
        ));
        let names = identity::identities(leaf);
        let issuer = info.issuer.clone();
        if self.by_own_authorities(leaf, key, names.as_deref()) {
            return;
        }
        let rules: Vec<(&Signer, &super::IdentityRule)> = self
            .trust
            .signers
            .iter()
            .filter_map(|signer| match &signer.by {
                SignedBy::Identity(rule) => Some((signer, rule)),
                _ => None,
            })
            .collect();
        let own = self
            .trust
            .signers
            .iter()
            .any(|s| matches!(s.by, SignedBy::Authorities(_)));
        if rules.is_empty() && own {
            return;
        }
        let Some(root) = &self.trust.root else {
            self.checks.push(Check::failed(
                CheckKind::Certificate,
                "no trust root was given to judge it by",
            ));
            return;
        };
        // who asks for an entry is asked again, once it is known who signed
        let log = rules.iter().all(|(signer, _)| signer.log);
        let proof = if library::knows(&self.parts.bundle, scheme) {
            self.proof(|bundle, signed| library::by_certificate(root, bundle, signed, log))
                .map(|proof| proof.with_entries(&self.parts.bundle))
        } else {
            Ok(self.own_proof(root, key, &signature, Some(leaf), log))
        };
        let proven = self.take(proof);
        let identity = match names.as_deref() {
            Some([one]) => one.clone(),
            other => {
                let found = other.map_or_else(|| "unreadable".to_owned(), |names| names.join(", "));
                let check = Check::failed(
                    CheckKind::Identity,
                    "the certificate does not name exactly one signer",
                );
                self.checks.push(check.compared("one name", found));
                return;
            }
        };
        if proven {
            self.signer = Some(SignerFacts::Identity {
                subject: identity.clone(),
                issuer: issuer.clone(),
            });
        }
        self.identity(
            &rules,
            &identity,
            issuer.as_deref().unwrap_or("none"),
            proven,
        );
    }

    /// Whether the key of the certificate, where there is one, made the signature in a way
    /// that containers/image knows ([`PublicKey::as_containers`]).
    pub(super) fn is_as_containers_signs(&self) -> bool {
        let leaf = self.parts.certificates.first();
        let info = leaf.and_then(|leaf| {
            parse_certificate_info(&DerCertificate::from_bytes(leaf.as_slice())).ok()
        });
        let key = info.and_then(|info| PublicKey::from_der(info.public_key.as_bytes()).ok());
        key.is_none_or(|key| self.fits(&key.as_containers()).is_some())
    }

    /// Compares who signed with whom the policy names.
    fn identity(
        &mut self,
        rules: &[(&Signer, &super::IdentityRule)],
        identity: &str,
        issuer: &str,
        proven: bool,
    ) {
        if rules.is_empty() {
            for (kind, found) in [(CheckKind::Identity, identity), (CheckKind::Issuer, issuer)] {
                self.checks
                    .push(Check::not_checked(kind, "nobody is named here").found(found));
            }
            return;
        }
        let fitting: Vec<_> = rules
            .iter()
            .filter(|(_, rule)| rule.identity.matches(identity))
            .collect();
        let by: Vec<&Signer> = fitting
            .iter()
            .filter(|(_, rule)| rule.issuer.matches(issuer))
            .map(|(signer, _)| *signer)
            .collect();
        if fitting.is_empty() {
            let expected = rules.iter().map(|(_, rule)| rule.identity.to_string());
            let expected = one_of(&expected.collect::<Vec<_>>());
            self.checks.push(
                Check::failed(CheckKind::Identity, "somebody else signed")
                    .compared(expected, identity),
            );
            let issuers = rules.iter().any(|(_, rule)| rule.issuer.matches(issuer));
            self.checks.push(if issuers {
                Check::passed(CheckKind::Issuer, issuer)
            } else {
                Check::not_checked(CheckKind::Issuer, "the identity is another already")
                    .found(issuer)
            });
            return;
        }
        self.checks
            .push(Check::passed(CheckKind::Identity, identity));
        if by.is_empty() {
            let expected = fitting.iter().map(|(_, rule)| rule.issuer.to_string());
            let expected = one_of(&expected.collect::<Vec<_>>());
            self.checks.push(
                Check::failed(CheckKind::Issuer, "somebody else vouched for the identity")
                    .compared(expected, issuer),
            );
            return;
        }
        self.checks.push(Check::passed(CheckKind::Issuer, issuer));
        // entries that are there were verified; that another signer needs none is no reason
        let has_entry = self.parts.has_entry;
        let accepted = by.iter().filter(|signer| !signer.log || has_entry);
        let accepted: Vec<_> = accepted.map(|signer| signer.name.clone()).collect();
        if accepted.is_empty() {
            self.checks.push(Check::failed(
                CheckKind::LogInclusion,
                "a log entry is asked for, and there is none",
            ));
        } else if proven {
            self.accepts.extend(accepted);
        }
    }

    /// Certificates of authorities that the policy names itself. Gives whether one of them
    /// stands for the certificate.
    fn by_own_authorities(
        &mut self,
        leaf: &[u8],
        key: &PublicKey,
        names: Option<&[String]>,
    ) -> bool {
        let now = jiff::Timestamp::now().as_second();
        let now = u64::try_from(now).unwrap_or_default();
        let chain = self.parts.certificates.get(1..).unwrap_or_default();
        let named = names.unwrap_or_default().join(", ");
        let mut failed = None;
        let mut led: Vec<&str> = Vec::new();
        let mut accepted = None;
        let mut wanted = Vec::new();
        for signer in &self.trust.signers {
            let SignedBy::Authorities(authorities) = &signer.by else {
                continue;
            };
            if let Err(why) = authorities.check(leaf, chain, now) {
                failed = Some(
                    Check::failed(
                        CheckKind::Certificate,
                        format!("it leads to no root: {why}"),
                    )
                    .compared(&signer.name, "another authority"),
                );
                continue;
            }
            led.push(&signer.name);
            let has = |pattern: &Pattern| {
                let mut names = names.unwrap_or_default().iter();
                names.any(|name| pattern.matches(name))
            };
            let fits = authorities.identity.as_ref().is_none_or(has);
            if fits && authorities.is_for_host(leaf) {
                let anybody = authorities.identity.is_none() && authorities.host.is_none();
                accepted.get_or_insert(match anybody {
                    true => {
                        Check::not_checked(CheckKind::Identity, "nobody is named").found(&named)
                    }
                    false => Check::passed(CheckKind::Identity, &named),
                });
                self.accepts.push(signer.name.clone());
            } else {
                let identity = authorities.identity.as_ref().map(ToString::to_string);
                let both = identity.into_iter().chain(authorities.host.clone());
                wanted.push(both.collect::<Vec<_>>().join(" and "));
            }
        }
        if !led.is_empty() {
            self.checks.push(Check::passed(
                CheckKind::Certificate,
                format!("leads to a root of {}", led.join(", ")),
            ));
            self.checks
                .push(Check::passed(CheckKind::Validity, "valid today"));
            self.signer = Some(SignerFacts::Certificate {
                subject: named.clone(),
                fingerprint: Digest::sha256(leaf).hex().to_owned(),
                key: key.fingerprint(),
            });
            self.checks.push(accepted.unwrap_or_else(|| {
                Check::failed(CheckKind::Identity, "somebody else signed")
                    .compared(one_of(&wanted), named)
            }));
            return true;
        }
        let rules = self
            .trust
            .signers
            .iter()
            .any(|s| matches!(s.by, SignedBy::Identity(_)));
        if !rules {
            self.checks.extend(failed);
        }
        false
    }
}

/// What is expected, where any of `texts` would do.
fn one_of(texts: &[String]) -> String {
    match texts {
        [one] => one.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}
