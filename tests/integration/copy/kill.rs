//! Copies that end at any step, or at any moment: what was there before is valid, and the
//! next copy completes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use porthole::copy::{CopyOptions, CopyProgress};
use porthole::model::{MediaType, PathReference, Reference};
use porthole::transport::directory::DirectoryDestination;
use porthole::transport::docker_archive::DockerArchiveDestination;
use porthole::transport::layout::{LayoutArchiveDestination, LayoutDestination};
use porthole::transport::{Destination, Disk, Step};
use serde_json::json;

use super::{at, client, content, copy, digest, host, no_referrers, open, parsed};
use crate::support::layout::{Layout, entry};
use crate::support::peers;

/// A kind of place, and how one is written to by way of a disk that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Layout,
    LayoutArchive,
    Directory,
    DockerArchive,
}

const KINDS: [Kind; 4] = [
    Kind::Layout,
    Kind::LayoutArchive,
    Kind::Directory,
    Kind::DockerArchive,
];

impl Kind {
    fn reference(self, folder: &Path) -> String {
        match self {
            Self::Layout => at("oci", &folder.join("place"), "x"),
            Self::LayoutArchive => at("oci-archive", &folder.join("place.tar"), "x"),
            Self::Directory => at("dir", &folder.join("place"), ""),
            Self::DockerArchive => at("docker-archive", &folder.join("place.tar"), "a:1"),
        }
    }

    fn open(self, reference: &str, disk: Disk) -> Arc<dyn Destination> {
        let Reference::Path(path) = parsed(reference) else {
            panic!("{reference} is no path");
        };
        let path: PathReference = path;
        match self {
            Self::Layout => Arc::new(LayoutDestination::on(path, disk)),
            Self::LayoutArchive => Arc::new(LayoutArchiveDestination::on(path, disk)),
            Self::Directory => Arc::new(DirectoryDestination::on(path, disk)),
            Self::DockerArchive => Arc::new(DockerArchiveDestination::on(path, disk)),
        }
    }

    /// Whether an image takes the place of one that is there.
    fn replaces(self) -> bool {
        self != Self::DockerArchive
    }
}

/// Copies by way of `disk`.
async fn copy_by(kind: Kind, from: &str, to: &str, disk: Disk) -> Result<(), copy::CopyError> {
    let source = open(from);
    let destination = kind.open(to, disk);
    let there = porthole::transport::open(&parsed(to), &client());
    let options = no_referrers();
    let plan = copy::plan(
        Arc::clone(&source),
        Arc::clone(&destination),
        Some(there),
        &options,
        &host(),
    )
    .await?;
    let progress = Arc::new(CopyProgress::of(&plan));
    copy::run(&plan, source, destination, progress)
        .await
        .map(drop)
}

/// The steps that a copy makes, in the order in which they come.
async fn steps(kind: Kind, from: &str, to: &str) -> Vec<(Step, PathBuf)> {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&steps);
    let disk = Disk::with_hook(Arc::new(move |step, path: &Path| {
        seen.lock().unwrap().push((step, path.to_owned()));
        Ok(())
    }));
    copy_by(kind, from, to, disk).await.unwrap();
    steps.lock().unwrap().clone()
}

/// A disk that does `count` steps and then no more, as if the program had died there.
fn dying(count: usize) -> (Disk, Arc<AtomicUsize>) {
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let disk = Disk::with_hook(Arc::new(move |_, _: &Path| {
        if counted.fetch_add(1, Ordering::SeqCst) < count {
            Ok(())
        } else {
            Err(io::Error::other("the program is dead"))
        }
    }));
    (disk, done)
}

/// Waits until nothing of a copy that failed still writes: a program that has died does not.
async fn let_go(place: &Path) {
    for _ in 0..1000 {
        let files = crate::support::layout::listing(place);
        let mut files = files
            .iter()
            .filter_map(|(path, _)| fs::File::open(path).ok());
        if files.all(|file| file.try_lock().is_ok()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} is still written to", place.display());
}

/// Two images that share a layer, for one platform and for two.
fn images(folder: &Path) -> (String, String) {
    let mut layout = Layout::new(folder);
    let old = valid(&layout, "linux/amd64", &["old", "shared"]);
    layout.name("old", &layout.index(&[entry(&old, "linux/amd64")]));
    let amd64 = valid(&layout, "linux/amd64", &["new", "shared"]);
    let arm64 = valid(&layout, "linux/arm64", &["arm", "shared"]);
    let new = layout.index(&[entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64")]);
    layout.name("new", &new);
    (layout.reference("old"), layout.reference("new"))
}

/// An image whose layers are plain tar archives, however small.
fn valid(layout: &Layout, platform: &str, layers: &[&str]) -> porthole::model::Descriptor {
    layout.image(platform, layers)
}

/// Everything of a place that its names lead to.
async fn whole(kind: Kind, to: &str) -> BTreeMap<String, Vec<u8>> {
    if kind == Kind::DockerArchive {
        let path = to.split(':').nth(1).unwrap();
        return BTreeMap::from([(String::new(), fs::read(path).unwrap_or_default())]);
    }
    content(to).await
}

#[tokio::test]
async fn a_copy_may_end_at_every_step() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = images(&folder.path().join("from"));
        // how many steps there are, and what comes of them
        let sample = folder.path().join("sample");
        fs::create_dir(&sample).unwrap();
        let to = kind.reference(&sample);
        if kind.replaces() {
            copy_by(kind, &old, &to, Disk::default()).await.unwrap();
        }
        let all = steps(kind, &new, &to).await;
        let expected = whole(kind, &to).await;
        assert!(all.len() > 10, "{kind:?}: {} steps", all.len());
        let mut expected_steps = vec![Step::Create, Step::Write, Step::Rename];
        if kind.replaces() {
            expected_steps.push(Step::Sync);
        }
        for step in expected_steps {
            assert!(
                all.iter().any(|(one, _)| *one == step),
                "{kind:?}: {step:?}"
            );
        }
        for count in 0..all.len() {
            let place = folder.path().join(format!("{count}"));
            fs::create_dir(&place).unwrap();
            let to = kind.reference(&place);
            let mut before = None;
            if kind.replaces() {
                copy_by(kind, &old, &to, Disk::default()).await.unwrap();
                before = Some(whole(kind, &to).await);
            }
            let (disk, done) = dying(count);
            let ended = copy_by(kind, &new, &to, disk).await;
            let at = format!("{kind:?}, dead at step {count} of {}", all.len());
            let_go(&place).await;
            if ended.is_ok() {
                // steps beside each other come in any order, and the last tidies up
                assert!(done.load(Ordering::SeqCst) <= count, "{at}");
            }
            match &before {
                Some(before) => {
                    let after = whole(kind, &to).await;
                    let is_old = after == *before;
                    assert!(is_old || after == expected, "{at}: neither old nor new");
                }
                None => {
                    let path = to.split(':').nth(1).unwrap();
                    let there = fs::read(path).ok();
                    let there = there.map(|bytes| BTreeMap::from([(String::new(), bytes)]));
                    assert!(there.is_none_or(|there| there == expected), "{at}");
                }
            }
            // what was done when it died is done for an archive that is never changed
            if kind.replaces() || !Path::new(to.split(':').nth(1).unwrap()).exists() {
                let again = copy_by(kind, &new, &to, Disk::default()).await;
                again.unwrap_or_else(|error| panic!("{at}, again: {error}"));
            }
            assert_eq!(whole(kind, &to).await, expected, "{at}, again");
            let left = crate::support::layout::listing(&place);
            let left = left
                .iter()
                .filter(|(path, _)| path.to_string_lossy().contains("partial"));
            let left: Vec<_> = left.collect();
            // a finished archive may leave its folder to the next one
            assert!(
                left.is_empty() || kind == Kind::DockerArchive,
                "{at}: {left:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_replaces_something_is_safe_before_it_does() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = images(&folder.path().join("from"));
        let to = kind.reference(folder.path());
        // where nothing is there, nothing can be lost, and nothing is waited for
        let first = steps(kind, &old, &to).await;
        let waits = first.iter().any(|(step, _)| *step == Step::Sync);
        assert!(!waits, "{kind:?}: {first:#?}");
        if !kind.replaces() {
            continue;
        }
        let all = steps(kind, &new, &to).await;
        let replaced = folder.path().join(match kind {
            Kind::Layout => "place/index.json",
            Kind::Directory => "place/manifest.json",
            Kind::LayoutArchive | Kind::DockerArchive => "place.tar",
        });
        let named = (Step::Rename, replaced.clone());
        let moment = all.iter().position(|step| *step == named).unwrap();
        let before = &all[..moment];
        let synced = |path: &Path| before.contains(&(Step::Sync, path.to_owned()));
        if kind == Kind::LayoutArchive {
            // all of it is in the one file that becomes the archive
            let unfinished = |path: &PathBuf| path.ends_with(".archive");
            let mut syncs = before.iter().filter(|(step, _)| *step == Step::Sync);
            assert!(syncs.any(|(_, path)| unfinished(path)), "{all:#?}");
            continue;
        }
        // everything that the new image needs, whoever wrote it
        let files = crate::support::layout::listing(&folder.path().join("place"));
        let needed = content(&to).await;
        let mut looked = 0;
        for (path, _) in files {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let hex = name.trim_end_matches(".manifest.json");
            if path != replaced && needed.contains_key(&format!("sha256:{hex}")) {
                assert!(synced(&path), "{kind:?}: {}", path.display());
                looked += 1;
            }
        }
        // two images of two layers each, one of them shared, and two configs
        assert!(looked >= 7, "{kind:?}: {looked} files");
    }
}

#[tokio::test]
async fn a_disk_that_is_full_leaves_what_was_there() {
    for kind in KINDS {
        for error in [
            io::ErrorKind::StorageFull,
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::PermissionDenied,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (old, new) = images(&folder.path().join("from"));
            let to = kind.reference(folder.path());
            let mut before = BTreeMap::new();
            if kind.replaces() {
                copy_by(kind, &old, &to, Disk::default()).await.unwrap();
                before = whole(kind, &to).await;
            }
            let disk = Disk::with_hook(Arc::new(move |step, _: &Path| {
                if step == Step::Write {
                    Err(error.into())
                } else {
                    Ok(())
                }
            }));
            let failed = copy_by(kind, &new, &to, disk).await.unwrap_err();
            let words = match error {
                io::ErrorKind::StorageFull => "there is no room left",
                io::ErrorKind::ReadOnlyFilesystem => "read only",
                _ => "not allowed",
            };
            assert!(failed.to_string().contains(words), "{kind:?}: {failed}");
            if kind.replaces() {
                assert_eq!(whole(kind, &to).await, before, "{kind:?}");
            }
            copy_by(kind, &new, &to, Disk::default()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_place_that_is_gone_in_the_middle_is_told() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let (_, new) = images(&folder.path().join("from"));
        let place = folder.path().join("place-of-all");
        fs::create_dir(&place).unwrap();
        let to = kind.reference(&place);
        let removed = place.clone();
        let count = AtomicUsize::new(0);
        let disk = Disk::with_hook(Arc::new(move |step, _: &Path| {
            if step == Step::Rename && count.fetch_add(1, Ordering::SeqCst) == 1 {
                fs::remove_dir_all(&removed)?;
                fs::write(&removed, "in the way")?;
            }
            Ok(())
        }));
        let failed = copy_by(kind, &new, &to, disk).await.unwrap_err();
        let told = failed.to_string();
        // by the moment at which it is seen
        let words = ["writing failed", "the place that it is written to is gone"];
        let is_told = words.iter().any(|words| told.contains(words));
        assert!(is_told, "{kind:?}: {told}");
    }
}

/// A layout with images of several layers that do not compress, some megabytes each.
fn large(folder: &Path) -> String {
    let mut layout = Layout::new(folder);
    let mut state = 88_172_645_463_325_252_u64;
    let mut noise = |bytes: usize| -> Vec<u8> {
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        words.take(bytes / 8).flatten().collect()
    };
    let entries: Vec<_> = ["linux/amd64", "linux/arm64"]
        .iter()
        .map(|platform| {
            let layers: Vec<_> = (1..=4)
                .map(|size| layout.blob(MediaType::OCI_LAYER, &noise(size << 20)))
                .collect();
            let config = layout.document(
                MediaType::OCI_CONFIG,
                &json!({
                    "os": "linux", "architecture": platform.split('/').nth(1),
                    "rootfs": {"type": "layers", "diff_ids":
                        layers.iter().map(|layer| layer.digest.clone()).collect::<Vec<_>>()},
                }),
            );
            entry(&layout.manifest(&config, &layers), platform)
        })
        .collect();
    let index = layout.index(&entries);
    layout.name("x", &index);
    layout.reference("x")
}

/// What a copy was doing when it was killed, by what it left.
fn phase(kind: Kind, folder: &Path, whole: bool) -> &'static str {
    if whole {
        return "done, or tidying up";
    }
    let listed = crate::support::layout::listing(folder);
    let named = |part: &str| {
        listed.iter().any(|(path, _)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.contains(part)
        })
    };
    if listed.is_empty() {
        "starting"
    } else if named(".archive") {
        "writing the archive"
    } else if kind != Kind::Directory && named("index.json") {
        "at the index"
    } else if named(".partial") || named(".layer") {
        "in a blob"
    } else {
        "between blobs"
    }
}

/// The real program, killed at random moments of a transfer: twenty-five times for each
/// kind of place.
#[tokio::test]
async fn the_program_may_be_killed_at_any_moment() {
    let skopeo = peers::tool("skopeo");
    let folder = tempfile::tempdir().unwrap();
    let from = large(&folder.path().join("from"));
    let expected = content(&from).await;
    let mut phases: BTreeMap<String, usize> = BTreeMap::new();
    // any seed will do; another one each time would make a failure hard to see again
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for kind in KINDS {
        let run = |to: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_porthole"));
            command
                .args(["copy", "--no-referrers", &from, to])
                .env("HOME", folder.path())
                .env("XDG_CACHE_HOME", folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped());
            command
        };
        // how long a whole one takes
        let sample = folder.path().join(format!("{kind:?}-sample"));
        fs::create_dir(&sample).unwrap();
        let began = std::time::Instant::now();
        let output = run(&kind.reference(&sample)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let longest = began.elapsed().as_micros() as u64;
        let reference = whole(kind, &kind.reference(&sample)).await;
        for number in 0..25 {
            let place = folder.path().join(format!("{kind:?}-{number}"));
            fs::create_dir(&place).unwrap();
            let to = kind.reference(&place);
            let mut child = run(&to).spawn().unwrap();
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let moment = (state >> 33) % longest.max(1);
            std::thread::sleep(Duration::from_micros(moment));
            child.kill().unwrap();
            child.wait().unwrap();
            let path = PathBuf::from(to.split(':').nth(1).unwrap());
            let named = match kind {
                Kind::Layout => path.join("index.json").exists(),
                Kind::Directory => path.join("manifest.json").exists(),
                Kind::LayoutArchive | Kind::DockerArchive => path.exists(),
            };
            *phases
                .entry(format!("{kind:?}: {}", phase(kind, &place, named)))
                .or_default() += 1;
            // what has a name is whole
            if named {
                assert_eq!(whole(kind, &to).await, reference, "{kind:?} {number}");
            }
            if !(named && kind == Kind::DockerArchive) {
                let output = run(&to).output().unwrap();
                assert!(output.status.success(), "{kind:?} {number}: {output:?}");
            }
            assert_eq!(
                whole(kind, &to).await,
                reference,
                "{kind:?} {number}, again"
            );
            if kind != Kind::DockerArchive {
                assert_eq!(content(&to).await, expected);
            }
            if let (Some(skopeo), 0) = (&skopeo, number % 5) {
                let raw = skopeo.run(&["inspect", "--raw", &to]);
                if kind != Kind::DockerArchive {
                    let found = porthole::model::Digest::sha256(&raw);
                    assert_eq!(found, digest(&from).await, "{kind:?} {number}");
                }
            }
            fs::remove_dir_all(&place).unwrap();
        }
    }
    println!("killed in these phases:");
    for (phase, count) in &phases {
        println!("{count:>4}  {phase}");
    }
    assert!(phases.len() >= 6, "{phases:?}");
}

/// Another image comes to a place while the first one is still being written.
#[tokio::test]
async fn an_image_is_not_lost_where_two_programs_write() {
    let folder = tempfile::tempdir().unwrap();
    let from = large(&folder.path().join("from"));
    let place = folder.path().join("place");
    let names = ["a", "b", "c", "d", "e", "f"];
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            Command::new(env!("CARGO_BIN_EXE_porthole"))
                .args(["copy", "--no-referrers", &from, &at("oci", &place, name)])
                .env("HOME", folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let expected = content(&from).await;
    for name in names {
        assert_eq!(content(&at("oci", &place, name)).await, expected, "{name}");
    }
    copy(&from, &at("oci", &place, "g"), &CopyOptions::default()).await;
}
