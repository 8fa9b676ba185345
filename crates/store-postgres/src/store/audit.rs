//! The record of changes.

use store::columns::Code as _;
use store::{
    AUDIT_REMOVED_AT_ONCE, AuditKeep, AuditKind, AuditQuery, AuditRecord, AuditRecords, StoreFuture,
};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::text::stored;
use store::columns::Cells as _;

impl AuditRecords for PostgresStore {
    fn append_audit(&self, records: Vec<AuditRecord>) -> StoreFuture<'_, ()> {
        self.read("add to the record of changes".to_owned(), async move {
            let sql = include_str!("../sql/audit/append.sql");
            let of = |field: fn(&AuditRecord) -> &str| {
                let fields = records.iter().map(field);
                fields.map(|text| stored(text)).collect::<Vec<_>>()
            };
            let maybe = |field: fn(&AuditRecord) -> &Option<String>| {
                let fields = records.iter().map(field);
                let fields = fields.map(|text| text.as_deref().map(stored));
                fields.collect::<Vec<_>>()
            };
            let instants = records.iter().map(|it| it.at.as_millis());
            let statuses = records.iter().map(|it| it.status.map(i64::from));
            let parameters: [&(dyn ToSql + Sync); 13] = [
                &&*self.account,
                &of(|it| it.kind.code()),
                &of(|it| &it.id),
                &instants.collect::<Vec<_>>(),
                &maybe(|it| &it.server),
                &of(|it| &it.who),
                &maybe(|it| &it.access_key_id),
                &maybe(|it| &it.source_ip),
                &of(|it| &it.action),
                &of(|it| &it.resource),
                &of(|it| &it.outcome),
                &statuses.collect::<Vec<_>>(),
                &maybe(|it| &it.error),
            ];
            self.readers.write(sql, &parameters).await.map(drop)
        })
    }

    fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Vec<AuditRecord>> {
        self.read("read the record of changes".to_owned(), async move {
            let sql = include_str!("../sql/audit/list.sql");
            let kind = query.kind.map(|kind| kind.code());
            let containing = query.containing.as_deref().map(stored);
            let limit = number(query.limit.max(1));
            let parameters: [&(dyn ToSql + Sync); 5] =
                [&&*self.account, &kind, &query.before, &containing, &limit];
            let rows = self.searchers.rows(sql, &parameters).await?;
            let read = self
                .unreadable
                .all("record of a change", &rows, read_record);
            Ok(read)
        })
    }

    fn trim_audit(&self, kind: AuditKind, keep: AuditKeep) -> StoreFuture<'_, ()> {
        self.read("trim the record of changes".to_owned(), async move {
            let sql = include_str!("../sql/audit/trim.sql");
            let parameters: [&(dyn ToSql + Sync); 5] = [
                &&*self.account,
                &kind.code(),
                &AuditRecord::id_at(keep.not_before),
                &number(keep.records_max.max(1)),
                &number(AUDIT_REMOVED_AT_ONCE),
            ];
            self.searchers.write(sql, &parameters).await.map(drop)
        })
    }
}

fn number(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn read_record(row: &Row) -> Result<AuditRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(AuditRecord {
        kind: columns.code()?,
        id: columns.text()?,
        at: columns.instant()?,
        server: columns.optional_text()?,
        who: columns.text()?,
        access_key_id: columns.optional_text()?,
        source_ip: columns.optional_text()?,
        action: columns.text()?,
        resource: columns.text()?,
        outcome: columns.text()?,
        status: columns.optional_count()?,
        error: columns.optional_text()?,
    })
}
