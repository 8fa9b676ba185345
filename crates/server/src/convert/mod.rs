//! Between our data and AWS's wire types. Nothing is decided here: each function says the same thing
//! in the other spelling.

mod error_object;
mod event;
mod execution;
mod operation;
mod update;

pub(crate) use error_object::{error_object, wire_error};
pub(crate) use event::wire_event;
pub(crate) use execution::{wire_execution, wire_summary};
pub(crate) use operation::{wire_operation, wire_operation_millis};
pub(crate) use update::{Targets, updates};
