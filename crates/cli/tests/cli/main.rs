//! The real binary, spawned: against a service whose answers are written down, and as a service itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, and fails"
)]

mod lambdura;
mod running;
mod service;

mod access;
mod asl;
mod cdk;
mod commands;
mod demo;
mod installed;
mod interrupts;
mod kept;
mod keys;
mod mistakes;
mod packaged;
mod projects;
mod up;
