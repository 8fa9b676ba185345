//! The record of changes: caller, action, time, address and outcome of each.

use model::Timestamp;

use crate::StoreFuture;

/// The record of changes of a server, or of the servers that share a store. Bounded: the oldest records are removed.
///
/// Not a part of [`Store`](crate::Store): the driver of executions has no use for it.
///
/// - **Durable, read your writes:** as every part of a store; records of other servers are seen too.
/// - **Damaged rows** are left out of the list.
pub trait AuditRecords: Send + Sync + 'static {
    /// Adds records: all of them or none. A record whose id is there already is left as it is, so that a call of
    /// unknown outcome can be repeated.
    fn append_audit(&self, records: Vec<AuditRecord>) -> StoreFuture<'_, ()>;

    /// Returns records, newest first.
    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Vec<AuditRecord>>;

    /// Removes the oldest records of a kind that are not to be kept, at most [`AUDIT_REMOVED_AT_ONCE`] of them, so that
    /// no other call waits for it.
    fn trim_audit(&self, kind: AuditKind, keep: AuditKeep) -> StoreFuture<'_, ()>;
}

/// Records that [`AuditRecords::trim_audit`] removes in one call, at most.
pub const AUDIT_REMOVED_AT_ONCE: usize = 1_000;

/// How often something happens, in CloudTrail's words. Each kind has its own bounds, so that frequent events do not
/// push out rare ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditKind {
    /// A change of the service itself: functions, stacks, access keys; an execution that was stopped.
    Management,
    /// A use of existing things: invocations, callbacks, items of tables. Also attempts that were refused.
    Data,
}

/// Something that was done, or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Made by [`AuditRecord::id_of`]: in the order of time.
    pub id: String,
    /// How often such a thing happens.
    pub kind: AuditKind,
    /// When.
    pub at: Timestamp,
    /// The server that was asked, by its address among the others; `None` where there is one only.
    pub server: Option<String>,
    /// An access key by its name, a person, a function, or an unknown caller.
    pub who: String,
    /// The key that signed.
    pub access_key_id: Option<String>,
    /// From which address.
    pub source_ip: Option<String>,
    /// The action, in IAM's words.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// The answer's HTTP status.
    pub status: Option<u16>,
    /// The answer's error, by its name.
    pub error: Option<String>,
}

impl AuditRecord {
    /// The id of the record with this number that a run of a server makes at this time. Ids sort by time across all
    /// servers.
    pub fn id_of(at: Timestamp, run: u64, number: u32) -> String {
        format!("{}{run:016x}{number:08x}", Self::id_at(at))
    }

    /// Sorts after the ids of all earlier records, and before those of all others.
    pub fn id_at(at: Timestamp) -> String {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        format!("{millis:012x}")
    }

    /// Whether a text is in any of the words of a record.
    pub fn contains(&self, text: &str) -> bool {
        let optional = [
            &self.server,
            &self.access_key_id,
            &self.source_ip,
            &self.error,
        ];
        let always = [&self.who, &self.action, &self.resource, &self.outcome];
        let words = optional.into_iter().flatten().chain(always);
        words.into_iter().any(|word| word.contains(text))
    }
}

/// Which records are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only records of this kind.
    pub kind: Option<AuditKind>,
    /// Only records with this text in one of their words.
    pub containing: Option<String>,
    /// Only records whose ids sort before this one.
    pub before: Option<String>,
    /// How many, at most; one at least.
    pub limit: usize,
}

/// Which records are kept: those that fulfil both conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditKeep {
    /// The newest so many.
    pub records_max: usize,
    /// Records that are not older.
    pub not_before: Timestamp,
}
