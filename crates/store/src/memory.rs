//! The in-memory store: for tests, for the SDK's test runner, and as the plainest statement of what
//! a store does.

mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{Execution, Transition};
use model::{
    DeadlineReason, Event, ExecutionId, ExecutionName, FunctionName, OperationId, Owner, Timestamp,
    Version,
};

use crate::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, CallbackCursor, CommitError, Cursor,
    DEAD_LETTER_BYTES_MAX, DEAD_LETTERS_MAX, DeadLetter, DeadLetterId, Durability, EventPage,
    ExecutionCount, ExecutionFilter, ExecutionHead, ExecutionRecord, ExecutionSearch,
    ExecutionSummary, FunctionSettingsRecord, FunctionVersionRecord, OpenCallback, OpenTimer,
    QueuedInvocation, RecentInput, ScheduleMark, SearchPage, SetAside, Store, StoreFault,
    StoreFuture, StoreHealth, StoreStats, StoreTrouble, event_bytes,
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

/// What is done already, as the future that the trait asks for.
fn ready<'a, T: Send + 'a>(value: T) -> StoreFuture<'a, T> {
    Box::pin(future::ready(value))
}

impl Store for MemoryStore {
    fn durability(&self) -> Durability {
        Durability::Memory
    }

    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, Result<(), CommitError>> {
        let attempted = format!("commit execution `{}`", transition.spec.arn);
        let done = match self.tables(&attempted) {
            Ok(mut tables) => tables.commit(&transition),
            Err(fault) => Err(fault.into()),
        };
        let acknowledged = || {
            let arn = &transition.spec.arn;
            self.check(&format!("acknowledge the commit of execution `{arn}`"))
        };
        ready(done.and_then(|()| acknowledged().map_err(CommitError::from)))
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<Execution>, StoreFault>> {
        ready(
            self.tables(&format!("load execution `{id}`"))
                .map(|tables| {
                    let stored = tables.executions.get(id);
                    stored.map(|stored| stored.execution.clone())
                }),
        )
    }

    fn record(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionRecord>, StoreFault>> {
        ready(
            self.tables("read an execution")
                .map(|tables| tables.executions.get(id).map(Stored::record)),
        )
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>> {
        ready(
            self.tables("read an execution")
                .map(|tables| tables.executions.get(id).map(Stored::head)),
        )
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>> {
        let key = (function.clone(), name.clone());
        ready(self.tables("find an execution").map(|tables| {
            let id = tables.names.get(&key);
            id.map(|id| tables.executions[id].head())
        }))
    }

    fn find_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Result<Option<ExecutionRecord>, StoreFault>> {
        let key = (function.clone(), name.clone());
        ready(self.tables("find an execution").map(|tables| {
            let id = tables.names.get(&key);
            id.map(|id| tables.executions[id].record())
        }))
    }

    fn list(
        &self,
        filter: ExecutionFilter,
    ) -> StoreFuture<'_, Result<Vec<ExecutionHead>, StoreFault>> {
        ready(
            self.tables("list executions")
                .map(|tables| tables.list(&filter)),
        )
    }

    fn events(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        ready(
            self.tables("read events")
                .map(|tables| tables.events(id, page)),
        )
    }

    fn event_heads(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        ready(
            self.tables("read events")
                .map(|tables| tables.event_heads(id, page)),
        )
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        ready(
            self.tables("read events of an operation")
                .map(|tables| tables.operation_events(id, operation_id, page)),
        )
    }

    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, Result<SearchPage, StoreFault>> {
        ready(
            self.tables("look for executions")
                .map(|tables| tables.search(&search)),
        )
    }

    fn summary(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionSummary>, StoreFault>> {
        ready(self.tables("read an execution").map(|tables| {
            tables
                .executions
                .get(id)
                .map(|stored| ExecutionSummary::of(&stored.execution))
        }))
    }

    fn counts(&self) -> StoreFuture<'_, Result<Vec<ExecutionCount>, StoreFault>> {
        ready(
            self.tables("count executions")
                .map(|tables| tables.counts()),
        )
    }

    fn versions_needed(&self) -> StoreFuture<'_, Result<Vec<(FunctionName, Version)>, StoreFault>> {
        ready(
            self.tables("read which versions are needed")
                .map(|tables| tables.versions_needed()),
        )
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<OpenCallback>, StoreFault>> {
        ready(
            self.tables("read open callbacks")
                .map(|tables| tables.open_callbacks(function.as_ref(), after, limit)),
        )
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Result<Vec<OpenTimer>, StoreFault>> {
        ready(
            self.tables("read what comes due")
                .map(|tables| tables.open_timers(limit)),
        )
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Duration, StoreFault>> {
        ready(
            self.tables("read the time of invocations")
                .map(|tables| tables.invocation_time(id)),
        )
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<RecentInput>, StoreFault>> {
        ready(
            self.tables("read recent inputs")
                .map(|tables| tables.recent_inputs(function, limit)),
        )
    }

    fn stats(&self) -> StoreStats {
        StoreStats::default()
    }

    fn health(&self) -> StoreHealth {
        StoreHealth {
            trouble: self.tables("").err().map(|_| StoreTrouble::Closed),
            warnings: Vec::new(),
        }
    }

    fn deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>> {
        ready(self.tables("read deadlines").map(|tables| {
            let soonest = tables.deadlines.iter();
            let active = soonest.filter(|(_, id)| !tables.set_aside.contains_key(id));
            active.take(limit).cloned().collect()
        }))
    }

    fn waking_deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>> {
        ready(self.tables("read deadlines").map(|tables| {
            let has_ended = |id: &ExecutionId| {
                let state = &tables.executions[id].execution.state;
                let next = state.next_deadline.as_ref();
                next.is_some_and(|next| next.reason == DeadlineReason::RetentionElapsed)
            };
            let soonest = tables
                .deadlines
                .iter()
                .filter(|(_, id)| !has_ended(id) && !tables.set_aside.contains_key(id));
            soonest.take(limit).cloned().collect()
        }))
    }

    fn owing_work(&self, owner: Owner) -> StoreFuture<'_, Result<Vec<ExecutionId>, StoreFault>> {
        ready(self.tables("read what is owed").map(|tables| {
            let owes = |id: &&ExecutionId| {
                let state = &tables.executions[*id].execution.state;
                state.owes_work(owner) && !tables.set_aside.contains_key(*id)
            };
            tables.sequences.values().filter(owes).cloned().collect()
        }))
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("set an execution aside").map(|mut tables| {
            let id = record.execution_id.clone();
            tables.set_aside.insert(id, record);
        }))
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("take an execution back").map(|mut tables| {
            tables.set_aside.remove(id);
        }))
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Result<Vec<SetAside>, StoreFault>> {
        ready(
            self.tables("read what is set aside")
                .map(|tables| tables.set_aside.values().cloned().collect()),
        )
    }

    fn enqueue(
        &self,
        invocation: AsyncInvocation,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>> {
        ready(
            self.tables("accept an invocation")
                .map(|mut tables| tables.enqueue(invocation)),
        )
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>> {
        ready(self.tables("accept an invocation").map(|mut tables| {
            tables.schedule_marks.insert(mark.schedule.clone(), mark);
            tables.enqueue(invocation)
        }))
    }

    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("record a schedule").map(|mut tables| {
            tables.schedule_marks.insert(mark.schedule.clone(), mark);
        }))
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("forget a schedule").map(|mut tables| {
            tables.schedule_marks.remove(schedule);
        }))
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Result<Vec<ScheduleMark>, StoreFault>> {
        ready(
            self.tables("read schedules")
                .map(|tables| tables.schedule_marks.values().cloned().collect()),
        )
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("postpone an invocation").map(|mut tables| {
            if let Some(invocation) = tables.queue.get_mut(&id) {
                invocation.attempts = attempts;
                invocation.not_before = not_before;
            }
        }))
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("forget an invocation").map(|mut tables| {
            tables.queue.remove(&id);
        }))
    }

    fn bury(
        &self,
        id: AsyncInvocationId,
        letter: DeadLetter,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("bury an invocation").map(|mut tables| {
            tables.queue.remove(&id);
            tables.dead_letter_id_last += 1;
            let last = tables.dead_letter_id_last;
            tables.dead_letters.insert(DeadLetterId(last), letter);
            tables
                .dead_letters
                .retain(|id, _| id.0 > last - DEAD_LETTERS_MAX);
        }))
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(DeadLetterId, DeadLetter)>, StoreFault>> {
        ready(self.tables("read dead letters").map(|tables| {
            let newest_first = tables.dead_letters.iter().rev();
            let found = newest_first.filter(|(id, _)| before.is_none_or(|before| **id < before));
            let mut letters = Vec::new();
            let mut bytes = 0;
            for (id, letter) in found.take(limit.max(1)) {
                bytes += letter.invocation.payload.len();
                if bytes > DEAD_LETTER_BYTES_MAX && !letters.is_empty() {
                    break;
                }
                letters.push((*id, letter.clone()));
            }
            letters
        }))
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, Result<u64, StoreFault>> {
        ready(
            self.tables("count dead letters")
                .map(|tables| tables.dead_letters.len() as u64),
        )
    }

    fn queued(
        &self,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<QueuedInvocation>, StoreFault>> {
        ready(self.tables("read accepted invocations").map(|tables| {
            let queue = tables.queue.iter();
            queue
                .filter(|(id, _)| after.is_none_or(|after| **id > after))
                .take(limit.max(1))
                .map(|(id, invocation)| QueuedInvocation {
                    id: *id,
                    function: invocation.function.clone(),
                    version: invocation.version.clone(),
                    not_before: invocation.not_before,
                })
                .collect()
        }))
    }

    fn queued_invocation(
        &self,
        id: AsyncInvocationId,
    ) -> StoreFuture<'_, Result<Option<AsyncInvocation>, StoreFault>> {
        ready(
            self.tables("read an accepted invocation")
                .map(|tables| tables.queue.get(&id).cloned()),
        )
    }

    fn put_function_version(
        &self,
        record: FunctionVersionRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(
            self.tables("record a function version")
                .and_then(|mut tables| tables.put_function_version(record)),
        )
    }

    fn function_versions(&self) -> StoreFuture<'_, Result<Vec<FunctionVersionRecord>, StoreFault>> {
        ready(
            self.tables("read function versions")
                .map(|tables| tables.versions.values().cloned().collect()),
        )
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("record an alias").map(|mut tables| {
            let key = (record.function.clone(), record.name.clone());
            tables.aliases.insert(key, record);
        }))
    }

    fn aliases(&self) -> StoreFuture<'_, Result<Vec<AliasRecord>, StoreFault>> {
        ready(
            self.tables("read aliases")
                .map(|tables| tables.aliases.values().cloned().collect()),
        )
    }

    fn put_function_settings(
        &self,
        record: FunctionSettingsRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("record function settings").map(|mut tables| {
            tables.settings.insert(record.function.clone(), record);
        }))
    }

    fn function_settings(
        &self,
    ) -> StoreFuture<'_, Result<Vec<FunctionSettingsRecord>, StoreFault>> {
        ready(
            self.tables("read function settings")
                .map(|tables| tables.settings.values().cloned().collect()),
        )
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let key = (function.clone(), version.clone());
        ready(self.tables("forget a function version").map(|mut tables| {
            tables.versions.remove(&key);
        }))
    }

    fn delete_alias(
        &self,
        function: &FunctionName,
        name: &str,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let key = (function.clone(), name.to_owned());
        ready(self.tables("forget an alias").map(|mut tables| {
            tables.aliases.remove(&key);
        }))
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, Result<(), StoreFault>> {
        ready(self.tables("forget a function").map(|mut tables| {
            tables.versions.retain(|(name, _), _| name != function);
            tables.aliases.retain(|(name, _), _| name != function);
            tables.settings.remove(function);
        }))
    }

    fn close(&self) -> StoreFuture<'_, Result<(), StoreFault>> {
        // A second close finds nothing left to do.
        if let Ok(mut tables) = self.tables("close") {
            tables.closed = true;
        }
        ready(Ok(()))
    }
}
