//! The loan approval workflow, independent of the program that runs it.
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

/// The template's handler for the state machine's tasks; every other handler is the durable function.
const TASKS: &str = "tasks";

/// Serves invocations until Lambda ends the process, in the role that the function's handler names.
///
/// # Errors
/// The environment lacks a variable, or the Runtime API cannot be reached.
pub async fn serve() -> Result<(), lambdura::BoxError> {
    match std::env::var("_HANDLER").as_deref() {
        Ok(TASKS) => tasks::serve().await,
        _ => function::serve().await,
    }
}
