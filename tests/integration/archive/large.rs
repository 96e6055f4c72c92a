//! Archives that are large, or would be: what takes long is counted and can be cancelled,
//! and nothing grows past its limit.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use porthole::model::{Descriptor, Digest, MediaType, limits};
use porthole::transport::{BlobState, Preparation, Problem, Report};
use tar::EntryType;

use super::{docker, oci, one, presence, problem, resolve, runtime};
use crate::support::archive::{Saved, Tar, gzip, of_folder, write, zstd};
use crate::support::layout::Layout;

const GIGABYTE: u64 = 1 << 30;

#[test]
fn a_gigabyte_in_a_sparse_file_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    let large = Descriptor::new(MediaType::OCI_LAYER, Digest::sha256(b"large"), GIGABYTE);
    let mut start = Tar::new();
    let name = format!("blobs/sha256/{}", large.digest.hex());
    start.header(EntryType::Regular, &name, "", GIGABYTE);
    let path = write(folder.path(), "a.tar", &start.unfinished());
    let mut file = File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(512 + GIGABYTE)).unwrap();
    file.write_all(&of_folder(layout.folder(), "").finish())
        .unwrap();
    let started = Instant::now();
    let source = oci(&path, None);
    let (raw, _) = one(&*source);
    assert_eq!(raw.digest(), &image.digest);
    assert_eq!(presence(&*source, &large), BlobState::Present);
    let end = super::read(&*source, &large, Some(GIGABYTE - 3..u64::MAX)).unwrap();
    assert_eq!(end, [0; 3]);
    // a manifest of this size is refused before it is read
    let manifest = Descriptor::new(MediaType::OCI_MANIFEST, large.digest.clone(), GIGABYTE);
    let error = runtime().block_on(source.manifest(&manifest)).unwrap_err();
    assert_eq!(
        error.problem,
        Problem::TooLarge {
            found: Some(GIGABYTE),
            limit: limits::MANIFEST_BYTES
        }
    );
    // and one that is nothing but zeros is none
    let zeros = write(folder.path(), "zeros.tar", b"");
    File::options()
        .write(true)
        .open(&zeros)
        .unwrap()
        .set_len(GIGABYTE)
        .unwrap();
    assert!(matches!(
        problem(&*oci(&zeros, None)),
        Problem::NotAnImage { .. }
    ));
    // reading it takes longer
    assert!(
        started.elapsed() < Duration::from_millis(500),
        "{:?}",
        started.elapsed()
    );
}

/// An archive whose one file goes on for ever, compressed to next to nothing.
fn bomb(pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut tar = Tar::new();
    tar.file("oci-layout", b"{\"imageLayoutVersion\": \"1.0.0\"}");
    tar.header(EntryType::Regular, "blobs/sha256/large", "", 1 << 40);
    let mut packed = pack(&tar.unfinished());
    let zeros = pack(&vec![0; 16 << 20]);
    for _ in 0..20 {
        packed.extend_from_slice(&zeros);
    }
    let ratio = 20 * (16 << 20) / packed.len() as u64;
    assert!(ratio > limits::UNPACKED_RATIO, "{ratio}");
    packed
}

/// gzip at its best: a thousand to one.
fn tightly(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_unpacks_to_too_much_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("gzip", bomb(tightly)), ("zstd", bomb(zstd))] {
        let path = write(folder.path(), name, &bytes);
        let found = problem(&*oci(&path, None));
        let limit = limits::UNPACKED_FREE_BYTES;
        assert_eq!(found, Problem::Unpacks { limit }, "{name}");
        assert!(found.to_string().contains("268 MB"), "{found}");
        // a look at what it is stops long before
        let started = Instant::now();
        porthole::transport::recognise(&path).unwrap();
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn a_layer_that_unpacks_to_too_much_is_stopped() {
    let zeros = zstd(&vec![0; 16 << 20]);
    let layer = zeros.repeat(17);
    let mut saved = Saved::default();
    saved.tar.file("layer", &layer);
    saved.image_of(&["a:1"], &[b"promised"], &["layer".to_owned()]);
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.tar", &saved.finish());
    let limit = limits::UNPACKED_FREE_BYTES;
    assert_eq!(problem(&*docker(&path, None)), Problem::Unpacks { limit });
}

#[test]
fn a_window_of_gigabytes_is_not_made() {
    // a frame whose header asks for a window of 2 GiB (RFC 8878, 3.1.1.1.2), then one byte
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x0b, 0x00, 0x00, b'x'];
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.tar.zst", &frame);
    let Problem::Broken { file, why } = problem(&*oci(&path, None)) else {
        panic!();
    };
    assert_eq!(file, "the archive");
    assert!(why.contains("too much memory"), "{why}");
}

#[test]
fn more_entries_than_an_image_has_are_refused() {
    let mut one = Tar::new();
    one.file("x", b"");
    let bytes = one.unfinished().repeat(limits::ARCHIVE_ENTRIES + 1);
    let folder = tempfile::tempdir().unwrap();
    let expected = Problem::Beyond {
        what: "entries",
        limit: limits::ARCHIVE_ENTRIES,
    };
    let path = write(folder.path(), "a.tar", &bytes);
    assert_eq!(problem(&*oci(&path, None)), expected);
    let path = write(folder.path(), "a.tar.zst", &zstd(&bytes));
    assert_eq!(problem(&*docker(&path, None)), expected);
}

#[test]
fn reading_a_packed_archive_through_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut layout = Layout::new(folder.path().join("layout"));
    let noise: Vec<u8> = (0..3_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    layout.blob(MediaType::OCI_LAYER, &noise);
    let image = layout.image("linux/amd64", &["layer"]);
    layout.name("1", &image);
    let plain = of_folder(layout.folder(), "").finish();
    let packed = gzip(&plain);
    for (name, bytes, counted) in [("a.tar", &plain, false), ("a.tar.gz", &packed, true)] {
        let path = write(folder.path(), name, bytes);
        let seen: Arc<Mutex<Vec<Preparation>>> = Arc::default();
        let told = Arc::clone(&seen);
        let report: Report = Arc::new(move |step| told.lock().unwrap().push(step));
        let source = oci(&path, None);
        runtime().block_on(source.prepare(report)).unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(!seen.is_empty(), counted, "{name}");
        assert!(seen.is_sorted_by_key(|step| step.done));
        assert!(
            seen.iter()
                .all(|step| step.total == Some(bytes.len() as u64))
        );
        if let Some(last) = seen.last() {
            assert_eq!(last.done, bytes.len() as u64);
        }
        assert_eq!(one(&*source).0.digest(), &image.digest);
    }
}

#[test]
fn nobody_reads_on_when_nobody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = Tar::new();
    let noise: Vec<u8> = (0..16_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    tar.file("noise", &noise)
        .file("index.json", b"{\"manifests\": []}");
    let bytes = gzip(&tar.finish());
    let path = write(folder.path(), "a.tar.gz", &bytes);
    let source = oci(&path, None);
    let done = Arc::new(AtomicU64::new(0));
    let (started, starts) = mpsc::channel();
    let (dropped, drops) = mpsc::channel::<()>();
    let (started, drops) = (Mutex::new(started), Mutex::new(drops));
    let told = Arc::clone(&done);
    // stands still at its first report until nobody waits any more
    let report: Report = Arc::new(move |step| {
        if told.swap(step.done, Ordering::SeqCst) == 0 {
            started.lock().unwrap().send(()).unwrap();
            let _ = drops.lock().unwrap().recv_timeout(Duration::from_secs(20));
        }
    });
    let runtime = runtime();
    runtime.block_on(async {
        let mut preparing = source.prepare(report);
        // asked once, so that the thread starts
        assert!(futures_util::poll!(&mut preparing).is_pending());
        tokio::task::spawn_blocking(move || starts.recv_timeout(Duration::from_secs(20)).unwrap())
            .await
            .unwrap();
        drop(preparing);
        dropped.send(()).unwrap();
    });
    // waits for the thread
    drop(runtime);
    let read = done.load(Ordering::SeqCst);
    assert!(
        read > 0 && read < bytes.len() as u64 / 4,
        "{read} of {}",
        bytes.len()
    );
    // and the place can be asked again
    assert_eq!(resolve(&*source).unwrap_err().problem, Problem::NoImages);
}
