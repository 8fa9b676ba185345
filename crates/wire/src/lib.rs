//! Converts between AWS's shapes (`lambda-api`) and Lambdura's (`model`), in both directions; validates requests with
//! AWS's messages, and maps errors to AWS's errors. It contains no HTTP, so that every way of answering functions
//! gives the same answers.

mod error;
mod member;
mod named;
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
pub use member::{Member, Rule, check};
pub use named::{callback_id, checkpoint_token, client_token, execution_arn};
pub use operation::{wire_operation, wire_operation_millis};
pub use page::{FIRST_PAGE, Fitting, PAGE_BYTES_MAX, fitting, json_bytes};
pub use update::{Targets, Update, updates};
pub use validate::{Range, Violations};
