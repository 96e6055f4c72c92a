//! The Dockerfile instruction behind the `created_by` of a build step.

/// What the classic builder writes before an instruction that makes no layer by itself.
const NO_OPERATION: &str = "#(nop)";

/// The shells that RUN uses where nobody chose one, as they stand before its command.
const DEFAULT_SHELLS: [&str; 3] = ["/bin/sh -c ", "cmd /S /C ", "powershell -Command "];

/// Takes off what builders put around an instruction: the default shell before it, the
/// build arguments of that step, and `# buildkit` behind it. A shell that somebody chose
/// stays, and so does everything that is not known.
pub(super) fn read(created_by: &str) -> Option<String> {
    let written = created_by.trim();
    let written = written.strip_suffix("# buildkit").unwrap_or(written).trim();
    let instruction = match written.split_once(NO_OPERATION) {
        Some((shell, rest)) if is_one_line(shell) => rest.trim().to_owned(),
        _ => {
            let step = written.strip_prefix("RUN ").unwrap_or(written);
            let command = without_arguments(step.trim_start());
            let command = DEFAULT_SHELLS.iter().find_map(|s| command.strip_prefix(s));
            match command {
                Some(command) => format!("RUN {}", command.trim()),
                None => written.to_owned(),
            }
        }
    };
    (!instruction.is_empty()).then_some(instruction)
}

/// Whether this is a shell with its options, and not the beginning of a long script that
/// happens to say `#(nop)`.
fn is_one_line(shell: &str) -> bool {
    shell.len() < 200 && !shell.contains('\n')
}

/// Without `|2 A=1 B=2 `, the build arguments that a step saw. Their values may have
/// spaces in them, so that only the shell behind them tells where they end.
fn without_arguments(step: &str) -> &str {
    let count = step.strip_prefix('|').and_then(|rest| rest.split_once(' '));
    let Some((count, rest)) = count else {
        return step;
    };
    if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
        return step;
    }
    let shells = DEFAULT_SHELLS.iter().filter_map(|shell| rest.find(shell));
    match shells.min() {
        Some(at) => &rest[at..],
        None => step,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn instructions_as_they_were_written() {
        let cases = [
            // BuildKit
            (
                "RUN /bin/sh -c apt-get update # buildkit",
                "RUN apt-get update",
            ),
            ("COPY /src /dst # buildkit", "COPY /src /dst"),
            ("ENV PATH=/usr/bin", "ENV PATH=/usr/bin"),
            ("CMD [\"/bin/bash\"]", "CMD [\"/bin/bash\"]"),
            (
                "RUN |2 A=1 B=two words /bin/sh -c echo $B # buildkit",
                "RUN echo $B",
            ),
            (
                "RUN /bin/sh -c set -eux; \tapk add x # buildkit",
                "RUN set -eux; \tapk add x",
            ),
            // a shell that was chosen is worth seeing
            (
                "RUN /bin/bash -o pipefail -c curl x | sh # buildkit",
                "RUN /bin/bash -o pipefail -c curl x | sh",
            ),
            // the classic builder
            ("/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]"),
            ("/bin/sh -c #(nop) ADD file:7f4 in / ", "ADD file:7f4 in /"),
            (
                "/bin/sh -c #(nop) COPY dir:9a1 in /app ",
                "COPY dir:9a1 in /app",
            ),
            ("/bin/sh -c apt-get update", "RUN apt-get update"),
            ("|1 VERSION=3 /bin/sh -c make $VERSION", "RUN make $VERSION"),
            ("/bin/bash -o pipefail -c #(nop)  ENV A=1", "ENV A=1"),
            // Windows
            ("cmd /S /C #(nop)  CMD [\"cmd.exe\"]", "CMD [\"cmd.exe\"]"),
            ("cmd /S /C mkdir c:\\app", "RUN mkdir c:\\app"),
            (
                "RUN cmd /S /C mkdir c:\\app # buildkit",
                "RUN mkdir c:\\app",
            ),
            (
                "powershell -Command $ErrorActionPreference = 'Stop'; #(nop) WORKDIR C:\\app",
                "WORKDIR C:\\app",
            ),
            (
                "powershell -Command Write-Host hello",
                "RUN Write-Host hello",
            ),
            // other builders
            ("bazel build //app:image", "bazel build //app:image"),
            (
                "  ko build ko://example.com/app\n",
                "ko build ko://example.com/app",
            ),
            // not build arguments
            ("|x /bin/sh -c a", "|x /bin/sh -c a"),
            ("|1 A=1 /usr/bin/run", "|1 A=1 /usr/bin/run"),
        ];
        for (created_by, expected) in cases {
            assert_eq!(read(created_by).as_deref(), Some(expected), "{created_by}");
        }
    }

    #[test]
    fn steps_that_say_nothing() {
        for created_by in [
            "",
            "  ",
            "/bin/sh -c #(nop)",
            "/bin/sh -c #(nop)  ",
            "# buildkit",
        ] {
            assert_eq!(read(created_by), None, "{created_by:?}");
        }
    }

    #[test]
    fn a_script_that_speaks_of_nop_is_not_cut() {
        let script = format!("/bin/sh -c {}\necho '#(nop)'", "x".repeat(300));
        assert_eq!(
            read(&script).as_deref(),
            Some(script.replacen("/bin/sh -c ", "RUN ", 1).as_str())
        );
    }
}
