//! The file `version`: `Directory Transport Version: 1.1`, or 1.2 where a digest is not
//! SHA-256.

use std::fs;

use crate::transport::Problem;
use crate::transport::local::{Files, Folder, Target, Work, write_problem};

/// Longest `version` that is read, in bytes. It holds one line.
const VERSION_BYTES: u64 = 4 << 10;

/// What the line begins with.
const WORDS: &str = "Directory Transport Version: ";

/// The newest version that is known here.
const NEWEST: (u32, u32) = (1, 2);

/// Refuses a folder of a version that is not known here. Without the file it is read all the
/// same, as containers/image reads it.
pub(super) fn check(folder: &Folder, work: &Work) -> Result<(), Problem> {
    let bytes = match folder.read("version", VERSION_BYTES, work) {
        Err(problem) if problem.is_missing() => return Ok(()),
        other => other?,
    };
    let version = parse(&bytes).ok_or_else(|| Problem::Broken {
        file: "version".to_owned(),
        why: format!("it does not say \"{WORDS}1.1\""),
    })?;
    if version > NEWEST {
        let (major, minor) = version;
        return Err(Problem::DirVersion {
            found: format!("{major}.{minor}"),
        });
    }
    Ok(())
}

/// Makes the folder say which version it is of, the newer one where a digest is not SHA-256.
pub(super) fn ensure(target: &Target, other_algorithm: bool) -> Result<(), Problem> {
    let path = target.root.join("version");
    let wanted = if other_algorithm { (1, 2) } else { (1, 1) };
    let there = fs::read(&path).ok().and_then(|bytes| parse(&bytes));
    if there.is_some_and(|there| there >= wanted) {
        return Ok(());
    }
    let line = format!("{WORDS}{}.{}\n", wanted.0, wanted.1);
    let replaces = path.exists();
    target
        .disk
        .put(&path, line.as_bytes(), replaces)
        .map_err(|error| write_problem(&error))
}

fn parse(bytes: &[u8]) -> Option<(u32, u32)> {
    let line = std::str::from_utf8(bytes).ok()?.strip_prefix(WORDS)?;
    let (major, minor) = line.trim_end_matches(['\r', '\n']).split_once('.')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    Some((number(major)?, number(minor)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_exact_line() {
        for (text, expected) in [
            ("Directory Transport Version: 1.1\n", Some((1, 1))),
            ("Directory Transport Version: 1.2", Some((1, 2))),
            ("Directory Transport Version: 10.0\r\n", Some((10, 0))),
            ("Directory Transport Version: 1\n", None),
            ("Directory Transport Version: 1.\n", None),
            ("Directory Transport Version: +1.1\n", None),
            ("Directory Transport Version: 1.1.1\n", None),
            ("Directory Transport Version: 99999999999.1\n", None),
            ("directory transport version: 1.1\n", None),
            ("1.1\n", None),
            ("", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(parse(b"\xff"), None);
    }
}
