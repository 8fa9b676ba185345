extern crate self as lambdura;

use lambdura_macros::durable_execution;
use serde::{Deserialize, Serialize};

#[path = "../sdk/mod.rs"]
mod sdk;
pub use sdk::*;

#[derive(Deserialize, Serialize)]
struct Order;

struct Unreadable;
struct Unwritable;
struct NoError;

#[durable_execution]
async fn unreadable_event(_event: Unreadable, _ctx: DurableContext) -> Result<Order, String> {
    Ok(Order)
}

#[durable_execution]
async fn unwritable_result(_event: Order, _ctx: DurableContext) -> Result<Vec<Unwritable>, String> {
    Ok(Vec::new())
}

#[durable_execution]
async fn no_error(_event: Order, _ctx: DurableContext) -> Result<Order, NoError> {
    Err(NoError)
}

fn main() {}
