//! Units that CloudWatch knows. Source: CloudWatch API reference, `MetricDatum` (read 2026-11-23).

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A count.
    Count,
    /// A count per second.
    CountPerSecond,
    /// Time in seconds.
    Seconds,
    /// Time in milliseconds.
    Milliseconds,
    /// Time in microseconds.
    Microseconds,
    /// Size in bytes.
    Bytes,
    /// Size in kilobytes.
    Kilobytes,
    /// Size in megabytes.
    Megabytes,
    /// A share of 100.
    Percent,
    /// A bare number.
    None,
}

impl Unit {
    /// The unit as CloudWatch spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::CountPerSecond => "Count/Second",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
            Self::Microseconds => "Microseconds",
            Self::Bytes => "Bytes",
            Self::Kilobytes => "Kilobytes",
            Self::Megabytes => "Megabytes",
            Self::Percent => "Percent",
            Self::None => "None",
        }
    }
}
