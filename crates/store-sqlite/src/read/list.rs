//! Pages of executions.

use rusqlite::{Connection, params};
use store::columns::version_text;
use store::{ExecutionFilter, ExecutionHead};

use super::head::read_head;
use super::page::row_limit;
use super::search::status_list;
use crate::unreadable::{Kind, readable_page};

/// Columns of `head.sql`: of these, the id tells which execution it is.
const HEAD: Kind = Kind {
    name: "execution",
    key: &[6],
};

/// A page of executions, in order of start.
pub(crate) fn list(
    connection: &Connection,
    filter: &ExecutionFilter,
) -> rusqlite::Result<Vec<ExecutionHead>> {
    let sql = match (&filter.function, filter.oldest_first) {
        (None, false) => include_str!("../sql/read/list_all_newest.sql"),
        (None, true) => include_str!("../sql/read/list_all_oldest.sql"),
        (Some(_), false) => include_str!("../sql/read/list_function_newest.sql"),
        (Some(_), true) => include_str!("../sql/read/list_function_oldest.sql"),
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
    let mut statement = connection.prepare_cached(sql)?;
    readable_page(
        &mut statement,
        HEAD,
        row_limit(filter.limit),
        |statement, limit| {
            statement.query(params![
                filter.function.as_ref().map(|function| function.as_str()),
                filter.version.as_ref().map(version_text),
                filter.name.as_ref().map(|name| name.as_str()),
                status_list(&filter.statuses),
                filter.started_after.map(|after| after.as_millis()),
                filter.started_before.map(|before| before.as_millis()),
                started_at,
                id,
                limit,
            ])
        },
        read_head,
    )
}
