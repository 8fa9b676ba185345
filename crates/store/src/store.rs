//! The promises that every store keeps.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use engine::{Execution, Transition};
use model::{
    Event, ExecutionId, ExecutionName, FunctionName, OperationId, Owner, Timestamp, Version,
};

use crate::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, CallbackCursor, CommitError, DeadLetter,
    DeadLetterId, Durability, EventPage, ExecutionCount, ExecutionFilter, ExecutionHead,
    ExecutionRecord, ExecutionSearch, ExecutionSummary, FunctionSettingsRecord,
    FunctionVersionRecord, LogLine, LogPage, LogQuery, OpenCallback, OpenTimer, QueuedInvocation,
    RecentInput, ScheduleMark, SearchPage, Segment, SetAside, StoreFault, StoreHealth, StoreStats,
};

/// The future of a store call. Dropping it does not undo the call: what was handed over is done.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where executions live. Narrow on purpose: each method is a promise that several stores keep.
///
/// Correctness rests on this:
/// - **Atomic:** a transition is written whole or not at all, whatever happens in between.
/// - **Durable:** when a writing call's future is ready with `Ok`, its records survive what
///   [`Store::durability`] says. Until then nobody may act on them.
/// - **In order:** writes handed over one after the other are carried out one after the other, also
///   when nobody awaits the first before the second is handed over.
/// - **Each for itself:** a write that fails or is refused takes no other with it, whoever that came
///   from and however the store groups them. A caller whose second write makes sense only after the
///   first awaits the first; transitions are fenced besides.
/// - **Fenced:** a transition made from version *n* is refused unless *n* is the stored version.
/// - **Read your writes:** after a write's future is ready, every read sees it.
pub trait Store: Send + Sync + 'static {
    /// What an acknowledged write survives.
    fn durability(&self) -> Durability;

    /// Writes a transition: state, operations, events; or removes the execution with everything of
    /// it when the transition says so. It is handed over by the call, not by the first poll. One
    /// that changes nothing ([`Transition::is_empty`]) is fenced and takes its turn like any other.
    ///
    /// # Errors
    /// [`CommitError::VersionConflict`] when the execution is not at `from_version`,
    /// [`CommitError::NameTaken`] when a start's name is in use within the function,
    /// [`CommitError::Fault`] when the store fails.
    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, Result<(), CommitError>>;

    /// The whole execution; none when there is no such one.
    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<Execution>, StoreFault>>;

    /// The execution without its operations.
    fn record(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionRecord>, StoreFault>>;

    /// What a check needs of the execution; none when there is no such one.
    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>>;

    /// As [`Store::head`], of the execution of this function with this name.
    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>>;

    /// A page of executions. As in every list, a row that cannot be decoded is left out, counted in
    /// [`StoreStats::unreadable_rows`] and said in [`StoreHealth::warnings`].
    fn list(
        &self,
        filter: ExecutionFilter,
    ) -> StoreFuture<'_, Result<Vec<ExecutionHead>, StoreFault>>;

    /// A page of an execution's event history: until its limit or its bytes are reached.
    fn events(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>>;

    /// As [`Store::events`], without payloads and with errors cut: [`event_head`](crate::event_head).
    fn event_heads(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>>;

    /// The events about one operation: as [`Store::events`], oldest first whatever the page says.
    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>>;

    /// Looks for executions, newest first: in the order in which they started or were recorded,
    /// which are the same but for starts in the same moment.
    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, Result<SearchPage, StoreFault>>;

    /// The execution without payloads.
    fn summary(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionSummary>, StoreFault>>;

    /// How many executions there are, by function, version and status. Costs the same however many
    /// there are.
    fn counts(&self) -> StoreFuture<'_, Result<Vec<ExecutionCount>, StoreFault>>;

    /// Versions of functions that something open needs: executions that have not ended, their open
    /// chained invokes, and accepted asynchronous invocations. Each once, in no particular order.
    fn versions_needed(&self) -> StoreFuture<'_, Result<Vec<(FunctionName, Version)>, StoreFault>>;

    /// Callbacks that are open, those of older executions first, after this one.
    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<OpenCallback>, StoreFault>>;

    /// What comes due next in executions that have not ended, soonest first.
    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Result<Vec<OpenTimer>, StoreFault>>;

    /// How long invocations of the execution that have ended took together.
    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Duration, StoreFault>>;

    /// Inputs that a function was given last, newest first, of at most
    /// [`RECENT_INPUT_BYTES_MAX`](crate::RECENT_INPUT_BYTES_MAX) each.
    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<RecentInput>, StoreFault>>;

    /// What the store has done since it was opened.
    fn stats(&self) -> StoreStats;

    /// Whether commits become durable and reads are answered, as far as can be told without waiting:
    /// what `/readyz` answers. A store whose commits failed tries one by itself when it is asked, so
    /// that it is found healthy again although nobody commits.
    fn health(&self) -> StoreHealth;

    /// The soonest deadlines, at most `limit`, soonest first.
    fn deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>>;

    /// As [`Store::deadlines`], only of executions that have not ended: without those that are due to be
    /// removed for their age.
    fn waking_deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>>;

    /// Executions that a server takes up when it starts as `owner`, oldest record first: those with
    /// an active invocation that another run owns, and those with open chained invokes. All of them at
    /// once: they are a snapshot, which what begins afterwards does not add to.
    fn owing_work(&self, owner: Owner) -> StoreFuture<'_, Result<Vec<ExecutionId>, StoreFault>>;

    /// Sets an execution aside: [`Store::deadlines`] and [`Store::owing_work`] leave it out from here
    /// on. One that is set aside already gets the new reason.
    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Ends what [`Store::set_aside`] began, if the execution is set aside.
    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// All executions that are set aside, in order of id.
    fn executions_set_aside(&self) -> StoreFuture<'_, Result<Vec<SetAside>, StoreFault>>;

    /// Accepts an asynchronous invocation of a plain function.
    fn enqueue(
        &self,
        invocation: AsyncInvocation,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>>;

    /// As [`Store::enqueue`] for an occurrence of a schedule, with the schedule's new mark: both or
    /// neither.
    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>>;

    /// Records how far a schedule has come.
    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Forgets a schedule, by its ARN, if there is such a one.
    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// How far all schedules have come, by ARN.
    fn schedule_marks(&self) -> StoreFuture<'_, Result<Vec<ScheduleMark>, StoreFault>>;

    /// Records a failed attempt: the invocation is due again at `not_before`.
    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Forgets an asynchronous invocation that is done, well or not.
    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Gives an asynchronous invocation up: it leaves the queue and becomes a dead letter, both or
    /// neither. At most [`DEAD_LETTERS_MAX`](crate::DEAD_LETTERS_MAX) are kept.
    fn bury(
        &self,
        id: AsyncInvocationId,
        letter: DeadLetter,
    ) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Dead letters, newest first, before this one: at most `limit`, and fewer where their events
    /// come to more than [`DEAD_LETTER_BYTES_MAX`](crate::DEAD_LETTER_BYTES_MAX). Only the answer
    /// after the last one is empty.
    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(DeadLetterId, DeadLetter)>, StoreFault>>;

    /// How many dead letters there are.
    fn dead_letter_count(&self) -> StoreFuture<'_, Result<u64, StoreFault>>;

    /// Accepted invocations that are not done, in order of id, after this one, without what they
    /// carry.
    fn queued(
        &self,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<QueuedInvocation>, StoreFault>>;

    /// An accepted invocation, whole; none when it is done.
    fn queued_invocation(
        &self,
        id: AsyncInvocationId,
    ) -> StoreFuture<'_, Result<Option<AsyncInvocation>, StoreFault>>;

    /// Records a version of a function; an existing `$LATEST` is replaced, a published version is
    /// not and must not be given again.
    fn put_function_version(
        &self,
        record: FunctionVersionRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// All versions of all functions, by function and version.
    fn function_versions(&self) -> StoreFuture<'_, Result<Vec<FunctionVersionRecord>, StoreFault>>;

    /// Points an alias to a version.
    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// All aliases of all functions.
    fn aliases(&self) -> StoreFuture<'_, Result<Vec<AliasRecord>, StoreFault>>;

    /// Records what holds for a function whatever its version.
    fn put_function_settings(
        &self,
        record: FunctionSettingsRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// The settings of all functions that have any, by function.
    fn function_settings(&self)
    -> StoreFuture<'_, Result<Vec<FunctionSettingsRecord>, StoreFault>>;

    /// Forgets a version, if there is such a one.
    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Forgets an alias, if there is such a one.
    fn delete_alias(
        &self,
        function: &FunctionName,
        name: &str,
    ) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Forgets a function with its versions, aliases and settings, all or nothing. Its executions
    /// stay.
    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, Result<(), StoreFault>>;

    /// Finishes what was handed over and releases the files. Later calls fail.
    fn close(&self) -> StoreFuture<'_, Result<(), StoreFault>>;
}

/// Where log lines and traces live: useful, bounded, and never in the way of an execution. A crash
/// may lose the last moments.
pub trait LogStore: Send + Sync + 'static {
    /// Takes lines; returns at once. When the writer cannot keep up, lines are dropped and counted,
    /// and a line that says how many takes their place.
    fn append(&self, lines: Vec<LogLine>);

    /// Takes a segment; returns at once.
    fn append_segment(&self, segment: Segment);

    /// A page of numbered lines. Sees every line that was appended before the call.
    fn lines(&self, query: LogQuery) -> StoreFuture<'_, Result<LogPage, StoreFault>>;

    /// The newest segments of a trace, at most `limit` and at most `bytes_max` of documents (but one
    /// at least), in order of arrival; of all traces when none is named.
    fn segments(
        &self,
        trace_id: Option<String>,
        limit: usize,
        bytes_max: usize,
    ) -> StoreFuture<'_, Result<Vec<Segment>, StoreFault>>;
}
