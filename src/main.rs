//! The program: a subcommand, or the window.

use std::process::ExitCode;
use std::time::Instant;

use porthole::cli::Arguments;

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = Arguments::read();
    porthole::diagnostics::log::start(arguments.global.debug);
    if arguments.wants_window() {
        window(arguments, started)
    } else {
        arguments.run()
    }
}

#[cfg(feature = "gui")]
fn window(arguments: Arguments, started: Instant) -> ExitCode {
    let config = arguments.global.engine_config();
    if !has_display() {
        eprintln!("porthole: there is no display to open a window on");
        eprintln!("  Set DISPLAY or WAYLAND_DISPLAY, or use the subcommands (porthole --help)");
        return ExitCode::from(1);
    }
    match porthole::ui::run(config, arguments.references, started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = error.to_string();
            eprintln!(
                "porthole: the window could not be opened: {}",
                without_place(&error)
            );
            eprintln!("  Without a display, use the subcommands: porthole inspect REFERENCE");
            ExitCode::from(1)
        }
    }
}

/// Whether the session names a display; systems without X11 and Wayland always have one.
#[cfg(feature = "gui")]
fn has_display() -> bool {
    let named = ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"];
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || named.into_iter().any(is_set)
}

/// An error without the place in a source file that libraries put before it.
#[cfg(feature = "gui")]
fn without_place(error: &str) -> &str {
    let behind = error
        .rsplit_once(".rs:")
        .and_then(|(_, rest)| rest.split_once(": "));
    behind.map_or(error, |(_, error)| error)
}

#[cfg(not(feature = "gui"))]
fn window(_: Arguments, _: Instant) -> ExitCode {
    eprintln!("porthole: this build has no window");
    eprintln!("  Use the subcommands: porthole inspect REFERENCE");
    ExitCode::from(2)
}
