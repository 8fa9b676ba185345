//! The queue of asynchronous invocations of plain functions, and its dead letters.

use model::{ErrorObject, FunctionName, RequestId, Shards, Timestamp, Version};

use crate::StoreFuture;

/// Asynchronous invocations that were accepted and are not done.
///
/// - **Ordered:** ids ascend in the order in which a server accepts, and are never reused. Paging by
///   id returns every invocation that was acknowledged before the first page was read.
/// - **No claims:** reading an invocation reserves nothing. Servers that share a queue must agree by
///   other means which of them runs it.
/// - **Idempotent** are [`postpone`](InvocationQueue::postpone) and
///   [`dequeue`](InvocationQueue::dequeue), which ignore an invocation that is gone. Each
///   [`enqueue`](InvocationQueue::enqueue) adds an invocation, each
///   [`bury`](InvocationQueue::bury) a dead letter.
pub trait InvocationQueue: Send + Sync + 'static {
    /// Accepts an asynchronous invocation.
    fn enqueue(&self, invocation: AsyncInvocation) -> StoreFuture<'_, AsyncInvocationId>;

    /// Accepted invocations of these shards that are not done, in order of id, after this one,
    /// without their payloads; at most `limit`, and at least one when there is one. An invocation
    /// is in the shard of its request id.
    fn queued(
        &self,
        of: Shards,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<QueuedInvocation>>;

    /// An accepted invocation, whole; `None` when it is done.
    fn queued_invocation(&self, id: AsyncInvocationId) -> StoreFuture<'_, Option<AsyncInvocation>>;

    /// Records a failed attempt: the invocation is due again at `not_before`.
    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, ()>;

    /// Forgets an asynchronous invocation that is done, well or not.
    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, ()>;

    /// Gives an asynchronous invocation up: it leaves the queue and becomes a dead letter, both or
    /// neither. At most [`DEAD_LETTERS_MAX`] are kept. One that is not in the queue any more was given
    /// up, or done, before: nothing changes.
    fn bury(&self, id: AsyncInvocationId, letter: DeadLetter) -> StoreFuture<'_, ()>;

    /// Dead letters, newest first, before this one: at most `limit`, and fewer where their events
    /// come to more than [`DEAD_LETTER_BYTES_MAX`]. Only the answer after the last one is empty.
    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(DeadLetterId, DeadLetter)>>;

    /// How many dead letters there are.
    fn dead_letter_count(&self) -> StoreFuture<'_, u64>;
}

/// Identifies an accepted asynchronous invocation; ascending in order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsyncInvocationId(pub i64);

/// An asynchronous invocation of a plain function that was accepted and is not done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncInvocation {
    /// The request id that the caller was given and every attempt carries.
    pub request_id: RequestId,
    /// The function.
    pub function: FunctionName,
    /// The version that the caller's qualifier meant when it was accepted.
    pub version: Version,
    /// The ARN as it was invoked, for the function's context.
    pub invoked_arn: String,
    /// The event.
    pub payload: Vec<u8>,
    /// JSON text of the client context.
    pub client_context: Option<String>,
    /// The X-Ray trace.
    pub trace_header: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Attempts that have failed.
    pub attempts: u32,
    /// Not before this instant: a retry waits.
    pub not_before: Timestamp,
}

/// An accepted invocation without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedInvocation {
    /// Which.
    pub id: AsyncInvocationId,
    /// The function.
    pub function: FunctionName,
    /// Its version.
    pub version: Version,
    /// Not before this instant: a retry waits.
    pub not_before: Timestamp,
}

/// Identifies a dead letter; ascending in order of burial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeadLetterId(pub i64);

/// An asynchronous invocation that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The invocation, with the attempts that were made.
    pub invocation: AsyncInvocation,
    /// When it was given up.
    pub buried_at: Timestamp,
    /// Why: `RetriesExhausted` or `EventAgeExceeded`, as Lambda names it in a destination record.
    pub condition: String,
    /// How the last attempt failed; `None` when there was no attempt.
    pub error: Option<ErrorObject>,
}

/// Dead letters that a store keeps: a function that fails on everything must not fill the disk. The
/// oldest go first.
pub const DEAD_LETTERS_MAX: i64 = 10_000;

/// Bytes of events in one reading of dead letters, about: one is given however large it is.
pub const DEAD_LETTER_BYTES_MAX: usize = 4 * 1024 * 1024;
