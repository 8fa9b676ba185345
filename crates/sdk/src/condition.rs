//! Conditions: checks repeated until they are met, with suspension in between.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use lambda_api::{OperationAction, OperationStatus, OperationType, StepOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::DurableContext;
use crate::error::{BoxError, Failure, WaitForConditionError};
use crate::operation_id::OperationSpec;
use crate::retry::{Backoff, Growth, Jitter, whole_seconds};
use crate::serdes::{Codec, SerDes, SerDesContext};
use crate::step::{execute, is_pending, next_attempt, recorded_failure, recorded_result};
use crate::step_context::StepContext;
use crate::unfinished::Unfinished;

/// A wait strategy's decision about a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitDecision {
    /// The condition is met.
    Stop,
    /// Check again after the delay, rounded up to whole seconds.
    ContinueAfter(Duration),
    /// The condition is not met and will not be checked again; the operation fails.
    GiveUp,
}

/// Decides whether a condition is met, and if not, when it is checked again.
///
/// Closures `|state, attempt| -> WaitDecision` are wait strategies; `attempt` is 1 for the first check.
pub trait WaitStrategy<T>: Send + Sync {
    /// Decides on the state that check number `attempt` returned.
    fn decide(&self, state: &T, attempt: u32) -> WaitDecision;
}

impl<T, F: Fn(&T, u32) -> WaitDecision + Send + Sync> WaitStrategy<T> for F {
    fn decide(&self, state: &T, attempt: u32) -> WaitDecision {
        self(state, attempt)
    }
}

/// A strategy that checks again, with growing delays, until `is_met` returns true.
///
/// By default 60 checks, from 5 seconds growing by half to 300, with full jitter.
///
/// ```
/// use std::time::Duration;
///
/// let strategy = lambdura::wait_strategy(|percent: &u32| *percent >= 100)
///     .max_attempts(10)
///     .initial_delay(Duration::from_secs(1));
/// ```
pub fn wait_strategy<F>(is_met: F) -> BackoffWaitStrategy<F> {
    BackoffWaitStrategy {
        is_met,
        backoff: Backoff::WAIT,
    }
}

/// See [`wait_strategy`].
///
/// ```
/// use std::time::Duration;
/// use lambdura::Jitter;
///
/// // After 1, 3, 9 and then every 10 seconds, for an hour or so.
/// let strategy = lambdura::wait_strategy(|percent: &u32| *percent >= 100)
///     .initial_delay(Duration::from_secs(1))
///     .backoff_rate(3.0)
///     .max_delay(Duration::from_secs(10))
///     .jitter(Jitter::None)
///     .max_attempts(360);
/// ```
#[derive(Clone, Debug)]
pub struct BackoffWaitStrategy<F> {
    is_met: F,
    backoff: Backoff,
}

impl<F> BackoffWaitStrategy<F> {
    /// How many checks there are; a condition that the last one does not meet fails.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.backoff.max_attempts = attempts;
        self
    }

    /// The delay after the first check.
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.backoff.initial_delay = delay;
        self
    }

    /// The longest delay.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.backoff.max_delay = delay;
        self
    }

    /// The factor from each delay to the next.
    #[must_use]
    pub fn backoff_rate(mut self, rate: f64) -> Self {
        self.backoff.growth = Growth::Rate(rate);
        self
    }

    /// How much randomness there is in a delay.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.backoff.jitter = jitter;
        self
    }
}

impl<T, F: Fn(&T) -> bool + Send + Sync> WaitStrategy<T> for BackoffWaitStrategy<F> {
    fn decide(&self, state: &T, attempt: u32) -> WaitDecision {
        // Asked first: the last check may meet the condition, too.
        if (self.is_met)(state) {
            return WaitDecision::Stop;
        }
        match self.backoff.next_delay_seconds(attempt) {
            Some(seconds) => {
                WaitDecision::ContinueAfter(Duration::from_secs(seconds.unsigned_abs()))
            }
            None => WaitDecision::GiveUp,
        }
    }
}

impl DurableContext {
    /// Checks again and again until a condition is met; between the checks the execution is suspended.
    ///
    /// `check` gets the state that the last check returned (`initial_state` at first), and `strategy` decides by the
    /// new state whether to go on: a [`wait_strategy`](crate::wait_strategy), or a closure.
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
        WaitForCondition {
            context: self.clone(),
            spec: self.claim(OperationType::Step, "WaitForCondition"),
            initial_state,
            check: Box::new(move |state, attempt| {
                let checked = check(state, attempt);
                Box::pin(async move {
                    let checked = checked.await;
                    checked.map_err(|error| {
                        Failure::from_user(error, WaitForConditionError::WIRE_TYPE)
                    })
                })
            }),
            strategy: Box::new(strategy),
            codec: Codec::Json,
        }
    }
}

/// A condition that was called and not awaited yet; see [`DurableContext::wait_for_condition`].
#[must_use = "nothing is checked until this is awaited"]
pub struct WaitForCondition<'a, T> {
    context: DurableContext,
    spec: OperationSpec,
    initial_state: T,
    check: Box<Check<'a, T>>,
    strategy: Box<dyn WaitStrategy<T> + 'a>,
    codec: Codec<'a, T>,
}

type Check<'a, T> = dyn Fn(T, StepContext) -> Checked<'a, T> + Send + Sync + 'a;
type Checked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

impl<'a, T> WaitForCondition<'a, T> {
    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// Reads and writes the state with `serdes` instead of serde's JSON.
    pub fn serdes(mut self, serdes: impl SerDes<T> + 'a) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> WaitForCondition<'a, T> {
    async fn run(self) -> Result<T, Failure> {
        let Self {
            context,
            spec,
            initial_state,
            check,
            strategy,
            codec,
        } = self;
        let execution = context.execution();
        context.check(&spec)?;
        let serdes_context = SerDesContext::new(&context, &spec);
        // The first check gets the same state as a later invocation would: the one that is read back from its record.
        let initial_state = codec.encode(&initial_state, serdes_context)?;
        let mut recorded = context.look_up(&spec).await;
        loop {
            match recorded.as_ref().map(|operation| &operation.status) {
                Some(OperationStatus::Succeeded) => {
                    return codec.decode(recorded_result(recorded.as_deref()), serdes_context);
                }
                Some(OperationStatus::Pending) => {
                    recorded = Some(execution.park(&spec, is_pending).await);
                    continue;
                }
                None | Some(OperationStatus::Ready) => {
                    execution.enqueue(spec.update(OperationAction::Start));
                }
                Some(OperationStatus::Started) => {}
                Some(
                    OperationStatus::Failed
                    | OperationStatus::Cancelled
                    | OperationStatus::TimedOut
                    | OperationStatus::Stopped
                    | OperationStatus::Unknown(_),
                ) => return Err(recorded_failure(recorded.as_deref())),
            }
            let attempt = next_attempt(recorded.as_deref());
            let stored = recorded_result(recorded.as_deref());
            let state = codec.decode(Some(stored.unwrap_or(&initial_state)), serdes_context);
            let checked = execute(&context, &spec, attempt, async {
                let state = check(state?, StepContext::new(&context, &spec, attempt)).await?;
                let text = codec.encode(&state, serdes_context)?;
                Ok((codec.decode(Some(&text), serdes_context)?, text))
            })
            .await;
            let failure = match checked {
                Err(failure) => failure,
                Ok((state, text)) => match strategy.decide(&state, attempt) {
                    WaitDecision::Stop => {
                        let mut succeed = spec.update(OperationAction::Succeed);
                        succeed.payload = Some(text);
                        execution.record(succeed).await;
                        return Ok(state);
                    }
                    WaitDecision::ContinueAfter(delay) => {
                        let mut retry = spec.update(OperationAction::Retry);
                        retry.payload = Some(text);
                        retry.step_options = Some(StepOptions {
                            next_attempt_delay_seconds: Some(whole_seconds(delay)),
                        });
                        execution.record(retry).await;
                        recorded = execution.recorded(&spec);
                        continue;
                    }
                    WaitDecision::GiveUp => Failure::failed(
                        WaitForConditionError::WIRE_TYPE,
                        format!("condition not met after {attempt} checks"),
                    ),
                },
            };
            let mut fail = spec.update(OperationAction::Fail);
            fail.error = Some(failure.to_wire());
            execution.record(fail).await;
            return Err(failure);
        }
    }
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> IntoFuture for WaitForCondition<'a, T> {
    type Output = Result<T, WaitForConditionError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let name = self.spec.name.clone();
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let ran = self.run().await;
            unfinished.finish();
            ran.map_err(|failure| WaitForConditionError::new(name.as_deref(), failure))
        })
    }
}
