//! Callbacks: results that come from outside, under an id that the service hands out.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lambda_api::{CallbackOptions, OperationAction, OperationStatus, OperationType};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::child::{self, Acknowledge};
use crate::context::DurableContext;
use crate::error::{BoxError, CallbackError, Failure, FailureKind, StepError};
use crate::operation::{Operation, is_open};
use crate::operation_id::OperationSpec;
use crate::retry::{RetryStrategy, ceil_seconds};
use crate::serdes::{Codec, SerDes, SerDesContext};
use crate::step::{StepPolicy, run_step};
use crate::step_context::StepContext;
use crate::unfinished::Unfinished;

/// Longest timeout of a callback. Source: service model, `CallbackOptions`.
const TIMEOUT_SECONDS_MAX: u64 = 99_999_999;

/// The name under which a callback is completed through the Lambda API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallbackId(String);

impl CallbackId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallbackId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for CallbackId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<CallbackId> for String {
    fn from(id: CallbackId) -> Self {
        id.0
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Timeouts {
    timeout: Option<Duration>,
    heartbeat_timeout: Option<Duration>,
}

impl Timeouts {
    fn options(self) -> Result<CallbackOptions, Failure> {
        let seconds = |duration: Duration| {
            let seconds = ceil_seconds(duration);
            if (1..=TIMEOUT_SECONDS_MAX).contains(&seconds) {
                return Ok(i64::try_from(seconds).expect("the maximum fits into an i64"));
            }
            Err(Failure::invalid(format!(
                "a callback's timeout is between 1 and {TIMEOUT_SECONDS_MAX} seconds, not {duration:?}"
            )))
        };
        Ok(CallbackOptions {
            timeout_seconds: self.timeout.map(seconds).transpose()?,
            heartbeat_timeout_seconds: self.heartbeat_timeout.map(seconds).transpose()?,
        })
    }
}

impl DurableContext {
    /// Creates a callback: an id under which something outside completes it, and a handle to await its result.
    ///
    /// The result is read as JSON; see [`Callback::raw`] for the text itself.
    ///
    /// ```no_run
    /// # async fn handler(ctx: lambdura::DurableContext) -> Result<(), lambdura::BoxError> {
    /// let callback = ctx.create_callback::<u32>().name("answer").await?;
    /// println!("complete me as {}", callback.id());
    /// let answer = callback.await?;
    /// # Ok(()) }
    /// ```
    pub fn create_callback<T: DeserializeOwned + Send>(&self) -> CreateCallback<T> {
        CreateCallback {
            context: self.clone(),
            spec: self.claim(OperationType::Callback, "Callback"),
            timeouts: Timeouts::default(),
            codec: Codec::Json,
        }
    }
}

/// A callback that is about to be created; see [`DurableContext::create_callback`].
#[derive(Debug)]
#[must_use = "a callback is not created until this is awaited"]
pub struct CreateCallback<T> {
    context: DurableContext,
    spec: OperationSpec,
    timeouts: Timeouts,
    codec: Codec<'static, T>,
}

impl<T> CreateCallback<T> {
    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// How long the callback may take, in seconds rounded up; without it there is no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.timeout = Some(timeout);
        self
    }

    /// How long the sender may be silent, in seconds rounded up; without it there is no limit.
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.heartbeat_timeout = Some(timeout);
        self
    }

    /// Reads the result with `serdes` instead of serde's JSON.
    pub fn serdes(mut self, serdes: impl SerDes<T> + 'static) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }

    async fn run(self) -> Result<Callback<T>, Failure> {
        let execution = self.context.execution();
        self.context.check(&self.spec)?;
        let options = self.timeouts.options()?;
        let recorded = match self.context.look_up_quietly(&self.spec).await {
            Some(recorded) => Some(recorded),
            None => {
                let mut start = self.spec.update(OperationAction::Start);
                start.callback_options = Some(options);
                execution.record(start).await;
                execution.recorded(&self.spec)
            }
        };
        let id = recorded
            .as_ref()
            .and_then(|operation| operation.callback_details.as_ref())
            .and_then(|details| details.callback_id.clone())
            .ok_or_else(|| {
                Failure::failed(
                    CallbackError::WIRE_TYPE,
                    "the service created a callback without a callback id",
                )
            })?;
        Ok(Callback {
            context: self.context,
            spec: self.spec,
            id: CallbackId(id),
            codec: self.codec,
        })
    }
}

impl<T: Send + 'static> IntoFuture for CreateCallback<T> {
    type Output = Result<Callback<T>, CallbackError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let name = self.spec.name.clone();
            self.run()
                .await
                .map_err(|failure| CallbackError::new(name.as_deref(), failure))
        })
    }
}

/// A created callback. Its id can be handed out at once; awaiting it suspends until it is completed.
#[derive(Debug)]
#[must_use = "a callback's result arrives only where it is awaited"]
pub struct Callback<T> {
    context: DurableContext,
    spec: OperationSpec,
    id: CallbackId,
    codec: Codec<'static, T>,
}

impl<T> Callback<T> {
    /// The id under which the outside world completes it.
    #[must_use]
    pub fn id(&self) -> &CallbackId {
        &self.id
    }

    /// Awaits the result as the text that was sent, without reading it as JSON.
    ///
    /// # Errors
    ///
    /// When the callback is completed with an error, or its time runs out.
    pub async fn raw(self) -> Result<String, CallbackError> {
        let name = self.spec.name.clone();
        let unfinished = Unfinished::new(&self.context, &self.spec);
        let completed = self.completed().await;
        unfinished.finish();
        match completed {
            Ok(text) => Ok(text.unwrap_or_default()),
            Err(failure) => Err(CallbackError::new(name.as_deref(), failure)),
        }
    }

    async fn completed(&self) -> Result<Option<String>, Failure> {
        let execution = self.context.execution();
        execution.check_task()?;
        let recorded = execution.recorded(&self.spec);
        self.context.note_replay(recorded.as_deref());
        let recorded: Arc<Operation> = match recorded {
            Some(recorded) if !is_open(&recorded) => recorded,
            _ => execution.park(&self.spec, is_open).await,
        };
        let details = recorded.callback_details.as_ref();
        let kind = match recorded.status {
            OperationStatus::Succeeded => {
                return Ok(details.and_then(|details| details.result.clone()));
            }
            OperationStatus::TimedOut => FailureKind::TimedOut,
            _ => FailureKind::Failed,
        };
        let error = details.and_then(|details| details.error.as_ref());
        Err(Failure::from_wire(error, kind))
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Callback<T> {
    type Output = Result<T, CallbackError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let completed = self.completed().await;
            unfinished.finish();
            let context = SerDesContext::new(&self.context, &self.spec);
            completed
                .and_then(|text| self.codec.decode(text.as_deref(), context))
                .map_err(|failure| CallbackError::new(self.spec.name.as_deref(), failure))
        })
    }
}

impl DurableContext {
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
        let mut spec = self.claim(OperationType::Context, "WaitForCallback");
        spec.name = Some(name.into());
        WaitForCallback {
            context: self.clone(),
            spec,
            timeouts: Timeouts::default(),
            policy: StepPolicy::default(),
            submitter: Box::new(move |id, step| {
                let submitted = submitter(id, step);
                Box::pin(async move {
                    let submitted = submitted.await;
                    submitted.map_err(|error| Failure::from_user(error, StepError::WIRE_TYPE))
                })
            }),
            codec: Codec::Json,
        }
    }
}

/// A callback with its submitter; see [`DurableContext::wait_for_callback`].
///
/// It is recorded as a context that contains the callback, named `<name> create callback id`, and the submitter's
/// step, named `<name> submitter`.
#[must_use = "nothing is submitted until this is awaited"]
pub struct WaitForCallback<'a, T> {
    context: DurableContext,
    spec: OperationSpec,
    timeouts: Timeouts,
    policy: StepPolicy,
    submitter: Box<Submitter<'a>>,
    codec: Codec<'a, T>,
}

type Submitter<'a> = dyn Fn(CallbackId, StepContext) -> Submitted<'a> + Send + Sync + 'a;
type Submitted<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

impl<'a, T> WaitForCallback<'a, T> {
    /// Leaves the operation without a name; those inside are then named `create callback id` and `submitter`.
    pub fn unnamed(mut self) -> Self {
        self.spec.name = None;
        self
    }

    /// How long the callback may take, in seconds rounded up; without it there is no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.timeout = Some(timeout);
        self
    }

    /// How long the sender may be silent, in seconds rounded up; without it there is no limit.
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.heartbeat_timeout = Some(timeout);
        self
    }

    /// Reads the result with `serdes` instead of serde's JSON.
    pub fn serdes(mut self, serdes: impl SerDes<T> + 'a) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }

    /// Decides whether and when a failed submitter is called again.
    pub fn retry(mut self, strategy: RetryStrategy) -> Self {
        self.policy.retry = strategy;
        self
    }

    /// Awaits the result as the text that was sent, without reading it as JSON.
    ///
    /// # Errors
    ///
    /// When the submitter fails, the callback is completed with an error, or its time runs out.
    pub async fn raw(self) -> Result<String, CallbackError> {
        let unfinished = Unfinished::new(&self.context, &self.spec);
        let completed = self.run().await;
        unfinished.finish();
        match completed {
            Ok(text) => Ok(text.unwrap_or_default()),
            Err(failure) => Err(CallbackError::new(self.spec.name.as_deref(), failure)),
        }
    }

    /// What the callback was completed with.
    async fn run(&self) -> Result<Option<String>, Failure> {
        let Self {
            context,
            spec,
            timeouts,
            policy,
            submitter,
            codec: _,
        } = self;
        let named = |inside: &str| match &spec.name {
            Some(name) => format!("{name} {inside}"),
            None => inside.to_owned(),
        };
        let body = |inside: DurableContext| async move {
            let create = inside.create_callback::<()>();
            let mut create = create.name(named("create callback id"));
            create.timeouts = *timeouts;
            let callback = create.run().await?;
            let mut step = inside.claim(OperationType::Step, "Step");
            step.name = Some(named("submitter"));
            let submit = |attempt| submitter(callback.id.clone(), attempt);
            run_step(&inside, &step, policy, &Codec::Json, submit).await?;
            callback.completed().await
        };
        // The result is a copy of the callback's, which is recorded: nothing can be lost by not waiting for it.
        child::run(context, spec, Acknowledge::No, body).await
    }
}

impl<'a, T: DeserializeOwned + Send + 'a> IntoFuture for WaitForCallback<'a, T> {
    type Output = Result<T, CallbackError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let completed = self.run().await;
            unfinished.finish();
            let context = SerDesContext::new(&self.context, &self.spec);
            completed
                .and_then(|text| self.codec.decode(text.as_deref(), context))
                .map_err(|failure| CallbackError::new(self.spec.name.as_deref(), failure))
        })
    }
}
