//! Limits how often each caller may ask: a bucket of tokens for each, which fills up again with
//! time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Buckets that are kept at most. Full ones hold no information and are removed first.
const BUCKETS_MAX: usize = 16_384;

/// Thousandths of a token, so that slow rates add up.
const TOKEN: i64 = 1_000;

/// Seconds of the rate that a bucket holds: that many requests may come at once after a pause.
const BURST_SECONDS: i64 = 2;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// In thousandths.
    tokens: i64,
    /// Epoch milliseconds.
    filled_at: i64,
}

/// The same rate, in requests per second, for each caller.
#[derive(Debug)]
pub(super) struct Rate<K> {
    per_second: i64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Rate<K> {
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second: i64::from(per_second.max(1)),
            buckets: Mutex::default(),
        }
    }

    /// Takes a token; false when there is none. `now` in milliseconds.
    pub fn take(&self, who: K, now: i64) -> bool {
        let full = self.per_second * BURST_SECONDS * TOKEN;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&who) {
            buckets.retain(|_, bucket| self.filled(*bucket, now).tokens < full);
            if buckets.len() >= BUCKETS_MAX {
                // All buckets are in use: every caller starts again with a full one.
                buckets.clear();
            }
        }
        let bucket = buckets.entry(who).or_insert(Bucket {
            tokens: full,
            filled_at: now,
        });
        *bucket = self.filled(*bucket, now);
        if bucket.tokens < TOKEN {
            return false;
        }
        bucket.tokens -= TOKEN;
        true
    }

    fn filled(&self, bucket: Bucket, now: i64) -> Bucket {
        let full = self.per_second * BURST_SECONDS * TOKEN;
        // A clock that was set back removes no tokens; a pause fills the bucket at most.
        let passed = (now - bucket.filled_at).clamp(0, BURST_SECONDS * 1_000);
        Bucket {
            tokens: (bucket.tokens + passed * self.per_second).min(full),
            filled_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rate: &Rate<u32>, who: u32, now: i64) -> usize {
        (0..1_000).take_while(|_| rate.take(who, now)).count()
    }

    #[test]
    fn a_bucket_empties_and_fills_up_again() {
        let rate = Rate::new(10);
        assert_eq!(taken(&rate, 1, 0), 20);
        assert_eq!(taken(&rate, 1, 0), 0);
        assert_eq!(taken(&rate, 2, 0), 20, "of each its own");
        assert_eq!(taken(&rate, 1, 100), 1);
        assert_eq!(taken(&rate, 1, 150), 0);
        assert_eq!(taken(&rate, 1, 200), 1, "halves add up");
        assert_eq!(taken(&rate, 1, 60_000), 20, "no more than it holds");
        assert_eq!(taken(&rate, 1, 0), 0, "a clock that was set back");
    }

    #[test]
    fn buckets_are_bounded() {
        let rate = Rate::new(1);
        for who in 0..50_000 {
            rate.take(who, 0);
        }
        let kept = rate.buckets.lock().expect("nobody panicked").len();
        assert!(kept <= BUCKETS_MAX, "{kept}");
    }
}
