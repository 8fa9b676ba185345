//! AWS's conformance requirements, answered by the Rust SDK.
//!
//! There is one handler per requirement, written from the requirement's own description, and one module per suite.
//! All functions of the template run this program; `_HANDLER`, which Lambda sets to the function's `Handler`, says which
//! handler it is to be: a requirement's id, or one of two other kinds: what chained invokes call, and the function that
//! uses every operation.

mod handler;
mod serdes;

mod calendar;
mod callback;
mod child;
mod every_operation;
mod invoke;
mod map;
mod parallel;
mod plugin;
mod plugin_records;
mod step;
mod target;
mod wait;
mod wait_for_callback;
mod wait_for_condition;

use lambdura::{BoxError, Invoker};

use handler::Handler;

/// The suites: each knows the handlers of its own requirements.
const SUITES: &[fn(&str) -> Option<Handler>] = &[
    step::handler,
    wait::handler,
    child::handler,
    callback::handler,
    invoke::handler,
    wait_for_condition::handler,
    wait_for_callback::handler,
    parallel::handler,
    map::handler,
    plugin::handler,
    target::handler,
    every_operation::handler,
    calendar::handler,
];

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // One JSON object a line, with the execution's ARN at the top: the requirements' log queries look for it there.
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .init();
    let name = std::env::var("_HANDLER")?;
    let handler = SUITES
        .iter()
        .find_map(|suite| suite(&name))
        .ok_or_else(|| format!("`_HANDLER` is `{name}`, which is no requirement's id"))?;
    let invoker = plugin::with_plugins(&name, Invoker::from_env().await?);
    Ok(lambdura::run_with(invoker, handler).await?)
}
