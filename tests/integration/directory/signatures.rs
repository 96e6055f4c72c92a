//! Signatures beside the manifests: counted, handed over as they are, never judged here.

use std::fs::File;

use porthole::model::{Algorithm, Digest, limits};
use porthole::transport::{Note, Problem, Source, TransportError};

use super::{Flat, one, runtime, source};

fn signatures(flat: &Flat, manifest: &Digest) -> Result<Vec<Vec<u8>>, TransportError> {
    let source = source(flat.path());
    let read = source.detached_signatures().unwrap().signatures(manifest);
    let found = runtime().block_on(read)?;
    Ok(found.iter().map(|bytes| bytes.to_vec()).collect())
}

#[test]
fn they_are_counted_up_to_the_first_gap() {
    let flat = Flat::new(Algorithm::Sha256);
    let (raw, notes) = one(flat.path());
    assert_eq!(notes, []);
    assert_eq!(signatures(&flat, raw.digest()).unwrap(), [b""; 0]);
    flat.write("signature-1", b"\x99first");
    flat.write("signature-2", b"\0sigstore-json\n{}");
    flat.write("signature-4", b"behind a gap");
    flat.write("signature-0", b"no number");
    let (_, notes) = one(flat.path());
    assert_eq!(notes, [Note::DetachedSignatures { count: 2 }]);
    assert_eq!(
        notes[0].text(),
        "2 signatures lie beside the manifest and were not checked"
    );
    assert_eq!(
        signatures(&flat, raw.digest()).unwrap(),
        [&b"\x99first"[..], b"\0sigstore-json\n{}"]
    );
}

#[test]
fn those_of_an_instance_are_its_own() {
    let flat = Flat::new(Algorithm::Sha256);
    let (raw, _) = one(flat.path());
    let child = Digest::sha256(b"child");
    flat.write("signature-1", b"of the list");
    flat.write(&format!("{}.signature-1", child.hex()), b"of the child");
    assert_eq!(signatures(&flat, &child).unwrap(), [b"of the child"]);
    assert_eq!(signatures(&flat, raw.digest()).unwrap(), [b"of the list"]);
    let strong = Digest::of(Algorithm::Sha512, b"child");
    flat.write(
        &format!("sha512-{}.signature-1", strong.hex()),
        b"of another",
    );
    assert_eq!(signatures(&flat, &strong).unwrap(), [b"of another"]);
}

#[test]
fn one_of_a_gigabyte_is_not_read() {
    let flat = Flat::new(Algorithm::Sha256);
    let (raw, _) = one(flat.path());
    let file = File::create(flat.at("signature-1")).unwrap();
    file.set_len(1 << 30).unwrap();
    let error = signatures(&flat, raw.digest()).unwrap_err();
    assert_eq!(
        error.problem,
        Problem::TooLarge {
            found: Some(1 << 30),
            limit: limits::SIGNATURE_BYTES
        }
    );
    // it is there all the same
    let (_, notes) = one(flat.path());
    assert_eq!(notes, [Note::DetachedSignatures { count: 1 }]);
}

#[test]
fn layouts_have_none() {
    use porthole::model::{PathReference, Transport};
    use porthole::transport::layout::LayoutSource;
    let folder = crate::support::archive::fixture("buildkit-app");
    let source = LayoutSource::new(PathReference::new(Transport::Oci, folder));
    assert!(source.detached_signatures().is_none());
}
