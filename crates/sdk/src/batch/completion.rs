//! When a map or parallel is complete.

use serde::{Deserialize, Serialize};

/// When a map or parallel is complete before every item has run to its end.
///
/// A complete batch returns at once; items still running are dropped where they are.
///
/// ```
/// use lambdura::CompletionConfig;
///
/// // The first failure ends it, or the first success; or all run to their end.
/// let strict = CompletionConfig::all_successful();
/// let fastest = CompletionConfig::first_successful();
/// let patient = CompletionConfig::all_completed();
/// // Two answers are enough, unless more than one bureau fails.
/// let quorum = CompletionConfig::default().min_successful(2).tolerated_failure_count(1);
/// // A tenth may fail.
/// let lenient = CompletionConfig::default().tolerated_failure_percentage(10.0);
/// # assert_eq!(strict, CompletionConfig::default());
/// # assert_ne!(fastest, patient);
/// # assert_ne!(quorum, lenient);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompletionConfig {
    min_successful: Option<usize>,
    tolerated_failure_count: Option<usize>,
    tolerated_failure_percentage: Option<f64>,
}

impl CompletionConfig {
    /// The first failure completes it; the default.
    #[must_use]
    pub fn all_successful() -> Self {
        Self::default()
    }

    /// Every item runs to its end, even if others fail.
    #[must_use]
    pub fn all_completed() -> Self {
        Self::default().tolerated_failure_percentage(100.0)
    }

    /// The first success completes it.
    #[must_use]
    pub fn first_successful() -> Self {
        Self::default().min_successful(1)
    }

    /// This many successes complete it. Failures are tolerated unless a tolerance is set as well.
    #[must_use]
    pub fn min_successful(mut self, count: usize) -> Self {
        self.min_successful = Some(count);
        self
    }

    /// More failures than this complete it.
    #[must_use]
    pub fn tolerated_failure_count(mut self, count: usize) -> Self {
        self.tolerated_failure_count = Some(count);
        self
    }

    /// More failures than this share of all items, 0 to 100, complete it.
    #[must_use]
    pub fn tolerated_failure_percentage(mut self, percentage: f64) -> Self {
        self.tolerated_failure_percentage = Some(percentage);
        self
    }

    /// Whether a batch of `total` items is complete, and why.
    pub(crate) fn decide(
        &self,
        total: usize,
        succeeded: usize,
        failed: usize,
    ) -> Option<CompletionReason> {
        if succeeded + failed == total {
            return Some(CompletionReason::AllCompleted);
        }
        if self.min_successful.is_some_and(|count| succeeded >= count) {
            return Some(CompletionReason::MinSuccessfulReached);
        }
        if self.is_failure_exceeded(total, failed) {
            return Some(CompletionReason::FailureToleranceExceeded);
        }
        None
    }

    fn is_failure_exceeded(&self, total: usize, failed: usize) -> bool {
        if *self == Self::default() {
            return failed > 0;
        }
        let over_count = self
            .tolerated_failure_count
            .is_some_and(|count| failed > count);
        let over_percentage = self
            .tolerated_failure_percentage
            .is_some_and(|percentage| failed as f64 * 100.0 / total as f64 > percentage);
        over_count || over_percentage
    }
}

/// Why a map or parallel was complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum CompletionReason {
    /// Every item ran to its end.
    AllCompleted,
    /// Enough items succeeded.
    MinSuccessfulReached,
    /// Too many items failed.
    FailureToleranceExceeded,
    /// [`Batch::complete_when`](crate::Batch::complete_when) said so, and called it a success.
    CustomCompletionSucceeded,
    /// [`Batch::complete_when`](crate::Batch::complete_when) said so, and called it a failure.
    CustomCompletionFailed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use CompletionReason::{AllCompleted, FailureToleranceExceeded, MinSuccessfulReached};

    #[test]
    fn decisions_follow_the_protocol_reference() {
        let cases = [
            // config, total, succeeded, failed, decision
            (CompletionConfig::all_successful(), 3, 1, 0, None),
            (
                CompletionConfig::all_successful(),
                3,
                1,
                1,
                Some(FailureToleranceExceeded),
            ),
            (
                CompletionConfig::all_successful(),
                3,
                2,
                1,
                Some(AllCompleted),
            ),
            (
                CompletionConfig::all_successful(),
                0,
                0,
                0,
                Some(AllCompleted),
            ),
            (CompletionConfig::all_completed(), 3, 0, 2, None),
            (
                CompletionConfig::all_completed(),
                3,
                0,
                3,
                Some(AllCompleted),
            ),
            (CompletionConfig::first_successful(), 3, 0, 2, None),
            (
                CompletionConfig::first_successful(),
                3,
                1,
                1,
                Some(MinSuccessfulReached),
            ),
            (
                CompletionConfig::first_successful(),
                1,
                1,
                0,
                Some(AllCompleted),
            ),
            (
                CompletionConfig::default().tolerated_failure_count(1),
                5,
                0,
                1,
                None,
            ),
            (
                CompletionConfig::default().tolerated_failure_count(1),
                5,
                0,
                2,
                Some(FailureToleranceExceeded),
            ),
            (
                CompletionConfig::default().tolerated_failure_percentage(40.0),
                5,
                0,
                2,
                None,
            ),
            (
                CompletionConfig::default().tolerated_failure_percentage(40.0),
                5,
                0,
                3,
                Some(FailureToleranceExceeded),
            ),
            (
                CompletionConfig::default().tolerated_failure_count(0),
                5,
                1,
                1,
                Some(FailureToleranceExceeded),
            ),
        ];
        for (config, total, succeeded, failed, decision) in cases {
            assert_eq!(
                config.decide(total, succeeded, failed),
                decision,
                "{config:?} {total} {succeeded} {failed}"
            );
        }
    }
}
