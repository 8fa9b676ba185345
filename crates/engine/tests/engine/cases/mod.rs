//! Tables of cases. Each reads as the event history that it leaves, with the time and the event's
//! number; lines with a dash are what else is seen: invocations, refusals, answers. The last line
//! says where the execution and its operations stand.

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
