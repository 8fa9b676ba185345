//! Compares the ledger with the histories: finds work that should not have run.

use std::collections::BTreeMap;

use lambda_api::{Event, EventType};

use super::check::Check;
use crate::evidence::{Evidence, Execution};
use crate::ledger::{Line, What};

/// The names of steps with at-most-once semantics begin with this.
const AT_MOST_ONCE: &str = "once-";

/// For this long after the end of an execution, an invocation that was on its way may still begin.
const ON_ITS_WAY_MILLIS: i64 = 1000;

/// An attempt whose outcome is in the history has run before that, and does not run again.
pub fn recorded_attempts_do_not_run_again(evidence: &Evidence) -> Check {
    let mut check = Check::new("no step runs again although it is recorded");
    for (arn, lines) in evidence.lines() {
        let Some(execution) = evidence.executions.get(arn) else {
            continue;
        };
        for line in lines.into_iter().filter(|line| line.what == What::Step) {
            check.looked_at += 1;
            let recorded = execution.events.iter().find(|event| records(event, line));
            if let Some(event) = recorded {
                let late = line.at_millis() - event.event_timestamp.as_millis();
                let text = format!(
                    "attempt {} of step `{}` ran {late} ms after event {}, {}, which records it",
                    line.attempt.unwrap_or_default(),
                    line.step.as_deref().unwrap_or("?"),
                    event.event_id,
                    event.event_type,
                );
                check.find(arn, text);
            }
        }
    }
    check
}

/// Whether the event ends the attempt before the line was written. Both are cut off to milliseconds.
fn records(event: &Event, line: &Line) -> bool {
    let succeeded = event.step_succeeded_details.as_ref();
    let failed = event.step_failed_details.as_ref();
    let retry = succeeded
        .map(|details| &details.retry_details)
        .or_else(|| failed.map(|details| &details.retry_details));
    retry.is_some_and(|retry| retry.current_attempt >= line.attempt)
        && event.id == line.operation
        && event.event_timestamp.as_millis() < line.at_millis()
}

/// An attempt of a step with at-most-once semantics runs once.
pub fn at_most_once_runs_once(evidence: &Evidence) -> Check {
    let mut check = Check::new("no at-most-once step runs twice for an attempt");
    let mut runs: BTreeMap<_, u32> = BTreeMap::new();
    for line in &evidence.ledger {
        let step = line.step.as_deref().unwrap_or_default();
        if line.what == What::Step && step.starts_with(AT_MOST_ONCE) {
            let attempt = (&line.execution, step, &line.operation, line.attempt);
            *runs.entry(attempt).or_default() += 1;
        }
    }
    check.looked_at = runs.len();
    for ((arn, step, _, attempt), times) in runs {
        if times > 1 {
            let attempt = attempt.unwrap_or_default();
            check.find(
                arn,
                format!("attempt {attempt} of `{step}` ran {times} times"),
            );
        }
    }
    check
}

/// From the pause on, and until the resume, no step begins.
pub fn paused_executions_stand_still(evidence: &Evidence) -> Check {
    let mut check = Check::new("no step begins while its execution is paused");
    let lines = evidence.lines();
    for (arn, execution) in &evidence.executions {
        for (from, until) in pauses(execution) {
            check.looked_at += 1;
            let lines = lines
                .get(arn.as_str())
                .map(Vec::as_slice)
                .unwrap_or_default();
            let within = |line: &&&Line| {
                line.what == What::Step && from < line.at_millis() && line.at_millis() < until
            };
            for line in lines.iter().filter(within) {
                let step = line.step.as_deref().unwrap_or("?");
                let late = line.at_millis() - from;
                check.find(
                    arn,
                    format!("step `{step}` began {late} ms after the pause"),
                );
            }
        }
    }
    check
}

/// The times in which the execution was paused.
fn pauses(execution: &Execution) -> Vec<(i64, i64)> {
    let mut pauses = Vec::new();
    let mut since = None;
    for event in &execution.events {
        let at = event.event_timestamp.as_millis();
        if event.event_type == EventType::ExecutionPaused {
            since = Some(at);
        } else if event.event_type == EventType::ExecutionResumed
            && let Some(since) = since.take()
        {
            pauses.push((since, at));
        }
    }
    pauses.extend(since.map(|since| (since, i64::MAX)));
    pauses
}

/// An execution that has ended, or was stopped, is not invoked any more.
pub fn ended_executions_are_not_invoked(evidence: &Evidence) -> Check {
    let mut check = Check::timed("no invocation begins a second after its execution's end");
    for (arn, lines) in evidence.lines() {
        let Some(ended_at) = evidence.executions.get(arn).and_then(Execution::ended_at) else {
            continue;
        };
        check.looked_at += 1;
        let late = |line: &&Line| line.at_millis() > ended_at + ON_ITS_WAY_MILLIS;
        for line in lines.into_iter().filter(late) {
            let late = line.at_millis() - ended_at;
            let what = line.step.as_deref().unwrap_or("an invocation");
            check.find(arn, format!("{what} began {late} ms after the end"));
        }
    }
    check
}
