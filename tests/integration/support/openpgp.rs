//! OpenPGP keys, signatures and keyrings that are made in the test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pgp::composed::{
    KeyType, MessageBuilder, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    PacketTrait, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData,
};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyDetails, Password, Timestamp};
use porthole::signature::Subject;
use porthole::signature::simple::Claim;

/// 2020-01-01, in seconds since 1970.
pub const IN_2020: u32 = 1_577_836_800;
/// 2040-01-01.
pub const IN_2040: u32 = 2_208_988_800;

/// A key that signs, made at `created`, with a subkey that signs, made at `subkey`.
pub fn key(created: u32, subkey: u32) -> SignedSecretKey {
    let subkey = SubkeyParamsBuilder::default()
        .key_type(KeyType::Ed25519Legacy)
        .can_sign(true)
        .created_at(Timestamp::from_secs(subkey))
        .build()
        .unwrap();
    let params = SecretKeyParamsBuilder::default()
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .can_sign(true)
        .created_at(Timestamp::from_secs(created))
        .primary_user_id("Release <release@example.com>".to_owned())
        .subkeys(vec![subkey])
        .build()
        .unwrap();
    params.generate(rand::thread_rng()).unwrap()
}

fn config(key: &SignedSecretKey, kind: SignatureType, more: Vec<SubpacketData>) -> SignatureConfig {
    let primary = &key.primary_key;
    let mut config = SignatureConfig::from_key(rand::thread_rng(), primary, kind).unwrap();
    // later than what the key says of itself since it is there
    let now = Timestamp::from_secs(Timestamp::now().as_secs() + 1);
    let hashed = [
        SubpacketData::SignatureCreationTime(now),
        SubpacketData::IssuerFingerprint(primary.fingerprint()),
    ];
    let hashed = hashed.into_iter().chain(more);
    config.hashed_subpackets = hashed
        .map(|data| Subpacket::regular(data).unwrap())
        .collect();
    config
}

/// The key's revocation of itself.
pub fn revocation(key: &SignedSecretKey) -> Signature {
    let primary = &key.primary_key;
    let config = config(key, SignatureType::KeyRevocation, Vec::new());
    let public = primary.public_key();
    config
        .sign_key(primary, &Password::empty(), public)
        .unwrap()
}

/// The public half.
pub fn public(key: &SignedSecretKey) -> SignedPublicKey {
    key.to_public_key()
}

/// The public half, revoked.
pub fn revoked(key: &SignedSecretKey) -> SignedPublicKey {
    let mut public = key.to_public_key();
    public.details.revocation_signatures.push(revocation(key));
    public
}

/// The public half, whose subkey was revoked.
pub fn subkey_revoked(key: &SignedSecretKey) -> SignedPublicKey {
    let mut public = key.to_public_key();
    let config = config(key, SignatureType::SubkeyRevocation, Vec::new());
    let (primary, subkey) = (&key.primary_key, &mut public.public_subkeys[0]);
    let none = Password::empty();
    let signed = config.sign_subkey_binding(primary, primary.public_key(), &none, &subkey.key);
    subkey.signatures.push(signed.unwrap());
    public
}

/// The public half, which ended a second after it was made.
pub fn expired(key: &SignedSecretKey) -> SignedPublicKey {
    let mut public = key.to_public_key();
    let end = SubpacketData::KeyExpirationTime(Duration::from_secs(1));
    let config = config(key, SignatureType::Key, vec![end]);
    let primary = &key.primary_key;
    let signed = config.sign_key(primary, &Password::empty(), primary.public_key());
    public.details.direct_signatures.push(signed.unwrap());
    public
}

/// Packets, as `gpg --export` writes them.
pub fn bytes(key: &impl Serialize) -> Vec<u8> {
    key.to_bytes().unwrap()
}

/// One packet.
pub fn packet(signature: &Signature) -> Vec<u8> {
    let mut bytes = Vec::new();
    signature.to_writer_with_header(&mut bytes).unwrap();
    bytes
}

/// The same in armour.
pub fn armour(bytes: &[u8]) -> Vec<u8> {
    let body = STANDARD.encode(bytes);
    let lines: Vec<_> = body.as_bytes().chunks(64).collect();
    let body = String::from_utf8(lines.join(&b'\n')).unwrap();
    format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{body}\n-----END PGP PUBLIC KEY BLOCK-----\n")
        .into_bytes()
}

/// What is signed of an image.
pub fn claim(subject: &Subject, reference: &str) -> Vec<u8> {
    let claim = Claim {
        digest: subject.digest.clone(),
        reference: reference.to_owned(),
        creator: None,
        timestamp: None,
    };
    claim.to_bytes()
}

/// `content`, signed now by the key itself, or by its subkey.
pub fn signed(key: &SignedSecretKey, subkey: bool, content: &[u8]) -> Vec<u8> {
    let mut message = MessageBuilder::from_bytes("", content.to_vec());
    let signer: &dyn pgp::types::SigningKey = match subkey {
        true => &key.secret_subkeys[0].key,
        false => &key.primary_key,
    };
    message.sign(signer, Password::empty(), HashAlgorithm::Sha256);
    message.to_vec(rand::thread_rng()).unwrap()
}
