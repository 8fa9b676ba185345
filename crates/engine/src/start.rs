//! The start of an execution.

use std::sync::Arc;
use std::time::Duration;

use model::{
    EventKind, ExecutionSpec, ExecutionState, Invocation, Operation, OperationDetails, OperationId,
    OperationStatus,
};

use crate::draft::{Changed, Draft};
use crate::execution::execution_deadline;
use crate::{Answer, Context, Execution, Transition};

/// The transition that creates an execution: its EXECUTION operation, its first event, and its
/// first invocation.
pub fn start(spec: ExecutionSpec, context: Context<'_>) -> Transition {
    let blank = Execution::blank(Arc::new(spec), blank_state());
    let spec = Arc::clone(&blank.spec);
    let mut draft = Draft::new(&blank, context);
    draft.state.bytes = spec.input.as_ref().map_or(0, |input| input.len() as u64);
    draft.execution_event(EventKind::ExecutionStarted {
        input: spec.input.clone(),
        execution_timeout_seconds: spec.execution_timeout_seconds,
    });
    let operation = Operation {
        id: OperationId::from(&spec.arn.id),
        parent_id: None,
        name: Some(spec.arn.name.to_string()),
        sub_type: None,
        status: OperationStatus::Started,
        started_at: spec.started_at,
        ended_at: None,
        details: OperationDetails::Execution {
            input: spec.input.clone(),
        },
        service_change: 0,
    };
    draft.put(operation, Changed::ByFunction);
    if let Some(deadline) = execution_deadline(&spec, &draft.state) {
        draft.add_deadline(deadline);
    }
    draft.schedule_invocation();
    draft.finish(|_| Answer::Done)
}

/// The state before anything happened. Its deadline is set by the start itself.
fn blank_state() -> ExecutionState {
    ExecutionState {
        version: 0,
        outcome: None,
        ended_at: None,
        terminal_event_owed: false,
        event_id_last: 0,
        invocation: Invocation::Idle,
        invocation_count: 0,
        token_sequence: 0,
        last_checkpoint: None,
        service_changes: 0,
        told_changes: 0,
        settled_changes: 0,
        failed_invocations: 0,
        counted_failures: 0,
        invalid_pendings: 0,
        operation_count: 0,
        pending_count: 0,
        open_chained_invokes: 0,
        bytes: 0,
        pause: None,
        timeout_paused_for: Duration::ZERO,
        resume_client_token: None,
        next_deadline: None,
    }
}
