//! A callback together with the step that hands out its id.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use lambda_api::OperationType;
use serde::de::DeserializeOwned;

use crate::callback::{CallbackId, Timeouts, read, timeouts};
use crate::child::{self, Acknowledge};
use crate::context::DurableContext;
use crate::error::{BoxError, CallbackError, Failure, StepError};
use crate::operation_id::OperationSpec;
use crate::retry::RetryStrategy;
use crate::serdes::{Codec, SerDes};
use crate::step::{StepPolicy, run_step};
use crate::step_context::StepContext;
use crate::unfinished::Unfinished;

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

    timeouts!();

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

    /// Returns the text that the callback was completed with.
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
            let submit = |attempt| submitter(callback.id().clone(), attempt);
            run_step(&inside, &step, policy, &Codec::Json, submit).await?;
            callback.completed().await
        };
        // The result is a copy of the callback's recorded result: not waiting for its acknowledgement loses nothing.
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
            read(completed, &self.codec, &self.context, &self.spec)
        })
    }
}
