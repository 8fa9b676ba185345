//! Reading records: one module for each kind of row.

mod access_keys;
mod audit;
mod catalogue;
mod event;
mod execution;
mod head;
mod list;
mod page;
mod queue;
mod schedule_marks;
mod search;
mod stacks;
mod summary;
mod work;

pub(crate) use access_keys::access_keys;
pub(crate) use audit::{audit, oldest_audit_kept};
pub(crate) use catalogue::{aliases, function_settings, function_versions};
pub(crate) use event::{event_heads, events, operation_events};
pub(crate) use execution::{load, record};
pub(crate) use head::{head, head_by_name};
pub(crate) use list::list;
pub(crate) use queue::{dead_letter_count, dead_letters, queued, queued_invocation};
pub(crate) use schedule_marks::schedule_marks;
pub(crate) use search::{counts, recent_inputs, search};
pub(crate) use stacks::{stacks, stacks_revision};
pub(crate) use summary::{invocation_time, offers, open_callbacks, open_timers, summary_by_id};
pub(crate) use work::{deadlines, owing_work, set_aside, versions_needed, waking_deadlines};
