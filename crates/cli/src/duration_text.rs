//! Durations and instants as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A duration in milliseconds, with the precision that its size deserves: `12 ms`, `1.3 s`, `3 min 5 s`, `2 d 4 h`.
/// Rounded to the nearest; 60 seconds after rounding become a minute. The console says the same
/// (`console/src/time/format.ts`): one table tests both.
pub fn duration(milliseconds: i64) -> String {
    let ms = milliseconds.max(0);
    let (tenths, seconds) = (nearest(ms, 100), nearest(ms, SECOND_MS));
    let (minutes, hours) = (nearest(ms, MINUTE_MS), nearest(ms, HOUR_MS));
    if ms < SECOND_MS {
        format!("{ms} ms")
    } else if tenths < 600 {
        match tenths % 10 {
            0 => format!("{} s", tenths / 10),
            tenth => format!("{}.{tenth} s", tenths / 10),
        }
    } else if seconds < 60 * 60 {
        two(seconds / 60, "min", seconds % 60, "s")
    } else if minutes < 24 * 60 {
        two(minutes / 60, "h", minutes % 60, "min")
    } else {
        two(hours / 24, "d", hours % 24, "h")
    }
}

/// How many whole units `ms` comes closest to.
const fn nearest(ms: i64, unit: i64) -> i64 {
    ms.saturating_add(unit / 2) / unit
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        small => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

/// A configured duration, in seconds: `4 s`, `30 min`, `1 h 30 min`. Nothing is rounded.
pub fn setting(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
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

/// How long ago an instant was, in the largest unit that fits, rounded to the nearest.
pub fn ago(then_ms: i64, now_ms: i64) -> String {
    let ms = now_ms.saturating_sub(then_ms).max(0);
    let (seconds, minutes) = (nearest(ms, SECOND_MS), nearest(ms, MINUTE_MS));
    let hours = nearest(ms, HOUR_MS);
    if ms < SECOND_MS {
        "now".to_owned()
    } else if seconds < 60 {
        format!("{seconds} s ago")
    } else if minutes < 60 {
        format!("{minutes} min ago")
    } else if hours < 24 {
        format!("{hours} h ago")
    } else {
        format!("{} d ago", nearest(ms, 24 * HOUR_MS))
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

    /// The console's tests read the same table.
    #[test]
    fn durations_are_said_as_the_console_says_them() {
        let table = include_str!("../../../console/src/time/durations.json");
        let table: Vec<(i64, String)> = serde_json::from_str(table).expect("the table is JSON");
        for (milliseconds, text) in table {
            assert_eq!(duration(milliseconds), text, "{milliseconds} ms");
        }
        assert_eq!(duration(-5), "0 ms");
        assert_eq!(duration(i64::MAX), "106751991167 d 7 h");
    }

    #[test]
    fn settings_are_said_as_they_were_chosen() {
        let all: Vec<String> = [-1, 0, 4, 90, 1_800, 5_400, 100_000].map(setting).into();
        assert_eq!(
            all.join(" | "),
            "0 s | 0 s | 4 s | 1 min 30 s | 30 min | 1 h 30 min | 1 d 3 h 46 min 40 s"
        );
    }

    #[test]
    fn instants_out_of_range_are_shown_raw() {
        assert_eq!(date_time(i64::MAX), format!("{} ms", i64::MAX));
        assert_eq!(ago(1_000, 3_601_000), "1 h ago");
        assert_eq!(ago(2_000, 1_000), "now");
        assert_eq!(ago(0, 119_000), "2 min ago");
        assert_eq!(ago(0, 59_600), "1 min ago");
    }
}
