//! Durable functions in Rust: handlers that survive crashes, wait for days without running, and continue where they
//! stopped. The same binary runs on AWS Lambda and on Lambdura; with the feature `embedded`, the same handlers run inside
//! your own program with a SQLite file and no server (`lambdura::embedded`).
//!
//! ```no_run
//! use std::time::Duration;
//! use lambdura::{BoxError, CallbackId, DurableContext, StepContext, branch, durable_execution, durable_step};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Application { name: String, amount: u64 }
//!
//! #[derive(Deserialize)]
//! struct Approval { approved: bool }
//!
//! // A step runs once and its result is recorded. Attempts that fail are retried; each gets a clone of the arguments.
//! #[durable_step]
//! async fn pull_score(_step: StepContext, bureau: &'static str, name: String) -> Result<u32, BoxError> {
//!     Ok((bureau.len() + name.len()) as u32 * 50)
//! }
//!
//! async fn notify_manager(callback_id: &str) -> Result<(), BoxError> { Ok(()) }
//!
//! #[durable_execution]
//! async fn handler(application: Application, ctx: DurableContext) -> Result<&'static str, BoxError> {
//!     // Branches run concurrently; the first that fails ends the parallel.
//!     let scores: Vec<u32> = ctx
//!         .parallel(["equifax", "experian"].map(|bureau| {
//!             let name = application.name.clone();
//!             branch(move |ctx| async move { ctx.step(pull_score(bureau, name)).await })
//!         }))
//!         .await?
//!         .into_results()?;
//!
//!     // The handler is dropped here, and runs again from the top, with the recorded results, once the manager answers.
//!     let approval: Approval = ctx
//!         .wait_for_callback("approval", |callback_id: CallbackId, _: StepContext| async move {
//!             notify_manager(callback_id.as_str()).await
//!         })
//!         .timeout(Duration::from_secs(30 * 60))
//!         .await?;
//!
//!     let accepted = approval.approved && scores.iter().all(|score| *score > 300);
//!     Ok(if accepted { "approved" } else { "denied" })
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), lambdura::Error> {
//!     lambdura::run(handler).await
//! }
//! ```
//!
//! - **Deterministic outside steps.** The handler is replayed: the same operations must be called in the same order
//!   every time. Clocks, random numbers and I/O belong in steps. If code and history differ, the execution fails
//!   with `NonDeterministicExecutionError`.
//! - **To take whatever comes first**, use [`race`](DurableContext::race), [`select_ok`](DurableContext::select_ok) or
//!   [`try_join_all`](DurableContext::try_join_all), which record the outcome; `tokio::select!` over durable operations
//!   [decides again](DurableContext#whatever-comes-first) in each replay.
//! - **Errors** are one type per operation ([`StepError`], [`CallbackError`], …) and go into [`BoxError`] with `?`.
//!   An error that the handler returns fails the execution; infrastructure failures never reach the handler.
//! - **Panics** in steps, branches and handlers are caught and become failures.
#![deny(missing_docs)]

mod context;

mod batch;
mod callback;
mod child;
mod combinator;
mod condition;
mod invoke;
mod retry;
mod serdes;
mod step;
mod step_context;
mod wait;
mod wait_for_callback;
mod watched;
mod with_retry;

mod error;
mod logger;
pub mod plugin;
mod subscriber;

mod invocation;
mod run_error;
mod runtime;

mod abandoned;
mod checkpointer;
mod context_operation;
mod current;
mod driver;
mod execution;
mod handler_waker;
mod machine_time;
mod operation;
mod operation_id;
mod payload;
mod replay_only;
mod service_call;
mod unfinished;

mod client;
pub mod service;

#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "embedded")]
mod transacting;
#[cfg(feature = "embedded")]
mod transaction;

#[doc(hidden)]
pub mod __private;

pub use batch::{
    Batch, BatchItem, BatchOutcome, BatchProgress, BatchResult, BatchStatus, Branch,
    CompletionConfig, CompletionReason, IntoBranch, ItemProgress, Nesting, branch,
};
pub use callback::{Callback, CallbackId, CreateCallback};
pub use child::ChildContext;
pub use combinator::{
    CombinatorErrorKind, DurableFuture, DurableOperation, JoinAll, Race, SelectOk, Settled,
    TryJoinAll,
};
pub use condition::{
    BackoffWaitStrategy, WaitDecision, WaitForCondition, WaitStrategy, wait_strategy,
};
pub use context::DurableContext;
pub use error::{
    BatchError, BoxError, CallbackError, ChildContextError, CombinatorError, FailureKind,
    InvokeError, NamedError, OperationError, StepError, WaitError, WaitForConditionError,
};
pub use invocation::{InvocationContext, Invoker};
pub use invoke::Invoke;
pub use lambdura_macros::{durable_execution, durable_step};
pub use logger::{Logger, ReplayFilter};
pub use plugin::Plugin;
#[doc(hidden)]
pub use replay_only::ReplayWatcher;
pub use retry::{Jitter, RetryDecision, RetryStrategy};
pub use run_error::Error;
pub use runtime::{run, run_with};
pub use serdes::{SerDes, SerDesContext};
pub use step::{DurableStep, NamedStep, Step};
pub use step_context::StepContext;
#[cfg(feature = "embedded")]
pub use transacting::Transaction;
#[cfg(feature = "embedded")]
pub use transaction::TransactionStep;
pub use wait::Wait;
pub use wait_for_callback::WaitForCallback;
pub use with_retry::WithRetry;

/// The program of the README is compiled and run.
#[cfg(all(doctest, feature = "embedded"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The program in the macros' README is compiled, too: the macros cannot be used without this crate.
#[cfg(doctest)]
#[doc = include_str!("../../sdk-macros/README.md")]
struct ReadmeOfMacros;
