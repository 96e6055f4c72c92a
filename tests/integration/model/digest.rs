//! image-spec `descriptor.md`, "Digests".

use porthole::model::{Algorithm, Digest, DigestError, Hasher, MediaType, RawDocument};
use proptest::prelude::*;

/// FIPS 180-4 test vectors: the message "abc" and the empty one.
const VECTORS: [(Algorithm, &[u8], &str); 6] = [
    (
        Algorithm::Sha256,
        b"abc",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    (
        Algorithm::Sha256,
        b"",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    (
        Algorithm::Sha384,
        b"abc",
        "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
         8086072ba1e7cc2358baeca134c825a7",
    ),
    (
        Algorithm::Sha384,
        b"",
        "sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da\
         274edebfe76f65fbd51ad2f14898b95b",
    ),
    (
        Algorithm::Sha512,
        b"abc",
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    (
        Algorithm::Sha512,
        b"",
        "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
         47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    ),
];

#[test]
fn known_hashes() {
    for (algorithm, message, expected) in VECTORS {
        let parsed: Digest = expected.parse().unwrap();
        assert_eq!(Digest::of(algorithm, message), parsed);
        assert_eq!(parsed.algorithm(), algorithm);
        assert_eq!(parsed.to_string(), expected);
        assert!(parsed.matches(message));
        assert!(!parsed.matches(b"abd"));
    }
}

#[test]
fn texts_that_are_no_digests() {
    let hex = "a".repeat(64);
    let length = |algorithm, expected, found| DigestError::Length {
        algorithm,
        expected,
        found,
    };
    let cases = [
        (String::new(), DigestError::NoAlgorithm(String::new())),
        (hex.clone(), DigestError::NoAlgorithm(hex.clone())),
        (
            format!("md5:{}", "a".repeat(32)),
            DigestError::UnknownAlgorithm("md5".to_owned()),
        ),
        (
            format!("SHA256:{hex}"),
            DigestError::UnknownAlgorithm("SHA256".to_owned()),
        ),
        (
            format!(":{hex}"),
            DigestError::UnknownAlgorithm(String::new()),
        ),
        // registered in the specification, but not strong and not known here
        (
            format!("blake3:{hex}"),
            DigestError::UnknownAlgorithm("blake3".to_owned()),
        ),
        // another algorithm's separator
        (
            format!("sha256+b64:{hex}"),
            DigestError::UnknownAlgorithm("sha256+b64".to_owned()),
        ),
        ("sha256:".to_owned(), length("sha256", 64, 0)),
        (format!("sha256:{}", &hex[1..]), length("sha256", 64, 63)),
        (format!("sha256:{hex}a"), length("sha256", 64, 65)),
        (format!("sha384:{hex}"), length("sha384", 96, 64)),
        (format!("sha512:{hex}"), length("sha512", 128, 64)),
        (
            format!("sha256:{}", hex.replacen('a', "A", 1)),
            DigestError::Character('A'),
        ),
        (
            format!("sha256:{}", hex.replacen('a', "g", 1)),
            DigestError::Character('g'),
        ),
        (format!("sha256:{hex}\n"), DigestError::Character('\n')),
        (
            "sha256:../../../etc/passwd".to_owned(),
            DigestError::Character('.'),
        ),
        // 64 bytes, but not 64 hexadecimal digits
        (
            format!("sha256:{}", "é".repeat(32)),
            DigestError::Character('é'),
        ),
        (format!("sha256:sha256:{hex}"), DigestError::Character('s')),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse::<Digest>(), Err(expected), "{text:?}");
    }
}

#[test]
fn an_error_does_not_repeat_a_text_of_any_length() {
    let long = "x".repeat(1 << 20);
    for text in [long.clone(), format!("{long}:aa")] {
        let error = text.parse::<Digest>().unwrap_err().to_string();
        assert!(error.len() < 400, "{}", error.len());
    }
}

#[test]
fn the_short_form_shows_both_ends() {
    let (_, _, text) = VECTORS[0];
    let digest: Digest = text.parse().unwrap();
    assert_eq!(digest.short(), "sha256:ba7816bf…15ad");
}

#[test]
fn json_takes_only_digests() {
    let (_, _, text) = VECTORS[4];
    let json = format!("\"{text}\"");
    let digest: Digest = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&digest).unwrap(), json);
    assert!(serde_json::from_str::<Digest>("\"sha256:abc\"").is_err());
}

#[test]
fn a_raw_document_is_never_made_of_other_bytes() {
    let expected = Digest::of(Algorithm::Sha512, b"abc");
    let verify = |bytes: &'static [u8]| {
        RawDocument::verify(bytes.into(), &expected, MediaType::new("text/plain"))
    };
    assert_eq!(verify(b"abc").unwrap().digest(), &expected);
    assert_eq!(
        verify(b"abd").unwrap_err(),
        Digest::of(Algorithm::Sha512, b"abd"),
        "the digest found is of the algorithm asked for"
    );
}

proptest! {
    #[test]
    fn pieces_hash_to_the_same_as_the_whole(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        cuts in proptest::collection::vec(0usize..2000, 0..8),
    ) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            let mut hasher = Hasher::new(algorithm);
            let mut from = 0;
            for cut in &cuts {
                hasher.update(&bytes[from..*cut]);
                from = *cut;
            }
            hasher.update(&bytes[from..]);
            prop_assert_eq!(hasher.finish(), Digest::of(algorithm, &bytes));
        }
    }

    #[test]
    fn whatever_is_read_is_written_the_same(text in "(sha256|sha384|sha512|md5):[0-9a-g]{0,130}") {
        if let Ok(digest) = text.parse::<Digest>() {
            prop_assert_eq!(digest.to_string(), text);
            prop_assert_eq!(digest.hex().len(), digest.algorithm().hex_len());
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = text.parse::<Digest>();
    }
}
