//! The driver in a world that the test moves: a clock that stands still, functions that answer when they are
//! told to, and a store that fails where the test wants it.

mod faults;
mod kept;
mod queue;
mod recovery;
mod servers;
mod site;
mod takeover;
mod timers;
mod turns;
mod world;
