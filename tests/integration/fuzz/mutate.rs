//! Changed bytes, always the same ones for the same seed.

/// Makes changed inputs.
pub struct Mutations<'a> {
    state: u64,
    others: &'a [Vec<u8>],
}

/// Bytes that mean something in what is fuzzed.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b",",
    b"=",
    b"<",
    b">",
    b";",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"/",
    b"//",
    b"@",
    b"..",
    b"\0",
    b"\x1b[31m",
    "\u{202e}".as_bytes(),
    "ä".as_bytes(),
    b"null",
    b"99999999999999999999",
    b"https://user:word@other.example.com/",
    b"\n",
];

impl<'a> Mutations<'a> {
    /// Those of `seed`; parts of `others` are put in, too.
    pub const fn new(seed: u64, others: &'a [Vec<u8>]) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { state, others }
    }

    fn below(&mut self, most: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % most.max(1) as u64) as usize
    }

    /// `input` with one to four changes.
    pub fn of(&mut self, input: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(7) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 => bytes.truncate(at),
                2 => {
                    let end = (at + self.below(8)).min(bytes.len());
                    bytes.drain(at..end);
                }
                3 => {
                    let piece = PIECES[self.below(PIECES.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
                4 => {
                    // the same part over and over: depth and length
                    let end = (at + 1 + self.below(6)).min(bytes.len());
                    let part = bytes[at..end].repeat(1 + self.below(300));
                    bytes.splice(at..at, part);
                }
                5 => {
                    let other = &self.others[self.below(self.others.len())];
                    let from = self.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    let end = (at + piece.len()).min(bytes.len());
                    bytes.splice(at..end, piece.iter().copied());
                }
            }
        }
        bytes.truncate(64 << 10);
        bytes
    }
}
