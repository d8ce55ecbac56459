//! Access events packed by column: one chunk is the events of one account and UTC day, of all regions.
//!
//! ```text
//! 0xEC | format u8 | raw length u32 | zstd frame of:
//! strings  count | length* | text                        every distinct text once
//! places   count | (account, region)*                    callers  count | (who, from where, with what)*
//! calls    count | (service, name, read-only, outcome)*  details  count | string*
//! rows     count | first time i64 | seconds since the row before* | place* caller* call* detail* | id[16]*
//! ```
//! Numbers are varints except where a width is given. The four index columns are as wide as their dictionary needs:
//! 0 bytes for one entry, then 1, 2 or 4. What belongs together in CloudTrail (a session has one agent and one key)
//! shares a dictionary, so a row costs its 16 random id bytes and little more.

mod decode;
mod encode;
mod row;

pub use encode::encode_events;
pub use row::{Call, Caller, EventChunk, EventRow};

/// First byte of a chunk.
const MAGIC: u8 = 0xEC;
/// The only format so far.
const FORMAT: u8 = 1;
/// Bytes before the zstd frame.
const PREFIX: usize = 6;
/// Largest unpacked chunk. A million events of one account and day stay below it.
const RAW_LIMIT: usize = 64 << 20;

/// Why a chunk cannot be packed or unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// More than 64 MiB of unpacked columns.
    #[error("the events of one chunk take more than 64 MiB: split them by account and day")]
    TooLarge,
    /// The compressor failed.
    #[error("events cannot be compressed: {0}; free memory and try again")]
    Compressor(String),
    /// Written by a later release.
    #[error("the event chunk has format {0}, newer than this program knows (1): use the release that wrote it")]
    NewerFormat(u8),
    /// Not a chunk, cut short, or inconsistent.
    #[error("the event chunk does not decode ({0}): sync that account and day again")]
    Malformed(&'static str),
}

/// Bytes per index of a dictionary with so many entries.
fn width(entries: usize) -> usize {
    match entries {
        0..=1 => 0,
        2..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

#[cfg(test)]
pub(crate) mod tests;
