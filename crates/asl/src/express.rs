//! Features that Express machines do not support: all that wait for an outside answer.
//!
//! Source: Step Functions developer guide, "Choosing workflow type", and the messages of `CreateStateMachine`, read
//! 2026-11-30.

use crate::definition::{Definition, Problem, ProblemCode, State, StateKind, States};
use crate::map::ProcessorMode;
use crate::position::below;

impl Definition {
    /// All unsupported features in the definition, in the order of the states.
    #[must_use]
    pub fn not_express(&self) -> Vec<Problem> {
        let found = problems(&self.states, "").into_iter();
        let problem = |(location, message)| Problem {
            code: ProblemCode::Schema,
            message,
            location,
            position: None,
        };
        found.map(problem).collect()
    }
}

/// The places and the messages, for states at this pointer.
pub(crate) fn problems(states: &States, at: &str) -> Vec<(String, String)> {
    let at = below(at, "States");
    let mut found = Vec::new();
    for (name, state) in &states.states {
        of_state(state, &below(&at, name), &mut found);
    }
    found
}

fn of_state(state: &State, at: &str, found: &mut Vec<(String, String)>) {
    match &state.kind {
        StateKind::Task(task) => {
            let refused = refused(&task.resource).map(|refused| {
                let message = format!("Express state machine does not support {refused}");
                (below(at, "Resource"), message)
            });
            found.extend(refused);
        }
        StateKind::Parallel { branches } => {
            for (index, branch) in branches.iter().enumerate() {
                found.extend(problems(branch, &format!("{at}/Branches/{index}")));
            }
        }
        StateKind::Map(map) if map.mode == ProcessorMode::Distributed => {
            let message = "Express state machine does not support Map states in DISTRIBUTED mode";
            let place = format!("{at}/ItemProcessor/ProcessorConfig/Mode");
            found.push((place, message.to_owned()));
        }
        StateKind::Map(map) => {
            found.extend(problems(&map.processor, &format!("{at}/ItemProcessor")))
        }
        _ => {}
    }
}

fn refused(resource: &str) -> Option<&'static str> {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let ["arn", _, "states", _, account, rest] = parts.as_slice() else {
        return None;
    };
    if !account.is_empty() {
        return rest.starts_with("activity:").then_some("Activity ARN");
    }
    let pattern = rest.rsplit_once('.').map(|(_, pattern)| pattern);
    match pattern {
        Some("waitForTaskToken") => Some("'.waitForTaskToken' service integration"),
        Some("sync") => Some("'.sync' service integration"),
        Some("sync:2") => Some("'.sync:2' service integration"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_waits_for_somebody_else_is_refused() {
        let task = |name: &str, resource: &str| {
            json!({ "StartAt": name, "States": { name: {
                "Type": "Task", "Resource": resource, "End": true,
                "Parameters": { "FunctionName": "f", "StateMachineArn": "m" }
            } } })
        };
        let machine = json!({ "StartAt": "All", "States": { "All": {
            "Type": "Parallel", "End": true, "Branches": [
                task("token", "arn:aws:states:::lambda:invoke.waitForTaskToken"),
                task("sync", "arn:aws:states:::states:startExecution.sync:2"),
                task("activity", "arn:aws:states:us-east-1:000000000000:activity:paint"),
                task("sound", "arn:aws:states:::lambda:invoke"),
                task("start", "arn:aws:states:::states:startExecution"),
                { "StartAt": "Each", "States": { "Each": { "Type": "Map", "End": true, "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                    "StartAt": "One", "States": { "One": { "Type": "Succeed" } }
                } } } }
            ]
        } } });
        let definition = Definition::from_value(&machine).expect("it is a sound one");
        let problems: Vec<_> = definition.not_express();
        let messages: Vec<_> = problems.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "Express state machine does not support '.waitForTaskToken' service integration",
                "Express state machine does not support '.sync:2' service integration",
                "Express state machine does not support Activity ARN",
                "Express state machine does not support Map states in DISTRIBUTED mode",
            ]
        );
        assert_eq!(
            problems[0].location,
            "/States/All/Branches/0/States/token/Resource"
        );
    }
}
