//! Operation updates of a checkpoint, checked against their shapes on the way in.

use lambda_api::{OperationAction, OperationType as WireType, OperationUpdate as Wire};
use model::{
    CallbackOptions, ChainedInvoke, ChainedTarget, ErrorObject, OperationId, OperationType,
    OperationUpdate, Payload, UpdateAction,
};

use super::error_object;
use crate::error::ApiError;
use crate::trace;
use crate::validate::{Range, Violations};

/// Finds out what the function name of a chained invoke means.
pub(crate) trait Targets {
    /// The target, or the error that the operation fails with.
    fn resolve(&self, function_name: &str) -> Result<ChainedTarget, ErrorObject>;
}

/// Longest and shortest time of a wait or a retry, in seconds (botocore: `DurationSeconds`).
const SECONDS: Range = Range {
    min: 1,
    max: 31_622_400,
};
/// Bounds of a callback's limits, in seconds; zero means none.
const CALLBACK_SECONDS: Range = Range {
    min: 0,
    max: 99_999_999,
};
/// Largest payload of one update, in characters (botocore: `OperationPayload`).
const PAYLOAD_MAX: usize = 6_291_456;
/// Longest trace header, in bytes (botocore: `XAmznTraceId`).
const TRACE_HEADER_MAX: usize = 8_192;

/// All updates of a request, or every constraint that they violate.
pub(crate) fn updates(
    wire: Vec<Wire>,
    targets: &dyn Targets,
) -> Result<Vec<OperationUpdate>, ApiError> {
    let mut violations = Violations::default();
    let updates = wire
        .into_iter()
        .enumerate()
        .filter_map(|(index, update)| {
            let path = format!("updates.{}.member", index + 1);
            convert(update, &path, targets, &mut violations)
        })
        .collect();
    violations.none()?;
    Ok(updates)
}

fn convert(
    wire: Wire,
    path: &str,
    targets: &dyn Targets,
    violations: &mut Violations,
) -> Option<OperationUpdate> {
    let before = violations.len();
    let id = id_member(&wire.id, &format!("{path}.id"), violations);
    let parent_id = wire
        .parent_id
        .as_deref()
        .map(|id| id_member(id, &format!("{path}.parentId"), violations));
    if let Some(name) = &wire.name {
        violations.name(name, &format!("{path}.name"));
    }
    if let Some(sub_type) = &wire.sub_type {
        violations.pattern(
            sub_type,
            &format!("{path}.subType"),
            32,
            "[a-zA-Z0-9-_]+",
            is_word,
        );
    }
    if wire
        .payload
        .as_ref()
        .is_some_and(|payload| payload.len() > PAYLOAD_MAX)
    {
        violations.too_long(&format!("{path}.payload"), PAYLOAD_MAX);
    }
    let operation_type = operation_type(&wire.r#type, path, violations);
    let action = action(&wire.action, path, violations);
    let step = wire
        .step_options
        .and_then(|options| options.next_attempt_delay_seconds);
    let wait = wire.wait_options.and_then(|options| options.wait_seconds);
    let mut seconds = |value: Option<i64>, member: &str, range: Range| {
        value.and_then(|value| violations.in_range(value, &format!("{path}.{member}"), range))
    };
    let next_attempt_delay_seconds = seconds(step, "stepOptions.nextAttemptDelaySeconds", SECONDS);
    let wait_seconds = seconds(wait, "waitOptions.waitSeconds", SECONDS);
    let callback_options = wire.callback_options.map(|options| CallbackOptions {
        timeout_seconds: seconds(
            options.timeout_seconds,
            "callbackOptions.timeoutSeconds",
            CALLBACK_SECONDS,
        ),
        heartbeat_timeout_seconds: seconds(
            options.heartbeat_timeout_seconds,
            "callbackOptions.heartbeatTimeoutSeconds",
            CALLBACK_SECONDS,
        ),
    });
    let chained_invoke = wire.chained_invoke_options.map(|options| {
        let member = format!("{path}.chainedInvokeOptions.functionName");
        violations.length(&options.function_name, &member, 256);
        if let Some(tenant_id) = &options.tenant_id {
            let member = format!("{path}.chainedInvokeOptions.tenantId");
            violations.pattern(
                tenant_id,
                &member,
                256,
                r"[a-zA-Z0-9\._:\/=+\-@ ]+",
                is_tenant,
            );
        }
        if let Some(trace_header) = &options.x_amzn_trace_id
            && trace_header.len() > TRACE_HEADER_MAX
        {
            let member = format!("{path}.chainedInvokeOptions.xAmznTraceId");
            violations.too_long(&member, TRACE_HEADER_MAX);
        }
        ChainedInvoke {
            target: targets.resolve(&options.function_name),
            function_name: options.function_name,
            tenant_id: options.tenant_id,
            trace_header: options.x_amzn_trace_id.filter(|it| trace::is_header(it)),
        }
    });
    if violations.len() > before {
        return None;
    }
    Some(OperationUpdate {
        id: id?,
        parent_id: parent_id.flatten(),
        name: wire.name,
        sub_type: wire.sub_type,
        operation_type: operation_type?,
        action: action?,
        payload: wire.payload.map(Payload::from),
        error: wire.error.map(error_object),
        replay_children: wire
            .context_options
            .and_then(|options| options.replay_children),
        next_attempt_delay_seconds,
        wait_seconds,
        callback_options,
        chained_invoke,
    })
}

fn id_member(text: &str, path: &str, violations: &mut Violations) -> Option<OperationId> {
    let id = OperationId::parse(text).ok();
    if id.is_none() {
        violations.pattern(text, path, 64, "[a-zA-Z0-9-_]+", is_word);
    }
    id
}

fn operation_type(
    wire: &WireType,
    path: &str,
    violations: &mut Violations,
) -> Option<OperationType> {
    Some(match wire {
        WireType::Execution => OperationType::Execution,
        WireType::Context => OperationType::Context,
        WireType::Step => OperationType::Step,
        WireType::Wait => OperationType::Wait,
        WireType::Callback => OperationType::Callback,
        WireType::ChainedInvoke => OperationType::ChainedInvoke,
        WireType::Unknown(value) => {
            violations.not_one_of(value, &format!("{path}.type"), WireType::VALUES);
            return None;
        }
    })
}

fn action(wire: &OperationAction, path: &str, violations: &mut Violations) -> Option<UpdateAction> {
    Some(match wire {
        OperationAction::Start => UpdateAction::Start,
        OperationAction::Succeed => UpdateAction::Succeed,
        OperationAction::Fail => UpdateAction::Fail,
        OperationAction::Retry => UpdateAction::Retry,
        OperationAction::Cancel => UpdateAction::Cancel,
        OperationAction::Unknown(value) => {
            violations.not_one_of(value, &format!("{path}.action"), OperationAction::VALUES);
            return None;
        }
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_tenant(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'.' | b'_' | b':' | b'/' | b'=' | b'+' | b'-' | b'@' | b' '
        )
}
