//! Compression, with what zstd needs for it kept by each thread: making that anew costs more than a small record does.

use std::{cell::RefCell, io};
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::get_frame_content_size,
};

/// The quickest level. Of costs it makes less than the default one does, and nothing gains much on events, whose larger half
/// is random ids.
const LEVEL: i32 = 1;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses.
///
/// # Errors
/// If memory runs out.
pub fn pack(raw: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let mut compressor = kept.take().map_or_else(|| Compressor::new(LEVEL), Ok)?;
        let packed = compressor.compress(raw)?;
        // One that failed is not used again.
        *kept = Some(compressor);
        Ok(packed)
    })
}

/// Gives back what [`pack`] took, if it is at most `limit` bytes; no more memory than that is asked for.
///
/// # Errors
/// If the bytes are no whole frame, were altered or hold more.
pub fn unpack(packed: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let mut decompressor = kept.take().map_or_else(Decompressor::new, Ok)?;
        // A frame of ours says how much it holds; to ask for the limit each time costs more than to unpack a small one.
        let held = get_frame_content_size(packed).ok().flatten().and_then(|size| usize::try_from(size).ok());
        let raw = decompressor.decompress(packed, held.unwrap_or(limit).min(limit))?;
        *kept = Some(decompressor);
        Ok(raw)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_before_changes_nothing() {
        let raw = b"the same words and the same words".repeat(40);
        let packed = pack(&raw).unwrap();
        assert_eq!(packed, pack(&raw).unwrap());
        for cut in [0, 1, packed.len() / 2, packed.len() - 1] {
            assert!(unpack(&packed[..cut], raw.len()).is_err() || cut == 0, "cut at {cut}");
            assert_eq!(unpack(&packed, raw.len()).unwrap(), raw);
        }
        assert!(unpack(&packed, raw.len() - 1).is_err(), "more than the limit");
        assert_eq!(unpack(&packed, raw.len()).unwrap(), raw);
    }
}
