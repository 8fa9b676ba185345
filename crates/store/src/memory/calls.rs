//! The calls of the trait, each done at once.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use engine::{Execution, Transition};
use model::{
    DeadlineReason, Event, ExecutionId, ExecutionName, FunctionName, OperationId, Owner, Timestamp,
    Version,
};

use crate::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, CallbackCursor, CommitError,
    DEAD_LETTER_BYTES_MAX, DEAD_LETTERS_MAX, DeadLetter, DeadLetterId, Durability, EventPage,
    ExecutionCount, ExecutionFilter, ExecutionHead, ExecutionRecord, ExecutionSearch,
    ExecutionSummary, FunctionSettingsRecord, FunctionVersionRecord, OpenCallback, OpenTimer,
    QueuedInvocation, RecentInput, ScheduleMark, SearchPage, SetAside, Store, StoreFault,
    StoreFuture, StoreHealth, StoreStats, StoreTrouble,
};

use super::{MemoryStore, Stored};

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
