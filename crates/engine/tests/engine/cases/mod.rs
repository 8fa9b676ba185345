//! Tables of cases. Each reads as the event history that it leaves, with the time and the event's number; lines with a
//! dash show everything else: invocations, refusals, answers. The last line shows the state of the execution and its
//! operations.

mod batch;
mod callback;
mod chained_invoke;
mod context;
mod execution;
mod invocation;
mod pause;
mod step;
mod token;
mod wait;
