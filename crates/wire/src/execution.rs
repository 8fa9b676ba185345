//! Executions as a whole.

use lambda_api::{
    DurableConfig, DurableExecutionSummary, EpochSeconds, GetDurableExecutionResponse,
    PauseDetails, TraceHeader,
};
use model::{ExecutionSpec, ExecutionState, ExecutionStatus, Outcome, Timestamp};
use store::ExecutionHead;

use crate::error_object::wire_error;
use crate::operation::text;

/// The answer to `GetDurableExecution`; without input, result and error when they were not asked for.
pub fn wire_execution(
    spec: &ExecutionSpec,
    state: &ExecutionState,
    include_data: bool,
) -> GetDurableExecutionResponse {
    let arn = &spec.arn;
    let outcome = state.outcome.as_ref().filter(|_| include_data);
    GetDurableExecutionResponse {
        durable_execution_arn: arn.to_string(),
        durable_execution_name: arn.name.to_string(),
        function_arn: arn.function.qualified(&arn.version.to_string()),
        input_payload: text(spec.input.as_ref().filter(|_| include_data)),
        result: text(outcome.and_then(Outcome::result)),
        error: outcome.and_then(Outcome::error).map(wire_error),
        start_timestamp: seconds(spec.started_at),
        status: wire_status(state.status()),
        end_timestamp: state.ended_at.map(seconds),
        version: Some(arn.version.to_string()),
        trace_header: spec.trace_header.clone().map(|header| TraceHeader {
            x_amzn_trace_id: Some(header),
        }),
        execution_data_included: Some(include_data),
        durable_config: Some(DurableConfig {
            execution_timeout: Some(i64::from(spec.execution_timeout_seconds)),
            retention_period_in_days: Some(i64::from(spec.retention_days)),
        }),
        expected_execution_timeout_timestamp: state
            .outcome
            .is_none()
            .then(|| seconds(engine::times_out_at(spec, state))),
        pause_details: state.pause.as_ref().map(|pause| PauseDetails {
            pause_request_timestamp: seconds(pause.requested_at),
            reason: pause.reason.clone(),
            execution_timeout_paused: pause.execution_timeout_paused,
        }),
    }
}

/// One row of `ListDurableExecutionsByFunction`.
pub fn wire_summary(head: &ExecutionHead) -> DurableExecutionSummary {
    let arn = &head.arn;
    DurableExecutionSummary {
        durable_execution_arn: arn.to_string(),
        durable_execution_name: arn.name.to_string(),
        function_arn: arn.function.qualified(&arn.version.to_string()),
        status: wire_status(head.status),
        start_timestamp: seconds(head.started_at),
        end_timestamp: head.ended_at.map(seconds),
    }
}

/// The status in AWS's spelling.
#[must_use]
pub const fn wire_status(status: ExecutionStatus) -> lambda_api::ExecutionStatus {
    match status {
        ExecutionStatus::Running => lambda_api::ExecutionStatus::Running,
        ExecutionStatus::Pausing => lambda_api::ExecutionStatus::Pausing,
        ExecutionStatus::Paused => lambda_api::ExecutionStatus::Paused,
        ExecutionStatus::Succeeded => lambda_api::ExecutionStatus::Succeeded,
        ExecutionStatus::Failed => lambda_api::ExecutionStatus::Failed,
        ExecutionStatus::TimedOut => lambda_api::ExecutionStatus::TimedOut,
        ExecutionStatus::Stopped => lambda_api::ExecutionStatus::Stopped,
    }
}

fn seconds(at: Timestamp) -> EpochSeconds {
    EpochSeconds::from_millis(at.as_millis())
}
