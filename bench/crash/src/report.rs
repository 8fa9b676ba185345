//! The report: a table for the terminal, and all numbers as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::checkers::Check;
use crate::client::Trouble;
use crate::evidence::Evidence;
use crate::kind::Kind;
use crate::ledger::What;
use crate::offenders::{self, Offender};

/// Findings of a check that the table shows.
const SHOWN_MAX: usize = 3;

/// All that is reported.
#[derive(Debug, Serialize)]
pub struct Report {
    revision: String,
    seed: u64,
    /// For how long executions were started.
    seconds: f64,
    started_per_second: f64,
    /// From the last start until everything had ended, or nothing changed any more.
    drain_seconds: f64,
    kinds: Vec<KindLine>,
    server: ServerNumbers,
    work: WorkNumbers,
    calls_tried_again: BTreeMap<String, Trouble>,
    checks: Vec<Check>,
    #[serde(skip)]
    offenders: Vec<Offender>,
}

/// How long the parts of a run took.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    pub seconds: f64,
    pub drain_seconds: f64,
}

#[derive(Debug, Serialize)]
struct KindLine {
    kind: &'static str,
    started: usize,
    acknowledged: usize,
    /// Executions of this kind that a check found fault with.
    faulty: usize,
}

#[derive(Debug, Serialize)]
struct ServerNumbers {
    kills: usize,
    exits: usize,
    restarts: usize,
    /// Seconds from the start of a process until it is ready; none without a restart.
    ready_p50: Option<f64>,
    ready_p99: Option<f64>,
    ready_max: Option<f64>,
}

/// The cost of the work, with or without findings.
#[derive(Debug, Serialize)]
struct WorkNumbers {
    executions: usize,
    events: usize,
    invocations: usize,
    step_bodies: usize,
    /// Repeated bodies of an attempt, which at-least-once allows while the attempt is not recorded.
    step_bodies_repeated: usize,
    invocations_lost: usize,
    pauses: usize,
}

impl Report {
    pub(crate) fn new(
        revision: String,
        seed: u64,
        times: Times,
        evidence: &Evidence,
        checks: Vec<Check>,
        calls_tried_again: BTreeMap<String, Trouble>,
    ) -> Self {
        Self {
            revision,
            seed,
            seconds: times.seconds,
            started_per_second: evidence.entries.len() as f64 / times.seconds,
            drain_seconds: times.drain_seconds,
            kinds: kinds(evidence, &checks),
            server: server(evidence),
            work: work(evidence),
            calls_tried_again,
            offenders: offenders::first(&checks, evidence),
            checks,
        }
    }

    /// The results of the checkers.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Whether no checker found fault.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(Check::passed)
    }
}

fn kinds(evidence: &Evidence, checks: &[Check]) -> Vec<KindLine> {
    let findings = checks.iter().flat_map(|check| &check.findings);
    let mut faulty: Vec<&str> = findings.filter_map(|it| it.execution.as_deref()).collect();
    faulty.sort_unstable();
    let lines = Kind::ALL.into_iter().map(|kind| {
        let of_kind = evidence.entries.iter().filter(|it| it.order.kind == kind);
        let entries: Vec<_> = of_kind.collect();
        let is_faulty = |arn: &str| faulty.binary_search(&arn).is_ok();
        KindLine {
            kind: kind.name(),
            started: entries.len(),
            acknowledged: entries.iter().filter(|entry| entry.acknowledged).count(),
            faulty: entries
                .iter()
                .filter(|entry| {
                    entry.arn.as_deref().is_some_and(is_faulty) || is_faulty(&entry.order.name())
                })
                .count(),
        }
    });
    lines.collect()
}

fn server(evidence: &Evidence) -> ServerNumbers {
    let lives = &evidence.lives;
    let mut times: Vec<f64> = lives
        .restarts
        .iter()
        .map(|restart| restart.took.as_secs_f64())
        .collect();
    times.sort_by(f64::total_cmp);
    // The smallest one that this share of the restarts does not exceed.
    let quantile = |share: f64| {
        let rank = (share * times.len() as f64).ceil() as usize;
        times.get(rank.max(1) - 1).copied()
    };
    ServerNumbers {
        kills: lives.kills,
        exits: lives.exits.len(),
        restarts: times.len(),
        ready_p50: quantile(0.5),
        ready_p99: quantile(0.99),
        ready_max: times.last().copied(),
    }
}

fn work(evidence: &Evidence) -> WorkNumbers {
    let events = || evidence.executions.values().flat_map(|it| &it.events);
    let completed = || events().filter_map(|it| it.invocation_completed_details.as_ref());
    let error_of = |details: &lambda_api::InvocationCompletedDetails| {
        let error = details.error.as_ref()?.payload.as_ref()?;
        error.error_type.clone()
    };
    let mut attempts: BTreeMap<_, usize> = BTreeMap::new();
    for line in &evidence.ledger {
        if line.what == What::Step {
            let attempt = (&line.execution, &line.operation, line.attempt);
            *attempts.entry(attempt).or_default() += 1;
        }
    }
    let step_bodies = attempts.values().sum();
    WorkNumbers {
        executions: evidence.executions.len(),
        events: events().count(),
        invocations: completed().count(),
        step_bodies,
        step_bodies_repeated: step_bodies - attempts.len(),
        invocations_lost: completed()
            .filter(|details| error_of(details).as_deref() == Some("Service.InvocationLost"))
            .count(),
        pauses: events()
            .filter(|event| event.execution_paused_details.is_some())
            .count(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\n{} (seed {})", self.revision, self.seed)?;
        writeln!(
            formatter,
            "{:.0} s of starts, {:.1} a second; everything was over {:.1} s later\n",
            self.seconds, self.started_per_second, self.drain_seconds
        )?;
        writeln!(
            formatter,
            "{:<18}{:>8}  {:>12}  {:>6}",
            "kind", "started", "acknowledged", "faulty"
        )?;
        for line in &self.kinds {
            writeln!(
                formatter,
                "{:<18}{:>8}  {:>12}  {:>6}",
                line.kind, line.started, line.acknowledged, line.faulty
            )?;
        }
        let WorkNumbers {
            executions,
            events,
            invocations,
            step_bodies,
            step_bodies_repeated,
            invocations_lost,
            pauses,
        } = &self.work;
        writeln!(
            formatter,
            "\n{executions} executions, {events} events, {invocations} invocations ({invocations_lost} lost), \
             {step_bodies} step bodies ({step_bodies_repeated} repeated), {pauses} pauses"
        )?;
        let ServerNumbers {
            kills,
            exits,
            restarts,
            ..
        } = self.server;
        let seconds =
            |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.3} s"));
        writeln!(
            formatter,
            "{kills} kills, {exits} other ends; {restarts} restarts: ready after {} (p50), {} (p99), {} (max)\n",
            seconds(self.server.ready_p50),
            seconds(self.server.ready_p99),
            seconds(self.server.ready_max),
        )?;
        for (what, trouble) in &self.calls_tried_again {
            writeln!(formatter, "tried again {:>7} x: {what}", trouble.times)?;
            if what != "no answer" {
                for sample in &trouble.samples {
                    writeln!(formatter, "                        {sample}")?;
                }
            }
        }
        writeln!(formatter)?;
        for check in &self.checks {
            let verdict = if check.passed() { "ok" } else { "FAILED" };
            writeln!(
                formatter,
                "{verdict:<7}{:<62}{:>6} of {}",
                check.name,
                check.findings.len(),
                check.looked_at
            )?;
            for finding in check.findings.iter().take(SHOWN_MAX) {
                writeln!(formatter, "         {finding}")?;
            }
        }
        for offender in &self.offenders {
            write!(formatter, "\n{offender}")?;
        }
        Ok(())
    }
}
