//! Operation rows.

use model::{
    ChainedTarget, ExecutionSpec, Operation, OperationDetails, OperationId, OperationType,
};
use store::columns::{Code, version_text};

use super::Statements;
use crate::cells::Parameters;

impl Statements<'_> {
    pub(super) fn write_operation(
        &mut self,
        key: i64,
        spec: &ExecutionSpec,
        operation: &Operation,
    ) -> rusqlite::Result<()> {
        let operation_type = operation.operation_type();
        assert_eq!(
            operation_type == OperationType::Execution,
            operation.id.as_str() == spec.arn.id.as_str(),
            "the EXECUTION operation, and only it, has the id of the execution"
        );
        let mut parameters = Parameters::of(&mut self.upsert_operation);
        parameters.add(key)?;
        parameters.add(operation.id.as_str())?;
        parameters.add(operation.parent_id.as_ref().map(OperationId::as_str))?;
        parameters.add_text(operation.name.as_ref())?;
        parameters.add_text(operation.sub_type.as_ref())?;
        parameters.add(operation_type.code())?;
        parameters.add(operation.status.code())?;
        parameters.add(operation.started_at.as_millis())?;
        parameters.add_instant(operation.ended_at)?;
        parameters.add_details(&operation.details)?;
        parameters.add(operation.service_change.cast_signed())?;
        parameters.execute()?;
        Ok(())
    }
}

impl Parameters<'_, '_> {
    /// The 23 columns of all types, of which each type has a few.
    fn add_details(&mut self, details: &OperationDetails) -> rusqlite::Result<()> {
        match details {
            OperationDetails::Execution { input: _ } => {
                self.add_nulls(15);
                self.add_error(None)?;
                self.add_nulls(3);
                Ok(())
            }
            OperationDetails::Context {
                replay_children,
                result,
                error,
            } => {
                self.add(replay_children)?;
                self.add_nulls(14);
                self.add_error(error.as_ref())?;
                self.add_nulls(1);
                self.add_payload(result.as_ref())?;
                self.add_nulls(1);
                Ok(())
            }
            OperationDetails::Step {
                attempt,
                next_attempt_at,
                result,
                error,
            } => {
                self.add_nulls(1);
                self.add(attempt)?;
                self.add_instant(*next_attempt_at)?;
                self.add_nulls(12);
                self.add_error(error.as_ref())?;
                self.add_nulls(1);
                self.add_payload(result.as_ref())?;
                self.add_nulls(1);
                Ok(())
            }
            OperationDetails::Wait {
                seconds,
                scheduled_end_at,
            } => {
                self.add_nulls(3);
                self.add(seconds)?;
                self.add(scheduled_end_at.as_millis())?;
                self.add_nulls(10);
                self.add_error(None)?;
                self.add_nulls(3);
                Ok(())
            }
            OperationDetails::Callback {
                callback_id,
                timeout_seconds,
                heartbeat_timeout_seconds,
                last_heartbeat_at,
                result,
                error,
            } => {
                self.add_nulls(5);
                self.add(callback_id.as_str())?;
                self.add(timeout_seconds)?;
                self.add(heartbeat_timeout_seconds)?;
                self.add(last_heartbeat_at.as_millis())?;
                self.add_nulls(6);
                self.add_error(error.as_ref())?;
                self.add_nulls(1);
                self.add_payload(result.as_ref())?;
                self.add_nulls(1);
                Ok(())
            }
            OperationDetails::ChainedInvoke {
                function_name,
                tenant_id,
                trace_header,
                input,
                target,
                result,
                error,
            } => {
                self.add_nulls(9);
                self.add(function_name)?;
                self.add_text(tenant_id.as_ref())?;
                self.add_target(target)?;
                self.add_error(error.as_ref())?;
                self.add_payload(input.as_ref())?;
                self.add_payload(result.as_ref())?;
                self.add_text(trace_header.as_ref())
            }
        }
    }

    fn add_target(&mut self, target: &ChainedTarget) -> rusqlite::Result<()> {
        match target {
            ChainedTarget::Durable {
                function,
                version,
                execution_id,
            } => {
                self.add("DURABLE")?;
                self.add(function.as_str())?;
                self.add(version_text(version))?;
                self.add(execution_id.as_str())
            }
            ChainedTarget::Plain { function, version } => {
                self.add("PLAIN")?;
                self.add(function.as_str())?;
                self.add(version_text(version))?;
                self.add_nulls(1);
                Ok(())
            }
            ChainedTarget::Unresolvable => {
                self.add("UNRESOLVABLE")?;
                self.add_nulls(3);
                Ok(())
            }
        }
    }
}
