//! Times of signatures: `20150830T123600Z`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// A time in signatures' form, in milliseconds since the epoch; `None` if the text has another form.
pub(super) fn parse(text: &str) -> Option<i64> {
    let well_formed = text.len() == 16
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !well_formed {
        return None;
    }
    let civil = DateTime::strptime(FORMAT, text).ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// The text of a time.
pub(super) fn text(millis: i64) -> String {
    let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.strftime(FORMAT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(parse("20150830T123600Z"), Some(1_440_938_160_000));
        assert_eq!(text(1_440_938_160_000), "20150830T123600Z");
        for wrong in [
            "",
            "20150830",
            "20150830T1236",
            "20151330T123600Z",
            "20150830 123600Z",
            "2015-08-30T12:36",
            "２0150830T12360Z",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
