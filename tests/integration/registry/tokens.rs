//! Tokens by OAuth2, scopes that registries name themselves, and the rights that are missing.

use porthole::config::Network;
use porthole::transport::{Problem, TransportError};

use super::uploads::{blob, bytes, destination};
use super::{BUSYBOX, auth_file, client, network, resolve};
use crate::support::registry::{Access, Fault, Registry, Request, Token};

fn registry(token: Token) -> Registry {
    let registry = Registry::with_access(Access::Token(token));
    registry.put_layout("team/busybox", BUSYBOX);
    registry
}

/// An auth file with one entry for `host`.
fn entry(host: &str, entry: serde_json::Value) -> (tempfile::TempDir, Network) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.json");
    let text = serde_json::json!({"auths": {host: entry}}).to_string();
    std::fs::write(&file, text).unwrap();
    let network = Network {
        auth_files: vec![file],
        ..network()
    };
    (dir, network)
}

fn tokens(registry: &Registry) -> Vec<Request> {
    let mut requests = registry.requests();
    requests.retain(|request| request.path.starts_with("/token"));
    requests
}

fn form(request: &Request) -> &str {
    str::from_utf8(&request.body).unwrap()
}

#[tokio::test]
async fn a_password_is_posted_where_tokens_are_not_given_by_get() {
    let registry = registry(Token {
        user: Some(("alice", "s3cret & more")),
        by_get: false,
        ..Token::default()
    });
    let (_dir, auth_files) = auth_file(&[(&registry.host(), "alice", "s3cret & more")]);
    let network = Network {
        auth_files,
        ..network()
    };
    resolve(network, &registry.reference("team/busybox:1.37.0"))
        .await
        .unwrap();
    let asked = tokens(&registry);
    let methods: Vec<_> = asked
        .iter()
        .map(|request| request.method.as_str())
        .collect();
    assert_eq!(methods, ["GET", "POST"]);
    assert_eq!(asked[1].path, "/token");
    assert_eq!(asked[1].header("authorization"), None);
    assert_eq!(
        asked[1].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        form(&asked[1]),
        "grant_type=password&username=alice&password=s3cret+%26+more&client_id=porthole\
         &service=test&scope=repository%3Ateam%2Fbusybox%3Apull"
    );
}

#[tokio::test]
async fn an_identity_token_is_exchanged_and_shown_nowhere_else() {
    let registry = registry(Token {
        anonymous: false,
        identity: Some("id3ntity"),
        ..Token::default()
    });
    // as `az acr login` leaves it
    let identity = serde_json::json!({"auth": "MDAwMDA6", "identitytoken": "id3ntity"});
    let (_dir, network) = entry(&registry.host(), identity);
    resolve(network, &registry.reference("team/busybox:1.37.0"))
        .await
        .unwrap();
    let asked = tokens(&registry);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line(), "POST /token");
    assert_eq!(
        form(&asked[0]),
        "grant_type=refresh_token&refresh_token=id3ntity&client_id=porthole\
         &service=test&scope=repository%3Ateam%2Fbusybox%3Apull"
    );
    for request in registry.requests() {
        let headers = format!("{:?} {}", request.headers, request.path);
        assert!(!headers.contains("id3ntity"), "{headers}");
    }
}

#[tokio::test]
async fn an_identity_token_that_is_not_taken_is_a_wrong_credential() {
    let registry = registry(Token {
        anonymous: false,
        identity: Some("id3ntity"),
        ..Token::default()
    });
    let (_dir, network) = entry(
        &registry.host(),
        serde_json::json!({"identitytoken": "exp1red"}),
    );
    let error = resolve(network, &registry.reference("team/busybox:1.37.0"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error.problem, Problem::WrongCredentials { status: 400, user, .. } if user == "an identity token"),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("exp1red"));
}

#[tokio::test]
async fn a_registry_token_is_shown_as_it_is() {
    let registry = registry(Token::default());
    // what the registry itself would have given
    let own = "t999999/repository:team/busybox:pull";
    let (_dir, network) = entry(&registry.host(), serde_json::json!({"registrytoken": own}));
    resolve(network, &registry.reference("team/busybox:1.37.0"))
        .await
        .unwrap();
    assert!(tokens(&registry).is_empty());
    let shown = registry.requests().pop().unwrap();
    let expected = format!("Bearer {own}");
    assert_eq!(shown.header("authorization"), Some(expected.as_str()));
}

#[tokio::test]
async fn scopes_that_a_challenge_names_are_asked_for_beside_the_own() {
    let registry = registry(Token {
        also: Some("repository:team/shared:pull"),
        ..Token::default()
    });
    let client = client(network());
    let read = super::source(&client, &registry.reference("team/busybox:1.37.0"));
    super::document(&*read).await.unwrap();
    super::document(&*read).await.unwrap();
    let asked = tokens(&registry);
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].path,
        "/token?service=test&scope=repository%3Ateam%2Fbusybox%3Apull&scope=repository%3Ateam%2Fshared%3Apull"
    );
}

#[tokio::test]
async fn a_token_that_is_never_enough_is_asked_for_twice_at_most() {
    let registry = registry(Token {
        also: Some("repository:team/shared:pull"),
        sufficient: false,
        ..Token::default()
    });
    let error = resolve(network(), &registry.reference("team/busybox:1.37.0"))
        .await
        .unwrap_err();
    assert!(
        matches!(error.problem, Problem::Unauthorized { .. }),
        "{error:?}"
    );
    assert!(tokens(&registry).len() <= 2);
}

/// The right that is missing, the host, and whose credentials were shown, as they are told.
fn told(error: &TransportError) -> String {
    let details = error.more.as_ref().map(|more| more.details.join("\n"));
    format!("{error}\n{}\n{}", error.hint(), details.unwrap_or_default())
}

#[tokio::test]
async fn a_missing_right_is_named_with_the_host_and_who_asked() {
    let registry = registry(Token {
        user: Some(("alice", "s3cret")),
        ..Token::default()
    });
    let reference = registry.reference("team/busybox:1.37.0");
    let host = registry.host();

    // nobody is logged in, and the registry wants somebody
    registry.fault_times("/token", 1, Fault::status(401));
    let error = resolve(network(), &reference).await.unwrap_err();
    let hint = error.hint();
    assert!(
        hint.contains("pull from team/busybox") && hint.contains(&format!("porthole login {host}")),
        "{hint}"
    );

    // somebody is, and may not
    let (_dir, auth_files) = auth_file(&[(&host, "alice", "s3cret")]);
    let network = Network {
        auth_files: auth_files.clone(),
        ..network()
    };
    registry.fault_times(
        "/manifests/",
        2,
        Fault::error(403, "DENIED", "requested access to the resource is denied"),
    );
    let client = client(network);
    // the first answer is the challenge, so that alice is known
    registry.forget_faults();
    let read = super::source(&client, &reference);
    super::document(&*read).await.unwrap();
    registry.fault(
        "/manifests/",
        Fault::error(403, "DENIED", "requested access to the resource is denied"),
    );
    let said = told(&super::document(&*read).await.unwrap_err());
    for part in [
        "access is refused (403)",
        "the right to pull from team/busybox",
        "Logged in as alice",
        "auth.json",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(!said.contains("s3cret"), "{said}");

    // the right to push is another one
    registry.forget_faults();
    registry.fault("POST ", Fault::error(403, "DENIED", "no"));
    let bytes = bytes(3);
    let to = destination(&client, &reference);
    let payload = std::sync::Arc::new(bytes.clone());
    let error = to.put_blob(&blob(&bytes), payload).await.unwrap_err();
    assert!(
        error.to_string().contains("does not let this login push"),
        "{error}"
    );
}
