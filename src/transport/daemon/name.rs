//! Names of images as engines know them.

use super::image::EngineName;
use crate::model::{ReferenceError, RegistryReference};
use crate::transport::Problem;

/// Takes a name that can stand in the path of a request as it is: a reference with Docker's
/// rules, or an image ID of at least twelve hexadecimal characters.
pub(super) fn check(name: &str) -> Result<EngineName<'_>, Problem> {
    let good = match name.parse::<RegistryReference>() {
        // the rules leave nothing that means something in a path
        Ok(_) | Err(ReferenceError::ImageId) => true,
        Err(_) => false,
    };
    if good {
        Ok(EngineName(name))
    } else {
        Err(Problem::EngineName {
            name: name.to_owned(),
        })
    }
}

/// Takes what an engine says is an image's ID.
pub(super) fn check_id(id: &str) -> Option<&str> {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    let good = (12..=64).contains(&hex.len()) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_another_request_is_no_name() {
        let hex = "0123456789abcdef".repeat(4);
        for name in [
            "busybox",
            "busybox:1.37",
            "localhost/team/app:1",
            "127.0.0.1:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "0123456789ab",
            &hex,
            &format!("sha256:{hex}"),
        ] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "../containers",
            "a/../../info",
            "a?all=1",
            "a#b",
            "a%2fb",
            "a b",
            "/a",
            "a/",
            "A",
            "a\r\nHost: x",
        ] {
            assert!(
                matches!(check(name), Err(Problem::EngineName { .. })),
                "{name:?}"
            );
        }
        assert_eq!(check_id("sha256:0123456789ab"), Some("sha256:0123456789ab"));
        assert_eq!(check_id("../x"), None);
        assert_eq!(check_id(""), None);
    }
}
