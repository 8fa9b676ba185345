//! The durable context: where a handler's operations begin.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lambda_api::OperationType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::{Batch, IntoBranch};
use crate::callback::{CallbackId, CreateCallback, WaitForCallback};
use crate::child::ChildContext;
use crate::condition::{WaitForCondition, WaitStrategy};
use crate::error::BoxError;
use crate::execution::Execution;
use crate::invoke::Invoke;
use crate::operation::{Operation, is_terminal};
use crate::operation_id::{Claim, OperationId, OperationSpec};
use crate::step::{DurableStep, Step};
use crate::step_context::StepContext;
use crate::wait::Wait;
use crate::with_retry::WithRetry;

/// Where durable operations are called from: the handler's second argument, and the argument of every child context.
///
/// Operations are lazy: each method claims the operation's place in the program, and what it returns does nothing
/// until it is awaited. The order of the *calls* must be the same in every invocation of an execution.
///
/// A context is cheap to clone. It belongs to the task that runs the handler: for concurrency within an execution use
/// [`parallel`](Self::parallel), [`map`](Self::map), [`try_join_all`](Self::try_join_all) or `tokio::join!`, not
/// `tokio::spawn` (inside a step's body anything goes).
///
/// # Whatever comes first
///
/// `tokio::select!` over durable operations is a trap. Which one it takes is decided by what ends first and by chance,
/// and recorded nowhere: when the handler is replayed all of them may have ended, it may take another, and the
/// execution ends with `NonDeterministicExecutionError`, or worse, goes another way unnoticed. The same holds for
/// whatever else drops operations half-way, such as `tokio::try_join!` and `tokio::time::timeout`.
/// [`race`](Self::race), [`select_ok`](Self::select_ok) and [`try_join_all`](Self::try_join_all) do the same and record
/// what came first.
///
/// The SDK cannot forbid it, but sees when an operation is dropped after it has begun: if the invocation then ends with
/// more to come, a warning names the operation. `tokio::select!` is safe where nothing is replayed after it: when the
/// handler ends without another suspension, or within a child context that has ended.
///
/// # Work of the handler's own
///
/// I/O belongs into steps. What a handler awaits itself, beside durable operations, is repeated in every invocation.
/// While such work is under way the handler is not suspended, even if its operations can do no more, until the
/// deadline of the invocation is a second away. Inside of `FuturesUnordered` (`buffer_unordered`, and `join_all` of the
/// crate `futures` for more than 30 futures) it cannot be told from operations, and gets a second to make progress.
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

    /// Runs `step` once and records its result; later invocations get the record.
    ///
    /// `step` is a call of a function marked [`durable_step`](crate::durable_step), or a closure that takes a
    /// [`StepContext`]. Its attempts are repeated under the step's retry strategy.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, StepContext};
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let total = ctx
    ///     .step(|_: StepContext| async { Ok::<_, BoxError>(40 + 2) })
    ///     .name("add")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn step<'a, S: DurableStep + 'a>(&self, step: S) -> Step<'a, S, S::Output> {
        Step::new(self, step)
    }

    /// Suspends for at least `duration`, which is rounded up to whole seconds (1 second to 366 days).
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn handler(ctx: lambdura::DurableContext) -> Result<(), lambdura::BoxError> {
    /// ctx.wait(Duration::from_secs(3600)).name("cool-down").await?;
    /// # Ok(()) }
    /// ```
    pub fn wait(&self, duration: Duration) -> Wait {
        Wait::new(self, duration)
    }

    /// Creates a callback: an id under which something outside completes it, and a handle to await its result.
    ///
    /// The result is read as JSON; see [`Callback::raw`](crate::Callback::raw) for the text itself.
    ///
    /// ```no_run
    /// # async fn handler(ctx: lambdura::DurableContext) -> Result<(), lambdura::BoxError> {
    /// let callback = ctx.create_callback::<u32>().name("answer").await?;
    /// println!("complete me as {}", callback.id());
    /// let answer = callback.await?;
    /// # Ok(()) }
    /// ```
    pub fn create_callback<T: DeserializeOwned + Send>(&self) -> CreateCallback<T> {
        CreateCallback::new(self)
    }

    /// Creates a callback, hands its id to `submitter` (a step), and waits for its result.
    ///
    /// The result is read as JSON; see [`WaitForCallback::raw`] for the text itself.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, CallbackId, DurableContext, StepContext};
    /// # use std::time::Duration;
    /// # async fn send_mail(_: &str) -> Result<(), BoxError> { Ok(()) }
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let approved: bool = ctx
    ///     .wait_for_callback("approval", |callback_id: CallbackId, _: StepContext| async move {
    ///         send_mail(callback_id.as_str()).await
    ///     })
    ///     .timeout(Duration::from_secs(30 * 60))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn wait_for_callback<'a, T, F, Fut, E>(
        &self,
        name: impl Into<String>,
        submitter: F,
    ) -> WaitForCallback<'a, T>
    where
        T: DeserializeOwned + Send,
        F: Fn(CallbackId, StepContext) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<(), E>> + Send + 'a,
        E: Into<BoxError>,
    {
        WaitForCallback::new(self, name.into(), submitter)
    }

    /// Invokes another function, durable or not, and waits for its result.
    ///
    /// `function_name` is a name, `name:qualifier` or ARN in the same account and region; durable functions need a
    /// qualifier. The payload and the result are JSON, of at most 1 MiB each.
    ///
    /// ```no_run
    /// # async fn handler(ctx: lambdura::DurableContext) -> Result<(), lambdura::BoxError> {
    /// let price: f64 = ctx.invoke("pricing:live", &"book").name("price").await?;
    /// # Ok(()) }
    /// ```
    pub fn invoke<P, T>(&self, function_name: impl Into<String>, payload: &P) -> Invoke<T>
    where
        P: Serialize + ?Sized,
        T: DeserializeOwned + Send,
    {
        Invoke::new(self, function_name.into(), payload)
    }

    /// Runs `body` with a context of its own, and records its result as one operation around those inside.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext};
    /// # use std::time::Duration;
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let total: u32 = ctx
    ///     .run_in_child_context("settle", |ctx| async move {
    ///         ctx.wait(Duration::from_secs(1)).await?;
    ///         Ok::<_, BoxError>(42)
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn run_in_child_context<'a, T, F, Fut, E>(
        &self,
        name: impl Into<String>,
        body: F,
    ) -> ChildContext<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        F: FnOnce(DurableContext) -> Fut + Send + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
        E: Into<BoxError> + 'a,
    {
        ChildContext::new(self, name.into(), body)
    }

    /// Runs branches concurrently, each in a child context of its own.
    ///
    /// Branches are [`branch`](crate::branch)es, which can have names, or closures that take a [`DurableContext`].
    /// The first failure ends the whole unless the [completion](Batch::completion) says otherwise.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, StepContext, branch};
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let squares: Vec<u32> = ctx
    ///     .parallel([1, 2, 3].map(|number| {
    ///         branch(move |ctx| async move {
    ///             ctx.step(move |_: StepContext| async move { Ok::<u32, BoxError>(number * number) }).await
    ///         })
    ///     }))
    ///     .await?
    ///     .into_results()?;
    /// # Ok(()) }
    /// ```
    pub fn parallel<'a, T, B>(&self, branches: impl IntoIterator<Item = B>) -> Batch<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        B: IntoBranch<'a, T>,
    {
        Batch::parallel(self, branches)
    }

    /// Runs `body` for every item concurrently, each in a child context of its own.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, StepContext};
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let lengths: Vec<usize> = ctx
    ///     .map(["a", "bb"], |ctx, item| async move {
    ///         ctx.step(move |_: StepContext| async move { Ok::<_, BoxError>(item.len()) }).await
    ///     })
    ///     .name("measure")
    ///     .max_concurrency(10)
    ///     .await?
    ///     .into_results()?;
    /// # Ok(()) }
    /// ```
    pub fn map<'a, T, I, F, Fut, E>(
        &self,
        items: impl IntoIterator<Item = I>,
        body: F,
    ) -> Batch<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        I: Send + 'a,
        F: Fn(DurableContext, I) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
        E: Into<BoxError> + 'a,
    {
        Batch::map(self, items, body)
    }

    /// Checks again and again until a condition is met; between the checks the execution is suspended.
    ///
    /// `check` gets the state that the last check returned (`initial_state` at first), and `strategy` decides on the
    /// new one whether to go on: a [`wait_strategy`](crate::wait_strategy), or a closure.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, StepContext, wait_strategy};
    /// # async fn progress() -> Result<u32, BoxError> { Ok(100) }
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// let percent = ctx
    ///     .wait_for_condition(
    ///         0,
    ///         |_, _: StepContext| async { progress().await },
    ///         wait_strategy(|percent: &u32| *percent >= 100),
    ///     )
    ///     .name("import")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn wait_for_condition<'a, T, F, Fut, E>(
        &self,
        initial_state: T,
        check: F,
        strategy: impl WaitStrategy<T> + 'a,
    ) -> WaitForCondition<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        F: Fn(T, StepContext) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
        E: Into<BoxError> + 'a,
    {
        WaitForCondition::new(self, initial_state, check, strategy)
    }

    /// Runs `body`, several operations, with a context of its own, and again from the start if it fails.
    ///
    /// Every attempt gets a context of its own, so nothing that a failed one recorded is taken for the next one's.
    /// They are recorded as child contexts `attempt-1`, `attempt-2`, …, with waits `retry-delay-1`, … in between; the
    /// execution is suspended meanwhile. Without a [strategy](WithRetry::retry) it is retried as a step is.
    /// When the strategy gives up the operation fails with the error of the last attempt.
    ///
    /// ```no_run
    /// # use lambdura::{BoxError, DurableContext, RetryStrategy, StepContext};
    /// # async fn quote() -> Result<u32, BoxError> { Ok(17) }
    /// # async fn book(_: u32) -> Result<String, BoxError> { Ok("booked".to_owned()) }
    /// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
    /// // If the booking fails, because the quote has expired, both steps run again.
    /// let receipt: String = ctx
    ///     .with_retry(|ctx| async move {
    ///         let quote = ctx.step(|_: StepContext| quote()).name("quote").await?;
    ///         let booked = ctx.step(move |_: StepContext| book(quote)).name("book");
    ///         Ok::<_, BoxError>(booked.retry(RetryStrategy::none()).await?)
    ///     })
    ///     .name("reserve")
    ///     .retry(RetryStrategy::exponential().max_attempts(4))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn with_retry<'a, T, F, Fut, E>(&self, body: F) -> WithRetry<'a, T>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        F: Fn(DurableContext) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
        E: Into<BoxError> + 'a,
    {
        WithRetry::new(self, body)
    }

    /// Whether the code between two operations has run in an earlier invocation.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.inner.is_replaying.load(Ordering::Relaxed)
    }

    /// The ARN of the execution.
    #[must_use]
    pub fn execution_arn(&self) -> &str {
        &self.inner.execution.arn
    }

    /// The Lambda request id of this invocation.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.inner.execution.request_id
    }

    /// Time until this invocation is cut off; `None` when it is not.
    #[must_use]
    pub fn remaining_time(&self) -> Option<Duration> {
        self.inner.execution.remaining_time()
    }

    pub(crate) fn execution(&self) -> &Arc<Execution> {
        &self.inner.execution
    }

    /// The operation this context is the inside of.
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

    /// Looks up what is recorded of an operation of this context, and notes whether replay ends with it.
    pub(crate) async fn look_up(&self, spec: &OperationSpec) -> Option<Arc<Operation>> {
        let recorded = self.look_up_quietly(spec).await;
        self.note_replay(recorded.as_deref());
        recorded
    }

    /// Looks up what is recorded of an operation whose outcome is not asked for yet.
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

    /// What follows an operation with this record has run before only if the record is terminal and not news.
    pub(crate) fn note_replay(&self, recorded: Option<&Operation>) {
        let is_old = recorded.is_some_and(|operation| {
            is_terminal(operation) && !self.inner.execution.is_news(operation)
        });
        if !is_old {
            self.inner.is_replaying.store(false, Ordering::Relaxed);
        }
    }
}
