//! The trust policy while the engine runs: changed, judged by, and told not to judge.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use porthole::config::{LookasideFiles, Network};
use porthole::engine::{
    Chore, Command, EngineConfig, ImageSnapshot, NodePath, Outcome, Remote, TrustChange,
    TrustConfig, TrustFile, TrustPreview,
};
use porthole::signature::policy::{
    Entries, Level, PolicyEdit, RuleEntry, SignerEntry, Way, name_of, proposal,
};
use porthole::signature::{SubjectReport, Verdict};
use tokio::sync::Semaphore;

use crate::support::registry::{Fault, Registry};
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
            ..TrustConfig::default()
        },
        network: Network {
            // Sigstore's root as it comes with the program
            offline: true,
            ..config().network
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

fn previewed(watch: &Watch, change: TrustChange) -> Arc<TrustPreview> {
    match outcome(watch, Chore::PreviewTrust(change)) {
        Outcome::TrustPreviewed(preview) => preview,
        other => panic!("{other:?}"),
    }
}

fn listed(watch: &Watch) -> Arc<TrustFile> {
    match outcome(watch, Chore::ListTrust) {
        Outcome::TrustListed(file) => file,
        other => panic!("{other:?}"),
    }
}

fn entries(watch: &Watch) -> Entries {
    listed(watch).entries.clone().unwrap()
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
    let change = TrustChange::Trust(proposal("mitr", &scope, signer, None).unwrap());
    let preview = previewed(&watch, change);
    let (shown, meaning) = (&preview.preview.written, &preview.preview.meaning);
    assert!(meaning.contains("mitr@redhat.com") && meaning.contains(&scope));
    assert!(shown.contains("identity = \"mitr@redhat.com\""), "{shown}");
    assert!(!file.exists(), "to show writes nothing");
    assert_eq!(
        outcome(&watch, Chore::WriteTrust(Arc::clone(&preview))),
        Outcome::TrustSaved { path: file.clone() }
    );
    assert!(
        text(&file).contains(shown),
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
    let none = empty.entries.as_ref().unwrap();
    assert_eq!((&empty.path, none.rules.len()), (&file, 0));
    assert!(empty.problem.is_none() && none.automatic);

    let signer = |path: &str| SignerEntry {
        name: "release".to_owned(),
        way: Way::KeyFile(path.to_owned()),
    };
    let put = |path: &str| PolicyEdit::PutSigner {
        before: None,
        signer: signer(path),
    };
    // a key that is not there breaks the policy: nothing is written
    let Outcome::TrustFailed { failure, .. } = edit(&watch, put("missing.pub")) else {
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
    let full = entries(&watch);
    assert_eq!(full.rules, std::slice::from_ref(&rule));
    assert_eq!(full.signers, [signer("c.pub")]);

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
            matches!(ended, Outcome::TrustFailed { .. }),
            "{broken:?}: {ended:?}"
        );
        assert_eq!(text(&file), before);
    }

    // a policy of somebody else is judged by and left alone
    std::fs::write(&file, r#"{"default":[{"type":"reject"}]}"#).unwrap();
    assert!(matches!(
        edit(&watch, put(None, &rule)),
        Outcome::TrustFailed { .. }
    ));
    assert!(text(&file).starts_with('{'));
    // what it asks for is not listed as if it asked for nothing
    let of_others = listed(&watch);
    assert_eq!(of_others.entries, None);
    let problem = of_others.problem.clone().unwrap();
    assert!(
        problem.headline.contains("another program"),
        "{}",
        problem.headline
    );
}

#[test]
fn a_policy_that_cannot_be_read_is_listed_as_such_and_not_as_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trust.toml");
    std::fs::create_dir(&file).unwrap();
    let watch = start(file);
    let unreadable = listed(&watch);
    assert_eq!(unreadable.entries, None);
    assert!(unreadable.problem.is_some());
}

/// A signer by the key in `c.pub`, called `name`.
fn by_key(name: &str) -> SignerEntry {
    SignerEntry {
        name: name.to_owned(),
        way: Way::KeyFile("c.pub".to_owned()),
    }
}

/// Each change begins with what the one before it wrote.
#[test]
fn changes_that_are_made_at_once_are_all_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trust.toml");
    let key = format!("{SIGNING}/keys/cosign.pub");
    std::fs::copy(key, folder.path().join("c.pub")).unwrap();
    let watch = start(file);
    let names: Vec<_> = (0..24)
        .map(|number| format!("signer-{number:02}"))
        .collect();
    for name in &names {
        let edit = PolicyEdit::PutSigner {
            before: None,
            signer: by_key(name),
        };
        watch.engine.send(Command::Chore(Chore::EditTrust(edit)));
    }
    let mut outcomes = Vec::new();
    while outcomes.len() < names.len() {
        let more = || {
            let more = watch.engine.take_outcomes();
            (!more.is_empty()).then_some(more)
        };
        outcomes.extend(watch.wait(more));
    }
    for outcome in &outcomes {
        assert!(matches!(outcome, Outcome::TrustSaved { .. }), "{outcome:?}");
    }
    let mut written: Vec<_> = entries(&watch)
        .signers
        .into_iter()
        .map(|s| s.name)
        .collect();
    written.sort();
    assert_eq!(written, names);
}

/// Who keeps the policy elsewhere, for itself alone, finds it there as before.
#[cfg(unix)]
#[test]
fn a_policy_behind_a_link_stays_where_it_is_and_whose_it_is() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (kept, file) = (folder.path().join("kept"), folder.path().join("trust.toml"));
    std::fs::create_dir(&kept).unwrap();
    let place = kept.join("mine.toml");
    std::fs::write(&place, "# mine\nversion = 1\n").unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("kept/mine.toml", &file).unwrap();
    let watch = start(file.clone());
    let saved = Outcome::TrustSaved { path: file.clone() };
    assert_eq!(edit(&watch, PolicyEdit::Automatic(false)), saved);
    assert!(file.is_symlink(), "the link is gone");
    assert_eq!(text(&place), "# mine\nversion = 1\nautomatic = false\n");
    let mode = std::fs::metadata(&place).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 1);
    // a link that leads nowhere is no file that could be written in its place
    std::fs::remove_file(&place).unwrap();
    let refused = edit(&watch, PolicyEdit::Automatic(false));
    assert!(
        matches!(refused, Outcome::TrustFailed { .. }),
        "{refused:?}"
    );
    assert!(file.is_symlink());
}

/// Signatures were looked for by one policy when another was written: what the first one
/// says is never shown.
#[test]
fn a_verdict_by_a_policy_that_was_changed_meanwhile_counts_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trust.toml");
    let key = format!("{SIGNING}/keys/cosign.pub");
    std::fs::copy(key, folder.path().join("c.pub")).unwrap();
    let registry = Registry::start();
    let layout = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/images/busybox-small"
    );
    registry.put_layout("app", layout);
    let aside = folder.path().join("registries.d");
    std::fs::create_dir(&aside).unwrap();
    let host = registry.host();
    let yaml = format!("docker:\n  {host}:\n    lookaside: http://{host}/signatures\n");
    std::fs::write(aside.join("own.yaml"), yaml).unwrap();
    // the first look is held up
    let permits = Arc::new(Semaphore::new(0));
    registry.fault_times("/signature-1", 1, Fault::Held(Arc::clone(&permits)));
    let watch = Watch::start_with(EngineConfig {
        trust: TrustConfig {
            policy: Some(file),
            automatic: true,
            ..TrustConfig::default()
        },
        network: Network {
            lookaside: LookasideFiles {
                folders: vec![aside],
                fallback: None,
            },
            ..config().network
        },
        ..config()
    });
    let amd64 = "sha256:5d4cf3e3026c5cfb5249d241beb5f60d354183e5d5eb48e6317cf2c435150452";
    let image = watch.open(&registry.reference(&format!("app@{amd64}")));
    watch.wait(|| {
        let mut lines = registry.lines().into_iter();
        lines.find(|line| line.contains("/signature-1"))
    });
    let trusted = PolicyEdit::Trust {
        scope: format!("{host}/app"),
        signer: by_key("mine"),
    };
    let saved = edit(&watch, trusted);
    assert!(matches!(saved, Outcome::TrustSaved { .. }), "{saved:?}");
    permits.add_permits(1);
    let judged = watch.until(image, |snapshot| report(snapshot).is_some());
    let policy = report(&judged).unwrap().policy.clone();
    let rule = format!("rule {host}/app");
    assert!(
        policy.as_ref().is_some_and(|p| p.contains(&rule)),
        "{policy:?}"
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

/// What somebody agreed to is what is written: where the file is another one by then, what
/// would be written to that is shown, and nothing is written.
#[test]
fn what_is_shown_is_written_only_while_the_file_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trust.toml");
    let watch = start(file.clone());
    let image = watch.open(&image());
    let open = watch.until(image, |snapshot| report(snapshot).is_some());
    let scope = name_of(open.reference.as_ref().unwrap());
    let report = report(&open).unwrap();
    let signer = &report.signatures[0].authenticated.as_ref().unwrap().signer;
    let change = TrustChange::Trust(proposal("mitr", &scope, signer, None).unwrap());
    let first = previewed(&watch, change);
    assert!(!first.preview.written.contains("at_least"), "{first:?}");
    // by hand, behind the window's back: a wider rule that asks for more
    let other = "version = 1\n[[rule]]\nscope = \"*\"\nsigners = [\"a\", \"b\"]\nat_least = 2\n[[signer]]\nname = \"a\"\nidentity = \"a\"\nissuer = \"i\"\n[[signer]]\nname = \"b\"\nidentity = \"b\"\nissuer = \"i\"\n";
    std::fs::write(&file, other).unwrap();
    let second = match outcome(&watch, Chore::WriteTrust(Arc::clone(&first))) {
        Outcome::TrustPreviewed(second) => second,
        other => panic!("{other:?}"),
    };
    assert!(second.changed && second.change == first.change);
    assert!(
        second.preview.written.contains("at_least = 2"),
        "{second:?}"
    );
    assert!(
        second.preview.meaning.contains("2 of these signed it"),
        "{second:?}"
    );
    assert_eq!(text(&file), other, "nothing was written");
    let saved = outcome(&watch, Chore::WriteTrust(second));
    assert_eq!(saved, Outcome::TrustSaved { path: file.clone() });
    let now = text(&file);
    for part in [
        "signers = [\"a\", \"b\", \"mitr\"]",
        "identity = \"a\"",
        "identity = \"mitr@redhat.com\"",
    ] {
        assert!(now.contains(part), "{part}: {now}");
    }
    // a file that cannot be changed says so, and shows nothing
    std::fs::write(&file, "{}").unwrap();
    let failed = outcome(&watch, Chore::WriteTrust(first));
    assert!(matches!(failed, Outcome::TrustFailed { .. }), "{failed:?}");
}

/// A pipe may never end: it is no policy and no key, and nobody waits at it.
#[test]
#[cfg(unix)]
fn what_is_no_plain_file_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let watch = start(folder.path().join("trust.toml"));
    let change = TrustChange::Import {
        file: pipe.clone(),
        scope: None,
        store: None,
    };
    let refused = outcome(&watch, Chore::PreviewTrust(change.clone()));
    let Outcome::TrustFailed {
        failure,
        change: of,
    } = refused
    else {
        panic!("{refused:?}");
    };
    assert!(failure.headline.contains("no plain file"), "{failure:?}");
    assert_eq!(of.as_deref(), Some(&change));
    // nor is a signer by such a key written
    let signer = SignerEntry {
        name: "pipe".to_owned(),
        way: Way::KeyFile(pipe.display().to_string()),
    };
    let put = PolicyEdit::PutSigner {
        before: None,
        signer,
    };
    let refused = edit(&watch, put);
    assert!(
        matches!(refused, Outcome::TrustFailed { change: None, .. }),
        "{refused:?}"
    );
}
