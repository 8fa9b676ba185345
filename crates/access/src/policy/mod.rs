//! IAM policies: the effect of a statement, and the decision from several.
//!
//! Source: IAM user guide, "Policies and permissions", "JSON policy element reference" and "Policy evaluation logic",
//! read 2026-11. Unsupported elements are rejected when a policy is read, and never interpreted as something else.

mod actions;
mod condition;
mod decide;
mod document;
mod pattern;
mod question;
mod ready;
mod set;
mod strict;

pub use decide::{Verdict, decide, decide_everywhere};
pub use document::{Policy, PolicyError};
pub use pattern::matches;
pub use question::Question;
pub use ready::{READY, ReadyPolicy};
pub use set::PolicySet;
pub use strict::read_once;
