//! Tools that measure a system from outside: connections, loads of several workers, processor time and memory, medians.

pub mod connection;
pub mod load;
pub mod machine;
pub mod measured;
pub mod processor_time;
pub mod statistics;
