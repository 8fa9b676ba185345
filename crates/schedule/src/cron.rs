//! AWS's cron expressions: six fields, and its own rules about days.
//!
//! Source: EventBridge user guide, "Cron expressions", read 2026-11-23.

use std::collections::BTreeSet;

use thiserror::Error;

/// The minutes that a cron expression means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// 0 to 59.
    pub minutes: BTreeSet<u16>,
    /// 0 to 23.
    pub hours: BTreeSet<u16>,
    /// The days in these months.
    pub days: CronDays,
    /// 1 to 12.
    pub months: BTreeSet<u16>,
    /// 1970 to 2199.
    pub years: BTreeSet<u16>,
}

/// The days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CronDays {
    /// These days of the month, 1 to 31.
    OfMonth(BTreeSet<u16>),
    /// `L`: the last day of the month.
    Last,
    /// `15W`: the weekday nearest to that day, in the same month.
    NearestWeekday(u16),
    /// These days of the week: 1 is Sunday, 7 is Saturday.
    OfWeek(BTreeSet<u16>),
    /// `6L`: the last such day of the week in the month.
    LastOfWeek(u16),
    /// `3#2`: the second Tuesday of the month.
    NthOfWeek {
        /// 1 is Sunday, 7 is Saturday.
        day: u16,
        /// 1 to 5.
        nth: u16,
    },
}

/// An error in a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct CronError {
    /// The wrong part, as written.
    pub part: String,
    /// The problem.
    pub problem: String,
}

/// One of the six fields.
struct Field {
    name: &'static str,
    min: u16,
    max: u16,
    /// Words for the numbers from `min` on.
    words: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEK: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MINUTE: Field = Field::new("minutes", 0, 59, &[]);
const HOUR: Field = Field::new("hours", 0, 23, &[]);
const DAY_OF_MONTH: Field = Field::new("day of month", 1, 31, &[]);
const MONTH: Field = Field::new("month", 1, 12, &MONTHS);
const DAY_OF_WEEK: Field = Field::new("day of week", 1, 7, &WEEK);
const YEAR: Field = Field::new("year", 1970, 2199, &[]);

impl Cron {
    /// Reads the text between the parentheses of `cron(…)`.
    ///
    /// # Errors
    /// The problem, and the wrong part.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, of_month, month, of_week, year] = fields.as_slice() else {
            let count = fields.len();
            let problem = format!(
                "a cron expression has six fields, this one {count}: minutes, hours, day of month, \
                 month, day of week, year"
            );
            return Err(error(text, problem));
        };
        Ok(Self {
            minutes: MINUTE.numbers(minutes)?,
            hours: HOUR.numbers(hours)?,
            days: days(of_month, of_week)?,
            months: MONTH.numbers(month)?,
            years: YEAR.numbers(year)?,
        })
    }
}

fn days(of_month: &str, of_week: &str) -> Result<CronDays, CronError> {
    match (of_month, of_week) {
        ("?", "?") => Err(error(
            of_week,
            "day of month and day of week cannot both be `?`",
        )),
        (of_month, "?") => days_of_month(of_month),
        ("?", of_week) => days_of_week(of_week),
        (_, of_week) => Err(error(
            of_week,
            "day of month and day of week cannot both be given: one of them must be `?`",
        )),
    }
}

fn days_of_month(text: &str) -> Result<CronDays, CronError> {
    if text == "L" {
        return Ok(CronDays::Last);
    }
    match text.strip_suffix('W') {
        Some(day) => Ok(CronDays::NearestWeekday(DAY_OF_MONTH.number(day)?)),
        None => Ok(CronDays::OfMonth(DAY_OF_MONTH.numbers(text)?)),
    }
}

fn days_of_week(text: &str) -> Result<CronDays, CronError> {
    if text == "L" {
        return Ok(CronDays::OfWeek([7].into()));
    }
    if let Some(day) = text.strip_suffix('L') {
        return Ok(CronDays::LastOfWeek(DAY_OF_WEEK.number(day)?));
    }
    match text.split_once('#') {
        Some((day, nth)) => {
            let day = DAY_OF_WEEK.number(day)?;
            let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth));
            let nth = nth.ok_or_else(|| error(text, "after `#` stands a number from 1 to 5"))?;
            Ok(CronDays::NthOfWeek { day, nth })
        }
        None => Ok(CronDays::OfWeek(DAY_OF_WEEK.numbers(text)?)),
    }
}

impl Field {
    const fn new(name: &'static str, min: u16, max: u16, words: &'static [&'static str]) -> Self {
        Self {
            name,
            min,
            max,
            words,
        }
    }

    /// A list of numbers, ranges and steps.
    fn numbers(&self, text: &str) -> Result<BTreeSet<u16>, CronError> {
        let mut numbers = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => {
                    let step = step.parse().ok().filter(|step: &usize| *step > 0);
                    let wrong = || error(part, "after `/` stands a whole number above 0");
                    (range, Some(step.ok_or_else(wrong)?))
                }
                None => (part, None),
            };
            let (first, last) = match (range.split_once('-'), step) {
                _ if range == "*" => (self.min, self.max),
                (Some((first, last)), _) => (self.number(first)?, self.number(last)?),
                // From this number to the end: `0/15`.
                (None, Some(_)) => (self.number(range)?, self.max),
                (None, None) => (self.number(range)?, self.number(range)?),
            };
            let step = step.unwrap_or(1);
            if first <= last {
                numbers.extend((first..=last).step_by(step));
            } else if self.words.is_empty() {
                let problem = format!("a range of {} goes upwards", self.name);
                return Err(error(part, problem));
            } else {
                // Ranges may wrap around: `FRI-MON`.
                let around = (first..=self.max).chain(self.min..=last);
                numbers.extend(around.step_by(step));
            }
        }
        Ok(numbers)
    }

    fn number(&self, text: &str) -> Result<u16, CronError> {
        let mut words = self.words.iter();
        if let Some(word) = words.position(|word| word.eq_ignore_ascii_case(text)) {
            return Ok(self.min + u16::try_from(word).unwrap_or(0));
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let within = number.filter(|number| (self.min..=self.max).contains(number));
        within.ok_or_else(|| {
            let Self { name, min, max, .. } = self;
            let words = match self.words {
                [first, .., last] => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            error(text, format!("{name} must be from {min} to {max}{words}"))
        })
    }
}

fn error(part: &str, problem: impl Into<String>) -> CronError {
    CronError {
        part: part.to_owned(),
        problem: problem.into(),
    }
}
