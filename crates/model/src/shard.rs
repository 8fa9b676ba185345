//! Shards: servers that share a database divide them among themselves.

use std::fmt;

use crate::{ExecutionId, RequestId};

/// One of the [`Shard::COUNT`] parts that all executions, and all accepted asynchronous invocations, fall into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(pub u8);

impl Shard {
    /// How many there are.
    pub const COUNT: usize = 256;

    /// The shard of an id, or of another named thing that servers divide among them. The last two digits of a UUID are
    /// drawn at random, so they are the shard: the maker of an id chooses its shard by them. Any other text is hashed
    /// (FNV-1a).
    pub fn of(id: &str) -> Self {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        if let [.., high, low] = id.as_bytes()
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            return Self(high << 4 | low);
        }
        let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        let [low, ..] = hash.to_le_bytes();
        Self(low)
    }
}

impl ExecutionId {
    /// The shard that the execution is in, from its start to its end.
    pub fn shard(&self) -> Shard {
        Shard::of(self.as_str())
    }
}

impl RequestId {
    /// The shard that an accepted asynchronous invocation with this id is in.
    pub fn shard(&self) -> Shard {
        Shard::of(self.as_str())
    }
}

/// A set of shards.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Shards([u64; Shard::COUNT / 64]);

impl Shards {
    /// None of them.
    pub const NONE: Self = Self([0; 4]);

    /// All of them: the only server of a store drives these.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// Whether the set has the shard.
    pub const fn contains(&self, shard: Shard) -> bool {
        let Shard(number) = shard;
        self.0[(number >> 6) as usize] & (1 << (number & 63)) != 0
    }

    /// Adds a shard.
    pub const fn insert(&mut self, shard: Shard) {
        let Shard(number) = shard;
        self.0[(number >> 6) as usize] |= 1 << (number & 63);
    }

    /// Takes a shard out.
    pub const fn remove(&mut self, shard: Shard) {
        let Shard(number) = shard;
        self.0[(number >> 6) as usize] &= !(1 << (number & 63));
    }

    /// How many there are in the set.
    pub fn len(&self) -> usize {
        let ones = self.0.iter().map(|word| word.count_ones() as usize);
        ones.sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether these are all.
    pub fn is_all(&self) -> bool {
        *self == Self::ALL
    }

    /// The shards of this set that the other does not have.
    #[must_use]
    pub fn without(&self, other: Self) -> Self {
        let mut left = *self;
        for (word, taken) in left.0.iter_mut().zip(other.0) {
            *word &= !taken;
        }
        left
    }

    /// The shards that both sets have.
    #[must_use]
    pub fn common(&self, other: Self) -> Self {
        let mut common = *self;
        for (word, kept) in common.0.iter_mut().zip(other.0) {
            *word &= kept;
        }
        common
    }

    /// The shards of the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = Shard> + use<> {
        let set = *self;
        (0..=u8::MAX)
            .map(Shard)
            .filter(move |shard| set.contains(*shard))
    }

    /// The shard at a place in the order of the set; `None` beyond the last.
    pub fn nth(&self, place: usize) -> Option<Shard> {
        self.iter().nth(place)
    }
}

impl FromIterator<Shard> for Shards {
    fn from_iter<I: IntoIterator<Item = Shard>>(shards: I) -> Self {
        let mut set = Self::NONE;
        for shard in shards {
            set.insert(shard);
        }
        set
    }
}

impl fmt::Debug for Shards {
    /// `{0, 7, 255}`, or `all`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("all");
        }
        f.debug_set()
            .entries(self.iter().map(|Shard(number)| number))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard_of(id: &str) -> Shard {
        ExecutionId::parse(id).expect("a valid id").shard()
    }

    #[test]
    fn the_last_digits_of_a_uuid_say_its_shard() {
        let id = "0192e4a0-7c1b-7d2e-8f3a-9b4c5d6e7fa9";
        assert_eq!(shard_of(id), Shard(0xa9));
        assert_eq!(shard_of("00"), Shard(0));
    }

    #[test]
    fn other_ids_are_hashed() {
        // FNV-1a of "a" is 0xe40c292c.
        assert_eq!(shard_of("a"), Shard(0x2c));
        assert_eq!(shard_of("LOAN-X"), shard_of("LOAN-X"));
        assert_ne!(shard_of("LOAN-X"), shard_of("LOAN-Y"));
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set = Shards::NONE;
        for number in [0, 63, 64, 255] {
            set.insert(Shard(number));
        }
        set.remove(Shard(63));
        let numbers: Vec<u8> = set.iter().map(|Shard(number)| number).collect();
        assert_eq!(numbers, [0, 64, 255]);
        assert_eq!(format!("{set:?}"), "{0, 64, 255}");
        assert_eq!((set.len(), set.nth(1)), (3, Some(Shard(64))));
        assert_eq!(Shards::ALL.without(set).len(), 253);
        assert_eq!(Shards::ALL.common(set), set);
        assert_eq!(Shards::ALL.iter().collect::<Shards>(), Shards::ALL);
    }
}
