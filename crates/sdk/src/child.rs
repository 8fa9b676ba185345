//! Child contexts: several operations recorded as one.
//!
//! The same machine runs branches of a parallel, items of a map, and the inside of `wait_for_callback`.

use std::future::{Future, IntoFuture};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use lambda_api::{OperationAction, OperationType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::DurableContext;
use crate::context_operation::{Recorded, begin, succeed};
use crate::error::{BoxError, ChildContextError, Failure};
use crate::operation_id::OperationSpec;
use crate::serdes::{Codec, SerDes, SerDesContext};
use crate::unfinished::Unfinished;

impl DurableContext {
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
        let mut spec = self.claim(OperationType::Context, "RunInChildContext");
        spec.name = Some(name.into());
        ChildContext {
            context: self.clone(),
            spec,
            body: boxed_body(body, ChildContextError::WIRE_TYPE),
            codec: Codec::Json,
        }
    }
}

/// A child context that was called and not awaited yet; see [`DurableContext::run_in_child_context`].
#[must_use = "a child context does nothing until it is awaited"]
pub struct ChildContext<'a, T> {
    context: DurableContext,
    spec: OperationSpec,
    body: Box<ChildBody<'a, T>>,
    codec: Codec<'a, T>,
}

impl<'a, T> ChildContext<'a, T> {
    /// Leaves the operation without a name.
    pub fn unnamed(mut self) -> Self {
        self.spec.name = None;
        self
    }

    /// Reads and writes the result with `serdes` instead of serde's JSON.
    pub fn serdes(mut self, serdes: impl SerDes<T> + 'a) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> IntoFuture for ChildContext<'a, T> {
    type Output = Result<T, ChildContextError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                context,
                spec,
                body,
                codec,
            } = self;
            let unfinished = Unfinished::new(&context, &spec);
            let ran = run_typed(&context, &spec, Acknowledge::Yes, &codec, body).await;
            unfinished.finish();
            ran.map(|(value, _)| value)
                .map_err(|failure| ChildContextError::new(spec.name.as_deref(), failure))
        })
    }
}

pub(crate) type ChildBody<'a, T> = dyn FnOnce(DurableContext) -> ChildFuture<'a, T> + Send + 'a;
pub(crate) type ChildFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Boxes user code, and turns its error into a failure, which is named `fallback` if the error has no name of its own.
pub(crate) fn boxed_body<'a, T, F, Fut, E>(body: F, fallback: &'static str) -> Box<ChildBody<'a, T>>
where
    F: FnOnce(DurableContext) -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
    E: Into<BoxError> + 'a,
{
    Box::new(move |context| {
        let ran = body(context);
        Box::pin(async move {
            let ran = ran.await;
            ran.map_err(|error| Failure::from_user(error, fallback))
        })
    })
}

/// Whether the caller goes on only when the service has the context's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    Yes,
    /// For results that an enclosing context's acknowledged result covers, or that follow from recorded ones.
    No,
}

/// Runs a body whose result is stored as text written by `codec`, and returns the result together with that text.
pub(crate) async fn run_typed<'a, T>(
    context: &DurableContext,
    spec: &OperationSpec,
    acknowledge: Acknowledge,
    codec: &Codec<'a, T>,
    body: Box<ChildBody<'a, T>>,
) -> Result<(T, Option<String>), Failure>
where
    T: Serialize + DeserializeOwned + Send + 'a,
{
    let serdes_context = SerDesContext::new(context, spec);
    let body = |inside: DurableContext| async move {
        let value = body(inside).await?;
        codec.encode(&value, serdes_context).map(Some)
    };
    let text = run(context, spec, acknowledge, body).await?;
    let value = codec.decode(text.as_deref(), serdes_context)?;
    Ok((value, text))
}

/// Runs a body in a context that leaves no record. Its value goes through the codec, as if it had been recorded.
pub(crate) async fn run_virtual<'a, T>(
    context: &DurableContext,
    spec: &OperationSpec,
    codec: &Codec<'a, T>,
    body: Box<ChildBody<'a, T>>,
) -> Result<(T, Option<String>), Failure>
where
    T: Serialize + DeserializeOwned + Send + 'a,
{
    context.execution().check_task()?;
    let inside = context.virtual_child(&spec.claim);
    let value = AssertUnwindSafe(inside.scope(body(inside.clone())))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())))?;
    let serdes_context = SerDesContext::new(context, spec);
    let text = codec.encode(&value, serdes_context)?;
    Ok((codec.decode(Some(&text), serdes_context)?, Some(text)))
}

/// Runs `body` in a child context and records the text that it returns, or returns the recorded text.
pub(crate) async fn run<F, Fut>(
    context: &DurableContext,
    spec: &OperationSpec,
    acknowledge: Acknowledge,
    body: F,
) -> Result<Option<String>, Failure>
where
    F: FnOnce(DurableContext) -> Fut,
    Fut: Future<Output = Result<Option<String>, Failure>> + Send,
{
    let execution = context.execution();
    context.check(spec)?;
    let (recorded, is_rebuilding) = match begin(context, spec).await? {
        Recorded::Result(text) => return Ok(text),
        Recorded::StandIn(recorded, _) => (Some(recorded), true),
        Recorded::Open(recorded) => (recorded, false),
    };
    let inside = context.child(&spec.claim, recorded.as_deref());
    let watched = execution.begin_user_function(spec, 1, recorded.is_some());
    let ran = AssertUnwindSafe(inside.scope(body(inside.clone())))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())));
    if let Some(watched) = watched {
        watched.end(ran.as_ref().err().map(|failure| failure.message.as_str()));
    }
    if is_rebuilding {
        return ran;
    }
    match ran {
        Ok(text) => {
            let succeed = succeed(spec, text.as_deref(), || Ok(String::new()))?;
            let ticket = execution.enqueue(succeed);
            if acknowledge == Acknowledge::Yes {
                execution.acknowledged(ticket).await;
            }
            Ok(text)
        }
        Err(failure) => {
            let mut fail = spec.update(OperationAction::Fail);
            fail.error = Some(failure.to_wire());
            execution.record(fail).await;
            Err(failure)
        }
    }
}
