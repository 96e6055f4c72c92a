//! Inflate that stops between blocks: what checkpoints within a gzip member need.
//!
//! zlib-rs, which the program unpacks with elsewhere too (by way of flate2), has this only
//! in its C interface (`libz-rs-sys`): `Z_TREES`, `data_type`, `inflatePrime` and
//! `inflateSetDictionary`. It is nine tenths as fast as zlib-ng (`docs/performance.md`), is
//! Rust throughout, and its crate is already in the program. The calls of that interface are
//! the only unsafe code here, and this file holds all of them: each hands over pointers made
//! of slices that are borrowed for the time of the call.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};

use libz_rs_sys::{
    Z_BLOCK, Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END, Z_TREES, inflate, inflateEnd,
    inflateInit2_, inflatePrime, inflateReset2, inflateSetDictionary, z_stream, zlibVersion,
};

/// Window bits of a gzip member with header and check sum.
const GZIP: c_int = 15 + 16;
/// Window bits of deflate blocks alone.
const RAW: c_int = -15;

/// An inflater of one member.
pub(super) struct Inflater {
    /// In a box: the interface keeps its address for as long as it lives.
    stream: Box<z_stream>,
}

/// Where a call comes back, besides where input or room are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Nowhere.
    Anything,
    /// Before a block.
    Block,
    /// Behind the header of the block that begins, which has codes: with one that is stored
    /// zlib-rs 0.6 loses its place.
    Header,
}

// SAFETY: the stream owns what it points at and nothing else knows of it.
unsafe impl Send for Inflater {}

/// What one call did.
#[derive(Debug)]
pub(super) struct Step {
    pub consumed: usize,
    pub produced: usize,
    /// How many bits of what was consumed are not used yet.
    pub unused: u8,
    pub stop: Stop,
}

/// Why a call came back.
#[derive(Debug)]
pub(super) enum Stop {
    /// It wants more input or more room.
    More,
    /// Before a block: between two, or before the first.
    Block,
    /// Behind the last block, before the end.
    Last,
    /// Behind the header of a block, before its content.
    Header,
    /// The member is over; with a header its check sum is right.
    End,
    /// These bytes are no deflate stream.
    Wrong(String),
}

/// The interpreter could not be set up: there is no memory.
#[derive(Debug, thiserror::Error)]
#[error("there is no memory for unpacking")]
pub(super) struct NoMemory;

impl Inflater {
    /// For the start of a gzip member.
    pub(super) fn gzip() -> Result<Self, NoMemory> {
        Self::new(GZIP)
    }

    /// For going on within a member: `window` is what came before, and the next `bits` bits,
    /// at most 7, are those of `value`.
    pub(super) fn raw(window: &[u8], bits: u8, value: u8) -> Result<Self, NoMemory> {
        let mut inflater = Self::new(RAW)?;
        let bits = bits.min(7);
        if bits > 0 {
            let value = c_int::from(value);
            // SAFETY: the stream was initialised by `new`.
            unsafe { inflatePrime(&mut *inflater.stream, c_int::from(bits), value) };
        }
        if !window.is_empty() {
            let length = u32::try_from(window.len()).unwrap_or(u32::MAX);
            // SAFETY: as above; the window is read during the call only.
            unsafe { inflateSetDictionary(&mut *inflater.stream, window.as_ptr(), length) };
        }
        Ok(inflater)
    }

    fn new(window_bits: c_int) -> Result<Self, NoMemory> {
        let mut stream = Box::new(z_stream::default());
        let size = size_of::<z_stream>() as c_int;
        // SAFETY: the stream is a valid one without allocator, for which the interface takes
        // its own; version and size are those of the interface itself.
        let code = unsafe { inflateInit2_(&mut *stream, window_bits, zlibVersion(), size) };
        if code == Z_OK {
            Ok(Self { stream })
        } else {
            Err(NoMemory)
        }
    }

    /// Begins with the next gzip member.
    pub(super) fn next_member(&mut self) {
        // SAFETY: the stream was initialised by `new`.
        unsafe { inflateReset2(&mut *self.stream, GZIP) };
    }

    /// Unpacks until there, or until `input` or `output` is used up.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8], until: Until) -> Step {
        let given = u32::try_from(input.len()).unwrap_or(u32::MAX);
        let room = u32::try_from(output.len()).unwrap_or(u32::MAX);
        let flush = match until {
            Until::Anything => Z_NO_FLUSH,
            Until::Block => Z_BLOCK,
            Until::Header => Z_TREES,
        };
        let stream = &mut *self.stream;
        stream.next_in = input.as_ptr();
        stream.avail_in = given;
        stream.next_out = output.as_mut_ptr();
        stream.avail_out = room;
        // SAFETY: the stream was initialised by `new`; both ranges are those of slices that
        // are borrowed until the call is over.
        let code = unsafe { inflate(stream, flush) };
        let step = |stop| Step {
            consumed: (given - stream.avail_in) as usize,
            produced: (room - stream.avail_out) as usize,
            unused: (stream.data_type & 63) as u8,
            stop,
        };
        match code {
            Z_STREAM_END => step(Stop::End),
            // a header of few bits may have been read before: then nothing seems to happen
            Z_OK | Z_BUF_ERROR => step(match stream.data_type {
                _ if until == Until::Anything => Stop::More,
                state if state & (128 | 64) == 128 => Stop::Block,
                state if state & 128 != 0 => Stop::Last,
                state if until == Until::Header && state & 256 != 0 => Stop::Header,
                _ => Stop::More,
            }),
            code => {
                let why = if stream.msg.is_null() {
                    format!("code {code}")
                } else {
                    // SAFETY: where there is a message it is a static text with a zero at its end.
                    unsafe { CStr::from_ptr(stream.msg) }
                        .to_string_lossy()
                        .into_owned()
                };
                step(Stop::Wrong(why))
            }
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised by `new`, and is ended once.
        unsafe { inflateEnd(&mut *self.stream) };
    }
}
