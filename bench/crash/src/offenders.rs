//! Executions that a checker found fault with, told from the beginning: the history and the ledger, in the order of
//! time.

use std::fmt;

use lambda_api::Event;

use crate::checkers::Check;
use crate::evidence::Evidence;
use crate::ledger::{Line, What};

/// How many are printed.
const TOLD_MAX: usize = 4;

/// An execution and its events.
#[derive(Debug)]
pub struct Offender {
    arn: String,
    findings: Vec<String>,
    /// Milliseconds since the epoch, and the event.
    moments: Vec<(i64, String)>,
}

/// The first executions with findings: one of every check, then more of the first checks.
pub fn first(checks: &[Check], evidence: &Evidence) -> Vec<Offender> {
    let of = |check: &Check| -> Vec<String> {
        let findings = check.findings.iter();
        let mut named: Vec<String> = findings.filter_map(|it| it.execution.clone()).collect();
        named.dedup();
        named
    };
    let by_check: Vec<Vec<String>> = checks.iter().map(of).collect();
    let mut chosen: Vec<String> = Vec::new();
    for nth in 0..TOLD_MAX {
        for named in &by_check {
            if let Some(arn) = named.get(nth)
                && !chosen.contains(arn)
                && chosen.len() < TOLD_MAX
            {
                chosen.push(arn.clone());
            }
        }
    }
    let offenders = chosen.into_iter();
    offenders.map(|arn| tell(arn, checks, evidence)).collect()
}

fn tell(arn: String, checks: &[Check], evidence: &Evidence) -> Offender {
    let findings = checks.iter().flat_map(|check| {
        let findings = check.findings.iter();
        let about = findings.filter(|it| it.execution.as_deref() == Some(&arn));
        about.map(|finding| format!("{}: {}", check.name, finding.text))
    });
    let findings = findings.collect();
    let events = evidence.executions.get(&arn).map(|it| it.events.as_slice());
    let events = events.unwrap_or_default().iter();
    let mut moments: Vec<(i64, String)> = events
        .map(|it| (it.event_timestamp.as_millis(), event(it)))
        .collect();
    let lines = evidence.ledger.iter().filter(|line| line.execution == arn);
    moments.extend(lines.map(|it| (it.at_millis(), line(it))));
    let began = moments.iter().map(|(at, _)| *at).min().unwrap_or(0);
    let ended = moments.iter().map(|(at, _)| *at).max().unwrap_or(0);
    let deaths = evidence.lives.deaths.iter();
    let deaths = deaths.filter(|at| (began..=ended).contains(at));
    moments.extend(deaths.map(|at| (*at, "-- the server is dead".to_owned())));
    moments.sort_by_key(|(at, _)| *at);
    Offender {
        arn,
        findings,
        moments,
    }
}

fn event(event: &Event) -> String {
    let mut text = format!("{:>4} {}", event.event_id, event.event_type);
    if let Some(name) = &event.name {
        text += &format!(" `{name}`");
    }
    let succeeded = event.step_succeeded_details.as_ref();
    let failed = event.step_failed_details.as_ref();
    let retry = succeeded
        .map(|details| &details.retry_details)
        .or_else(|| failed.map(|details| &details.retry_details));
    if let Some(attempt) = retry.and_then(|retry| retry.current_attempt) {
        text += &format!(" attempt {attempt}");
    }
    if let Some(details) = &event.invocation_completed_details {
        text += &format!(" request {}", details.request_id);
        let error = details.error.as_ref().and_then(|it| it.payload.as_ref());
        if let Some(error) = error {
            let error_type = error.error_type.as_deref().unwrap_or("an error");
            text += &format!(" with {error_type}");
        }
    }
    text
}

fn line(line: &Line) -> String {
    let what = match line.what {
        What::Invocation => "invocation begins".to_owned(),
        What::Step => {
            let step = line.step.as_deref().unwrap_or("?");
            let attempt = line.attempt.unwrap_or_default();
            format!("`{step}` attempt {attempt} begins")
        }
        What::Plain => "plain function begins".to_owned(),
    };
    let Line {
        request, process, ..
    } = line;
    format!("   > {what}, request {request}, process {process}")
}

impl fmt::Display for Offender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.arn)?;
        for finding in &self.findings {
            writeln!(formatter, "  ! {finding}")?;
        }
        let began = self.moments.first().map_or(0, |(at, _)| *at);
        for (at, what) in &self.moments {
            writeln!(formatter, "  {:>7} ms {what}", at - began)?;
        }
        Ok(())
    }
}
