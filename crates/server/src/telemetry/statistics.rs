//! Statistics of invocations by function: totals since the server's start, and a bucket for each minute of
//! the last hour. Kept in memory: a restart resets them, and executions do not depend on them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::{FunctionName, Timestamp};

/// How many minutes are kept.
pub(crate) const MINUTES: usize = 60;

/// A bucket for each step of 25 %: some 60 of them reach from 1 ms to a quarter of an hour, with an
/// error below one step.
const BUCKETS: usize = 64;
const STEP: f64 = 1.25;

/// The result of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// The function answered.
    Well,
    /// The function failed, or could not be run.
    Wrong,
    /// There was no process for it.
    Throttled,
}

/// All functions.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    functions: Mutex<BTreeMap<FunctionName, FunctionStatistics>>,
}

/// One function.
#[derive(Debug, Clone, Default)]
pub(crate) struct FunctionStatistics {
    pub total: Tally,
    /// The last hour, oldest first; minutes without an invocation are left out.
    pub minutes: VecDeque<(i64, Tally)>,
}

/// Invocations and how long they took.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    pub invocations: u64,
    pub errors: u64,
    pub throttles: u64,
    pub duration: Duration,
    durations: [u32; BUCKETS],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            invocations: 0,
            errors: 0,
            throttles: 0,
            duration: Duration::ZERO,
            durations: [0; BUCKETS],
        }
    }
}

impl Tally {
    fn add(&mut self, went: Went, took: Duration) {
        match went {
            Went::Throttled => {
                self.throttles += 1;
                return;
            }
            Went::Wrong => self.errors += 1,
            Went::Well => {}
        }
        self.invocations += 1;
        self.duration += took;
        let bucket = &mut self.durations[bucket(took)];
        *bucket = bucket.saturating_add(1);
    }

    fn merge(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.errors += other.errors;
        self.throttles += other.throttles;
        self.duration += other.duration;
        for (mine, others) in self.durations.iter_mut().zip(other.durations) {
            *mine = mine.saturating_add(others);
        }
    }

    /// The time within which so many percent of the invocations ended, in milliseconds; `None`
    /// without any.
    pub fn quantile_ms(&self, percent: u64) -> Option<f64> {
        let total: u64 = self.durations.iter().map(|count| u64::from(*count)).sum();
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        let found = self.durations.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted && seen > 0
        });
        found.map(|bucket| (upper_ms(bucket) * 10.0).round() / 10.0)
    }
}

fn bucket(took: Duration) -> usize {
    let millis = took.as_secs_f64() * 1_000.0;
    if millis <= 1.0 {
        return 0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a logarithm above zero, and bounded"
    )]
    let bucket = millis.log(STEP).ceil() as usize;
    bucket.min(BUCKETS - 1)
}

fn upper_ms(bucket: usize) -> f64 {
    STEP.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

impl Statistics {
    /// Records an ended invocation.
    pub fn record(&self, function: &FunctionName, now: Timestamp, went: Went, took: Duration) {
        let minute = minute(now);
        let mut functions = self.functions();
        let function = functions.entry(function.clone()).or_default();
        function.total.add(went, took);
        match function.minutes.back_mut() {
            // If the clock was set back, the newest minute counts it.
            Some((newest, tally)) if *newest >= minute => tally.add(went, took),
            _ => {
                let mut tally = Tally::default();
                tally.add(went, took);
                function.minutes.push_back((minute, tally));
            }
        }
        while function.minutes.len() > MINUTES {
            function.minutes.pop_front();
        }
    }

    /// Everything, by function.
    pub fn all(&self) -> BTreeMap<FunctionName, FunctionStatistics> {
        self.functions().clone()
    }

    /// One function; empty when it was never invoked.
    pub fn of(&self, function: &FunctionName) -> FunctionStatistics {
        self.functions().get(function).cloned().unwrap_or_default()
    }

    fn functions(&self) -> std::sync::MutexGuard<'_, BTreeMap<FunctionName, FunctionStatistics>> {
        self.functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl FunctionStatistics {
    /// The last hour as of now: a tally for each minute, oldest first, and all of them together.
    pub fn last_hour(&self, now: Timestamp) -> (Vec<(i64, Tally)>, Tally) {
        let last = minute(now);
        let first = last - i64::try_from(MINUTES).unwrap_or(0) + 1;
        let known: BTreeMap<i64, &Tally> = self
            .minutes
            .iter()
            .map(|(minute, tally)| (*minute, tally))
            .collect();
        let mut all = Tally::default();
        let minutes = (first..=last).map(|minute| {
            let tally = known.get(&minute).map(|tally| (*tally).clone());
            let tally = tally.unwrap_or_default();
            all.merge(&tally);
            (minute * 60_000, tally)
        });
        (minutes.collect(), all)
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> FunctionName {
        FunctionName::parse("Loan").expect("a valid name")
    }

    #[test]
    fn quantiles_are_no_further_off_than_a_quarter() {
        let statistics = Statistics::default();
        for millis in 1..=100 {
            let took = Duration::from_millis(millis);
            statistics.record(&name(), Timestamp::from_millis(0), Went::Well, took);
        }
        let total = statistics.of(&name()).total;
        let p50 = total.quantile_ms(50).expect("there are some");
        let p95 = total.quantile_ms(95).expect("there are some");
        assert!((50.0..63.0).contains(&p50), "{p50}");
        assert!((95.0..120.0).contains(&p95), "{p95}");
        assert_eq!(Tally::default().quantile_ms(50), None);
    }

    #[test]
    fn an_hour_is_sixty_minutes_and_the_older_ones_go() {
        let statistics = Statistics::default();
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000 + 5);
        for minute in 0..100 {
            let went = if minute % 10 == 0 {
                Went::Wrong
            } else {
                Went::Well
            };
            statistics.record(&name(), at(minute), went, Duration::from_millis(3));
        }
        statistics.record(&name(), at(99), Went::Throttled, Duration::ZERO);
        let function = statistics.of(&name());
        assert_eq!(function.minutes.len(), MINUTES);
        assert_eq!(function.total.invocations, 100);
        let (minutes, hour) = function.last_hour(at(109));
        assert_eq!(minutes.len(), MINUTES);
        assert_eq!((hour.invocations, hour.errors, hour.throttles), (50, 5, 1));
        assert_eq!(minutes[0].0, 50 * 60_000);
    }
}
