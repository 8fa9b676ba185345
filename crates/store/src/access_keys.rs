//! Access keys, which sign requests.

use model::Timestamp;

use crate::{StoreFault, StoreFuture};

/// Access keys, each with a name for people. Secrets are sealed before they come here: a store never sees a secret, nor
/// the key that seals it.
///
/// Not a part of [`Store`](crate::Store): the driver of executions has no use for it.
///
/// - **Durable, in order, read your writes:** as every part of a store.
/// - **Unique:** neither an id nor a name is there twice, even if several servers create keys at the same time.
/// - **Damaged rows** are left out of the list: a key that cannot be read signs nothing.
pub trait AccessKeys: Send + Sync + 'static {
    /// Returns the revision of all keys, which a cache is compared with: data read after a revision is current as long
    /// as the revision is the same.
    ///
    /// Every change, by any server, raises it before the change is acknowledged. Compare only revisions that
    /// were read through one value.
    fn access_key_revision(&self) -> StoreFuture<'_, AccessKeyRevision>;

    /// Records a new key. Creating the same record again comes to the same.
    ///
    /// # Errors
    /// A fault that no retry helps when another key has the id or the name ([`StoreFault::access_key_taken`]).
    fn create_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()>;

    /// Replaces the key of this id: everything but its name and its time of creation.
    ///
    /// # Errors
    /// A fault that no retry helps when there is none of this id ([`StoreFault::no_access_key`]).
    fn replace_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()>;

    /// Forgets a key, by its id, if there is such a one.
    fn delete_access_key(&self, id: &str) -> StoreFuture<'_, ()>;

    /// All keys, by name.
    fn access_keys(&self) -> StoreFuture<'_, Vec<AccessKeyRecord>>;
}

/// A state of the access keys; ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyRevision(pub u64);

/// An access key, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeyRecord {
    /// The id in requests.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The secret, sealed by a key that is not in the store, in a form of the sealer's own.
    pub sealed_secret: Vec<u8>,
    /// Policies as JSON, in a form of the server's own.
    pub policies: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its secret was drawn.
    pub rotated_at: Timestamp,
    /// Since when it may not be used to sign.
    pub disabled_at: Option<Timestamp>,
}

impl std::fmt::Debug for AccessKeyRecord {
    /// Leaves out the sealed secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKeyRecord")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

impl StoreFault {
    /// The fault of creating an access key whose id or name is taken.
    pub fn access_key_taken(record: &AccessKeyRecord) -> Self {
        Self::new(
            format!("create access key `{}` ({})", record.name, record.id),
            false,
            "another access key has this name or id",
        )
    }

    /// The fault of changing an access key that is not there.
    pub fn no_access_key(id: &str) -> Self {
        let attempted = format!("change access key {id}");
        Self::new(attempted, false, "there is no such access key")
    }
}
