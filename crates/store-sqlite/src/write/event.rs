//! Event rows.

use engine::Transition;
use model::{CallbackId, Event, EventSubject, OperationId, RequestId};
use store::columns::{EventColumns, payload_source, version_text};

use super::Statements;
use crate::cells::Parameters;

impl Statements<'_> {
    pub(super) fn write_event(
        &mut self,
        key: i64,
        transition: &Transition,
        event: &Event,
    ) -> rusqlite::Result<()> {
        let row = EventColumns::of(&event.kind);
        let source = row
            .payload
            .and_then(|payload| payload_source(transition, event, payload));
        let mut parameters = Parameters::of(&mut self.insert_event);
        parameters.add(key)?;
        parameters.add(event.id.cast_signed())?;
        parameters.add(event.at.as_millis())?;
        parameters.add(row.kind)?;
        parameters.add_subject(event.subject.as_ref())?;
        parameters.add_row(&row)?;
        match source {
            None => {
                parameters.add_payload(row.payload)?;
                parameters.add_nulls(1);
            }
            Some(source) => {
                parameters.add_nulls(1);
                parameters.add(source)?;
            }
        }
        parameters.add_instant(row.requested_at)?;
        parameters.add(row.execution_timeout_paused)?;
        parameters.execute().map(drop)
    }
}

impl Parameters<'_, '_> {
    fn add_subject(&mut self, subject: Option<&EventSubject>) -> rusqlite::Result<()> {
        let Some(subject) = subject else {
            self.add_nulls(4);
            return Ok(());
        };
        self.add(subject.id.as_str())?;
        self.add_text(subject.name.as_ref())?;
        self.add(subject.parent_id.as_ref().map(OperationId::as_str))?;
        self.add_text(subject.sub_type.as_ref())
    }

    fn add_row(&mut self, row: &EventColumns<'_>) -> rusqlite::Result<()> {
        let retry = row.retry;
        self.add(retry.map(|retry| retry.current_attempt))?;
        self.add(retry.and_then(|retry| retry.next_attempt_delay_seconds))?;
        self.add(row.seconds)?;
        self.add_instant(row.scheduled_end_at)?;
        self.add(row.callback_id.map(CallbackId::as_str))?;
        self.add(row.timeout_seconds)?;
        self.add(row.heartbeat_timeout_seconds)?;
        self.add_text(row.function_name)?;
        self.add_text(row.tenant_id)?;
        self.add(row.executed_version.map(version_text))?;
        self.add_text(row.started_execution_arn.as_ref())?;
        self.add(row.request_id.map(RequestId::as_str))?;
        self.add_instant(row.invocation_started_at)?;
        self.add_instant(row.invocation_ended_at)?;
        self.add_error(row.error)
    }
}
