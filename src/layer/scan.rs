//! Reading a layer once from its start to its end: hashed twice, unpacked, listed.

use std::sync::Arc;

use crate::model::{Algorithm, Descriptor, Digest, Hasher, limits, text};

use super::checkpoint::{Checkpoints, SPAN};
use super::decode::{Decoder, Problem};
use super::index::{Ending, IndexBuilder, LayerIndex, Packing};
use super::sha256::StreamHasher;
use super::tar::TarReader;

/// How much a layer may unpack to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// As much as a layer of its size can be expected to.
    Usual,
    /// As much as is read at all: the user said so.
    Everything,
}

impl Allowance {
    /// In bytes, for a layer of `packed` bytes.
    pub fn bytes(self, packed: u64) -> u64 {
        match self {
            Self::Everything => limits::UNPACKED_BYTES,
            Self::Usual => packed
                .saturating_mul(limits::UNPACKED_RATIO)
                .clamp(limits::UNPACKED_FREE_BYTES, limits::UNPACKED_BYTES),
        }
    }
}

/// Reads one layer. What the place sends is fed to it, piece by piece.
pub struct Scanner {
    digest: Digest,
    size: u64,
    allowance: u64,
    packed: u64,
    hasher: Hasher,
    decoder: Option<Decoder>,
    packing: Packing,
    unpacking: Unpacking,
    /// Why the compressed bytes could not be unpacked any further.
    broken: Option<Problem>,
}

/// What happens to the unpacked bytes.
struct Unpacking {
    hasher: StreamHasher,
    bytes: u64,
    allowance: u64,
    tar: Option<TarReader>,
    builder: IndexBuilder,
    /// Why the tar stream could not be read any further.
    broken: Option<String>,
}

impl Unpacking {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.allowance {
            return Err(Problem::TooMuch(format!(
                "unpacked it has more than {}, which is more than a layer of its size should",
                text::size(self.allowance)
            )));
        }
        let Some(tar) = &mut self.tar else {
            self.hasher.update(bytes);
            return Ok(());
        };
        let builder = &mut self.builder;
        let read = tar.feed(bytes, &mut self.hasher, &mut |entry| builder.push(entry));
        if let Err(problem) = read {
            self.broken = Some(problem.to_string());
            self.tar = None;
        }
        if self.builder.bytes() > limits::LAYER_INDEX_BYTES {
            return Err(Problem::TooMuch(format!(
                "its list of files takes more than the {} that are kept",
                text::size(limits::LAYER_INDEX_BYTES as u64)
            )));
        }
        Ok(())
    }
}

impl Scanner {
    /// For the layer that `layer` points at. `algorithm` is that of its DiffID.
    pub fn new(layer: &Descriptor, algorithm: Algorithm, allowance: Allowance) -> Self {
        let allowance = allowance.bytes(layer.size);
        Self {
            digest: layer.digest.clone(),
            size: layer.size,
            allowance,
            packed: 0,
            hasher: Hasher::new(layer.digest.algorithm()),
            decoder: Some(Decoder::new(Some(SPAN))),
            packing: Packing::Plain,
            unpacking: Unpacking {
                hasher: StreamHasher::new(algorithm),
                bytes: 0,
                allowance,
                tar: Some(TarReader::new()),
                builder: IndexBuilder::default(),
                broken: None,
            },
            broken: None,
        }
    }

    /// Takes the next bytes. False where no more are of any use: the layer is larger than
    /// the manifest says, or unpacks to too much.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        self.packed += piece.len() as u64;
        if self.packed > self.size {
            return false;
        }
        self.hasher.update(piece);
        let Some(decoder) = &mut self.decoder else {
            // the digest is still wanted
            return true;
        };
        let unpacking = &mut self.unpacking;
        let fed = decoder.feed(piece, &mut |bytes| unpacking.take(bytes));
        if let Some(packing) = decoder.packing() {
            self.packing = packing;
        }
        match fed {
            Ok(()) => true,
            Err(problem) => {
                let too_much = matches!(problem, Problem::TooMuch(_));
                self.broken = Some(problem);
                self.decoder = None;
                !too_much
            }
        }
    }

    /// How many entries there are so far.
    pub fn entries(&self) -> usize {
        self.unpacking.builder.len()
    }

    /// What is known so far.
    pub fn so_far(&self) -> LayerIndex {
        LayerIndex {
            packing: self.packing,
            unpacked: self.unpacking.bytes,
            ..self.unpacking.builder.so_far()
        }
    }

    /// Says that no more bytes come, and judges what did.
    pub fn finish(mut self) -> LayerIndex {
        let too_much = matches!(self.broken, Some(Problem::TooMuch(_)));
        let mut checkpoints = Vec::new();
        let mut objection = None;
        if let Some(mut decoder) = self.decoder.take() {
            let unpacking = &mut self.unpacking;
            if let Err(problem) = decoder.finish(&mut |bytes| unpacking.take(bytes)) {
                self.broken = Some(problem);
            }
            if let Some(packing) = decoder.packing() {
                self.packing = packing;
            }
            checkpoints = decoder.take_checkpoints();
            objection = decoder.objection();
        }
        if let Some(tar) = &mut self.unpacking.tar {
            let builder = &mut self.unpacking.builder;
            if let Err(problem) = tar.finish(&mut |entry| builder.push(entry)) {
                self.unpacking.broken.get_or_insert(problem.to_string());
            }
            objection = tar.objection().or(objection);
        }
        let mut index = self.so_far();
        index.checkpoints = Arc::new(Checkpoints(checkpoints));
        index.objection = objection;
        let found = self.hasher.finish();
        if self.packed == self.size && found == self.digest {
            index.packed = self.packed;
        }
        index.ending = if too_much || self.packed > self.size {
            match self.broken {
                Some(problem) => Ending::TooMuch {
                    why: problem.to_string(),
                },
                None => Ending::Damaged {
                    why: format!(
                        "it has more than the {} bytes that the manifest says",
                        self.size
                    ),
                },
            }
        } else if self.packed < self.size {
            Ending::Damaged {
                why: format!(
                    "only {} of {} bytes came",
                    text::count(self.packed),
                    text::count(self.size)
                ),
            }
        } else if found != self.digest {
            Ending::WrongDigest { found }
        } else if let Some(problem) = self.broken {
            match problem {
                Problem::Packing(packing) => Ending::NotRead { packing },
                damaged => Ending::Damaged {
                    why: damaged.to_string(),
                },
            }
        } else if let Some(why) = self.unpacking.broken {
            index.diff_id = Some(self.unpacking.hasher.finish());
            Ending::Damaged { why }
        } else {
            index.diff_id = Some(self.unpacking.hasher.finish());
            Ending::Complete
        };
        index
    }

    /// The most bytes that it may unpack to.
    pub const fn allowance(&self) -> u64 {
        self.allowance
    }
}
