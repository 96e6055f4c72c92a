//! DER as services write it: elements, names, certificates.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use porthole::model::Digest;

/// An element of these parts.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..=0x7f => bytes.push(length as u8),
        length @ 0x80..=0xff => bytes.extend([0x81, length as u8]),
        length @ 0x100..=0xffff => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
        length => {
            let [.., high, middle, low] = length.to_be_bytes();
            bytes.extend([0x83, high, middle, low]);
        }
    }
    bytes.extend(content);
    bytes
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

pub fn octets(bytes: &[u8]) -> Vec<u8> {
    element(0x04, &[bytes])
}

/// An object identifier as people write it.
pub fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u64> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = vec![(arcs[0] * 40 + arcs[1]) as u8];
    for arc in &arcs[2..] {
        let mut digits = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            digits.insert(0, 0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        content.extend(digits);
    }
    element(0x06, &[&content])
}

/// A name with this common name.
pub fn name(common: &str) -> Vec<u8> {
    let part = sequence(&[&oid("2.5.4.3"), &element(0x0c, &[common.as_bytes()])]);
    sequence(&[&element(0x31, &[&part])])
}

pub fn generalized(time: Timestamp) -> Vec<u8> {
    let text = time.strftime("%Y%m%d%H%M%SZ").to_string();
    element(0x18, &[text.as_bytes()])
}

fn utc(time: Timestamp) -> Vec<u8> {
    let text = time.strftime("%y%m%d%H%M%SZ").to_string();
    element(0x17, &[text.as_bytes()])
}

/// ECDSA with SHA-256.
pub fn ecdsa() -> Vec<u8> {
    sequence(&[&oid("1.2.840.10045.4.3.2")])
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    hex(Digest::sha256(bytes).hex())
}

pub fn hex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len() / 2).map(|n| &text[2 * n..2 * n + 2]);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// A key of a service.
pub struct Key {
    pair: EcdsaKeyPair,
    /// SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
}

impl Key {
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
        Self { pair, spki }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    /// What logs are called: the hash of the key.
    pub fn id(&self) -> Vec<u8> {
        sha256(&self.spki)
    }
}

/// What stands in a certificate.
pub struct Wanted<'a> {
    pub subject: Vec<u8>,
    pub spki: &'a [u8],
    pub from: Timestamp,
    pub to: Timestamp,
    pub extensions: Vec<Vec<u8>>,
}

/// An authority: a key, with the certificate of it.
pub struct Authority {
    pub key: Key,
    pub subject: Vec<u8>,
    pub certificate: Vec<u8>,
}

pub fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&oid(id), critical, &octets(value)])
}

/// keyUsage with these bits, the first of the byte being digitalSignature.
pub fn usage(unused: u8, bits: u8) -> Vec<u8> {
    extension("2.5.29.15", true, &element(3, &[&[unused, bits]]))
}

impl Authority {
    /// A root with this name.
    pub fn root(common: &str) -> Self {
        let key = Key::new();
        let subject = name(common);
        Self::made(key, subject.clone(), None, &subject)
    }

    /// One below this one.
    pub fn below(&self, common: &str) -> Self {
        Self::made(Key::new(), name(common), Some(&self.key), &self.subject)
    }

    fn made(key: Key, subject: Vec<u8>, by: Option<&Key>, issuer: &[u8]) -> Self {
        let now = Timestamp::now();
        let wanted = Wanted {
            subject: subject.clone(),
            spki: &key.spki,
            from: now - jiff::SignedDuration::from_hours(24),
            to: now + jiff::SignedDuration::from_hours(24 * 300),
            extensions: vec![
                extension("2.5.29.19", true, &sequence(&[&[1, 1, 0xff]])),
                usage(1, 0b0000_0110),
                extension("2.5.29.14", false, &octets(&key.id()[..20])),
            ],
        };
        let tbs = tbs(issuer, &wanted);
        let certificate = certificate(&tbs, by.unwrap_or(&key));
        Self {
            key,
            subject,
            certificate,
        }
    }

    /// A certificate of this authority.
    pub fn issue(&self, wanted: &Wanted<'_>) -> Vec<u8> {
        certificate(&tbs(&self.subject, wanted), &self.key)
    }
}

/// TBSCertificate.
pub fn tbs(issuer: &[u8], wanted: &Wanted<'_>) -> Vec<u8> {
    // the same before and behind the log of certificates
    let mut serial = sha256(wanted.spki);
    serial.truncate(16);
    serial[0] = serial[0] & 0x3f | 0x40;
    let extensions: Vec<&[u8]> = wanted.extensions.iter().map(Vec::as_slice).collect();
    sequence(&[
        &element(0xa0, &[&[2, 1, 2]]),
        &element(2, &[&serial]),
        &ecdsa(),
        issuer,
        &sequence(&[&utc(wanted.from), &utc(wanted.to)]),
        &wanted.subject,
        wanted.spki,
        &element(0xa3, &[&sequence(&extensions)]),
    ])
}

pub fn certificate(tbs: &[u8], by: &Key) -> Vec<u8> {
    let signature = by.sign(tbs);
    sequence(&[tbs, &ecdsa(), &element(3, &[&[0], &signature])])
}

/// Serial number and issuer of a certificate, as elements.
pub fn serial_and_issuer(certificate: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let tbs = children(content(certificate)).remove(0);
    let parts = children(content(&tbs));
    (parts[1].clone(), parts[3].clone())
}

/// What stands in an element.
pub fn content(element: &[u8]) -> &[u8] {
    match element[1] {
        0..=0x7f => &element[2..],
        0x81 => &element[3..],
        _ => &element[4..],
    }
}

/// The elements that follow each other here, whole.
pub fn children(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (head, length) = match bytes[1] {
            length @ 0..=0x7f => (2, usize::from(length)),
            0x81 => (3, usize::from(bytes[2])),
            _ => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
        };
        let (one, rest) = bytes.split_at(head + length);
        found.push(one.to_vec());
        bytes = rest;
    }
    found
}

pub fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = (0..body.len().div_ceil(64))
        .map(|n| &body[64 * n..body.len().min(64 * n + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// The first PEM block's bytes.
pub fn of_pem(text: &str) -> Vec<u8> {
    let body = text.split("-----").nth(2).unwrap();
    let body: String = body.split_whitespace().collect();
    BASE64_STANDARD.decode(body).unwrap()
}
