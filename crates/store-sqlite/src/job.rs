//! The writer's jobs, and its answers.

use std::sync::Arc;

use store::{
    AccessKeyRecord, AuditKind, AuditRecord, CommitError, StackRecord, StacksRevision, StoreWrite,
    WriteDomain, Written,
};
use tokio::sync::oneshot;

use crate::within;

/// A record of a change, about.
const AUDIT_BYTES: usize = 512;

/// One write with the place for its answer.
#[derive(Debug)]
pub(crate) struct Job {
    pub write: Write,
    pub answer: oneshot::Sender<Result<Written, CommitError>>,
}

/// One write.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all writes are of the large variant"
)]
pub(crate) enum Write {
    Store(StoreWrite),
    CreateAccessKey(Box<AccessKeyRecord>),
    ReplaceAccessKey(Box<AccessKeyRecord>),
    DeleteAccessKey(String),
    PutStack(Box<StackRecord>, StacksRevision),
    DeleteStack(String, StacksRevision),
    AppendAudit(Vec<AuditRecord>),
    /// Removes records with ids before this one, not all at once.
    TrimAudit(AuditKind, String),
    /// The application's code.
    Within(Arc<within::Job>),
}

impl From<StoreWrite> for Write {
    fn from(write: StoreWrite) -> Self {
        Self::Store(write)
    }
}

impl Write {
    /// The attempt, in a fault's words.
    pub fn attempted(&self) -> String {
        match self {
            Self::Store(write) => write.attempted(),
            Self::CreateAccessKey(record) => {
                format!("create access key `{}` ({})", record.name, record.id)
            }
            Self::ReplaceAccessKey(record) => format!("change access key {}", record.id),
            Self::DeleteAccessKey(id) => format!("delete access key {id}"),
            Self::PutStack(record, _) => format!("change stack `{}`", record.name),
            Self::DeleteStack(name, _) => format!("change stack `{name}`"),
            Self::AppendAudit(_) => "add to the record of changes".to_owned(),
            Self::TrimAudit(..) => "trim the record of changes".to_owned(),
            Self::Within(job) => job.attempted().to_owned(),
        }
    }

    /// Whether it is about the catalogue.
    pub fn changes_catalogue(&self) -> bool {
        matches!(self, Self::Store(write) if write.domain() == WriteDomain::Catalogue)
    }

    /// Whether it is about access keys.
    pub fn changes_access_keys(&self) -> bool {
        matches!(
            self,
            Self::CreateAccessKey(_) | Self::ReplaceAccessKey(_) | Self::DeleteAccessKey(_)
        )
    }

    /// Bytes that it adds to a transaction, about: payloads, and a flat sum for the rest.
    pub fn weight(&self) -> usize {
        let payload = match self {
            Self::Store(write) => return write.weight(),
            Self::CreateAccessKey(record) | Self::ReplaceAccessKey(record) => record.policies.len(),
            Self::PutStack(record, _) => record.document.len(),
            Self::AppendAudit(records) => records.len() * AUDIT_BYTES,
            Self::DeleteAccessKey(_)
            | Self::DeleteStack(..)
            | Self::TrimAudit(..)
            | Self::Within(_) => 0,
        };
        StoreWrite::ROWS_BYTES + payload
    }
}
