//! `CheckpointDurableExecution`: the function records progress.
//!
//! All updates of a request are accepted, or none is. The rules for the request as a whole are in
//! [`batch`], those of each type of operation in a module of its own.

mod batch;
mod callback;
mod chained_invoke;
mod context;
mod execution;
mod request;
mod step;
mod wait;

pub(crate) use request::checkpoint;
