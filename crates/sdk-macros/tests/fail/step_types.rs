extern crate self as lambdura;

use lambdura_macros::durable_step;
use serde::{Deserialize, Serialize};

#[path = "../sdk/mod.rs"]
mod sdk;
pub use sdk::*;

#[derive(Deserialize)]
struct Unwritable;

#[derive(Serialize)]
struct Unreadable;

struct NotClone;
struct NoError;

#[durable_step]
async fn unwritable(_step: StepContext) -> Result<Unwritable, String> {
    Ok(Unwritable)
}

#[durable_step]
async fn unreadable(_step: StepContext) -> Result<Vec<Unreadable>, String> {
    Ok(Vec::new())
}

#[durable_step]
async fn not_clone(_step: StepContext, _argument: NotClone) -> Result<(), String> {
    Ok(())
}

#[durable_step]
async fn no_error(_step: StepContext) -> Result<(), NoError> {
    Err(NoError)
}

fn main() {}
