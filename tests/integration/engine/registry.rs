//! The engine over a registry: how often it asks, and how it is stopped.

use std::sync::Arc;

use porthole::engine::{Command, FailureKind, JobKind, JobState, NodePath, Remote};

use crate::support::layout::{Layout, entry};
use crate::support::registry::{Fault, Registry};
use crate::support::watch::{Watch, config};

const PLATFORMS: [&str; 5] = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/riscv64",
    "linux/s390x",
];

/// A registry with an index of five platforms as `edge/api:v1`, and the index's digest.
fn registry_with_index(registry: &Registry) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let entries: Vec<_> = PLATFORMS
        .iter()
        .map(|platform| {
            let image = layout.image(platform, &["shared base", platform]);
            entry(&image, platform)
        })
        .collect();
    let index = layout.index(&entries);
    layout.name("v1", &index);
    registry.put_layout("edge/api", folder.path());
    index.digest.to_string()
}

#[test]
fn an_index_of_k_platforms_costs_one_request_and_two_for_each_none_twice() {
    let registry = Registry::start();
    registry_with_index(&registry);
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&registry.reference("edge/api:v1"));
    for (position, platform) in PLATFORMS.iter().enumerate() {
        let node = snapshot.node(&NodePath::root().child(position)).unwrap();
        assert_eq!(node.config().unwrap().platform.to_string(), *platform);
    }
    let mut asked = registry.lines();
    assert_eq!(asked.len(), 1 + 2 * PLATFORMS.len(), "{asked:#?}");
    assert_eq!(asked[0], "GET /v2/edge/api/manifests/v1");
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 1 + 2 * PLATFORMS.len(), "one was asked twice");
}

#[test]
fn opened_again_by_digest_nothing_is_asked() {
    let registry = Registry::start();
    let digest = registry_with_index(&registry);
    let cache = tempfile::tempdir().unwrap();
    let with_cache = || {
        let mut config = config();
        config.cache = Some(cache.path().to_owned());
        config
    };
    let by_digest = registry.reference(&format!("edge/api@{digest}"));
    let watch = Watch::start_with(with_cache());
    watch.open_and_settle(&registry.reference("edge/api:v1"));
    let before = registry.lines().len();
    watch.open_and_settle(&by_digest);
    assert_eq!(registry.lines().len(), before, "the same program");
    let watch = Watch::start_with(with_cache());
    let (_, snapshot) = watch.open_and_settle(&by_digest);
    assert_eq!(
        registry.lines().len(),
        before,
        "a later start of the program"
    );
    let last = NodePath::root().child(PLATFORMS.len() - 1);
    assert!(snapshot.node(&last).unwrap().config().is_some());
}

#[test]
fn a_file_of_the_cache_that_was_changed_is_not_believed() {
    let registry = Registry::start();
    let digest = registry_with_index(&registry);
    let cache = tempfile::tempdir().unwrap();
    let mut with_cache = config();
    with_cache.cache = Some(cache.path().to_owned());
    let by_digest = registry.reference(&format!("edge/api@{digest}"));
    Watch::start_with(with_cache.clone()).open_and_settle(&by_digest);
    let hex = digest.strip_prefix("sha256:").unwrap();
    let file = cache.path().join("blobs/sha256").join(hex);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("riscv64", "riscv32")).unwrap();
    let before = registry.lines().len();
    let (_, snapshot) = Watch::start_with(with_cache).open_and_settle(&by_digest);
    assert_eq!(
        registry.lines().len(),
        before + 1,
        "asked the registry instead"
    );
    let root = &snapshot.image().unwrap().root;
    assert_eq!(root.document.raw().digest().to_string(), digest);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        text,
        "and mended the file"
    );
}

#[test]
fn children_are_asked_for_side_by_side_and_drawn_as_they_come() {
    let registry = Registry::start();
    registry_with_index(&registry);
    // the answers to two of the children never come
    registry.fault_times("/manifests/sha256:", 2, Fault::Silence);
    let watch = Watch::start();
    let id = watch.open(&registry.reference("edge/api:v1"));
    let complete = |s: &porthole::engine::ImageSnapshot| {
        let known = (0..PLATFORMS.len()).filter(|p| {
            s.node(&NodePath::root().child(*p))
                .is_some_and(|n| n.config().is_some())
        });
        known.count()
    };
    let snapshot = watch.until(id, |s| complete(s) == PLATFORMS.len() - 2);
    assert!(!snapshot.settled(), "two are still being waited for");
}

#[test]
fn the_chosen_image_is_among_the_first_that_are_asked_for() {
    let registry = Registry::start();
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let platforms: Vec<_> = (0..20)
        .map(|n| format!("linux/other{n}"))
        .chain(["linux/amd64".to_owned()])
        .collect();
    let images: Vec<_> = platforms.iter().map(|p| layout.image(p, &[p])).collect();
    let entries: Vec<_> = images
        .iter()
        .zip(&platforms)
        .map(|(i, p)| entry(i, p))
        .collect();
    let index = layout.index(&entries);
    layout.name("v1", &index);
    registry.put_layout("edge/api", folder.path());
    registry.fault("/manifests/sha256:", Fault::Silence);
    let watch = Watch::start();
    watch.open(&registry.reference("edge/api:v1"));
    // eight at once, and not one of them is answered
    watch.wait(|| (registry.lines().len() == 9).then_some(()));
    let chosen = images[20].digest.to_string();
    assert!(
        registry.lines().iter().any(|l| l.ends_with(&chosen)),
        "{:#?}",
        registry.lines()
    );
}

#[test]
fn opening_is_cancelled_in_every_phase_and_can_be_done_again() {
    for (phase, path) in [
        ("the index", "/manifests/v1"),
        ("a manifest", "/manifests/sha256:"),
        ("a config", "/blobs/"),
    ] {
        let registry = Registry::start();
        registry_with_index(&registry);
        registry.fault_times(path, PLATFORMS.len(), Fault::Silence);
        let watch = Watch::start();
        let id = watch.open(&registry.reference("edge/api:v1"));
        watch.wait(|| {
            registry
                .lines()
                .iter()
                .any(|l| l.contains(path))
                .then_some(())
        });
        let job = watch.until_job(|job| job.image == id);
        watch.engine.send(Command::Cancel { job: job.id });
        let job = watch.until_job(|other| other.id == job.id && other.state.is_final());
        assert_eq!(job.state, JobState::Cancelled, "{phase}");
        let snapshot = watch.until(id, porthole::engine::ImageSnapshot::settled);
        if path.ends_with("v1") {
            let error = snapshot.opened.error().unwrap();
            assert_eq!(error.kind, FailureKind::Cancelled, "{phase}");
        } else {
            assert!(snapshot.image().is_some(), "{phase}: the index stays");
        }
        registry.forget_faults();
        watch.engine.send(Command::Retry { job: job.id });
        watch.until(id, |s| {
            s.settled()
                && (0..PLATFORMS.len()).all(|p| {
                    let node = s.node(&NodePath::root().child(p));
                    node.is_some_and(|n| n.config().is_some())
                })
        });
    }
}

#[test]
fn closing_a_waiting_image_ends_its_request() {
    let registry = Registry::start();
    registry_with_index(&registry);
    registry.fault("/manifests/v1", Fault::Silence);
    let watch = Watch::start();
    let id = watch.open(&registry.reference("edge/api:v1"));
    watch.wait(|| (registry.lines().len() == 1).then_some(()));
    watch.engine.send(Command::Close { image: id });
    watch.wait(|| watch.engine.image(id).is_none().then_some(()));
    let job = watch.until_job(|job| job.image == id && job.state.is_final());
    assert_eq!(job.state, JobState::Cancelled);
    watch.wait(|| (registry.open_connections() == 0).then_some(()));
}

#[test]
fn one_child_that_is_refused_leaves_the_others() {
    let registry = Registry::start();
    registry_with_index(&registry);
    let watch = Watch::start();
    let (_, good) = watch.open_and_settle(&registry.reference("edge/api:v1"));
    let third = good
        .image()
        .unwrap()
        .descriptor(&NodePath::from(vec![2]))
        .unwrap();
    let third = third.digest.to_string();
    registry.fault(&third, Fault::error(403, "DENIED", "not for you"));
    let watch = Watch::start();
    let (_, snapshot) = watch.open_and_settle(&registry.reference("edge/api:v1"));
    let root = &snapshot.image().unwrap().root;
    for position in [0, 1, 3, 4] {
        assert!(
            root.child(position)
                .unwrap()
                .value()
                .unwrap()
                .config()
                .is_some()
        );
    }
    let Remote::Failed { error, .. } = root.child(2).unwrap() else {
        panic!("{:?}", root.child(2))
    };
    assert_eq!(error.kind, FailureKind::Access);
    assert!(error.headline.contains(&third), "{error:?}");
    assert!(
        error.details.iter().any(|d| d.contains("not for you")),
        "{error:?}"
    );
}

#[test]
fn a_tag_that_moved_is_seen_by_a_reload() {
    let registry = Registry::start();
    registry_with_index(&registry);
    let watch = Watch::start();
    let (id, before) = watch.open_and_settle(&registry.reference("edge/api:v1"));
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    let image = layout.image("linux/amd64", &["moved"]);
    layout.name("v1", &image);
    registry.put_layout("edge/api", folder.path());
    watch.engine.send(Command::Reload { image: id });
    watch.until_job(|job| job.kind == JobKind::Reload && job.state == JobState::Done);
    let after = watch.engine.image(id).unwrap();
    let digest = |s: &Arc<porthole::engine::ImageSnapshot>| {
        s.image().unwrap().root.document.raw().digest().clone()
    };
    assert_ne!(digest(&before), digest(&after));
    assert_eq!(digest(&after), image.digest);
}

#[test]
fn what_could_not_be_opened_still_says_what_it_was_understood_as() {
    let registry = Registry::start();
    let watch = Watch::start();
    // without docker://, as it is typed
    let reference = registry.reference("edge/api:nope");
    let typed = reference.trim_start_matches("docker://").to_owned();
    let (_, snapshot) = watch.open_and_settle(&typed);
    assert!(snapshot.opened.error().is_some());
    let understood = snapshot.reference.as_ref().map(ToString::to_string);
    assert_eq!(understood.as_deref(), Some(&*format!("docker://{typed}")));
    let (_, snapshot) = watch.open_and_settle("No Reference");
    assert!(snapshot.opened.error().is_some());
    assert_eq!(snapshot.reference, None);
}
