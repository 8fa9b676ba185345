//! Adds up one execution's events one by one, in bounded memory however many there are.

use std::collections::{BTreeMap, HashMap};

use lambda_api::{Event, EventType};

use crate::chained::{Invocation, Step, invocation, is_chained_end};
use crate::machine;
use crate::usage::{Function, StateMachine, Usage, bytes, float, hours};

/// Most invocations and steps that are listed. The usage counts all of them.
pub const LISTED_MAX: usize = 10_000;

impl Usage {
    /// The usage of one execution, from its events with their data, oldest first. For a running execution it covers the
    /// recorded events, and no retention after its end yet.
    #[must_use]
    pub fn of_execution(events: &[Event], function: Function) -> Self {
        let mut tally = Tally::new("", function, false);
        for event in events {
            tally.add(event);
        }
        tally.finish().usage
    }
}

/// The sums so far.
#[derive(Debug)]
pub(crate) struct Tally<'n> {
    name: &'n str,
    function: Function,
    usage: Usage,
    first_at: Option<i64>,
    last_at: i64,
    has_ended: bool,
    /// Running chained invokes of plain functions, by their operation.
    running: HashMap<String, Running>,
    /// The number and the total waiting time of those that have ended, by function name.
    plain: BTreeMap<String, (u32, i64)>,
    compute: Vec<Invocation>,
    steps: Option<Steps>,
}

/// A running chained invoke of a plain function.
#[derive(Debug)]
struct Running {
    function: String,
    began_at: i64,
    /// Its index in the list.
    listed: Option<usize>,
}

/// The result for all events.
#[derive(Debug)]
pub(crate) struct Tallied {
    pub usage: Usage,
    /// Invoked plain functions, with the number of invocations and their milliseconds.
    pub plain: BTreeMap<String, (u32, i64)>,
    pub compute: Vec<Invocation>,
    pub steps: Vec<Step>,
}

impl<'n> Tally<'n> {
    /// For an execution of a function; the flag says whether to list its steps.
    pub(crate) fn new(name: &'n str, function: Function, with_steps: bool) -> Self {
        Self {
            name,
            function,
            usage: Usage::default(),
            first_at: None,
            last_at: 0,
            has_ended: false,
            running: HashMap::new(),
            plain: BTreeMap::new(),
            compute: Vec::new(),
            steps: (with_steps && function.state_machine.is_none()).then(Steps::default),
        }
    }

    /// Counts an event, with its data. They come oldest first.
    pub(crate) fn add(&mut self, event: &Event) {
        let at = event.event_timestamp.as_millis();
        self.first_at.get_or_insert(at);
        self.last_at = at;
        match self.function.state_machine {
            Some(_) => machine::count(&mut self.usage, event),
            None => self.count(event),
        }
        self.plain_invoke(event, at);
    }

    fn count(&mut self, event: &Event) {
        self.usage.count(event);
        self.usage.bytes_written += float(bytes(event));
        if let Some(it) = &event.invocation_completed_details {
            let ran = it.end_timestamp.as_millis() - it.start_timestamp.as_millis();
            self.usage.add_invocations(1, ran, self.function);
            self.list(invocation(it, self.name));
        }
        let ends = [
            EventType::ExecutionSucceeded,
            EventType::ExecutionFailed,
            EventType::ExecutionTimedOut,
            EventType::ExecutionStopped,
        ];
        self.has_ended |= ends.contains(&event.event_type);
        if let Some(steps) = &mut self.steps {
            steps.add(event);
        }
    }

    fn plain_invoke(&mut self, event: &Event, at: i64) {
        let Some(id) = event.id.as_deref() else {
            return;
        };
        if let Some(it) = &event.chained_invoke_started_details
            && it.durable_execution_arn.is_none()
        {
            let function = function_name(&it.function_name).to_owned();
            let listed = self.list(Invocation {
                function: function.clone(),
                began_at: at,
                ended_at: None,
                is_lost: false,
            });
            let running = Running {
                function,
                began_at: at,
                listed,
            };
            self.running.insert(id.to_owned(), running);
        }
        if is_chained_end(event)
            && let Some(it) = self.running.remove(id)
        {
            let (count, milliseconds) = self.plain.entry(it.function).or_default();
            *count += 1;
            *milliseconds += at - it.began_at;
            if let Some(index) = it.listed {
                self.compute[index].ended_at = Some(at);
            }
        }
    }

    fn list(&mut self, invocation: Invocation) -> Option<usize> {
        if self.compute.len() >= LISTED_MAX {
            return None;
        }
        self.compute.push(invocation);
        Some(self.compute.len() - 1)
    }

    /// The execution's usage: for a running one only what is recorded, without retention after its end.
    pub(crate) fn finish(mut self) -> Tallied {
        let lived = self.first_at.map_or(0, |first| self.last_at - first);
        match self.function.state_machine {
            Some(StateMachine::Standard) => {}
            Some(StateMachine::Express) => machine::express(&mut self.usage, lived),
            None => {
                let mut hours = hours(lived);
                if self.has_ended {
                    hours += f64::from(self.function.retention_days) * 24.0;
                }
                self.usage.byte_hours_retained = self.usage.bytes_written * hours;
            }
        }
        Tallied {
            usage: self.usage,
            plain: self.plain,
            compute: self.compute,
            steps: self.steps.map(|it| it.all).unwrap_or_default(),
        }
    }
}

/// The name in a function's or an execution's ARN, or in a name with a qualifier.
pub(crate) fn function_name(reference: &str) -> &str {
    let mut parts = reference.split(':');
    match parts.next() {
        Some("arn") => parts.nth(5).unwrap_or(reference),
        Some(name) => name,
        None => reference,
    }
}

/// The steps of an execution, in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) all: Vec<Step>,
    begun: HashMap<String, usize>,
}

impl Steps {
    /// Adds a step's event, and lists the step; ignores other events.
    pub(crate) fn add(&mut self, event: &Event) {
        let Some(id) = event.id.as_deref() else {
            return;
        };
        let ended = match event.event_type {
            EventType::StepStarted => false,
            EventType::StepSucceeded | EventType::StepFailed => true,
            _ => return,
        };
        let at = event.event_timestamp.as_millis();
        let index = match self.begun.get(id) {
            Some(index) => *index,
            None if self.all.len() >= LISTED_MAX => return,
            // A step that ends in the checkpoint that begins it may have only one event.
            None => {
                self.all.push(Step {
                    began_at: at,
                    ended_at: None,
                });
                self.begun.insert(id.to_owned(), self.all.len() - 1);
                self.all.len() - 1
            }
        };
        // A failure that is retried is followed by the next attempt's start.
        self.all[index].ended_at = ended.then_some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Architecture;

    const FUNCTION: Function = Function {
        memory_mib: 512,
        architecture: Architecture::X86_64,
        retention_days: 14,
        state_machine: None,
    };

    fn event(at: f64, kind: &str, id: &str, details: &str) -> String {
        let details = match details {
            "" => String::new(),
            it => format!(",{it}"),
        };
        format!(
            r#"{{"EventType":"{kind}","EventId":1,"Id":"{id}","EventTimestamp":{at}{details}}}"#
        )
    }

    fn events(all: &[String]) -> Vec<Event> {
        serde_json::from_str(&format!("[{}]", all.join(","))).unwrap()
    }

    fn approval() -> Vec<Event> {
        events(&[
            event(
                0.0,
                "ExecutionStarted",
                "x",
                r#""ExecutionStartedDetails":{"Input":{"Payload":"12345"},"ExecutionTimeout":60}"#,
            ),
            event(0.1, "StepStarted", "1", r#""StepStartedDetails":{}"#),
            event(
                0.2,
                "StepFailed",
                "1",
                r#""StepFailedDetails":{"Error":{"Payload":{"ErrorMessage":"no"}},"RetryDetails":{"CurrentAttempt":1}}"#,
            ),
            event(
                1.0,
                "StepSucceeded",
                "1",
                r#""StepSucceededDetails":{"Result":{"Payload":"123"},"RetryDetails":{"CurrentAttempt":2}}"#,
            ),
            event(
                1.1,
                "WaitStarted",
                "2",
                r#""WaitStartedDetails":{"Duration":3599,"ScheduledEndTimestamp":3600.1}"#,
            ),
            event(
                1.2,
                "InvocationCompleted",
                "x",
                r#""InvocationCompletedDetails":{"StartTimestamp":0.2,"EndTimestamp":1.2,"RequestId":"r"}"#,
            ),
            event(3600.0, "WaitSucceeded", "2", r#""WaitSucceededDetails":{}"#),
            event(
                3600.0,
                "ExecutionSucceeded",
                "x",
                r#""ExecutionSucceededDetails":{"Result":{"Payload":"ok"}}"#,
            ),
            event(
                3600.0,
                "InvocationCompleted",
                "x",
                r#""InvocationCompletedDetails":{"StartTimestamp":3599.0,"EndTimestamp":3600.0,"RequestId":"s"}"#,
            ),
        ])
    }

    #[test]
    fn an_execution_is_metered_by_its_events() {
        let usage = Usage::of_execution(&approval(), FUNCTION);
        assert_eq!(usage.operations.executions, 1.0);
        assert_eq!(usage.operations.step_attempts, 2.0);
        assert_eq!(usage.operations.waits, 1.0);
        assert_eq!(usage.operations.total(), 4.0);
        assert_eq!(usage.bytes_written, 12.0, "12345, no, 123, ok");
        assert_eq!(usage.requests, 2.0);
        assert!((usage.gb_seconds_x86_64 - 1.0).abs() < 1e-9);
        assert_eq!(usage.gb_seconds_arm64, 0.0);
        // An hour, and fourteen days.
        assert!((usage.byte_hours_retained - 12.0 * 337.0).abs() < 1e-6);
    }

    #[test]
    fn what_still_runs_is_not_retained_beyond_now() {
        let mut events = approval();
        events.retain(|it| it.event_type != EventType::ExecutionSucceeded);
        let usage = Usage::of_execution(&events, FUNCTION);
        assert!((usage.byte_hours_retained - 10.0).abs() < 1e-6);
    }

    #[test]
    fn functions_are_named_in_several_ways() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:Task";
        let execution = format!("{arn}:3/durable-execution/a/b");
        for reference in [arn, "Task", "Task:live", &format!("{arn}:3"), &execution] {
            assert_eq!(function_name(reference), "Task", "{reference}");
        }
    }
}
