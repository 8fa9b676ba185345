//! `Invoke`: durable and plain functions, synchronously, asynchronously, or not at all.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use function_host::InvocationOutcome as HostOutcome;
use hyper::{HeaderMap, Response, StatusCode};
use lambda_api::{ErrorCode, FunctionErrorBody, headers};
use model::{ErrorObject, EventSource, ExecutionArn, ExecutionName, Outcome, Payload, Trigger};
use runtime::{DurableSettings, PlainInvocation, PlainOutcome, StartRequest};
use state_machine::name::SPELLED;
use store::{AsyncInvocation, ExecutionRecord};
use wire::{ApiError, Violations, trace};

use crate::app::App;
use crate::functions::{Reference, Resolved, leads_to, unqualified};
use crate::http::{Body, BodyError, Query, RequestBody, decode, read_body, refusal};

/// Largest payload of a synchronous and of an asynchronous invocation, in bytes.
/// Source: Lambda quotas page, read 2026-11.
const SYNC_BYTES_MAX: usize = 6 * 1024 * 1024;
const ASYNC_BYTES_MAX: usize = 1024 * 1024;

/// Longest execution timeout of a durable function that may be invoked synchronously, and how long
/// such a caller is kept waiting.
pub(crate) const SYNC_EXECUTION_SECONDS_MAX: u32 = 900;

/// The event of a plain function that is invoked without one.
/// Source: Lambda's own answers to `aws lambda invoke` without `--payload`.
const NO_EVENT: &[u8] = b"{}";

/// Longest client context, in base64 characters.
const CLIENT_CONTEXT_MAX: usize = 3583;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// The parameters of an invocation, besides its payload.
pub(super) struct Request {
    resolved: Resolved,
    invocation_type: InvocationType,
    tail: bool,
    client_context: Option<String>,
    execution_name: Option<ExecutionName>,
    tenant_id: Option<String>,
    trace_header: String,
    /// The event source that invokes the function, if it is not the API's caller.
    source: Option<EventSource>,
}

pub(in crate::api) async fn invoke(
    app: &Arc<App>,
    name: &str,
    query: &Query,
    header_map: &HeaderMap,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let (request, payload) = read(app, name, query, header_map, body).await?;
    carry_out(app, request, payload).await
}

/// Invokes the function, for an event source if one is given.
pub(crate) async fn invoke_by(
    app: &Arc<App>,
    name: &str,
    header_map: &HeaderMap,
    body: RequestBody,
    source: Option<EventSource>,
) -> Response<Body> {
    let answered = async {
        let (mut request, payload) = read(app, name, &Query::default(), header_map, body).await?;
        request.source = source;
        carry_out(app, request, payload).await
    };
    answered.await.unwrap_or_else(refusal)
}

/// Reads an invocation's parameters and its payload, which is JSON or empty.
pub(super) async fn read(
    app: &Arc<App>,
    name: &str,
    query: &Query,
    header_map: &HeaderMap,
    body: RequestBody,
) -> Result<(Request, Bytes), ApiError> {
    let name = decode(name).unwrap_or_default();
    let reference = Reference::parse(&name, query.get("Qualifier"))?;
    let request = parse(app, &reference, header_map)?;
    let bytes_max = match request.invocation_type {
        InvocationType::Event => ASYNC_BYTES_MAX,
        InvocationType::RequestResponse | InvocationType::DryRun => SYNC_BYTES_MAX,
    };
    let payload = read_body(body, bytes_max)
        .await
        .map_err(|error| payload_error(error, bytes_max))?;
    checked_text(&payload)?;
    let is_plain = request.resolved.version.durable.is_none();
    let payload = match payload.is_empty() && is_plain {
        true => Bytes::from_static(NO_EVENT),
        false => payload,
    };
    Ok((request, payload))
}

pub(super) async fn carry_out(
    app: &Arc<App>,
    request: Request,
    payload: Bytes,
) -> Result<Response<Body>, ApiError> {
    let text = checked_text(&payload)?;
    let _place = match request.invocation_type {
        InvocationType::RequestResponse => Some(app.callers.enter()?),
        InvocationType::Event | InvocationType::DryRun => None,
    };
    match (request.resolved.version.durable, request.invocation_type) {
        (Some(settings), invocation_type) => {
            if request.resolved.qualifier.is_none() {
                return Err(unqualified());
            }
            durable(app, request, settings, invocation_type, text).await
        }
        (None, _) if request.execution_name.is_some() => Err(ApiError::invalid_parameter(
            "A durable execution name can only be given for a durable function.",
        )),
        (None, InvocationType::DryRun) => Ok(empty(StatusCode::NO_CONTENT, &request)),
        (None, InvocationType::Event) => plain_event(app, request, payload).await,
        (None, InvocationType::RequestResponse) => Ok(plain(app, request, payload).await?),
    }
}

fn parse(
    app: &Arc<App>,
    reference: &Reference,
    header_map: &HeaderMap,
) -> Result<Request, ApiError> {
    // A value that is not text counts as present, and as none of the allowed values.
    let lossy = |name: &str| {
        let value = header_map.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()))
    };
    let names = [
        headers::INVOCATION_TYPE,
        headers::LOG_TYPE,
        headers::DURABLE_EXECUTION_NAME,
        headers::TENANT_ID,
        headers::CLIENT_CONTEXT,
    ];
    let values = names.map(lossy);
    let header = |name: &str| {
        let index = names.iter().position(|known| *known == name)?;
        values[index].as_deref()
    };
    let mut violations = Violations::default();
    let invocation_type = match header(headers::INVOCATION_TYPE) {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(other) => {
            let values = ["Event", "RequestResponse", "DryRun"];
            violations.not_one_of(other, "invocationType", &values);
            InvocationType::DryRun
        }
    };
    let tail = match header(headers::LOG_TYPE) {
        None | Some("None") => false,
        Some("Tail") => true,
        Some(other) => {
            violations.not_one_of(other, "logType", &["None", "Tail"]);
            false
        }
    };
    let execution_name = header(headers::DURABLE_EXECUTION_NAME).and_then(|text| {
        let name = ExecutionName::parse(text).ok();
        // Only state machines have longer names, which all begin with this prefix.
        let name = name.filter(|_| text.len() <= 64 || text.starts_with(SPELLED));
        if name.is_none() {
            let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            violations.pattern(text, "durableExecutionName", 64, "[a-zA-Z0-9-_]+", word);
        }
        name
    });
    if let Some(tenant_id) = header(headers::TENANT_ID) {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/=+-@ ".contains(&byte);
        violations.pattern(
            tenant_id,
            "tenantId",
            256,
            r"[a-zA-Z0-9\._:\/=+\-@ ]+",
            allowed,
        );
    }
    violations.none()?;
    let resolved = app.registry.route(reference)?;
    // A header that is not a valid trace starts a new one.
    let trace = header_map.get(headers::TRACE_ID);
    let trace_header = trace::header(
        trace.and_then(|trace| trace.to_str().ok()),
        resolved.version.traced,
        app.driver.now(),
    );
    Ok(Request {
        client_context: client_context(header(headers::CLIENT_CONTEXT))?,
        resolved,
        invocation_type,
        tail,
        execution_name,
        tenant_id: header(headers::TENANT_ID).map(str::to_owned),
        trace_header,
        source: None,
    })
}

/// The client context is passed on as the JSON text that its base64 encodes.
fn client_context(header: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(base64) = header else {
        return Ok(None);
    };
    let refused = || {
        ApiError::new(
            ErrorCode::InvalidRequestContent,
            "Client context must be a valid Base64-encoded JSON object.",
        )
    };
    if base64.len() > CLIENT_CONTEXT_MAX {
        return Err(refused());
    }
    let bytes = STANDARD.decode(base64).map_err(|_| refused())?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(|_| refused())?;
    Ok(Some(text))
}

fn payload_error(error: BodyError, bytes_max: usize) -> ApiError {
    match error {
        BodyError::TooLarge => ApiError::new(
            ErrorCode::RequestTooLarge,
            format!(
                "Request must be smaller than {bytes_max} bytes for the InvokeFunction operation"
            ),
        ),
        error @ (BodyError::Broken | BodyError::Slow) => error.into(),
    }
}

/// The payload as text: JSON, which is UTF-8, or empty.
fn checked_text(payload: &[u8]) -> Result<&str, ApiError> {
    if payload.is_empty() {
        return Ok("");
    }
    let refused = |reason: String| {
        let message = format!("Could not parse request body into json: {reason}");
        ApiError::new(ErrorCode::InvalidRequestContent, message)
    };
    // Serde skips the bytes of an ignored text: UTF-8 is checked separately.
    let text = std::str::from_utf8(payload).map_err(|error| refused(error.to_string()))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| refused(error.to_string()))?;
    Ok(text)
}

async fn durable(
    app: &Arc<App>,
    request: Request,
    settings: DurableSettings,
    invocation_type: InvocationType,
    payload: &str,
) -> Result<Response<Body>, ApiError> {
    let sync = invocation_type == InvocationType::RequestResponse;
    if sync && settings.execution_timeout_seconds > SYNC_EXECUTION_SECONDS_MAX {
        return Err(ApiError::invalid_parameter(
            "You cannot synchronously invoke a durable function with an executionTimeout greater \
             than 15 minutes.",
        ));
    }
    if invocation_type == InvocationType::DryRun {
        return Ok(empty(StatusCode::NO_CONTENT, &request));
    }
    let request = pinned(app, request).await?;
    let limits = app.driver.limits();
    let start = StartRequest {
        function: request.resolved.arn.clone(),
        version: request.resolved.version.version.clone(),
        name: request.execution_name.clone(),
        id: None,
        input: (!payload.is_empty()).then(|| Payload::from(payload)),
        execution_timeout_seconds: settings.execution_timeout_seconds,
        retention_days: settings.retention_days,
        result_bytes_max: if sync {
            limits.sync_result_bytes_max
        } else {
            limits.async_result_bytes_max
        },
        trace_header: Some(request.trace_header.clone()),
        tenant_id: request.tenant_id.clone(),
        trigger: request
            .source
            .clone()
            .map_or(Trigger::Invoke, Trigger::EventSource),
    };
    let started = app.driver.start(start).await?;
    let arn = started.arn();
    if !sync {
        return Ok(with_arn(empty(StatusCode::ACCEPTED, &request), arn));
    }
    let wait = Duration::from_secs(u64::from(SYNC_EXECUTION_SECONDS_MAX));
    let ended = tokio::time::timeout(wait, app.driver.wait_ended(&arn.id));
    let ended = tokio::select! {
        ended = ended => ended,
        () = app.shutdown.cancelled() => {
            let message = format!("The service is shutting down; the execution continues: {arn}");
            let answer = refusal(ApiError::shutting_down(message));
            return Ok(with_arn(answer, arn));
        }
    };
    match ended {
        Ok(Ok(Some(record))) => Ok(with_arn(outcome_response(&record, &request), arn)),
        Ok(Ok(None)) => Err(ApiError::unknown_execution()),
        Ok(Err(fault)) => Err(fault.into()),
        Err(_elapsed) => {
            let message = format!("The execution continues: {arn}");
            Err(ApiError::new(ErrorCode::Service, message))
        }
    }
}

/// The request with the version on which an execution of this name already runs: a repeated start
/// on an alias with two versions must not choose the other one.
async fn pinned(app: &Arc<App>, mut request: Request) -> Result<Request, ApiError> {
    let function = request.resolved.arn.name.clone();
    let qualifier = request.resolved.qualifier.as_deref().unwrap_or_default();
    let alias = app.registry.alias(&function, qualifier);
    let divided = alias.filter(|alias| alias.routing.is_some());
    let (Some(alias), Some(name)) = (divided, &request.execution_name) else {
        return Ok(request);
    };
    let existing = app.driver.store().head_by_name(&function, name).await?;
    if let Some(existing) = existing {
        let version = &existing.arn.version;
        if leads_to(&alias, version)
            && let Some(version) = app.registry.version(&function, version)
        {
            request.resolved.version = version;
        }
    }
    Ok(request)
}

/// The answer to a synchronous invocation after the execution has ended.
fn outcome_response(record: &ExecutionRecord, request: &Request) -> Response<Body> {
    match &record.state.outcome {
        Some(Outcome::Succeeded(result)) => {
            let body = result.as_ref().map_or("null", Payload::as_str).to_owned();
            answer(request, None, body.into(), None)
        }
        Some(Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Stopped(error)) => {
            answer(request, Some("Unhandled"), error_body(error), None)
        }
        None => unreachable!("the execution was waited for"),
    }
}

/// An error as the caller of Invoke sees it.
fn error_body(error: &ErrorObject) -> Bytes {
    let body = FunctionErrorBody {
        error_message: error.message.clone(),
        error_type: error.error_type.clone(),
        stack_trace: error.stack_trace.clone(),
        request_id: None,
    };
    serde_json::to_vec(&body)
        .expect("a wire type is always JSON")
        .into()
}

async fn plain_event(
    app: &Arc<App>,
    request: Request,
    payload: Bytes,
) -> Result<Response<Body>, ApiError> {
    let now = app.driver.now();
    let request_id = app.new_request_id();
    let invocation = AsyncInvocation {
        request_id: request_id.clone(),
        function: request.resolved.arn.name.clone(),
        version: request.resolved.version.version.clone(),
        invoked_arn: request.resolved.invoked_arn(),
        payload: payload.to_vec(),
        client_context: request.client_context.clone(),
        trace_header: Some(request.trace_header.clone()),
        tenant_id: request.tenant_id.clone(),
        accepted_at: now,
        attempts: 0,
        not_before: now,
    };
    app.driver.enqueue(invocation).await?;
    let mut response = empty(StatusCode::ACCEPTED, &request);
    if let Ok(value) = request_id.as_str().parse() {
        response.headers_mut().insert(headers::REQUEST_ID, value);
    }
    Ok(response)
}

async fn plain(
    app: &Arc<App>,
    request: Request,
    payload: Bytes,
) -> Result<Response<Body>, ApiError> {
    let invocation = request.plain_invocation(app, &payload);
    let (outcome, report) = app.runner.plain(invocation).await;
    plain_answer(app, &request, outcome, report)
}

/// The answer to a synchronous invocation of a plain function.
pub(super) fn plain_answer(
    app: &Arc<App>,
    request: &Request,
    outcome: PlainOutcome,
    report: Option<HostOutcome>,
) -> Result<Response<Body>, ApiError> {
    let log = report
        .map(|report| report.log_tail)
        .filter(|_| request.tail);
    match outcome {
        PlainOutcome::Succeeded(body) => Ok(answer(request, None, body.into(), log)),
        PlainOutcome::FunctionError { payload, .. } => {
            Ok(answer(request, Some("Unhandled"), payload.into(), log))
        }
        PlainOutcome::Throttled(error) => Err(ApiError {
            code: ErrorCode::TooManyRequests,
            message: error.message.unwrap_or_default(),
            reason: Some(throttle_reason(app, request)),
            status: None,
        }),
        PlainOutcome::Unavailable(error) if app.shutdown.is_cancelled() => {
            Err(ApiError::shutting_down(error.message.unwrap_or_default()))
        }
        PlainOutcome::Unavailable(error) => {
            let code = match error.error_type.as_deref() {
                Some("Runtime.InvalidEntrypoint") => ErrorCode::InvalidRuntime,
                Some("InvalidZipFileException") => ErrorCode::InvalidZipFile,
                Some(_) | None => ErrorCode::Service,
            };
            Err(ApiError::new(code, error.message.unwrap_or_default()))
        }
    }
}

impl Request {
    /// Whether the function is plain, and its caller waits.
    pub(super) fn is_plain_and_synchronous(&self) -> bool {
        self.resolved.version.durable.is_none()
            && self.execution_name.is_none()
            && self.invocation_type == InvocationType::RequestResponse
    }

    pub(super) fn wants_log(&self) -> bool {
        self.tail
    }

    pub(super) fn plain_invocation(&self, app: &App, payload: &Bytes) -> PlainInvocation {
        PlainInvocation {
            request_id: app.new_request_id(),
            function: self.resolved.arn.name.clone(),
            version: self.resolved.version.version.clone(),
            invoked_arn: self.resolved.invoked_arn(),
            payload: payload.to_vec(),
            client_context: self.client_context.clone(),
            trace_header: Some(self.trace_header.clone()),
            tenant_id: self.tenant_id.clone(),
            tenure: None,
        }
    }
}

fn throttle_reason(app: &App, request: &Request) -> &'static str {
    let settings = app.registry.settings(&request.resolved.arn.name);
    match settings.reserved_concurrency {
        Some(_) => "ReservedFunctionConcurrentInvocationLimitExceeded",
        None => "ConcurrentInvocationLimitExceeded",
    }
}

pub(super) fn answer(
    request: &Request,
    function_error: Option<&str>,
    body: Bytes,
    log: Option<Vec<u8>>,
) -> Response<Body> {
    let mut response = Response::builder()
        .status(StatusCode::OK)
        .header("content-type", "application/json")
        .header(
            headers::EXECUTED_VERSION,
            request.resolved.version.version.to_string(),
        );
    if let Some(kind) = function_error {
        response = response.header(headers::FUNCTION_ERROR, kind);
    }
    if let Some(log) = log {
        response = response.header(headers::LOG_RESULT, STANDARD.encode(log));
    }
    response
        .body(Body::from(body))
        .expect("the parts are all valid")
}

fn empty(status: StatusCode, request: &Request) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(
            headers::EXECUTED_VERSION,
            request.resolved.version.version.to_string(),
        )
        .body(Body::default())
        .expect("the parts are all valid")
}

fn with_arn(mut response: Response<Body>, arn: &ExecutionArn) -> Response<Body> {
    let value = arn.to_string().parse().expect("an ARN is visible ASCII");
    response
        .headers_mut()
        .insert(headers::DURABLE_EXECUTION_ARN, value);
    response
}
