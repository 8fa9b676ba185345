//! Cheap tests of durable functions: the handler runs in the test's own process, with the production engine,
//! driver and SDK, with a store in memory and a clock that jumps while no handler is at work. Days pass in
//! milliseconds.
//!
//! In reading order: the setup of a test ([`Builder`], [`callback`]), its runner ([`DurableTestRunner`]), the results
//! to inspect ([`Run`], [`TestOperation`], [`Tree`], [`LogLine`]), and checks that are too laborious to write by hand
//! ([`DurableTestRunner::crash_everywhere`], [`replays`]).
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod answer;
mod builder;
mod runner;

mod logs;
mod operation;
mod run;
mod tree;

mod crash;
mod replays;

mod error;
mod shared_plugin;
mod time;
mod world;

pub use answer::{Answer, Callback, callback};
pub use builder::Builder;
pub use crash::{CrashPoint, CrashReport, InFlight, crash_everywhere};
pub use error::{RunError, TestError};
pub use lambda_api::{ErrorObject, Event, OperationStatus, OperationType};
pub use lambda_runtime::LambdaEvent;
pub use lambdura::embedded::HandlerOptions;
pub use logs::LogLine;
pub use operation::TestOperation;
pub use replays::{Replayed, Replays, replays};
pub use run::{Run, RunStatus};
pub use runner::{DurableTestRunner, OpenCallback, TestExecution, run};
pub use time::{days, hours, minutes, seconds};
pub use tracing::Level;
pub use tree::Tree;

/// The snippets of the user guide are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/testing.md")]
struct UserGuide;
