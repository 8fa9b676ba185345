//! The meaning of cron expressions, and which ones are invalid.

use std::collections::BTreeSet;

use crate::{Cron, CronDays};

fn set(numbers: &[u16]) -> BTreeSet<u16> {
    numbers.iter().copied().collect()
}

#[test]
fn every_form_is_read() {
    let cron = Cron::parse("0/15 8-10,20 ? JAN,6-8 MON-FRI 2026/2").unwrap();
    assert_eq!(cron.minutes, set(&[0, 15, 30, 45]));
    assert_eq!(cron.hours, set(&[8, 9, 10, 20]));
    assert_eq!(cron.months, set(&[1, 6, 7, 8]));
    assert_eq!(cron.days, CronDays::OfWeek(set(&[2, 3, 4, 5, 6])));
    assert_eq!(cron.years.first(), Some(&2026));
    assert_eq!(cron.years.len(), 87);
    let days = |of_month: &str, of_week: &str| {
        Cron::parse(&format!("0 12 {of_month} * {of_week} *"))
            .unwrap()
            .days
    };
    assert_eq!(days("L", "?"), CronDays::Last);
    assert_eq!(days("3W", "?"), CronDays::NearestWeekday(3));
    assert_eq!(days("1-3", "?"), CronDays::OfMonth(set(&[1, 2, 3])));
    assert_eq!(days("?", "L"), CronDays::OfWeek(set(&[7])));
    assert_eq!(days("?", "6L"), CronDays::LastOfWeek(6));
    assert_eq!(days("?", "TUE#2"), CronDays::NthOfWeek { day: 3, nth: 2 });
    assert_eq!(days("?", "FRI-MON"), CronDays::OfWeek(set(&[1, 2, 6, 7])));
}

#[test]
fn what_aws_refuses_is_refused() {
    for (text, part) in [
        ("0 12 * * ?", "0 12 * * ?"),
        ("0 12 * * * *", "*"),
        ("0 12 ? * ? *", "?"),
        ("60 12 * * ? *", "60"),
        ("0 24 * * ? *", "24"),
        ("0 12 0 * ? *", "0"),
        ("0 12 32W * ? *", "32"),
        ("0 12 * 13 ? *", "13"),
        ("0 12 ? * 8 *", "8"),
        ("0 12 ? * MON#6 *", "MON#6"),
        ("0 12 * * ? 1969", "1969"),
        ("0/0 12 * * ? *", "0/0"),
        ("30-10 12 * * ? *", "30-10"),
        ("+5 12 * * ? *", "+5"),
        ("? 12 * * ? *", "?"),
        ("1,,2 12 * * ? *", ""),
    ] {
        assert_eq!(Cron::parse(text).unwrap_err().part, part, "{text}");
    }
}
