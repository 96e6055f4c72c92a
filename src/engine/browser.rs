//! The user's browser: sent to where somebody signs in, or to a page on the web.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::Failure;
use crate::config::program;

/// What opens an address in the browser that the user chose; the first that there is.
const OPENERS: &[(&str, &[&str])] = if cfg!(target_os = "macos") {
    &[("open", &[])]
} else if cfg!(windows) {
    &[("rundll32", &["url.dll,FileProtocolHandler"])]
} else {
    &[
        ("xdg-open", &[]),
        ("gio", &["open"]),
        ("x-www-browser", &[]),
        ("wslview", &[]),
    ]
};

/// One that opens nothing says so within this time.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Opens an address of the web in the browser, which inherits none of this program's
/// secrets, and waits until that is on its way.
///
/// # Errors
/// Where the address is none of the web, or nothing on this machine opens it.
pub(super) fn browse(address: &str) -> Result<(), Failure> {
    let web = ["https://", "http://"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    if !web {
        // what an image says must not start another program
        let what = "only web addresses are opened";
        return Err(Failure::refused(what, "Copy it where you need it"));
    }
    for (opener, arguments) in OPENERS {
        let mut command = program(opener);
        command.args(*arguments).arg(address);
        let started = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else {
            continue;
        };
        let begun = Instant::now();
        let ended = child.wait();
        // some go on as the browser itself: how that ends says nothing of whether a page came
        if ended.is_ok_and(|status| status.success()) || begun.elapsed() > AT_ONCE {
            return Ok(());
        }
    }
    Err(Failure::refused(
        "there is no browser that could be started",
        "Open the address in a browser yourself",
    ))
}

#[cfg(test)]
mod tests {
    use super::browse;

    #[test]
    fn nothing_but_the_web_is_opened() {
        for address in ["file:///etc/passwd", "javascript:alert(1)", "-h", ""] {
            let error = browse(address).unwrap_err();
            assert!(error.headline.contains("only web addresses"), "{error}");
        }
    }
}
