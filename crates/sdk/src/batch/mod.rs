//! Maps and parallels: many child contexts at once, recorded as one operation.

mod branch;
mod calls;
mod completion;
mod progress;
mod result;
mod run;

pub use branch::{Branch, IntoBranch, branch};
pub use calls::Batch;
pub use completion::{CompletionConfig, CompletionReason};
pub use progress::{BatchProgress, ItemProgress};
pub use result::{BatchItem, BatchOutcome, BatchResult, BatchStatus};
pub use run::Nesting;
