//! The service's time.
//!
//! A signature is good for a few minutes around its time. Where the machine's clock is further off every call is
//! refused, and the answer's `Date` says by how much.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::DATE;
use lambda_api::ErrorCode;

use crate::service::ServiceError;

/// A smaller difference is not why a signature was refused. Source: AWS SDK for Go 2; the service allows five minutes.
const SKEW_MIN: Duration = Duration::from_secs(4 * 60);

/// The machine's clock, corrected by the times in the service's answers.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    skew: Mutex<Skew>,
}

/// How far the machine's clock is off.
#[derive(Clone, Copy, Debug, Default)]
struct Skew {
    behind: Duration,
    ahead: Duration,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        self.correct_time(SystemTime::now())
    }

    /// Takes over the time of an answer, and returns whether it differs from this clock's.
    pub(crate) fn correct(&self, headers: &HeaderMap) -> bool {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
            return false;
        };
        self.correct_to(theirs, SystemTime::now())
    }

    fn correct_to(&self, theirs: SystemTime, machine: SystemTime) -> bool {
        let corrected = self.correct_time(machine);
        let off = match theirs.duration_since(corrected) {
            Ok(behind) => behind,
            Err(ahead) => ahead.duration(),
        };
        if off < SKEW_MIN {
            return false;
        }
        let skew = Skew {
            behind: theirs.duration_since(machine).unwrap_or_default(),
            ahead: machine.duration_since(theirs).unwrap_or_default(),
        };
        tracing::warn!(
            "the machine's clock is {} seconds {}: calls to the Lambda API are signed by the service's time",
            skew.behind.max(skew.ahead).as_secs(),
            if skew.ahead.is_zero() {
                "behind"
            } else {
                "ahead"
            },
        );
        *self.skew() = skew;
        true
    }

    fn correct_time(&self, machine: SystemTime) -> SystemTime {
        let Skew { behind, ahead } = *self.skew();
        let forward = machine.checked_add(behind).unwrap_or(machine);
        forward.checked_sub(ahead).unwrap_or(forward)
    }

    fn skew(&self) -> MutexGuard<'_, Skew> {
        self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request may have been refused because of its time.
/// Source: clock skew errors of the AWS SDKs, which answers of status 403 have; the first three in the list are about
/// nothing else.
pub(crate) fn may_be_the_reason(error: &ServiceError) -> bool {
    let ServiceError::Rejected { code, status, .. } = error else {
        return false;
    };
    *status == 403
        && match code {
            ErrorCode::InvalidSignature => true,
            ErrorCode::Unknown(name) => [
                "RequestTimeTooSkewed",
                "RequestExpired",
                "RequestInTheFuture",
                "SignatureDoesNotMatch",
                "AuthFailure",
            ]
            .contains(&name.as_str()),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_follows_the_service_in_both_directions_and_back() {
        let clock = Clock::default();
        let machine = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let hour = Duration::from_secs(3600);
        assert!(!clock.correct_to(machine + Duration::from_secs(200), machine));
        assert_eq!(clock.correct_time(machine), machine);
        assert!(clock.correct_to(machine + hour, machine));
        assert_eq!(clock.correct_time(machine), machine + hour);
        assert!(!clock.correct_to(machine + hour, machine), "already so");
        assert!(clock.correct_to(machine - hour, machine));
        assert_eq!(clock.correct_time(machine), machine - hour);
        // The machine's own clock has been set right since.
        assert!(clock.correct_to(machine, machine));
        assert_eq!(clock.correct_time(machine), machine);
    }

    #[test]
    fn answer_without_a_usable_date_corrects_nothing() {
        let clock = Clock::default();
        let mut headers = HeaderMap::new();
        assert!(!clock.correct(&headers));
        for date in [
            "yesterday",
            "Fri, 99 Foo 2026 10:00:00 GMT",
            "9999999999999",
        ] {
            headers.insert(DATE, date.parse().unwrap());
            assert!(!clock.correct(&headers), "{date}");
        }
    }
}
