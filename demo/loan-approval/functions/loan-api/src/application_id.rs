//! The id of an application: `LOAN-<unix seconds>-<4 of A-Z0-9>`.

use std::fmt;

use jiff::Timestamp;

const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Most digits of the seconds: enough for the next thirty thousand years.
const SECONDS_DIGITS_MAX: usize = 12;

/// A well-formed application id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApplicationId(String);

impl ApplicationId {
    /// Makes an id of an instant and a random number.
    pub fn new(now: Timestamp, random: u32) -> Self {
        let mut rest = random as usize;
        let suffix: String = (0..4)
            .map(|_| {
                let letter = ALPHABET[rest % ALPHABET.len()];
                rest /= ALPHABET.len();
                char::from(letter)
            })
            .collect();
        Self(format!("LOAN-{}-{suffix}", now.as_second()))
    }

    /// Reads an id; `None` if it is not well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let (seconds, suffix) = text.strip_prefix("LOAN-")?.split_once('-')?;
        let seconds_valid = (1..=SECONDS_DIGITS_MAX).contains(&seconds.len())
            && seconds.bytes().all(|byte| byte.is_ascii_digit());
        let suffix_valid = suffix.len() == 4 && suffix.bytes().all(|byte| ALPHABET.contains(&byte));
        (seconds_valid && suffix_valid).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApplicationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_drawn_id_is_well_formed(second in 0_i64..253_402_000_000, random in any::<u32>()) {
            let id = ApplicationId::new(Timestamp::from_second(second).unwrap(), random);
            prop_assert_eq!(ApplicationId::parse(id.as_str()), Some(id));
        }
    }

    #[test]
    fn ids_of_one_second_differ_by_their_number() {
        let ids: std::collections::HashSet<_> = (0..36_u32.pow(4))
            .step_by(997)
            .map(|random| ApplicationId::new(Timestamp::UNIX_EPOCH, random))
            .collect();
        assert_eq!(ids.len(), 36_usize.pow(4).div_ceil(997));
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "LOAN-",
            "LOAN-1-abcd",
            "LOAN-1-ABCDE",
            "LOAN--ABCD",
            "LOAN-x-ABCD",
            "loan-1-ABCD",
            "LOAN-1-AB/D",
        ] {
            assert_eq!(ApplicationId::parse(text), None, "{text}");
        }
    }
}
