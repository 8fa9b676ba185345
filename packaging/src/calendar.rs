//! Instants as packages write them.

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// An instant as RFC 3339 has it, in UTC.
pub fn rfc3339(epoch: u64) -> String {
    let (year, month, day) = date(epoch);
    let second = epoch % DAY;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The day of an instant, in the Gregorian calendar.
pub fn date(epoch: u64) -> (u16, u8, u8) {
    let mut days = epoch / DAY;
    let mut year = 1970;
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    loop {
        let of_year = if is_leap(year) { 366 } else { 365 };
        if days < of_year {
            break;
        }
        days -= of_year;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for of_month in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < of_month {
            break;
        }
        days -= of_month;
        month += 1;
    }
    let small = |number: u64| u8::try_from(number).expect("days and months are small");
    let year = u16::try_from(year).expect("this project has ended by then");
    (year, month, small(days + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(951_782_400), (2000, 2, 29));
        assert_eq!(date(1_795_950_000), (2026, 11, 29));
        assert_eq!(date(1_798_675_199), (2026, 12, 30));
    }

    #[test]
    fn instants_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
