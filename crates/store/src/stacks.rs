//! Stacks that were deployed to servers, for servers that start later.

use model::Timestamp;

use crate::StoreFuture;

/// The stacks of the servers that share a store.
///
/// **Idempotent:** a stack that is put replaces the one of its name; deleting what is not there does nothing.
pub trait Stacks: Send + Sync + 'static {
    /// Records a stack; what it is made of is kept before ([`CodeBlobs`](crate::CodeBlobs)).
    fn put_stack(&self, record: StackRecord) -> StoreFuture<'_, ()>;

    /// All stacks, in order of name.
    fn stacks(&self) -> StoreFuture<'_, Vec<StackRecord>>;

    /// Forgets a stack, if there is such a one.
    fn delete_stack(&self, name: &str) -> StoreFuture<'_, ()>;
}

/// A stack, as it was deployed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StackRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bundle, in hexadecimal digits: the name of the archive.
    pub bundle: String,
    /// When it was deployed.
    pub deployed_at: Timestamp,
}
