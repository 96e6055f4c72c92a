//! The settings, over an engine that found what the test says.

use porthole::config::{KnownAlias, KnownHost, KnownLogin, KnownRegistry, Origin};
use porthole::engine::{Chore, Failure, FailureKind, Outcome};
use porthole::transport::Security;

use super::*;

fn open() -> Window {
    let mut window = Window::new(Setup {
        facts: Facts {
            cache: Some("/home/a/.cache/porthole".into()),
            ..Facts::default()
        },
        ..Setup::default()
    });
    window.harness.run();
    window.press(CTRL, Key::Comma);
    let asked = [
        Chore::MeasureCache,
        Chore::ListLogins,
        Chore::ListHosts,
        Chore::ListTrust,
    ];
    assert_eq!(window.sent(), asked.map(Command::Chore));
    window
}

fn tell(window: &mut Window, outcome: Outcome) {
    window.slots.put_outcome(outcome);
    window.harness.run();
}

fn login(registry: &str, user: &str, hidden: bool) -> KnownLogin {
    KnownLogin {
        registry: registry.to_owned(),
        user: Some(user.to_owned()),
        origin: Origin::File("/home/a/.docker/config.json".into()),
        problem: None,
        hidden,
    }
}

fn logins() -> Outcome {
    Outcome::Logins {
        logins: [
            login("registry.example.com", "alice", false),
            login("registry.example.com", "bob", true),
        ]
        .into(),
        registries: [KnownRegistry {
            prefix: "docker.io".to_owned(),
            location: "docker.io".to_owned(),
            blocked: true,
            insecure: true,
            mirrors: vec![("mirror.lan/hub".to_owned(), "digest-only")],
            file: "/etc/containers/registries.conf".into(),
        }]
        .into(),
        aliases: [KnownAlias {
            name: "fedora".to_owned(),
            means: "registry.fedoraproject.org/fedora".to_owned(),
            file: "/etc/containers/registries.conf.d/000.conf".into(),
        }]
        .into(),
        problem: None,
    }
}

#[test]
fn general_has_the_theme_and_the_cache() {
    let mut window = open();
    tell(&mut window, Outcome::CacheMeasured { bytes: 5_000_000 });
    assert!(window.says("5.0 MB"));
    assert!(window.says("/home/a/.cache/porthole"));
    window.click(Role::Button, "Clear the cache");
    assert_eq!(window.sent(), [Command::Chore(Chore::ClearCache)]);
    tell(&mut window, Outcome::CacheCleared { freed: 5_000_000 });
    assert!(!window.is_enabled(Role::Button, "Clear the cache"));
    window.click(Role::RadioButton, "Light");
    assert!(window.is_on(Role::RadioButton, "Light"));
    let theme = window
        .harness
        .ctx
        .options(|options| options.theme_preference);
    assert_eq!(theme, egui::ThemePreference::Light);
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.has(Role::RadioButton, "Light"));
}

#[test]
fn credentials_say_where_they_came_from_and_are_tested_and_left() {
    let mut window = open();
    tell(&mut window, logins());
    window.click(Role::RadioButton, "Credentials");
    assert!(window.says("alice") && window.says("bob"));
    assert!(
        window.says("/home/a/.docker/config.json")
            || window.says_like(|t| t.contains("config.json"))
    );
    assert!(window.says("hidden by the one above"));
    window.click(Role::Link, "Test");
    let registry = || "registry.example.com".to_owned();
    let test = Chore::TestLogin {
        registry: registry(),
    };
    assert_eq!(window.sent(), [Command::Chore(test)]);
    let failure = Failure::new(
        FailureKind::Access,
        "the registry does not take this name and password",
        "Log in again",
    );
    tell(
        &mut window,
        Outcome::LoginFailed {
            registry: registry(),
            failure: Arc::new(failure),
        },
    );
    assert!(window.has(
        Role::Note,
        "the registry does not take this name and password"
    ));
    tell(
        &mut window,
        Outcome::LoginTested {
            registry: registry(),
            user: "alice".to_owned(),
            origin: "a file".to_owned(),
            security: Security::Https,
        },
    );
    assert!(window.has(Role::Note, "The registry takes it"));

    // the login is asked for over the settings, which come back and list again
    window.click(Role::Button, "Log in…");
    assert!(window.has(Role::PasswordInput, "Password"));
    let registry_field = window.field("Registry");
    assert!(
        registry_field.accesskit_node().is_focused(),
        "typing goes there"
    );
    window.press(Modifiers::NONE, Key::Escape);
    assert!(window.has(Role::RadioButton, "Credentials"));
    window.sent();
    tell(
        &mut window,
        Outcome::LoggedOut {
            registry: registry(),
            places: vec!["a file".to_owned()],
        },
    );
    assert!(window.sent().contains(&Command::Chore(Chore::ListLogins)));
}

#[test]
fn tls_and_mirrors_are_shown_as_what_they_are() {
    let mut window = open();
    tell(&mut window, logins());
    window.click(Role::RadioButton, "Mirrors");
    assert!(window.says("docker.io"));
    assert!(window.says_like(|text| text.ends_with("blocked")));
    assert!(window.says_like(|text| text.contains("mirror.lan/hub (for digests only)")));
    assert!(window.says("/etc/containers/registries.conf"));
    assert!(window.says("fedora"));
    let host = KnownHost {
        host: "r.lan:5000".to_owned(),
        folder: "/etc/docker/certs.d/r.lan:5000".into(),
        authorities: 1,
        client: Some("client.cert".into()),
        hidden: false,
        problem: Some("the key client.key is missing".to_owned()),
    };
    tell(
        &mut window,
        Outcome::Hosts {
            hosts: [host].into(),
            folders: ["/etc/docker/certs.d".to_owned()].into(),
            plain_http: ["plain.lan".to_owned()].into(),
            unverified: ["loose.lan".to_owned()].into(),
            authorities: [].into(),
        },
    );
    window.click(Role::RadioButton, "TLS");
    assert!(window.says("1 authority, a client certificate"));
    assert!(window.has(Role::Note, "the key client.key is missing"));
    assert!(window.has(Role::Note, "plain.lan: plain http, not encrypted"));
    assert!(window.has(Role::Note, "loose.lan: its certificate is not checked"));
}
