//! Time in tests: lengths of it, instants, and the clock that stands still.

use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::Timestamp;
use runtime::Clock;

/// This many days of 24 hours.
#[must_use]
pub const fn days(days: u64) -> Duration {
    hours(days * 24)
}

/// This many hours.
#[must_use]
pub const fn hours(hours: u64) -> Duration {
    minutes(hours * 60)
}

/// This many minutes.
#[must_use]
pub const fn minutes(minutes: u64) -> Duration {
    seconds(minutes * 60)
}

/// This many seconds.
#[must_use]
pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The clock below a test's wound clock: no time passes by itself, so that the same test has the same times in every
/// run, on every machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StandingClock(pub Timestamp);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The instant this many milliseconds after the start of 1970.
pub(crate) fn instant(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// The machine's current time, in whole seconds.
pub(crate) fn today() -> Timestamp {
    let second = jiff::Timestamp::now().as_second();
    Timestamp::from_millis(second * 1_000)
}

/// Parses an instant in the format of RFC 3339.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    match parsed {
        Ok(at) => Ok(Timestamp::from_millis(at.as_millisecond())),
        Err(error) => Err(format!(
            "`{text}` is not an instant ({error}); write it as `2027-01-31T08:00:00Z`"
        )),
    }
}

/// A duration as text for people: `3d`, `1h 30m`, `250ms`.
pub(crate) fn shown(length: Duration) -> String {
    let millis = length.as_millis();
    let parts = [
        (millis / 86_400_000, "d"),
        (millis / 3_600_000 % 24, "h"),
        (millis / 60_000 % 60, "m"),
        (millis / 1_000 % 60, "s"),
        (millis % 1_000, "ms"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if parts.is_empty() {
        return "0s".to_owned();
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_shown_by_what_they_have() {
        assert_eq!(shown(Duration::ZERO), "0s");
        assert_eq!(shown(days(3) + minutes(90)), "3d 1h 30m");
        assert_eq!(shown(Duration::from_millis(1_250)), "1s 250ms");
    }

    #[test]
    fn what_is_no_instant_is_refused_in_words() {
        assert!(parse("2027-01-31T08:00:00Z").is_ok());
        let said = parse("soon").expect_err("it is none");
        assert!(said.contains("`soon` is not an instant"), "{said}");
    }
}
