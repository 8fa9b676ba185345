//! The two spellings of an instant: integer milliseconds in invocation events, seconds in API bodies.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z, an integer on the wire.
///
/// Used by the operations inside an invocation event.
/// A fraction is accepted when reading and cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochMillis(pub i64);

/// Seconds since 1970-01-01T00:00:00Z, a number with an optional fraction on the wire.
///
/// Used by every JSON body of the Lambda API; generated clients take an integer as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct EpochSeconds(pub f64);

impl EpochSeconds {
    /// The instant `millis` milliseconds after the epoch.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        // Exact up to 2^53 ms, which is the year 287396.
        Self(millis as f64 / 1000.0)
    }

    /// Milliseconds since the epoch, rounded to the nearest.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        (self.0 * 1000.0).round() as i64
    }
}

impl From<EpochMillis> for EpochSeconds {
    fn from(millis: EpochMillis) -> Self {
        Self::from_millis(millis.0)
    }
}

impl From<EpochSeconds> for EpochMillis {
    fn from(seconds: EpochSeconds) -> Self {
        Self(seconds.as_millis())
    }
}

impl Serialize for EpochMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for EpochMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Millis;

        impl Visitor<'_> for Millis {
            type Value = EpochMillis;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a timestamp in epoch milliseconds")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<EpochMillis, E> {
                Ok(EpochMillis(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<EpochMillis, E> {
                i64::try_from(value)
                    .map(EpochMillis)
                    .map_err(|_| E::custom(format_args!("timestamp {value} is out of range")))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<EpochMillis, E> {
                Ok(EpochMillis(value as i64))
            }
        }

        deserializer.deserialize_any(Millis)
    }
}

impl<'de> Deserialize<'de> for EpochSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(EpochSeconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_an_integer() {
        assert_eq!(
            serde_json::to_string(&EpochMillis(1_767_896_523_358)).unwrap(),
            "1767896523358"
        );
        for text in ["1767896523358", "1767896523358.7"] {
            let read: EpochMillis = serde_json::from_str(text).unwrap();
            assert_eq!(read, EpochMillis(1_767_896_523_358), "{text}");
        }
        serde_json::from_str::<EpochMillis>("\"2025-12-03T22:59:56Z\"").unwrap_err();
    }

    #[test]
    fn seconds_keep_their_milliseconds() {
        let instant = EpochSeconds::from_millis(1_767_896_523_358);
        let text = serde_json::to_string(&instant).unwrap();
        assert_eq!(text, "1767896523.358");
        let read: EpochSeconds = serde_json::from_str(&text).unwrap();
        assert_eq!(read.as_millis(), 1_767_896_523_358);
        let whole: EpochSeconds = serde_json::from_str("1767896523").unwrap();
        assert_eq!(whole.as_millis(), 1_767_896_523_000);
    }
}
