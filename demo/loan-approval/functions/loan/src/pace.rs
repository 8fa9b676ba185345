//! Simulated work: the demo's functions have nothing to do, and take the seconds that real ones would.

use std::time::Duration;

/// Slowest pace; a higher factor is a mistake, and would exceed every timeout of the demo.
const FACTOR_MAX: f64 = 100.0;

/// How fast simulated work goes: a factor on its seconds, from the variable `DEMO_PACE`. 1 is the demo's own pace, 0
/// takes no time at all, for tests and benchmarks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace(f64);

/// `DEMO_PACE` is invalid.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error(
    "DEMO_PACE is {value:?}; use a number from 0 (no simulated work) to 100, where 1 is the demo's own pace"
)]
pub struct ReadPaceError {
    value: String,
}

impl Pace {
    /// Reads `DEMO_PACE`; 1 when it is not set.
    ///
    /// # Errors
    ///
    /// When it is not a number from 0 to 100.
    pub fn from_env() -> Result<Self, ReadPaceError> {
        match std::env::var("DEMO_PACE") {
            Ok(value) if !value.trim().is_empty() => Self::parse(&value),
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(Self(1.0)),
            Err(std::env::VarError::NotUnicode(value)) => Err(ReadPaceError {
                value: value.to_string_lossy().into_owned(),
            }),
        }
    }

    /// Reads a pace.
    ///
    /// # Errors
    ///
    /// When the text is not a number from 0 to 100.
    pub fn parse(text: &str) -> Result<Self, ReadPaceError> {
        match text.trim().parse::<f64>() {
            Ok(factor) if (0.0..=FACTOR_MAX).contains(&factor) => Ok(Self(factor)),
            Ok(_) | Err(_) => Err(ReadPaceError {
                value: text.to_owned(),
            }),
        }
    }

    /// The duration of work that takes this many seconds at pace 1.
    pub fn duration(self, seconds: u32) -> Duration {
        Duration::from_secs(u64::from(seconds)).mul_f64(self.0)
    }

    /// Simulates work of this many seconds at pace 1. Takes no time at all at pace 0, not even a turn of the scheduler.
    pub async fn work(self, seconds: u32) {
        let duration = self.duration(seconds);
        if !duration.is_zero() {
            tokio::time::sleep(duration).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factor_stretches_and_shrinks() {
        for (text, expected) in [
            ("1", 5000),
            ("0", 0),
            (" 0.5 ", 2500),
            ("2", 10_000),
            ("-0", 0),
        ] {
            assert_eq!(
                Pace::parse(text).unwrap().duration(5),
                Duration::from_millis(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["-1", "101", "NaN", "inf", "fast", ""] {
            assert!(Pace::parse(text).is_err(), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn work_takes_its_time_and_none_at_pace_zero() {
        let begin = tokio::time::Instant::now();
        Pace(0.0).work(5).await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        Pace(2.0).work(5).await;
        assert!(
            begin.elapsed() >= Duration::from_secs(10),
            "{:?}",
            begin.elapsed()
        );
    }
}
