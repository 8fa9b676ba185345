//! Stacks that were deployed.

use store::{StackList, StackRecord, Stacks, StacksRevision, StoreFault, StoreFuture};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::text::stored;
use store::columns::Cells as _;

impl Stacks for PostgresStore {
    fn stacks_revision(&self) -> StoreFuture<'_, StacksRevision> {
        self.read("read the revision of the stacks".to_owned(), async {
            self.read_stacks_revision().await
        })
    }

    fn stacks(&self) -> StoreFuture<'_, StackList> {
        self.read("list the stacks".to_owned(), async {
            // First, so that the data read after it is not older.
            let revision = self.read_stacks_revision().await?;
            let sql = include_str!("../sql/stacks/list.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            let stacks = self.unreadable.all("stack", &rows, read_stack);
            Ok(StackList { revision, stacks })
        })
    }

    fn put_stack(&self, record: StackRecord, seen: StacksRevision) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let put = self.read(format!("change stack `{}`", record.name), async {
                let sql = include_str!("../sql/stacks/put.sql");
                let (name, document) = (stored(&record.name), stored(&record.document));
                let at = record.deployed_at.as_millis();
                let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                    [&&*self.account, &number(seen), &name, &document, &at];
                self.readers.write(sql, &parameters).await
            });
            match put.await?.is_empty() {
                true => Err(StoreFault::stacks_changed(&record.name)),
                false => Ok(()),
            }
        })
    }

    fn delete_stack(&self, name: &str, seen: StacksRevision) -> StoreFuture<'_, ()> {
        let name = name.to_owned();
        Box::pin(async move {
            let deleted = self.read(format!("change stack `{name}`"), async {
                let sql = include_str!("../sql/stacks/delete.sql");
                self.readers
                    .write(sql, &[&&*self.account, &number(seen), &stored(&name)])
                    .await
            });
            match deleted.await?.is_empty() {
                true => Err(StoreFault::stacks_changed(&name)),
                false => Ok(()),
            }
        })
    }
}

impl PostgresStore {
    async fn read_stacks_revision(&self) -> Result<StacksRevision, ReadError> {
        let sql = include_str!("../sql/stacks/revision.sql");
        let rows = self.readers.rows(sql, &[&&*self.account]).await?;
        let revision = rows.first().map(|row| Columns::of(row).bits()).transpose();
        Ok(StacksRevision(revision?.unwrap_or(0)))
    }
}

/// No revision is higher: nothing was seen that this could be.
fn number(revision: StacksRevision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn read_stack(row: &Row) -> Result<StackRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(StackRecord {
        name: columns.text()?,
        document: columns.text()?,
        deployed_at: columns.instant()?,
    })
}
