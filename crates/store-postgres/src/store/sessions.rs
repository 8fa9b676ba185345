//! Sessions of people at the console, and secrets that servers share.

use model::Timestamp;
use store::{SessionRecord, Sessions, StoreFuture};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::text::stored;
use store::columns::Cells as _;

impl Sessions for PostgresStore {
    fn keep_secret(
        &self,
        name: &str,
        sealed: Vec<u8>,
        instead_of: Option<Vec<u8>>,
    ) -> StoreFuture<'_, Vec<u8>> {
        let name = name.to_owned();
        self.read(format!("keep the secret `{name}`"), async move {
            let sql = include_str!("../sql/sessions/keep_secret.sql");
            let rows = self
                .readers
                .write(sql, &[&&*self.account, &name, &sealed, &instead_of])
                .await?;
            match rows.first() {
                Some(row) => Columns::of(row).next(),
                None => Ok(sealed),
            }
        })
    }

    fn begin_session(&self, session: SessionRecord, now: Timestamp) -> StoreFuture<'_, ()> {
        self.read("begin a session".to_owned(), async move {
            let sql = include_str!("../sql/sessions/begin.sql");
            self.readers
                .write(
                    sql,
                    &[
                        &&*self.account,
                        &session.hash,
                        &stored(&session.who),
                        &session.until.as_millis(),
                        &now.as_millis(),
                    ],
                )
                .await
                .map(drop)
        })
    }

    fn session(&self, hash: &str) -> StoreFuture<'_, Option<SessionRecord>> {
        let hash = hash.to_owned();
        self.read("look for a session".to_owned(), async move {
            let sql = include_str!("../sql/sessions/get.sql");
            let rows = self.readers.rows(sql, &[&&*self.account, &hash]).await?;
            rows.first().map(read_session).transpose()
        })
    }

    fn end_session(&self, hash: &str) -> StoreFuture<'_, ()> {
        let hash = hash.to_owned();
        self.read("end a session".to_owned(), async move {
            let sql = include_str!("../sql/sessions/end.sql");
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
                [&&*self.account, &hash];
            self.readers.write(sql, &parameters).await.map(drop)
        })
    }
}

fn read_session(row: &Row) -> Result<SessionRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(SessionRecord {
        hash: columns.text()?,
        who: columns.text()?,
        until: columns.instant()?,
    })
}
