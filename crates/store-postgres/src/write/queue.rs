//! The queue of asynchronous invocations, and dead letters.

use store::columns::version_text;
use store::{AsyncInvocation, DEAD_LETTERS_MAX, DeadLetter};
use tokio_postgres::types::Type;

use super::statement::Sql;
use crate::rows::{Column, Rows, bytes, flag, number, present, text};

/// Of the arrays of invocations. The first one is for their order only.
pub(crate) const INVOCATION: &[Column] = &[
    number("place", 0),
    number("shard", 0),
    text("request_id", 0),
    text("function_name", 0),
    text("function_version", 0),
    text("invoked_arn", 0),
    text("client_context", 0),
    text("trace_header", 0),
    text("tenant_id", 0),
    number("accepted_at", 0),
    number("attempts", 0),
    number("not_before_at", 0),
    bytes("payload", 0),
];

/// Of the arrays of dead letters.
pub(crate) const DEAD_LETTER: &[Column] = &[
    text("request_id", 0),
    text("function_name", 0),
    text("function_version", 0),
    text("invoked_arn", 0),
    text("client_context", 0),
    text("trace_header", 0),
    text("tenant_id", 0),
    number("accepted_at", 0),
    number("attempts", 0),
    number("not_before_at", 0),
    bytes("payload", 0),
    number("buried_at", 0),
    text("condition", 0),
    flag("has_error", 0),
    text("error_type", 0),
    text("error_message", 0),
    text("error_data", 0),
    text("error_stack_trace", 0),
];

pub(crate) fn add_invocation<'a>(
    rows: &mut Rows<'a>,
    place: usize,
    invocation: &'a AsyncInvocation,
) {
    rows.bits(place as u64);
    rows.number(Some(i64::from(invocation.request_id.shard().0)));
    add_cells(rows, invocation);
    rows.end_row();
}

pub(crate) fn add_dead_letter<'a>(rows: &mut Rows<'a>, letter: &'a DeadLetter) {
    add_cells(rows, &letter.invocation);
    rows.instant(Some(letter.buried_at));
    rows.string(Some(&letter.condition));
    rows.error(letter.error.as_ref());
    rows.end_row();
}

/// The columns that a queued invocation and a dead letter have in common.
fn add_cells<'a>(rows: &mut Rows<'a>, invocation: &'a AsyncInvocation) {
    let AsyncInvocation {
        request_id,
        function,
        version,
        invoked_arn,
        payload,
        client_context,
        trace_header,
        tenant_id,
        accepted_at,
        attempts,
        not_before,
    } = invocation;
    rows.id(request_id.as_str());
    rows.id(function.as_str());
    rows.word(Some(version_text(version)));
    rows.string(Some(invoked_arn));
    rows.string(client_context.as_ref());
    rows.string(trace_header.as_ref());
    rows.string(tenant_id.as_ref());
    rows.instant(Some(*accepted_at));
    rows.count(*attempts);
    rows.instant(Some(*not_before));
    rows.bytes(payload);
}

/// Accepts invocations; returns their ids in order.
pub(crate) fn enqueue<'p>(account: &'p &str, rows: &'p Rows<'_>) -> Sql<'p> {
    let mut sql = Sql::new();
    let account = sql.parameter(account, Type::TEXT);
    let table = sql.table("invocation", INVOCATION, rows);
    let names: Vec<_> = INVOCATION[1..].iter().map(|column| column.name).collect();
    let names = names.join(", ");
    sql.push(&format!(
        "INSERT INTO lambdura.async_invocations (account_id, {names})
SELECT {account}, {names} FROM {table}
ORDER BY place
RETURNING async_invocation_id"
    ));
    sql
}

/// Forgets invocations.
pub(crate) fn dequeue<'p>(account: &'p &str, ids: &'p Vec<i64>) -> Sql<'p> {
    Sql::fixed(
        include_str!("../sql/write/dequeue.sql"),
        vec![(account, Type::TEXT), (ids, Type::INT8_ARRAY)],
    )
}

/// Makes an invocation a dead letter.
pub(super) fn bury<'p>(account: &'p &str, id: &'p i64, letter: &'p Rows<'_>) -> Sql<'p> {
    let mut sql = Sql::new();
    let account = sql.parameter(account, Type::TEXT);
    let id = sql.parameter(id, Type::INT8);
    let table = sql.table("letter", DEAD_LETTER, letter);
    let names: Vec<_> = present(DEAD_LETTER, letter.groups())
        .map(|column| column.name)
        .collect();
    let names = names.join(", ");
    sql.push(&format!(
        "WITH gone AS (
    DELETE FROM lambdura.async_invocations
    WHERE account_id = {account} AND async_invocation_id = {id}
    RETURNING 1
)
INSERT INTO lambdura.dead_letters (account_id, {names})
SELECT {account}, {names} FROM gone CROSS JOIN {table}"
    ));
    sql
}

/// Removes the oldest dead letters, of which there are too many.
pub(super) fn trim_dead_letters<'p>(account: &'p &str) -> Sql<'p> {
    Sql::fixed(
        include_str!("../sql/write/trim_dead_letters.sql"),
        vec![(account, Type::TEXT), (&DEAD_LETTERS_MAX, Type::INT8)],
    )
}
