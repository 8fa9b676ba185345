//! The driver: joins engine, store and functions.
//!
//! Every change of an execution goes the same way: load it (or find it resident), apply the input,
//! commit the transition, absorb it, run its effects. The HTTP server, the SDK's embedded mode and
//! the test runner are shells around this one loop.
//!
//! It keeps nothing in memory that a restart may not lose: resident executions are a cache, timers are read from the
//! store, waiting invocations are names in lanes, and [`Driver::recover`] takes up the work that an earlier run left.

mod alarm;
mod aside;
mod awaited;
mod changes;
mod clock;
mod deadlines;
mod dispatch;
mod driver;
mod effect;
mod error;
mod lanes;
mod places;
mod process;
mod queue;
mod queue_gauge;
mod read;
mod recover;
mod resident;
mod runner;
mod seeds;
mod servers;
mod set_aside;
mod start;
mod start_request;
mod tenure;
mod territory;
mod timers;
mod to_the_end;
mod wait;
mod waiters;
mod within;

pub use alarm::TimerPulse;
pub use changes::{Change, ChangeListener, EndListener};
pub use clock::{Clock, ClockMode, Running, SteadyClock, Work, WoundClock};
pub use driver::{Driver, DriverConfig, WeakDriver};
pub use error::{ProcessError, StartError};
pub use places::{Entered, PlaceLease, Places, Reservations, Room};
pub use queue::EnqueueError;
pub use read::StatePage;
pub use runner::{
    Destination, DurableInvocation, DurableSettings, EndedInvocation, FunctionRunner,
    FunctionRunnerFuture, InvocationReport, NoRoom, PlainInvocation, PlainOutcome, RetryPolicy,
};
pub use servers::{
    Cluster, ClusterConfig, ClusterStatistics, MessageFuture, Messenger, Notice, Part, Plan,
    Standing, plan,
};
pub use set_aside::TriedAgain;
pub use start_request::{StartRequest, Started};
pub use tenure::Tenure;
pub use within::Making;
