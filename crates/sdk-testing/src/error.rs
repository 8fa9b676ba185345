//! Errors of a test, in sentences: `?` and `expect` print these as they are.

use std::fmt;

/// Why a test could not continue.
///
/// Its `Debug` is its `Display`, so that a failed test shows a text and not a structure.
#[derive(thiserror::Error)]
#[error("{0}")]
pub struct TestError(pub(crate) String);

impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TestError {
    pub(crate) fn of(attempted: &str, error: &dyn std::error::Error) -> Self {
        let mut text = format!("{attempted}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self(text)
    }
}

/// Why a result is not available.
///
/// Its `Debug` is its `Display`, so that a failed test shows a text and not a structure.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RunError(pub(crate) String);

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
