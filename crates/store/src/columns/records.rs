//! Records beside executions, read from columns: functions, the queue, schedules, log lines.

use model::{ExecutionId, FunctionName, RequestId};

use super::cells::Cells;
use crate::catalogue::{AliasRecord, FunctionSettingsRecord, FunctionVersionRecord};
use crate::logs::{LogLine, Segment};
use crate::queue::{
    AsyncInvocation, AsyncInvocationId, DeadLetter, DeadLetterId, QueuedInvocation,
};
use crate::schedule_marks::ScheduleMark;

pub fn read_function_version<C: Cells>(columns: &mut C) -> Result<FunctionVersionRecord, C::Error> {
    Ok(FunctionVersionRecord {
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        code_sha256: columns.text()?,
        config_sha256: columns.text()?,
        code_dir: columns.text()?,
        configuration: columns.text()?,
        published_at: columns.instant()?,
    })
}

pub fn read_alias<C: Cells>(columns: &mut C) -> Result<AliasRecord, C::Error> {
    Ok(AliasRecord {
        function: columns.parsed(FunctionName::parse)?,
        name: columns.text()?,
        version: columns.parsed_text()?,
        description: columns.text()?,
        routing: columns.optional_text()?,
        revision_id: columns.text()?,
    })
}

pub fn read_function_settings<C: Cells>(
    columns: &mut C,
) -> Result<FunctionSettingsRecord, C::Error> {
    Ok(FunctionSettingsRecord {
        function: columns.parsed(FunctionName::parse)?,
        settings: columns.text()?,
    })
}

pub fn read_queued<C: Cells>(columns: &mut C) -> Result<QueuedInvocation, C::Error> {
    Ok(QueuedInvocation {
        id: AsyncInvocationId(columns.number()?),
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        not_before: columns.instant()?,
    })
}

/// Reads the columns that a queued invocation and a dead letter have in common.
pub fn read_async_invocation<C: Cells>(columns: &mut C) -> Result<AsyncInvocation, C::Error> {
    Ok(AsyncInvocation {
        request_id: columns.parsed(RequestId::parse)?,
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        invoked_arn: columns.text()?,
        client_context: columns.optional_text()?,
        trace_header: columns.optional_text()?,
        tenant_id: columns.optional_text()?,
        accepted_at: columns.instant()?,
        attempts: columns.count()?,
        not_before: columns.instant()?,
        payload: columns.bytes()?,
    })
}

pub fn read_dead_letter<C: Cells>(columns: &mut C) -> Result<(DeadLetterId, DeadLetter), C::Error> {
    let id = DeadLetterId(columns.number()?);
    let letter = DeadLetter {
        invocation: read_async_invocation(columns)?,
        buried_at: columns.instant()?,
        condition: columns.text()?,
        error: columns.error()?,
    };
    Ok((id, letter))
}

pub fn read_schedule_mark<C: Cells>(columns: &mut C) -> Result<ScheduleMark, C::Error> {
    Ok(ScheduleMark {
        schedule: columns.text()?,
        definition: columns.text()?,
        done_until: columns.instant()?,
    })
}

/// Reads a line of a log, behind its number.
pub fn read_log_line<C: Cells>(columns: &mut C) -> Result<(i64, LogLine), C::Error> {
    let number = columns.number()?;
    let line = LogLine {
        at: columns.instant()?,
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        request_id: columns.optional_parsed(RequestId::parse)?,
        execution_id: columns.optional_parsed(ExecutionId::parse)?,
        stream: columns.code()?,
        text: columns.text()?,
    };
    Ok((number, line))
}

pub fn read_segment<C: Cells>(columns: &mut C) -> Result<Segment, C::Error> {
    Ok(Segment {
        trace_id: columns.text()?,
        at: columns.instant()?,
        document: columns.text()?,
    })
}
