//! The queue of asynchronous invocations.

use model::Timestamp;
use rusqlite::Connection;
use store::columns::version_text;
use store::{AsyncInvocation, AsyncInvocationId, DEAD_LETTERS_MAX, DeadLetter};

use super::Statements;
use crate::cells::Parameters;

impl Statements<'_> {
    pub(crate) fn enqueue(
        &mut self,
        connection: &Connection,
        invocation: &AsyncInvocation,
    ) -> rusqlite::Result<AsyncInvocationId> {
        let mut parameters = Parameters::of(&mut self.enqueue);
        add_invocation(&mut parameters, invocation)?;
        parameters.execute()?;
        Ok(AsyncInvocationId(connection.last_insert_rowid()))
    }

    pub(crate) fn postpone(
        &mut self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> rusqlite::Result<()> {
        let mut parameters = Parameters::of(&mut self.postpone);
        parameters.add(id.0)?;
        parameters.add(attempts)?;
        parameters.add(not_before.as_millis())?;
        parameters.execute().map(drop)
    }

    /// Moves an invocation from the queue to the dead letters, of which the oldest go.
    pub(crate) fn bury(
        &mut self,
        connection: &Connection,
        id: AsyncInvocationId,
        letter: &DeadLetter,
    ) -> rusqlite::Result<()> {
        let DeadLetter {
            invocation,
            buried_at,
            condition,
            error,
        } = letter;
        // Called again after a lost outcome, it finds the entry gone from the queue.
        if self.dequeue.execute([id.0])? == 0 {
            return Ok(());
        }
        let mut parameters = Parameters::of(&mut self.insert_dead_letter);
        add_invocation(&mut parameters, invocation)?;
        parameters.add(buried_at.as_millis())?;
        parameters.add(condition)?;
        parameters.add_error(error.as_ref())?;
        parameters.execute()?;
        let last = connection.last_insert_rowid();
        self.trim_dead_letters
            .execute([last - DEAD_LETTERS_MAX])
            .map(drop)
    }

    pub(crate) fn dequeue(&mut self, id: AsyncInvocationId) -> rusqlite::Result<()> {
        self.dequeue.execute([id.0]).map(drop)
    }
}

/// The columns that a queued invocation and a dead letter have in common.
fn add_invocation(
    parameters: &mut Parameters<'_, '_>,
    invocation: &AsyncInvocation,
) -> rusqlite::Result<()> {
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
    parameters.add(request_id.as_str())?;
    parameters.add(function.as_str())?;
    parameters.add(version_text(version))?;
    parameters.add(invoked_arn)?;
    parameters.add_text(client_context.as_ref())?;
    parameters.add_text(trace_header.as_ref())?;
    parameters.add_text(tenant_id.as_ref())?;
    parameters.add(accepted_at.as_millis())?;
    parameters.add(attempts)?;
    parameters.add(not_before.as_millis())?;
    parameters.add(payload)
}
