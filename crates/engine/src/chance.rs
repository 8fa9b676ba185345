//! Randomness as an input: the caller draws two seeds, and one transition takes what it needs.

use model::{ExecutionId, RequestId, Shard, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Builder;

/// A stream of numbers that follows from two seeds. It cannot be turned round: a reader of some drawn numbers (request
/// ids are public, a callback id is given away) learns neither a seed nor the other numbers, above all no checkpoint
/// token and no other callback's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chance {
    seeds: [u64; 2],
    drawn: u64,
}

impl Chance {
    /// The stream of these seeds, of which at least one must be hard to guess.
    pub const fn new(first: u64, second: u64) -> Self {
        Self {
            seeds: [first, second],
            drawn: 0,
        }
    }

    /// An id for an invocation.
    pub fn request_id(&mut self) -> RequestId {
        request_id(self.draw())
    }

    pub(crate) fn nonce(&mut self) -> u64 {
        let bytes = self.draw();
        u64::from_be_bytes(bytes[..8].try_into().expect("eight bytes are eight bytes"))
    }

    /// An id for a new execution: it sorts by its start, which keeps one execution's rows together
    /// in a store and newly started ones near each other.
    pub fn execution_id(&mut self, now: Timestamp) -> ExecutionId {
        let random = self.draw();
        execution_id(now, random)
    }

    /// As [`Chance::execution_id`], in this shard.
    pub fn execution_id_in(&mut self, now: Timestamp, shard: Shard) -> ExecutionId {
        let mut random = self.draw();
        random[9] = shard.0;
        execution_id(now, random)
    }

    /// As [`Chance::request_id`], in this shard.
    pub fn request_id_in(&mut self, shard: Shard) -> RequestId {
        let mut random = self.draw();
        random[15] = shard.0;
        request_id(random)
    }

    fn draw(&mut self) -> [u8; 16] {
        self.drawn += 1;
        let mut hash = Sha256::new();
        for number in [self.seeds[0], self.seeds[1], self.drawn] {
            hash.update(number.to_be_bytes());
        }
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes
    }
}

fn execution_id(now: Timestamp, random: [u8; 16]) -> ExecutionId {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    let mut tail = [0; 10];
    tail.copy_from_slice(&random[..10]);
    let uuid = Builder::from_unix_timestamp_millis(millis, &tail).into_uuid();
    ExecutionId::parse(&uuid.to_string()).expect("a UUID is a valid execution id")
}

fn request_id(random: [u8; 16]) -> RequestId {
    let uuid = Builder::from_random_bytes(random).into_uuid();
    RequestId::parse(&uuid.to_string()).expect("a UUID is a valid request id")
}
