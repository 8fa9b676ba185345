//! How far a map or parallel is, for rules of the user's own.

use crate::batch::completion::{CompletionConfig, CompletionReason};
use crate::batch::result::BatchStatus;

/// How far a map or parallel is; see [`Batch::complete_when`](crate::Batch::complete_when).
#[derive(Clone, Debug)]
pub struct BatchProgress {
    items: Vec<ItemProgress>,
}

/// How far an item of a map or parallel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemProgress {
    /// It has not been started.
    Waiting,
    /// It is running or suspended.
    Started,
    /// It returned a result.
    Succeeded,
    /// It failed.
    Failed,
}

impl BatchProgress {
    pub(crate) fn new(items: Vec<ItemProgress>) -> Self {
        Self { items }
    }

    /// Every item, in order.
    #[must_use]
    pub fn items(&self) -> &[ItemProgress] {
        &self.items
    }

    /// How many items there are.
    #[must_use]
    pub fn total_count(&self) -> usize {
        self.items.len()
    }

    /// How many items have succeeded.
    #[must_use]
    pub fn success_count(&self) -> usize {
        self.count(ItemProgress::Succeeded)
    }

    /// How many items have failed.
    #[must_use]
    pub fn failure_count(&self) -> usize {
        self.count(ItemProgress::Failed)
    }

    fn count(&self, progress: ItemProgress) -> usize {
        self.items.iter().filter(|item| **item == progress).count()
    }
}

/// When a batch is complete.
pub(crate) enum Completion<'a> {
    Config(CompletionConfig),
    Custom(Box<Decide<'a>>),
}

type Decide<'a> = dyn Fn(&BatchProgress) -> Option<BatchStatus> + Send + Sync + 'a;

impl Completion<'_> {
    /// Whether a batch with this progress is complete, and why.
    pub(crate) fn decide(&self, progress: &BatchProgress) -> Option<CompletionReason> {
        let total = progress.total_count();
        let (succeeded, failed) = (progress.success_count(), progress.failure_count());
        match self {
            Self::Config(config) => config.decide(total, succeeded, failed),
            Self::Custom(decide) => match decide(progress) {
                Some(BatchStatus::Succeeded) => Some(CompletionReason::CustomCompletionSucceeded),
                Some(BatchStatus::Failed) => Some(CompletionReason::CustomCompletionFailed),
                None => (succeeded + failed == total).then_some(CompletionReason::AllCompleted),
            },
        }
    }
}
