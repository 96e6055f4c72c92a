//! The trust policy while the engine runs: changed, judged by, and told not to judge.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use porthole::engine::{
    Chore, Command, EngineConfig, ImageSnapshot, NodePath, Outcome, Remote, TrustConfig, TrustFile,
};
use porthole::signature::policy::{
    Level, PolicyEdit, RuleEntry, SignerEntry, Way, name_of, proposal,
};
use porthole::signature::{SubjectReport, Verdict};

use crate::support::watch::{Watch, config};

const SIGNING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signing");

fn image() -> String {
    format!("dir:{SIGNING}/containers-image/dir-img-cosign-fulcio-rekor-valid")
}

fn start(policy: PathBuf) -> Watch {
    Watch::start_with(EngineConfig {
        trust: TrustConfig {
            policy: Some(policy),
            automatic: true,
            // Sigstore's root as it comes with the program
            offline: true,
            ..TrustConfig::default()
        },
        ..config()
    })
}

fn report(snapshot: &ImageSnapshot) -> Option<Arc<SubjectReport>> {
    snapshot.signatures(&NodePath::root()).value().cloned()
}

fn outcome(watch: &Watch, chore: Chore) -> Outcome {
    watch.engine.send(Command::Chore(chore));
    watch.wait(|| watch.engine.take_outcomes().into_iter().next())
}

fn edit(watch: &Watch, edit: PolicyEdit) -> Outcome {
    outcome(watch, Chore::EditTrust(edit))
}

fn listed(watch: &Watch) -> Arc<TrustFile> {
    match outcome(watch, Chore::ListTrust) {
        Outcome::TrustListed(file) => file,
        other => panic!("{other:?}"),
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn who_is_trusted_from_now_on_changes_the_verdict_on_what_is_open() {
    let folder = tempfile::tempdir().unwrap();
    // neither the file nor its folder is there yet
    let file = folder.path().join("porthole/trust.toml");
    let watch = start(file.clone());
    let image = watch.open(&image());
    // by itself, and not judged: nobody is named
    let open = watch.until(image, |snapshot| report(snapshot).is_some());
    let before = report(&open).unwrap();
    let Verdict::NotJudged { why } = &before.verdict else {
        panic!("{:?}", before.verdict);
    };
    assert!(why.contains("mitr@redhat.com"), "{why}");
    assert_eq!(before.policy, None);
    assert!(!file.exists(), "to look writes nothing");

    let signer = &before.signatures[0].authenticated.as_ref().unwrap().signer;
    let scope = name_of(open.reference.as_ref().unwrap());
    let (change, shown, meaning) = proposal("mitr", &scope, signer, None).unwrap();
    assert!(meaning.contains("mitr@redhat.com") && meaning.contains(&scope));
    assert!(shown.contains("identity = \"mitr@redhat.com\""), "{shown}");
    assert_eq!(
        edit(&watch, change),
        Outcome::TrustSaved { path: file.clone() }
    );
    assert!(
        text(&file).contains(&shown),
        "what was shown is what is written"
    );

    watch.engine.send(Command::JudgeAgain);
    let after = watch.until(image, |snapshot| {
        report(snapshot).is_some_and(|report| report.verdict.is_accepted())
    });
    let after = report(&after).unwrap();
    assert_eq!(
        after.verdict,
        Verdict::Accepted {
            by: vec!["mitr".to_owned()]
        }
    );

    // and taken out again it is not accepted any more
    edit(&watch, PolicyEdit::RemoveRule { scope });
    watch.engine.send(Command::JudgeAgain);
    watch.until(image, |snapshot| {
        report(snapshot).is_some_and(|r| matches!(r.verdict, Verdict::NotJudged { .. }))
    });
}

#[test]
fn changes_of_the_policy_are_listed_and_those_that_break_it_are_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trust.toml");
    std::fs::copy(
        format!("{SIGNING}/keys/cosign.pub"),
        folder.path().join("c.pub"),
    )
    .unwrap();
    let watch = start(file.clone());
    let empty = listed(&watch);
    assert_eq!((&empty.path, empty.entries.rules.len()), (&file, 0));
    assert!(empty.problem.is_none() && empty.entries.automatic);

    let signer = |path: &str| SignerEntry {
        name: "release".to_owned(),
        way: Way::KeyFile(path.to_owned()),
    };
    let put = |path: &str| PolicyEdit::PutSigner {
        before: None,
        signer: signer(path),
    };
    // a key that is not there breaks the policy: nothing is written
    let Outcome::TrustFailed(failure) = edit(&watch, put("missing.pub")) else {
        panic!("it was written");
    };
    assert!(
        failure.headline.contains("missing.pub"),
        "{}",
        failure.headline
    );
    assert!(!file.exists());
    // a relative path is one from the policy's folder
    edit(&watch, put("c.pub"));
    let rule = RuleEntry {
        scope: "registry.example.com/**".to_owned(),
        signers: vec!["release".to_owned()],
        at_least: 1,
        attestations: Vec::new(),
        level: Level::Both,
    };
    let put = |before: Option<&str>, rule: &RuleEntry| PolicyEdit::PutRule {
        before: before.map(ToOwned::to_owned),
        rule: rule.clone(),
    };
    edit(&watch, put(None, &rule));
    let full = listed(&watch);
    assert_eq!(full.entries.rules, std::slice::from_ref(&rule));
    assert_eq!(full.entries.signers, [signer("c.pub")]);

    let before = text(&file);
    let scopeless = RuleEntry {
        scope: "a*b".to_owned(),
        ..rule.clone()
    };
    for broken in [
        put(None, &rule),
        put(Some(&rule.scope), &scopeless),
        PolicyEdit::RemoveSigner {
            name: "release".to_owned(),
        },
        PolicyEdit::RemoveRule {
            scope: "not/there".to_owned(),
        },
    ] {
        let ended = edit(&watch, broken.clone());
        assert!(
            matches!(ended, Outcome::TrustFailed(_)),
            "{broken:?}: {ended:?}"
        );
        assert_eq!(text(&file), before);
    }

    // a policy of somebody else is judged by and left alone
    std::fs::write(&file, r#"{"default":[{"type":"reject"}]}"#).unwrap();
    assert!(matches!(
        edit(&watch, put(None, &rule)),
        Outcome::TrustFailed(_)
    ));
    assert!(text(&file).starts_with('{'));
    let problem = listed(&watch).problem.clone().unwrap();
    assert!(
        problem.headline.contains("another program"),
        "{}",
        problem.headline
    );
}

#[test]
fn a_policy_can_say_that_nothing_is_verified_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trust.toml");
    std::fs::write(&file, "version = 1\nautomatic = false\n").unwrap();
    let watch = start(file);
    let (image, open) = watch.open_and_settle(&image());
    assert!(open.by_hand);
    assert!(matches!(
        open.signatures(&NodePath::root()),
        Remote::NotAsked
    ));
    assert!(open.referrers.is_empty(), "nobody looked for signatures");
    // somebody asks
    let manifest = NodePath::root();
    watch.engine.send(Command::Verify { image, manifest });
    watch.until(image, |snapshot| report(snapshot).is_some());

    // turned on, what is opened is verified
    edit(&watch, PolicyEdit::Automatic(true));
    let other = watch.open(&self::image());
    let open = watch.until(other, |snapshot| report(snapshot).is_some());
    assert!(!open.by_hand);
}
