//! What chained invokes call: durable functions themselves, because the requirements look for their executions.

use lambdura::{BoxError, DurableContext, durable_execution};
use serde_json::Value;

use crate::handler::{Handler, boxed};

pub fn handler(name: &str) -> Option<Handler> {
    match name {
        "echo" => boxed(echo),
        "fail" => boxed(fail),
        _ => None,
    }
}

#[durable_execution]
async fn echo(event: Value, _: DurableContext) -> Result<Value, BoxError> {
    Ok(event)
}

#[durable_execution]
async fn fail(_: Value, _: DurableContext) -> Result<Value, BoxError> {
    Err("this function always fails".into())
}
