//! Callers that wait for a function's result.
//!
//! Each caller uses a connection, and so does a function that reports its result. If callers used all connections, they
//! would wait for functions that cannot report.

use std::sync::Arc;

use model::ErrorObject;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::ApiError;

/// Why no further caller may wait. Source: `ThrottleReason` of botocore's model of Lambda.
const REASON: &str = "CallerRateLimitExceeded";

/// Limits how many callers wait.
#[derive(Debug, Clone)]
pub(crate) struct Callers {
    max: usize,
    places: Arc<Semaphore>,
}

/// A caller's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// The maximum number of callers already wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{max} callers wait for results, and the connections that are left are for functions to report them. Try again, \
     or invoke asynchronously."
)]
pub(crate) struct TooManyCallers {
    max: usize,
}

impl Callers {
    pub fn at_most(max: usize) -> Self {
        Self {
            max,
            places: Arc::new(Semaphore::new(max)),
        }
    }

    /// Takes a place before anything is started.
    pub fn enter(&self) -> Result<Place, TooManyCallers> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        match permit {
            Ok(permit) => Ok(Place { _permit: permit }),
            Err(_) => Err(TooManyCallers { max: self.max }),
        }
    }
}

impl From<TooManyCallers> for ApiError {
    fn from(error: TooManyCallers) -> Self {
        Self::throttled(REASON, error.to_string())
    }
}

impl From<TooManyCallers> for ErrorObject {
    fn from(error: TooManyCallers) -> Self {
        Self::new("TooManyRequestsException", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_refused_until_another_goes() {
        let callers = Callers::at_most(1);
        let first = callers.enter().expect("there is a place");
        let refused = callers.enter().expect_err("there is none");
        let error = ApiError::from(refused);
        assert_eq!(error.status(), 429);
        assert!(error.is_retried_later());
        drop(first);
        callers.enter().expect("there is a place again");
    }
}
