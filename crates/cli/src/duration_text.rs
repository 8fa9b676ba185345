//! Durations and instants as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A duration in milliseconds, with the precision that its size deserves: `12 ms`, `1.25 s`, `3 m 05 s`, `2 d 04 h`.
pub fn duration(milliseconds: i64) -> String {
    let ms = milliseconds.max(0);
    let (s, m, h) = (ms / 1000, ms / 60_000, ms / 3_600_000);
    match ms {
        0..1_000 => format!("{ms} ms"),
        // Rounded down like the larger units, so that what took less than a minute never shows as `60.0 s`.
        1_000..10_000 => format!("{s}.{:02} s", ms % 1000 / 10),
        10_000..60_000 => format!("{s}.{} s", ms % 1000 / 100),
        60_000..3_600_000 => format!("{m} m {:02} s", s % 60),
        3_600_000..86_400_000 => format!("{h} h {:02} m", m % 60),
        _ => format!("{} d {:02} h", h / 24, h % 24),
    }
}

/// A duration that somebody chose, in seconds: `4 s`, `30 m`, `1 h 30 m`. Nothing is rounded.
pub fn setting(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    match said.is_empty() {
        true => "0 s".to_owned(),
        false => said.join(" "),
    }
}

/// How long ago an instant was, in the largest unit that fits.
pub fn ago(then_ms: i64, now_ms: i64) -> String {
    let s = ((now_ms - then_ms) / 1000).max(0);
    match s {
        0 => "now".to_owned(),
        1..60 => format!("{s} s ago"),
        60..3_600 => format!("{} m ago", s / 60),
        3_600..86_400 => format!("{} h ago", s / 3_600),
        _ => format!("{} d ago", s / 86_400),
    }
}

/// Date and time in the local time zone, to the millisecond.
pub fn date_time(ms: i64) -> String {
    at(ms, "%Y-%m-%d %H:%M:%S%.3f")
}

/// Time of day in the local time zone, to the millisecond.
pub fn time_of_day(ms: i64) -> String {
    at(ms, "%H:%M:%S%.3f")
}

fn at(ms: i64, format: &str) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(timestamp) => timestamp
            .to_zoned(TimeZone::system())
            .strftime(format)
            .to_string(),
        Err(_) => format!("{ms} ms"),
    }
}

/// The present, in milliseconds since the epoch.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_fitting_units() {
        let all: Vec<String> = [
            -5,
            0,
            999,
            1_000,
            1_256,
            9_999,
            10_000,
            59_999,
            60_000,
            3_599_999,
            3_600_000,
            86_400_000,
            100_000_000,
        ]
        .into_iter()
        .map(duration)
        .collect();
        assert_eq!(
            all.join(" | "),
            "0 ms | 0 ms | 999 ms | 1.00 s | 1.25 s | 9.99 s | 10.0 s | 59.9 s | 1 m 00 s | 59 m 59 s | 1 h 00 m | 1 d 00 h | 1 d 03 h"
        );
    }

    #[test]
    fn settings_are_said_as_they_were_chosen() {
        let all: Vec<String> = [-1, 0, 4, 90, 1_800, 5_400, 100_000].map(setting).into();
        assert_eq!(
            all.join(" | "),
            "0 s | 0 s | 4 s | 1 m 30 s | 30 m | 1 h 30 m | 1 d 3 h 46 m 40 s"
        );
    }

    #[test]
    fn instants_out_of_range_are_shown_raw() {
        assert_eq!(date_time(i64::MAX), format!("{} ms", i64::MAX));
        assert_eq!(ago(1_000, 3_601_000), "1 h ago");
        assert_eq!(ago(2_000, 1_000), "now");
    }
}
