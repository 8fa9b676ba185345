//! What the macros accept: aliases of `Result`, generic steps, patterns as arguments.

extern crate self as lambdura;

use std::fmt::Debug;

use lambdura_macros::{durable_execution, durable_step};
use serde::{Deserialize, Serialize};

#[path = "../sdk/mod.rs"]
mod sdk;
pub use sdk::*;

#[derive(Clone, Deserialize, Serialize)]
struct Order;

type ShortResult<T> = Result<T, error::BoxError>;

#[durable_execution]
async fn handler(_event: Order, _ctx: DurableContext) -> ShortResult<Order> {
    Ok(Order)
}

#[durable_step]
async fn generic<T: Clone + Debug + Send + Sync>(
    _step: StepContext,
    value: T,
    (a, b): (u32, &'static str),
) -> Result<String, std::io::Error> {
    Ok(format!("{value:?} {a} {b}"))
}

#[durable_step]
async fn boxed<T>(_step: StepContext, value: T) -> Result<T, Box<dyn std::error::Error + Send + Sync>>
where
    T: Clone + Send + Sync + Serialize + for<'de> Deserialize<'de>,
{
    Ok(value)
}

fn main() {
    _ = handler(Order, DurableContext);
    _ = generic(1, (2, "3"));
    _ = boxed(Order);
}
