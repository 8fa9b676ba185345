//! Between AWS's shapes (`lambda-api`) and ours (`model`): conversion both ways, validation in AWS's
//! words, and the AWS error that each of our errors is. No HTTP, so that whoever answers functions in
//! another way says the same.

mod error;
mod validate;

mod error_object;
mod event;
mod execution;
mod operation;
mod update;

mod page;
pub mod trace;

pub use error::ApiError;
pub use error_object::error_object;
pub use event::wire_event;
pub use execution::{wire_execution, wire_status, wire_summary};
pub use operation::{wire_operation, wire_operation_millis};
pub use page::{FIRST_PAGE, Fitting, PAGE_BYTES_MAX, fitting, json_bytes};
pub use update::{Targets, updates};
pub use validate::{Range, Violations};
