//! Checkers: each checks one condition on the evidence.

mod check;
mod ends;
mod history;
mod ledger;
mod server;

#[cfg(test)]
mod tests;

use crate::evidence::Evidence;
pub use check::Check;

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

/// Checks the promises to clients and functions, which hold even if servers die.
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
