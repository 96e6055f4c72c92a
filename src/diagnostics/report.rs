//! The report: a text to look at, to copy and to send to somebody.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::model::text;

/// Variables that change what the program does. Only whether they are set is told: some
/// hold passwords.
const VARIABLES: [&str; 22] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_SESSION_TYPE",
    "XDG_CURRENT_DESKTOP",
    "DBUS_SESSION_BUS_ADDRESS",
    "LIBGL_ALWAYS_SOFTWARE",
    "LANG",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "REGISTRY_AUTH_FILE",
    "DOCKER_CONFIG",
    "DOCKER_HOST",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "COSIGN_PASSWORD",
    "PORTHOLE_LOG",
];

/// What only the outside knows.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What draws, in the words of the driver.
    pub renderer: String,
    /// The folder that the settings lie in.
    pub settings: Option<PathBuf>,
    /// The folder of the cache.
    pub cache: Option<PathBuf>,
}

/// Makes the report. `is_set` says of a variable of the environment whether it is set; no
/// value is ever asked for. `log` are the last lines of the log.
pub fn report(facts: &Facts, is_set: impl Fn(&str) -> bool, log: &[String]) -> String {
    let mut report = String::new();
    let mut line = |name: &str, value: &str| {
        // writing to a string cannot fail
        let _ = writeln!(report, "{name}: {}", text::visible(value));
    };
    let folder = |folder: &Option<PathBuf>| match folder {
        Some(folder) => folder.display().to_string(),
        None => "none".to_owned(),
    };
    line("Porthole", env!("CARGO_PKG_VERSION"));
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    line("Build", build);
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    line("System", &system);
    line("Renderer", &facts.renderer);
    line("Settings", &folder(&facts.settings));
    line("Cache", &folder(&facts.cache));
    report.push_str("\nEnvironment (values are not told)\n");
    for name in VARIABLES {
        let state = if is_set(name) { "set" } else { "not set" };
        let _ = writeln!(report, "  {name}: {state}");
    }
    report.push_str("\nLast lines of the log\n");
    if log.is_empty() {
        report.push_str("  none; start with --debug for more\n");
    }
    for line in log {
        // a log holds no secret; if one ever did, it would not get further than here
        let _ = writeln!(report, "  {}", text::visible(&text::without_secrets(line)));
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_set_and_never_to_what() {
        let facts = Facts {
            renderer: "OpenGL 4.5\u{202e}".to_owned(),
            settings: Some("/home/me/.local/share/porthole".into()),
            cache: None,
        };
        let log = ["WARN --creds me:s3cret and https://me:s3cret@r.example.com/v2/".to_owned()];
        let report = report(&facts, |name| name == "HTTPS_PROXY", &log);
        for line in [
            "Renderer: OpenGL 4.5\\u{202e}",
            "Settings: /home/me/.local/share/porthole",
            "Cache: none",
            "  HTTPS_PROXY: set",
            "  HTTP_PROXY: not set",
            "  WARN --creds … and https://…@r.example.com/v2/",
        ] {
            assert!(
                report.lines().any(|found| found == line),
                "{line}: {report}"
            );
        }
        assert!(!report.contains("s3cret"));
    }
}
