//! The whole system in one thread, from one seed.
//!
//! Real engine, real runtime, the real SDK; simulated are what lies around them: the store's delays and faults, the clock,
//! the processes that run functions, the network between them and the service, and the people who answer. Everything
//! that could be otherwise is drawn from the seed, so that the same seed gives the same trace, byte by byte.
//!
//! In reading order: [`Plan`] is what a seed comes to: [programs](program) that executions run ([`body`] runs them), and
//! the [faults](Fault) that hit them. A [`World`] outlives the lives of the server, which [`life`] lives one after the other;
//! [`clock`], [`around_store`], [`around_functions`] and [`around_service`] put the faults where they belong, and [`people`]
//! do what comes from outside. A third of the seeds have several servers that live [`together`] on one store: each on a
//! [`machine`] with a clock of its own, with [`around_servers`] and [`between_servers`] for what they know of each other.
//! What must hold is in [`check`] and [`check_servers`], asked at each commit, request and step. [`run`] runs a plan,
//! and [`shrink`] looks for the shortest one that still fails.

mod check;
mod check_servers;
mod fault;
mod plan;
mod program;

mod body;
mod world;

mod around_functions;
mod around_servers;
mod around_service;
mod around_store;
mod between_servers;
mod clock;
mod machine;
mod ownership;
mod people;

mod life;
mod panics;
mod run;
mod shrink;
mod together;

pub use fault::Fault;
pub use plan::{Plan, Skew};
pub use program::{Answer, Fate, Op, Program};
pub use run::{Report, Violation, run};
pub use shrink::shrink;
