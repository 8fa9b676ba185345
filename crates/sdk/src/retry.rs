//! When a failed step is tried again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{FailureKind, StepError};

/// Decides whether and when a failed step is tried again.
///
/// A step without a strategy uses [`RetryStrategy::default`]. Delays are whole seconds, at least one.
///
/// ```
/// use std::time::Duration;
/// use lambdura::{Jitter, RetryStrategy};
///
/// let strategy = RetryStrategy::exponential()
///     .max_attempts(4)
///     .initial_delay(Duration::from_secs(2))
///     .jitter(Jitter::Half)
///     .retry_if(|error| error.error_type() != Some("CardRefused"));
/// ```
///
/// Other shapes: the same delay, delays that grow by a sum or by a factor up to a longest one, and a custom decision.
///
/// ```
/// use std::time::Duration;
/// use lambdura::{RetryDecision, RetryStrategy, StepError};
///
/// let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
/// let fixed = RetryStrategy::fixed(minute);
/// let linear = RetryStrategy::linear().increment(2 * second).max_delay(minute);
/// let tripled = RetryStrategy::exponential().backoff_rate(3.0).max_delay(minute);
/// let own = RetryStrategy::from_fn(|error: &StepError, attempt| match error.error_type() {
///     Some("Throttled") if attempt < 10 => RetryDecision::RetryAfter(Duration::from_secs(attempt.into())),
///     _ => RetryDecision::Fail,
/// });
/// ```
#[derive(Clone)]
pub struct RetryStrategy {
    schedule: Schedule,
    retry_if: Option<Arc<Predicate>>,
}

type Predicate = dyn Fn(&StepError) -> bool + Send + Sync;
type Decide = dyn Fn(&StepError, u32) -> RetryDecision + Send + Sync;

#[derive(Clone)]
enum Schedule {
    Backoff(Backoff),
    Custom(Arc<Decide>),
}

/// A retry strategy's decision about one failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Try again after the delay, rounded up to whole seconds.
    RetryAfter(Duration),
    /// Give up; the step fails.
    Fail,
}

/// How much randomness there is in a delay, so that many executions that failed together do not retry together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// The delay itself.
    None,
    /// Between zero and the delay.
    Full,
    /// Between half the delay and the delay.
    Half,
}

impl Default for RetryStrategy {
    /// Six attempts, from 5 seconds doubling to 60, with full jitter: the default of all official SDKs.
    fn default() -> Self {
        Self::exponential()
            .max_attempts(6)
            .initial_delay(Duration::from_secs(5))
            .max_delay(Duration::from_secs(60))
    }
}

impl RetryStrategy {
    /// No second attempt.
    #[must_use]
    pub fn none() -> Self {
        Self::exponential().max_attempts(1)
    }

    /// Growing delays: by default three attempts, from 5 seconds doubling to 300, with full jitter.
    #[must_use]
    pub fn exponential() -> Self {
        Self {
            schedule: Schedule::Backoff(Backoff::RETRY),
            retry_if: None,
        }
    }

    /// The same delay each time, without jitter; three attempts by default.
    #[must_use]
    pub fn fixed(delay: Duration) -> Self {
        Self::exponential()
            .initial_delay(delay)
            .max_delay(delay)
            .backoff_rate(1.0)
            .jitter(Jitter::None)
    }

    /// Delays that grow by the same amount each time: six attempts, from 1 second by 1 second to 300, with full jitter,
    /// by default. Source: official SDKs.
    #[must_use]
    pub fn linear() -> Self {
        Self::exponential()
            .max_attempts(6)
            .initial_delay(Duration::from_secs(1))
            .with(|backoff| backoff.growth = Growth::Increment(Duration::from_secs(1)))
    }

    /// Calls `decide` with the error and the number of the attempt that failed, from 1.
    #[must_use]
    pub fn from_fn(
        decide: impl Fn(&StepError, u32) -> RetryDecision + Send + Sync + 'static,
    ) -> Self {
        Self {
            schedule: Schedule::Custom(Arc::new(decide)),
            retry_if: None,
        }
    }

    /// How many attempts there are, the first included. Without effect on [`RetryStrategy::from_fn`].
    #[must_use]
    pub fn max_attempts(self, attempts: u32) -> Self {
        self.with(|backoff| backoff.max_attempts = attempts)
    }

    /// The delay after the first failure. Without effect on [`RetryStrategy::from_fn`].
    #[must_use]
    pub fn initial_delay(self, delay: Duration) -> Self {
        self.with(|backoff| backoff.initial_delay = delay)
    }

    /// The longest delay. Without effect on [`RetryStrategy::from_fn`].
    #[must_use]
    pub fn max_delay(self, delay: Duration) -> Self {
        self.with(|backoff| backoff.max_delay = delay)
    }

    /// The factor from each delay to the next. Without effect on [`RetryStrategy::from_fn`].
    #[must_use]
    pub fn backoff_rate(self, rate: f64) -> Self {
        self.with(|backoff| backoff.growth = Growth::Rate(rate))
    }

    /// The time added to each delay to give the next. Without effect on [`RetryStrategy::from_fn`].
    #[must_use]
    pub fn increment(self, increment: Duration) -> Self {
        self.with(|backoff| backoff.growth = Growth::Increment(increment))
    }

    /// How much randomness there is in a delay. Without effect on [`RetryStrategy::from_fn`].
    #[must_use]
    pub fn jitter(self, jitter: Jitter) -> Self {
        self.with(|backoff| backoff.jitter = jitter)
    }

    /// Gives up at once on errors for which `predicate` returns false.
    #[must_use]
    pub fn retry_if(
        mut self,
        predicate: impl Fn(&StepError) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.retry_if = Some(Arc::new(predicate));
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Backoff)) -> Self {
        if let Schedule::Backoff(backoff) = &mut self.schedule {
            change(backoff);
        }
        self
    }

    /// Whole seconds until the next attempt; `None` to give up.
    pub(crate) fn next_delay_seconds(&self, error: &StepError, attempt: u32) -> Option<i64> {
        // No retry: the next attempt would return the same type.
        if error.kind() == FailureKind::Serialization {
            return None;
        }
        if let Some(retry_if) = &self.retry_if
            && !retry_if(error)
        {
            return None;
        }
        match &self.schedule {
            Schedule::Backoff(backoff) => backoff.next_delay_seconds(attempt),
            Schedule::Custom(decide) => match decide(error, attempt) {
                RetryDecision::RetryAfter(delay) => Some(whole_seconds(delay)),
                RetryDecision::Fail => None,
            },
        }
    }
}

impl fmt::Debug for RetryStrategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schedule {
            Schedule::Backoff(backoff) => backoff.fmt(formatter),
            Schedule::Custom(_) => formatter.write_str("RetryStrategy::from_fn"),
        }
    }
}

/// How each delay follows from the previous one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Growth {
    /// Multiplied by this factor.
    Rate(f64),
    /// Increased by this time.
    Increment(Duration),
}

/// Growing delays.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    pub(crate) max_attempts: u32,
    pub(crate) initial_delay: Duration,
    pub(crate) max_delay: Duration,
    pub(crate) growth: Growth,
    pub(crate) jitter: Jitter,
}

impl Backoff {
    /// Defaults of a retry strategy. Source: official Python and JavaScript SDKs.
    const RETRY: Self = Self {
        max_attempts: 3,
        initial_delay: Duration::from_secs(5),
        max_delay: Duration::from_secs(300),
        growth: Growth::Rate(2.0),
        jitter: Jitter::Full,
    };

    /// Defaults of a wait strategy. Source: official Python, JavaScript and Go SDKs.
    pub(crate) const WAIT: Self = Self {
        max_attempts: 60,
        initial_delay: Duration::from_secs(5),
        max_delay: Duration::from_secs(300),
        growth: Growth::Rate(1.5),
        jitter: Jitter::Full,
    };

    /// Whole seconds after attempt number `attempt`; `None` when it was the last.
    pub(crate) fn next_delay_seconds(&self, attempt: u32) -> Option<i64> {
        if attempt >= self.max_attempts {
            return None;
        }
        let times = attempt.saturating_sub(1);
        let initial = self.initial_delay.as_secs_f64();
        let grown = match self.growth {
            Growth::Rate(rate) => initial * rate.powi(i32::try_from(times).unwrap_or(i32::MAX)),
            Growth::Increment(increment) => initial + increment.as_secs_f64() * f64::from(times),
        };
        let delay = grown.min(self.max_delay.as_secs_f64());
        let delay = match self.jitter {
            Jitter::None => delay,
            Jitter::Full => delay * fastrand::f64(),
            Jitter::Half => delay * (0.5 + fastrand::f64() / 2.0),
        };
        // NaN and negative rates end up as the shortest delay, absurdly large ones as the longest the service takes.
        Some(whole_seconds(
            Duration::try_from_secs_f64(delay).unwrap_or(Duration::ZERO),
        ))
    }
}

/// Rounds up to whole seconds.
pub(crate) fn ceil_seconds(duration: Duration) -> u64 {
    let partial = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(partial)
}

/// Rounds up to whole seconds, at least one, at most the 366 days that the service accepts.
pub(crate) fn whole_seconds(duration: Duration) -> i64 {
    const SECONDS_MAX: u64 = 31_622_400;
    let seconds = ceil_seconds(duration).clamp(1, SECONDS_MAX);
    i64::try_from(seconds).expect("366 days fit into an i64")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;

    fn error(error_type: &str) -> StepError {
        StepError::new(None, Failure::failed(error_type, "no"))
    }

    #[test]
    fn default_gives_up_after_six_attempts_and_stays_under_a_minute() {
        let strategy = RetryStrategy::default();
        let limits = [5, 10, 20, 40, 60];
        for (attempt, limit) in (1..).zip(limits) {
            for _ in 0..50 {
                let delay = strategy.next_delay_seconds(&error("E"), attempt).unwrap();
                assert!((1..=limit).contains(&delay), "attempt {attempt}: {delay}");
            }
        }
        assert_eq!(strategy.next_delay_seconds(&error("E"), 6), None);
    }

    #[test]
    fn delays_are_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1001)), 2);
        assert_eq!(whole_seconds(Duration::MAX), 31_622_400);
        let strategy = RetryStrategy::fixed(Duration::from_millis(2500));
        assert_eq!(strategy.next_delay_seconds(&error("E"), 2), Some(3));
    }

    #[test]
    fn linear_delays_grow_by_the_same_amount() {
        let strategy = RetryStrategy::linear()
            .increment(Duration::from_secs(3))
            .max_delay(Duration::from_secs(8))
            .jitter(Jitter::None);
        let delays = (1..=6).map(|attempt| strategy.next_delay_seconds(&error("E"), attempt));
        let expected = [Some(1), Some(4), Some(7), Some(8), Some(8), None];
        assert_eq!(delays.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn half_jitter_keeps_half_the_delay() {
        let strategy = RetryStrategy::exponential()
            .initial_delay(Duration::from_secs(100))
            .jitter(Jitter::Half);
        for _ in 0..50 {
            let delay = strategy.next_delay_seconds(&error("E"), 1).unwrap();
            assert!((50..=100).contains(&delay), "{delay}");
        }
    }

    #[test]
    fn predicate_ends_the_attempts() {
        let strategy =
            RetryStrategy::default().retry_if(|error| error.error_type() != Some("Final"));
        assert!(strategy.next_delay_seconds(&error("Other"), 1).is_some());
        assert_eq!(strategy.next_delay_seconds(&error("Final"), 1), None);
    }
}
