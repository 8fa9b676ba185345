//! From an execution to all executions and functions that it invoked in a chain.

use std::collections::HashSet;

use lambda_api::Event;

use crate::chained::{Invocation, Step};
use crate::machine::{EXPRESS_ITEM, NESTED};
use crate::tally::{LISTED_MAX, Tally, function_name};
use crate::usage::{Function, StateMachine, Usage};

/// The source of event histories and of functions' configurations.
pub trait Histories: Sync {
    /// Its error.
    type Error;

    /// Calls `each` with every event of an execution, with its data, oldest first. Returns whether the execution
    /// exists.
    fn read(
        &self,
        arn: &str,
        each: &mut (dyn FnMut(&Event) + Send),
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// The durable execution that runs an execution of a state machine, by the ARNs of both; `None` if it is not kept.
    fn durable(
        &self,
        execution: &str,
    ) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;

    /// The configuration of the function with this name.
    ///
    /// # Errors
    ///
    /// When it is required, and unknown.
    fn function(&self, name: &str) -> Result<Function, Self::Error>;
}

/// The usage of a chain of executions.
#[derive(Debug, Default)]
pub struct Walked {
    /// The sum of all of them.
    pub usage: Usage,
    /// The invocations, execution by execution; at most [`LISTED_MAX`].
    pub compute: Vec<Invocation>,
    /// The steps of the first execution, unless it is a state machine's; at most as many.
    pub steps: Vec<Step>,
    /// Whether there were more executions than the limit.
    pub is_cut: bool,
}

/// Reads an execution, by its ARN, and those that it invoked in a chain: at most so many executions. Events are counted
/// as they arrive, and not kept.
///
/// # Errors
///
/// The first error of `histories`.
pub async fn walk<H: Histories>(
    histories: &H,
    first: &str,
    executions_max: usize,
) -> Result<Walked, H::Error> {
    let mut walked = Walked::default();
    let mut seen = HashSet::from([first.to_owned()]);
    let mut waiting = vec![(first.to_owned(), false)];
    while let Some((arn, is_express_item)) = waiting.pop() {
        let name = function_name(&arn);
        let mut function = histories.function(name)?;
        if is_express_item {
            function.state_machine = Some(StateMachine::Express);
        }
        let mut tally = Tally::new(name, function, arn == first);
        let mut is_cut = false;
        let mut nested = Vec::new();
        let mut each = |event: &Event| {
            tally.add(event);
            if function.state_machine.is_some() && event.name.as_deref() == Some(NESTED) {
                nested.extend(execution_arn(event));
            }
            let started = event.chained_invoke_started_details.as_ref();
            let Some(arn) = started.and_then(|it| it.durable_execution_arn.as_ref()) else {
                return;
            };
            if seen.contains(arn) {
                return;
            }
            if seen.len() >= executions_max {
                is_cut = true;
                return;
            }
            seen.insert(arn.clone());
            let is_express_item =
                function.state_machine.is_some() && event.name.as_deref() == Some(EXPRESS_ITEM);
            waiting.push((arn.clone(), is_express_item));
        };
        // A linked execution may already be deleted.
        if !histories.read(&arn, &mut each).await? {
            continue;
        }
        for execution in nested {
            let Some(arn) = histories.durable(&execution).await? else {
                continue;
            };
            if !seen.contains(&arn) && seen.len() >= executions_max {
                is_cut = true;
            } else if seen.insert(arn.clone()) {
                waiting.push((arn, false));
            }
        }
        let tallied = tally.finish();
        walked.usage += tallied.usage;
        for (name, (count, milliseconds)) in &tallied.plain {
            let function = histories.function(name)?;
            walked
                .usage
                .add_invocations(*count, *milliseconds, function);
        }
        walked.is_cut |= is_cut;
        let room = LISTED_MAX - walked.compute.len();
        walked
            .compute
            .extend(tallied.compute.into_iter().take(room));
        if arn == first {
            walked.steps = tallied.steps;
        }
    }
    Ok(walked)
}

/// The ARN of the execution that a step started.
fn execution_arn(event: &Event) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Started {
        #[serde(rename = "ExecutionArn")]
        execution_arn: String,
    }
    let result = event.step_succeeded_details.as_ref()?;
    let text = result.result.payload.as_deref()?;
    let started: Started = serde_json::from_str(text).ok()?;
    Some(started.execution_arn)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::Architecture;

    const FIRST: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:First:1/durable-execution/a/1";
    const SECOND: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:Second:1/durable-execution/b/2";

    type Make = Box<dyn Fn(&mut dyn FnMut(&Event)) + Sync>;

    /// Creates its events on request.
    struct Made(HashMap<&'static str, Make>);

    impl Histories for Made {
        type Error = String;

        async fn read(
            &self,
            arn: &str,
            each: &mut (dyn FnMut(&Event) + Send),
        ) -> Result<bool, String> {
            let Some(make) = self.0.get(arn) else {
                return Ok(false);
            };
            make(each);
            Ok(true)
        }

        async fn durable(&self, execution: &str) -> Result<Option<String>, String> {
            let known = execution == "arn:aws:states:us-east-1:000000000000:execution:Second:b";
            Ok(known.then(|| SECOND.to_owned()))
        }

        fn function(&self, name: &str) -> Result<Function, String> {
            if name == "Gone" {
                return Err(String::from("it is gone"));
            }
            Ok(Function {
                memory_mib: 1024,
                architecture: Architecture::X86_64,
                retention_days: 1,
                state_machine: None,
            })
        }
    }

    fn walked(made: &Made, max: usize) -> Result<Walked, String> {
        let walk = pin!(walk(made, FIRST, max));
        match walk.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(walked) => walked,
            Poll::Pending => panic!("nothing is waited for"),
        }
    }

    fn event(at: f64, kind: &str, id: &str, details: &str) -> Event {
        let details = match details {
            "" => String::new(),
            it => format!(",{it}"),
        };
        let text = format!(
            r#"{{"EventType":"{kind}","EventId":1,"Id":"{id}","EventTimestamp":{at}{details}}}"#
        );
        serde_json::from_str(&text).expect("an event")
    }

    fn invoked(at: f64, id: &str, function: &str, execution: Option<&str>) -> Event {
        let arn = execution.map_or(String::new(), |arn| {
            format!(r#","DurableExecutionArn":"{arn}""#)
        });
        let details =
            format!(r#""ChainedInvokeStartedDetails":{{"FunctionName":"{function}"{arn}}}"#);
        event(at, "ChainedInvokeStarted", id, &details)
    }

    const SUCCEEDED: &str = r#""ChainedInvokeSucceededDetails":{"Result":{"Payload":"1"}}"#;

    #[test]
    fn executions_and_functions_of_a_chain_are_added_up() {
        let plain = "arn:aws:lambda:us-east-1:000000000000:function:Plain:live";
        let first = move |each: &mut dyn FnMut(&Event)| {
            each(&event(0.0, "ExecutionStarted", "x", ""));
            each(&invoked(1.0, "1", plain, None));
            each(&invoked(1.0, "2", "Second:1", Some(SECOND)));
            // The same again, and one whose history is not kept.
            each(&invoked(1.0, "3", "Second:1", Some(SECOND)));
            each(&invoked(
                1.0,
                "4",
                "Third:1",
                Some("arn:aws:lambda:us-east-1:0:function:Third:1/durable-execution/c/3"),
            ));
            each(&event(3.0, "ChainedInvokeSucceeded", "1", SUCCEEDED));
            each(&invoked(3.0, "5", "Plain", None));
        };
        let second = |each: &mut dyn FnMut(&Event)| {
            each(&event(1.0, "ExecutionStarted", "x", ""));
            each(&event(
                2.0,
                "InvocationCompleted",
                "x",
                r#""InvocationCompletedDetails":{"StartTimestamp":1.5,"EndTimestamp":2.0,"RequestId":"r"}"#,
            ));
            each(&invoked(1.0, "1", "First:1", Some(FIRST)));
        };
        let made = Made(HashMap::from([
            (FIRST, Box::new(first) as Make),
            (SECOND, Box::new(second) as Make),
        ]));
        let all = walked(&made, 100).expect("it goes through");
        assert_eq!(all.usage.operations.executions, 2.0);
        assert_eq!(all.usage.operations.chained_invokes, 6.0);
        assert_eq!(all.usage.requests, 2.0, "the last one runs");
        assert!((all.usage.gb_seconds_x86_64 - 2.5).abs() < 1e-9);
        let ran: Vec<_> = all
            .compute
            .iter()
            .map(|it| (it.function.as_str(), it.began_at, it.ended_at))
            .collect();
        let expected = [
            ("Plain", 1_000, Some(3_000)),
            ("Plain", 3_000, None),
            ("Second", 1_500, Some(2_000)),
        ];
        assert_eq!(ran, expected);
        assert!(!all.is_cut);
        let one = walked(&made, 1).expect("it goes through");
        assert_eq!((one.usage.operations.executions, one.is_cut), (1.0, true));
    }

    #[test]
    fn an_express_item_of_a_standard_machine_is_paid_by_its_time() {
        struct Machines(Made);
        impl Histories for Machines {
            type Error = String;

            async fn read(
                &self,
                arn: &str,
                each: &mut (dyn FnMut(&Event) + Send),
            ) -> Result<bool, String> {
                self.0.read(arn, each).await
            }

            async fn durable(&self, execution: &str) -> Result<Option<String>, String> {
                self.0.durable(execution).await
            }

            fn function(&self, name: &str) -> Result<Function, String> {
                let state_machine = Some(StateMachine::Standard);
                let function = self.0.function(name)?;
                Ok(Function {
                    state_machine,
                    ..function
                })
            }
        }
        let entered = r#","Name":"enter","StepSucceededDetails":{"Result":{"Payload":"1"},"RetryDetails":{"CurrentAttempt":1}}"#;
        let entered = |at: f64| event(at, "StepSucceeded", "s", entered.trim_start_matches(','));
        let nested = r#""Name":"call and wait","StepSucceededDetails":{"Result":{"Payload":"{\"ExecutionArn\":\"arn:aws:states:us-east-1:000000000000:execution:Second:b\"}"},"RetryDetails":{"CurrentAttempt":1}}"#;
        for (name, expected) in [
            ("express execution", (1.0, 1.0)),
            ("execution", (2.0, 0.0)),
            ("nested", (2.0, 0.0)),
        ] {
            let first = move |each: &mut dyn FnMut(&Event)| {
                each(&entered(0.0));
                if name == "nested" {
                    return each(&event(1.0, "StepSucceeded", "n", nested));
                }
                let mut started = invoked(1.0, "1", "First:1", Some(SECOND));
                started.name = Some(name.to_owned());
                each(&started);
            };
            let second = move |each: &mut dyn FnMut(&Event)| each(&entered(1.0));
            let made = Machines(Made(HashMap::from([
                (FIRST, Box::new(first) as Make),
                (SECOND, Box::new(second) as Make),
            ])));
            let walk = pin!(walk(&made, FIRST, 9));
            let Poll::Ready(Ok(all)) = walk.poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("it goes through");
            };
            let usage = all.usage;
            assert_eq!(
                (usage.transitions, usage.express_requests),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_function_that_has_to_be_known_and_is_not_ends_it() {
        let first = |each: &mut dyn FnMut(&Event)| {
            each(&invoked(1.0, "1", "Gone", None));
            each(&event(3.0, "ChainedInvokeSucceeded", "1", SUCCEEDED));
        };
        let made = Made(HashMap::from([(FIRST, Box::new(first) as Make)]));
        assert_eq!(walked(&made, 9).expect_err("it ends"), "it is gone");
    }

    #[test]
    fn a_long_history_is_counted_to_its_end_and_listed_no_further_than_that() {
        let many = LISTED_MAX * 3;
        let first = move |each: &mut dyn FnMut(&Event)| {
            for number in 0..many {
                let id = number.to_string();
                each(&event(
                    1.0,
                    "StepStarted",
                    &id,
                    r#""StepStartedDetails":{}"#,
                ));
                each(&event(
                    2.0,
                    "StepSucceeded",
                    &id,
                    r#""StepSucceededDetails":{"Result":{"Payload":"12"},"RetryDetails":{"CurrentAttempt":1}}"#,
                ));
                each(&invoked(2.0, &id, "Plain", None));
                each(&event(3.0, "ChainedInvokeSucceeded", &id, SUCCEEDED));
            }
        };
        let made = Made(HashMap::from([(FIRST, Box::new(first) as Make)]));
        let all = walked(&made, 100).expect("it goes through");
        #[expect(clippy::cast_precision_loss, reason = "it is small")]
        let expected = many as f64;
        assert_eq!(all.usage.operations.step_attempts, expected);
        assert_eq!(all.usage.requests, expected);
        assert_eq!(all.usage.bytes_written, expected * 3.0);
        assert_eq!(
            (all.steps.len(), all.compute.len()),
            (LISTED_MAX, LISTED_MAX)
        );
        assert!(!all.is_cut, "every execution was read");
        assert!(all.compute.iter().all(|it| it.ended_at == Some(3_000)));
    }
}
