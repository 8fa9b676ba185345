//! Executions: committed by the writer, read from the pool.

use std::sync::Arc;

use engine::{Execution, Transition};
use model::{ExecutionId, ExecutionName, FunctionName};
use store::columns::{read_head, read_operation, version_text};
use store::{
    CommitError, ExecutionFilter, ExecutionHead, ExecutionRecord, Executions, StoreFuture,
};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostgresStore;
use crate::cells::{Columns, status_words};
use crate::fault::ReadError;
use crate::job::Write;
use crate::read::{self, read_record, row_limit};
use crate::readers::Readers;

const RECORD: &str = concat!(
    include_str!("../sql/read/record_columns.sql"),
    include_str!("../sql/read/of_id.sql")
);

/// Behind the columns of heads.
macro_rules! heads {
    ($which:literal) => {
        concat!(
            include_str!("../sql/read/head_columns.sql"),
            include_str!($which)
        )
    };
}

impl Executions for PostgresStore {
    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, (), CommitError> {
        let written = self.write(Write::Commit(transition));
        Box::pin(async move { written.await.map(drop) })
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Option<Execution>> {
        let id = id.clone();
        self.read(format!("load execution `{id}`"), async move {
            let (account, id) = (&*self.account, id.as_str());
            let operations = include_str!("../sql/read/operations.sql");
            let answers = self
                .readers
                .snapshot(&[(RECORD, &[&account, &id]), (operations, &[&account, &id])])
                .await?;
            let [records, operations] = answers.as_slice() else {
                return Ok(None);
            };
            let Some(row) = records.first() else {
                return Ok(None);
            };
            let (_, record, _, _) = read_record(row)?;
            let input = record.spec.input.as_ref();
            let read = |row: &Row| read_operation(&mut Columns::of(row), input);
            let operations = operations.iter().map(read).collect::<Result<_, _>>()?;
            read::load(record, operations).map(Some)
        })
    }

    fn record(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionRecord>> {
        let id = id.clone();
        self.read(format!("read execution `{id}`"), async move {
            let rows = self
                .readers
                .rows(RECORD, &[&&*self.account, &id.as_str()])
                .await?;
            let read = |row| read_record(row).map(|(_, record, _, _)| record);
            rows.first().map(read).transpose()
        })
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionHead>> {
        let id = id.clone();
        self.read(format!("read execution `{id}`"), async move {
            let sql = heads!("../sql/read/of_id.sql");
            let rows = self
                .readers
                .rows(sql, &[&&*self.account, &id.as_str()])
                .await?;
            rows.first().map(head_of).transpose()
        })
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Option<ExecutionHead>> {
        let attempted = format!("find execution `{name}` of function `{function}`");
        let (function, name) = (function.clone(), name.clone());
        self.read(attempted, async move {
            let sql = heads!("../sql/read/of_name.sql");
            let account = &*self.account;
            let rows = self
                .readers
                .rows(sql, &[&account, &function.as_str(), &name.as_str()])
                .await?;
            rows.first().map(head_of).transpose()
        })
    }

    fn list(&self, filter: ExecutionFilter) -> StoreFuture<'_, Vec<ExecutionHead>> {
        let attempted = "list executions".to_owned();
        self.read(attempted, async move { self.list_page(&filter).await })
    }
}

impl PostgresStore {
    async fn list_page(&self, filter: &ExecutionFilter) -> Result<Vec<ExecutionHead>, ReadError> {
        let sql = match (&filter.function, filter.oldest_first) {
            (None, false) => heads!("../sql/read/list_all_newest.sql"),
            (None, true) => heads!("../sql/read/list_all_oldest.sql"),
            (Some(_), false) => heads!("../sql/read/list_function_newest.sql"),
            (Some(_), true) => heads!("../sql/read/list_function_oldest.sql"),
        };
        // Before the first row of either order.
        let beginning = if filter.oldest_first {
            (i64::MIN, "")
        } else {
            (i64::MAX, "~")
        };
        let (started_at, id) = filter.after.as_ref().map_or(beginning, |after| {
            (after.started_at.as_millis(), after.execution_id.as_str())
        });
        let account = &*self.account;
        let function = filter.function.as_ref().map(FunctionName::as_str);
        let version = filter.version.as_ref().map(version_text);
        let name = filter.name.as_ref().map(ExecutionName::as_str);
        let statuses = status_words(&filter.statuses);
        let started_after = filter.started_after.map(|at| at.as_millis());
        let started_before = filter.started_before.map(|at| at.as_millis());
        let parameters: &[&(dyn ToSql + Sync)] = &[
            &account,
            &function,
            &version,
            &name,
            &statuses,
            &started_after,
            &started_before,
            &started_at,
            &id,
        ];
        let page = Page {
            kind: "execution",
            sql,
            parameters,
            limit: filter.limit,
        };
        self.readable_page(&self.readers, page, head_of).await
    }

    /// Reads a page of rows, as many as asked for if as many can be decoded: a caller takes a shorter page for the end
    /// of the list.
    pub(super) async fn readable_page<T>(
        &self,
        readers: &Readers,
        page: Page<'_>,
        read: fn(&Row) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let limit = row_limit(page.limit);
        let mut asked = limit;
        loop {
            let mut parameters = page.parameters.to_vec();
            parameters.push(&asked);
            let rows = readers.rows(page.sql, &parameters).await?;
            let mut list = self.unreadable.all(page.kind, &rows, read);
            let seen = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let left_out = i64::try_from(rows.len() - list.len()).unwrap_or(i64::MAX);
            // Asked again with room for those: it ends, because it asks for more each time and every database ends.
            let wanted = limit.saturating_add(left_out);
            if seen < asked || wanted <= asked {
                list.truncate(page.limit.max(1));
                return Ok(list);
            }
            asked = wanted;
        }
    }
}

/// A page of a list. The last parameter of its query, which is not among these, is the limit.
pub(super) struct Page<'p> {
    /// The kind of the rows, for people.
    pub kind: &'static str,
    pub sql: &'p str,
    pub parameters: &'p [&'p (dyn ToSql + Sync)],
    pub limit: usize,
}

/// Reads the columns of `head_columns.sql`, in its order.
fn head_of(row: &Row) -> Result<ExecutionHead, ReadError> {
    read_head(&mut Columns::of(row))
}
