//! The outcome of killing a handler's process at every point where it can die.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::watch::Seen;
use crate::error::TestError;
use crate::operation::told;
use crate::run::{Run, RunStatus};

/// Most differences that are shown.
const SHOWN_MAX: usize = 5;

/// The point at which a process died.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrashPoint {
    /// Before a commit: nothing of it is stored.
    BeforeCommit {
        /// The commit's number, from 1.
        number: usize,
        /// The records that it was to store.
        records: String,
    },
    /// After a commit, and before its caller got the answer.
    AfterCommit {
        /// The commit's number, from 1.
        number: usize,
        /// The records that it stored.
        records: String,
    },
    /// In a step whose code has run and whose result is not recorded.
    InStep {
        /// The number of this run among all runs of steps' code, from 1.
        number: usize,
        /// The step's name.
        step: String,
    },
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeCommit { number, records } => {
                write!(f, "before commit {number} ({records})")
            }
            Self::AfterCommit { number, records } => write!(f, "after commit {number} ({records})"),
            Self::InStep { step, .. } => {
                write!(
                    f,
                    "in step `{step}`, when its code had run and its result was not recorded"
                )
            }
        }
    }
}

/// A step that was in flight at some crash, so that it ran again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InFlight {
    /// The step's name.
    pub step: String,
    /// The largest number of times that one attempt of it ran.
    pub ran_at_most: u32,
    /// The number of points at which it ran again.
    pub points: usize,
}

/// The outcome of the execution after one crash.
pub(crate) struct Survived {
    pub point: CrashPoint,
    pub reached: bool,
    pub end: Result<Box<Run>, TestError>,
    pub seen: Seen,
}

/// The outcome of killing a handler's process once at each point; see
/// [`DurableTestRunner::crash_everywhere`](crate::DurableTestRunner::crash_everywhere).
///
/// It displays itself as a summary.
#[must_use = "`assert_same` tells what differs"]
pub struct CrashReport {
    function: String,
    expected: Run,
    commits: usize,
    steps: usize,
    survived: Vec<Survived>,
    ignored: Vec<String>,
    may_miss: bool,
}

impl CrashReport {
    pub(crate) fn new(
        function: String,
        expected: Run,
        seen: &Seen,
        survived: Vec<Survived>,
    ) -> Self {
        Self {
            function,
            expected,
            commits: seen.commits.len(),
            steps: seen.ends.len(),
            survived,
            ignored: Vec::new(),
            may_miss: false,
        }
    }

    /// Ignores these members, at any depth, when results are compared: members that contain a time or a random value,
    /// which differ in every run.
    pub fn ignoring<'a>(mut self, members: impl IntoIterator<Item = &'a str>) -> Self {
        self.ignored.extend(members.into_iter().map(str::to_owned));
        self
    }

    /// Accepts points that were not reached again: a handler that waits for real time does not reach the same points in
    /// every run.
    pub fn allowing_unreached(mut self) -> Self {
        self.may_miss = true;
        self
    }

    /// The run without a crash.
    #[must_use]
    pub fn expected(&self) -> &Run {
        &self.expected
    }

    /// The number of points at which the process died: two for each commit, and one for each run of a step.
    #[must_use]
    pub fn points(&self) -> usize {
        self.survived.iter().filter(|it| it.reached).count()
    }

    /// Points of the run without a crash that were not reached again, because branches ran in another order.
    #[must_use]
    pub fn unreached(&self) -> usize {
        self.survived.len() - self.points()
    }

    /// The number of commits in the run without a crash.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.commits
    }

    /// The number of runs of steps in the run without a crash.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Steps that ran more than once, because their process died before their result was recorded: their outside
    /// effects must tolerate that. Sorted by name.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        let mut steps: BTreeMap<&str, InFlight> = BTreeMap::new();
        for survived in &self.survived {
            let again = survived.seen.ran.iter().filter(|(_, times)| **times > 1);
            for (attempt, times) in again {
                let step = survived.seen.names[attempt].as_str();
                let in_flight = steps.entry(step).or_insert_with(|| InFlight {
                    step: step.to_owned(),
                    ran_at_most: 0,
                    points: 0,
                });
                in_flight.ran_at_most = in_flight.ran_at_most.max(*times);
                in_flight.points += 1;
            }
        }
        steps.into_values().collect()
    }

    /// The differences from the run without a crash: another result, or a step that ran again although its end was
    /// recorded. Each names its point.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        for Survived {
            point, end, seen, ..
        } in &self.survived
        {
            for step in &seen.ran_again {
                differences.push(format!(
                    "the process died {point}: step `{step}` ran again, although its end was recorded"
                ));
            }
            match end {
                Ok(run) if self.outcome(run) == self.outcome(&self.expected) => {}
                Ok(run) => {
                    let (came_to, expected) = (shown(run), shown(&self.expected));
                    let tree = run.tree();
                    differences.push(format!(
                        "the process died {point}: it came to {came_to}\n  without a crash: {expected}\n{tree}"
                    ));
                }
                Err(error) => {
                    differences.push(format!(
                        "the process died {point}: it came to no end: {error}"
                    ));
                }
            }
        }
        differences
    }

    /// Fails the test if anything differed from the run without a crash, or if a point was not reached again, and so
    /// was not tested.
    ///
    /// # Panics
    /// With the points, and the differences at each.
    #[track_caller]
    pub fn assert_same(&self) -> &Self {
        let mut differences = self.differences();
        let missed = self
            .survived
            .iter()
            .filter(|it| !it.reached && !self.may_miss);
        differences.extend(missed.map(|it| {
            let point = &it.point;
            format!(
                "the process was to die {point}, and did not get there: what it does there depends on real time \
                 (`.allowing_unreached()` accepts that)"
            )
        }));
        if differences.is_empty() {
            return self;
        }
        let count = differences.len();
        let first: Vec<_> = differences.into_iter().take(SHOWN_MAX).collect();
        let more = match count - first.len() {
            0 => String::new(),
            more => format!("\nand {more} more"),
        };
        panic!("{self}\n{}{more}", first.join("\n"));
    }

    /// The parts of a run that are compared.
    fn outcome(&self, run: &Run) -> (RunStatus, Option<Value>, Option<String>) {
        let result = run.result_text().map(|text| {
            let value = serde_json::from_str(text);
            let mut value = value.unwrap_or_else(|_| Value::String(text.to_owned()));
            forget(&mut value, &self.ignored);
            value
        });
        (run.status(), result, run.error().map(told))
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (points, commits, steps) = (self.points(), self.commits, self.steps);
        write!(
            f,
            "the process of `{}` died at {points} points ({commits} commits, {steps} runs of steps)",
            self.function
        )?;
        if self.unreached() > 0 {
            write!(f, "\n  {} points were not reached again", self.unreached())?;
        }
        for InFlight {
            step,
            ran_at_most,
            points,
            ..
        } in self.in_flight()
        {
            write!(
                f,
                "\n  `{step}` was in flight at {points} of them, and ran {ran_at_most} times"
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Removes members with these names, at any depth.
fn forget(value: &mut Value, names: &[String]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(name));
            members.values_mut().for_each(|it| forget(it, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| forget(it, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn shown(run: &Run) -> String {
    let what = match (run.result_text(), run.error()) {
        (_, Some(error)) => told(error),
        (Some(result), None) => result.to_owned(),
        (None, None) => String::new(),
    };
    format!("{} {what}", run.status())
}
