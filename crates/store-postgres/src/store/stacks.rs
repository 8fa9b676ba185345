//! The stacks that were deployed.

use store::{StackRecord, Stacks, StoreFuture};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::text::stored;

impl Stacks for PostgresStore {
    fn put_stack(&self, record: StackRecord) -> StoreFuture<'_, ()> {
        self.read(format!("record stack `{}`", record.name), async move {
            let sql = include_str!("../sql/stacks/put.sql");
            let (name, bundle) = (stored(&record.name), stored(&record.bundle));
            let at = record.deployed_at.as_millis();
            self.readers
                .write(sql, &[&&*self.account, &name, &bundle, &at])
                .await
                .map(drop)
        })
    }

    fn stacks(&self) -> StoreFuture<'_, Vec<StackRecord>> {
        self.read("list the stacks".to_owned(), async move {
            let sql = include_str!("../sql/stacks/list.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            Ok(self.unreadable.all("stack", &rows, read_stack))
        })
    }

    fn delete_stack(&self, name: &str) -> StoreFuture<'_, ()> {
        let name = name.to_owned();
        self.read(format!("forget stack `{name}`"), async move {
            let sql = include_str!("../sql/stacks/delete.sql");
            self.readers
                .write(sql, &[&&*self.account, &stored(&name)])
                .await
                .map(drop)
        })
    }
}

fn read_stack(row: &Row) -> Result<StackRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(StackRecord {
        name: columns.text()?,
        bundle: columns.text()?,
        deployed_at: columns.instant()?,
    })
}
