//! Whether a transaction is there although its commit failed.

use engine::Transition;
use rusqlite::{Connection, OptionalExtension};
use store::{StoreWrite, Written};

use crate::job::{Job, Write};
use crate::read;
use crate::within::{Done, Verdict};
use crate::writer::Outcome;

/// Looks for the traces of a transaction's writes, which all have these outcomes. A transaction is there whole or not
/// at all, so one write with a trace decides for all. `None`: no write has one.
pub(crate) fn landed(
    connection: &Connection,
    jobs: &[Job],
    outcomes: &[Outcome],
) -> rusqlite::Result<Option<bool>> {
    for (job, outcome) in jobs.iter().zip(outcomes) {
        let Ok(written) = outcome else { continue };
        if let Some(landed) = write_landed(connection, &job.write, *written)? {
            return Ok(Some(landed));
        }
    }
    Ok(None)
}

fn write_landed(
    connection: &Connection,
    write: &Write,
    written: Written,
) -> rusqlite::Result<Option<bool>> {
    match (write, written) {
        (Write::Store(StoreWrite::Commit(transition)), _) if !transition.is_empty() => {
            transition_landed(connection, transition).map(Some)
        }
        (Write::Within(job), _) => match job.done() {
            Some(Done::As(Verdict::Commit(transition))) if !transition.is_empty() => {
                transition_landed(connection, &transition).map(Some)
            }
            Some(
                Done::As(Verdict::Commit(_) | Verdict::Keep | Verdict::Undo) | Done::Undone(_),
            )
            | None => Ok(None),
        },
        (
            Write::Store(
                StoreWrite::Enqueue(invocation) | StoreWrite::EnqueueScheduled(invocation, _),
            ),
            Written::Enqueued(id),
        ) => {
            let sql = include_str!("sql/read/is_queued.sql");
            let parameters = (id.0, invocation.request_id.as_str());
            let found = connection
                .query_row(sql, parameters, |_| Ok(()))
                .optional()?;
            Ok(Some(found.is_some()))
        }
        // A change names the revision that it was made on, which only one can have.
        (Write::PutStack(_, seen) | Write::DeleteStack(_, seen), _) => {
            Ok(Some(read::stacks_revision(connection)? > *seen))
        }
        // To do these again comes to the same, whether they are there or not.
        (
            Write::Store(_)
            | Write::CreateAccessKey(_)
            | Write::ReplaceAccessKey(_)
            | Write::DeleteAccessKey(_)
            | Write::AppendAudit(_)
            | Write::TrimAudit(..),
            _,
        ) => Ok(None),
    }
}

fn transition_landed(connection: &Connection, transition: &Transition) -> rusqlite::Result<bool> {
    let sql = include_str!("sql/read/stored_version.sql");
    let id = transition.spec.arn.id.as_str();
    let version: Option<i64> = connection
        .query_row(sql, [id], |row| row.get(0))
        .optional()?;
    // No other process writes, so a later version means one of the same transaction.
    Ok(match version {
        Some(version) => !transition.removes && version.cast_unsigned() >= transition.state.version,
        None => transition.removes,
    })
}
