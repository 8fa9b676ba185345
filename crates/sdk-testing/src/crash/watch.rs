//! Watches a process, and kills it at its point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use futures_util::FutureExt as _;
use lambdura::plugin::{OperationType, Plugin, UserFunctionEnd, UserFunctionInfo};
use model::{EventKind, ExecutionArn, ExecutionId};
use store::{EventPage, ExecutionFilter, Executions as _, History as _, MemoryStore, StoreFault};
use tokio::sync::Notify;

use super::report::CrashPoint;

/// An attempt of a step: the execution, the operation, and the attempt's number.
pub(crate) type Attempt = (String, String, u32);

/// Observations of a process in all its lives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The records of each commit, with its number from 1; commits that were not done are left out.
    pub commits: Vec<(usize, String)>,
    /// The steps whose code ran to its end, in this order.
    pub ends: Vec<String>,
    /// How often each attempt has begun.
    pub ran: BTreeMap<Attempt, u32>,
    /// The steps of the attempts, for people.
    pub names: BTreeMap<Attempt, String>,
    /// Attempts whose end was recorded at the crash.
    recorded: BTreeSet<Attempt>,
    /// Steps that ran again although their end was recorded.
    pub ran_again: Vec<String>,
    commits_begun: usize,
    /// The number of events seen of each execution.
    events: BTreeMap<ExecutionId, u64>,
}

impl Seen {
    /// The code of a step begins.
    fn begin(&mut self, attempt: Attempt, name: String) {
        if self.recorded.contains(&attempt) {
            self.ran_again.push(name.clone());
        }
        *self.ran.entry(attempt.clone()).or_default() += 1;
        self.names.insert(attempt, name);
    }

    /// Each point at which a process like this can die.
    pub fn points(&self) -> Vec<CrashPoint> {
        let mut points = Vec::new();
        for (number, records) in self.commits.iter().cloned() {
            points.push(CrashPoint::BeforeCommit {
                number,
                records: records.clone(),
            });
            points.push(CrashPoint::AfterCommit { number, records });
        }
        for (index, step) in self.ends.iter().enumerate() {
            points.push(CrashPoint::InStep {
                number: index + 1,
                step: step.clone(),
            });
        }
        points
    }
}

/// See the module.
pub(crate) struct Watch {
    /// The point at which it must die; `None`: it does not die.
    point: Option<CrashPoint>,
    dead: Arc<AtomicBool>,
    /// Whether it has died: it dies only once.
    has_died: AtomicBool,
    death: Notify,
    seen: Mutex<Seen>,
    store: OnceLock<Weak<MemoryStore>>,
}

impl Watch {
    pub fn new(point: Option<CrashPoint>) -> Arc<Self> {
        Arc::new(Self {
            point,
            dead: Arc::default(),
            has_died: AtomicBool::new(false),
            death: Notify::new(),
            seen: Mutex::default(),
            store: OnceLock::new(),
        })
    }

    pub fn watch(&self, store: &Arc<MemoryStore>) {
        let is_first = self.store.set(Arc::downgrade(store)).is_ok();
        assert!(is_first, "a process has one store in all its lives");
    }

    pub fn plugin(self: &Arc<Self>) -> impl Plugin + use<> {
        Steps(Arc::clone(self))
    }

    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The flag that is set from the crash to the next life.
    pub fn dead(&self) -> &Arc<AtomicBool> {
        &self.dead
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Returns when the process dies.
    pub async fn died(&self) {
        // The notification may be left over from an earlier life that ended without waiting for it.
        while !self.is_dead() {
            self.death.notified().await;
        }
    }

    fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.has_died.store(true, Ordering::SeqCst);
        self.death.notify_one();
    }

    fn dies_at(&self, is_here: impl FnOnce(&CrashPoint) -> bool) -> bool {
        let here = self.point.as_ref().is_some_and(is_here);
        let dies = here && !self.has_died.load(Ordering::SeqCst);
        if dies {
            self.die();
        }
        dies
    }

    /// Called for each request to the store; returns the fault if the process is dead.
    pub fn asked(&self, attempted: &str) -> Option<StoreFault> {
        let gone = || Some(StoreFault::new(attempted, false, "the process has died"));
        if self.is_dead() {
            return gone();
        }
        if attempted.starts_with("commit execution") {
            let now = {
                let mut seen = self.lock();
                seen.commits_begun += 1;
                seen.commits_begun
            };
            let dies = self.dies_at(
                |it| matches!(it, CrashPoint::BeforeCommit { number, .. } if *number == now),
            );
            return dies.then(gone).flatten();
        }
        if attempted.starts_with("acknowledge the commit") {
            let now = self.lock().commits_begun;
            let dies = self.dies_at(
                |it| matches!(it, CrashPoint::AfterCommit { number, .. } if *number == now),
            );
            if dies {
                return gone();
            }
            self.note_commit(now, attempted);
        }
        None
    }

    /// Notes the records of a commit, for people.
    fn note_commit(&self, number: usize, attempted: &str) {
        // The texts are needed only for the run without a crash.
        if self.point.is_some() {
            return;
        }
        let arn = attempted
            .split('`')
            .nth(1)
            .and_then(|arn| arn.parse::<ExecutionArn>().ok());
        let store = self.store.get().and_then(Weak::upgrade);
        let (Some(arn), Some(store)) = (arn, store) else {
            return;
        };
        let after = self.lock().events.get(&arn.id).copied();
        let events = all_events(&store, &arn.id, after);
        let records: Vec<_> = events
            .iter()
            .map(|event| {
                let name = event.subject.as_ref().and_then(|it| it.name.as_deref());
                let what = kind(&event.kind);
                match name {
                    Some(name) => format!("{what} `{name}`"),
                    None => what,
                }
            })
            .collect();
        let mut seen = self.lock();
        if let Some(last) = events.last() {
            seen.events.insert(arn.id.clone(), last.id);
        }
        let records = if records.is_empty() {
            "what is at work".to_owned()
        } else {
            records.join(", ")
        };
        seen.commits.push((number, records));
    }

    /// Begins the next life: attempts whose end is recorded by now must not run again.
    pub fn revive(&self, store: &MemoryStore) {
        self.dead.store(false, Ordering::SeqCst);
        let filter = ExecutionFilter {
            limit: usize::from(u16::MAX),
            ..ExecutionFilter::default()
        };
        let listed = store.list(filter).now_or_never();
        let listed = listed.and_then(Result::ok).unwrap_or_default();
        let mut recorded = BTreeSet::new();
        for head in listed {
            for event in all_events(store, &head.arn.id, None) {
                let attempt = match &event.kind {
                    EventKind::StepSucceeded { retry, .. }
                    | EventKind::StepFailed { retry, .. } => retry.current_attempt,
                    _ => continue,
                };
                if let Some(subject) = &event.subject {
                    recorded.insert((head.arn.to_string(), subject.id.to_string(), attempt));
                }
            }
        }
        self.lock().recorded = recorded;
    }
}

fn all_events(store: &MemoryStore, id: &ExecutionId, after: Option<u64>) -> Vec<model::Event> {
    let page = EventPage {
        after,
        newest_first: false,
        limit: usize::MAX,
        bytes_max: usize::MAX,
    };
    let events = store.events(id, page).now_or_never();
    events.and_then(Result::ok).unwrap_or_default()
}

/// The name of an event's type, as in histories.
fn kind(kind: &EventKind) -> String {
    let text = format!("{kind:?}");
    let end = text.find(|it: char| !it.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

/// The plugin that observes steps' code.
struct Steps(Arc<Watch>);

impl Plugin for Steps {
    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        // Steps that begin while a dead process is being dropped do not count.
        let Some(attempt) = attempt(function).filter(|_| !self.0.is_dead()) else {
            return;
        };
        self.0.lock().begin(attempt, name(function));
    }

    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        if attempt(&end.function).is_none() || self.0.is_dead() {
            return;
        }
        let now = {
            let mut seen = self.0.lock();
            seen.ends.push(name(&end.function));
            seen.ends.len()
        };
        self.0
            .dies_at(|it| matches!(it, CrashPoint::InStep { number, .. } if *number == now));
    }
}

/// The attempt of the step that the function belongs to; `None` for other operations.
fn attempt(function: &UserFunctionInfo<'_>) -> Option<Attempt> {
    let operation = &function.operation;
    let is_step = *operation.r#type == OperationType::Step;
    is_step.then(|| {
        let (arn, id) = (operation.execution_arn, operation.operation_id);
        (arn.to_owned(), id.to_owned(), function.attempt)
    })
}

fn name(function: &UserFunctionInfo<'_>) -> String {
    let operation = &function.operation;
    let name = operation.name.or(operation.sub_type).unwrap_or("step");
    match function.attempt {
        1 => name.to_owned(),
        attempt => format!("{name}, attempt {attempt}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_whose_end_was_recorded_must_not_run_again() {
        let attempt = |number| ("arn".to_owned(), "step".to_owned(), number);
        let mut seen = Seen::default();
        seen.begin(attempt(1), "charge".to_owned());
        seen.recorded.insert(attempt(1));
        seen.begin(attempt(2), "charge, attempt 2".to_owned());
        assert_eq!(seen.ran_again, [] as [&str; 0]);
        seen.begin(attempt(1), "charge".to_owned());
        assert_eq!(seen.ran_again, ["charge"]);
        assert_eq!(seen.ran[&attempt(1)], 2);
    }
}
