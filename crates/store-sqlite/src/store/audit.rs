//! The record of changes.

use store::{AuditKeep, AuditKind, AuditQuery, AuditRecord, AuditRecords, StoreFuture};

use super::SqliteStore;
use crate::job::Write;
use crate::read;

impl AuditRecords for SqliteStore {
    fn append_audit(&self, records: Vec<AuditRecord>) -> StoreFuture<'_, ()> {
        self.do_write(Write::AppendAudit(records))
    }

    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Vec<AuditRecord>> {
        let attempted = "read the record of changes".to_owned();
        self.searcher
            .read(attempted, move |connection| read::audit(connection, &query))
    }

    fn trim_audit(&self, kind: AuditKind, keep: AuditKeep) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let attempted = "trim the record of changes".to_owned();
            // Counting takes a while, and the writer has no time for it.
            let kept = self.searcher.read(attempted, move |connection| {
                read::oldest_audit_kept(connection, kind, keep.records_max)
            });
            let not_before = AuditRecord::id_at(keep.not_before);
            let until = match kept.await? {
                Some(kept) => kept.max(not_before),
                None => not_before,
            };
            self.do_write(Write::TrimAudit(kind, until)).await
        })
    }
}
