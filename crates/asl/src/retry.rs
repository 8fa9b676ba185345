//! Retriers and catchers.

use serde_json::Value;

use crate::chance::Chance;
use crate::error::StateError;
use crate::flow::{ASSIGN, Left, OUTPUT, ResultPath, assigned, leave_jsonata};
use crate::language::Language;
use crate::scope::Scope;
use crate::template::Template;

/// Errors that are retried, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// Error names.
    pub error_equals: Vec<String>,
    /// Seconds before the first retry.
    pub interval_seconds: u64,
    /// Retries, after the first attempt.
    pub max_attempts: u64,
    /// The factor of the interval after each retry; at least 1.
    pub backoff_rate: f64,
    /// Upper limit of a delay, in seconds.
    pub max_delay_seconds: Option<u64>,
    /// How the delay is randomized.
    pub jitter: Jitter,
}

/// How delays are randomized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    #[default]
    None,
    /// A random part of the delay, from zero to all of it.
    Full,
}

/// Longest delay in calculations, in seconds: the limit of a wait.
const DELAY_MAX: f64 = 31_622_400.0;

impl Retrier {
    /// Seconds before the next retry when `retried` were made, rounded up; `None` if none is left.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is at least 0 and at most a year"
    )]
    pub fn delay(&self, retried: u64, chance: &Chance) -> Option<u64> {
        if retried >= self.max_attempts {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "intervals are short")]
        let interval = self.interval_seconds as f64;
        let grown = interval * self.backoff_rate.powf(retried.min(10_000) as f64);
        #[expect(clippy::cast_precision_loss, reason = "a year at most")]
        let bounded = self
            .max_delay_seconds
            .map_or(grown, |max| grown.min(max as f64));
        let delay = bounded.min(DELAY_MAX);
        let spread = match self.jitter {
            Jitter::None => delay,
            Jitter::Full => delay * chance.fraction(),
        };
        Some(spread.ceil() as u64)
    }
}

/// Errors that lead to another state.
#[derive(Clone, Debug, PartialEq)]
pub struct Catcher {
    /// Error names.
    pub error_equals: Vec<String>,
    /// The next state.
    pub next: String,
    /// Where the error is stored, in JSONPath.
    pub result_path: ResultPath,
    /// The output, in JSONata.
    pub output: Option<Template>,
    /// Variables that are set.
    pub assign: Vec<(String, Template)>,
}

impl Catcher {
    /// The input of the next state, evaluated in the scope of the state's input. For JSONata the scope includes
    /// `$states.errorOutput`. `index` is the catcher's index in its state.
    ///
    /// # Errors
    ///
    /// The errors of the expressions.
    pub fn leave(
        &self,
        index: usize,
        language: Language,
        scope: &Scope<'_>,
        error: &StateError,
    ) -> Result<Left, StateError> {
        let error: Value = error.output();
        let output_at = format!("Catch[{index}]/{OUTPUT}");
        let assign_at = format!("Catch[{index}]/{ASSIGN}");
        let assign = (self.assign.as_slice(), assign_at.as_str());
        match language {
            Language::Jsonata => {
                let output = self.output.as_ref().map(|it| (it, output_at.as_str()));
                leave_jsonata(output, assign, scope, &error)
            }
            Language::JsonPath => Ok(Left {
                assigned: assigned(assign, &scope.with_input(&error))?,
                output: self.result_path.apply(scope.input, error)?,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier() -> Retrier {
        Retrier {
            error_equals: Vec::new(),
            interval_seconds: 3,
            max_attempts: 4,
            backoff_rate: 2.0,
            max_delay_seconds: Some(15),
            jitter: Jitter::None,
        }
    }

    #[test]
    fn delays_grow_up_to_their_limit_and_end() {
        let chance = Chance::new(0, 0);
        let delays: Vec<_> = (0..6)
            .map(|retried| retrier().delay(retried, &chance))
            .collect();
        assert_eq!(delays, [Some(3), Some(6), Some(12), Some(15), None, None]);
        let endless = Retrier {
            max_attempts: 99_999_999,
            max_delay_seconds: None,
            ..retrier()
        };
        assert_eq!(endless.delay(99_999_998, &chance), Some(31_622_400));
    }

    #[test]
    fn full_jitter_is_between_nothing_and_all() {
        let retrier = Retrier {
            interval_seconds: 100,
            max_delay_seconds: None,
            jitter: Jitter::Full,
            ..retrier()
        };
        let chance = Chance::new(1, 0);
        let delays: Vec<_> = (0..200).filter_map(|_| retrier.delay(0, &chance)).collect();
        assert!(delays.iter().all(|delay| *delay <= 100));
        assert!(delays.iter().any(|delay| *delay < 30) && delays.iter().any(|delay| *delay > 70));
    }
}
