//! Reads for people: along the index that fits best, newest first, until the page is full or the work comes to its
//! bound.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{ErrorObject, ExecutionId, ExecutionName, ExecutionStatus, FunctionName, Operation};
use store::columns::{
    Cells as _, Code as _, read_arn, read_deadline, read_operation, version_text,
};
use store::{
    CallbackCursor, EXECUTION_WORK, ExecutionCount, ExecutionSearch, ExecutionSummary,
    OPEN_OPERATIONS_MAX, OpenCallback, OpenTimer, RECENT_INPUT_BYTES_MAX, RecentInput, Search,
    SearchCursor, SearchPage, StoreFuture, cut_error, operation_head,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};

use super::PostgresStore;
use super::executions::Page;
use crate::cells::{Columns, status_words};
use crate::fault::ReadError;
use crate::read::{named, read_summary, row_limit};

/// The ways through the executions. Each begins with the same columns.
macro_rules! search {
    ($way:literal) => {
        concat!(
            include_str!("../sql/read/search_columns.sql"),
            include_str!($way)
        )
    };
}

/// Executions that are looked at in one query: more where only their heads are, few where their texts are read.
const PIECE: i64 = 512;
const PIECE_OF_TEXTS: i64 = 32;

/// The cost of an execution that is found in the index of statuses: its rows are scattered.
const SCATTERED_WORK: u64 = 4 * EXECUTION_WORK;

const OF_KEYS: &str = concat!(
    include_str!("../sql/read/summary_columns.sql"),
    include_str!("../sql/read/of_keys.sql")
);

const OF_ID: &str = concat!(
    include_str!("../sql/read/summary_columns.sql"),
    include_str!("../sql/read/of_id.sql")
);

impl Search for PostgresStore {
    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, SearchPage> {
        let attempted = "look for executions".to_owned();
        self.read(attempted, async move { self.found(&search).await })
    }

    fn summary(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionSummary>> {
        let id = id.clone();
        self.read(format!("read execution `{id}`"), async move {
            let (account, id) = (&*self.account, id.as_str());
            let mut client = self.searchers.take().await?;
            let snapshot = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await?;
            let statement = snapshot.prepare_cached(OF_ID).await?;
            let rows = snapshot.query(&statement, &[&account, &id]).await?;
            let Some(row) = rows.first() else {
                return Ok(None);
            };
            let mut found = vec![read_summary(row)?];
            self.add_what_they_are_at(&snapshot, &mut found).await?;
            let committed = snapshot.commit().await;
            client.returned(committed)?;
            Ok(found.pop().map(|(_, summary)| summary))
        })
    }

    fn counts(&self) -> StoreFuture<'_, Vec<ExecutionCount>> {
        self.read("count executions".to_owned(), async move {
            let sql = include_str!("../sql/read/counts.sql");
            let rows = self.searchers.rows(sql, &[&&*self.account]).await?;
            Ok(self
                .unreadable
                .all("count of executions", &rows, read_count))
        })
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        self.read("read open callbacks".to_owned(), async move {
            let sql = include_str!("../sql/read/open_callbacks.sql");
            let account = &*self.account;
            let function = function.as_ref().map(FunctionName::as_str);
            let (execution, operation) = after.map_or((i64::MIN, i64::MIN), |after| {
                (after.execution, after.operation)
            });
            let page = Page {
                kind: "callback",
                sql,
                parameters: &[&account, &function, &execution, &operation],
                limit,
            };
            self.readable_page(&self.searchers, page, read_callback)
                .await
        })
    }

    fn offers(
        &self,
        name: &str,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        let name = name.to_owned();
        self.read(format!("read the offers `{name}`"), async move {
            let sql = include_str!("../sql/read/offers.sql");
            let account = &*self.account;
            let (execution, operation) = after.map_or((i64::MIN, i64::MIN), |after| {
                (after.execution, after.operation)
            });
            let page = Page {
                kind: "callback",
                sql,
                parameters: &[&account, &name, &execution, &operation],
                limit,
            };
            self.readable_page(&self.searchers, page, read_callback)
                .await
        })
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Vec<OpenTimer>> {
        self.read("read what comes due".to_owned(), async move {
            let sql = include_str!("../sql/read/open_timers.sql");
            let account = &*self.account;
            let page = Page {
                kind: "timer",
                sql,
                parameters: &[&account],
                limit,
            };
            self.readable_page(&self.searchers, page, read_timer).await
        })
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Duration> {
        let id = id.clone();
        let attempted = format!("read the time of invocations of execution `{id}`");
        self.read(attempted, async move {
            let sql = include_str!("../sql/read/invocation_time.sql");
            let rows = self
                .searchers
                .rows(sql, &[&&*self.account, &id.as_str()])
                .await?;
            let millis = rows.first().map(|row| Columns::of(row).bits()).transpose();
            Ok(Duration::from_millis(millis?.unwrap_or(0)))
        })
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Vec<RecentInput>> {
        let function = function.clone();
        let attempted = format!("read recent inputs of function `{function}`");
        self.read(attempted, async move {
            let sql = include_str!("../sql/read/recent_inputs.sql");
            let (account, function) = (&*self.account, function.as_str());
            let bytes_max = i64::try_from(RECENT_INPUT_BYTES_MAX).unwrap_or(i64::MAX);
            let rows = self
                .searchers
                .rows(sql, &[&account, &function, &bytes_max, &row_limit(limit)])
                .await?;
            Ok(self
                .unreadable
                .all("input of execution", &rows, read_recent_input))
        })
    }
}

/// An execution on the way.
struct Found {
    cursor: SearchCursor,
    matches: bool,
    searched_bytes: u64,
}

impl PostgresStore {
    async fn found(&self, search: &ExecutionSearch) -> Result<SearchPage, ReadError> {
        let mut client = self.searchers.take().await?;
        let snapshot = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let walk = Walk::of(search);
        let statement = snapshot.prepare_cached(walk.sql).await?;
        let limit = search.limit.max(1);
        let mut keys = Vec::new();
        let mut next = None;
        let mut complete = true;
        let mut work = 0;
        let mut place = walk.beginning;
        'walk: loop {
            let account = &*self.account;
            let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&account];
            parameters.extend(walk.filters());
            parameters.extend([
                &place.0 as &(dyn ToSql + Sync),
                &place.1,
                &walk.piece as &(dyn ToSql + Sync),
            ]);
            let rows = snapshot.query(&statement, &parameters).await?;
            for row in &rows {
                let found = read_found(row)?;
                if keys.len() >= limit {
                    // Something is left, so the place of the last one that was looked at stands.
                    break 'walk;
                }
                if work >= search.work_max {
                    complete = false;
                    break 'walk;
                }
                work += walk.work_each + found.searched_bytes;
                if found.matches {
                    keys.push(found.cursor.sequence);
                }
                place = (found.cursor.started_at.as_millis(), found.cursor.sequence);
                next = Some(found.cursor);
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < walk.piece {
                next = None;
                break;
            }
        }
        let statement = snapshot.prepare_cached(OF_KEYS).await?;
        let rows = snapshot.query(&statement, &[&keys]).await?;
        let mut found = self.unreadable.all("execution", &rows, read_summary);
        self.add_what_they_are_at(&snapshot, &mut found).await?;
        let committed = snapshot.commit().await;
        client.returned(committed)?;
        let mut by_key: HashMap<i64, ExecutionSummary> = found.into_iter().collect();
        Ok(SearchPage {
            executions: keys.iter().filter_map(|key| by_key.remove(key)).collect(),
            next,
            complete,
        })
    }

    /// Adds open operations and errors of invocations to summaries that have any.
    async fn add_what_they_are_at(
        &self,
        snapshot: &deadpool_postgres::Transaction<'_>,
        found: &mut [(i64, ExecutionSummary)],
    ) -> Result<(), ReadError> {
        let chosen =
            |found: &[(i64, ExecutionSummary)], which: fn(&ExecutionSummary) -> bool| -> Vec<i64> {
                let chosen = found.iter().filter(|(_, summary)| which(summary));
                chosen.map(|(key, _)| *key).collect()
            };
        let open = chosen(found, |summary| !summary.state.status().is_terminal());
        let failed = chosen(found, |summary| summary.state.failed_invocations > 0);
        let mut operations: HashMap<i64, Vec<Arc<Operation>>> = HashMap::new();
        if !open.is_empty() {
            let sql = include_str!("../sql/read/open_operations.sql");
            let statement = snapshot.prepare_cached(sql).await?;
            let limit = row_limit(OPEN_OPERATIONS_MAX);
            let rows = snapshot.query(&statement, &[&open, &limit]).await?;
            for (key, operation) in self.unreadable.all("operation", &rows, read_open_operation) {
                operations.entry(key).or_default().push(operation);
            }
        }
        let mut errors: HashMap<i64, ErrorObject> = HashMap::new();
        // Seldom, and then near the end of the history.
        if !failed.is_empty() {
            let sql = include_str!("../sql/read/invocation_errors.sql");
            let statement = snapshot.prepare_cached(sql).await?;
            let rows = snapshot.query(&statement, &[&failed]).await?;
            errors.extend(
                self.unreadable
                    .all("error of invocation", &rows, read_invocation_error),
            );
        }
        for (key, summary) in found {
            summary.open_operations = operations.remove(key).unwrap_or_default();
            summary.invocation_error = errors.remove(key);
        }
        Ok(())
    }
}

/// The way of a search, and its parameters.
struct Walk {
    sql: &'static str,
    work_each: u64,
    piece: i64,
    beginning: (i64, i64),
    function: Option<String>,
    version: Option<String>,
    name: Option<String>,
    name_contains: Option<String>,
    statuses: Option<Vec<&'static str>>,
    started_after: Option<i64>,
    started_before: Option<i64>,
    text: Option<String>,
}

impl Walk {
    fn of(search: &ExecutionSearch) -> Self {
        // Most executions of most systems succeeded: no shorter way.
        let is_common =
            search.statuses.is_empty() || search.statuses.contains(&ExecutionStatus::Succeeded);
        let (sql, work_each) = if search.name.is_some() {
            (search!("../sql/read/search_name.sql"), EXECUTION_WORK)
        } else if !is_common {
            (search!("../sql/read/search_status.sql"), SCATTERED_WORK)
        } else if search.function.is_some() {
            (search!("../sql/read/search_function.sql"), EXECUTION_WORK)
        } else {
            (search!("../sql/read/search_all.sql"), EXECUTION_WORK)
        };
        let text = |text: &String| crate::text::stored(text).into_owned();
        Self {
            sql,
            work_each,
            piece: match search.text {
                Some(_) => PIECE_OF_TEXTS,
                None => PIECE,
            },
            beginning: beginning(search),
            function: search.function.as_ref().map(ToString::to_string),
            version: search
                .version
                .as_ref()
                .map(|version| version_text(version).into_owned()),
            name: search.name.as_ref().map(ToString::to_string),
            name_contains: search.name_contains.as_ref().map(text),
            statuses: status_words(&search.statuses),
            started_after: search.started_after.map(|at| at.as_millis()),
            started_before: search.started_before.map(|at| at.as_millis()),
            text: search.text.as_ref().map(text),
        }
    }

    fn filters(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.function,
            &self.version,
            &self.name,
            &self.name_contains,
            &self.statuses,
            &self.started_after,
            &self.started_before,
            &self.text,
        ]
    }
}

/// Before the first execution that can match.
fn beginning(search: &ExecutionSearch) -> (i64, i64) {
    match (search.after, search.started_before) {
        (Some(after), _) => (after.started_at.as_millis(), after.sequence),
        (None, Some(before)) => (before.as_millis(), i64::MAX),
        (None, None) => (i64::MAX, i64::MAX),
    }
}

fn read_found(row: &Row) -> Result<Found, ReadError> {
    let mut columns = Columns::of(row);
    let sequence = columns.next()?;
    Ok(Found {
        cursor: SearchCursor {
            started_at: columns.instant()?,
            sequence,
        },
        matches: columns.next()?,
        searched_bytes: columns.bits()?,
    })
}

fn read_open_operation(row: &Row) -> Result<(i64, Arc<Operation>), ReadError> {
    let mut columns = Columns::of(row);
    let operation = read_operation(&mut columns, None)?;
    let operation = named(operation_head(&operation), &mut columns)?;
    Ok((columns.next()?, operation))
}

fn read_invocation_error(row: &Row) -> Result<(i64, ErrorObject), ReadError> {
    let mut columns = Columns::of(row);
    let key = columns.next()?;
    let mut error = ErrorObject {
        error_type: columns.optional_text()?,
        message: columns.optional_text()?,
        data: None,
        stack_trace: None,
    };
    cut_error(&mut error);
    Ok((key, error))
}

fn read_count(row: &Row) -> Result<ExecutionCount, ReadError> {
    let mut columns = Columns::of(row);
    Ok(ExecutionCount {
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        status: columns.code()?,
        count: columns.bits()?,
    })
}

fn read_callback(row: &Row) -> Result<OpenCallback, ReadError> {
    let mut columns = Columns::of(row);
    let operation = read_operation(&mut columns, None)?;
    let operation = named((*operation).clone(), &mut columns)?;
    Ok(OpenCallback {
        operation,
        cursor: CallbackCursor {
            execution: columns.next()?,
            operation: columns.next()?,
        },
        arn: read_arn(&mut columns)?,
        execution_status: columns.parsed(ExecutionStatus::from_code)?,
    })
}

fn read_timer(row: &Row) -> Result<OpenTimer, ReadError> {
    let mut columns = Columns::of(row);
    let arn = read_arn(&mut columns)?;
    let deadline = read_deadline(&mut columns)?;
    let deadline =
        deadline.ok_or_else(|| ReadError::undecodable("deadline_at", "a timer has a deadline"))?;
    Ok(OpenTimer {
        arn,
        deadline,
        operation_name: columns.optional_text()?,
    })
}

fn read_recent_input(row: &Row) -> Result<RecentInput, ReadError> {
    let mut columns = Columns::of(row);
    Ok(RecentInput {
        started_at: columns.instant()?,
        name: columns.parsed(ExecutionName::parse)?,
        input: columns.payload()?.unwrap_or_else(|| "".into()),
    })
}
