//! Choices that would do nothing are refused: whoever makes one wants something by it.

use crate::engine::Failure;

use super::request::{Addition, IdentityFrom, SignBy, SignFormat, Signing, SigningServices};
use super::target::Target;

/// Refuses what was chosen for a signer and would do nothing.
///
/// # Errors
/// The first such choice.
pub(super) fn refuse(
    addition: &Addition,
    signing: &Signing,
    target: &Target,
) -> Result<(), Failure> {
    let choices = [
        of_services(signing),
        of_format(addition, signing),
        of_place(signing, target.beside.is_some()),
    ];
    match choices.into_iter().flatten().next() {
        None => Ok(()),
        Some((what, hint)) => Err(Failure::refused(what, hint)),
    }
}

/// What is idle, and what to do.
type Idle = (String, &'static str);

fn of_services(signing: &Signing) -> Option<Idle> {
    let SigningServices {
        issuer,
        client,
        fulcio,
        config,
        trust_root,
        ..
    } = &signing.services;
    match &signing.by {
        SignBy::Key(_) if issuer.is_some() || client.is_some() || fulcio.is_some() => Some((
            "an issuer and who certifies identities are for identities, and a key signs".to_owned(),
            "Leave them out (--oidc-issuer, --oidc-client-id, --fulcio-url), or sign with an \
             identity",
        )),
        SignBy::Identity(from @ (IdentityFrom::File(_) | IdentityFrom::Ambient))
            if issuer.is_some() =>
        {
            let proof = match from {
                IdentityFrom::File(_) => "a token in a file",
                _ => "the CI that this runs in",
            };
            Some((
                format!(
                    "an issuer is where somebody signs in, and {proof} proves the identity already"
                ),
                "Leave the issuer out (--oidc-issuer), or sign in in the browser (--keyless \
                 --oidc-disable-ambient-providers)",
            ))
        }
        _ if !signing.format.is_sigstore() && (config.is_some() || trust_root.is_some()) => Some((
            format!(
                "a signing config and a trust root say nothing about a {}",
                signing.format
            ),
            "Leave them out (--signing-config, --trusted-root): they are for Sigstore’s signatures",
        )),
        _ => None,
    }
}

fn of_format(addition: &Addition, signing: &Signing) -> Option<Idle> {
    let format = signing.format;
    let is_signature = matches!(addition, Addition::Sign(_));
    let names_image = matches!(format, SignFormat::Cosign | SignFormat::Simple);
    if signing.identity.is_some() && is_signature && !names_image {
        return Some((
            format!("a {format} does not name the image"),
            "Leave the name out (--sign-container-identity), or sign as cosign’s older form or \
             OpenPGP does",
        ));
    }
    if signing.chain.is_some() && !format.is_notation() {
        return Some((
            format!("a {format} has no chain of certificates"),
            "Leave the certificates out (--cert-chain), or sign for Notation",
        ));
    }
    None
}

fn of_place(signing: &Signing, beside: bool) -> Option<Idle> {
    signing.lookaside.as_ref()?;
    if signing.format != SignFormat::Simple {
        return Some((
            format!("a {} is in no lookaside", signing.format),
            "Leave the folder out (--lookaside), or make a simple signature",
        ));
    }
    beside.then(|| {
        (
            "signatures of this image lie in its own folder".to_owned(),
            "Leave the folder out (--lookaside)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(by: SignBy, format: SignFormat) -> Signing {
        Signing {
            by,
            services: SigningServices::default(),
            chain: None,
            format,
            annotations: Default::default(),
            identity: None,
            expiry: None,
            lookaside: None,
        }
    }

    fn idle(signing: Signing, beside: bool) -> Option<String> {
        let addition = Addition::Sign(vec![signing.clone()]);
        let all = [
            of_services(&signing),
            of_format(&addition, &signing),
            of_place(&signing, beside),
        ];
        all.into_iter().flatten().next().map(|(what, _)| what)
    }

    #[test]
    fn every_choice_that_would_do_nothing_is_told_and_no_other() {
        use SignFormat::{Bundle, Cosign, NotationCose, NotationJws, Simple};
        let all = [Bundle, Cosign, NotationJws, NotationCose, Simple];
        let key = || SignBy::Key("release".to_owned());
        let token = || SignBy::Identity(IdentityFrom::File("token".into()));
        let ambient = || SignBy::Identity(IdentityFrom::Ambient);
        let browser = || SignBy::Identity(IdentityFrom::Browser);
        // a choice, and the formats that have a use for it
        type Choice = fn(&mut Signing);
        let choices: [(Choice, &[SignFormat]); 5] = [
            (
                |s| s.identity = Some("r.example.com/a:1".to_owned()),
                &[Cosign, Simple],
            ),
            (
                |s| s.chain = Some("chain.pem".into()),
                &[NotationJws, NotationCose],
            ),
            (|s| s.lookaside = Some("/srv".into()), &[Simple]),
            (
                |s| s.services.config = Some("c.json".into()),
                &[Bundle, Cosign],
            ),
            (
                |s| s.services.trust_root = Some("r.json".into()),
                &[Bundle, Cosign],
            ),
        ];
        for format in all {
            assert_eq!(idle(by(key(), format), false), None, "{format}");
            for (number, (choice, used)) in choices.iter().enumerate() {
                let mut signing = by(key(), format);
                choice(&mut signing);
                let told = idle(signing, false).is_some();
                assert_eq!(told, !used.contains(&format), "{format}, {number}");
            }
        }
        // in its own folder
        let mut simple = by(key(), Simple);
        simple.lookaside = Some("/srv".into());
        assert!(idle(simple, true).is_some());
        // who signs in, and who has signed in already
        let named: [(Choice, [bool; 4]); 3] = [
            (
                |s| s.services.issuer = Some("https://i".to_owned()),
                [true, true, true, false],
            ),
            (
                |s| s.services.client = Some("me".to_owned()),
                [true, false, false, false],
            ),
            (
                |s| s.services.fulcio = Some("https://f".to_owned()),
                [true, false, false, false],
            ),
        ];
        for (choice, told) in named {
            for (who, told) in [key(), token(), ambient(), browser()].into_iter().zip(told) {
                let mut signing = by(who.clone(), Bundle);
                choice(&mut signing);
                assert_eq!(idle(signing, false).is_some(), told, "{who:?}");
            }
        }
    }
}
