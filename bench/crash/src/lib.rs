//! Kills the server again and again while clients call it, and checks afterwards that it kept its promises.
//!
//! Three parts that do not know each other: the keeper kills and starts the server (`keeper`), clients start executions
//! of every kind and never stop calling (`workload`, `callbacks`), and checkers judge the evidence (`checkers`): the
//! service's own histories, next to the ledger that the functions wrote. `run` puts them together; a test of `crash`
//! and `cargo xtask bench --crash` use it. `elsewhere` does without the keeper: another program kills several servers.

mod elsewhere;
mod kind;
mod run;

mod callbacks;
mod client;
mod keeper;
mod workload;

mod evidence;
mod ledger;

mod checkers;
mod offenders;
mod report;

mod clock;

pub use checkers::Check;
pub use elsewhere::{Elsewhere, look_on};
pub use report::Report;
pub use run::{Plan, run};
