//! One execution, with more details than a list shows.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Response, StatusCode};
use lambda_api::ErrorCode;
use model::{EventSourceKind, ExecutionId, Invocation, ParentLink, Timestamp};
use serde::Serialize;
use store::{ExecutionSummary as Stored, SetAside};
use utoipa::ToSchema;
use wire::ApiError;

use super::summary::ExecutionSummary;
use crate::app::App;
use crate::functions::FunctionVersion;
use crate::http::{Body, json};
use crate::service::cut;

/// One execution without payloads: what a list shows, and the rest of its record. Instants are epoch
/// milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ExecutionDetail {
    #[serde(flatten)]
    pub summary: ExecutionSummary,
    pub execution_timeout_seconds: u32,
    pub retention_days: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_header: Option<String>,
    /// The trace in that header, as `/lambdura/v1/segments` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    pub input_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_bytes: Option<u64>,
    pub event_count: u64,
    pub limits: LimitsUsed,
    /// Time in which an invocation was active.
    pub running_ms: u64,
    /// The rest of the time from its start to its end, or to now.
    pub waiting_ms: u64,
    /// The invocation that is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<ActiveInvocation>,
    /// When the next invocation follows one that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_invocation_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<PauseShown>,
    /// Absent unless the service could not work on it, and leaves it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAsideShown>,
    pub trigger: Trigger,
    /// Whether it is one of a state machine, whose definition is still here.
    pub is_state_machine: bool,
    /// The server's clock at the time of this answer.
    pub server_now_at: i64,
}

/// How much of its limits an execution has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct LimitsUsed {
    pub operations: Usage,
    pub bytes: Usage,
}

/// How much of a limit is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Usage {
    pub used: u64,
    /// Absent where there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// An invocation at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ActiveInvocation {
    /// Counts the execution's invocations from 1.
    pub number: u64,
    pub request_id: String,
    pub scheduled_at: i64,
}

/// A pause that was requested or is in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct PauseShown {
    pub requested_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_effect_since_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the execution timeout stands still meanwhile.
    pub execution_timeout_paused: bool,
}

/// Why an execution is set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct SetAsideShown {
    pub since_at: i64,
    /// What was being done.
    pub attempted: String,
    /// What went wrong.
    pub reason: String,
}

impl From<SetAside> for SetAsideShown {
    fn from(record: SetAside) -> Self {
        Self {
            since_at: record.set_aside_at.as_millis(),
            attempted: record.attempted,
            reason: cut(record.reason),
        }
    }
}

/// What started an execution.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Trigger {
    pub kind: TriggerKind,
    /// The operation that invoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Which event source: an API with its route, a function URL or a schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// The chained invoke that started an execution.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Parent {
    pub execution_id: String,
    pub operation_id: String,
}

impl From<&ParentLink> for Parent {
    fn from(parent: &ParentLink) -> Self {
        Self {
            execution_id: parent.execution_id.to_string(),
            operation_id: parent.operation_id.to_string(),
        }
    }
}

/// How an execution was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum TriggerKind {
    /// By a call of Invoke.
    Invoke,
    /// By an operation of another execution.
    ChainedInvoke,
    /// By a request to an HTTP API.
    HttpApi,
    /// By a request to a REST API.
    RestApi,
    /// By a request to a function URL.
    FunctionUrl,
    /// By a schedule.
    Schedule,
    /// By messages of a queue.
    Queue,
    /// By a version or an alias of a state machine.
    StateMachine,
}

impl From<&model::Trigger> for Trigger {
    fn from(trigger: &model::Trigger) -> Self {
        let (kind, source) = match trigger {
            model::Trigger::Invoke => (TriggerKind::Invoke, None),
            model::Trigger::ChainedInvoke(_) => (TriggerKind::ChainedInvoke, None),
            model::Trigger::EventSource(source) => {
                let kind = match source.kind {
                    EventSourceKind::HttpApi => TriggerKind::HttpApi,
                    EventSourceKind::RestApi => TriggerKind::RestApi,
                    EventSourceKind::FunctionUrl => TriggerKind::FunctionUrl,
                    EventSourceKind::Schedule => TriggerKind::Schedule,
                    EventSourceKind::Queue => TriggerKind::Queue,
                    EventSourceKind::StateMachine => TriggerKind::StateMachine,
                };
                (kind, Some(source.name.clone()))
            }
        };
        Self {
            kind,
            parent: trigger.parent().map(Parent::from),
            source,
        }
    }
}

/// Returns one execution.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/{execution_id}",
    params(("execution_id" = String, Path, description = "what its ARN ends with")),
    responses((status = 200, body = ExecutionDetail)),
)]
pub(super) async fn detail(app: &Arc<App>, id: &str) -> Result<Response<Body>, ApiError> {
    let id = super::named::execution_id(id)?;
    let detail = read(app, &id).await?;
    let detail = detail.ok_or_else(ApiError::unknown_execution)?;
    Ok(json(StatusCode::OK, &detail))
}

/// The definition of a state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct MachineDefinition {
    /// Its name.
    pub name: String,
    /// The text of the definition, as it was deployed.
    pub definition: String,
}

/// Returns the definition of a state machine's execution.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/{execution_id}/definition",
    params(("execution_id" = String, Path, description = "what its ARN ends with")),
    responses((status = 200, body = MachineDefinition)),
)]
pub(super) async fn definition(app: &Arc<App>, id: &str) -> Result<Response<Body>, ApiError> {
    let id = super::named::execution_id(id)?;
    let stored = app.driver.store().summary(&id).await?;
    let stored = stored.ok_or_else(ApiError::unknown_execution)?;
    let Some(version) = machine(app, &stored) else {
        let message =
            "The execution does not belong to a state machine whose definition is available.";
        return Err(ApiError::new(ErrorCode::ResourceNotFound, message));
    };
    let definition = version.definition().map_err(|error| {
        tracing::error!(function = %version.config.arn, %error, "failed to read a definition");
        let message = "The definition cannot be read. See the server's log.";
        ApiError::new(ErrorCode::Service, message)
    })?;
    let name = version.config.name.clone();
    Ok(json(
        StatusCode::OK,
        &MachineDefinition { name, definition },
    ))
}

/// The version of the state machine that an execution runs.
fn machine(app: &App, stored: &Stored) -> Option<Arc<FunctionVersion>> {
    let arn = &stored.spec.arn;
    let version = app.registry.version(&arn.function.name, &arn.version)?;
    version.is_state_machine().then_some(version)
}

/// The current execution; none when it does not exist.
pub(super) async fn read(
    app: &Arc<App>,
    id: &ExecutionId,
) -> Result<Option<ExecutionDetail>, ApiError> {
    let store = app.driver.store();
    let Some(stored) = store.summary(id).await? else {
        return Ok(None);
    };
    let invocation_time = store.invocation_time(id).await?;
    let set_aside = app.driver.set_aside_record(id).await?;
    let (now, limits) = (app.driver.now(), app.driver.limits());
    let max = |max: u64| (max != u64::MAX).then_some(max);
    let limits = LimitsUsed {
        operations: Usage {
            used: u64::from(stored.state.operation_count),
            max: max(u64::from(limits.operations_max)).filter(|max| *max != u64::from(u32::MAX)),
        },
        bytes: Usage {
            used: stored.state.bytes,
            max: max(limits.execution_bytes_max),
        },
    };
    let detail = ExecutionDetail::of(&stored, invocation_time, limits, now);
    Ok(Some(ExecutionDetail {
        is_state_machine: machine(app, &stored).is_some(),
        set_aside: set_aside.map(SetAsideShown::from),
        ..detail
    }))
}

impl ExecutionDetail {
    fn of(stored: &Stored, invocation_time: Duration, limits: LimitsUsed, now: Timestamp) -> Self {
        let Stored {
            spec,
            state,
            input_bytes,
            result_bytes,
            open_operations: _,
            invocation_error: _,
        } = stored;
        let mut running = invocation_time;
        let mut invocation = None;
        let mut next_invocation_at = None;
        match &state.invocation {
            Invocation::Idle => {}
            Invocation::Active {
                number,
                request_id,
                nonce: _,
                scheduled_at,
                owner: _,
            } => {
                running += now.since(*scheduled_at);
                invocation = Some(ActiveInvocation {
                    number: *number,
                    request_id: request_id.to_string(),
                    scheduled_at: scheduled_at.as_millis(),
                });
            }
            Invocation::BackingOff { until } => next_invocation_at = Some(until.as_millis()),
        }
        let total = state.ended_at.unwrap_or(now).since(spec.started_at);
        let running = running.min(total);
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let pause = state.pause.as_ref().map(|pause| PauseShown {
            requested_at: pause.requested_at.as_millis(),
            in_effect_since_at: pause.in_effect_since.map(Timestamp::as_millis),
            reason: pause.reason.clone(),
            execution_timeout_paused: pause.execution_timeout_paused,
        });
        Self {
            summary: ExecutionSummary::from(stored),
            execution_timeout_seconds: spec.execution_timeout_seconds,
            retention_days: spec.retention_days,
            tenant_id: spec.tenant_id.clone(),
            trace_header: spec.trace_header.clone(),
            trace_id: spec.trace_header.as_deref().and_then(trace_id),
            input_bytes: input_bytes.unwrap_or(0),
            result_bytes: *result_bytes,
            event_count: state.event_id_last,
            limits,
            running_ms: millis(running),
            waiting_ms: millis(total - running),
            invocation,
            next_invocation_at,
            pause: pause.filter(|_| state.ended_at.is_none()),
            set_aside: None,
            trigger: Trigger::from(&spec.trigger),
            is_state_machine: false,
            server_now_at: now.as_millis(),
        }
    }
}

/// The `Root` of an X-Ray trace header.
fn trace_id(header: &str) -> Option<String> {
    let mut parts = header.split(';');
    let root = parts.find_map(|part| part.trim().strip_prefix("Root="))?;
    Some(root.to_owned())
}
