//! Places that images are listed in: folders, engines, registries, repositories.

use std::sync::Arc;

use porthole::engine::{Command, Listed, Place, PlaceSnapshot, Remote, TagFacts};
use porthole::model::Digest;
use serde_json::json;

use crate::support::archive::fixture;
use crate::support::registry::{Fault, Registry, Setup, TagPages};
use crate::support::watch::Watch;

fn list(watch: &Watch, place: &Place) -> Arc<PlaceSnapshot> {
    let before = watch
        .engine
        .place(place)
        .map_or(0, |there| there.generation);
    watch.engine.send(Command::ListPlace {
        place: place.clone(),
    });
    until(watch, place, |snapshot| {
        snapshot.generation > before + 1 && settled(snapshot)
    })
}

/// Waits until a place that was asked for is listed.
fn until(
    watch: &Watch,
    place: &Place,
    wanted: impl Fn(&PlaceSnapshot) -> bool,
) -> Arc<PlaceSnapshot> {
    watch.wait(|| {
        watch
            .engine
            .place(place)
            .filter(|snapshot| wanted(snapshot))
    })
}

fn settled(snapshot: &PlaceSnapshot) -> bool {
    matches!(snapshot.listed, Remote::Ready(_) | Remote::Failed { .. })
}

fn names(snapshot: &PlaceSnapshot) -> Vec<String> {
    match snapshot.listed.value() {
        Some(Listed::Names(names)) => names.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn images(snapshot: &PlaceSnapshot) -> Vec<(String, String)> {
    match snapshot.listed.value() {
        Some(Listed::Images(images)) => images
            .iter()
            .map(|image| (image.title.clone(), image.reference.to_string()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn repository(registry: &Registry, name: &str) -> Place {
    Place::Repository(format!("{}/{name}", registry.host()))
}

fn facts(snapshot: &PlaceSnapshot, tag: &str) -> TagFacts {
    let facts = snapshot.facts.get(tag).and_then(Remote::value);
    TagFacts::clone(facts.unwrap_or_else(|| panic!("{tag}: {:?}", snapshot.facts)))
}

#[test]
fn the_images_of_a_folder_and_of_an_archive_are_listed_by_name() {
    let watch = Watch::start();
    let folder = fixture("busybox-small");
    let place = Place::Local(format!("oci:{}", folder.display()));
    let snapshot = list(&watch, &place);
    let expected = ["1.37.0", "plain", "amd64"].map(|name| {
        let reference = format!("oci:{}:{name}", folder.display());
        (name.to_owned(), reference)
    });
    let mut found = images(&snapshot);
    found.retain(|(name, _)| !name.starts_with('@'));
    assert_eq!(found, expected);
    // a place with one image is that image
    let archive = fixture("busybox-amd64-docker-archive.tar");
    let place = Place::Local(format!("docker-archive:{}", archive.display()));
    let snapshot = list(&watch, &place);
    assert_eq!(images(&snapshot).len(), 1);
    // and one that is not there says so
    let place = Place::Local("oci:/no/such/folder".to_owned());
    let snapshot = list(&watch, &place);
    let error = snapshot.listed.error().unwrap();
    assert!(error.headline.contains("/no/such/folder"), "{error}");
}

#[test]
fn repositories_of_a_registry_are_listed_and_a_closed_list_is_said() {
    let registry = Registry::start();
    let answer = json!({"repositories": ["team/app", "base", "team/app", "Not A Name"]});
    let answer = Fault::answer(200, "application/json", &answer.to_string());
    registry.fault_times("/v2/_catalog", 1, answer);
    let watch = Watch::start();
    let place = Place::Registry(registry.host());
    assert_eq!(names(&list(&watch, &place)), ["team/app", "base"]);
    // as Docker Hub and others answer
    registry.fault(
        "/v2/_catalog",
        Fault::error(401, "UNAUTHORIZED", "no list for you"),
    );
    watch.engine.send(Command::ListPlace {
        place: place.clone(),
    });
    let snapshot = until(&watch, &place, |snapshot| snapshot.listed.error().is_some());
    // what was known before is still there
    assert_eq!(names(&snapshot), ["team/app", "base"]);
}

#[test]
fn tags_are_shown_as_they_come_and_all_of_them_in_the_end() {
    let registry = Registry::start_with(Setup {
        tags: TagPages::Linked(2),
        ..Setup::default()
    });
    for tag in ["a", "b", "c", "d", "e"] {
        registry.put_manifest("app", Some(tag), "application/json", tag.as_bytes());
    }
    // the last page does not come before the first was seen
    registry.fault("last=d", Fault::status(503));
    let watch = Watch::start();
    let place = repository(&registry, "app");
    watch.engine.send(Command::ListPlace {
        place: place.clone(),
    });
    let snapshot = until(&watch, &place, settled);
    assert_eq!(
        names(&snapshot),
        ["a", "b"],
        "the part that was told of at once"
    );
    assert!(
        snapshot.listed.error().is_some(),
        "and that there may be more"
    );
    registry.forget_faults();
    watch.engine.send(Command::ListPlace {
        place: place.clone(),
    });
    let ready = |snapshot: &PlaceSnapshot| matches!(snapshot.listed, Remote::Ready(_));
    let snapshot = until(&watch, &place, ready);
    assert_eq!(names(&snapshot), ["a", "b", "c", "d", "e"]);
}

#[test]
fn what_a_tag_stands_for_is_read_for_those_that_are_looked_at() {
    let registry = Registry::start();
    registry.put_layout("busybox", fixture("busybox-small"));
    let watch = Watch::start();
    let place = repository(&registry, "busybox");
    list(&watch, &place);
    let before = registry.lines().len();
    watch.engine.send(Command::WantTags {
        place: place.clone(),
        tags: ["1.37.0", "amd64", "gone"].map(Arc::from).to_vec(),
    });
    let known = |snapshot: &PlaceSnapshot| {
        snapshot.facts.len() == 3 && snapshot.facts.values().all(|facts| !facts.is_pending())
    };
    let snapshot = until(&watch, &place, known);
    let index = facts(&snapshot, "1.37.0");
    let platforms: Vec<_> = index.platforms.iter().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64/v8"]);
    let image = facts(&snapshot, "amd64");
    assert_eq!(image.platforms[0].to_string(), "linux/amd64");
    // of an index the image for the wanted platform
    assert_eq!((index.size, &index.created), (image.size, &image.created));
    assert!(image.size.is_some() && image.created.is_some());
    let bytes = std::fs::read(
        fixture("busybox-small").join(format!("blobs/sha256/{}", index.digest.hex())),
    );
    assert_eq!(index.digest, Digest::sha256(&bytes.unwrap()));
    let error = snapshot.facts["gone"].error().unwrap();
    assert!(error.headline.contains("gone"), "{error}");
    // what is shared was read once, and no other tag was
    let lines = registry.lines().split_off(before);
    let read = lines.iter().filter(|line| line.starts_with("GET "));
    assert!(read.count() <= 7, "{lines:?}");
    assert!(
        !lines.iter().any(|line| line.contains("plain")),
        "{lines:?}"
    );

    // a list that is asked for anew reads again what is looked at
    list(&watch, &place);
    until(&watch, &place, |snapshot| {
        settled(snapshot) && known(snapshot)
    });
    watch.engine.send(Command::ClosePlace {
        place: place.clone(),
    });
    watch.wait(|| watch.engine.place(&place).is_none().then_some(()));
}

/// Asks what `tags` stand for, and waits until it is known.
fn want(watch: &Watch, place: &Place, tags: &[&str]) -> Arc<PlaceSnapshot> {
    let tags: Vec<Arc<str>> = tags.iter().map(|tag| Arc::from(*tag)).collect();
    watch.engine.send(Command::WantTags {
        place: place.clone(),
        tags: tags.clone(),
    });
    until(watch, place, |snapshot| {
        let known = |tag| snapshot.facts.get(tag).is_some_and(|one| !one.is_pending());
        settled(snapshot) && tags.iter().all(known)
    })
}

/// The requests for manifests since `before`, by method.
fn manifests(registry: &Registry, before: usize, method: &str) -> usize {
    let lines = registry.lines().split_off(before);
    let of = lines
        .iter()
        .filter(|line| line.starts_with(method) && line.contains("/manifests/"));
    of.count()
}

#[test]
fn what_a_tag_stands_for_is_asked_by_head_and_read_once() {
    let registry = Registry::start();
    registry.put_layout("busybox", fixture("busybox-small"));
    let watch = Watch::start();
    let place = repository(&registry, "busybox");
    list(&watch, &place);
    let first = facts(&want(&watch, &place, &["1.37.0"]), "1.37.0");
    let before = registry.lines().len();
    list(&watch, &place);
    let again = facts(&want(&watch, &place, &["1.37.0"]), "1.37.0");
    assert_eq!(first, again);
    assert_eq!(manifests(&registry, before, "HEAD "), 1);
    assert_eq!(manifests(&registry, before, "GET "), 0);
    // another tag of the same digest is not read either
    let index = std::fs::read(
        fixture("busybox-small").join(format!("blobs/sha256/{}", first.digest.hex())),
    );
    let kind = first.media_type.as_str();
    registry.put_manifest("busybox", Some("latest"), kind, &index.unwrap());
    list(&watch, &place);
    let before = registry.lines().len();
    let latest = facts(&want(&watch, &place, &["latest"]), "latest");
    assert_eq!(latest, first);
    assert_eq!(manifests(&registry, before, "GET "), 0);
    // one that stands for something else meanwhile is
    registry.put_manifest("busybox", Some("latest"), "application/json", b"{}");
    list(&watch, &place);
    let moved = want(&watch, &place, &["latest"]);
    let moved = moved.facts["latest"].value().map(|facts| &facts.digest);
    assert_ne!(moved, Some(&first.digest));
}

#[test]
fn a_digest_that_is_only_said_is_a_hint() {
    let registry = Registry::start();
    registry.put_layout("busybox", fixture("busybox-small"));
    let nothing = Digest::sha256(b"nothing").to_string();
    let says = Fault::header("Docker-Content-Digest", &nothing);
    registry.fault("HEAD /v2/busybox/manifests/amd64", says);
    // where HEAD is not answered, the tag is read all the same
    let refused = Fault::status(405);
    registry.fault("HEAD /v2/busybox/manifests/1.37.0", refused);
    let watch = Watch::start();
    let place = repository(&registry, "busybox");
    list(&watch, &place);
    let snapshot = want(&watch, &place, &["amd64", "1.37.0"]);
    assert_ne!(facts(&snapshot, "amd64").digest.to_string(), nothing);
    assert!(facts(&snapshot, "amd64").size.is_some());
    assert_eq!(facts(&snapshot, "1.37.0").platforms.len(), 2);
}

#[test]
fn where_few_pulls_are_left_only_the_digest_of_a_tag_is_asked_for() {
    let registry = Registry::start();
    registry.put_layout("busybox", fixture("busybox-small"));
    let left = |count: &str| {
        let headers = [
            ("RateLimit-Limit", "100;w=21600"),
            ("RateLimit-Remaining", count),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Fault::Headers(headers.to_vec())
    };
    registry.fault_times("HEAD ", 1, left("50;w=21600"));
    let watch = Watch::start();
    let place = repository(&registry, "busybox");
    list(&watch, &place);
    let plenty = facts(&want(&watch, &place, &["1.37.0"]), "1.37.0");
    assert_eq!(plenty.spared, None);
    registry.fault("HEAD ", left("49;w=21600"));
    let before = registry.lines().len();
    let spared = facts(&want(&watch, &place, &["plain"]), "plain");
    let limit = spared.spared.as_ref().map(ToString::to_string);
    assert_eq!(limit.as_deref(), Some("49 of 100 pulls are left over 6 h"));
    assert_eq!((spared.size, spared.platforms.len()), (None, 0));
    assert_eq!(manifests(&registry, before, "GET "), 0);
    // what was read before is shown all the same
    list(&watch, &place);
    let known = facts(&want(&watch, &place, &["1.37.0"]), "1.37.0");
    assert_eq!(known, plenty);
}

#[cfg(unix)]
#[test]
fn the_images_of_engines_are_listed_and_none_is_told_from_an_error() {
    use crate::support::engine::{Answer, FakeEngine, ping};
    use crate::support::watch::config;
    use porthole::config::Engines;
    use porthole::engine::FailureKind;

    let engine = FakeEngine::start(|path| match path {
        path if path.ends_with("/images/json") => Answer::Json(
            200,
            json!([
                {"Id": "sha256:0123456789abcdef", "RepoTags": ["example.org/app:1"], "Size": 2_000_000},
                {"Id": "sha256:fedcba9876543210", "RepoTags": ["<none>:<none>"], "Size": 1},
            ]),
        ),
        _ => ping(),
    });
    let start = |engines| {
        let mut config = config();
        config.network.engines = engines;
        Watch::start_with(config)
    };
    let watch = start(Engines {
        docker_host: Some(engine.address.clone()),
        ..Engines::default()
    });
    let found = images(&list(&watch, &Place::Engines));
    assert_eq!(
        found,
        [
            (
                "example.org/app:1".to_owned(),
                "docker-daemon:example.org/app:1".to_owned()
            ),
            (
                "fedcba987654".to_owned(),
                "docker-daemon:sha256:fedcba9876543210".to_owned()
            ),
        ]
    );
    let watch = start(Engines::default());
    let snapshot = list(&watch, &Place::Engines);
    assert_eq!(snapshot.listed.error().unwrap().kind, FailureKind::Missing);
}
