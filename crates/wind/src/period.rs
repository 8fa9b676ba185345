//! A length of time as people write it.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Longest one: executions end within a year, and a move beyond the calendar's end could not be undone.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// A length of time: `30d`, `1h 30m`, `90s`, `P3D`, or a number of seconds. A day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period(pub Duration);

impl Period {
    fn of(length: Duration) -> Result<Self, String> {
        if length > LONGEST {
            return Err("nothing here takes longer than 100 years".to_owned());
        }
        Ok(Self(length))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let named = |reason: String| {
            format!(
                "`{text}` is not a length of time ({reason}); write it as `30d`, `1h 30m` or `90s`"
            )
        };
        let span: Span = text
            .parse()
            .map_err(|error: jiff::Error| named(error.to_string()))?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
        let length = length.map_err(|_| named("months and years differ in length".to_owned()))?;
        let length = Duration::try_from(length)
            .map_err(|_| format!("`{text}` is less than nothing, and time does not go back"))?;
        Self::of(length)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a length of time is a text such as `30d`, or a number of seconds"
        )]
        enum Written {
            Seconds(f64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Self::parse(&text).map_err(D::Error::custom),
            Written::Seconds(seconds) => {
                let none =
                    || format!("{seconds} seconds are no length of time: it is a number from 0 on");
                let length = Duration::try_from_secs_f64(seconds).map_err(|_| none());
                length.and_then(Self::of).map_err(D::Error::custom)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Duration, String> {
        let period = serde_json::from_str::<Period>(json);
        period.map(|it| it.0).map_err(|error| error.to_string())
    }

    #[test]
    fn periods_are_read_as_people_write_them() {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        assert_eq!(read("\"30d\""), Ok(hours(720)));
        assert_eq!(read("\"1h 30m\""), Ok(Duration::from_secs(5_400)));
        assert_eq!(read("\"P1D\""), Ok(hours(24)));
        assert_eq!(read("\"2 weeks\""), Ok(hours(336)));
        assert_eq!(read("1.5"), Ok(Duration::from_millis(1_500)));
    }

    #[test]
    fn what_is_none_is_refused_in_words() {
        for (json, said) in [
            ("\"-3d\"", "less than nothing"),
            ("-1", "a number from 0 on"),
            ("\"1 year\"", "months and years differ in length"),
            ("\"soon\"", "write it as `30d`"),
            ("1e12", "100 years"),
            ("\"99999d\"", "100 years"),
            ("true", "a text such as `30d`"),
        ] {
            let error = read(json).expect_err(json);
            assert!(error.contains(said), "{json}: {error}");
        }
    }
}
