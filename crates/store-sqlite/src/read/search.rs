//! Looking for executions: along the index that fits best, newest first, until the page is full or
//! the work comes to its bound.

use model::{ExecutionStatus, FunctionName, Timestamp};
use rusqlite::{CachedStatement, Connection, Rows, ToSql};
use store::columns::{Cells as _, Code as _, version_text};
use store::{
    EXECUTION_WORK, ExecutionCount, ExecutionSearch, RECENT_INPUT_BYTES_MAX, RecentInput,
    SearchCursor, SearchPage,
};

use super::page::row_limit;
use super::summary::summary;
use crate::cells::Columns;
use crate::unreadable::{Kind, readable};

/// The ways through the executions. Each begins with the same columns.
macro_rules! search {
    ($way:literal) => {
        concat!(
            include_str!("../sql/read/search_columns.sql"),
            include_str!($way)
        )
    };
}

/// The cost of an execution that is found in the index of statuses: its rows are scattered, and not side by side as
/// those of neighbours in time.
const SCATTERED_WORK: u64 = 4 * EXECUTION_WORK;

/// How much later than it started an execution is recorded at the most, in milliseconds: the way by status goes
/// in the order of recording, and has to know when nothing that started late enough can follow.
const RECORDED_WITHIN: i64 = 60 * 60 * 1_000;

const ALL: &str = search!("../sql/read/search_all.sql");
const OF_FUNCTION: &str = search!("../sql/read/search_function.sql");
const BY_NAME: &str = search!("../sql/read/search_name.sql");
const IN_STATUS: &str = search!("../sql/read/search_status.sql");

/// Looks for executions.
pub(crate) fn search(
    connection: &Connection,
    search: &ExecutionSearch,
) -> rusqlite::Result<SearchPage> {
    let transaction = connection.unchecked_transaction()?;
    let (sql, statuses) = way(search);
    let mut statements = Vec::with_capacity(statuses.len());
    for _ in &statuses {
        statements.push(connection.prepare_cached(sql)?);
    }
    let mut heads = Heads::start(&mut statements, search, &statuses)?;
    let mut page = SearchPage {
        executions: Vec::new(),
        next: None,
        complete: true,
    };
    let work_each = match statuses.as_slice() {
        [Some(_), ..] => SCATTERED_WORK,
        _ => EXECUTION_WORK,
    };
    let mut work = 0;
    while let Some(found) = heads.next()? {
        if page.executions.len() >= search.limit.max(1) {
            // Something is left, so the place of the last one that was looked at stands.
            return Ok(page);
        }
        if work >= search.work_max {
            page.complete = false;
            return Ok(page);
        }
        if search
            .started_after
            .is_some_and(|after| found.started_at() + RECORDED_WITHIN < after.as_millis())
        {
            break;
        }
        work += work_each + found.searched_bytes;
        if found.matches
            && let Some(execution) = summary(connection, found.cursor.sequence)?
        {
            page.executions.push(execution);
        }
        page.next = Some(found.cursor);
    }
    page.next = None;
    drop(heads);
    drop(statements);
    transaction.finish()?;
    Ok(page)
}

/// The way that passes the fewest executions which do not match, and the statuses that it is gone for.
fn way(search: &ExecutionSearch) -> (&'static str, Vec<Option<ExecutionStatus>>) {
    // Most executions of most systems are in this one: no shorter way.
    let is_common = search.statuses.is_empty()
        || search.statuses.contains(&ExecutionStatus::Succeeded) && search.function.is_some();
    if search.name.is_some() {
        (BY_NAME, vec![None])
    } else if !is_common {
        let mut statuses = search.statuses.clone();
        statuses.sort_unstable();
        statuses.dedup();
        (IN_STATUS, statuses.into_iter().map(Some).collect())
    } else if search.function.is_some() {
        (OF_FUNCTION, vec![None])
    } else {
        (ALL, vec![None])
    }
}

/// An execution on the way.
struct Found {
    cursor: SearchCursor,
    matches: bool,
    searched_bytes: u64,
}

impl Found {
    fn started_at(&self) -> i64 {
        self.cursor.started_at.as_millis()
    }
}

/// One or several ways, merged: the next is the newest of their next ones.
struct Heads<'s> {
    rows: Vec<Rows<'s>>,
    next: Vec<Option<Found>>,
}

impl<'s> Heads<'s> {
    fn start(
        statements: &'s mut [CachedStatement<'_>],
        search: &ExecutionSearch,
        statuses: &[Option<ExecutionStatus>],
    ) -> rusqlite::Result<Self> {
        let mut heads = Self {
            rows: Vec::new(),
            next: Vec::new(),
        };
        for (statement, status) in statements.iter_mut().zip(statuses) {
            let mut rows = query(statement, search, *status)?;
            heads.next.push(step(&mut rows)?);
            heads.rows.push(rows);
        }
        Ok(heads)
    }

    fn next(&mut self) -> rusqlite::Result<Option<Found>> {
        let heads = self.next.iter().enumerate();
        let heads = heads.filter_map(|(way, next)| Some((next.as_ref()?.cursor.sequence, way)));
        let Some((_, newest)) = heads.max() else {
            return Ok(None);
        };
        let following = step(&mut self.rows[newest])?;
        Ok(std::mem::replace(&mut self.next[newest], following))
    }
}

fn query<'s>(
    statement: &'s mut CachedStatement<'_>,
    search: &ExecutionSearch,
    status: Option<ExecutionStatus>,
) -> rusqlite::Result<Rows<'s>> {
    let (started_at, sequence) = beginning(search);
    let function = search.function.as_ref().map(FunctionName::as_str);
    let version = search.version.as_ref().map(version_text);
    let name = search.name.as_ref().map(|name| name.as_str());
    let name_contains = search.name_contains.as_deref().map(containing);
    let statuses = status_list(&search.statuses);
    let started_after = search.started_after.map(Timestamp::as_millis);
    let started_before = search.started_before.map(Timestamp::as_millis);
    let text = search.text.as_deref().map(containing);
    let status = status.map(|status| status.code());
    let mut parameters: Vec<&dyn ToSql> = vec![
        &function,
        &version,
        &name,
        &name_contains,
        &statuses,
        &started_after,
        &started_before,
        &text,
        &started_at,
        &sequence,
    ];
    if status.is_some() {
        parameters.push(&status);
    }
    statement.query(parameters.as_slice())
}

/// Before the first execution that can match.
fn beginning(search: &ExecutionSearch) -> (i64, i64) {
    let after = search
        .after
        .map(|after| (after.started_at.as_millis(), after.sequence));
    let after = after.unwrap_or((i64::MAX, i64::MAX));
    match search.started_before {
        // The key belongs to the cursor's instant; at an earlier one it bounds nothing.
        Some(before) if before.as_millis() < after.0 => match search.after {
            Some(_) => after,
            None => (before.as_millis(), i64::MAX),
        },
        Some(_) | None => after,
    }
}

fn step(rows: &mut Rows<'_>) -> rusqlite::Result<Option<Found>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut columns = Columns::of(row);
    let sequence = columns.next()?;
    Ok(Some(Found {
        cursor: SearchCursor {
            started_at: columns.instant()?,
            sequence,
        },
        matches: columns.next()?,
        searched_bytes: columns.bits()?,
    }))
}

/// The pattern of `LIKE` for texts that contain this one.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The statuses as one text with commas around each; `None` for all.
pub(super) fn status_list(statuses: &[ExecutionStatus]) -> Option<String> {
    if statuses.is_empty() {
        return None;
    }
    let mut list = String::from(",");
    for status in statuses {
        list.push_str(status.code());
        list.push(',');
    }
    Some(list)
}

/// How many executions there are.
pub(crate) fn counts(connection: &Connection) -> rusqlite::Result<Vec<ExecutionCount>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/counts.sql"))?;
    let kind = Kind {
        name: "count of executions",
        key: &[0, 1, 2],
    };
    readable(statement.query([])?, kind, |row| {
        let mut columns = Columns::of(row);
        Ok(ExecutionCount {
            function: columns.parsed(FunctionName::parse)?,
            version: columns.parsed_text()?,
            status: columns.code()?,
            count: columns.bits()?,
        })
    })
}

/// The last inputs of a function.
pub(crate) fn recent_inputs(
    connection: &Connection,
    function: &FunctionName,
    limit: usize,
) -> rusqlite::Result<Vec<RecentInput>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/recent_inputs.sql"))?;
    let parameters = (function.as_str(), RECENT_INPUT_BYTES_MAX, row_limit(limit));
    let kind = Kind {
        name: "input of execution",
        key: &[1],
    };
    readable(statement.query(parameters)?, kind, |row| {
        let mut columns = Columns::of(row);
        let started_at = columns.instant()?;
        let name = columns.parsed(model::ExecutionName::parse)?;
        let input = columns.payload()?.unwrap_or_else(|| "".into());
        Ok(RecentInput {
            started_at,
            name,
            input,
        })
    })
}
