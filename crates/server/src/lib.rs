//! The server: the driver behind HTTP.
//!
//! One port speaks AWS's Lambda API ([`lambda`]), the few routes of our own ([`service`]) and the web console
//! ([`console`]); each
//! API and function URL of a stack has a port of its own ([`gateway`]). [`Server`] joins store, function host,
//! tables and traces, and [`Server::deploy`] puts a stack's functions into it.

mod allocator;
mod apis;
mod console;
mod convert;
mod data_folder;
mod dead_letters;
mod deliver;
mod deploy;
mod drain;
mod error;
mod functions;
mod gateway;
mod guard;
mod health;
mod http;
mod invoker;
mod lambda;
mod listen;
mod logs;
mod observed;
mod page;
mod patient_io;
mod processes;
mod request_body;
mod schedule;
mod server;
mod service;
mod set_aside;
mod statistics;
mod tables;
mod telemetry;
mod trace;
mod upkeep;
mod validate;
mod warnings;
mod xray;

pub use allocator::return_freed_memory;
pub use deploy::{DeployError, DeployedFunction, DeployedSchedule, Deployment};
pub use function_host::{LAYERS_FOLDER, PrepareRuntimeError, PreparedRuntime, Runtimes};
pub use functions::FreezeCodeError;
pub use model::Limits;
pub use server::{Server, ServerConfig, StartServerError, Stores};
pub use telemetry::{OtlpConfig, Protocol, TelemetryError};
pub use warnings::{Warning, Warnings};
