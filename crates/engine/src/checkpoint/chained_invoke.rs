//! CHAINED_INVOKE updates: the function invokes another one.

use model::{
    ChainedTarget, EventKind, ExecutionArn, ExecutionName, FunctionArn, OperationDetails,
    OperationUpdate, UpdateAction,
};

use super::batch::{check_payload_size, forbid_error, invalid_action, started};
use crate::draft::{Changed, Draft};
use crate::rejection::invalid;
use crate::{ChainedOutcome, Effect, Rejection};

pub(super) fn apply(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    match update.action {
        UpdateAction::Start => start(draft, update),
        UpdateAction::Succeed | UpdateAction::Fail | UpdateAction::Retry | UpdateAction::Cancel => {
            invalid_action()
        }
    }
}

/// Starts the invoke. A target that cannot be resolved fails the operation, not the request.
fn start(draft: &mut Draft<'_>, mut update: OperationUpdate) -> Result<(), Rejection> {
    forbid_error(&update, "START")?;
    if draft.operation(&update.id).is_some() {
        return invalid("Cannot start a CHAINED_INVOKE that already exist.");
    }
    let bytes_max = draft.limits.chained_input_bytes_max;
    check_payload_size(&update, "CHAINED_INVOKE input", bytes_max)?;
    let Some(invoke) = update.chained_invoke.take() else {
        return invalid("Update for CHAINED_INVOKE operation requires ChainedInvokeOptions.");
    };
    let input = update.payload.take();
    let resolved = invoke.target.is_ok();
    let (target, failure) = match invoke.target {
        Ok(target) => (target, None),
        Err(error) => (ChainedTarget::Unresolvable, Some(error)),
    };
    let (executed_version, execution_arn) = match &target {
        ChainedTarget::Durable { version, .. } => {
            (Some(version.clone()), child_arn(draft, &target))
        }
        ChainedTarget::Plain { version, .. } => (Some(version.clone()), None),
        ChainedTarget::Unresolvable => (None, None),
    };
    let details = OperationDetails::ChainedInvoke {
        function_name: invoke.function_name.clone(),
        tenant_id: invoke.tenant_id.clone(),
        trace_header: invoke.trace_header,
        input: input.clone(),
        target,
        result: None,
        error: None,
    };
    let operation = started(draft, update, details);
    let kind = EventKind::ChainedInvokeStarted {
        function_name: invoke.function_name,
        tenant_id: invoke.tenant_id,
        input: input.filter(|_| resolved),
        executed_version,
        execution_arn,
    };
    draft.event(&operation, kind);
    draft.put(operation.clone(), Changed::ByFunction);
    match failure {
        None => draft.effects.push(Effect::StartChainedInvoke(operation.id)),
        Some(error) => {
            let failed = ChainedOutcome::Failed(error);
            draft.end_chained_invoke(operation, failed, Changed::ByFunction);
        }
    }
    Ok(())
}

/// The ARN that the started execution will have; `None` for a plain function.
fn child_arn(draft: &Draft<'_>, target: &ChainedTarget) -> Option<ExecutionArn> {
    let ChainedTarget::Durable {
        function: name,
        version,
        execution_id,
    } = target
    else {
        return None;
    };
    let function = FunctionArn {
        name: name.clone(),
        ..draft.base.spec.arn.function.clone()
    };
    let name = ExecutionName::parse(execution_id.as_str())
        .expect("the alphabet of execution ids is that of their names");
    Some(ExecutionArn {
        function,
        version: version.clone(),
        name,
        id: execution_id.clone(),
    })
}
