//! Chained invokes: other functions, called durably.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use lambda_api::{ChainedInvokeOptions, OperationAction, OperationStatus, OperationType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::{DurableContext, is_terminal};
use crate::error::{Failure, FailureKind, InvokeError};
use crate::execution::Operation;
use crate::operation_id::OperationSpec;
use crate::payload;

/// An invocation of another function that was called and not awaited yet; see [`DurableContext::invoke`].
#[derive(Debug)]
#[must_use = "no function is invoked until this is awaited"]
pub struct Invoke<T> {
    context: DurableContext,
    spec: OperationSpec,
    options: ChainedInvokeOptions,
    payload: Result<String, Failure>,
    output: PhantomData<fn() -> T>,
}

impl<T> Invoke<T> {
    pub(crate) fn new<P: Serialize + ?Sized>(
        context: &DurableContext,
        function_name: String,
        payload: &P,
    ) -> Self {
        Self {
            context: context.clone(),
            spec: context.claim(OperationType::ChainedInvoke, "ChainedInvoke"),
            options: ChainedInvokeOptions {
                function_name,
                ..ChainedInvokeOptions::default()
            },
            payload: payload::encode(payload),
            output: PhantomData,
        }
    }

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

    async fn run(self) -> Result<Option<String>, Failure> {
        let execution = self.context.execution();
        execution.check_task()?;
        self.spec.check_name()?;
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
            _ => execution.park(&self.spec, is_running).await,
        };
        let details = recorded.chained_invoke_details.as_ref();
        let kind = match recorded.status {
            OperationStatus::Succeeded => {
                return Ok(details.and_then(|details| details.result.clone()));
            }
            OperationStatus::TimedOut => FailureKind::TimedOut,
            OperationStatus::Stopped => FailureKind::Stopped,
            _ => FailureKind::Failed,
        };
        let error = details.and_then(|details| details.error.as_ref());
        Err(Failure::from_wire(error, kind))
    }
}

fn is_running(operation: &Operation) -> bool {
    !is_terminal(operation)
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Invoke<T> {
    type Output = Result<T, InvokeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let name = self.spec.name.clone();
            let invoked = self.run().await;
            invoked
                .and_then(|text| payload::decode(text.as_deref()))
                .map_err(|failure| InvokeError::new(name.as_deref(), failure))
        })
    }
}
