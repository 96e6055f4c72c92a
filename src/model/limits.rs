//! Limits on what comes from outside. Past a limit there is an error that names it.

/// Largest manifest or index that is read, in bytes.
///
/// The distribution specification asks registries to take at least 4 MiB; an index of
/// ten thousand platforms is just under that, so there is room above it.
pub const MANIFEST_BYTES: u64 = 16 << 20;

/// Largest image config that is read, in bytes.
pub const CONFIG_BYTES: u64 = 16 << 20;

/// How many indexes may lie inside each other, the outermost counted.
pub const INDEX_DEPTH: usize = 8;

/// Most manifests and indexes that one copy reads of an index and those in it, each as often as
/// it is named.
pub const COPIED_MANIFESTS: usize = 50_000;

/// Most addresses of one blob that are asked, of those that its manifest names.
pub const ADDRESSES: usize = 4;

/// Most entries that one index, or layers that one manifest, may list.
pub const ENTRIES: usize = 100_000;

/// Longest reference that is parsed, in bytes.
pub const REFERENCE_BYTES: usize = 8192;

/// Longest media type that is accepted, in bytes (RFC 6838, section 4.2: 127 for each half).
pub const MEDIA_TYPE_BYTES: usize = 255;

/// Longest JSON text that is shown as a tree, in bytes: the largest document there is.
pub const JSON_BYTES: usize = 16 << 20;

/// How deep the values of a JSON text may lie in each other, the outermost counted.
pub const JSON_DEPTH: usize = 128;

/// Most values of a JSON text that is shown as a tree.
pub const JSON_VALUES: usize = 1_000_000;

/// Most entries of an archive that are looked at. An image has one for each blob and folder.
pub const ARCHIVE_ENTRIES: usize = 100_000;

/// Longest name of an archive's entry that is remembered, in bytes. No part of an image is
/// called longer; what is, is stepped over.
pub const ARCHIVE_NAME_BYTES: usize = 1024;

/// Largest extension of an archive's header (a long name, PAX records), in bytes.
pub const ARCHIVE_EXTENSION_BYTES: u64 = 1 << 20;

/// Most bytes of small files that are kept in memory of a compressed archive, where every
/// read begins at its start again.
pub const ARCHIVE_MEMORY_BYTES: u64 = 32 << 20;

/// Most bytes that a compressed archive or layer may unpack to, whatever its own size.
pub const UNPACKED_BYTES: u64 = 256 << 30;

/// How many times its own size a compressed archive or layer may unpack to. Images unpack to
/// two to ten times their size.
pub const UNPACKED_RATIO: u64 = 256;

/// Bytes that anything compressed may unpack to, however small it is.
pub const UNPACKED_FREE_BYTES: u64 = 256 << 20;

/// Largest `manifest.json` of what `docker save` writes, in bytes, as containers/image has it.
pub const DOCKER_LIST_BYTES: u64 = 1 << 20;

/// Largest image config in what `docker save` writes, in bytes, as containers/image has it.
pub const DOCKER_CONFIG_BYTES: u64 = 4 << 20;

/// Largest image that is fetched from an engine, in bytes of the archive that it sends.
pub const ENGINE_IMAGE_BYTES: u64 = 256 << 30;

/// Largest answer of an engine that is not an image, in bytes.
pub const ENGINE_ANSWER_BYTES: u64 = 16 << 20;

/// Largest signature that lies beside a manifest, in bytes.
pub const SIGNATURE_BYTES: u64 = 4 << 20;

/// Most signatures that are read beside one manifest.
pub const SIGNATURES: usize = 1000;

/// Largest attestation, bundle or signed statement that is read to be verified, in bytes:
/// such as hold an SBOM are large.
pub const ATTESTATION_BYTES: u64 = 16 << 20;

/// Most bytes of signatures and attestations that are read for one manifest.
pub const SIGNATURES_BYTES: u64 = 128 << 20;

/// Longest certificate that is read, in bytes of DER.
pub const CERTIFICATE_BYTES: usize = 64 << 10;

/// Most certificates in one chain.
pub const CHAIN_LENGTH: usize = 16;

/// Most log entries and timestamps that are read of one bundle.
pub const BUNDLE_ENTRIES: usize = 32;

/// Most hashes of a proof that something is in a log.
pub const PROOF_HASHES: usize = 64;

/// Largest file of keys, certificates, trust roots or policies, in bytes.
pub const TRUST_FILE_BYTES: u64 = 4 << 20;

/// Most platforms of an index that are judged together with it.
pub const JUDGED_PLATFORMS: usize = 64;

/// Most verdicts that are remembered.
pub const VERDICTS: usize = 512;

/// Largest file of a TUF repository that is read, in bytes.
pub const TUF_BYTES: u64 = 8 << 20;

/// Most files of one store of a Notation trust store.
pub const STORE_FILES: usize = 1000;

/// Most referrers of one manifest that a place is listened to about.
pub const LISTED_REFERRERS: usize = 100_000;

/// Most referrers that one tree holds; the others are counted.
pub const TREE_REFERRERS: usize = 2_000;

/// How many referrers may lie on each other (a signature on an SBOM is the second).
pub const REFERRER_DEPTH: usize = 8;

/// Most bytes of one referrer's annotations that are kept, keys and values together.
pub const REFERRER_ANNOTATION_BYTES: usize = 32 << 10;

/// Most pages of one list that a registry is asked for.
pub const PAGES: usize = 1_000;

/// Most tags of a repository that are listed.
pub const TAGS: usize = 200_000;

/// Longest page of a list, in bytes.
pub const PAGE_BYTES: u64 = 16 << 20;

/// Most bytes of all pages of one list together.
pub const LIST_BYTES: u64 = 64 << 20;

/// Largest blob of a layout that is looked into for a manifest with a `subject`, in bytes.
/// The distribution specification asks registries for no larger manifests.
pub const SCANNED_BLOB_BYTES: u64 = 4 << 20;

/// Most bytes of them that are read, all together.
pub const SCANNED_BYTES: u64 = 1 << 30;

/// Most blobs of a layout that are looked into.
pub const SCANNED_BLOBS: usize = 50_000;

/// Largest blob of an artifact (an SBOM, a statement) that is read to be shown, in bytes.
pub const ATTACHMENT_BYTES: u64 = 64 << 20;

/// Most blobs of one artifact that are read to be shown.
pub const ATTACHMENT_BLOBS: usize = 16;

/// Most bytes of all of them together.
pub const ATTACHMENT_TOTAL_BYTES: u64 = 128 << 20;

/// Most elements of one list of an SBOM (packages, files, relationships) that are kept; the
/// others are counted.
pub const ATTACHMENT_ITEMS: usize = 500_000;

/// Longest text of an SBOM or statement that is kept, in bytes.
pub const ATTACHMENT_TEXT_BYTES: usize = 4 << 10;

/// Most files of one package that are kept.
pub const PACKAGE_FILES: usize = 10_000;

/// Most parameters of a build that are kept.
pub const BUILD_PARAMETERS: usize = 1_000;

/// How many envelopes (a bundle, a signed envelope, a statement) may lie in each other.
pub const ENVELOPE_DEPTH: usize = 4;

/// Most certificates of one chain, the leaf and the root counted.
pub const CHAIN_CERTIFICATES: usize = 16;

/// Most OpenPGP keys of one keyring.
pub const OPENPGP_KEYS: usize = 1000;

/// Most entries of one layer that are listed.
pub const LAYER_ENTRIES: usize = 5_000_000;

/// Longest name of a layer's entry, in bytes. Linux takes 4096 at once.
pub const LAYER_PATH_BYTES: usize = 32 << 10;

/// Most folders and names in the path of a layer's entry: as many as fit into `PATH_MAX` of
/// Linux.
pub const LAYER_PATH_PARTS: usize = 2048;

/// Most memory that the index of one layer may take, in bytes.
pub const LAYER_INDEX_BYTES: usize = 1 << 30;

/// Bytes of holes in sparse files that are hashed for one layer; a file beyond has no digest.
pub const SPARSE_HASHED_BYTES: u64 = 4 << 30;

/// Most stored parts of one sparse file.
pub const SPARSE_PARTS: usize = 100_000;

/// Largest table of contents of an eStargz or zstd:chunked layer, in bytes as it is packed
/// and as it is unpacked.
pub const TOC_BYTES: u64 = 150 << 20;

/// Most symbolic links that are followed for one path, as Linux and runtimes have it.
pub const LINKS_FOLLOWED: usize = 255;

/// Longest target of a symbolic link that is followed, in bytes: `PATH_MAX` of Linux.
pub const LINK_TARGET_BYTES: usize = 4096;

/// Most names in the targets of links that are stepped through for one path.
pub const LINK_STEPS: usize = 512;

/// Largest file of an image that is shown, in bytes; of a larger one its beginning.
pub const SHOWN_FILE_BYTES: u64 = 16 << 20;

/// Most names that one search gives.
pub const SEARCH_HITS: usize = 20_000;

/// Longest pattern of a filter or a search, in bytes.
pub const PATTERN_BYTES: usize = 4096;

/// Longest side of a picture among the files of an image that is drawn, in pixels.
pub const PICTURE_SIDE: u32 = 16_384;

/// Most memory that decoding such a picture may take, in bytes.
pub const PICTURE_BYTES: u64 = 256 << 20;
