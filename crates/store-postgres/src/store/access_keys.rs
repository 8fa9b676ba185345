//! The keys that sign requests.

use store::{AccessKeyRecord, AccessKeyRevision, AccessKeys, StoreFault, StoreFuture};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::text::stored;
use store::columns::Cells as _;

impl AccessKeys for PostgresStore {
    fn access_key_revision(&self) -> StoreFuture<'_, AccessKeyRevision> {
        self.read("read the revision of the access keys".to_owned(), async {
            let sql = include_str!("../sql/access_keys/revision.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            let revision = rows.first().map(|row| Columns::of(row).bits()).transpose();
            Ok(AccessKeyRevision(revision?.unwrap_or(0)))
        })
    }

    fn create_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let attempted = format!("create access key `{}` ({})", record.name, record.id);
            let created = self.read(attempted, async {
                let sql = include_str!("../sql/access_keys/create.sql");
                let disabled_at = record.disabled_at.map(|at| at.as_millis());
                self.readers
                    .write(
                        sql,
                        &[
                            &&*self.account,
                            &stored(&record.id),
                            &stored(&record.name),
                            &record.sealed_secret,
                            &stored(&record.policies),
                            &record.created_at.as_millis(),
                            &record.rotated_at.as_millis(),
                            &disabled_at,
                        ],
                    )
                    .await
            });
            let is_there =
                !created.await?.is_empty() || self.access_keys().await?.contains(&record);
            is_there
                .then_some(())
                .ok_or_else(|| StoreFault::access_key_taken(&record))
        })
    }

    fn replace_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let attempted = format!("change access key {}", record.id);
            let replaced = self.read(attempted, async {
                let sql = include_str!("../sql/access_keys/replace.sql");
                let disabled_at = record.disabled_at.map(|at| at.as_millis());
                self.readers
                    .write(
                        sql,
                        &[
                            &&*self.account,
                            &stored(&record.id),
                            &record.sealed_secret,
                            &stored(&record.policies),
                            &record.rotated_at.as_millis(),
                            &disabled_at,
                        ],
                    )
                    .await
            });
            match replaced.await?.is_empty() {
                true => Err(StoreFault::no_access_key(&record.id)),
                false => Ok(()),
            }
        })
    }

    fn delete_access_key(&self, id: &str) -> StoreFuture<'_, ()> {
        let id = id.to_owned();
        self.read(format!("forget access key {id}"), async move {
            let sql = include_str!("../sql/access_keys/delete.sql");
            self.readers
                .write(sql, &[&&*self.account, &stored(&id)])
                .await
                .map(drop)
        })
    }

    fn access_keys(&self) -> StoreFuture<'_, Vec<AccessKeyRecord>> {
        self.read("list the access keys".to_owned(), async {
            let sql = include_str!("../sql/access_keys/list.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            Ok(self.unreadable.all("access key", &rows, read_key))
        })
    }
}

fn read_key(row: &Row) -> Result<AccessKeyRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(AccessKeyRecord {
        id: columns.text()?,
        name: columns.text()?,
        sealed_secret: columns.next()?,
        policies: columns.text()?,
        created_at: columns.instant()?,
        rotated_at: columns.instant()?,
        disabled_at: columns.optional_instant()?,
    })
}
