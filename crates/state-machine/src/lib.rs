//! State machines of the Amazon States Language, run as durable functions.
//!
//! A [`StateMachine`] is a handler: its work is recorded as operations of an ordinary durable execution, and it is
//! replayed like any other ([ADR 27](../../../docs/adr/0027-a-state-machine-is-a-durable-function.md)).
//!
//! | in the definition | in the history |
//! | --- | --- |
//! | a state | a child context with its name, whose result contains the output and the next state |
//! | its time and seed | a step `enter` within; everything random or time-dependent in the state follows from them |
//! | a function that a Task calls | a chained invoke |
//! | a call of another service | a step `call` |
//! | another state machine whose end is awaited | a step `call and wait`, and steps `watch` with waits between |
//! | an evaluation of JSONata that fails | a step `evaluation failed`, with the error and its place |
//! | a task token | a callback |
//! | an activity | a step `activity` with the work, a callback that offers it, and a task token |
//! | Wait, and the delay of a retry | a wait |
//! | Parallel, Map | a parallel, a map |
//! | the results of a distributed Map that are written to a bucket | a step `write` |
//! | an item of a distributed Map | an execution of the same function, by a chained invoke |
//!
//! The caller decides where it runs: in a function process of a server, or in a program with the SDK's embedded mode.

mod activity;
mod attribute_value;
mod evaluation;
mod failure;
mod inspection;
mod integration;
mod machine;
mod middle;
pub mod name;
mod operation_name;
mod proof;
mod resource;
mod services;
mod size;

mod arguments;
mod batch;
mod call;
mod entry;
mod frame;
mod handler;
mod limits;
mod nested;
mod reading;
mod state;
mod task;
mod wait;
mod walk;
mod writing;

pub use activity::{RETURNED, Scheduled, TOKEN, TakenBy, offer};
pub use arguments::{Recorded, arguments};
pub use call::{CALL, HEARTBEAT, TIMEOUT};
pub use entry::{Entry, Given};
pub use evaluation::EvaluationFailed;
pub use failure::{call_failure, is_output_too_large};
pub use inspection::{CalledElsewhere, UnsupportedResource, called_elsewhere, functions};
pub use machine::{Settings, StateMachine};
pub use middle::{ItemRun, Redrive, looks_like_item};
pub use nested::{CALL_AND_WAIT, STOP, WATCH, Watched, outcome};
pub use operation_name::operation_name;
pub use proof::{KEY_VARIABLE, Key};
pub use resource::{integration_parts, is_activity_name, task_name};
pub use services::{ServiceAnswer, ServiceError, ServiceRequest, ServiceResult, Services};
pub use size::{fits, fits_as_text, fits_in_bytes};
pub use task::invoked;
pub use writing::{WRITE, run_id};
