//! The engine's desk for files: what it shows while layers come, what it keeps, how much it
//! asks a registry for.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use porthole::engine::{
    Command, Engine, EngineConfig, FailureKind, FileContent, FileRef, FilesRequest, FilesSnapshot,
    ImageId, LayerState, NodePath, Parts, Remote,
};
use porthole::layer::{FileQuery, NameFilter};
use porthole::model::{Descriptor, Digest, MediaType};
use porthole::transport::BlobState;
use serde_json::json;

use super::{Tar, gzip};
use crate::support::layout::Layout;
use crate::support::registry::{Fault, Registry, Request};
use crate::support::watch::{Watch, config};

pub const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// What nobody can compress.
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        noise.extend_from_slice(&next());
    }
    noise.truncate(bytes);
    noise
}

/// Puts an image of these layers into a registry as `app:1`.
pub fn put(registry: &Registry, layers: &[Descriptor], blobs: &[Vec<u8>], diff_ids: &[Digest]) {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path());
    for blob in blobs {
        layout.blob(GZIP, blob);
    }
    let config = layout.document(
        MediaType::OCI_CONFIG,
        &json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": diff_ids}}),
    );
    let manifest = layout.manifest(&config, layers);
    layout.name("1", &manifest);
    registry.put_layout("app", layout.folder());
}

/// An image with one gzip layer; gives the layer's digest.
fn one_layer(registry: &Registry, tar: &[u8]) -> Digest {
    one_layer_at(registry, tar, 1)
}

/// An image with one layer that gzip packs at `level`; gives the layer's digest.
fn one_layer_at(registry: &Registry, tar: &[u8], level: u32) -> Digest {
    let packed = gzip(tar, level);
    let layer = Descriptor::new(GZIP, Digest::sha256(&packed), packed.len() as u64);
    let digest = layer.digest.clone();
    put(registry, &[layer], &[packed], &[Digest::sha256(tar)]);
    digest
}

fn with_cache(folder: &Path) -> EngineConfig {
    EngineConfig {
        cache: Some(folder.to_owned()),
        ..config()
    }
}

pub fn ask(watch: &Watch, image: ImageId, request: FilesRequest) {
    watch.engine.send(Command::Files {
        image,
        manifest: NodePath::root(),
        request,
    });
}

pub fn files(
    watch: &Watch,
    image: ImageId,
    wanted: impl Fn(&FilesSnapshot) -> bool,
) -> Arc<FilesSnapshot> {
    watch.wait(|| {
        let files = watch.engine.files(image, &NodePath::root());
        files.filter(|files| wanted(files))
    })
}

/// Lists the files of `app:1`, to the end.
pub fn listed(watch: &Watch, registry: &Registry) -> (ImageId, Arc<FilesSnapshot>) {
    let image = watch.open(&registry.reference("app:1"));
    ask(watch, image, FilesRequest::Look(FileQuery::default()));
    let over = |files: &FilesSnapshot| files.is_over() && matches!(files.list, Remote::Ready(_));
    (image, files(watch, image, over))
}

/// Reads the file at `path`.
pub fn read(watch: &Watch, image: ImageId, path: &str) -> Arc<FileContent> {
    let known = files(watch, image, |files| files.tree().is_some());
    let node = known.tree().unwrap().find(path.as_bytes()).unwrap();
    let (layer, position, _) = node.content().unwrap();
    let file = FileRef { layer, position };
    ask(watch, image, FilesRequest::Show { file, beside: None });
    watch.wait(|| {
        let files = watch.engine.files(image, &NodePath::root())?;
        let shown = files.shown.as_ref().filter(|shown| shown.file == file)?;
        match &shown.content {
            Remote::Ready(content) => Some(Arc::clone(content)),
            Remote::Failed { error, .. } => panic!("{error}"),
            _ => None,
        }
    })
}

pub fn blob_requests(registry: &Registry, blob: &Digest) -> Vec<Request> {
    let path = format!("/blobs/{blob}");
    let requests = registry.requests().into_iter();
    requests
        .filter(|request| request.path.contains(&path))
        .collect()
}

/// How many bytes a request asks for; nothing where it wants all.
pub(super) fn range(request: &Request) -> Option<u64> {
    let range = request.header("range")?.strip_prefix("bytes=")?;
    let (first, last) = range.split_once('-')?;
    Some(last.parse::<u64>().ok()? - first.parse::<u64>().ok()? + 1)
}

#[test]
fn entries_are_shown_while_their_layer_is_still_coming() {
    let registry = Registry::start();
    let mut tar = Tar::new();
    for number in 0..64u64 {
        tar = tar.file(&format!("f{number:02}"), &noise(number + 1, 4_000));
    }
    let digest = one_layer(&registry, &tar.bytes());
    registry.fault(&format!("/blobs/{digest}"), Fault::SilenceAfter(128 << 10));
    let watch = Watch::start();
    let image = watch.open(&registry.reference("app:1"));
    ask(&watch, image, FilesRequest::Look(FileQuery::default()));
    let some = files(&watch, image, |files| {
        files.list.value().is_some_and(|list| list.len() > 10)
    });
    assert!(some.list.is_pending(), "more may come");
    assert_eq!(some.layers[0].state, LayerState::Reading);
    assert!(some.tree().unwrap().find(b"/f00").is_some());
    assert!(some.tree().unwrap().find(b"/f63").is_none());
}

#[test]
fn a_second_opening_reads_nothing_of_the_layer() {
    let registry = Registry::start();
    let layer = Tar::new().dir("etc").file("etc/a", b"content").bytes();
    let digest = one_layer(&registry, &layer);
    let cache = tempfile::tempdir().unwrap();
    let first = Watch::start_with(with_cache(cache.path()));
    let (_, before) = listed(&first, &registry);
    assert_eq!(blob_requests(&registry, &digest).len(), 1);
    // the same program
    let (_, again) = listed(&first, &registry);
    assert_eq!(blob_requests(&registry, &digest).len(), 1);
    assert_eq!(again.layers[0].index, before.layers[0].index);
    // a later start of it
    let second = Watch::start_with(with_cache(cache.path()));
    let (_, later) = listed(&second, &registry);
    assert_eq!(blob_requests(&registry, &digest).len(), 1);
    assert_eq!(later.layers[0].index, before.layers[0].index);
    assert_eq!(later.list.value().unwrap().len(), 2);
}

/// The first rows of a list that was kept do not wait for the last ones, and what was changed
/// behind them is not believed.
#[test]
fn the_beginning_of_a_kept_list_is_shown_before_its_end_is_read() {
    let registry = Registry::start();
    let names = |number: usize| format!("f{number:05}");
    let layer = (0..10_000).fold(Tar::new(), |tar, number| tar.file(&names(number), b"a"));
    let digest = one_layer(&registry, &layer.bytes());
    let cache = tempfile::tempdir().unwrap();
    let (_, before) = listed(&Watch::start_with(with_cache(cache.path())), &registry);
    assert_eq!(before.list.value().unwrap().len(), 10_000);
    let kept = kept_lists(cache.path());
    let [kept] = &kept[..] else {
        panic!("{kept:?}");
    };
    let mut bytes = std::fs::read(kept).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(kept, bytes).unwrap();
    // the layer itself does not come any more
    registry.fault(&format!("/blobs/{digest}"), Fault::SilenceAfter(0));
    let watch = Watch::start_with(with_cache(cache.path()));
    let image = watch.open(&registry.reference("app:1"));
    ask(&watch, image, FilesRequest::Look(FileQuery::default()));
    let some = files(&watch, image, |files| {
        files.list.value().is_some_and(|list| !list.is_empty())
    });
    assert!(some.list.is_pending(), "more may come");
    assert_eq!(some.layers[0].state, LayerState::Reading);
    assert_eq!(some.list.value().unwrap().len(), 4096);
    assert!(some.tree().unwrap().find(b"/f00000").is_some());
    watch.wait(|| kept_lists(cache.path()).is_empty().then_some(()));
}

/// What fits a filter is shown as it is found, marked as the beginning of more, and the whole
/// of it in the end.
#[test]
fn the_first_that_fit_a_filter_are_shown_before_all_names_were_looked_at() {
    let registry = Registry::start();
    let names = |number: usize| format!("f{number:05}");
    let layer = (0..40_000).fold(Tar::new(), |tar, number| tar.file(&names(number), b""));
    one_layer(&registry, &layer.bytes());
    // every snapshot is looked at when it is made
    let engine: Arc<OnceLock<(Engine, ImageId)>> = Arc::default();
    let seen: Arc<Mutex<Vec<Arc<FilesSnapshot>>>> = Arc::default();
    let waker = {
        let (engine, seen) = (Arc::clone(&engine), Arc::clone(&seen));
        Arc::new(move || {
            let Some((engine, image)) = engine.get() else {
                return;
            };
            if let Some(files) = engine.files(*image, &NodePath::root()) {
                seen.lock().unwrap().push(files);
            }
        })
    };
    let watch = Watch::start_waking(config(), waker);
    let (image, _) = listed(&watch, &registry);
    assert!(engine.set((watch.engine.clone(), image)).is_ok());
    let query = FileQuery {
        name: Some(NameFilter::Text("F".to_owned())),
        ..FileQuery::default()
    };
    // what nobody waits for any more is ended, and the last one is made all the same
    for passing in ["x", "xy"] {
        let name = Some(NameFilter::Glob(passing.to_owned()));
        let passing = FileQuery {
            name,
            ..FileQuery::default()
        };
        ask(&watch, image, FilesRequest::Look(passing));
    }
    ask(&watch, image, FilesRequest::Look(query.clone()));
    let whole = files(&watch, image, |files| {
        files.query == query && matches!(files.list, Remote::Ready(_))
    });
    assert_eq!(whole.list.value().unwrap().len(), 40_000);
    let seen = seen.lock().unwrap();
    let of_query = seen.iter().filter_map(|files| {
        let list = files.list.value()?;
        (*list.query() == query).then(|| (files.list.is_pending(), list.len(), list.unseen()))
    });
    let of_query: Vec<_> = of_query.collect();
    let (is_pending, rows, unseen) = of_query[0];
    assert!(is_pending && rows >= 100 && unseen > 0, "{of_query:?}");
    assert_eq!(rows + unseen, 40_000);
}

/// The lists of layers in a cache.
fn kept_lists(cache: &Path) -> Vec<std::path::PathBuf> {
    let mut waiting = vec![cache.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"porthole layer")) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn one_file_of_a_remote_gzip_layer_costs_one_range_of_a_few_megabytes() {
    let registry = Registry::start();
    let content = |number: u64| noise(2 * number + 1, 1 << 20);
    let tar = (0..24).fold(Tar::new(), |tar, number| {
        tar.file(&format!("f{number:02}"), &content(number))
    });
    let digest = one_layer_at(&registry, &tar.bytes(), 6);
    let watch = Watch::start();
    let (image, _) = listed(&watch, &registry);
    for number in [1, 12, 22] {
        let before = blob_requests(&registry, &digest).len();
        let found = read(&watch, image, &format!("/f{number:02}"));
        assert_eq!(found.bytes, content(number), "f{number:02}");
        assert!(found.verified);
        let asked = blob_requests(&registry, &digest).split_off(before);
        assert_eq!(asked.len(), 1, "f{number:02}");
        // from the checkpoint before it to the one behind it, which lie 4 MiB apart
        let bytes = range(&asked[0]).expect("a part is asked for");
        assert!(bytes < 10 << 20, "f{number:02} cost {bytes} bytes");
    }
}

#[test]
fn a_layer_that_unpacks_to_something_else_than_the_config_says_is_damaged() {
    let registry = Registry::start();
    let tar = Tar::new().file("a", b"a").bytes();
    let packed = gzip(&tar, 1);
    let layer = Descriptor::new(GZIP, Digest::sha256(&packed), packed.len() as u64);
    put(&registry, &[layer], &[packed], &[Digest::sha256(b"other")]);
    let watch = Watch::start();
    let (_, files) = listed(&watch, &registry);
    let LayerState::Failed(failure) = &files.layers[0].state else {
        panic!("{:?}", files.layers[0].state);
    };
    assert_eq!(failure.kind, FailureKind::Damaged);
    let expected = format!("unpacks to {}", Digest::sha256(&tar));
    assert!(failure.headline.contains(&expected), "{failure}");
    // what it holds is still shown, marked
    assert_eq!(files.list.value().unwrap().len(), 1);
}

#[test]
fn a_layer_whose_digest_is_wrong_after_it_was_shown_is_marked_and_not_kept() {
    let registry = Registry::start();
    let tar = Tar::new().file("a", b"first").file("b", b"second").bytes();
    let packed = gzip(&tar, 1);
    let digest = one_layer(&registry, &tar);
    // whole and readable, and not what the manifest says
    let mut other = packed.clone();
    other[4] ^= 1; // the time in the gzip header
    let wrong = Fault::Answer {
        status: 200,
        headers: vec![(
            "Content-Type".to_owned(),
            "application/octet-stream".to_owned(),
        )],
        body: other,
    };
    registry.fault_times(&format!("GET /v2/app/blobs/{digest}"), 1, wrong);
    let cache = tempfile::tempdir().unwrap();
    let watch = Watch::start_with(with_cache(cache.path()));
    let (image, files) = listed(&watch, &registry);
    let LayerState::Failed(failure) = &files.layers[0].state else {
        panic!("{:?}", files.layers[0].state);
    };
    assert_eq!(failure.kind, FailureKind::Damaged);
    assert!(failure.headline.contains("is not what the manifest says"));
    // and the image says so of its blob, without being checked
    let blob = |image| {
        let snapshot = watch.engine.image(image)?;
        match &snapshot.node(&NodePath::root())?.parts {
            Parts::Manifest { blobs, .. } => blobs.get(1).cloned(),
            _ => None,
        }
    };
    let wrong = |state: &BlobState| matches!(state, BlobState::WrongDigest { .. });
    watch.wait(|| blob(image).filter(wrong));
    assert_eq!(files.list.value().unwrap().len(), 2, "it is still shown");
    // neither in memory nor on the disk: it is read again, and is right now
    let before = blob_requests(&registry, &digest).len();
    let (image, again) = listed(&watch, &registry);
    assert_eq!(again.layers[0].state, LayerState::Ready);
    assert_eq!(blob_requests(&registry, &digest).len(), before + 1);
    watch.wait(|| blob(image).filter(|state| *state == BlobState::Verified));
    // what is known from before says nothing of the bytes in the place
    let (image, _) = listed(&watch, &registry);
    let state = blob(image).unwrap();
    assert_ne!(state, BlobState::Verified);
}

#[test]
fn encrypted_layers_say_so_and_are_not_asked_for() {
    let registry = Registry::start();
    let tar = Tar::new().file("a", b"a").bytes();
    let plain = Descriptor::new(MediaType::OCI_LAYER, Digest::sha256(&tar), tar.len() as u64);
    let encrypted = format!("{GZIP}+encrypted");
    let encrypted = Descriptor::new(&encrypted, Digest::sha256(b"secret"), 6);
    let diff_ids = ["a", "b"].map(|text| Digest::sha256(text.as_bytes()));
    let layers = [plain, encrypted.clone()];
    put(&registry, &layers, std::slice::from_ref(&tar), &diff_ids);
    let watch = Watch::start();
    let (_, files) = listed(&watch, &registry);
    let failure = |layer: usize| match &files.layers[layer].state {
        LayerState::Failed(failure) => Arc::clone(failure),
        state => panic!("{state:?}"),
    };
    assert!(
        failure(1).headline.contains("is encrypted"),
        "{}",
        failure(1)
    );
    assert!(blob_requests(&registry, &encrypted.digest).is_empty());
    // the others are shown all the same
    assert!(files.tree().unwrap().find(b"/a").is_some());
}

/// Layers that are not distributed are read from the addresses that the manifest names; where
/// those have them no more, they say so.
#[test]
fn layers_that_are_not_distributed_are_listed_or_say_where_they_are() {
    const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let (registry, elsewhere) = (Registry::start(), Registry::start());
    let tars = ["there", "gone", "own"].map(|name| Tar::new().file(name, b"a").bytes());
    let packed = tars.each_ref().map(|tar| gzip(tar, 6));
    let answer = Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: packed[0].clone(),
    };
    elsewhere.fault("/layers/there", answer);
    elsewhere.fault("/layers/gone", Fault::status(404));
    let layer = |at: usize, media_type: &str, path: Option<&str>| {
        let (digest, size) = (Digest::sha256(&packed[at]), packed[at].len() as u64);
        let mut layer = Descriptor::new(media_type, digest, size);
        layer.urls = path.map(|path| elsewhere.url(path)).into_iter().collect();
        layer
    };
    let layers = [
        layer(0, FOREIGN, Some("/layers/there")),
        layer(1, FOREIGN, Some("/layers/gone")),
        layer(2, GZIP, None),
    ];
    let diff_ids = tars.each_ref().map(|tar| Digest::sha256(tar));
    put(&registry, &layers, &packed[2..], &diff_ids);
    let watch = Watch::start();
    let (_, files) = listed(&watch, &registry);
    let tree = files.tree().unwrap();
    for (name, known) in [("/there", true), ("/gone", false), ("/own", true)] {
        assert_eq!(tree.find(name.as_bytes()).is_some(), known, "{name}");
    }
    let LayerState::Failed(failure) = &files.layers[1].state else {
        panic!("{:?}", files.layers[1].state);
    };
    let url = elsewhere.url("/layers/gone");
    assert_eq!(
        failure.hint,
        format!("It is not to be distributed: get it from {url}")
    );
    // the same on the command line: what could be listed is, and that something lacks is said
    let output = super::porthole(&["files", &registry.reference("app:1")]);
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(
        listed.contains("/there") && listed.contains("/own"),
        "{listed}"
    );
    assert!(
        !listed.contains("/gone") && !output.status.success(),
        "{listed}"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&url), "{said}");
}
