//! The durable context: where a handler's operations begin.
//!
//! This file has what all operations need: their places in the program, and their records. The method of each operation
//! is in that operation's own file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lambda_api::OperationType;

use crate::error::Failure;
use crate::execution::Execution;
use crate::operation::{Operation, is_terminal};
use crate::operation_id::{Claim, OperationId, OperationSpec};

/// The methods of a context are the durable operations. It is the handler's second argument, and the argument of every
/// child context.
///
/// Operations are lazy: each method claims the operation's place in the program, and the future that it returns does
/// nothing until it is awaited. The order of the *calls* must be the same in every invocation of an execution.
///
/// A context is cheap to clone. It belongs to the task that runs the handler: for concurrency within an execution use
/// [`parallel`](Self::parallel), [`map`](Self::map), [`try_join_all`](Self::try_join_all) or `tokio::join!`, not
/// `tokio::spawn` (inside a step's body both are allowed).
///
/// # Whatever comes first
///
/// `tokio::select!` over durable operations is a trap. It takes the one that ends first, or a random one of those that
/// have ended, and records nothing: when the handler is replayed, all of them may have ended and it may take another.
/// Then the execution fails with `NonDeterministicExecutionError` or, worse, takes another path unnoticed. The same
/// applies to everything else that drops operations half-way, such as `tokio::try_join!` and `tokio::time::timeout`.
/// [`race`](Self::race), [`select_ok`](Self::select_ok) and [`try_join_all`](Self::try_join_all) do the same and record
/// which operation came first.
///
/// The SDK cannot forbid this, but it notices an operation that is dropped after it has begun: if the invocation then
/// suspends, a warning names the operation. `tokio::select!` is safe if nothing is replayed after it: when the handler
/// ends without suspending again, or within a child context that has ended.
///
/// # Other work in the handler
///
/// I/O belongs in steps. Everything that a handler awaits besides durable operations is repeated in every invocation.
/// While such work is running, the handler is not suspended, even if its operations can only wait, until the deadline
/// of the invocation is a second away. Inside `FuturesUnordered` (`buffer_unordered`, and `join_all` of the crate
/// `futures` for more than 30 futures) the SDK cannot distinguish it from operations, and gives the work a second to
/// make progress.
///
/// # Cancellation
///
/// When the handler can go no further without something from outside, the SDK drops its future at the `.await` and
/// ends the invocation; the next one replays from the top. Code that must run is code after a completed `.await`,
/// not a destructor.
#[derive(Clone, Debug)]
pub struct DurableContext {
    inner: Arc<ContextInner>,
}

#[derive(Debug)]
struct ContextInner {
    execution: Arc<Execution>,
    path: Option<String>,
    /// The nearest enclosing context that is recorded.
    id: Option<OperationId>,
    /// The context's own result is recorded, and its body runs only to rebuild a result too large to store.
    is_completed: bool,
    operations: AtomicU64,
    is_replaying: AtomicBool,
}

impl DurableContext {
    pub(crate) fn root(execution: &Arc<Execution>) -> Self {
        Self {
            inner: Arc::new(ContextInner {
                execution: Arc::clone(execution),
                path: None,
                id: None,
                is_completed: false,
                operations: AtomicU64::new(0),
                is_replaying: AtomicBool::new(execution.has_history),
            }),
        }
    }

    /// The context inside the recorded operation `claim`.
    pub(crate) fn child(&self, claim: &Claim, recorded: Option<&Operation>) -> Self {
        let is_completed = recorded.is_some_and(is_terminal);
        Self {
            inner: Arc::new(ContextInner {
                execution: Arc::clone(&self.inner.execution),
                path: Some(claim.path.clone()),
                id: Some(claim.id.clone()),
                is_completed: is_completed || self.inner.is_completed,
                operations: AtomicU64::new(0),
                is_replaying: AtomicBool::new(recorded.is_some()),
            }),
        }
    }

    /// The context inside `claim`, which leaves no record: its operations are recorded as this context's own.
    pub(crate) fn virtual_child(&self, claim: &Claim) -> Self {
        Self {
            inner: Arc::new(ContextInner {
                execution: Arc::clone(&self.inner.execution),
                path: Some(claim.path.clone()),
                id: self.inner.id.clone(),
                is_completed: self.inner.is_completed,
                operations: AtomicU64::new(0),
                is_replaying: AtomicBool::new(self.is_replaying()),
            }),
        }
    }

    /// Whether the code that runs now has already run in an earlier invocation.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.inner.is_replaying.load(Ordering::Relaxed)
    }

    /// The ARN of the execution.
    #[must_use]
    pub fn execution_arn(&self) -> &str {
        &self.inner.execution.arn
    }

    /// The id of the operation that this context belongs to; `None` in the handler's own context.
    ///
    /// It is the id in the event history, and the `parent_id` of operations called on this context.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext};
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// assert!(ctx.operation_id().is_none());
    /// ctx.run_in_child_context("settle", |ctx| async move {
    ///     assert!(ctx.operation_id().is_some());
    ///     Ok::<_, BoxError>(())
    /// })
    /// .await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn operation_id(&self) -> Option<&str> {
        self.inner.id.as_ref().map(OperationId::as_str)
    }

    /// The Lambda request id of this invocation.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.inner.execution.request_id
    }

    /// Time until this invocation is cut off; `None` if it has no deadline.
    #[must_use]
    pub fn remaining_time(&self) -> Option<Duration> {
        self.inner.execution.remaining_time()
    }

    pub(crate) fn execution(&self) -> &Arc<Execution> {
        &self.inner.execution
    }

    /// The id of the operation that this context belongs to.
    pub(crate) fn id(&self) -> Option<&OperationId> {
        self.inner.id.as_ref()
    }

    /// Takes the next place in this context.
    pub(crate) fn claim(&self, r#type: OperationType, sub_type: &'static str) -> OperationSpec {
        let number = self.inner.operations.fetch_add(1, Ordering::Relaxed) + 1;
        OperationSpec {
            claim: Claim::new(self.inner.path.as_deref(), number),
            parent_id: self.inner.id.clone(),
            r#type,
            sub_type,
            name: None,
        }
    }

    /// Rejects operations that the service would reject, or that would wait forever, before anything is recorded.
    pub(crate) fn check(&self, spec: &OperationSpec) -> Result<(), Failure> {
        self.inner.execution.check_task()?;
        spec.check_name()
    }

    /// Looks up the record of an operation of this context, and notes whether replay ends with it.
    pub(crate) async fn look_up(&self, spec: &OperationSpec) -> Option<Arc<Operation>> {
        let recorded = self.look_up_quietly(spec).await;
        self.note_replay(recorded.as_deref());
        recorded
    }

    /// Looks up the record of an operation whose outcome is not needed yet.
    pub(crate) async fn look_up_quietly(&self, spec: &OperationSpec) -> Option<Arc<Operation>> {
        let recorded = self.inner.execution.look_up(spec).await;
        if recorded.is_none() {
            if self.inner.is_completed {
                let what = format!("operation {spec} is new in a context that has completed");
                return self.inner.execution.fail_execution(what).await;
            }
            self.note_replay(None);
        }
        recorded
    }

    /// Code after an operation with this record has run before only if the record is terminal and not news.
    pub(crate) fn note_replay(&self, recorded: Option<&Operation>) {
        let is_old = recorded.is_some_and(|operation| {
            is_terminal(operation) && !self.inner.execution.is_news(operation)
        });
        if !is_old {
            self.inner.is_replaying.store(false, Ordering::Relaxed);
        }
    }
}
