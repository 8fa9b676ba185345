//! Operation updates of a checkpoint, checked against their shapes on the way in.

use std::fmt;

use lambda_api::{BorrowedUpdate, OperationAction, OperationType as WireType};
use model::{
    CallbackOptions, ChainedInvoke, ChainedTarget, ErrorObject, OperationId, OperationType,
    OperationUpdate, Payload, UpdateAction,
};

use crate::error::ApiError;
use crate::error_object::error_object;
use crate::trace;
use crate::validate::{Range, Violations};

/// An update as it comes in: borrowed from a request's body, or made of an owned one.
pub type Update<'a> = BorrowedUpdate<'a, Payload>;

/// Resolves the function name of a chained invoke.
pub trait Targets {
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
pub fn updates<'a>(
    wire: Vec<impl Into<Update<'a>>>,
    targets: &dyn Targets,
) -> Result<Vec<OperationUpdate>, ApiError> {
    let mut violations = Violations::default();
    let updates = wire
        .into_iter()
        .enumerate()
        .filter_map(|(index, update)| {
            let path = Path { number: index + 1 };
            convert(update.into(), path, targets, &mut violations)
        })
        .collect();
    violations.none()?;
    Ok(updates)
}

/// Where an update is in its request.
#[derive(Clone, Copy)]
struct Path {
    /// From 1.
    number: usize,
}

/// A member of an update, as messages name it.
#[derive(Clone, Copy)]
struct Member {
    update: Path,
    name: &'static str,
}

impl Path {
    fn member(self, name: &'static str) -> Member {
        Member { update: self, name }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { update, name } = self;
        write!(formatter, "updates.{}.member.{name}", update.number)
    }
}

fn convert(
    wire: Update<'_>,
    path: Path,
    targets: &dyn Targets,
    violations: &mut Violations,
) -> Option<OperationUpdate> {
    let before = violations.count();
    let id = id_member(&wire.id, path.member("id"), violations);
    let parent_id = wire
        .parent_id
        .as_deref()
        .map(|id| id_member(id, path.member("parentId"), violations));
    if let Some(name) = &wire.name {
        violations.name(name, path.member("name"));
    }
    if let Some(sub_type) = &wire.sub_type {
        violations.pattern(
            sub_type,
            path.member("subType"),
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
        violations.too_long(path.member("payload"), PAYLOAD_MAX);
    }
    let operation_type = operation_type(&wire.r#type, path, violations);
    let action = action(&wire.action, path, violations);
    let step = wire
        .step_options
        .and_then(|options| options.next_attempt_delay_seconds);
    let wait = wire.wait_options.and_then(|options| options.wait_seconds);
    let mut seconds = |value: Option<i64>, member: &'static str, range: Range| {
        value.and_then(|value| violations.in_range(value, path.member(member), range))
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
        let member = path.member("chainedInvokeOptions.functionName");
        violations.length(&options.function_name, member, 256);
        if let Some(tenant_id) = &options.tenant_id {
            let member = path.member("chainedInvokeOptions.tenantId");
            violations.pattern(
                tenant_id,
                member,
                256,
                r"[a-zA-Z0-9\._:\/=+\-@ ]+",
                is_tenant,
            );
        }
        if let Some(trace_header) = &options.x_amzn_trace_id
            && trace_header.len() > TRACE_HEADER_MAX
        {
            let member = path.member("chainedInvokeOptions.xAmznTraceId");
            violations.too_long(member, TRACE_HEADER_MAX);
        }
        ChainedInvoke {
            target: targets.resolve(&options.function_name),
            function_name: options.function_name,
            tenant_id: options.tenant_id,
            trace_header: options.x_amzn_trace_id.filter(|it| trace::is_header(it)),
        }
    });
    if violations.count() > before {
        return None;
    }
    Some(OperationUpdate {
        id: id?,
        parent_id: parent_id.flatten(),
        name: wire.name.map(String::from),
        sub_type: wire.sub_type.map(String::from),
        operation_type: operation_type?,
        action: action?,
        payload: wire.payload,
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

fn id_member(text: &str, path: Member, violations: &mut Violations) -> Option<OperationId> {
    let id = OperationId::parse(text).ok();
    if id.is_none() {
        violations.pattern(text, path, 64, "[a-zA-Z0-9-_]+", is_word);
    }
    id
}

fn operation_type(
    wire: &WireType,
    path: Path,
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
            violations.not_one_of(value, path.member("type"), WireType::VALUES);
            return None;
        }
    })
}

fn action(wire: &OperationAction, path: Path, violations: &mut Violations) -> Option<UpdateAction> {
    Some(match wire {
        OperationAction::Start => UpdateAction::Start,
        OperationAction::Succeed => UpdateAction::Succeed,
        OperationAction::Fail => UpdateAction::Fail,
        OperationAction::Retry => UpdateAction::Retry,
        OperationAction::Cancel => UpdateAction::Cancel,
        OperationAction::Unknown(value) => {
            violations.not_one_of(value, path.member("action"), OperationAction::VALUES);
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
