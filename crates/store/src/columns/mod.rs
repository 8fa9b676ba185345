//! The common part of stores with tables: the words and the columns that they keep our types in, and how our types are
//! read from a row. The SQL is theirs.

mod cells;
mod code;
mod event;
mod execution;
mod operation;
mod records;

pub use cells::Cells;
pub use code::{Code, UnknownCode, version_text};
pub use event::{EventColumns, payload_source, read_event};
pub use execution::{Contradiction, read_arn, read_deadline, read_head, read_record, whole};
pub use operation::read_operation;
pub use records::{
    read_alias, read_async_invocation, read_dead_letter, read_function_settings,
    read_function_version, read_log_line, read_queued, read_schedule_mark, read_segment,
};
