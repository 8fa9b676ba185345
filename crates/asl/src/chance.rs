//! Repeatable random numbers: each draw of a state follows from a seed that is recorded with the state.

use std::cell::Cell;

/// A sequence of numbers determined by its seed (SplitMix64).
#[derive(Debug)]
pub struct Chance(Cell<u64>);

impl Chance {
    /// The sequence of a seed. A state may draw for several purposes: each has its own `purpose`.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(Cell::new(
            seed ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03),
        ))
    }

    /// The next 64 bits.
    pub fn bits(&self) -> u64 {
        let next = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(next);
        let mixed = (next ^ (next >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of at least 0 and less than 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
    pub fn fraction(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number of at least `low` and less than `high`, which is the larger of the two.
    pub fn between(&self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(i128::from(high) - i128::from(low)).unwrap_or(u64::MAX);
        let drawn = self.bits() % width.max(1);
        i64::try_from(i128::from(low) + i128::from(drawn)).unwrap_or(low)
    }

    /// A random UUID (version 4).
    pub fn uuid(&self) -> String {
        let bits = u128::from(self.bits()) << 64 | u128::from(self.bits());
        uuid::Builder::from_random_bytes(bits.to_be_bytes())
            .into_uuid()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_again_and_purposes_differ() {
        let drawn = |seed, purpose| {
            let chance = Chance::new(seed, purpose);
            (chance.uuid(), chance.between(-5, 5), chance.bits())
        };
        assert_eq!(drawn(7, 0), drawn(7, 0));
        assert_ne!(drawn(7, 0), drawn(7, 1));
        let chance = Chance::new(1, 0);
        for _ in 0..1_000 {
            let number = chance.between(-2, 3);
            assert!((-2..3).contains(&number), "{number}");
            assert!((0.0..1.0).contains(&chance.fraction()));
        }
        assert_eq!(chance.between(i64::MIN, i64::MIN + 1), i64::MIN);
    }
}
