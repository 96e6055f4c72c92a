//! SHA-256 of two things at once, where the bytes of one are part of the other: the content
//! of a file, and the stream that it lies in. The processor's instructions for SHA-256 wait
//! for each other half of the time: a second digest of the same blocks, which shares the
//! message schedule (FIPS 180-4, 6.2.2), costs next to nothing beside the first. Everything
//! else is `sha2`'s.
//!
//! The only unsafe code here is one call: of a function for a processor that was asked before
//! whether it has these instructions.

use sha2::block_api::compress256;

use crate::model::{Algorithm, Digest, Hasher};

use super::entry;

/// Bytes of a block.
const BLOCK: usize = 64;

/// What SHA-256 begins with (FIPS 180-4, 5.3.3).
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A digest on its way.
#[derive(Clone)]
pub(super) struct Sha256 {
    state: [u32; 8],
    /// What came since the last whole block.
    rest: [u8; BLOCK],
    length: u64,
}

impl Sha256 {
    pub(super) fn new() -> Self {
        Self {
            state: START,
            rest: [0; BLOCK],
            length: 0,
        }
    }

    fn filled(&self) -> usize {
        (self.length % BLOCK as u64) as usize
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.take(bytes, None);
    }

    /// Takes the next bytes, which are the next ones of `other` too.
    pub(super) fn update_with(&mut self, other: &mut Self, bytes: &[u8]) {
        if self.filled() == other.filled() {
            self.take(bytes, Some(other));
        } else {
            self.take(bytes, None);
            other.take(bytes, None);
        }
    }

    fn take(&mut self, mut bytes: &[u8], mut other: Option<&mut Self>) {
        let filled = self.filled();
        self.length += bytes.len() as u64;
        if let Some(other) = &mut other {
            other.length += bytes.len() as u64;
        }
        if filled > 0 {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - filled));
            bytes = rest;
            let end = filled + now.len();
            for sha in std::iter::once(&mut *self).chain(other.as_deref_mut()) {
                sha.rest[filled..end].copy_from_slice(now);
                if end == BLOCK {
                    compress256(&mut sha.state, std::slice::from_ref(&sha.rest));
                }
            }
        }
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        match &mut other {
            Some(other) => compress_both(&mut self.state, &mut other.state, blocks),
            None => compress256(&mut self.state, blocks),
        }
        if !rest.is_empty() {
            for sha in std::iter::once(self).chain(other) {
                sha.rest[..rest.len()].copy_from_slice(rest);
            }
        }
    }

    /// The digest of all bytes together.
    pub(super) fn finish(mut self) -> [u8; 32] {
        let bits = self.length.wrapping_mul(8);
        let filled = self.filled();
        // a one, zeros up to the last 8 bytes of a block, and the length in bits
        let mut end = [0; 2 * BLOCK];
        end[..filled].copy_from_slice(&self.rest[..filled]);
        end[filled] = 0x80;
        let size = if filled + 9 > BLOCK { 2 * BLOCK } else { BLOCK };
        end[size - 8..size].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, end[..size].as_chunks().0);
        let mut digest = [0; 32];
        for (place, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(self.state) {
            *place = word.to_be_bytes();
        }
        digest
    }
}

/// Hashes an unpacked layer, in whatever algorithm its DiffID is.
pub(super) enum StreamHasher {
    Sha256(Sha256),
    Other(Hasher),
}

impl StreamHasher {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            _ => Self::Other(Hasher::new(algorithm)),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Other(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Digest {
        match self {
            Self::Sha256(hasher) => entry::digest(&hasher.finish()),
            Self::Other(hasher) => hasher.finish(),
        }
    }
}

fn compress_both(one: &mut [u32; 8], other: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
    #[cfg(target_arch = "x86_64")]
    // without optimisation every instruction would be a call; the tests of this file try it
    if x86::is_there() && (cfg!(test) || !cfg!(debug_assertions)) {
        // SAFETY: the processor has the instructions.
        #[allow(unsafe_code)]
        unsafe {
            x86::compress_both(one, other, blocks)
        };
        return;
    }
    compress256(one, blocks);
    compress256(other, blocks);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
        _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
        _mm_shuffle_epi32,
    };

    use super::BLOCK;

    /// The constants of the 64 rounds (FIPS 180-4, 4.2.2).
    const K: [[[u32; 4]; 4]; 4] = [
        [
            [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
            [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
            [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
            [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
        ],
        [
            [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
            [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
            [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
            [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
        ],
        [
            [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
            [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
            [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
            [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
        ],
        [
            [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
            [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
            [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
            [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
        ],
    ];

    /// Whether the processor has what is needed.
    pub(super) fn is_there() -> bool {
        is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("ssse3")
    }

    /// Advances both states by these blocks.
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    pub(super) fn compress_both(one: &mut [u32; 8], other: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
        // words are kept with their highest byte first
        let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let mut states = [load(one), load(other)];
        for block in blocks {
            let before = states;
            let [w0, w1, w2, w3] = block.as_chunks::<16>().0 else {
                continue;
            };
            let mut w0 = _mm_shuffle_epi8(words(w0), swap);
            let mut w1 = _mm_shuffle_epi8(words(w1), swap);
            let mut w2 = _mm_shuffle_epi8(words(w2), swap);
            let mut w3 = _mm_shuffle_epi8(words(w3), swap);
            for (part, k) in K.iter().enumerate() {
                let is_last = part == K.len() - 1;
                let next = |a, b, c, d| if is_last { a } else { schedule(a, b, c, d) };
                four_rounds(&mut states, w0, &k[0]);
                w0 = next(w0, w1, w2, w3);
                four_rounds(&mut states, w1, &k[1]);
                w1 = next(w1, w2, w3, w0);
                four_rounds(&mut states, w2, &k[2]);
                w2 = next(w2, w3, w0, w1);
                four_rounds(&mut states, w3, &k[3]);
                w3 = next(w3, w0, w1, w2);
            }
            for (state, before) in states.iter_mut().zip(before) {
                *state = (
                    _mm_add_epi32(state.0, before.0),
                    _mm_add_epi32(state.1, before.1),
                );
            }
        }
        *one = store(states[0]);
        *other = store(states[1]);
    }

    /// Four rounds of both, with these words of the schedule.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn four_rounds(states: &mut [(__m128i, __m128i); 2], w: __m128i, k: &[u32; 4]) {
        let [one, other] = states;
        let k = k.map(u32::cast_signed);
        let k = _mm_add_epi32(w, _mm_set_epi32(k[3], k[2], k[1], k[0]));
        one.1 = _mm_sha256rnds2_epu32(one.1, one.0, k);
        other.1 = _mm_sha256rnds2_epu32(other.1, other.0, k);
        let k = _mm_shuffle_epi32::<0x0e>(k);
        one.0 = _mm_sha256rnds2_epu32(one.0, one.1, k);
        other.0 = _mm_sha256rnds2_epu32(other.0, other.1, k);
    }

    /// The next four words of the schedule behind these sixteen.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn schedule(a: __m128i, b: __m128i, c: __m128i, d: __m128i) -> __m128i {
        let next = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8::<4>(d, c));
        _mm_sha256msg2_epu32(next, d)
    }

    #[target_feature(enable = "sse4.1,ssse3")]
    fn words(bytes: &[u8; 16]) -> __m128i {
        let both = u128::from_le_bytes(*bytes);
        _mm_set_epi64x((both >> 64) as i64, both as i64)
    }

    /// The words of a state as the instructions want them: a, b, e, f and c, d, g, h, the last in the
    /// lowest place.
    #[target_feature(enable = "sse4.1,ssse3")]
    fn load(state: &[u32; 8]) -> (__m128i, __m128i) {
        let s = state.map(u32::cast_signed);
        (
            _mm_set_epi32(s[0], s[1], s[4], s[5]),
            _mm_set_epi32(s[2], s[3], s[6], s[7]),
        )
    }

    #[target_feature(enable = "sse4.1,ssse3")]
    fn store((abef, cdgh): (__m128i, __m128i)) -> [u32; 8] {
        [
            _mm_extract_epi32::<3>(abef),
            _mm_extract_epi32::<2>(abef),
            _mm_extract_epi32::<3>(cdgh),
            _mm_extract_epi32::<2>(cdgh),
            _mm_extract_epi32::<1>(abef),
            _mm_extract_epi32::<0>(abef),
            _mm_extract_epi32::<1>(cdgh),
            _mm_extract_epi32::<0>(cdgh),
        ]
        .map(i32::cast_unsigned)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::Sha256;

    fn digest(bytes: &[u8]) -> [u8; 32] {
        sha2::Sha256::digest(bytes).into()
    }

    #[test]
    fn known_digests() {
        // FIPS 180-4, examples of NIST
        for (text, expected) in [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            let (mut one, mut other) = (Sha256::new(), Sha256::new());
            one.update_with(&mut other, text.as_bytes());
            for hasher in [one, other] {
                let found = crate::layer::entry::digest(&hasher.finish());
                assert_eq!(found.hex(), expected);
            }
        }
    }

    proptest! {
        /// Whatever was hashed before, both are what they are alone, and what `sha2` says.
        #[test]
        fn two_at_once_are_as_two_alone(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
            cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..3), 0..8),
            start in 0usize..3,
        ) {
            let mut cuts: Vec<_> =
                cuts.iter().map(|(at, who)| (at.index(bytes.len() + 1), *who)).collect();
            cuts.sort_unstable();
            let (mut one, mut other) = (Sha256::new(), Sha256::new());
            let (mut ones, mut others) = (Vec::new(), Vec::new());
            let mut at = 0;
            for (end, who) in cuts.into_iter().chain([(bytes.len(), start)]) {
                let part = &bytes[at..end];
                at = end;
                match who {
                    0 => one.update(part),
                    1 => other.update(part),
                    _ => one.update_with(&mut other, part),
                }
                if who != 1 {
                    ones.extend_from_slice(part);
                }
                if who != 0 {
                    others.extend_from_slice(part);
                }
            }
            prop_assert_eq!(one.finish(), digest(&ones));
            prop_assert_eq!(other.finish(), digest(&others));
        }
    }
}
