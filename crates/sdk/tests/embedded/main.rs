//! Programs that run their own executions.

mod executions;
mod files;
mod going_on;
mod transactions;
mod world;
