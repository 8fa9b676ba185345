//! Durable functions against a service in memory: records, replays, and suspension of the handler.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod abandoned;
mod batches;
mod callbacks;
mod checkpoints;
mod children;
mod combinators;
mod conditions;
mod invokes;
mod plugins;
mod replay;
mod serializations;
mod steps;
mod waits;
