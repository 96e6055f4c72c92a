//! Memory that is given back, wiped. Secrets are kept in types that wipe themselves, but the
//! libraries that are given one make copies of their own: of a passphrase where a key is
//! opened with it, of a key's numbers where one is read. From the first key, passphrase
//! or question to a service on, whatever is given back is overwritten first, by whomever; a
//! program that only reads and copies pays nothing, with a login or without.

// An allocator cannot be written otherwise. What it hands out is the system's; only what is
// given back is touched, and within its length.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

static WIPING: AtomicBool = AtomicBool::new(false);

/// There is a secret, or will be one: what is given back is wiped from now on, until the
/// program ends.
pub fn from_now_on() {
    WIPING.store(true, Ordering::Relaxed);
}

/// The system's allocator, which wipes what is given back once somebody asked for it.
#[derive(Debug)]
pub struct Wiping;

fn is_on() -> bool {
    WIPING.load(Ordering::Relaxed)
}

/// Overwrites memory that nobody reads any more.
fn wipe(bytes: &mut [MaybeUninit<u8>]) {
    bytes.fill(MaybeUninit::new(0));
    // somebody may look at it for all that a compiler knows, so it cannot leave this out
    std::hint::black_box(bytes);
}

// SAFETY: everything that is handed out is the system's, for the layout that was asked for.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if is_on() {
            // SAFETY: it is so long, and the caller has no use for it any more.
            wipe(unsafe { std::slice::from_raw_parts_mut(pointer.cast(), layout.size()) });
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_on() {
            // SAFETY: as the caller promises.
            return unsafe { System.realloc(pointer, layout, size) };
        }
        // the system would leave behind what was there
        // SAFETY: the caller promises that the size, rounded up, is one that there can be; the
        // old and the new place are different ones, each as long as what is copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(pointer, new, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_wiped_and_none_beside_them() {
        for start in 0..16 {
            for length in 0..40 {
                let mut bytes = [MaybeUninit::new(0xAA_u8); 64];
                wipe(&mut bytes[start..start + length]);
                for (at, byte) in bytes.iter().enumerate() {
                    // SAFETY: all of them were written.
                    let byte = unsafe { byte.assume_init() };
                    let wiped = (start..start + length).contains(&at);
                    assert_eq!(byte == 0, wiped, "{start}, {length}: {at}");
                }
            }
        }
    }

    #[test]
    fn what_grows_and_shrinks_keeps_what_is_in_it() {
        from_now_on();
        let mut bytes: Vec<u8> = Vec::new();
        for at in 0..10_000_u32 {
            bytes.push(at as u8);
        }
        bytes.truncate(77);
        bytes.shrink_to_fit();
        assert!(bytes.iter().enumerate().all(|(at, byte)| at as u8 == *byte));
        assert_eq!(bytes.len(), 77);
    }
}
