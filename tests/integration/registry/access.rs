//! Who asks: anonymous, name and password, tokens; and that secrets go nowhere else.

use std::sync::Arc;

use porthole::config::Network;
use porthole::model::Digest;
use porthole::transport::{Problem, Security, read_blob};

use super::{BUSYBOX, auth_file, client, document, network, problem, resolve, source};
use crate::support::registry::{Access, Fault, Registry, Token};

const BASIC: Access = Access::Basic {
    user: "alice",
    password: "s3cret",
};

/// A registry with an image, as `access` says.
fn registry(access: Access) -> Registry {
    let registry = Registry::with_access(access);
    registry.put_layout("team/busybox", BUSYBOX);
    registry
}

fn token(token: Token) -> Access {
    Access::Token(token)
}

#[tokio::test]
async fn nothing_is_shown_to_a_registry_that_does_not_ask() {
    let registry = registry(Access::Anybody);
    let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret")]);
    let network = Network {
        auth_files,
        ..network()
    };
    let source = source(&client(network), &registry.reference("team/busybox:1.37.0"));
    document(&*source).await.unwrap();
    let requests = registry.requests();
    assert_eq!(registry.lines(), ["GET /v2/team/busybox/manifests/1.37.0"]);
    assert_eq!(requests[0].header("authorization"), None);
    let agent = requests[0].header("user-agent").unwrap();
    assert_eq!(agent, concat!("porthole/", env!("CARGO_PKG_VERSION")));
    let connection = source.connection().unwrap();
    assert_eq!(connection.host, registry.host());
    assert_eq!(connection.security, Security::HttpLoopback);
    assert_eq!(connection.user, None);
}

#[tokio::test]
async fn basic_is_shown_when_it_is_asked_for_and_then_at_once() {
    let registry = registry(BASIC);
    let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret")]);
    let source = source(
        &client(Network {
            auth_files,
            ..network()
        }),
        &registry.reference("team/busybox:1.37.0"),
    );
    document(&*source).await.unwrap();
    document(&*source).await.unwrap();
    let statuses: Vec<_> = registry.requests().iter().map(|r| r.status).collect();
    assert_eq!(statuses, [401, 200, 200]);
    assert_eq!(source.connection().unwrap().user.as_deref(), Some("alice"));
}

#[tokio::test]
async fn who_is_logged_in_is_not_told_to_log_in_for_a_higher_limit() {
    let registry = registry(BASIC);
    let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret")]);
    let network = Network {
        auth_files,
        ..network()
    };
    for (value, when) in [("3600", "in 36"), ("99999999999999999999", "later")] {
        let asking = client(network.clone());
        let source = source(&asking, &registry.reference("team/busybox:1.37.0"));
        registry.forget_faults();
        document(&*source).await.unwrap();
        let asked = Fault::status(429).with_header("Retry-After", value);
        registry.fault("/manifests/", asked);
        // the second time it is not asked, since it wants to be left alone
        for _ in 0..2 {
            let hint = document(&*source).await.unwrap_err().hint();
            let own = hint.ends_with(": it is the limit of alice, who is logged in");
            let said = hint.starts_with(&format!("Try again {when}"));
            // a second may have passed
            assert!(
                own && (said || hint.starts_with("Try again in 3599 s")),
                "{hint}"
            );
        }
    }
}

#[tokio::test]
async fn a_registry_that_is_away_for_long_says_how_long() {
    let registry = registry(Access::Anybody);
    let away = Fault::status(503).with_header("Retry-After", "3600");
    registry.fault("/manifests/", away);
    let reference = registry.reference("team/busybox:1.37.0");
    let error = resolve(network(), &reference).await.unwrap_err();
    assert!(
        error.hint().starts_with("Try again in 3600 s"),
        "{}",
        error.hint()
    );
}

#[tokio::test]
async fn without_credentials_a_login_is_asked_for() {
    let registry = registry(BASIC);
    let other = auth_file(&[("registry.example.com", "alice", "s3cret")]);
    for auth_files in [vec![], other.1.clone()] {
        let network = Network {
            auth_files,
            ..network()
        };
        match problem(network, &registry.reference("team/busybox:1.37.0")).await {
            Problem::Unauthorized {
                status: 401,
                message,
            } => {
                assert_eq!(message, "UNAUTHORIZED: authentication required");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_named_with_its_user_and_not_shown() {
    for access in [
        BASIC,
        token(Token {
            user: Some(("alice", "s3cret")),
            ..Token::default()
        }),
    ] {
        let registry = registry(access);
        let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "wr0ng")]);
        let network = Network {
            auth_files,
            ..network()
        };
        let error = resolve(network, &registry.reference("team/busybox:1.37.0"))
            .await
            .unwrap_err();
        match &error.problem {
            Problem::WrongCredentials {
                status: 401, user, ..
            } => assert_eq!(user, "alice"),
            other => panic!("{other:?}"),
        }
        let shown = format!("{error} {error:?} {}", error.problem.hint());
        assert!(
            !shown.contains("wr0ng") && !shown.contains("YWxpY2U6"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn credentials_that_a_helper_keeps_are_told_from_none() {
    let no_right = || Token {
        sufficient: false,
        ..Token::default()
    };
    let nobody = || Token {
        anonymous: false,
        ..Token::default()
    };
    let denied = Fault::error(403, "DENIED", "requested access to the resource is denied");
    for (access, path, fault) in [
        (BASIC, "-", None),
        (token(nobody()), "-", None),
        (token(no_right()), "-", None),
        // as GHCR does for what is private
        (token(Token::default()), "/token", Some(denied.clone())),
    ] {
        let registry = registry(access);
        if let Some(fault) = fault {
            registry.fault(path, fault);
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.json");
        let helpers = serde_json::json!({"credHelpers": {registry.host(): "vault"}});
        std::fs::write(&file, helpers.to_string()).unwrap();
        let network = Network {
            auth_files: vec![file],
            ..network()
        };
        match problem(network, &registry.reference("team/busybox:1.37.0")).await {
            Problem::CredentialsNotReadable { why, .. } => {
                assert!(why.contains("docker-credential-vault"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_refused_in_spite_of_a_token_may_need_the_helper() {
    let registry = registry(token(Token::default()));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.json");
    let helpers = serde_json::json!({"credHelpers": {registry.host(): "vault"}});
    std::fs::write(&file, helpers.to_string()).unwrap();
    let network = Network {
        auth_files: vec![file],
        ..network()
    };
    let client = client(network);
    let source = source(&client, &registry.reference("team/busybox:1.37.0"));
    document(&*source).await.unwrap();
    registry.fault("/manifests/", Fault::status(403));
    let error = document(&*source).await.unwrap_err();
    assert!(
        matches!(
            error.problem,
            Problem::CredentialsNotReadable { status: 403, .. }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_is_fetched_once_for_its_scope() {
    let registry = registry(token(Token::default()));
    registry.put_layout("team/other", BUSYBOX);
    let client = client(network());
    let source = source(&client, &registry.reference("team/busybox:1.37.0"));
    document(&*source).await.unwrap();
    document(&*source).await.unwrap();
    let other = super::source(&client, &registry.reference("team/other:1.37.0"));
    document(&*other).await.unwrap();
    assert_eq!(
        registry.lines(),
        [
            "GET /v2/team/busybox/manifests/1.37.0",
            "GET /token?service=test&scope=repository%3Ateam%2Fbusybox%3Apull",
            "GET /v2/team/busybox/manifests/1.37.0",
            "GET /v2/team/busybox/manifests/1.37.0",
            // this registry is known to want tokens: no request is wasted on being told so
            "GET /token?service=test&scope=repository%3Ateam%2Fother%3Apull",
            "GET /v2/team/other/manifests/1.37.0",
        ]
    );
    assert_eq!(source.connection().unwrap().user, None);
}

#[tokio::test]
async fn the_password_goes_to_the_realm_and_the_token_to_the_registry() {
    let user = Some(("alice", "s3cret"));
    let realm = Registry::with_access(token(Token {
        user,
        anonymous: false,
        ..Token::default()
    }));
    let registry = registry(token(Token {
        realm: Some(realm.url("/token?tenant=7")),
        ..Token::default()
    }));
    let (_dir, auth_files) = auth_file(&[
        (&registry.host(), "alice", "s3cret"),
        (&realm.host(), "mallory", "other"),
    ]);
    let source = source(
        &client(Network {
            auth_files,
            ..network()
        }),
        &registry.reference("team/busybox:1.37.0"),
    );
    document(&*source).await.unwrap();

    let asked = realm.requests();
    assert_eq!(
        realm.lines(),
        ["GET /token?tenant=7&service=test&scope=repository%3Ateam%2Fbusybox%3Apull&account=alice"]
    );
    assert_eq!(
        asked[0].header("authorization"),
        Some("Basic YWxpY2U6czNjcmV0")
    );
    let shown: Vec<_> = registry
        .requests()
        .iter()
        .map(|r| r.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0], None);
    assert!(
        shown[1].as_ref().unwrap().starts_with("Bearer t"),
        "{shown:?}"
    );
    assert_eq!(source.connection().unwrap().user.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_renewed_once() {
    let registry = registry(token(Token::default()));
    let source = source(
        &client(network()),
        &registry.reference("team/busybox:1.37.0"),
    );
    document(&*source).await.unwrap();
    registry.revoke_tokens();
    document(&*source).await.unwrap();
    let statuses: Vec<_> = registry.requests().iter().map(|r| r.status).collect();
    assert_eq!(statuses, [401, 200, 200, 401, 200, 200]);
}

#[tokio::test]
async fn a_token_is_not_used_after_its_time() {
    // of one second a tenth is taken off, for the way
    let registry = registry(token(Token {
        expires_in: Some(1),
        ..Token::default()
    }));
    let source = source(
        &client(network()),
        &registry.reference("team/busybox:1.37.0"),
    );
    document(&*source).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(950)).await;
    document(&*source).await.unwrap();
    let statuses: Vec<_> = registry.requests().iter().map(|r| r.status).collect();
    // a new token, and no 401 in between
    assert_eq!(statuses, [401, 200, 200, 200, 200]);
}

#[tokio::test]
async fn an_access_token_without_a_time_is_good_as_well() {
    let registry = registry(token(Token {
        expires_in: None,
        ..Token::default()
    }));
    resolve(network(), &registry.reference("team/busybox:1.37.0"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_ends_it() {
    let user = Some(("alice", "s3cret"));
    let insufficient = || Token {
        user,
        sufficient: false,
        ..Token::default()
    };
    // nobody is logged in: a login may help
    let registry_a = registry(token(insufficient()));
    match problem(network(), &registry_a.reference("team/busybox:1.37.0")).await {
        Problem::Unauthorized { status: 401, .. } => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(registry_a.requests().len(), 3);
    // who is logged in lacks the right
    let registry_b = registry(token(insufficient()));
    let (_dir, auth_files) = auth_file(&[(&registry_b.host(), "alice", "s3cret")]);
    let network = Network {
        auth_files,
        ..network()
    };
    match problem(network, &registry_b.reference("team/busybox:1.37.0")).await {
        Problem::Forbidden { status: 401, .. } => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_who_want_the_same_token_fetch_it_once() {
    let registry = registry(token(Token::default()));
    let client = client(network());
    let source = source(&client, &registry.reference("team/busybox:1.37.0"));
    document(&*source).await.unwrap();
    registry.revoke_tokens();
    let before = registry.requests().len();
    let all = (0..12).map(|_| document(&*source));
    for result in futures_util::future::join_all(all).await {
        result.unwrap();
    }
    let lines = registry.lines().split_off(before);
    let tokens = lines.iter().filter(|line| line.contains("/token")).count();
    assert_eq!(tokens, 1, "{lines:#?}");
}

#[tokio::test]
async fn who_gives_up_waiting_does_not_take_the_token_from_the_others() {
    let registry = registry(token(Token::default()));
    let reference = registry.reference("team/busybox:1.37.0");
    let client = client(network());
    registry.fault_times("/token", 1, Fault::Silence);
    let impatient = source(&client, &reference);
    // gives up once the token service has been asked, and has not answered
    let asked = async {
        while !registry.lines().iter().any(|line| line.contains("/token")) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        answer = document(&*impatient) => panic!("{answer:?}"),
        () = asked => {}
    }
    document(&*source(&client, &reference)).await.unwrap();
}

#[tokio::test]
async fn a_token_service_that_fails_is_an_error_with_its_words() {
    for (fault, check) in [
        (
            Fault::error(403, "DENIED", "not in this country"),
            Box::new(
                |p: &Problem| matches!(p, Problem::Forbidden { message, .. } if message.contains("not in this country")),
            ) as Box<dyn Fn(&Problem) -> bool>,
        ),
        (
            Fault::status(404),
            Box::new(|p| matches!(p, Problem::Protocol { why } if why.contains("token service"))),
        ),
        (
            Fault::answer(200, "text/html", "<html>Welcome to the hotel</html>"),
            Box::new(|p| matches!(p, Problem::Protocol { why } if why.contains("text/html"))),
        ),
        (
            Fault::answer(200, "application/json", r#"{"tok": "s3cret"}"#),
            Box::new(
                |p| matches!(p, Problem::Protocol { why } if why.contains("no token") && !why.contains("s3cret")),
            ),
        ),
        (
            Fault::answer(200, "application/json", r#"{"token": "a\nb"}"#),
            Box::new(|p| matches!(p, Problem::Protocol { why } if why.contains("no token"))),
        ),
        (
            Fault::Endless { said: None },
            Box::new(|p| {
                matches!(
                    p,
                    Problem::TooLarge {
                        limit: 0x10_0000,
                        ..
                    }
                )
            }),
        ),
        (
            Fault::status(500),
            Box::new(|p| matches!(p, Problem::Server { status: 500, .. })),
        ),
    ] {
        let registry = registry(token(Token::default()));
        registry.fault("/token", fault.clone());
        let problem = problem(network(), &registry.reference("team/busybox:1.37.0")).await;
        assert!(check(&problem), "{fault:?}: {problem:?}");
    }
}

#[tokio::test]
async fn the_password_goes_to_no_realm_that_is_not_safe() {
    for realm in [
        "http://registry.example.com/token",
        "ftp://127.0.0.1/token",
        "http://alice:x@127.0.0.1:1/token",
        "/token",
        "",
    ] {
        let registry = registry(token(Token {
            realm: Some(realm.to_owned()),
            ..Token::default()
        }));
        let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret")]);
        let network = Network {
            auth_files,
            ..network()
        };
        let problem = problem(network, &registry.reference("team/busybox:1.37.0")).await;
        assert!(
            matches!(problem, Problem::Address { .. } | Problem::Protocol { .. }),
            "{realm}: {problem:?}"
        );
        assert_eq!(registry.requests().len(), 1, "{realm}");
    }
}

#[tokio::test]
async fn a_login_of_another_kind_is_named() {
    let registry = registry(Access::Anybody);
    let negotiate = Fault::status(401).with_header("WWW-Authenticate", "Negotiate, NTLM");
    registry.fault("/v2/", negotiate);
    match problem(network(), &registry.reference("team/busybox:1.37.0")).await {
        Problem::Protocol { why } => assert!(why.contains("negotiate, ntlm"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn children_and_configs_come_with_the_same_token() {
    let registry = registry(token(Token::default()));
    let source = source(
        &client(network()),
        &registry.reference("team/busybox:1.37.0"),
    );
    let raw = document(&*source).await.unwrap();
    let index = porthole::model::Document::read(raw);
    let entries: Vec<_> = index
        .index()
        .unwrap()
        .entries
        .iter()
        .flatten()
        .cloned()
        .collect();
    let images = futures_util::future::join_all(entries.iter().map(async |entry| {
        let raw = source.manifest(entry).await.unwrap();
        let manifest = porthole::model::Document::read(raw);
        let config = manifest.manifest().unwrap().config.clone();
        read_blob(&*Arc::clone(&source), &config, 1 << 20)
            .await
            .unwrap()
    }))
    .await;
    let lines = registry.lines();
    // 401, token, index, then two for each image
    assert_eq!(lines.len(), 3 + 2 * images.len(), "{lines:#?}");
    let distinct: std::collections::BTreeSet<_> = lines.iter().collect();
    assert_eq!(
        distinct.len(),
        lines.len() - 1,
        "only the index was asked for twice"
    );
    assert!(
        images
            .iter()
            .all(|image| *image.digest() == Digest::sha256(image.bytes()))
    );
}

/// The program itself, with the logs of everything in it.
#[test]
fn no_log_holds_a_secret() {
    let user = Some(("alice", "s3cret"));
    let tokens = Token {
        user,
        anonymous: false,
        ..Token::default()
    };
    for access in [BASIC, token(tokens)] {
        let registry = registry(access);
        let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret")]);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_porthole"))
            .args(["inspect", &registry.reference("team/busybox:1.37.0")])
            .env("REGISTRY_AUTH_FILE", &auth_files[0])
            .env("PORTHOLE_LOG", "trace")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("answered"), "this run logs: {said}");
        for secret in ["s3cret", "YWxpY2U6czNjcmV0", "Bearer t", "/repository:team"] {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
    }
}
