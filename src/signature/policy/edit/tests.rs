use super::*;

const POLICY: &str = r#"# kept by the team
version = 1

# what we ship
[[rule]]
scope = "host/edge/**"   # everything of edge
signers = ["release"]
level = "both"

[[signer]]
name = "release"         # the bot
identity = "release@example.com"
issuer = "https://accounts.example.com"
log = false

[[signer]]
name = "wabbit"
[signer.notation]
stores = ["ca:wabbit"]
identities = ["*"]
"#;

fn rule(scope: &str, signers: &[&str]) -> RuleEntry {
    RuleEntry {
        scope: scope.to_owned(),
        signers: signers.iter().map(ToString::to_string).collect(),
        at_least: 1,
        attestations: Vec::new(),
        level: Level::Either,
    }
}

fn identity(name: &str, identity: &str) -> SignerEntry {
    SignerEntry {
        name: name.to_owned(),
        way: Way::Identity {
            identity: identity.to_owned(),
            issuer: "https://accounts.example.com".to_owned(),
        },
    }
}

#[test]
fn what_stands_in_the_file_is_listed() {
    let read = entries(POLICY).unwrap();
    assert!(read.automatic);
    assert_eq!(
        read.rules,
        [RuleEntry {
            level: Level::Both,
            ..rule("host/edge/**", &["release"])
        }]
    );
    let ways: Vec<_> = read.signers.iter().map(|s| s.way.to_string()).collect();
    assert_eq!(
        ways,
        [
            "release@example.com, vouched for by https://accounts.example.com",
            "by notation, as it stands in the file"
        ]
    );
    assert_eq!(entries(NEW_POLICY).unwrap().rules, []);
}

#[test]
fn a_rule_is_changed_where_it_stands_and_every_comment_stays() {
    let edit = PolicyEdit::PutRule {
        before: Some("host/edge/**".to_owned()),
        rule: RuleEntry {
            at_least: 2,
            ..rule("host/edge/api", &["release", "wabbit"])
        },
    };
    let text = edited(POLICY, &edit).unwrap();
    let expected = POLICY
        .replace("host/edge/**", "host/edge/api")
        .replace(r#"["release"]"#, r#"["release", "wabbit"]"#)
        .replace("level = \"both\"\n", "at_least = 2\n");
    assert_eq!(text, expected);
    // the same again changes nothing
    let again = PolicyEdit::PutRule {
        before: Some("host/edge/api".to_owned()),
        rule: entries(&text).unwrap().rules.remove(0),
    };
    assert_eq!(edited(&text, &again).unwrap(), text);
}

#[test]
fn rules_and_signers_are_added_and_taken_out() {
    let edit = PolicyEdit::PutRule {
        before: None,
        rule: rule("other/**", &["wabbit"]),
    };
    let more = edited(POLICY, &edit).unwrap();
    assert_eq!(entries(&more).unwrap().rules.len(), 2);
    assert!(more.contains("# what we ship") && more.contains("# the bot"));
    assert_eq!(
        edited(&more, &edit),
        Err(EditError::There("rule", "other/**".to_owned()))
    );
    let name = "wabbit".to_owned();
    assert_eq!(
        edited(&more, &PolicyEdit::RemoveSigner { name: name.clone() }),
        Err(EditError::InUse {
            name: name.clone(),
            scope: "other/**".to_owned()
        })
    );
    let scope = "other/**".to_owned();
    let less = edited(
        &more,
        &PolicyEdit::RemoveRule {
            scope: scope.clone(),
        },
    )
    .unwrap();
    assert_eq!(less, POLICY);
    let gone = edited(&less, &PolicyEdit::RemoveRule { scope });
    assert!(matches!(gone, Err(EditError::Gone("rule", _))), "{gone:?}");
    let less = edited(&less, &PolicyEdit::RemoveSigner { name }).unwrap();
    assert_eq!(
        less,
        POLICY
            .split("\n[[signer]]\nname = \"wabbit\"")
            .next()
            .unwrap()
    );
}

#[test]
fn a_signer_gets_another_name_everywhere_and_another_way() {
    let edit = PolicyEdit::PutSigner {
        before: Some("release".to_owned()),
        signer: SignerEntry {
            name: "bot".to_owned(),
            way: Way::KeyFile("bot.pub".to_owned()),
        },
    };
    let text = edited(POLICY, &edit).unwrap();
    let read = entries(&text).unwrap();
    assert_eq!(read.rules[0].signers, ["bot"]);
    assert_eq!(read.signers[0].way, Way::KeyFile("bot.pub".to_owned()));
    assert!(text.contains("# the bot"));
    assert!(!text.contains("issuer") && !text.contains("log"), "{text}");
}

#[test]
fn that_no_log_is_asked_for_does_not_go_with_another_kind_of_signer() {
    let put = |text: &str, way: Way| {
        let signer = SignerEntry {
            name: "bot".to_owned(),
            way,
        };
        let before = Some("bot".to_owned());
        edited(text, &PolicyEdit::PutSigner { before, signer }).unwrap()
    };
    let key = "version = 1\n[[signer]]\nname = \"bot\"\nkey_file = \"a.pub\"\nlog = false\n";
    // another key of the same signer
    let same = put(key, Way::KeyFile("b.pub".to_owned()));
    assert!(
        same.contains("b.pub") && same.contains("log = false"),
        "{same}"
    );
    let who = identity("bot", "bot@example.com").way;
    let changed = put(key, who.clone());
    assert!(
        changed.contains("bot@example.com") && !changed.contains("log"),
        "{changed}"
    );
    // that one is asked for stays where it can be asked for
    let strict = changed.replace("issuer", "log = true\nissuer");
    let key = put(&strict, Way::KeyFile("a.pub".to_owned()));
    assert!(key.contains("log = true"), "{key}");
    let pgp = put(&strict, Way::OpenPgpFile("a.asc".to_owned()));
    assert!(!pgp.contains("log"), "{pgp}");
    // one by Notation keeps nothing of how it signed before
    let notation = Way::Notation {
        certificates: "PEM".to_owned(),
        identities: vec!["*".to_owned()],
    };
    let changed = put(
        &changed.replace("issuer", "log = false\nissuer"),
        notation.clone(),
    );
    for gone in ["issuer", "identity =", "log"] {
        assert!(!changed.contains(gone), "{gone}: {changed}");
    }
    assert_eq!(entries(&changed).unwrap().signers[0].way, notation);
    let back = put(&changed, who.clone());
    assert!(!back.contains("notation"), "{back}");
    assert_eq!(entries(&back).unwrap().signers[0].way, who);
}

#[test]
fn a_narrow_rule_asks_for_what_the_wide_one_does() {
    let strict = POLICY.replace(
        "level = \"both\"",
        "at_least = 2\nattestations = [\"https://spdx.dev/Document\"]\nlevel = \"both\"",
    );
    // a wider one, which is not in force there
    let strict = format!("{strict}\n[[rule]]\nscope = \"*\"\nsigners = [\"wabbit\"]\n");
    let trusting = |scope: &str| {
        let edit = PolicyEdit::Trust {
            scope: scope.to_owned(),
            signer: identity("me", "me@example.com"),
        };
        let text = edited(&strict, &edit).unwrap();
        let rules = entries(&text).unwrap().rules;
        rules.into_iter().find(|rule| rule.scope == scope).unwrap()
    };
    assert_eq!(
        trusting("host/edge/api"),
        RuleEntry {
            at_least: 2,
            attestations: vec!["https://spdx.dev/Document".to_owned()],
            level: Level::Both,
            ..rule("host/edge/api", &["release", "me"])
        }
    );
    assert_eq!(trusting("other/app"), rule("other/app", &["wabbit", "me"]));
}

#[test]
fn to_trust_somebody_joins_the_rule_that_is_there() {
    let edit = |scope: &str| PolicyEdit::Trust {
        scope: scope.to_owned(),
        signer: identity("me", "me@example.com"),
    };
    let text = edited(POLICY, &edit("host/edge/**")).unwrap();
    let read = entries(&text).unwrap();
    assert_eq!(read.rules.len(), 1);
    assert_eq!(read.rules[0].signers, ["release", "me"]);
    // known already, under another name
    let same = PolicyEdit::Trust {
        scope: "new/app".to_owned(),
        signer: identity("other", "me@example.com"),
    };
    let read = entries(&edited(&text, &same).unwrap()).unwrap();
    assert_eq!(read.rules[1], rule("new/app", &["me"]));
    assert_eq!(read.signers.len(), 3);
    // one that asks for less than what was shown is not taken for it
    let lenient = PolicyEdit::Trust {
        scope: "new/app".to_owned(),
        signer: identity("other", "release@example.com"),
    };
    let read = entries(&edited(&text, &lenient).unwrap()).unwrap();
    assert_eq!(read.rules[1], rule("new/app", &["other"]));
    assert_eq!(read.signers.len(), 4);
    // in a new file
    let read = entries(&edited(NEW_POLICY, &edit("a/b")).unwrap()).unwrap();
    assert_eq!(read.rules, [rule("a/b", &["me"])]);
}

#[test]
fn verifying_by_itself_is_turned_off_and_on() {
    let off = edited(POLICY, &PolicyEdit::Automatic(false)).unwrap();
    assert!(!entries(&off).unwrap().automatic);
    assert!(
        off.starts_with("# kept by the team\nversion = 1\nautomatic = false\n"),
        "{off}"
    );
    let on = edited(&off, &PolicyEdit::Automatic(true)).unwrap();
    assert!(entries(&on).unwrap().automatic);
}

#[test]
fn what_is_written_otherwise_is_left_to_people() {
    let inline = "version = 1\nrule = [{ scope = \"*\", signers = [\"a\"] }]\n";
    assert_eq!(entries(inline), Err(EditError::Inline("rule")));
    assert!(matches!(entries("version ="), Err(EditError::Syntax(_))));
    let edit = PolicyEdit::PutSigner {
        before: Some("wabbit".to_owned()),
        signer: SignerEntry {
            name: "wabbit".to_owned(),
            way: Way::Other("notation".to_owned()),
        },
    };
    assert_eq!(edited(POLICY, &edit).unwrap(), POLICY);
}
