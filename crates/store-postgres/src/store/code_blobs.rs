//! Archives of code.

use std::time::Duration;

use store::{CodeBlobs, StoreFuture};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;

impl CodeBlobs for PostgresStore {
    fn put_code(&self, hash: &str, archive: Vec<u8>) -> StoreFuture<'_, ()> {
        let hash = hash.to_owned();
        self.read(format!("keep code `{hash}`"), async move {
            let sql = include_str!("../sql/code/put.sql");
            self.searchers
                .write(sql, &[&&*self.account, &hash, &archive])
                .await
                .map(drop)
        })
    }

    fn has_code(&self, hash: &str) -> StoreFuture<'_, bool> {
        let hash = hash.to_owned();
        self.read(format!("look for code `{hash}`"), async move {
            let sql = include_str!("../sql/code/use.sql");
            let used = self.searchers.write(sql, &[&&*self.account, &hash]).await?;
            Ok(!used.is_empty())
        })
    }

    fn code(&self, hash: &str) -> StoreFuture<'_, Option<Vec<u8>>> {
        let hash = hash.to_owned();
        self.read(format!("read code `{hash}`"), async move {
            let sql = include_str!("../sql/code/get.sql");
            let rows = self.searchers.rows(sql, &[&&*self.account, &hash]).await?;
            let read = |row| Columns::of(row).next();
            rows.first().map(read).transpose()
        })
    }

    fn code_hashes(&self) -> StoreFuture<'_, Vec<String>> {
        self.read("list the code that is kept".to_owned(), async move {
            let sql = include_str!("../sql/code/list.sql");
            let rows = self.searchers.rows(sql, &[&&*self.account]).await?;
            let read = |row: &Row| Columns::of(row).next();
            rows.iter().map(read).collect()
        })
    }

    fn collect_code(&self, unused_for: Duration) -> StoreFuture<'_, Vec<String>> {
        let seconds = unused_for.as_secs_f64();
        self.read("forget code that nothing needs".to_owned(), async move {
            let sql = include_str!("../sql/code/collect.sql");
            let rows = self
                .searchers
                .write(sql, &[&&*self.account, &seconds])
                .await?;
            let read = |row: &Row| Columns::of(row).next();
            let mut names = rows.iter().map(read).collect::<Result<Vec<String>, _>>()?;
            names.sort();
            Ok(names)
        })
    }
}
