//! What a passphrase costs to try: Argon2id (RFC 9106) within fixed bounds.

use super::VaultError;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::time::{Duration, Instant};
use zeroize::{Zeroize as _, Zeroizing};

/// Least memory a stored slot may ask for, in KiB.
const MIN_MEMORY: u32 = 8 * 1024;
/// Memory a new passphrase slot gets at least, in KiB (RFC 9106's second recommended option).
const FLOOR_MEMORY: u32 = 64 * 1024;
/// Most memory a stored slot may ask for, in KiB: checked before a byte of it is allocated.
const MAX_MEMORY: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 4;
/// How long unlocking should take on the machine that made the slot.
const TARGET: Duration = Duration::from_millis(500);

/// The cost of one Argon2id derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Default for KdfCost {
    /// 64 MiB, 3 passes, 1 lane.
    fn default() -> Self {
        Self { memory_kib: FLOOR_MEMORY, passes: 3, lanes: 1 }
    }
}

impl KdfCost {
    /// A cost within the bounds: 8 MiB to 1 GiB of memory, 1 to 16 passes, 1 to 4 lanes. New passphrase slots of real
    /// vaults take [`KdfCost::default`] or [`KdfCost::calibrated`]; less is for machines that cannot afford it.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, VaultError> {
        let ok = (MIN_MEMORY..=MAX_MEMORY).contains(&memory_kib)
            && (1..=MAX_PASSES).contains(&passes)
            && (1..=MAX_LANES).contains(&lanes);
        if ok {
            Ok(Self { memory_kib, passes, lanes })
        } else {
            Err(VaultError::Cost {
                given: format!("{memory_kib} KiB, {passes} passes, {lanes} lanes"),
                bounds: "8 MiB to 1 GiB of memory, 1 to 16 passes and 1 to 4 lanes",
            })
        }
    }

    /// About half a second on this machine: memory grows first, from 64 MiB up to an eighth of the RAM or 1 GiB.
    /// Runs one derivation at the default cost to measure.
    pub fn calibrated() -> Result<Self, VaultError> {
        let floor = Self::default();
        let start = clock();
        floor.derive(b"calibration", &[0; 32])?;
        Ok(Self::scaled(start.elapsed(), physical_kib()))
    }

    /// The cost that takes [`TARGET`] where the default took `measured`, on a machine with `ram_kib`.
    fn scaled(measured: Duration, ram_kib: u64) -> Self {
        let floor = Self::default();
        let factor = TARGET.as_secs_f64() / measured.as_secs_f64().max(0.001);
        let wanted = (f64::from(FLOOR_MEMORY) * factor) as u64;
        let most = (ram_kib / 8).min(u64::from(MAX_MEMORY));
        let memory = u32::try_from(wanted.min(most)).unwrap_or(MAX_MEMORY).max(FLOOR_MEMORY);
        // Whole MiB, so that the number reads well where it is shown.
        Self { memory_kib: memory / 1024 * 1024, ..floor }
    }

    /// Memory in KiB.
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub fn lanes(self) -> u32 {
        self.lanes
    }

    /// Runs Argon2id; the memory is wiped afterwards.
    pub(super) fn derive(self, secret: &[u8], salt: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let failed = |why: String| VaultError::System { what: "memory for the key derivation", why };
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|e| failed(e.to_string()))?;
        let count = params.block_count();
        let mut blocks: Vec<Block> = Vec::new();
        blocks.try_reserve_exact(count).map_err(|e| failed(e.to_string()))?;
        blocks.resize(count, Block::new());
        let mut out = Zeroizing::new([0u8; 32]);
        let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            secret,
            salt,
            out.as_mut_slice(),
            &mut blocks,
        );
        blocks.iter_mut().for_each(|b| b.zeroize());
        done.map_err(|e| failed(e.to_string()))?;
        Ok(out)
    }
}

/// The one place of this room that looks at a clock: how fast is this machine?
#[allow(clippy::disallowed_methods, reason = "measures the machine, not the time of day")]
fn clock() -> Instant {
    Instant::now()
}

/// RAM in KiB from `/proc/meminfo` (proc(5)); where there is none, what allows the floor only.
fn physical_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    total.and_then(|v| v.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn argon2id_agrees_with_rfc_9106() {
        // RFC 9106, section 5.3, with its secret and associated data: straight to the crate that does the work.
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let hasher = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0u8; 32];
        hasher.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        let hex: String = tag.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    #[rstest]
    #[case(8 * 1024 - 1, 1, 1)]
    #[case(1024 * 1024 + 1, 1, 1)]
    #[case(u32::MAX, u32::MAX, u32::MAX)]
    #[case(64 * 1024, 0, 1)]
    #[case(64 * 1024, 17, 1)]
    #[case(64 * 1024, 3, 0)]
    #[case(64 * 1024, 3, 5)]
    fn costs_out_of_bounds_are_refused(#[case] m: u32, #[case] t: u32, #[case] p: u32) {
        assert!(matches!(KdfCost::new(m, t, p), Err(VaultError::Cost { .. })));
    }

    #[rstest]
    #[case::fast_machine_much_ram(125, 64 << 20, 256)]
    #[case::capped_by_ram(50, 2 << 20, 256)]
    #[case::capped_at_one_gib(5, 64 << 20, 1024)]
    #[case::slow_machine_keeps_the_floor(2_000, 64 << 20, 64)]
    #[case::unknown_ram_keeps_the_floor(50, 0, 64)]
    fn calibration_grows_memory_first(#[case] measured_ms: u64, #[case] ram_kib: u64, #[case] mib: u32) {
        let cost = KdfCost::scaled(Duration::from_millis(measured_ms), ram_kib);
        assert_eq!((cost.memory_kib(), cost.passes(), cost.lanes()), (mib * 1024, 3, 1));
    }

    #[test]
    fn the_derivation_depends_on_secret_salt_and_cost() {
        let small = KdfCost::new(8 * 1024, 1, 1).unwrap();
        let base = small.derive(b"a", &[0; 32]).unwrap();
        assert_eq!(*small.derive(b"a", &[0; 32]).unwrap(), *base);
        assert_ne!(*small.derive(b"b", &[0; 32]).unwrap(), *base);
        assert_ne!(*small.derive(b"a", &[1; 32]).unwrap(), *base);
        assert_ne!(*KdfCost::new(8 * 1024, 2, 1).unwrap().derive(b"a", &[0; 32]).unwrap(), *base);
    }
}
