//! Something untidy.

use std::fmt;

/// One thing to put right.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, or the package, that it is about.
    subject: String,
    /// From 1; none when the whole file is meant.
    line: Option<usize>,
    /// The problem, and what to do.
    problem: String,
}

impl Finding {
    /// About a whole file or package.
    pub fn about(subject: &str, problem: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            line: None,
            problem: problem.into(),
        }
    }

    /// About one line, counted from 1.
    pub fn at(subject: &str, line: usize, problem: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::about(subject, problem)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.subject)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.problem)
    }
}
