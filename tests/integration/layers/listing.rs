//! What a layer's entries are, against GNU tar and the `tar` crate.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use porthole::layer::{Ending, EntryKind, LayerIndex, Marks, clean_path, saved};
use porthole::model::Digest;
use proptest::prelude::*;

use super::{Tar, descriptor, fixture, gzip, scan, scan_in};

/// Path, letter of the type, mode, ids, size or device, time and link of every entry, as GNU
/// tar lists them.
fn gnu(tar: &[u8]) -> Vec<(Vec<u8>, char, u32, String, i64)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("layer.tar");
    fs::write(&file, tar).unwrap();
    let output = Command::new("tar")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .args([
            "--numeric-owner",
            "--quoting-style=escape",
            "--full-time",
            "-tvPf",
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = output.stdout.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line = String::from_utf8_lossy(line).into_owned();
            let mut parts = line.split(' ').filter(|part| !part.is_empty());
            let letters = parts.next().unwrap().to_owned();
            let ids = parts.next().unwrap().to_owned();
            let size = parts.next().unwrap().to_owned();
            let (day, time) = (parts.next().unwrap(), parts.next().unwrap());
            let stamp = format!("{day}T{time}Z").parse::<jiff::Timestamp>().unwrap();
            let at = line.find(time).unwrap() + time.len() + 1;
            // the time is filled up where another one has a fraction
            let mut name = line[at..].trim_start().to_owned();
            for mark in [" -> ", " link to "] {
                if let Some(at) = name.find(mark) {
                    name.truncate(at);
                }
            }
            let letter = letters.chars().next().unwrap();
            let (path, _) = clean_path(&unescape(&name));
            let owner = format!("{ids} {size}");
            (path, letter, mode(&letters[1..]), owner, stamp.as_second())
        })
        .collect()
}

fn mode(letters: &str) -> u32 {
    let mut mode = 0;
    for (at, letter) in letters.chars().enumerate().take(9) {
        let (bit, special) = (0o400 >> at, 0o4000 >> (at / 3));
        match letter {
            '-' => {}
            's' | 't' => mode |= bit | special,
            'S' | 'T' => mode |= special,
            _ => mode |= bit,
        }
    }
    mode
}

fn unescape(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = name.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next().unwrap() {
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'r' => bytes.push(b'\r'),
            b'a' => bytes.push(7),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'v' => bytes.push(11),
            digit @ b'0'..=b'7' => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    value = value * 8 + u32::from(rest.next().unwrap() - b'0');
                }
                bytes.push(value as u8);
            }
            other => bytes.push(other),
        }
    }
    bytes
}

/// The same of an index. A whiteout gets its name in the archive back.
fn ours(index: &LayerIndex) -> Vec<(Vec<u8>, char, u32, String, i64)> {
    index
        .entries()
        .map(|entry| {
            let mut path = entry.path();
            let letter = match entry.kind() {
                EntryKind::Directory => 'd',
                EntryKind::Symlink => 'l',
                EntryKind::Hardlink => 'h',
                EntryKind::CharDevice => 'c',
                EntryKind::BlockDevice => 'b',
                EntryKind::Fifo => 'p',
                _ => '-',
            };
            match entry.kind() {
                EntryKind::Opaque => {
                    path.extend_from_slice(b"/.wh..wh..opq");
                    path = clean_path(&path).0;
                }
                EntryKind::Whiteout => {
                    path = [entry.directory(), b"/.wh.", entry.name()].concat();
                    path = clean_path(&path).0;
                }
                _ => {}
            }
            let device = entry.extra().and_then(|extra| extra.device);
            let size = device.map_or_else(
                || entry.size().to_string(),
                |(major, minor)| format!("{major},{minor}"),
            );
            let owner = format!("{}/{} {size}", entry.uid(), entry.gid());
            (path, letter, entry.mode(), owner, entry.mtime().0)
        })
        .collect()
}

fn unpacked(blob: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    if blob.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(blob)
            .read_to_end(&mut bytes)
            .unwrap();
    } else if blob.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        zstd::Decoder::new(blob)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
    } else {
        bytes.extend_from_slice(blob);
    }
    bytes
}

#[test]
fn a_layer_may_end_with_a_block_of_nothing() {
    // as writers end that have flushed before: the block has ten bits, and the inflater has
    // read them when it begins
    for level in [0, 1, 6] {
        let tar = Tar::new().file("a", b"some text, some text").bytes();
        let mut encoder =
            flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(&tar).unwrap();
        encoder.flush().unwrap();
        let layer = encoder.finish().unwrap();
        for piece in [1, 2, 4096] {
            assert_eq!(scan_in(&layer, piece).ending, Ending::Complete, "{level}");
        }
    }
}

#[test]
fn every_layer_of_every_fixture_is_listed_as_gnu_tar_lists_it() {
    let mut layers = 0;
    for image in ["busybox-small", "buildkit-app"] {
        for blob in fs::read_dir(fixture(image).join("blobs/sha256")).unwrap() {
            let blob = fs::read(blob.unwrap().path()).unwrap();
            let tar = unpacked(&blob);
            if tar.get(257..262) != Some(b"ustar") {
                continue;
            }
            layers += 1;
            let index = scan(&blob);
            assert_eq!(index.ending, Ending::Complete);
            assert_eq!(index.diff_id, Some(Digest::sha256(&tar)));
            assert_eq!(ours(&index), gnu(&tar));
            let reference: Vec<_> = contents(&tar);
            let found: Vec<_> = index
                .entries()
                .filter(|entry| entry.sha256().is_some())
                .map(|entry| entry.digest().unwrap())
                .collect();
            assert_eq!(found, reference);
            // whatever the pieces that come
            for piece in [1, 511, 4097] {
                assert_eq!(scan_in(&blob, piece), index);
            }
            // kept and read again
            let digest = Digest::sha256(&blob);
            let kept = saved::encode(&index, &digest).unwrap();
            assert_eq!(saved::decode(&kept, &digest), Some(index));
        }
    }
    assert!(layers >= 8, "{layers}");
}

/// Digests of the regular files of an archive, by the `tar` crate.
fn contents(tar: &[u8]) -> Vec<Digest> {
    use std::io::Read;
    let mut archive = tar::Archive::new(tar);
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path_bytes().into_owned();
        let name = name.rsplit(|byte| *byte == b'/').next().unwrap().to_vec();
        if entry.header().entry_type().is_file() && !name.starts_with(b".wh.") {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.push(Digest::sha256(&content));
        }
    }
    found
}

/// A folder packed by GNU tar in `format`.
fn packed(folder: &std::path::Path, format: &str, more: &[&str]) -> Vec<u8> {
    let output = Command::new("tar")
        .args([
            &format!("--format={format}"),
            "--sort=name",
            "--numeric-owner",
        ])
        .args(more)
        .args(["-cf", "-", "-C"])
        .arg(folder)
        .arg(".")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn what_gnu_tar_writes_is_listed_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let long = "long-".repeat(30);
    fs::create_dir(folder.path().join(&long)).unwrap();
    fs::write(folder.path().join(&long).join("n".repeat(90)), "deep").unwrap();
    fs::write(folder.path().join("ünï\ncode"), "x".repeat(1000)).unwrap();
    std::os::unix::fs::symlink("t".repeat(150), folder.path().join("link")).unwrap();
    fs::hard_link(folder.path().join("ünï\ncode"), folder.path().join("zz")).unwrap();
    for format in ["gnu", "pax", "posix"] {
        let tar = packed(
            folder.path(),
            format,
            &["--owner=3000000", "--group=4000000000"],
        );
        let index = scan(&tar);
        assert_eq!(index.ending, Ending::Complete, "{format}");
        assert_eq!(ours(&index), gnu(&tar), "{format}");
        let link = index
            .entries()
            .find(|entry| entry.name() == b"link")
            .unwrap();
        assert_eq!(link.link().unwrap(), "t".repeat(150).as_bytes());
        assert_eq!(link.uid(), 3_000_000);
    }
}

#[test]
fn sparse_files_have_their_real_size_and_the_digest_of_what_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = vec![0; 3 << 20];
    for (at, byte) in [(0, 1), (700_000, 2), (1_500_000, 3), (2_900_000, 4)] {
        content[at..at + 4096].fill(byte);
    }
    use std::os::unix::fs::FileExt;
    let file = fs::File::create(folder.path().join("sparse")).unwrap();
    file.set_len(content.len() as u64).unwrap();
    for at in [0, 700_000, 1_500_000, 2_900_000] {
        file.write_all_at(&content[at..at + 4096], at as u64)
            .unwrap();
    }
    fs::write(folder.path().join("zz"), "behind").unwrap();
    for (format, more) in [
        ("gnu", "--sparse-version=1.0"),
        ("pax", "--sparse-version=0.0"),
        ("pax", "--sparse-version=0.1"),
        ("pax", "--sparse-version=1.0"),
    ] {
        let tar = packed(
            folder.path(),
            format,
            &["--sparse", "--hole-detection=raw", more],
        );
        assert!(tar.len() < 1 << 20, "{format}: it is sparse");
        let index = scan(&tar);
        assert_eq!(index.ending, Ending::Complete, "{format} {more}");
        let entry = index
            .entries()
            .find(|entry| entry.name() == b"sparse")
            .unwrap();
        assert!(entry.marks().has(Marks::SPARSE));
        assert_eq!(entry.size(), content.len() as u64, "{format} {more}");
        assert_eq!(
            entry.digest(),
            Some(Digest::sha256(&content)),
            "{format} {more}"
        );
        assert!(
            index.entries().any(|entry| entry.name() == b"zz"),
            "{format} {more}"
        );
    }
}

/// Of what extends a header the last records count, and a long name whatever they say; what is
/// called a folder by its name alone has its content passed over.
#[test]
fn headers_are_extended_as_runtimes_read_them() {
    let mut tar = Tar::new();
    let mut put = |kind: tar::EntryType, name: &[u8], content: &[u8]| {
        let mut header = Tar::header(kind, content.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        if name == b"folder/" {
            // as archives had it before there were types
            header.as_mut_bytes()[156] = 0;
        }
        header.set_cksum();
        tar.0.append(&header, content).unwrap();
    };
    let (file, records) = (tar::EntryType::Regular, tar::EntryType::XHeader);
    put(records, b"x", b"11 path=no\n12 size=700\n");
    put(records, b"x", b"16 path=se\0cond\n");
    put(file, b"a", b"1");
    put(tar::EntryType::GNULongName, b"././@LongLink", b"long\0");
    put(records, b"x", b"11 path=no\n");
    put(file, b"b", b"22");
    // forgotten: what comes before global records, and names that are empty
    put(records, b"x", b"11 path=no\n");
    put(tar::EntryType::XGlobalHeader, b"g", b"11 path=no\n");
    put(file, b"c", b"4444");
    put(tar::EntryType::GNULongName, b"././@LongLink", b"\0");
    put(file, b"d", b"55555");
    // a slash makes a folder only where nothing says that it is a file
    put(file, b"sudo/", b"program");
    put(file, b"folder/", b"");
    put(file, b"behind", b"333");
    let index = scan(&tar.bytes());
    assert_eq!(index.ending, Ending::Complete);
    let found: Vec<_> = index
        .entries()
        .map(|entry| (entry.path(), entry.kind(), entry.size()))
        .collect();
    let expected = [
        (&b"se"[..], EntryKind::File, 1),
        (b"long", EntryKind::File, 2),
        (b"c", EntryKind::File, 4),
        (b"d", EntryKind::File, 5),
        (b"sudo", EntryKind::File, 7),
        (b"folder", EntryKind::Directory, 0),
        (b"behind", EntryKind::File, 3),
    ];
    assert_eq!(
        found,
        expected.map(|(path, kind, size)| (path.to_vec(), kind, size))
    );
}

#[test]
fn odd_names_are_put_inside_the_root_and_marked() {
    let tar = Tar::new()
        .raw(b"/etc/absolute", b"1")
        .raw(b"a/../../../etc/dots", b"2")
        .raw(b"b/\xff\xfe", b"3")
        .bytes();
    let index = scan(&tar);
    let found: Vec<_> = index.entries().map(|e| (e.path(), e.marks())).collect();
    assert_eq!(found[0], (b"etc/absolute".to_vec(), Marks::ABSOLUTE));
    assert_eq!(found[1], (b"etc/dots".to_vec(), Marks::DOTS));
    assert_eq!(found[2], (b"b/\xff\xfe".to_vec(), Marks::default()));
}

/// A header whose check sum is right says more than the first letters of a name.
#[test]
fn a_plain_layer_may_begin_as_bzip2_does() {
    let tar = Tar::new().file("BZhfile", b"x").bytes();
    for piece in [1, 511, 1 << 20] {
        let index = super::scan_in(&tar, piece);
        assert_eq!(index.ending, Ending::Complete, "{piece}");
        assert_eq!(index.entry(0).unwrap().path(), b"BZhfile");
    }
    for other in [&b"BZh91AY&SY"[..], &[&b"BZh9"[..], &[1; 600]].concat()] {
        let ending = scan(other).ending;
        assert!(format!("{ending:?}").contains("bzip2"), "{ending:?}");
    }
}

#[test]
fn targets_of_links_have_a_limit() {
    let target = "a".repeat(porthole::model::limits::LAYER_PATH_BYTES);
    let fits = Tar::new().symlink("fits", &target);
    assert_eq!(scan(&fits.bytes()).ending, Ending::Complete);
    let longer = Tar::new()
        .file("a", b"a")
        .symlink("longer", &format!("{target}a"));
    let index = scan(&longer.bytes());
    assert_eq!(index.len(), 1);
    let ending = format!("{:?}", index.ending);
    assert!(ending.contains("the target of a link has"), "{ending}");
}

#[test]
fn names_lead_through_a_limited_number_of_folders() {
    let deep = "a/".repeat(porthole::model::limits::LAYER_PATH_PARTS - 1);
    let fits = format!("{deep}f");
    let index = scan(&Tar::new().file(&fits, b"f").bytes());
    assert_eq!(index.ending, Ending::Complete);
    assert_eq!(index.entry(0).unwrap().path(), fits.as_bytes());
    let deeper = Tar::new().file("first", b"f").dir(&format!("{deep}a/a"));
    let index = scan(&deeper.file("last", b"f").bytes());
    assert_eq!(index.len(), 1, "what came before stays");
    let Ending::Damaged { why } = &index.ending else {
        panic!("{:?}", index.ending);
    };
    let said = "the name of an entry has 2049 parts, more than the 2048 that are read";
    assert_eq!(why, said);
}

#[test]
fn what_was_read_of_a_broken_layer_stays() {
    let tar = Tar::new()
        .file("a", b"first")
        .file("b", &[7; 2000])
        .file("c", b"x")
        .bytes();
    let whole = gzip(&tar, 6);
    // cut off
    let mut scanner = porthole::layer::Scanner::new(
        &descriptor(&whole),
        porthole::model::Algorithm::Sha256,
        porthole::layer::Allowance::Usual,
    );
    scanner.feed(&whole[..whole.len() - 12]);
    let index = scanner.finish();
    assert!(
        matches!(index.ending, Ending::Damaged { .. }),
        "{:?}",
        index.ending
    );
    assert!(index.entries().any(|entry| entry.path() == b"a"));
    // a tar that ends within a file, rightly hashed
    let index = scan(&tar[..1024 + 512 + 100]);
    let Ending::Damaged { why } = &index.ending else {
        panic!("{:?}", index.ending);
    };
    assert!(why.contains("content of b"), "{why}");
    let last = index.entries().last().unwrap();
    assert_eq!((last.path(), last.sha256()), (b"b".to_vec(), None));
    assert!(last.marks().has(Marks::CUT_OFF));
    // other bytes than the digest promises
    let mut layer = descriptor(&tar);
    layer.digest = Digest::sha256(b"something else");
    let mut scanner = porthole::layer::Scanner::new(
        &layer,
        porthole::model::Algorithm::Sha256,
        porthole::layer::Allowance::Usual,
    );
    assert!(scanner.feed(&tar));
    let index = scanner.finish();
    assert_eq!(index.len(), 3);
    let found = Digest::sha256(&tar);
    assert_eq!(index.ending, Ending::WrongDigest { found });
    assert_eq!(saved::encode(&index, &layer.digest), None, "never kept");
}

#[test]
fn what_is_compressed_otherwise_is_not_called_damaged() {
    // as xz and bzip2 write what is empty
    for (packed, packing) in [
        (&b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46"[..], "xz"),
        (b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", "bzip2"),
    ] {
        let index = scan(packed);
        assert_eq!(index.ending, Ending::NotRead { packing });
        assert_eq!(saved::encode(&index, &descriptor(packed).digest), None);
    }
}

#[test]
fn a_bomb_is_stopped_at_its_allowance() {
    let zeros = vec![0; 8 << 20];
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut header = Tar::header(tar::EntryType::Regular, 1 << 40);
    header.set_path("bomb").unwrap();
    header.set_cksum();
    bomb.write_all(header.as_bytes()).unwrap();
    for _ in 0..40 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let index = scan(&bomb);
    let Ending::TooMuch { why } = &index.ending else {
        panic!("{:?}", index.ending);
    };
    assert!(why.contains("268 MB"), "{why}");
    assert!(index.unpacked < 270 << 20);
}

#[test]
fn lying_sizes_are_no_entries() {
    let mut tar = Tar::new().file("a", b"x").bytes();
    let mut header = Tar::header(tar::EntryType::Regular, 0);
    header.set_path("b").unwrap();
    // base 256, nearly 2^63
    header.as_mut_bytes()[124..136]
        .copy_from_slice(&[0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255]);
    header.set_cksum();
    tar.truncate(1024);
    tar.extend_from_slice(header.as_bytes());
    let index = scan(&tar);
    assert!(matches!(index.ending, Ending::Damaged { .. }));
    assert_eq!(index.entries().next().unwrap().path(), b"a");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_the_tar_crate_writes_is_listed_as_gnu_tar_lists_it(
        names in proptest::collection::vec("[a-z]{1,8}(/[a-zA-Zäß. -]{1,60}){0,4}", 1..8),
        sizes in proptest::collection::vec(0usize..3000, 8),
    ) {
        let mut tar = Tar::new();
        for (name, size) in names.iter().zip(sizes) {
            // names of whiteouts are another matter
            let name = name.replace("..", "x").replace("/. ", "/x").replace("/.", "/x");
            let name = name.trim_end_matches(['/', ' ', '.']);
            tar = tar.file(name, &vec![b'x'; size]);
        }
        let tar = tar.bytes();
        prop_assert_eq!(ours(&scan(&tar)), gnu(&tar));
        let packed = zstd::encode_all(&tar[..], 1).unwrap();
        prop_assert_eq!(ours(&scan(&packed)), gnu(&tar));
    }

    /// Whatever bytes come, reading ends and what comes out can be kept and read.
    #[test]
    fn changed_bytes_are_never_worse_than_an_error(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        kind in 0..3,
        cut in any::<prop::sample::Index>(),
    ) {
        let tar = Tar::new().file("a/b", &[1; 700]).symlink("l", "a").dir("d").file("z", b"end").bytes();
        let mut layer = match kind {
            0 => tar,
            1 => gzip(&tar, 6),
            _ => zstd::encode_all(&tar[..], 3).unwrap(),
        };
        for (at, byte) in changes {
            let at = at.index(layer.len());
            layer[at] = byte;
        }
        layer.truncate(cut.index(layer.len()) + 1);
        let index = scan(&layer);
        for entry in index.entries() {
            prop_assert!(entry.path().len() < 40_000);
        }
        let digest = Digest::sha256(&layer);
        if let Some(kept) = saved::encode(&index, &digest) {
            prop_assert_eq!(saved::decode(&kept, &digest), Some(index));
        }
    }

    /// A kept index that was changed is not believed, wherever the change is.
    #[test]
    fn a_changed_index_is_dropped(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let layer = gzip(&Tar::new().file("a/b", &[1; 700]).symlink("l", "a").bytes(), 6);
        let digest = Digest::sha256(&layer);
        let mut kept = saved::encode(&scan(&layer), &digest).unwrap();
        let at = at.index(kept.len());
        let before = std::mem::replace(&mut kept[at], byte);
        prop_assert_eq!(saved::decode(&kept, &digest).is_some(), before == byte);
    }
}
