//! The server: the runtime behind HTTP.
//!
//! One port ([`main_port`]) serves AWS's Lambda API ([`api`]), the stack's tables ([`tables`]) and state machines
//! ([`states`]), Lambdura's own routes ([`service`]) and the web console ([`console`]). Each API and function URL of a stack has its
//! own port ([`gateway`]). Requests for AWS's other services are forwarded or rejected ([`elsewhere`]). [`Server`] joins store, function host, tables and traces, and
//! [`Server::deploy`] deploys a stack's functions to it.

mod app;
mod callers;
mod server;

mod deploy_error;
mod start_error;

mod main_port;

mod access;
mod api;
mod cluster;
mod console;
mod elsewhere;
mod event_source;
mod gateway;
mod oidc;
mod permission;
mod service;
mod states;
mod tables;

mod deploy;
mod schedule;

mod functions;
mod runner;
mod upkeep;

mod look;

mod allocator;
mod data_folder;
mod http;
mod telemetry;
mod tokens;

pub use access::{
    AccessConfig, AccessLimits, AuditLine, KeyError, KeyRing, KeyView, KeyWithSecret, OfflineKeys,
    OfflineKeysError, ReadAuditError, TlsFiles,
};
pub use allocator::return_freed_memory;
pub use cluster::{ClusterSettings, LEASE, Shared};
pub use console::has_console;
pub use cost::Prices;
pub use deploy::{
    Artifacts, DeployedEventSource, DeployedFunction, DeployedSchedule, Deployment, LeftOutFunction,
};
pub use deploy_error::DeployError;
pub use elsewhere::{
    AccountCredentials, Elsewhere, FetchObjectError, UnansweredCall, fetch_object, profile_keys,
    unanswered_calls,
};
pub use function_host::{
    Credentials, DebuggedProcess, Debugger, Interpreter, InterpreterVersion, LAYERS_FOLDER,
    NodePackages, PrepareRuntimeError, PreparedRuntime, Runtimes,
};
pub use functions::{
    ArchivedCode, FolderCode, FreezeCodeError, STATE_MACHINE_DEFINITION, STATE_MACHINE_PROGRAM,
    STATE_MACHINE_ROLE, STATE_MACHINE_TYPE, UnpackError, archive_damage, state_machine_bootstrap,
    state_machine_type, unpack,
};
pub use http::tls::{TlsError, check_certificate};
pub use model::Limits;
pub use oidc::{OidcConfig, OidcPolicy, check_provider_url};
pub use runtime::ClockMode;
pub use server::{Debugging, Server, ServerConfig, Stores};
pub use start_error::StartServerError;
pub use states::{durable_name, is_redrive_name, redrive_name};
pub use tables::{ServeTablesError, ServedTables};
pub use telemetry::{OtlpConfig, Protocol, TelemetryError, Warning, Warnings};
pub use tokens::{AuthorizerConfig, KeySet, KeySetError, TokenKeys};
