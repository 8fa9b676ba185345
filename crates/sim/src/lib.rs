//! Simulates the whole system in one thread, from one seed.
//!
//! The engine, the runtime and the SDK are real. Simulated are the store's delays and faults, the clock,
//! the processes that run functions, the network between them and the service, and the people who answer callbacks.
//! Every choice is drawn from the seed, so the same seed gives the same trace, byte by byte.
//!
//! In reading order: a [`Plan`] is computed from a seed: [programs](program) that executions run ([`body`] runs them),
//! and the [faults](Fault) that hit them. A [`World`] outlives each run of the server, which [`life`] runs one after
//! the other. [`start`] puts a server on [`clock`], [`around_store`], [`around_functions`] and [`around_service`],
//! which put the faults where they belong, and [`people`] make the requests from outside. In a third of the seeds,
//! several servers run [`together`] on one store: each on a [`machine`] with its own clock, with [`around_servers`] and
//! [`between_servers`] for their knowledge of each other, and [`reserved`] for the functions' places that they share.
//! The invariants are in [`check`] and [`check_servers`], and are checked at each commit, request and step. [`run`] runs a plan,
//! and [`shrink`] looks for the shortest plan that still fails.

mod check;
mod check_servers;
mod fault;
mod plan;
mod program;
mod violation;

mod body;
mod world;

mod around_functions;
mod around_servers;
mod around_service;
mod around_store;
mod between_servers;
mod clock;
mod machine;
mod occupancy;
mod ownership;
mod people;
mod reserved;

mod life;
mod panics;
mod run;
mod shrink;
mod start;
mod together;

pub use fault::Fault;
pub use plan::{Plan, Skew};
pub use program::{Answer, Fate, Op, Program};
pub use run::{Report, run};
pub use shrink::shrink;
pub use violation::Violation;
