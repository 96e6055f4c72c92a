//! The content of a file as it passes: hashed, holes as zeros.

use crate::layer::sha256::{Sha256, StreamHasher};

/// Hashes a file's stored bytes, and zeros where the file has holes.
pub(super) struct Content {
    hasher: Option<Sha256>,
    /// Offset in the file and length of each stored part; nothing for a file without holes.
    map: Option<Vec<(u64, u64)>>,
    part: usize,
    /// Position in the file.
    at: u64,
    /// Position in the present part.
    within: u64,
    size: u64,
}

impl Content {
    pub(super) fn whole(size: u64) -> Self {
        Self {
            hasher: Some(Sha256::new()),
            map: None,
            part: 0,
            at: 0,
            within: 0,
            size,
        }
    }

    /// A file with holes; without a digest where they are more than `budget` bytes, which
    /// is lowered by them, or where the map contradicts itself.
    pub(super) fn sparse(map: Vec<(u64, u64)>, size: u64, budget: &mut u64) -> Self {
        let holes = stored(&map, size).and_then(|stored| size.checked_sub(stored));
        let hashed = match holes {
            Some(holes) if holes <= *budget => {
                *budget -= holes;
                true
            }
            _ => false,
        };
        Self {
            hasher: hashed.then(Sha256::new),
            map: Some(map),
            part: 0,
            at: 0,
            within: 0,
            size,
        }
    }

    /// Takes the next stored bytes, and hashes them along in the stream where that costs
    /// less. Says whether it did.
    pub(super) fn update_with(&mut self, stream: &mut StreamHasher, bytes: &[u8]) -> bool {
        match (&mut self.hasher, &self.map, stream) {
            (Some(hasher), None, StreamHasher::Sha256(stream)) => {
                stream.update_with(hasher, bytes);
                true
            }
            _ => {
                self.update(bytes);
                false
            }
        }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        let Some(hasher) = &mut self.hasher else {
            return;
        };
        let Some(map) = &self.map else {
            hasher.update(bytes);
            return;
        };
        while !bytes.is_empty() {
            let Some((offset, length)) = map.get(self.part) else {
                return;
            };
            if self.within == 0 {
                zeros(hasher, offset - self.at);
                self.at = *offset;
            }
            let left = usize::try_from(length - self.within).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(left.min(bytes.len()));
            hasher.update(now);
            self.at += now.len() as u64;
            self.within += now.len() as u64;
            bytes = rest;
            if self.within == *length {
                self.part += 1;
                self.within = 0;
            }
        }
    }

    /// The digest, where there is one, and the map of a sparse file.
    pub(super) fn finish(self) -> (Option<[u8; 32]>, Vec<(u64, u64)>) {
        let sparse = self.map.is_some();
        let map = self.map.unwrap_or_default();
        let digest = self.hasher.map(|mut hasher| {
            if sparse {
                zeros(&mut hasher, self.size.saturating_sub(self.at));
            }
            hasher.finish()
        });
        (digest, map)
    }
}

/// The bytes that the map of a sparse file of `size` bytes has stored; nothing where it
/// contradicts itself: its parts overlap, or lie beyond the end.
pub(super) fn stored(map: &[(u64, u64)], size: u64) -> Option<u64> {
    let rising = map.windows(2).all(|pair| {
        let end = pair[0].0.checked_add(pair[0].1);
        end.is_some_and(|end| end <= pair[1].0)
    });
    let ends = map
        .last()
        .is_none_or(|(offset, length)| offset.checked_add(*length).is_some_and(|end| end <= size));
    let mut lengths = map.iter().map(|(_, length)| *length);
    let sum = lengths.try_fold(0u64, u64::checked_add)?;
    (rising && ends).then_some(sum)
}

fn zeros(hasher: &mut Sha256, mut count: u64) {
    const ZEROS: [u8; 8192] = [0; 8192];
    while count > 0 {
        let now = count.min(ZEROS.len() as u64);
        hasher.update(&ZEROS[..now as usize]);
        count -= now;
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn holes_are_zeros() {
        let mut budget = 1000;
        let map = vec![(2, 3), (8, 0), (10, 2)];
        let mut content = Content::sparse(map, 15, &mut budget);
        content.update(b"ab");
        content.update(b"cde");
        let expected = sha2::Sha256::digest(b"\0\0abc\0\0\0\0\0de\0\0\0");
        assert_eq!(content.finish().0, Some(expected.into()));
        assert_eq!(budget, 990);
    }

    #[test]
    fn a_file_that_is_one_hole_and_one_too_large() {
        let mut budget = 10;
        let content = Content::sparse(vec![(7, 0)], 7, &mut budget);
        let expected: [u8; 32] = sha2::Sha256::digest([0; 7]).into();
        assert_eq!(content.finish().0, Some(expected));
        assert_eq!(Content::sparse(vec![], 11, &mut budget).finish().0, None);
        let twice = vec![(0, 5), (3, 5)];
        assert_eq!(Content::sparse(twice, 12, &mut budget).finish().0, None);
    }
}
