//! The program: a subcommand, or the window.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use porthole::cli::Arguments;

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments = Arguments::parse();
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
    match porthole::ui::run(config, arguments.references, started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("porthole: the window could not be opened: {error}");
            eprintln!("  Without a display, use the subcommands: porthole inspect REFERENCE");
            ExitCode::from(1)
        }
    }
}

#[cfg(not(feature = "gui"))]
fn window(_: Arguments, _: Instant) -> ExitCode {
    eprintln!("porthole: this build has no window");
    eprintln!("  Use the subcommands: porthole inspect REFERENCE");
    ExitCode::from(2)
}
