//! Steps: user code whose result is recorded.

use std::future::{Future, IntoFuture};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use lambda_api::{OperationAction, OperationStatus, OperationType, StepOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::context::DurableContext;
use crate::current;
use crate::error::{BoxError, Failure, FailureKind, StepError};
use crate::operation::Operation;
use crate::operation_id::OperationSpec;
use crate::retry::RetryStrategy;
use crate::serdes::{Codec, SerDes, SerDesContext};
use crate::step_context::StepContext;
use crate::unfinished::Unfinished;

/// Code that can run as a step.
///
/// Calls of functions marked [`durable_step`](crate::durable_step) are steps, and so are closures that take a
/// [`StepContext`] and return a future.
/// A step may run more than once: once per attempt.
pub trait DurableStep: Send + Sync {
    /// The step's result, which is stored as JSON.
    type Output: Serialize + DeserializeOwned + Send;
    /// The step's error.
    type Error: Into<BoxError>;

    /// The name of the operation, unless [`Step::name`] gives another.
    fn name(&self) -> Option<&str> {
        None
    }

    /// Runs one attempt.
    fn run(
        &self,
        context: StepContext,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

impl<F, Fut, T, E> DurableStep for F
where
    F: Fn(StepContext) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Serialize + DeserializeOwned + Send,
    E: Into<BoxError>,
{
    type Output = T;
    type Error = E;

    fn run(&self, context: StepContext) -> impl Future<Output = Result<T, E>> + Send {
        self(context)
    }
}

/// A step with a name; [`durable_step`](crate::durable_step) functions return one.
///
/// Every attempt gets a clone of the function's arguments, so they must be `Clone`:
///
/// ```compile_fail,E0277
/// # use lambdura::{BoxError, StepContext, durable_step};
/// struct Card;
///
/// #[durable_step]
/// async fn charge(_: StepContext, card: Card) -> Result<(), BoxError> { Ok(()) }
/// ```
///
/// Results are recorded as JSON, so they must be serialisable both ways:
///
/// ```compile_fail,E0277
/// # use lambdura::{BoxError, StepContext, durable_step};
/// struct Receipt;
///
/// #[durable_step]
/// async fn charge(_: StepContext) -> Result<Receipt, BoxError> { Ok(Receipt) }
/// ```
#[derive(Debug)]
pub struct NamedStep<F> {
    name: &'static str,
    step: F,
}

impl<F> NamedStep<F> {
    /// Gives `step` a name.
    pub fn new(name: &'static str, step: F) -> Self {
        Self { name, step }
    }
}

impl<F, Fut, T, E> DurableStep for NamedStep<F>
where
    F: Fn(StepContext) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Serialize + DeserializeOwned + Send,
    E: Into<BoxError>,
{
    type Output = T;
    type Error = E;

    fn name(&self) -> Option<&str> {
        Some(self.name)
    }

    fn run(&self, context: StepContext) -> impl Future<Output = Result<T, E>> + Send {
        (self.step)(context)
    }
}

impl DurableContext {
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
        let mut spec = self.claim(OperationType::Step, "Step");
        spec.name = step.name().map(str::to_owned);
        Step {
            context: self.clone(),
            spec,
            step,
            policy: StepPolicy::default(),
            codec: Codec::Json,
        }
    }
}

/// A step that was called and not awaited yet; see [`DurableContext::step`].
// `T` is the step's output. As a parameter of its own it keeps `S: DurableStep` out of the struct: the compiler would
// have to prove such a bound for closures whose lifetimes it has erased, which it cannot do.
#[derive(Debug)]
#[must_use = "a step does nothing until it is awaited"]
pub struct Step<'a, S, T> {
    context: DurableContext,
    spec: OperationSpec,
    step: S,
    policy: StepPolicy,
    codec: Codec<'a, T>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct StepPolicy {
    pub(crate) retry: RetryStrategy,
    pub(crate) at_most_once: bool,
}

impl<'a, S: DurableStep<Output = T> + 'a, T> Step<'a, S, T> {
    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// Decides whether and when a failed attempt is followed by another.
    pub fn retry(mut self, strategy: RetryStrategy) -> Self {
        self.policy.retry = strategy;
        self
    }

    /// Never runs an attempt twice: an attempt that was interrupted counts as failed, with
    /// [`FailureKind::Interrupted`], and the retry strategy decides.
    ///
    /// Without this an interrupted attempt runs again. Both apply per attempt, not to the step as a whole.
    pub fn at_most_once(mut self) -> Self {
        self.policy.at_most_once = true;
        self
    }

    /// Reads and writes the result with `serdes` instead of serde's JSON.
    pub fn serdes(mut self, serdes: impl SerDes<T> + 'a) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }
}

impl<'a, S, T> IntoFuture for Step<'a, S, T>
where
    S: DurableStep<Output = T> + 'a,
    T: Serialize + DeserializeOwned + Send + 'a,
{
    type Output = Result<T, StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let step = &self.step;
            let body = move |attempt| async move {
                let ran = step.run(attempt).await;
                ran.map_err(|error| Failure::from_user(error, StepError::WIRE_TYPE))
            };
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let ran = run_step(&self.context, &self.spec, &self.policy, &self.codec, body).await;
            unfinished.finish();
            ran.map_err(|failure| StepError::new(self.spec.name.as_deref(), failure))
        })
    }
}

pub(crate) async fn run_step<T, F, Fut>(
    context: &DurableContext,
    spec: &OperationSpec,
    policy: &StepPolicy,
    codec: &Codec<'_, T>,
    body: F,
) -> Result<T, Failure>
where
    T: Serialize + DeserializeOwned + Send,
    F: Fn(StepContext) -> Fut,
    Fut: Future<Output = Result<T, Failure>> + Send,
{
    let execution = context.execution();
    context.check(spec)?;
    let mut recorded = context.look_up(spec).await;
    loop {
        let attempt = next_attempt(recorded.as_deref());
        let status = recorded.as_deref().map(|operation| &operation.status);
        let outcome = match status {
            Some(OperationStatus::Succeeded) => {
                let result = recorded_result(recorded.as_deref());
                return codec.decode(result, SerDesContext::new(context, spec));
            }
            Some(OperationStatus::Pending) => {
                recorded = Some(execution.park(spec, is_pending).await);
                continue;
            }
            Some(OperationStatus::Started) if policy.at_most_once => {
                Err(Failure::interrupted(format!(
                    "attempt {attempt} of step {} was interrupted, and may or may not have had an effect",
                    spec.name.as_deref().unwrap_or("(unnamed)")
                )))
            }
            Some(OperationStatus::Started) => {
                run_attempt(context, spec, codec, &body, attempt).await
            }
            None | Some(OperationStatus::Ready) => {
                let start = spec.update(OperationAction::Start);
                if policy.at_most_once {
                    // Recorded before the body runs: the attempt must not start a second time.
                    execution.record(start).await;
                } else {
                    execution.enqueue(start);
                }
                run_attempt(context, spec, codec, &body, attempt).await
            }
            Some(
                OperationStatus::Failed
                | OperationStatus::Cancelled
                | OperationStatus::TimedOut
                | OperationStatus::Stopped
                | OperationStatus::Unknown(_),
            ) => return Err(recorded_failure(recorded.as_deref())),
        };
        match outcome {
            Ok((value, payload)) => {
                let mut succeed = spec.update(OperationAction::Succeed);
                succeed.payload = Some(payload);
                execution.record(succeed).await;
                return Ok(value);
            }
            Err(failure) => {
                attempt_failed(context, spec, policy, attempt, failure).await?;
                recorded = execution.recorded(spec);
            }
        }
    }
}

/// Records that an attempt failed: another attempt follows, or the step fails.
pub(crate) async fn attempt_failed(
    context: &DurableContext,
    spec: &OperationSpec,
    policy: &StepPolicy,
    attempt: u32,
    failure: Failure,
) -> Result<(), Failure> {
    let execution = context.execution();
    let error = StepError::new(spec.name.as_deref(), failure.clone());
    let delay = policy.retry.next_delay_seconds(&error, attempt);
    let Some(seconds) = delay else {
        let mut fail = spec.update(OperationAction::Fail);
        fail.error = Some(failure.to_wire());
        execution.record(fail).await;
        return Err(failure);
    };
    let mut retry = spec.update(OperationAction::Retry);
    retry.error = Some(failure.to_wire());
    retry.step_options = Some(StepOptions {
        next_attempt_delay_seconds: Some(seconds),
    });
    execution.record(retry).await;
    Ok(())
}

/// Runs user code once, and returns its value together with its serialised form.
async fn run_attempt<T, F, Fut>(
    context: &DurableContext,
    spec: &OperationSpec,
    codec: &Codec<'_, T>,
    body: &F,
    attempt: u32,
) -> Result<(T, String), Failure>
where
    T: Serialize + DeserializeOwned + Send,
    F: Fn(StepContext) -> Fut,
    Fut: Future<Output = Result<T, Failure>> + Send,
{
    let ran = body(StepContext::new(context, spec, attempt));
    execute(context, spec, attempt, async move {
        let serdes_context = SerDesContext::new(context, spec);
        let payload = codec.encode(&ran.await?, serdes_context)?;
        // The caller gets the same value as a replay would: if conversion to text changes a value, it is changed from
        // the start.
        let value = codec.decode(Some(&payload), serdes_context)?;
        Ok((value, payload))
    })
    .await
}

/// Runs user code inside a step: counted as executing, within its span, with its events never muted and its panics
/// caught.
pub(crate) async fn execute<T>(
    context: &DurableContext,
    spec: &OperationSpec,
    attempt: u32,
    body: impl Future<Output = Result<T, Failure>> + Send,
) -> Result<T, Failure> {
    let _executing = context.execution().executing();
    let span = tracing::info_span!(
        "step",
        operation_id = spec.id().as_str(),
        operation_name = spec.name.as_deref(),
        attempt
    );
    let watched = context
        .execution()
        .begin_user_function(spec, attempt, false);
    let mut body = Box::pin(AssertUnwindSafe(body).catch_unwind());
    let ran = std::future::poll_fn(move |task| current::enter(None, || body.as_mut().poll(task)))
        .instrument(span)
        .await
        .unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())));
    if let Some(watched) = watched {
        watched.end(ran.as_ref().err().map(|failure| failure.message.as_str()));
    }
    ran
}

pub(crate) fn is_pending(operation: &Operation) -> bool {
    operation.status == OperationStatus::Pending
}

/// The number of the attempt that comes next or is under way, from 1.
pub(crate) fn next_attempt(recorded: Option<&Operation>) -> u32 {
    let finished = recorded
        .and_then(|operation| operation.step_details.as_ref())
        .and_then(|details| details.attempt);
    finished.unwrap_or(0) + 1
}

/// The text that is recorded as the step's result, or as its state so far.
pub(crate) fn recorded_result(recorded: Option<&Operation>) -> Option<&str> {
    let details = recorded.and_then(|operation| operation.step_details.as_ref());
    details.and_then(|details| details.result.as_deref())
}

pub(crate) fn recorded_failure(recorded: Option<&Operation>) -> Failure {
    let details = recorded.and_then(|operation| operation.step_details.as_ref());
    let error = details.and_then(|details| details.error.as_ref());
    Failure::from_wire(error, FailureKind::Failed)
}
