//! A checker's result: how many things it looked at, and its findings.

use std::fmt;

use serde::Serialize;

/// The result of a checker.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The condition that has to be true.
    pub name: &'static str,
    /// How many things it looked at: zero means that the check proves nothing.
    pub looked_at: usize,
    pub findings: Vec<Finding>,
    /// Whether it checks a duration, which a busy machine can spoil.
    pub is_timed: bool,
}

/// One violation of the condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The execution that it is about, if it is about one.
    pub execution: Option<String>,
    pub text: String,
}

impl Check {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            looked_at: 0,
            findings: Vec::new(),
            is_timed: false,
        }
    }

    pub(super) fn timed(name: &'static str) -> Self {
        Self {
            is_timed: true,
            ..Self::new(name)
        }
    }

    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn find(&mut self, execution: &str, text: impl Into<String>) {
        self.findings.push(Finding {
            execution: Some(execution.to_owned()),
            text: text.into(),
        });
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.execution {
            Some(execution) => write!(formatter, "{execution}: {}", self.text),
            None => formatter.write_str(&self.text),
        }
    }
}
