//! A gzip writer that makes one block with codes of its own, however long: no other one does.

/// How far back every match of [`one_block`] looks, in bytes.
pub const DISTANCE: usize = 24_577 + 100;
/// Length of every match.
pub const MATCH: usize = 258;

struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    /// A number, its lowest bit first.
    fn number(&mut self, value: u64, bits: u32) {
        self.held |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A code, its highest bit first (RFC 1951, 3.1.1).
    fn code(&mut self, value: u64, bits: u32) {
        self.number(value.reverse_bits() >> (64 - bits), bits);
    }

    /// A literal below 254 has 8 bits; the other two, the end and the longest match have 9.
    fn symbol(&mut self, symbol: usize) {
        match symbol {
            0..=253 => self.code(symbol as u64, 8),
            254..=256 => self.code(508 + symbol as u64 - 254, 9),
            _ => self.code(511, 9),
        }
    }
}

/// `bytes` as a gzip member of one block with dynamic codes (RFC 1951, 3.2.7).
pub fn one_block(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits {
        bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255],
        held: 0,
        count: 0,
    };
    // the last block; 286 codes of literals and lengths, 30 of distances, 18 of code lengths
    for (value, width) in [(1, 1), (2, 2), (29, 5), (29, 5), (14, 4)] {
        bits.number(value, width);
    }
    // in the order of the format, those of the lengths 0, 8, 9 and 1 have two bits each
    for at in 0..18 {
        bits.number(if matches!(at, 3 | 4 | 6 | 17) { 2 } else { 0 }, 3);
    }
    let literals = (0..286).map(|symbol| match symbol {
        0..=253 => 8,
        254..=256 | 285 => 9,
        _ => 0,
    });
    let distances = (0..30).map(|symbol| u32::from(symbol == 29));
    for length in literals.chain(distances) {
        let code = [0, 1, 8, 9].iter().position(|one| *one == length);
        bits.code(code.unwrap() as u64, 2);
    }
    let mut at = 0;
    while at < bytes.len() {
        let next = at + MATCH;
        if at >= DISTANCE
            && next <= bytes.len()
            && bytes[at - DISTANCE..next - DISTANCE] == bytes[at..next]
        {
            bits.symbol(285);
            bits.code(0, 1);
            bits.number(100, 13);
            at = next;
        } else {
            bits.symbol(usize::from(bytes[at]));
            at += 1;
        }
    }
    bits.symbol(256);
    bits.number(0, 7);
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    bits.bytes.extend(sum.sum().to_le_bytes());
    bits.bytes.extend(sum.amount().to_le_bytes());
    bits.bytes
}
