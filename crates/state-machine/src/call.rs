//! Calls of functions and of services.

use std::sync::Arc;

use asl::StateError;
use lambdura::{
    BoxError, DurableContext, NamedError, RetryStrategy, SerDes, SerDesContext, StepContext,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{IntoStateError as _, TEXT_TOO_LARGE, named};
use crate::frame::Frame;
use crate::integration::Integration;
use crate::limits::Limits;
use crate::operation_name::operation_name;
use crate::resource::bare_name;
use crate::services::{ServiceError, ServiceRequest, ServiceResult};
use crate::size::{fits, fits_as_text};
use crate::walk::Walk;

/// The step that calls a service.
pub const CALL: &str = "call";

/// The name of the wait that a call is raced against.
pub const TIMEOUT: &str = "timeout";
/// The same, if the heartbeat limit is the shorter one.
pub const HEARTBEAT: &str = "heartbeat timeout";

/// How a call and its timeout ended.
#[derive(Serialize, Deserialize)]
enum Raced {
    Answered(Value),
    TimedOut,
}

/// Calls a service, once for each attempt: the state's retriers decide about further attempts. If the process dies
/// before the answer is recorded, the service is called again, with the same token if the service accepts one.
pub(crate) async fn service(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    integration: Integration,
    parameters: Value,
    step: &str,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let Some(services) = walk.machine.settings.services.clone() else {
        return Err(StateError::runtime(format!(
            "The operation '{}' cannot be called here",
            integration.operation.name
        )));
    };
    let request = ServiceRequest {
        service: integration.service,
        operation: integration.operation,
        parameters,
        token: token(&frame.name()),
        style: integration.style(),
        within: limits.timeout,
    };
    let call = move |_: StepContext| {
        let (services, request) = (Arc::clone(&services), request.clone());
        async move {
            let answer = services.call(request).await;
            let answer = answered(integration, answer)?;
            if !fits(&answer) {
                // It is too large to be recorded.
                return Err(named(StateError::too_large(integration.service.name)).into());
            }
            Ok::<_, lambdura::BoxError>(answer)
        }
    };
    let called = context
        .step(call)
        .name(step)
        .retry(RetryStrategy::none())
        .await;
    called.map_err(|error| error.into_state_error())
}

fn answered(
    integration: Integration,
    answer: Result<ServiceResult, ServiceError>,
) -> Result<Value, NamedError> {
    let named = |(name, cause): (String, String)| NamedError::new(name, cause);
    match answer {
        Ok(ServiceResult {
            result,
            status,
            headers,
        }) => integration.output(result, status, &headers).map_err(named),
        Err(ServiceError::Refused {
            refusal,
            status,
            request_id,
        }) => Err(named(integration.failure(
            &refusal,
            status,
            request_id.as_deref(),
        ))),
        Err(ServiceError::Unanswered(cause)) => {
            Err(NamedError::new(integration.client_failure(), cause))
        }
        Err(ServiceError::Named(error)) => Err(error),
    }
}

/// Parses a function's result: the size is checked before the JSON syntax.
struct Output;

impl SerDes<Value> for Output {
    fn serialize(&self, value: &Value, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(value.to_string())
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<Value, BoxError> {
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(text).map_err(|error| match fits_as_text(text) {
            true => error.into(),
            false => TEXT_TOO_LARGE.into(),
        })
    }
}

/// Calls a function, and fails with `States.Timeout` if it takes too long: a later result is not used.
pub(crate) async fn call(
    walk: &Walk<'_>,
    function: &str,
    payload: &Value,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let function = callable(walk, function)?;
    let invoke = context
        .invoke::<_, Value>(&function, payload)
        .name(short(&function))
        .result_serdes(Output);
    // A function sends no heartbeats, so the heartbeat limit works like a timeout.
    let timeout = match (limits.timeout, limits.heartbeat) {
        (Some(timeout), Some(heartbeat)) => Some(timeout.min(heartbeat)),
        (timeout, heartbeat) => timeout.or(heartbeat),
    };
    let Some(timeout) = timeout else {
        return invoke.await.map_err(|error| error.into_state_error());
    };
    let is_heartbeat = limits.timeout.is_none_or(|it| it > timeout);
    let race = context.race([
        invoke.future().map(Raced::Answered),
        context
            .wait(timeout)
            .name(if is_heartbeat { HEARTBEAT } else { TIMEOUT })
            .future()
            .map(|()| Raced::TimedOut),
    ]);
    match race.name("call or timeout").await {
        Ok(Raced::Answered(value)) => Ok(value),
        Ok(Raced::TimedOut) if is_heartbeat => Err(StateError::new(asl::HEARTBEAT_TIMEOUT, "")),
        Ok(Raced::TimedOut) => Err(StateError::new(asl::TIMEOUT, "")),
        Err(error) => Err(error.into_state_error()),
    }
}

/// The name of the function for the invoke.
fn callable(walk: &Walk<'_>, function: &str) -> Result<String, StateError> {
    let Some(known) = &walk.machine.settings.callable else {
        return Ok(function.to_owned());
    };
    let name = bare_name(function);
    if known.contains(name) {
        return Ok(name.to_owned());
    }
    let cause = format!("Function not found: {function}");
    Err(StateError::new("Lambda.ResourceNotFoundException", cause))
}

/// An operation's name for a function, which may be as long as an ARN.
fn short(function: &str) -> String {
    operation_name(bare_name(function))
}

/// The token of an attempt's request, from the attempt's name. Athena requires at least 32 letters, DynamoDB at most
/// 36.
fn token(name: &str) -> String {
    format!("ld-{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_length_that_services_take() {
        for attempt in ["0", "9999"] {
            let token = token(&format!("beb195a90277bde4-1a22c245cba-{attempt}"));
            assert!((32..=36).contains(&token.len()), "{token}");
        }
    }
}
