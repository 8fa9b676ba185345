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

/// The write around which the process dies: `before:3`, `after:12`, `before:StepSucceeded:1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashPoint {
    /// Which side of it.
    pub side: Side,
    /// Which writes count; none: all of them.
    pub kind: Option<String>,
    /// Which one of those, counted from 1.
    pub write: u64,
}

/// A text that names no crash point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseCrashPointError(String);

impl fmt::Display for ParseCrashPointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a crash point such as `before:3`, `after:12` or `before:StepSucceeded:1`",
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
            let (kind, write) = match write.split_once(':') {
                Some((kind, write)) => (Some(kind.to_owned()), write),
                None => (None, write),
            };
            let side = match side {
                "before" => Side::Before,
                "after" => Side::After,
                _ => return None,
            };
            Some(Self {
                side,
                kind,
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
        match &self.kind {
            Some(kind) => write!(f, "{side}:{kind}:{}", self.write),
            None => write!(f, "{side}:{}", self.write),
        }
    }
}
