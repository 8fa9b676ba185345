//! Where a process dies.

use std::fmt;
use std::str::FromStr;

/// Before or after a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The write never reaches the store.
    Before,
    /// The write is durable, and nobody is told.
    After,
}

/// The write, counted from 1, around which the process dies: `before:3`, `after:12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPoint {
    /// Which side of it.
    pub side: Side,
    /// Which write.
    pub write: u64,
}

/// A text that names no crash point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseCrashPointError(String);

impl fmt::Display for ParseCrashPointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a crash point such as `before:3` or `after:12`",
            self.0
        )
    }
}

impl std::error::Error for ParseCrashPointError {}

impl FromStr for CrashPoint {
    type Err = ParseCrashPointError;

    fn from_str(text: &str) -> Result<Self, ParseCrashPointError> {
        let parse = || {
            let (side, write) = text.split_once(':')?;
            let side = match side {
                "before" => Side::Before,
                "after" => Side::After,
                _ => return None,
            };
            Some(Self {
                side,
                write: write.parse().ok()?,
            })
        };
        parse().ok_or_else(|| ParseCrashPointError(text.to_owned()))
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Before => "before",
            Side::After => "after",
        };
        write!(f, "{side}:{}", self.write)
    }
}
