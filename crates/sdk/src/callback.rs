//! Callbacks: results that come from outside, under an id that the service hands out.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lambda_api::{CallbackOptions, OperationAction, OperationStatus, OperationType};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::context::DurableContext;
use crate::error::{CallbackError, Failure, FailureKind};
use crate::operation::{Operation, is_open};
use crate::operation_id::OperationSpec;
use crate::retry::ceil_seconds;
use crate::serdes::{Codec, SerDes, SerDesContext};
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

/// The time that a callback may take until it counts as failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timeouts {
    pub(crate) timeout: Option<Duration>,
    pub(crate) heartbeat_timeout: Option<Duration>,
}

/// The methods that set the [`Timeouts`] of an operation that creates a callback.
macro_rules! timeouts {
    () => {
        /// How long the callback may take, in seconds rounded up; without it there is no limit.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.timeouts.timeout = Some(timeout);
            self
        }

        /// How long the sender may be silent, in seconds rounded up; without it there is no limit.
        pub fn heartbeat_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.timeouts.heartbeat_timeout = Some(timeout);
            self
        }
    };
}
pub(crate) use timeouts;

impl Timeouts {
    fn options(self) -> Result<CallbackOptions, Failure> {
        let seconds = |duration: Duration| {
            let seconds = ceil_seconds(duration);
            if (1..=TIMEOUT_SECONDS_MAX).contains(&seconds) {
                return Ok(i64::try_from(seconds).expect("the maximum fits into an i64"));
            }
            Err(Failure::invalid(format!(
                "a callback's timeout is between 1 and {TIMEOUT_SECONDS_MAX} seconds, not {}",
                duration.as_secs_f64()
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
    /// let minute = std::time::Duration::from_secs(60);
    /// let callback = ctx
    ///     .create_callback::<u32>()
    ///     .name("answer")
    ///     .timeout(60 * minute)
    ///     // The worker reports every few minutes that it is still working.
    ///     .heartbeat_timeout(5 * minute)
    ///     .await?;
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
    pub(crate) timeouts: Timeouts,
    codec: Codec<'static, T>,
}

impl<T> CreateCallback<T> {
    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    timeouts!();

    /// Reads the result with `serdes` instead of serde's JSON.
    pub fn serdes(mut self, serdes: impl SerDes<T> + 'static) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }

    pub(crate) async fn run(self) -> Result<Callback<T>, Failure> {
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

    /// Waits for the callback's end, and returns the text that it was completed with.
    pub(crate) async fn completed(&self) -> Result<Option<String>, Failure> {
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
            read(completed, &self.codec, &self.context, &self.spec)
        })
    }
}

/// The value of the text that a callback was completed with.
pub(crate) fn read<T: DeserializeOwned>(
    completed: Result<Option<String>, Failure>,
    codec: &Codec<'_, T>,
    context: &DurableContext,
    spec: &OperationSpec,
) -> Result<T, CallbackError> {
    let serdes_context = SerDesContext::new(context, spec);
    completed
        .and_then(|text| codec.decode(text.as_deref(), serdes_context))
        .map_err(|failure| CallbackError::new(spec.name.as_deref(), failure))
}
