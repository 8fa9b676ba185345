//! The in-memory store: for tests, for the SDK's test runner, and as the plainest statement of what
//! a store does.

mod calls;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Execution, Transition};
use model::{Event, ExecutionId, ExecutionName, FunctionName, Timestamp, Version};

use crate::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, CommitError, Cursor, DeadLetter, DeadLetterId,
    EventPage, ExecutionFilter, ExecutionHead, ExecutionRecord, FunctionSettingsRecord,
    FunctionVersionRecord, ScheduleMark, SetAside, StoreFault, event_bytes,
};

/// Decides whether a call fails: it is given what is attempted, as a fault would say it.
pub type Faults = Box<dyn Fn(&str) -> Option<StoreFault> + Send + Sync>;

/// Keeps everything in memory and does everything at once: the futures that it returns are ready.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    faults: Option<Faults>,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that fails where `faults` says so, for tests of whoever uses a store. A commit asks
    /// twice: before it is done (`commit execution …`), and when it is there and is to be acknowledged
    /// (`acknowledge the commit of execution …`).
    pub fn failing(faults: impl Fn(&str) -> Option<StoreFault> + Send + Sync + 'static) -> Self {
        Self {
            tables: Mutex::default(),
            faults: Some(Box::new(faults)),
        }
    }

    fn check(&self, attempted: &str) -> Result<(), StoreFault> {
        let fault = self.faults.as_ref().and_then(|faults| faults(attempted));
        fault.map_or(Ok(()), Err)
    }

    /// What is stored, unless the store is closed.
    fn tables(&self, attempted: &str) -> Result<MutexGuard<'_, Tables>, StoreFault> {
        self.check(attempted)?;
        // A panic in here is a bug that a test should see once, not once per later call.
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.closed {
            return Err(StoreFault::closed(attempted));
        }
        Ok(tables)
    }
}

#[derive(Debug, Default)]
struct Tables {
    executions: BTreeMap<ExecutionId, Stored>,
    names: BTreeMap<(FunctionName, ExecutionName), ExecutionId>,
    starts: BTreeSet<Cursor>,
    /// In the order of recording.
    sequences: BTreeMap<i64, ExecutionId>,
    sequence_last: i64,
    deadlines: BTreeSet<(Timestamp, ExecutionId)>,
    set_aside: BTreeMap<ExecutionId, SetAside>,
    queue: BTreeMap<AsyncInvocationId, AsyncInvocation>,
    queue_id_last: i64,
    dead_letters: BTreeMap<DeadLetterId, DeadLetter>,
    dead_letter_id_last: i64,
    versions: BTreeMap<(FunctionName, Version), FunctionVersionRecord>,
    aliases: BTreeMap<(FunctionName, String), AliasRecord>,
    settings: BTreeMap<FunctionName, FunctionSettingsRecord>,
    schedule_marks: BTreeMap<String, ScheduleMark>,
    closed: bool,
}

#[derive(Debug)]
struct Stored {
    sequence: i64,
    execution: Execution,
    events: Vec<Event>,
}

impl Stored {
    fn record(&self) -> ExecutionRecord {
        ExecutionRecord {
            spec: Arc::clone(&self.execution.spec),
            state: self.execution.state.clone(),
        }
    }

    fn head(&self) -> ExecutionHead {
        ExecutionHead::of(&self.execution.spec, &self.execution.state)
    }
}

impl Tables {
    fn commit(&mut self, transition: &Transition) -> Result<(), CommitError> {
        let id = &transition.spec.arn.id;
        let stored_version = self
            .executions
            .get(id)
            .map_or(0, |stored| stored.execution.state.version);
        if stored_version != transition.from_version {
            return Err(CommitError::VersionConflict(id.clone()));
        }
        if transition.is_empty() {
            return Ok(());
        }
        if transition.from_version == 0 {
            self.check_name(transition)?;
        }
        self.unschedule(id);
        if transition.removes {
            self.remove(transition);
            return Ok(());
        }
        let stored = match self.executions.remove(id) {
            Some(mut stored) => {
                stored.execution.absorb(transition);
                stored
            }
            None => Stored {
                sequence: self.add_start(transition),
                execution: Execution::create(transition),
                events: Vec::new(),
            },
        };
        self.put(stored, &transition.events);
        Ok(())
    }

    fn check_name(&self, transition: &Transition) -> Result<(), CommitError> {
        match self.names.get(&name_key(transition)) {
            Some(taken) => Err(CommitError::NameTaken(Box::new(
                self.executions[taken].execution.spec.arn.clone(),
            ))),
            None => Ok(()),
        }
    }

    fn add_start(&mut self, transition: &Transition) -> i64 {
        let id = transition.spec.arn.id.clone();
        self.names.insert(name_key(transition), id.clone());
        self.starts.insert(start_key(transition));
        self.sequence_last += 1;
        self.sequences.insert(self.sequence_last, id);
        self.sequence_last
    }

    fn remove(&mut self, transition: &Transition) {
        if let Some(removed) = self.executions.remove(&transition.spec.arn.id) {
            self.sequences.remove(&removed.sequence);
        }
        self.names.remove(&name_key(transition));
        self.starts.remove(&start_key(transition));
    }

    fn put(&mut self, mut stored: Stored, events: &[Event]) {
        stored.events.extend_from_slice(events);
        let state = &stored.execution.state;
        assert_eq!(
            stored.events.len() as u64,
            state.event_id_last,
            "the history is numbered without gaps"
        );
        let id = stored.execution.spec.arn.id.clone();
        if let Some(deadline) = &state.next_deadline {
            self.deadlines.insert((deadline.at, id.clone()));
        }
        self.executions.insert(id, stored);
    }

    fn unschedule(&mut self, id: &ExecutionId) {
        let Some(stored) = self.executions.get(id) else {
            return;
        };
        if let Some(deadline) = &stored.execution.state.next_deadline {
            self.deadlines.remove(&(deadline.at, id.clone()));
        }
    }

    fn list(&self, filter: &ExecutionFilter) -> Vec<ExecutionHead> {
        let limit = filter.limit.max(1);
        let keep = |cursor: &&Cursor| follows(cursor, filter);
        let head = |cursor: &Cursor| self.executions[&cursor.execution_id].head();
        let matching = |head: &ExecutionHead| matches(head, filter);
        if filter.oldest_first {
            let starts = self.starts.iter().filter(keep).map(head);
            starts.filter(matching).take(limit).collect()
        } else {
            let starts = self.starts.iter().rev().filter(keep).map(head);
            starts.filter(matching).take(limit).collect()
        }
    }

    fn events(&self, id: &ExecutionId, page: EventPage) -> Vec<Event> {
        self.page(id, page, Event::clone)
    }

    /// Events of an execution until the page's bounds; the first one however large it is.
    fn page(
        &self,
        id: &ExecutionId,
        page: EventPage,
        shown: impl Fn(&Event) -> Event,
    ) -> Vec<Event> {
        let events = self.executions.get(id).into_iter();
        let events = events.flat_map(|stored| &stored.events);
        if page.newest_first {
            let before = page.after.unwrap_or(u64::MAX);
            let newest_first = events.rev().filter(|event| event.id < before);
            take_events(newest_first.map(shown), page)
        } else {
            let after = page.after.unwrap_or(0);
            take_events(events.filter(|event| event.id > after).map(shown), page)
        }
    }

    fn enqueue(&mut self, invocation: AsyncInvocation) -> AsyncInvocationId {
        self.queue_id_last += 1;
        let id = AsyncInvocationId(self.queue_id_last);
        self.queue.insert(id, invocation);
        id
    }

    fn put_function_version(&mut self, record: FunctionVersionRecord) -> Result<(), StoreFault> {
        let key = (record.function.clone(), record.version.clone());
        if record.version != Version::Latest && self.versions.contains_key(&key) {
            return Err(StoreFault::new(
                format!(
                    "record version {} of function `{}`",
                    record.version, record.function
                ),
                false,
                "the version is published already, and a published version is frozen",
            ));
        }
        self.versions.insert(key, record);
        Ok(())
    }
}

/// Events until the page's bounds; the first one however large it is.
fn take_events(events: impl Iterator<Item = Event>, page: EventPage) -> Vec<Event> {
    let mut taken = Vec::new();
    let mut bytes = 0;
    for event in events.take(page.limit.max(1)) {
        bytes += event_bytes(&event);
        if bytes > page.bytes_max && !taken.is_empty() {
            break;
        }
        taken.push(event);
    }
    taken
}

fn name_key(transition: &Transition) -> (FunctionName, ExecutionName) {
    let arn = &transition.spec.arn;
    (arn.function.name.clone(), arn.name.clone())
}

fn start_key(transition: &Transition) -> Cursor {
    Cursor {
        started_at: transition.spec.started_at,
        execution_id: transition.spec.arn.id.clone(),
    }
}

fn follows(cursor: &Cursor, filter: &ExecutionFilter) -> bool {
    match &filter.after {
        None => true,
        Some(after) if filter.oldest_first => cursor > after,
        Some(after) => cursor < after,
    }
}

fn matches(head: &ExecutionHead, filter: &ExecutionFilter) -> bool {
    let ExecutionFilter {
        function,
        version,
        name,
        statuses,
        started_after,
        started_before,
        oldest_first: _,
        after: _,
        limit: _,
    } = filter;
    let arn = &head.arn;
    let started_at = head.started_at;
    function
        .as_ref()
        .is_none_or(|name| *name == arn.function.name)
        && version
            .as_ref()
            .is_none_or(|version| *version == arn.version)
        && name.as_ref().is_none_or(|name| *name == arn.name)
        && (statuses.is_empty() || statuses.contains(&head.status))
        && started_after.is_none_or(|after| started_at > after)
        && started_before.is_none_or(|before| started_at < before)
}
