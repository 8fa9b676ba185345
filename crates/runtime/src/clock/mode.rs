//! How time passes on a clock that can be moved.

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockMode {
    /// As everywhere.
    Real,
    /// As everywhere; and while nothing is at work, time jumps to the next instant that something waits for.
    Auto,
    /// While nothing is at work, time stands still until it is moved.
    Manual,
}

impl ClockMode {
    /// As in options and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Auto => "auto",
            Self::Manual => "manual",
        }
    }
}
