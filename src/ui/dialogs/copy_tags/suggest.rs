//! Where all tags of a place go if nobody says anything else.

use crate::model::Reference;
use crate::ui::dialogs::copy::{Kind, Target};

/// Where all tags of `called` could go in a place of a kind; `host` is a registry that is
/// known.
pub(super) fn suggest(called: &Reference, kind: Kind, host: Option<&str>) -> String {
    let repository = repository(called);
    match (kind, host) {
        (_, _) if repository.is_empty() => String::new(),
        (Kind::Registry, Some(host)) => format!("{host}/{repository}"),
        (Kind::Registry, None) => String::new(),
        _ => {
            let last = repository.rsplit('/').next();
            format!("~/{}", last.unwrap_or_default())
        }
    }
}

/// The same in a place that they were dropped on.
pub(super) fn in_place(called: &Reference, target: &Target) -> String {
    match target {
        Target::Registry(host) => format!("docker://{host}/{}", repository(called)),
        Target::Repository(name) => format!("docker://{name}"),
        Target::Folder(text) => text.clone(),
        Target::Engine => String::new(),
    }
}

/// What a place is called as a repository.
fn repository(called: &Reference) -> String {
    match called {
        Reference::Registry(image) => image.repository().to_owned(),
        Reference::Path(path) => {
            let file = path.path.file_name().unwrap_or_default().to_string_lossy();
            file.trim_end_matches(".tar").to_ascii_lowercase()
        }
        Reference::Daemon(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tags_go_to_a_place_of_the_same_name() {
        let parse = |text: &str| Reference::parse_prefixed(text).unwrap().unwrap();
        let api = parse("docker://r.example.com/edge/api");
        assert_eq!(
            suggest(&api, Kind::Registry, Some("m:5000")),
            "m:5000/edge/api"
        );
        assert_eq!(suggest(&api, Kind::Registry, None), "");
        assert_eq!(suggest(&api, Kind::Oci, None), "~/api");
        let folder = parse("oci:/srv/Release");
        assert_eq!(suggest(&folder, Kind::Registry, Some("m")), "m/release");
        let dropped = in_place(&api, &Target::Registry("m:1".into()));
        assert_eq!(dropped, "docker://m:1/edge/api");
        let dropped = in_place(&api, &Target::Repository("m:1/x".into()));
        assert_eq!(dropped, "docker://m:1/x");
        let dropped = in_place(&api, &Target::Folder("oci:/srv/x".into()));
        assert_eq!(dropped, "oci:/srv/x");
    }
}
