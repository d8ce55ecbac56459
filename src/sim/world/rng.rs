//! A small seeded generator (SplitMix64), one stream per (owner, purpose), so that a change in one place of the world
//! does not reshuffle the others.

/// FNV-1a over bytes; mixes names into seeds and ids.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One stream of random numbers. Only additions and multiplications of floats are used, so every platform agrees.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of `purpose` belonging to `owner` (an account number, a client's index).
    pub(crate) fn stream(seed: u64, owner: u64, purpose: &str) -> Self {
        Self(mix(seed ^ mix(owner.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ mix(fnv(purpose.as_bytes()))))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `[0, n)`; 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A number in `[low, high]`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).unsigned_abs()) as i64
    }

    /// A float in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A float in `[low, high)`.
    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Roughly normal with mean 0 and deviation 1, within ±3.5 (sum of four uniforms).
    pub(crate) fn bell(&mut self) -> f64 {
        (self.unit() + self.unit() + self.unit() + self.unit() - 2.0) * 1.732
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of the items; nothing if there are none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// `n` characters of an alphabet.
    pub(crate) fn text(&mut self, alphabet: &str, n: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..n).filter_map(|_| self.pick(alphabet).map(|b| char::from(*b))).collect()
    }

    /// `n` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, n: usize) -> String {
        self.text("0123456789abcdef", n)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | ((b >> 48) & 0x3fff),
            b & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_by_its_three_parts() {
        let first = |seed, owner, purpose| Rng::stream(seed, owner, purpose).bits();
        assert_eq!(first(1, 2, "a"), first(1, 2, "a"));
        let all = [first(1, 2, "a"), first(2, 2, "a"), first(1, 3, "a"), first(1, 2, "b")];
        assert!(all.iter().enumerate().all(|(i, a)| all.iter().skip(i + 1).all(|b| a != b)));
    }

    #[test]
    fn numbers_stay_in_their_ranges_and_fill_them() {
        let mut rng = Rng::stream(1, 0, "test");
        let mut seen = [0u32; 5];
        let mut sum = 0.0;
        for _ in 0..2_000 {
            seen[(rng.between(-2, 2) + 2) as usize] += 1;
            sum += rng.bell();
            assert!((0.0..1.0).contains(&rng.unit()));
        }
        assert!(seen.iter().all(|n| (300..500).contains(n)), "{seen:?}");
        assert!((sum / 2_000.0).abs() < 0.08, "{sum}");
        assert_eq!(rng.below(0), 0);
        assert!(rng.pick::<u8>(&[]).is_none());
        assert_eq!((rng.hex(17).len(), rng.uuid().len()), (17, 36));
    }
}
