//! Records about functions and the server, and their export.
//!
//! Log lines ([`logs`]), X-Ray segments ([`xray`]), results of invocations ([`statistics`]) and the server's records
//! about itself ([`diagnostics`]) stay here. Each ended execution is one trace, sent in the format of OpenTelemetry's
//! collectors (OTLP) and switched on by the standard variables: [`config`] reads them, [`spans`] makes spans from a
//! history, [`otlp`] has the library that writes and sends them, [`exporter`] gathers batches. An execution never waits
//! for any of it.

mod advice;
mod diagnostics;
mod logs;
mod own_sources;
mod statistics;
mod warnings;
pub(crate) mod xray;

mod config;
mod exporter;
mod otlp;
mod spans;

pub(crate) use advice::advice;
pub use config::{OtlpConfig, Protocol, TelemetryError};
pub(crate) use diagnostics::Diagnostics;
pub(crate) use exporter::Exporter;
pub(crate) use logs::LogRecorder;
pub(crate) use own_sources::OwnSources;
pub(crate) use spans::execution_span;
pub(crate) use statistics::*;
pub use warnings::{Warning, Warnings};
