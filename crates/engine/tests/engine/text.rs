//! Events, errors and operations as short text.

use model::{
    ErrorObject, Event, EventKind, Operation, OperationDetails, Outcome, Payload, Timestamp,
};

/// Where the clock of every test begins.
pub const EPOCH: Timestamp = Timestamp::from_millis(1_767_000_000_000);

/// Longer texts are shown by their length.
const SHOWN_MAX: usize = 160;

/// Time since the beginning, such as `5s` or `0.5s`.
pub fn time(at: Timestamp) -> String {
    let millis = at.as_millis() - EPOCH.as_millis();
    match millis % 1000 {
        0 => format!("{}s", millis / 1000),
        _ => format!("{}s", millis as f64 / 1000.0),
    }
}

pub fn event(event: &Event) -> String {
    let kind = format!("{:?}", event.kind);
    let kind = kind.split([' ', '{']).next().expect("a kind has a name");
    let mut words = vec![time(event.at), event.id.to_string(), kind.to_owned()];
    if let Some(subject) = &event.subject
        && subject.sub_type.is_some()
    {
        let name = subject.name.as_deref().unwrap_or(subject.id.as_str());
        words.push(match &subject.parent_id {
            Some(parent) => format!("{parent}/{name}"),
            None => name.to_owned(),
        });
    }
    words.extend(details(&event.kind));
    words.join(" ")
}

fn details(kind: &EventKind) -> Vec<String> {
    match kind {
        EventKind::ExecutionStarted {
            input,
            execution_timeout_seconds,
        } => vec![
            payload(input.as_ref()),
            format!("timeout {execution_timeout_seconds}s"),
        ],
        EventKind::ExecutionPaused {
            requested_at,
            reason,
            execution_timeout_paused,
        } => {
            let stops = if *execution_timeout_paused {
                "stops timeout"
            } else {
                "timeout runs"
            };
            vec![
                payload(reason.as_ref()),
                format!("asked {}", time(*requested_at)),
                stops.to_owned(),
            ]
        }
        EventKind::ExecutionResumed {
            requested_at: _,
            reason,
        } => vec![payload(reason.as_ref())],
        EventKind::ContextStarted | EventKind::StepStarted => vec![],
        EventKind::ExecutionSucceeded { result }
        | EventKind::ContextSucceeded { result }
        | EventKind::CallbackSucceeded { result }
        | EventKind::ChainedInvokeSucceeded { result } => vec![payload(result.as_ref())],
        EventKind::ExecutionFailed { error }
        | EventKind::ExecutionTimedOut { error }
        | EventKind::ExecutionStopped { error }
        | EventKind::ContextFailed { error }
        | EventKind::CallbackFailed { error }
        | EventKind::CallbackTimedOut { error }
        | EventKind::ChainedInvokeFailed { error }
        | EventKind::ChainedInvokeTimedOut { error }
        | EventKind::ChainedInvokeStopped { error } => vec![self::error(error)],
        EventKind::StepSucceeded { result, retry } => {
            vec![payload(result.as_ref()), self::retry(retry)]
        }
        EventKind::StepFailed { error, retry } => vec![self::error(error), self::retry(retry)],
        EventKind::WaitStarted {
            seconds,
            scheduled_end_at,
        } => vec![format!("{seconds}s, until {}", time(*scheduled_end_at))],
        EventKind::WaitSucceeded { seconds } => vec![format!("{seconds}s")],
        EventKind::WaitCancelled { error } => error.iter().map(self::error).collect(),
        EventKind::CallbackStarted {
            callback_id: _,
            timeout_seconds,
            heartbeat_timeout_seconds,
        } => {
            let timeout = timeout_seconds.map(|seconds| format!("timeout {seconds}s"));
            let heartbeat =
                heartbeat_timeout_seconds.map(|seconds| format!("heartbeat {seconds}s"));
            timeout.into_iter().chain(heartbeat).collect()
        }
        EventKind::ChainedInvokeStarted {
            function_name,
            tenant_id,
            input,
            executed_version,
            execution_arn,
        } => {
            let version = executed_version.iter().map(ToString::to_string);
            let function = [function_name.clone()].into_iter().chain(version);
            let mut words = vec![function.collect::<Vec<_>>().join(":")];
            words.extend(tenant_id.iter().map(|tenant| format!("for {tenant}")));
            words.extend(input.iter().map(|input| payload(Some(input))));
            words.extend(execution_arn.iter().map(|arn| format!("as {}", arn.id)));
            words
        }
        EventKind::InvocationCompleted {
            request_id: _,
            started_at,
            ended_at,
            error,
        } => {
            let took = (started_at != ended_at).then(|| format!("since {}", time(*started_at)));
            let error = error.as_ref().map(self::error);
            took.into_iter().chain(error).collect()
        }
    }
}

fn retry(retry: &model::RetryDetails) -> String {
    let attempt = format!("attempt {}", retry.current_attempt);
    match retry.next_attempt_delay_seconds {
        Some(seconds) => format!("{attempt}, next in {seconds}s"),
        None => attempt,
    }
}

pub fn payload(payload: Option<&Payload>) -> String {
    match payload {
        Some(text) if text.len() > SHOWN_MAX => format!("<{} bytes>", text.len()),
        Some(text) => format!("{text:?}"),
        None => "-".to_owned(),
    }
}

pub fn error(error: &ErrorObject) -> String {
    let error_type = error.error_type.as_ref().map(|text| format!("{text}:"));
    let message = error.message.as_ref().map(|text| match text.len() {
        length if length > SHOWN_MAX => format!("<{length} bytes>"),
        _ => text.clone(),
    });
    let words: Vec<_> = error_type.into_iter().chain(message).collect();
    match words.is_empty() {
        true => "{}".to_owned(),
        false => words.join(" "),
    }
}

pub fn outcome(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "RUNNING".to_owned(),
        Some(Outcome::Succeeded(result)) => format!("SUCCEEDED {}", payload(result.as_ref())),
        Some(Outcome::Failed(error)) => format!("FAILED {}", self::error(error)),
        Some(Outcome::TimedOut(error)) => format!("TIMED_OUT {}", self::error(error)),
        Some(Outcome::Stopped(error)) => format!("STOPPED {}", self::error(error)),
    }
}

pub fn operation(operation: &Operation) -> String {
    let status = format!("{} {:?}", operation.id, operation.status);
    match &operation.details {
        OperationDetails::Step { attempt, .. } if *attempt > 1 => format!("{status} x{attempt}"),
        _ => status,
    }
}
