//! How the executions of a handler are run.

use std::time::Duration;

use super::error::HandlerProblem;

/// How the executions of a handler are run: what is `DurableConfig` in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerOptions {
    /// Longest time from an execution's start to its end, rounded up to whole seconds. A year unless it is set.
    pub execution_timeout: Duration,
    /// How long an execution that has ended is kept, in days. Fourteen unless it is set.
    pub retention_days: u32,
}

impl Default for HandlerOptions {
    /// Source: Lambda API reference, `DurableConfig`: the longest timeout, and the retention where none is given.
    fn default() -> Self {
        Self {
            execution_timeout: Duration::from_secs(31_622_400),
            retention_days: 14,
        }
    }
}

impl HandlerOptions {
    /// Executions are timed by the second, and none for less than was asked for.
    pub(super) fn execution_timeout_seconds(&self) -> u32 {
        let timeout = self.execution_timeout;
        let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }

    pub(super) fn check(&self) -> Result<(), HandlerProblem> {
        if self.execution_timeout.is_zero() {
            return Err(HandlerProblem::NoTimeout);
        }
        if self.retention_days == 0 {
            return Err(HandlerProblem::NoRetention);
        }
        Ok(())
    }

    /// Sets the longest time from an execution's start to its end, which is more than none.
    #[must_use]
    pub fn execution_timeout(self, execution_timeout: Duration) -> Self {
        Self {
            execution_timeout,
            ..self
        }
    }

    /// Sets how long an execution that has ended is kept, in days: one at the least.
    #[must_use]
    pub fn retention_days(self, retention_days: u32) -> Self {
        Self {
            retention_days,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_timeout_is_not_cut_to_less_than_was_asked_for() {
        let seconds = |milliseconds| {
            let timeout = Duration::from_millis(milliseconds);
            let options = HandlerOptions::default().execution_timeout(timeout);
            options.execution_timeout_seconds()
        };
        assert_eq!([1, 500, 1_000, 1_900].map(seconds), [1, 1, 1, 2]);
        assert_eq!(seconds(u64::MAX), u32::MAX);
    }
}
