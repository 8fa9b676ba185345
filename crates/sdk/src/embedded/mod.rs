//! Durable executions within your own program: a SQLite file and no server.
//!
//! The handlers are the functions that run on Lambda, unchanged. The program registers them, opens a file, and starts
//! executions; killed at any moment and started again, it goes on where it was.
//!
//! ```no_run
//! use std::time::Duration;
//! use lambdura::embedded::Embedded;
//! use lambdura::{BoxError, DurableContext, StepContext, durable_execution};
//!
//! #[durable_execution]
//! async fn greet(name: String, ctx: DurableContext) -> Result<String, BoxError> {
//!     let greeting = ctx
//!         .step(|_: StepContext| {
//!             let greeting = format!("hello, {name}");
//!             async move { Ok::<_, BoxError>(greeting) }
//!         })
//!         .name("greeting")
//!         .await?;
//!     ctx.wait(Duration::from_secs(60)).await?;
//!     Ok(greeting)
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let app = Embedded::builder("app.db").handler("greet", greet).open().await?;
//!     let execution = app.start("greet", &"Alice").name("greet-alice").await?;
//!     let greeting: String = execution.result().await?;
//!     println!("{greeting}");
//!     app.shut_down().await?;
//!     Ok(())
//! }
//! ```
//!
//! - **The same engine.** An execution records the same events at the same moments as under `lambdura up`: the same
//!   engine, runtime and store, without HTTP, signatures and processes. Handlers that run at the same time share syncs.
//! - **Your tables, exactly once.** [`DurableContext::transaction`](crate::DurableContext::transaction) writes to tables of
//!   your own in the same file, in the transaction that records the step. [`Embedded::transaction`] is the same outside
//!   of an execution, for instance to create the tables, and [`Embedded::query`] reads them.
//! - **One program.** The file belongs to one process at a time; a second one is refused, and `lambdura console --file
//!   app.db` looks at it while the program runs.
//!
//! In reading order: the parts of a program ([`Builder`]), its use ([`Embedded`], [`Start`], [`Execution`], [`List`]),
//! how it is opened, and the layer between the SDK's core and the engine.

mod builder;
mod handlers;

mod app;
mod execution;
mod list;
mod start;

mod ground;
mod open;
mod program;

mod client;
mod error;
mod runner;
mod schedules;

pub use app::Embedded;
pub use builder::{Builder, HandlerOptions};
pub use error::{Error, HandlerProblem, OpenError, ScheduleProblem};
pub use execution::Execution;
pub use lambda_api::{
    DurableExecutionSummary, Event, ExecutionStatus, GetDurableExecutionResponse,
};
pub use list::List;
pub use model::InvalidId;
pub use schedule::ExpressionError;
pub use start::Start;
pub use store::{Durability, StoreFault};
pub use store_sqlite::{OpenStoreError, rusqlite};

#[doc(hidden)]
pub use ground::{AroundFunctions, AroundService, BesideDriver, Ground, Tables};
