//! Retries of several operations as one.
//!
//! The block is a child context, every attempt is a child context inside it, and between two attempts is a wait. So the
//! records tell which attempt is under way, and an operation of a failed attempt is never taken for one of the next.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use lambda_api::OperationType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::child::{Acknowledge, ChildFuture, run_typed};
use crate::context::DurableContext;
use crate::error::{BoxError, ChildContextError, Failure, FailureKind, StepError};
use crate::operation_id::OperationSpec;
use crate::retry::RetryStrategy;
use crate::serdes::{Codec, SerDes};
use crate::unfinished::Unfinished;

/// The sub type of the block and of its attempts: on the wire they are child contexts.
const SUB_TYPE: &str = "RunInChildContext";

impl DurableContext {
    /// Runs `body`, several operations, with a context of its own, and again from the start if it fails.
    ///
    /// Every attempt gets a context of its own, so nothing that a failed one recorded is taken for the next one's.
    /// Attempts are recorded as child contexts `attempt-1`, `attempt-2`, …, with waits `retry-delay-1`, … in between;
    /// the execution is suspended during these waits. Without a [strategy](WithRetry::retry) it is retried like a step.
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
        WithRetry {
            context: self.clone(),
            spec: self.claim(OperationType::Context, SUB_TYPE),
            body: Box::new(move |context| {
                let ran = body(context);
                Box::pin(async move {
                    let ran = ran.await;
                    ran.map_err(|error| Failure::from_user(error, ChildContextError::WIRE_TYPE))
                })
            }),
            retry: RetryStrategy::default(),
            codec: Codec::Json,
        }
    }
}

/// A block of operations that is retried as a whole; see [`DurableContext::with_retry`].
#[must_use = "the block does not run until this is awaited"]
pub struct WithRetry<'a, T> {
    context: DurableContext,
    spec: OperationSpec,
    body: Box<AttemptBody<'a, T>>,
    retry: RetryStrategy,
    codec: Codec<'a, T>,
}

type AttemptBody<'a, T> = dyn Fn(DurableContext) -> ChildFuture<'a, T> + Send + Sync + 'a;

impl<'a, T> WithRetry<'a, T> {
    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// Decides whether and when a failed attempt is followed by another; [`RetryStrategy::default`] otherwise.
    ///
    /// The decision is made again in each replay, on the recorded failure, so it must depend on nothing but the error
    /// and the number of the attempt. The length of a delay is recorded when it begins.
    pub fn retry(mut self, strategy: RetryStrategy) -> Self {
        self.retry = strategy;
        self
    }

    /// Reads and writes the result with `serdes` instead of serde's JSON.
    pub fn serdes(mut self, serdes: impl SerDes<T> + 'a) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> WithRetry<'a, T> {
    async fn run(self) -> Result<T, Failure> {
        let Self {
            context,
            spec,
            body,
            retry,
            codec,
        } = self;
        let attempts = |block: DurableContext| -> ChildFuture<'_, T> {
            Box::pin(attempts(block, &*body, &retry, &codec))
        };
        let attempts = Box::new(attempts);
        let ran = run_typed(&context, &spec, Acknowledge::Yes, &codec, attempts).await;
        ran.map(|(value, _)| value)
    }
}

/// Runs attempts inside the context `block` until one succeeds or the strategy gives up.
async fn attempts<T: Serialize + DeserializeOwned + Send>(
    block: DurableContext,
    body: &AttemptBody<'_, T>,
    retry: &RetryStrategy,
    codec: &Codec<'_, T>,
) -> Result<T, Failure> {
    let mut attempt = 1;
    loop {
        let mut spec = block.claim(OperationType::Context, SUB_TYPE);
        spec.name = Some(format!("attempt-{attempt}"));
        #[expect(
            clippy::redundant_closure,
            reason = "the body itself would have to live as long as what it borrows"
        )]
        let run = Box::new(|inside| body(inside));
        // The block's result, which is acknowledged, covers that of its last attempt.
        let failure = match run_typed(&block, &spec, Acknowledge::No, codec, run).await {
            Ok((value, _)) => return Ok(value),
            Err(failure) => failure,
        };
        // Converted as a replay reads it, so that the strategy sees the same error in every invocation.
        let failure = Failure::from_wire(Some(&failure.to_wire()), FailureKind::Failed);
        let error = StepError::new(spec.name.as_deref(), failure.clone());
        let Some(seconds) = retry.next_delay_seconds(&error, attempt) else {
            return Err(failure);
        };
        let delay = block
            .wait(Duration::from_secs(seconds.unsigned_abs()))
            .name(format!("retry-delay-{attempt}"));
        delay.run().await?;
        attempt += 1;
    }
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> IntoFuture for WithRetry<'a, T> {
    type Output = Result<T, ChildContextError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let name = self.spec.name.clone();
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let ran = self.run().await;
            unfinished.finish();
            ran.map_err(|failure| ChildContextError::new(name.as_deref(), failure))
        })
    }
}
