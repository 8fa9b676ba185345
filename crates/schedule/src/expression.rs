//! Schedule expressions.

use std::time::Duration;

use thiserror::Error;

use crate::Cron;

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleExpression {
    /// `rate(…)`: repeatedly, after this interval.
    Rate(Duration),
    /// `cron(…)`
    Cron(Cron),
    /// `at(…)`: once, on the clock of the schedule's time zone.
    At(jiff::civil::DateTime),
}

/// An error in a schedule expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{part}`: {problem}; for example `rate(5 minutes)`, `at(2026-12-31T23:59:00)`, or `cron(0 8 ? * MON-FRI *)`: \
     minutes, hours, day of month, month, day of week, year"
)]
pub struct ExpressionError {
    /// The wrong part, as written.
    pub part: String,
    /// The problem.
    pub problem: String,
}

impl ScheduleExpression {
    /// Reads an expression as EventBridge Scheduler does.
    ///
    /// # Errors
    /// When the text is not an expression; names the wrong part.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let wrong = |part: &str, problem: &str| ExpressionError {
            part: part.to_owned(),
            problem: problem.to_owned(),
        };
        let inner = |name: &str| {
            let rest = text.trim().strip_prefix(name)?.strip_prefix('(')?;
            rest.strip_suffix(')')
        };
        if let Some(text) = inner("rate") {
            let rate = rate(text, false).map_err(|problem| wrong(text, problem))?;
            Ok(Self::Rate(rate))
        } else if let Some(text) = inner("cron") {
            let cron = Cron::parse(text).map_err(|error| wrong(&error.part, &error.problem))?;
            Ok(Self::Cron(cron))
        } else if let Some(text) = inner("at") {
            let problem = "`at(…)` holds a time such as 2026-12-31T23:59:00";
            let at = text.parse().map_err(|_| wrong(text, problem))?;
            Ok(Self::At(at))
        } else {
            let problem = "a schedule is `rate(…)`, `cron(…)` or `at(…)`";
            Err(wrong(text, problem))
        }
    }
}

/// `5 minutes`. If `number_matters`, only `1 minute` and `2 minutes` are valid; else both forms are valid for any
/// number.
///
/// # Errors
/// When the text is not a rate.
pub fn rate(text: &str, number_matters: bool) -> Result<Duration, &'static str> {
    let form = "a rate is a whole number above 0 and `minute(s)`, `hour(s)` or `day(s)`";
    let words: Vec<&str> = text.split_whitespace().collect();
    let [value, unit] = words.as_slice() else {
        return Err(form);
    };
    let value: u64 = value.parse().map_err(|_| form)?;
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    let seconds = match singular {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return Err(form),
    };
    // A century is more than any schedule needs, and far from overflow.
    if value == 0 || value > 100 * 366 * 24 * 60 {
        return Err(form);
    }
    if number_matters && (value == 1) != (singular == *unit) {
        return Err("1 has a unit without `s`, any other number one with it");
    }
    Ok(Duration::from_secs(value * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_and_what_is_wrong_is_named() {
        let rate = ScheduleExpression::parse("rate(2 hours)");
        let two_hours = Duration::from_secs(2 * 60 * 60);
        assert_eq!(rate, Ok(ScheduleExpression::Rate(two_hours)));
        assert!(ScheduleExpression::parse("cron(0 8 ? * MON-FRI *)").is_ok());
        assert!(ScheduleExpression::parse(" at(2027-01-01T00:00:00) ").is_ok());
        for (text, part) in [
            ("rate(0 minutes)", "0 minutes"),
            ("cron(61 8 ? * * *)", "61"),
            ("at(noon)", "noon"),
            ("every day", "every day"),
        ] {
            let error = ScheduleExpression::parse(text).expect_err("it is none");
            assert_eq!(error.part, part, "{error}");
        }
    }
}
