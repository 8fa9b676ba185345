//! The record of changes in memory.

use super::MemoryStore;
use crate::StoreFuture;
use crate::audit::{
    AUDIT_REMOVED_AT_ONCE, AuditKeep, AuditKind, AuditQuery, AuditRecord, AuditRecords,
};

impl AuditRecords for MemoryStore {
    fn append_audit(&self, records: Vec<AuditRecord>) -> StoreFuture<'_, ()> {
        self.call("add to the record of changes", |tables| {
            for record in records {
                tables.audit.entry(record.id.clone()).or_insert(record);
            }
        })
    }

    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Vec<AuditRecord>> {
        self.call("read the record of changes", |tables| {
            let AuditQuery {
                kind,
                containing,
                before,
                limit,
            } = query;
            let newest = tables.audit.values().rev();
            let wanted = newest.filter(|record| {
                kind.is_none_or(|kind| record.kind == kind)
                    && containing.as_ref().is_none_or(|it| record.contains(it))
                    && before.as_ref().is_none_or(|before| record.id < *before)
            });
            wanted.take(limit.max(1)).cloned().collect()
        })
    }

    fn trim_audit(&self, kind: AuditKind, keep: AuditKeep) -> StoreFuture<'_, ()> {
        self.call("trim the record of changes", |tables| {
            let not_before = AuditRecord::id_at(keep.not_before);
            let of_kind = || tables.audit.values().filter(|record| record.kind == kind);
            let too_many = of_kind().count().saturating_sub(keep.records_max);
            let oldest = of_kind()
                .enumerate()
                .filter(|(place, record)| *place < too_many || record.id < not_before);
            let oldest = oldest.take(AUDIT_REMOVED_AT_ONCE);
            let oldest: Vec<String> = oldest.map(|(_, record)| record.id.clone()).collect();
            for id in oldest {
                tables.audit.remove(&id);
            }
        })
    }
}
