//! Checkers: what has to be true of the evidence, each for itself.

mod ends;
mod history;
mod ledger;
mod server;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

use crate::evidence::Evidence;

/// What a checker found.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What has to be true.
    pub name: &'static str,
    /// How many things it looked at: none means that it says nothing.
    pub looked_at: usize,
    pub findings: Vec<Finding>,
    /// Whether it is about how long something takes, which a busy machine can spoil.
    pub is_timed: bool,
}

/// One thing that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The execution that it is about, if it is about one.
    pub execution: Option<String>,
    pub text: String,
}

impl Check {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            looked_at: 0,
            findings: Vec::new(),
            is_timed: false,
        }
    }

    fn timed(name: &'static str) -> Self {
        Self {
            is_timed: true,
            ..Self::new(name)
        }
    }

    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, execution: &str, text: impl Into<String>) {
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

/// Judges the evidence of a server whose deaths are known.
pub fn check_all(evidence: &Evidence) -> Vec<Check> {
    let mut checks = check_promises(evidence);
    checks.extend([
        history::live_invocations_are_not_lost(evidence),
        server::server_stays_up(evidence),
        server::restarts_are_ready_in_time(evidence),
    ]);
    checks
}

/// Judges what is promised to clients and functions, whatever happens to servers.
pub fn check_promises(evidence: &Evidence) -> Vec<Check> {
    vec![
        ends::acknowledged_end_right(evidence),
        ends::answers_are_as_expected(evidence),
        ends::plain_calls_ran(evidence),
        ends::nothing_started_twice(evidence),
        ledger::recorded_attempts_do_not_run_again(evidence),
        ledger::at_most_once_runs_once(evidence),
        ledger::paused_executions_stand_still(evidence),
        ledger::ended_executions_are_not_invoked(evidence),
        history::histories_are_whole(evidence),
    ]
}
