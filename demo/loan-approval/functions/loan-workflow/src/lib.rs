//! The loan approval workflow, apart from what runs it.
//!
//! `function.rs` serves it on Lambda, `demo/loan-embedded` runs it in a program of its own. The same work as tasks of a
//! state machine is in `tasks`.

pub mod credit;
pub mod decision;
pub mod disbursement;
pub mod fraud_service;
pub mod function;
mod money;
pub mod offer;
pub mod outcome;
pub mod progress_log;
pub mod progress_table;
pub mod risk;
mod say;
pub mod tasks;
pub mod validation;
pub mod workflow;

/// The handler of the template that is the state machine's tasks; every other one is the durable function.
const TASKS: &str = "tasks";

/// Serves invocations until Lambda ends the process, as what the function's handler says.
///
/// # Errors
/// The environment lacks something, or the Runtime API is out of reach.
pub async fn serve() -> Result<(), lambdura::BoxError> {
    match std::env::var("_HANDLER").as_deref() {
        Ok(TASKS) => tasks::serve().await,
        _ => function::serve().await,
    }
}
