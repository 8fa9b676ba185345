//! Randomness as an input: the caller draws two seeds, and one transition takes what it needs.

use model::{ExecutionId, RequestId, Timestamp};
use uuid::Builder;

/// Two streams of numbers that follow from two seeds. What everybody sees (ids) comes from one, what
/// must not be guessed (nonces) from the other, so that knowing an id gives no token away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chance {
    public: u64,
    secret: u64,
}

impl Chance {
    /// The streams of these seeds.
    pub const fn new(public: u64, secret: u64) -> Self {
        Self { public, secret }
    }

    /// An id for an invocation.
    pub fn request_id(&mut self) -> RequestId {
        let bytes = self.public_bytes();
        let uuid = Builder::from_random_bytes(bytes).into_uuid();
        RequestId::parse(&uuid.to_string()).expect("a UUID is a valid request id")
    }

    pub(crate) fn nonce(&mut self) -> u64 {
        split_mix(&mut self.secret)
    }

    /// An id for a new execution: it sorts by its start, which keeps one execution's rows together
    /// in a store and newly started ones near each other.
    pub fn execution_id(&mut self, now: Timestamp) -> ExecutionId {
        let random = self.public_bytes();
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let mut tail = [0; 10];
        tail.copy_from_slice(&random[..10]);
        let uuid = Builder::from_unix_timestamp_millis(millis, &tail).into_uuid();
        ExecutionId::parse(&uuid.to_string()).expect("a UUID is a valid execution id")
    }

    fn public_bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&split_mix(&mut self.public).to_be_bytes());
        bytes[8..].copy_from_slice(&split_mix(&mut self.public).to_be_bytes());
        bytes
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): every seed gives a full-period stream.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
