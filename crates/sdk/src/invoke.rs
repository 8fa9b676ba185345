//! Chained invokes: other functions, called durably.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use lambda_api::{ChainedInvokeOptions, OperationAction, OperationStatus, OperationType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::DurableContext;
use crate::error::{Failure, FailureKind, InvokeError};
use crate::operation::{is_open, is_terminal};
use crate::operation_id::OperationSpec;
use crate::payload;
use crate::serdes::{self, Codec, SerDes, SerDesContext};
use crate::unfinished::Unfinished;

impl DurableContext {
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
        Invoke {
            context: self.clone(),
            spec: self.claim(OperationType::ChainedInvoke, "ChainedInvoke"),
            options: ChainedInvokeOptions {
                function_name: function_name.into(),
                ..ChainedInvokeOptions::default()
            },
            payload: payload::encode(payload),
            codec: Codec::Json,
        }
    }
}

/// An invocation of another function that was called and not awaited yet; see [`DurableContext::invoke`].
///
/// A function that speaks something else than JSON, or of one of its tenants:
///
/// ```no_run
/// # use lambdura::{BoxError, DurableContext, SerDes, SerDesContext};
/// /// Texts as they are, without quotes.
/// struct Plain;
///
/// impl SerDes<String> for Plain {
///     fn serialize(&self, value: &String, _: SerDesContext<'_>) -> Result<String, BoxError> {
///         Ok(value.clone())
///     }
///
///     fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<String, BoxError> {
///         Ok(text.to_owned())
///     }
/// }
///
/// # async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
/// let answer: String = ctx
///     .invoke("translate:live", &())
///     .payload_with(&"good morning".to_owned(), Plain)
///     .result_serdes(Plain)
///     .tenant_id("acme")
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "no function is invoked until this is awaited"]
pub struct Invoke<T> {
    context: DurableContext,
    spec: OperationSpec,
    options: ChainedInvokeOptions,
    payload: Result<String, Failure>,
    codec: Codec<'static, T>,
}

impl<T> Invoke<T> {
    /// Names the operation: 1 to 256 printable ASCII characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// The tenant the function is invoked for.
    pub fn tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.options.tenant_id = Some(tenant_id.into());
        self
    }

    /// Sends `payload`, written by `serdes`, in the place of the one that `invoke` was given.
    pub fn payload_with<P>(mut self, payload: &P, serdes: impl SerDes<P>) -> Self {
        let context = SerDesContext::new(&self.context, &self.spec);
        self.payload = serdes::serialize(&serdes, payload, context);
        self
    }

    /// Reads the result with `serdes` instead of serde's JSON.
    pub fn result_serdes(mut self, serdes: impl SerDes<T> + 'static) -> Self {
        self.codec = Codec::Custom(Box::new(serdes));
        self
    }

    async fn run(self) -> Result<T, Failure>
    where
        T: DeserializeOwned,
    {
        let execution = self.context.execution();
        self.context.check(&self.spec)?;
        let payload = self.payload?;
        let mut recorded = self.context.look_up(&self.spec).await;
        if recorded.is_none() {
            let mut start = self.spec.update(OperationAction::Start);
            start.payload = Some(payload);
            start.chained_invoke_options = Some(self.options);
            execution.record(start).await;
            // A function that does not exist has failed by the time of the answer.
            recorded = execution.recorded(&self.spec);
        }
        let recorded = match recorded {
            Some(recorded) if is_terminal(&recorded) => recorded,
            _ => execution.park(&self.spec, is_open).await,
        };
        let details = recorded.chained_invoke_details.as_ref();
        let kind = match recorded.status {
            OperationStatus::Succeeded => {
                let result = details.and_then(|details| details.result.as_deref());
                let context = SerDesContext::new(&self.context, &self.spec);
                return self.codec.decode(result, context);
            }
            OperationStatus::TimedOut => FailureKind::TimedOut,
            OperationStatus::Stopped => FailureKind::Stopped,
            _ => FailureKind::Failed,
        };
        let error = details.and_then(|details| details.error.as_ref());
        Err(Failure::from_wire(error, kind))
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Invoke<T> {
    type Output = Result<T, InvokeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let name = self.spec.name.clone();
            let unfinished = Unfinished::new(&self.context, &self.spec);
            let ran = self.run().await;
            unfinished.finish();
            ran.map_err(|failure| InvokeError::new(name.as_deref(), failure))
        })
    }
}
