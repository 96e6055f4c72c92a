//! Blobs as streams, whole and in part.

use futures_util::StreamExt;
use porthole::model::{Algorithm, Descriptor, Digest, MediaType, limits};
use porthole::transport::layout::LayoutSource;
use porthole::transport::{BlobState, Problem, Source, TransportError, hash_blob, read_blob};
use proptest::prelude::*;

use super::{runtime, source};
use crate::support::layout::Layout;

async fn collect(
    source: &LayoutSource,
    descriptor: &Descriptor,
    range: Option<std::ops::Range<u64>>,
) -> Result<Vec<u8>, TransportError> {
    let mut stream = source.blob(descriptor, range).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// Bytes that differ from piece to piece.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[test]
fn a_blob_comes_in_pieces_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let source = source(folder.path(), None);
    // around the size of a piece, which is 256 KiB
    for length in [0, 1, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 1_000_003] {
        let bytes = pattern(length);
        let blob = layout.blob(MediaType::OCI_LAYER, &bytes);
        runtime().block_on(async {
            assert!(collect(&source, &blob, None).await.unwrap() == bytes);
            let mut largest = 0;
            let mut stream = source.blob(&blob, None).await.unwrap();
            while let Some(piece) = stream.next().await {
                largest = largest.max(piece.unwrap().len());
            }
            assert!(largest <= 256 << 10, "memory stays bounded");
            let raw = read_blob(&source, &blob, limits::CONFIG_BYTES)
                .await
                .unwrap();
            assert!(raw.bytes()[..] == bytes[..]);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_range_is_that_part_of_the_blob(start in 0u64..700_000, length in 0u64..700_000) {
        let folder = tempfile::tempdir().unwrap();
        let bytes = pattern(600_000);
        let blob = Layout::new(folder.path()).blob(MediaType::OCI_LAYER, &bytes);
        let source = source(folder.path(), None);
        let found = runtime().block_on(collect(&source, &blob, Some(start..start + length))).unwrap();
        let from = usize::try_from(start).unwrap().min(bytes.len());
        let to = usize::try_from(start + length).unwrap().min(bytes.len());
        prop_assert!(found == bytes[from..to]);
    }
}

#[test]
fn ranges_at_the_edges_are_empty_and_no_errors() {
    let folder = tempfile::tempdir().unwrap();
    let blob = Layout::new(folder.path()).blob(MediaType::OCI_LAYER, b"0123456789");
    let source = source(folder.path(), None);
    let read = |range| {
        runtime()
            .block_on(collect(&source, &blob, Some(range)))
            .unwrap()
    };
    assert_eq!(read(0..0), b"");
    assert_eq!(read(10..20), b"");
    assert_eq!(read(i64::MAX as u64..i64::MAX as u64 + 1), b"");
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "a caller's mistake must not panic"
    )]
    let reversed = read(7..3);
    assert_eq!(reversed, b"");
    assert_eq!(read(8..u64::MAX), b"89");
}

#[test]
fn blobs_of_every_algorithm_are_found() {
    let folder = tempfile::tempdir().unwrap();
    drop(Layout::new(folder.path()));
    let source = source(folder.path(), None);
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        let digest = Digest::of(algorithm, b"content");
        let place = folder.path().join("blobs").join(algorithm.name());
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(digest.hex()), b"content").unwrap();
        let blob = Descriptor::new(MediaType::OCI_LAYER, digest, 7);
        let hashed = runtime()
            .block_on(hash_blob(&source, &blob, |_| ()))
            .unwrap();
        assert_eq!(hashed, BlobState::Verified, "{algorithm:?}");
    }
}

#[test]
fn presence_is_seen_without_reading() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let blob = layout.blob(MediaType::OCI_LAYER, b"content");
    let source = source(folder.path(), None);
    let presence = |blob: &Descriptor| {
        let check = source.blob_check().unwrap();
        runtime().block_on(check.presence(blob))
    };
    assert_eq!(presence(&blob), BlobState::Present);
    let longer = Descriptor {
        size: 8,
        ..blob.clone()
    };
    let wrong = BlobState::WrongSize {
        expected: 8,
        found: 7,
    };
    assert_eq!(presence(&longer), wrong);
    // as long as it is, another content is not noticed: it was not read
    std::fs::write(layout.blob_path(&blob.digest), b"CONTENT").unwrap();
    assert_eq!(presence(&blob), BlobState::Present);
    let hashed = runtime()
        .block_on(hash_blob(&source, &blob, |_| ()))
        .unwrap();
    let found = Digest::sha256(b"CONTENT");
    assert_eq!(hashed, BlobState::WrongDigest { found });
    std::fs::remove_file(layout.blob_path(&blob.digest)).unwrap();
    assert_eq!(presence(&blob), BlobState::Missing);
    let error = runtime()
        .block_on(collect(&source, &blob, None))
        .unwrap_err();
    assert_eq!(error.problem, Problem::NotInFolder);
    assert!(error.what.contains(blob.digest.hex()), "{error}");
}

#[test]
fn a_stream_that_is_dropped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let blob = Layout::new(folder.path()).blob(MediaType::OCI_LAYER, &pattern(2_000_000));
    let source = source(folder.path(), None);
    let runtime = runtime();
    runtime.block_on(async {
        let mut stream = source.blob(&blob, None).await.unwrap();
        assert!(stream.next().await.unwrap().is_ok());
        drop(stream);
    });
    // waits for what still runs: one piece, and not the rest of the blob
    drop(runtime);
    std::fs::remove_dir_all(folder.path()).unwrap();
}
