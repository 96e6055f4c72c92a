//! Help > Diagnostics: what it says, what it never says, and the cache.

use porthole::engine::{Chore, Command, Outcome};

use super::*;

fn diagnostics() -> Window {
    let mut window = Window::new(Setup {
        facts: Facts {
            renderer: "OpenGL 4.5 of a test".to_owned(),
            settings: Some("/home/me/settings".into()),
            cache: Some("/home/me/cache".into()),
        },
        ..Setup::default()
    });
    // what a person may paste by mistake
    window.press(CTRL, Key::L);
    let pasted = "skopeo inspect --creds me:s3cret docker://r.example.com/a:1";
    window.field("Reference").type_text(pasted);
    window.press(Modifiers::NONE, Key::Enter);
    window.sent();
    window.choose("Help", "Diagnostics…");
    window
}

#[test]
fn it_says_what_draws_and_where_things_lie_and_saves_without_secrets() {
    let mut window = diagnostics();
    assert_eq!(window.sent(), [Command::Chore(Chore::MeasureCache)]);
    let says = |window: &Window, what: &str| window.says_like(|text| text.contains(what));
    let version = format!("Porthole: {}", env!("CARGO_PKG_VERSION"));
    for what in [
        &*version,
        "Renderer: OpenGL 4.5 of a test",
        "Settings: /home/me/settings",
        "HTTPS_PROXY: ",
    ] {
        assert!(says(&window, what), "{what}");
    }
    assert!(!says(&window, "s3cret"));
    window.click(Role::Button, "Save");
    let sent = window.sent();
    let [Command::Chore(Chore::SaveText { path, text })] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert!(path.is_absolute() && path.ends_with("porthole-diagnostics.txt"));
    assert!(text.contains(&version) && !text.contains("s3cret"));
    for (name, value) in std::env::vars() {
        let secret = name.ends_with("PASSWORD") || name.ends_with("_PROXY");
        assert!(
            !secret || value.len() < 4 || !text.contains(&value),
            "{name}"
        );
    }
}

#[test]
fn the_size_of_the_cache_is_shown_and_it_is_cleared() {
    let mut window = diagnostics();
    window.sent();
    assert!(window.says("Cache: … in /home/me/cache"));
    let bytes = 12_300_000;
    window.slots.put_outcome(Outcome::CacheMeasured { bytes });
    window.harness.run();
    assert!(window.says("Cache: 12.3 MB in /home/me/cache"));
    window.click(Role::Link, "Clear cache");
    assert_eq!(window.sent(), [Command::Chore(Chore::ClearCache)]);
    window
        .slots
        .put_outcome(Outcome::CacheCleared { freed: bytes });
    window.harness.run();
    assert!(window.says("Cache: 0 B in /home/me/cache"));
    assert!(window.says("Cache cleared: 12.3 MB are free again"));
}
