//! Mutants: one byte of what was signed changed anywhere. Each is refused, or proves exactly
//! what was proven before and falls into a class of such changes that has a name.

use std::collections::BTreeMap;

/// A change of one byte.
pub struct Mutant<'a> {
    /// What was changed: the content, or an annotation.
    pub place: &'a str,
    pub before: &'a [u8],
    pub after: &'a [u8],
    pub at: usize,
    /// Where in a JSON text the byte stands; empty where it is none.
    pub pointer: &'a str,
    pub part: Part,
}

/// What a byte of a JSON text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name of a member.
    Name,
    /// A text.
    Text,
    /// A number, `true`, `false` or `null`.
    Literal,
    /// What stands between.
    Structure,
    /// It is no JSON.
    Plain,
}

/// A kind of change that may be accepted, and why that is harmless.
pub type Class = (&'static str, fn(&Mutant<'_>) -> bool);

/// What came of all mutants of a format.
pub struct Tally {
    format: &'static str,
    classes: &'static [Class],
    pub refused: usize,
    pub accepted: BTreeMap<&'static str, usize>,
    unnamed: BTreeMap<String, usize>,
}

impl Tally {
    pub fn new(format: &'static str, classes: &'static [Class]) -> Self {
        Self {
            format,
            classes,
            refused: 0,
            accepted: BTreeMap::new(),
            unnamed: BTreeMap::new(),
        }
    }

    /// Changes each byte of `bytes` by each of `flips`; `accepts` says whether the mutant is
    /// accepted, and panics where it proves anything else.
    pub fn all(
        &mut self,
        place: &str,
        bytes: &[u8],
        flips: &[u8],
        step: usize,
        mut accepts: impl FnMut(&[u8], usize) -> bool,
    ) {
        let spots = spots(bytes);
        for at in (0..bytes.len()).step_by(step) {
            for flip in flips {
                let mut after = bytes.to_vec();
                after[at] ^= flip;
                if !accepts(&after, at) {
                    self.refused += 1;
                    continue;
                }
                let spot = spots.as_ref().map(|spots| &spots[at]);
                let (pointer, part) = match spot {
                    Some((pointer, part)) => (pointer.as_str(), *part),
                    None => ("", Part::Plain),
                };
                self.accepted(&Mutant {
                    place,
                    before: bytes,
                    after: &after,
                    at,
                    pointer,
                    part,
                });
            }
        }
    }

    fn accepted(&mut self, mutant: &Mutant<'_>) {
        let class = self.classes.iter().find(|(_, is)| is(mutant));
        match class {
            Some((name, _)) => *self.accepted.entry(name).or_default() += 1,
            None => {
                let from = mutant.at.saturating_sub(12);
                let to = (mutant.at + 12).min(mutant.after.len());
                let near = String::from_utf8_lossy(&mutant.after[from..to]).into_owned();
                let near = if mutant.part == Part::Plain {
                    near
                } else {
                    String::new()
                };
                let spot = format!(
                    "{} {} {:?} {near:?}",
                    mutant.place, mutant.pointer, mutant.part
                );
                *self.unnamed.entry(spot).or_default() += 1;
            }
        }
    }

    /// Every accepted mutant was of a class. Tells how many were of which, and gives how many
    /// mutants there were.
    pub fn end(self) -> usize {
        let format = self.format;
        assert!(self.unnamed.is_empty(), "{format}: {:#?}", self.unnamed);
        let accepted: usize = self.accepted.values().sum();
        println!("{format}: {} refused, {:?}", self.refused, self.accepted);
        self.refused + accepted
    }
}

/// Where each byte of a JSON text stands; nothing where it is none.
fn spots(bytes: &[u8]) -> Option<Vec<(String, Part)>> {
    serde_json::from_slice::<serde_json::Value>(bytes).ok()?;
    let structure = (String::new(), Part::Structure);
    let mut scan = Scan {
        bytes,
        at: 0,
        spots: vec![structure; bytes.len()],
    };
    scan.value("");
    Some(scan.spots)
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    spots: Vec<(String, Part)>,
}

impl Scan<'_> {
    fn mark(&mut self, from: usize, pointer: &str, part: Part) {
        for spot in &mut self.spots[from..self.at] {
            *spot = (pointer.to_owned(), part);
        }
    }

    fn space(&mut self, pointer: &str) {
        let from = self.at;
        while self
            .bytes
            .get(self.at)
            .is_some_and(|byte| b" \n\r\t,:".contains(byte))
        {
            self.at += 1;
        }
        self.mark(from, pointer, Part::Structure);
    }

    fn one(&mut self, pointer: &str) {
        self.at += 1;
        self.mark(self.at - 1, pointer, Part::Structure);
    }

    fn string(&mut self, pointer: &str, part: Part) -> String {
        self.one(pointer);
        let from = self.at;
        while self.bytes[self.at] != b'"' {
            self.at += if self.bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.mark(from, pointer, part);
        let text = String::from_utf8_lossy(&self.bytes[from..self.at]).into_owned();
        self.one(pointer);
        text
    }

    fn value(&mut self, pointer: &str) {
        self.space(pointer);
        match self.bytes[self.at] {
            b'{' => {
                self.one(pointer);
                self.space(pointer);
                while self.bytes[self.at] != b'}' {
                    let before = self.at;
                    let name = self.string(pointer, Part::Name);
                    let inner = format!("{pointer}/{name}");
                    self.mark(before + 1, &inner, Part::Name);
                    self.value(&inner);
                    self.space(pointer);
                }
                self.one(pointer);
            }
            b'[' => {
                self.one(pointer);
                self.space(pointer);
                let mut number = 0;
                while self.bytes[self.at] != b']' {
                    self.value(&format!("{pointer}/{number}"));
                    self.space(pointer);
                    number += 1;
                }
                self.one(pointer);
            }
            b'"' => {
                self.string(pointer, Part::Text);
            }
            _ => {
                let from = self.at;
                while self
                    .bytes
                    .get(self.at)
                    .is_some_and(|byte| !b" \n\r\t,:]}".contains(byte))
                {
                    self.at += 1;
                }
                self.mark(from, pointer, Part::Literal);
            }
        }
    }
}
