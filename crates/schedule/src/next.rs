//! When a schedule is due next, and when it was due last.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use model::Timestamp;

use crate::{Cron, CronDays, ScheduleExpression};

/// The data that determines when a schedule is due.
#[derive(Debug, Clone, Copy)]
pub struct Timing<'a> {
    /// The expression.
    pub expression: &'a ScheduleExpression,
    /// An IANA name.
    pub time_zone: &'a str,
    /// No occurrences before.
    pub start_at: Option<jiff::Timestamp>,
    /// No occurrences after.
    pub end_at: Option<jiff::Timestamp>,
}

/// The first occurrence after an instant, if there is one.
pub fn next(schedule: &Timing<'_>, after: Timestamp) -> Option<Timestamp> {
    let millis = |instant: jiff::Timestamp| Timestamp::from_millis(instant.as_millisecond());
    let start = schedule.start_at.map(millis);
    // The start itself may be an occurrence.
    let before_start = start.map(|start| Timestamp::from_millis(start.as_millis() - 1));
    let after = before_start.map_or(after, |before| before.max(after));
    let next = match schedule.expression {
        ScheduleExpression::Rate(interval) => {
            // Counted from the epoch, not from the start of this server: `rate(1 day)` is due once a day, independent
            // of restarts.
            let interval = i64::try_from(interval.as_millis()).ok()?;
            let base = start.map_or(0, Timestamp::as_millis);
            let passed = (after.as_millis() - base).div_euclid(interval);
            Timestamp::from_millis(base + (passed + 1) * interval)
        }
        ScheduleExpression::At(at) => {
            let at = instant(*at, &time_zone(schedule)).map(millis)?;
            (at > after).then_some(at)?
        }
        ScheduleExpression::Cron(cron) => {
            millis(next_cron(cron, &time_zone(schedule), after.as_millis())?)
        }
    };
    let end = schedule.end_at.map(millis);
    end.is_none_or(|end| next <= end).then_some(next)
}

/// Greatest age of a missed occurrence that is made up for. EventBridge Scheduler retries for the same time
/// (`MaximumEventAgeInSeconds`, 24 hours unless the schedule says otherwise). The only occurrence of `at(…)` is made up
/// for at any age.
const MADE_UP_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Spans before now that are searched for the latest occurrence, so that a schedule of every minute is not counted
/// through a day.
const LOOKED_BACK: [Duration; 5] = [
    Duration::from_secs(60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(6 * 60 * 60),
    MADE_UP_FOR,
];

/// The latest occurrence from `first`, which is an occurrence itself, up to now; `None` if that is too long ago.
pub fn latest(schedule: &Timing<'_>, first: Timestamp, now: Timestamp) -> Option<Timestamp> {
    if matches!(schedule.expression, ScheduleExpression::At(_)) {
        return (first <= now).then_some(first);
    }
    let due_after = |after: Timestamp| next(schedule, after).filter(|at| *at <= now);
    let begins = |span: &Duration| {
        let from = now - *span;
        if first > from {
            (first <= now).then_some(first)
        } else {
            due_after(from)
        }
    };
    let mut found = LOOKED_BACK.iter().find_map(begins)?;
    while let Some(later) = due_after(found) {
        found = later;
    }
    Some(found)
}

/// The occurrence after `done_until`: the latest that came due meanwhile, or the next one.
pub fn goes_on_at(
    schedule: &Timing<'_>,
    done_until: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let first = next(schedule, done_until)?;
    latest(schedule, first, now).or_else(|| next(schedule, now.max(done_until)))
}

/// Whether a time zone exists.
pub fn has_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// An instant in the form for names: `20261125T080000Z`.
pub fn compact(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn time_zone(schedule: &Timing<'_>) -> TimeZone {
    // The caller rejects a schedule if the zone has no data.
    TimeZone::get(schedule.time_zone).unwrap_or(TimeZone::UTC)
}

/// The instant at which a wall clock shows this time: the first one if it is shown twice, `None` if the clock skips it.
fn instant(at: DateTime, zone: &TimeZone) -> Option<jiff::Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.compatible().ok()
        }
    }
}

fn next_cron(cron: &Cron, zone: &TimeZone, after_millis: i64) -> Option<jiff::Timestamp> {
    let after = jiff::Timestamp::from_millisecond(after_millis).ok()?;
    let from = zone.to_datetime(after).date();
    let years = cron
        .years
        .iter()
        .filter_map(|year| i16::try_from(*year).ok());
    for year in years.filter(|year| *year >= from.year()) {
        for month in cron.months.iter().filter_map(|it| i8::try_from(*it).ok()) {
            let Ok(first) = Date::new(year, month, 1) else {
                continue;
            };
            if first.last_of_month() < from {
                continue;
            }
            let days = days(&cron.days, first).into_iter();
            for day in days.filter(|day| *day >= from) {
                if let Some(found) = next_of_day(cron, zone, day, after) {
                    return Some(found);
                }
            }
        }
    }
    None
}

fn next_of_day(
    cron: &Cron,
    zone: &TimeZone,
    day: Date,
    after: jiff::Timestamp,
) -> Option<jiff::Timestamp> {
    let hours = cron.hours.iter().filter_map(|it| i8::try_from(*it).ok());
    let times = hours.flat_map(|hour| {
        let minutes = cron.minutes.iter().filter_map(|it| i8::try_from(*it).ok());
        minutes.filter_map(move |minute| Time::new(hour, minute, 0, 0).ok())
    });
    times
        .filter_map(|time| instant(day.to_datetime(time), zone))
        .find(|at| *at > after)
}

/// The selected days of a month, in order.
fn days(days: &CronDays, first: Date) -> Vec<Date> {
    let last = first.last_of_month();
    let all = || (1..=last.day()).filter_map(|day| first.with().day(day).build().ok());
    let number = |day: i8| u16::try_from(day).unwrap_or(0);
    let of_week = |day: &Date| number(day.weekday().to_sunday_one_offset());
    match days {
        CronDays::OfMonth(set) => all().filter(|it| set.contains(&number(it.day()))).collect(),
        CronDays::Last => vec![last],
        CronDays::NearestWeekday(day) => {
            let day = all().find(|it| number(it.day()) == *day);
            day.map(nearest_weekday).into_iter().collect()
        }
        CronDays::OfWeek(set) => all().filter(|it| set.contains(&of_week(it))).collect(),
        CronDays::LastOfWeek(day) => {
            let last = all().rfind(|it| of_week(it) == *day);
            last.into_iter().collect()
        }
        CronDays::NthOfWeek { day, nth } => {
            let nth = usize::from(*nth).saturating_sub(1);
            let nth = all().filter(|it| of_week(it) == *day).nth(nth);
            nth.into_iter().collect()
        }
    }
}

/// Saturday becomes Friday, Sunday becomes Monday, but the result is never in another month.
fn nearest_weekday(day: Date) -> Date {
    let last = day.last_of_month();
    let moved = match day.weekday() {
        jiff::civil::Weekday::Saturday if day.day() == 1 => 2,
        jiff::civil::Weekday::Saturday => -1,
        jiff::civil::Weekday::Sunday if day == last => -2,
        jiff::civil::Weekday::Sunday => 1,
        jiff::civil::Weekday::Monday
        | jiff::civil::Weekday::Tuesday
        | jiff::civil::Weekday::Wednesday
        | jiff::civil::Weekday::Thursday
        | jiff::civil::Weekday::Friday => 0,
    };
    day.checked_add(jiff::Span::new().days(moved))
        .unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn schedule<'a>(expression: &'a ScheduleExpression, time_zone: &'a str) -> Timing<'a> {
        Timing {
            expression,
            time_zone,
            start_at: None,
            end_at: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(at.as_millisecond())
    }

    fn shown(at: Option<Timestamp>) -> String {
        let at = at.map(|at| jiff::Timestamp::from_millisecond(at.as_millis()).unwrap());
        at.map_or_else(|| "never".to_owned(), |at| at.to_string())
    }

    /// The next occurrences of a cron expression.
    fn check(cron: &str, zone: &str, after: &str, expected: &[&str]) {
        let cron = ScheduleExpression::Cron(Cron::parse(cron).unwrap());
        let schedule = schedule(&cron, zone);
        let mut after = at(after);
        for expected in expected {
            let found = next(&schedule, after);
            assert_eq!(shown(found), *expected);
            after = found.unwrap_or(after);
        }
    }

    #[test]
    fn cron_expressions_are_due_when_aws_says() {
        let now = "2026-11-25T10:07:30Z";
        for (cron, first, second) in [
            (
                "0/15 * * * ? *",
                "2026-11-25T10:15:00Z",
                "2026-11-25T10:30:00Z",
            ),
            (
                "7 10 * * ? *",
                "2026-11-26T10:07:00Z",
                "2026-11-27T10:07:00Z",
            ),
            (
                "0 8 ? * MON-FRI *",
                "2026-11-26T08:00:00Z",
                "2026-11-27T08:00:00Z",
            ),
            (
                "0 8 1 * ? *",
                "2026-12-01T08:00:00Z",
                "2027-01-01T08:00:00Z",
            ),
            (
                "0 8 31 * ? *",
                "2026-12-31T08:00:00Z",
                "2027-01-31T08:00:00Z",
            ),
            (
                "0 8 L * ? *",
                "2026-11-30T08:00:00Z",
                "2026-12-31T08:00:00Z",
            ),
            (
                "0 8 29 2 ? *",
                "2028-02-29T08:00:00Z",
                "2032-02-29T08:00:00Z",
            ),
            // The first of August 2027 is a Sunday, the first of May a Saturday.
            (
                "0 8 1W 8 ? *",
                "2027-08-02T08:00:00Z",
                "2028-08-01T08:00:00Z",
            ),
            (
                "0 8 1W 5 ? *",
                "2027-05-03T08:00:00Z",
                "2028-05-01T08:00:00Z",
            ),
            // The last of January 2027 is a Sunday.
            (
                "0 8 31W 1 ? *",
                "2027-01-29T08:00:00Z",
                "2028-01-31T08:00:00Z",
            ),
            (
                "0 8 ? * 6L *",
                "2026-11-27T08:00:00Z",
                "2026-12-25T08:00:00Z",
            ),
            (
                "0 8 ? * TUE#2 *",
                "2026-12-08T08:00:00Z",
                "2027-01-12T08:00:00Z",
            ),
            (
                "0 8 ? * TUE#5 *",
                "2026-12-29T08:00:00Z",
                "2027-03-30T08:00:00Z",
            ),
            (
                "0 0 1 1 ? 2027-2028",
                "2027-01-01T00:00:00Z",
                "2028-01-01T00:00:00Z",
            ),
        ] {
            check(cron, "UTC", now, &[first, second]);
        }
        check("0 0 1 1 ? 2025", "UTC", now, &["never"]);
        check("0 8 30 2 ? *", "UTC", now, &["never"]);
    }

    #[test]
    fn clocks_are_put_forward_and_back() {
        // Vienna: forward at 2 o'clock on 28 March 2027, back at 3 o'clock on 31 October.
        let half = "30 2 * * ? *";
        let vienna = "Europe/Vienna";
        let days = ["2027-03-27T01:30:00Z", "2027-03-29T00:30:00Z"];
        check(half, vienna, "2027-03-27T00:00:00Z", &days);
        let once = ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"];
        check(half, vienna, "2027-10-30T12:00:00Z", &once);
    }

    #[test]
    fn rates_do_not_depend_on_when_the_server_starts() {
        let rate = ScheduleExpression::Rate(Duration::from_secs(300));
        let mut often = schedule(&rate, "UTC");
        let first = next(&often, at("2026-11-25T10:07:30Z"));
        assert_eq!(shown(first), "2026-11-25T10:10:00Z");
        assert_eq!(shown(next(&often, first.unwrap())), "2026-11-25T10:15:00Z");
        often.start_at = Some("2026-11-25T11:02:00Z".parse().unwrap());
        often.end_at = Some("2026-11-25T11:08:00Z".parse().unwrap());
        let first = next(&often, at("2026-11-25T10:07:30Z"));
        assert_eq!(shown(first), "2026-11-25T11:02:00Z");
        let second = next(&often, first.unwrap());
        assert_eq!(shown(second), "2026-11-25T11:07:00Z");
        assert_eq!(next(&often, second.unwrap()), None);
    }

    #[test]
    fn the_latest_is_found_within_a_day() {
        let check = |expression: &ScheduleExpression, first: &str, now: &str, expected: &str| {
            let schedule = schedule(expression, "UTC");
            let found = latest(&schedule, at(first), at(now));
            assert_eq!(shown(found), expected, "{expression:?} at {now}");
        };
        let rate = |seconds| ScheduleExpression::Rate(Duration::from_secs(seconds));
        let first = "2026-11-25T10:00:00Z";
        for (seconds, now, expected) in [
            (60, first, first),
            (60, "2026-11-25T10:00:59.999Z", first),
            (60, "2026-11-27T10:07:30Z", "2026-11-27T10:07:00Z"),
            (300, "2026-11-25T10:59:59Z", "2026-11-25T10:55:00Z"),
            (7_200, "2026-11-27T11:59:00Z", "2026-11-27T10:00:00Z"),
            (60, "2026-11-25T09:59:59.999Z", "never"),
        ] {
            check(&rate(seconds), first, now, expected);
        }
        let weekly = ScheduleExpression::Cron(Cron::parse("0 8 ? * MON *").unwrap());
        let monday = "2026-11-23T08:00:00Z";
        check(&weekly, monday, "2026-11-24T07:59:59Z", monday);
        check(&weekly, monday, "2026-11-24T08:00:01Z", "never");
        check(
            &weekly,
            monday,
            "2026-12-08T07:00:00Z",
            "2026-12-07T08:00:00Z",
        );
        let once = ScheduleExpression::At("2026-11-25T10:00:00".parse().unwrap());
        check(&once, first, "2030-01-01T00:00:00Z", first);
        check(&once, first, "2026-11-25T09:59:59Z", "never");
    }

    #[test]
    fn a_moment_comes_once() {
        let moment = "2027-01-01T00:00:00".parse().unwrap();
        let moment = ScheduleExpression::At(moment);
        let once = schedule(&moment, "America/New_York");
        let first = next(&once, at("2026-11-25T10:07:30Z"));
        assert_eq!(shown(first), "2027-01-01T05:00:00Z");
        assert_eq!(next(&once, first.unwrap()), None);
    }
}
