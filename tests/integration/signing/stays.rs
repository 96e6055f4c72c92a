//! An addition that fails halfway, is stopped or is tried again: what stays of it is said, and
//! nothing of an earlier try is written along.

use porthole::engine::{Command, FailureKind, IdentityFrom, LogUse, SignFormat, Signing};

use super::Home;
use super::archive::{archive, beside, referrers};
use super::driven::{Driven, by_identity, by_key, config, request};
use super::place::layout;
use super::services::services;
use crate::support::sigstore::{Fault, Sigstore, claims, token};

/// A key that signs with a log, and a timestamp where `stamped`.
fn logged(home: &Home, services: &Sigstore, stamped: bool) -> Signing {
    let mut signing = by_key("ec", SignFormat::Bundle);
    signing.services.log = LogUse::At(services.rekor.clone());
    signing.services.timestamp = stamped.then(|| services.tsa.clone());
    signing.services.trust_root = Some(home.path("root.json"));
    signing
}

#[test]
fn what_is_tried_again_is_written_once_and_beside_what_others_wrote_meanwhile() {
    let home = Home::new();
    let services = services(&home);
    let reference = archive(&home);
    home.key("ec", "p256");
    let signings = vec![
        by_key("ec", SignFormat::Bundle),
        logged(&home, &services, false),
    ];
    let (driven, _) = Driven::planned(config(&home), request(&reference, signings));
    services.fault(Fault::LogRefuses);
    let failure = driven.add().unwrap_err();
    assert!(failure.headline.starts_with("signing for"), "{failure}");
    let nothing = "Nothing was written beside the image";
    assert_eq!(failure.details, [nothing]);
    assert_eq!(referrers(&home, &reference), Vec::<String>::new());
    assert_eq!(beside(&home), Vec::<String>::new());
    // somebody else does
    std::fs::write(home.path("note.txt"), "a note").unwrap();
    let attach = [
        "attach",
        &reference,
        "note.txt",
        "--artifact-type",
        "a/note",
    ];
    home.run(&attach);
    services.fault(Fault::None);
    let report = driven.add().unwrap();
    assert_eq!(report.written.len(), 2);
    let mut types = referrers(&home, &reference);
    types.retain(|kind| kind != "a/note");
    assert_eq!(types.len(), 2, "one for each signer: {types:?}");
    assert_eq!(referrers(&home, &reference).len(), 3);
}

#[test]
fn every_entry_that_stays_in_a_log_is_named_whatever_fails_after_it() {
    let home = Home::new();
    let services = services(&home);
    home.key("ec", "p256");
    services.fault(Fault::TimestampsRefuse);
    let places = [archive(&home), layout(&home.path("other"))];
    for (number, reference) in places.iter().enumerate() {
        let signings = vec![
            logged(&home, &services, false),
            logged(&home, &services, true),
        ];
        let (driven, _) = Driven::planned(config(&home), request(reference, signings));
        let failure = driven.add().unwrap_err();
        assert!(failure.headline.contains("not today"), "{failure}");
        assert_eq!(services.entries(), number + 1);
        let says = |words: &str| failure.details.iter().any(|line| line.contains(words));
        assert!(says("a log forgets nothing"), "{:?}", failure.details);
        // the archive is as it was, and the layout has the first of the two
        let is_archive = number == 0;
        assert_eq!(
            says("Nothing was written"),
            is_archive,
            "{:?}",
            failure.details
        );
        assert_eq!(
            says("Stays: Sigstore bundle"),
            !is_archive,
            "{:?}",
            failure.details
        );
    }
}

#[test]
fn what_stays_of_one_that_is_stopped_is_said() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    home.key("ec", "p256");
    let signings = vec![logged(&home, &services, false)];
    let (driven, _) = Driven::planned(config(&home), request(&reference, signings));
    services.fault(Fault::SilentLog);
    let job = driven.begin();
    // the log has what it was sent, and says nothing
    driven
        .watch
        .wait(|| (services.questions() > 0).then_some(()));
    driven.watch.engine.send(Command::Cancel { job });
    let failure = driven.end().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Cancelled);
    let [line] = failure.details.as_slice() else {
        panic!("{:?}", failure.details);
    };
    assert!(line.starts_with("An entry may be in"), "{line}");
    assert!(line.contains(&services.rekor), "{line}");
}

#[test]
fn the_identity_that_was_shown_is_the_one_that_signs() {
    let home = Home::new();
    let services = services(&home);
    let reference = layout(&home.path("layout"));
    let from = IdentityFrom::File(home.path("token"));
    let signing = by_identity(&home, from, SignFormat::Bundle);
    let (driven, plan) = Driven::planned(config(&home), request(&reference, vec![signing]));
    let shown = plan.keys[0].facts.as_deref().unwrap_or_default();
    assert!(shown.starts_with("release@example.com"), "{shown}");
    let first = std::fs::read_to_string(home.path("token")).unwrap();
    // another token lies there when it is signed
    let mut other = claims(&services.issuer);
    other["email"] = "somebody.else@example.com".into();
    let other = token(&other);
    std::fs::write(home.path("token"), &other).unwrap();
    let report = driven.add().unwrap();
    let checked = &report.written[0].checked;
    assert!(checked.contains("release@example.com"), "{checked}");
    assert!(services.saw(&first) && !services.saw(&other));
}
