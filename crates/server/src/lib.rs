//! The server: the driver behind HTTP.
//!
//! One port speaks AWS's Lambda API ([`lambda`]) and the few routes of our own ([`service`]); each
//! HTTP API of a stack has a port of its own ([`gateway`]). [`Server`] joins store, function host,
//! tables and traces, and [`Server::deploy`] puts a stack's functions into it.

mod convert;
mod dead_letters;
mod deploy;
mod drain;
mod error;
mod functions;
mod gateway;
mod guard;
mod http;
mod invoker;
mod lambda;
mod listen;
mod logs;
mod server;
mod service;
mod tables;
mod trace;
mod validate;
mod xray;

pub use deploy::{DeployError, DeployedFunction, Deployment};
pub use functions::FreezeCodeError;
pub use server::{Server, ServerConfig, StartServerError, Stores};
