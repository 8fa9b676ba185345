//! Stacks that were deployed to servers.

use model::Timestamp;
use thiserror::Error;

use crate::{StoreFault, StoreFuture};

/// The stacks of a server, or of the servers that share a store.
///
/// Not a part of [`Store`](crate::Store): the driver of executions has no use for it.
///
/// - **Durable, read your writes:** as every part of a store.
/// - **One change at a time:** each change names the revision that it is made on. If any server has changed any stack
///   since, nothing is written. So of two deployments that both claim a name, one is refused.
/// - **Damaged rows** are left out of the list.
pub trait Stacks: Send + Sync + 'static {
    /// Returns the revision of all stacks, which a server compares with the one that it serves. It is 0 at first, and
    /// each change raises it by one before the change is acknowledged. It outlives the server.
    fn stacks_revision(&self) -> StoreFuture<'_, StacksRevision>;

    /// All stacks in order of name, and a revision that they are at least as new as.
    fn stacks(&self) -> StoreFuture<'_, StackList>;

    /// Records a stack, in place of the one of this name.
    ///
    /// # Errors
    /// [`StoreFault::stacks_changed`] when `seen` is not the revision any more; nothing is written then.
    fn put_stack(&self, record: StackRecord, seen: StacksRevision) -> StoreFuture<'_, ()>;

    /// Forgets a stack, if there is such a one; the revision is raised in any case.
    ///
    /// # Errors
    /// As [`Stacks::put_stack`].
    fn delete_stack(&self, name: &str, seen: StacksRevision) -> StoreFuture<'_, ()>;
}

/// A state of all stacks; ascending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StacksRevision(pub u64);

impl StacksRevision {
    /// The revision after a change that was made on this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// All stacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackList {
    /// The stacks are at least as new as this.
    pub revision: StacksRevision,
    /// In order of name.
    pub stacks: Vec<StackRecord>,
}

/// A stack, as it was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackRecord {
    /// Its name.
    pub name: String,
    /// Its content, as JSON in a form of the server's own.
    pub document: String,
    /// When it was deployed last.
    pub deployed_at: Timestamp,
}

/// Why a change of a stack was not written.
#[derive(Debug, Error)]
#[error("another stack was changed in the meantime")]
struct StacksChanged;

impl StoreFault {
    /// The fault of changing a stack on a revision that is not the newest.
    pub fn stacks_changed(name: &str) -> Self {
        Self::new(format!("change stack `{name}`"), false, StacksChanged)
    }

    /// Whether it is [`StoreFault::stacks_changed`].
    pub fn is_stacks_changed(&self) -> bool {
        self.cause.is::<StacksChanged>()
    }
}
