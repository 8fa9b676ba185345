//! Turns a history into spans: the execution, its invocations, its operations, and the gaps between
//! invocations, each named after the reason why no invocation ran.

use std::collections::{BTreeMap, HashMap};

use model::{
    ErrorObject, Event, EventKind, EventSourceKind, ExecutionId, OperationId, Timestamp, Trigger,
};
use sha2::{Digest as _, Sha256};
use store::ExecutionSummary;
use wire::wire_status;

/// A span before it is written. Its ids are derived from the execution, so that a span that is sent twice is the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub name: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub attributes: BTreeMap<&'static str, String>,
    /// The error, if it failed.
    pub error: Option<String>,
}

/// A trace: one execution.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trace {
    pub id: [u8; 16],
    pub spans: Vec<Span>,
}

/// Characters of an error's message in a span.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// The id of an execution's span: the parent of the spans that its functions make.
pub(crate) fn execution_span(execution: &ExecutionId) -> [u8; 8] {
    hash(&[execution.as_str(), "execution", ""])
}

/// The trace of an ended execution. `invoked_by`, if any, matters when both executions are in one trace: then this one
/// lies below the operation that invoked it.
pub(super) fn trace(
    execution: &ExecutionSummary,
    invoked_by: Option<&ExecutionSummary>,
    events: &[Event],
) -> Trace {
    let arn = &execution.spec.arn;
    let id = id_of_trace(execution);
    let mut maker = Maker::new(arn.id.as_str());
    let root = execution_span(&arn.id);
    let link = execution.spec.trigger.parent();
    let is_same_trace = invoked_by.is_some_and(|invoker| id_of_trace(invoker) == id);
    let parent = link.filter(|_| is_same_trace).map(|link| {
        let (execution, operation) = (link.execution_id.as_str(), link.operation_id.as_str());
        hash(&[execution, "operation", operation])
    });
    let started_at = execution.spec.started_at;
    let ended_at = execution.state.ended_at.unwrap_or(started_at);
    let error = execution.state.outcome.as_ref().and_then(|it| it.error());
    maker.spans.push(Span {
        id: root,
        parent,
        name: arn.function.name.to_string(),
        from: started_at,
        to: ended_at,
        attributes: BTreeMap::from([
            ("faas.name", arn.function.name.to_string()),
            ("faas.version", arn.version.to_string()),
            ("faas.trigger", trigger(&execution.spec.trigger).to_owned()),
            ("aws.lambda.durable_execution.arn", arn.to_string()),
            ("aws.lambda.durable_execution.name", arn.name.to_string()),
            (
                "aws.lambda.durable_execution.status",
                wire_status(execution.state.status()).as_str().to_owned(),
            ),
        ]),
        error: error.map(message),
    });
    for event in events {
        maker.take(event, root, started_at);
    }
    maker.finish(root, ended_at);
    Trace {
        id,
        spans: maker.spans,
    }
}

fn id_of_trace(execution: &ExecutionSummary) -> [u8; 16] {
    let spec = &execution.spec;
    trace_id(spec.trace_header.as_deref(), spec.arn.id.as_str())
}

/// The words of OpenTelemetry's conventions for `faas.trigger`.
fn trigger(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::EventSource(source) => match source.kind {
            EventSourceKind::HttpApi | EventSourceKind::RestApi | EventSourceKind::FunctionUrl => {
                "http"
            }
            EventSourceKind::Schedule => "timer",
            EventSourceKind::Queue => "pubsub",
            EventSourceKind::StateMachine => "other",
        },
        Trigger::Invoke | Trigger::ChainedInvoke(_) => "other",
    }
}

/// The id of the execution's X-Ray trace, which is OpenTelemetry's with dashes; else an id of its own.
fn trace_id(header: Option<&str>, execution: &str) -> [u8; 16] {
    let root = header.and_then(|header| {
        let mut parts = header.split(';');
        parts.find_map(|part| part.trim().strip_prefix("Root=1-"))
    });
    let digits = root.map(|root| root.replace('-', ""));
    let number = digits
        .filter(|digits| digits.len() == 32)
        .and_then(|digits| u128::from_str_radix(&digits, 16).ok());
    match number {
        Some(number) if number != 0 => number.to_be_bytes(),
        _ => hash(&["trace", execution]),
    }
}

/// The first bytes of a hash.
fn hash<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let digest = hasher.finalize();
    std::array::from_fn(|index| digest[index])
}

struct Maker<'e> {
    execution: &'e str,
    spans: Vec<Span>,
    /// The indices of the spans of open operations.
    open: HashMap<OperationId, usize>,
    /// The names of open operations, which tell why no invocation runs.
    waits: BTreeMap<OperationId, String>,
    invocations: usize,
    /// When the last invocation ended, and the reason for the gap after it.
    idle_since: Option<(Timestamp, String)>,
    paused: bool,
}

impl<'e> Maker<'e> {
    fn new(execution: &'e str) -> Self {
        Self {
            execution,
            spans: Vec::new(),
            open: HashMap::new(),
            waits: BTreeMap::new(),
            invocations: 0,
            idle_since: None,
            paused: false,
        }
    }

    fn id(&self, kind: &str, which: &str) -> [u8; 8] {
        hash(&[self.execution, kind, which])
    }

    fn take(&mut self, event: &Event, root: [u8; 8], started_at: Timestamp) {
        use EventKind as Kind;
        match &event.kind {
            Kind::ContextStarted | Kind::StepStarted => self.start(event, root, None),
            Kind::WaitStarted { .. } => self.start(event, root, Some("wait")),
            Kind::CallbackStarted { .. } => self.start(event, root, Some("callback")),
            Kind::ChainedInvokeStarted { .. } => self.start(event, root, Some("invoke of")),
            Kind::StepFailed { error, retry } => match retry.next_attempt_delay_seconds {
                Some(_) => self.retry(event, Some(error)),
                None => self.end(event, Some(error)),
            },
            Kind::StepSucceeded { retry, .. } => match retry.next_attempt_delay_seconds {
                Some(_) => self.retry(event, None),
                None => self.end(event, None),
            },
            Kind::ContextSucceeded { .. }
            | Kind::WaitSucceeded { .. }
            | Kind::CallbackSucceeded { .. }
            | Kind::ChainedInvokeSucceeded { .. } => self.end(event, None),
            Kind::WaitCancelled { error } => self.end(event, error.as_ref()),
            Kind::ContextFailed { error }
            | Kind::CallbackFailed { error }
            | Kind::CallbackTimedOut { error }
            | Kind::ChainedInvokeFailed { error }
            | Kind::ChainedInvokeTimedOut { error }
            | Kind::ChainedInvokeStopped { error } => self.end(event, Some(error)),
            Kind::ExecutionPaused { .. } => self.paused = true,
            Kind::ExecutionResumed { .. } => self.paused = false,
            Kind::InvocationCompleted {
                request_id,
                started_at: from,
                ended_at: to,
                error,
            } => {
                let invocation = Invocation {
                    request_id: request_id.as_str(),
                    from: *from,
                    to: *to,
                    error: error.as_ref(),
                };
                self.invocation(&invocation, root, started_at);
            }
            Kind::ExecutionStarted { .. }
            | Kind::ExecutionSucceeded { .. }
            | Kind::ExecutionFailed { .. }
            | Kind::ExecutionTimedOut { .. }
            | Kind::ExecutionStopped { .. } => {}
        }
    }

    fn start(&mut self, event: &Event, root: [u8; 8], waits_for: Option<&str>) {
        let Some(subject) = &event.subject else {
            return;
        };
        let name = subject.name.clone();
        let name = name.unwrap_or_else(|| subject.sub_type.clone().unwrap_or_default());
        self.waits.remove(&subject.id);
        if let Some(kind) = waits_for {
            let name = name.trim_end_matches(" create callback id");
            self.waits
                .insert(subject.id.clone(), format!("suspended on {kind} {name}"));
        }
        // A further attempt of a step is the same span.
        if self.open.contains_key(&subject.id) {
            return;
        }
        let parent = subject.parent_id.as_ref();
        let parent = parent.map_or(root, |parent| self.id("operation", parent.as_str()));
        let mut attributes = BTreeMap::from([(
            "aws.lambda.durable_execution.operation.id",
            subject.id.to_string(),
        )]);
        if let Some(sub_type) = &subject.sub_type {
            let key = "aws.lambda.durable_execution.operation.sub_type";
            attributes.insert(key, sub_type.clone());
        }
        self.open.insert(subject.id.clone(), self.spans.len());
        self.spans.push(Span {
            id: self.id("operation", subject.id.as_str()),
            parent: Some(parent),
            name,
            from: event.at,
            to: event.at,
            attributes,
            error: None,
        });
    }

    fn retry(&mut self, event: &Event, error: Option<&ErrorObject>) {
        let Some(subject) = &event.subject else {
            return;
        };
        if let Some(place) = self.open.get(&subject.id) {
            let name = self.spans[*place].name.clone();
            self.waits.insert(
                subject.id.clone(),
                format!("until the next attempt of {name}"),
            );
            if let Some(error) = error {
                let key = "aws.lambda.durable_execution.operation.last_error";
                self.spans[*place].attributes.insert(key, message(error));
            }
        }
    }

    fn end(&mut self, event: &Event, error: Option<&ErrorObject>) {
        let Some(subject) = &event.subject else {
            return;
        };
        self.waits.remove(&subject.id);
        if let Some(place) = self.open.remove(&subject.id) {
            self.spans[place].to = event.at;
            self.spans[place].error = error.map(message);
        }
    }

    fn invocation(&mut self, invocation: &Invocation<'_>, root: [u8; 8], started_at: Timestamp) {
        let (since, why) = match self.idle_since.take() {
            Some(idle) => idle,
            None => (started_at, "starting".to_owned()),
        };
        self.gap(root, since, invocation.from, why);
        self.invocations += 1;
        let number = self.invocations.to_string();
        self.spans.push(Span {
            id: self.id("invocation", &number),
            parent: Some(root),
            name: format!("invocation {number}"),
            from: invocation.from,
            to: invocation.to,
            attributes: BTreeMap::from([("faas.invocation_id", invocation.request_id.to_owned())]),
            error: invocation.error.map(message),
        });
        let why = if self.paused {
            "paused".to_owned()
        } else if invocation.error.is_some() {
            "backing off".to_owned()
        } else {
            let first = self.waits.values().next().cloned();
            match (first, self.waits.len()) {
                (None, _) => "queued".to_owned(),
                (Some(first), 1) => first,
                (Some(first), more) => format!("{first} and {} more", more - 1),
            }
        };
        self.idle_since = Some((invocation.to, why));
    }

    /// Adds a span for a time without an invocation.
    fn gap(&mut self, root: [u8; 8], from: Timestamp, to: Timestamp, why: String) {
        if to <= from {
            return;
        }
        let number = self.invocations.to_string();
        self.spans.push(Span {
            id: self.id("gap", &number),
            parent: Some(root),
            name: why,
            from,
            to,
            attributes: BTreeMap::new(),
            error: None,
        });
    }

    /// Ends all open spans with the execution.
    fn finish(&mut self, root: [u8; 8], ended_at: Timestamp) {
        for place in self.open.values() {
            self.spans[*place].to = ended_at;
        }
        if let Some((since, why)) = self.idle_since.take() {
            self.gap(root, since, ended_at, why);
        }
    }
}

struct Invocation<'e> {
    request_id: &'e str,
    from: Timestamp,
    to: Timestamp,
    error: Option<&'e ErrorObject>,
}

fn message(error: &ErrorObject) -> String {
    let kind = error.error_type.as_deref().unwrap_or("Error");
    let text = error.message.as_deref().unwrap_or_default();
    let text: String = text.chars().take(MESSAGE_CHARS_MAX).collect();
    format!("{kind}: {text}")
}

#[cfg(test)]
mod tests {
    use model::{EventSubject, RequestId, RetryDetails};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn subject(id: &str, name: &str) -> Option<EventSubject> {
        Some(EventSubject {
            id: OperationId::parse(id).expect("a valid id"),
            name: Some(name.to_owned()),
            parent_id: None,
            sub_type: None,
        })
    }

    fn event(millis: i64, subject: Option<EventSubject>, kind: EventKind) -> Event {
        Event {
            id: 0,
            at: at(millis),
            subject,
            kind,
        }
    }

    fn invocation(from: i64, to: i64) -> Event {
        let kind = EventKind::InvocationCompleted {
            request_id: RequestId::parse("r").expect("a valid id"),
            started_at: at(from),
            ended_at: at(to),
            error: None,
        };
        event(to, None, kind)
    }

    fn retry(next_attempt_delay_seconds: Option<u32>) -> RetryDetails {
        RetryDetails {
            current_attempt: 1,
            next_attempt_delay_seconds,
        }
    }

    /// `name 5..7`, in the order of spans.
    fn told(maker: &Maker<'_>) -> Vec<String> {
        let spans = maker.spans.iter();
        spans
            .map(|span| {
                let wrong = span.error.as_ref().map_or("", |_| " wrong");
                let (from, to) = (span.from.as_millis(), span.to.as_millis());
                format!("{} {from}..{to}{wrong}", span.name)
            })
            .collect()
    }

    #[test]
    fn gaps_say_why_nothing_ran() {
        let error = ErrorObject::new("Refused", "no");
        let callback = || EventKind::CallbackStarted {
            callback_id: model::CallbackId::parse("Y2I=").expect("a valid id"),
            timeout_seconds: None,
            heartbeat_timeout_seconds: None,
        };
        let events = [
            event(5, subject("a", "check"), EventKind::StepStarted),
            event(
                8,
                subject("a", "check"),
                EventKind::StepFailed {
                    error: error.clone(),
                    retry: retry(Some(1)),
                },
            ),
            invocation(4, 9),
            event(20, subject("a", "check"), EventKind::StepStarted),
            event(
                22,
                subject("a", "check"),
                EventKind::StepSucceeded {
                    result: None,
                    retry: retry(None),
                },
            ),
            event(23, subject("b", "approval create callback id"), callback()),
            invocation(20, 24),
            event(
                90,
                subject("b", "approval create callback id"),
                EventKind::CallbackFailed { error },
            ),
            invocation(91, 95),
        ];
        let mut maker = Maker::new("execution");
        for event in &events {
            maker.take(event, [1; 8], at(0));
        }
        maker.finish([1; 8], at(95));
        assert_eq!(
            told(&maker),
            [
                "check 5..22",
                "starting 0..4",
                "invocation 1 4..9",
                "approval create callback id 23..90 wrong",
                "until the next attempt of check 9..20",
                "invocation 2 20..24",
                "suspended on callback approval 24..91",
                "invocation 3 91..95",
            ]
        );
        let mut ids: Vec<_> = maker.spans.iter().map(|span| span.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), maker.spans.len(), "no two spans have one id");
    }

    #[test]
    fn a_trace_of_x_ray_is_the_same_trace() {
        let header = "Root=1-6b06a59d-cf0101011d27ea28148b122c;Parent=0fc3ba127828e427;Sampled=0";
        let id = trace_id(Some(header), "x");
        assert_eq!(
            id,
            0x6b06_a59d_cf01_0101_1d27_ea28_148b_122c_u128.to_be_bytes()
        );
        assert_eq!(trace_id(None, "x"), trace_id(Some("Root=1-short"), "x"));
        assert_ne!(trace_id(None, "x"), trace_id(None, "y"));
    }
}
