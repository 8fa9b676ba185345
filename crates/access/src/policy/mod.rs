//! IAM policies: what a statement allows, and what follows from several.
//!
//! Source: IAM user guide, "Policies and permissions", "JSON policy element reference" and "Policy evaluation logic",
//! read 2026-11. What is not understood is refused when a policy is read, and never taken for something else.

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
