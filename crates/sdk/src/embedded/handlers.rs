//! The functions of a program, by name, with their types forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use lambda_api::{FunctionErrorBody, InvocationInput, InvocationOutput};
use lambda_runtime::{Context, LambdaEvent};
use model::{ErrorObject, FunctionName};
use runtime::{DurableSettings, PlainInvocation, PlainOutcome};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::DurableContext;
use crate::error::{BoxError, Failure, wire_type};
use crate::invocation::{InvocationContext, Invoker};
use crate::payload;
use crate::run_error::Error;

/// A durable function.
pub(super) type Durable = dyn Fn(
        Invoker,
        InvocationInput,
        InvocationContext,
    ) -> BoxFuture<'static, Result<InvocationOutput, Error>>
    + Send
    + Sync;

/// A function that is not durable.
pub(super) type Plain = dyn Fn(PlainInvocation) -> BoxFuture<'static, PlainOutcome> + Send + Sync;

#[derive(Clone)]
pub(super) enum Handler {
    Durable(Arc<Durable>, DurableSettings),
    Plain(Arc<Plain>),
}

pub(super) type Handlers = BTreeMap<FunctionName, Handler>;

/// A durable function of any types.
pub(super) fn durable<F, Fut, Event, T, E>(handler: F, settings: DurableSettings) -> Handler
where
    F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    T: Serialize + Send + 'static,
    E: Into<BoxError> + 'static,
{
    let handler = Arc::new(handler);
    let run = move |invoker: Invoker, input: InvocationInput, context: InvocationContext| {
        let handler = Arc::clone(&handler);
        let run = async move { invoker.invoke(handler.as_ref(), input, context).await };
        Box::pin(run) as BoxFuture<'static, _>
    };
    Handler::Durable(Arc::new(run), settings)
}

/// A plain function of any types.
pub(super) fn plain<F, Fut, Event, T, E>(function: F) -> Handler
where
    F: Fn(LambdaEvent<Event>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    T: Serialize + Send + 'static,
    E: Into<BoxError> + 'static,
{
    let function = Arc::new(function);
    let run = move |invocation: PlainInvocation| {
        let function = Arc::clone(&function);
        let run = async move {
            let mut context = Context::default();
            context.request_id = invocation.request_id.to_string();
            context.invoked_function_arn = invocation.invoked_arn;
            context.xray_trace_id = invocation.trace_header;
            context.tenant_id = invocation.tenant_id;
            let event = match serde_json::from_slice(&invocation.payload) {
                Ok(event) => event,
                Err(error) => {
                    let message = format!("the function's event: {error}");
                    return failed(&Failure::serialization(message));
                }
            };
            // The invoker catches panics.
            let ran = function(LambdaEvent::new(event, context)).await;
            let written = ran
                .map_err(|error| Failure::from_user(error, wire_type::HANDLER))
                .and_then(|value| payload::encode(&value));
            match written {
                Ok(text) => PlainOutcome::Succeeded(text.into_bytes()),
                Err(failure) => failed(&failure),
            }
        };
        Box::pin(run) as BoxFuture<'static, _>
    };
    Handler::Plain(Arc::new(run))
}

pub(super) fn failed(failure: &Failure) -> PlainOutcome {
    let error = ErrorObject {
        message: Some(failure.message.clone()),
        error_type: failure.error_type.clone(),
        ..ErrorObject::default()
    };
    let body = FunctionErrorBody {
        error_message: error.message.clone(),
        error_type: error.error_type.clone(),
        ..FunctionErrorBody::default()
    };
    PlainOutcome::FunctionError {
        error,
        payload: serde_json::to_vec(&body).unwrap_or_default(),
    }
}
