//! Whole definitions: valid ones, the places of problems, the transitions between states.

use super::*;
use crate::{StateKind, Transition};

#[test]
fn a_machine_is_read() {
    let text = r#"{
        "Comment": "Orders", "StartAt": "Charge", "TimeoutSeconds": 60, "Version": "1.0",
        "States": {
            "Charge": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": { "FunctionName": "charge", "Payload": { "id.$": "$.id", "fixed": [1, { "a.$": "$$.State.Name" }] } },
                "ResultSelector": { "total.$": "States.MathAdd($.Payload.total, 1)" }, "ResultPath": "$.charge",
                "TimeoutSeconds": 30, "HeartbeatSecondsPath": "$.beat",
                "Retry": [{ "ErrorEquals": ["Busy"], "MaxDelaySeconds": 20, "JitterStrategy": "FULL" }],
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Sorry", "ResultPath": "$.error" }],
                "Next": "Large?"
            },
            "Large?": {
                "Type": "Choice", "Default": "Pause",
                "Choices": [{ "And": [
                    { "Variable": "$.charge.total", "NumericGreaterThan": 100 },
                    { "Not": { "Variable": "$.known", "IsPresent": true, "Comment": "a stranger" } }
                ], "Next": "Sorry" }]
            },
            "Pause": { "Type": "Wait", "SecondsPath": "$.pause", "Next": "Each" },
            "Each": {
                "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2,
                "ItemSelector": { "n.$": "$$.Map.Item.Value" },
                "ItemProcessor": { "StartAt": "One", "States": { "One": { "Type": "Pass", "End": true } } },
                "Next": "Both"
            },
            "Both": {
                "Type": "Parallel", "End": true,
                "Branches": [
                    { "StartAt": "Left", "States": { "Left": { "Type": "Pass", "End": true } } },
                    { "StartAt": "Right", "States": { "Right": { "Type": "Succeed" } } }
                ]
            },
            "Sorry": { "Type": "Fail", "Error": "Refused", "CausePath": "States.Format('no {}', $.id)" }
        }
    }"#;
    let definition = Definition::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(definition.timeout_seconds, Some(60));
    let states = &definition.states.states;
    assert_eq!(
        states["Charge"].next,
        Transition::Next(String::from("Large?"))
    );
    assert_eq!(states["Charge"].retry[0].max_attempts, 3);
    assert!(
        matches!(&states["Both"].kind, StateKind::Parallel { branches } if branches.len() == 2)
    );
}

#[test]
fn a_jsonata_machine_is_read() {
    let text = r#"{
        "QueryLanguage": "JSONata", "StartAt": "Set",
        "States": {
            "Set": { "Type": "Pass", "Assign": { "n": "{% $states.input.n + 1 %}" }, "Output": { "n": "{% $states.input.n %}" }, "Next": "Which" },
            "Which": { "Type": "Choice", "Choices": [{ "Condition": "{% $n > 2 %}", "Next": "Work", "Output": "{% $n %}" }], "Default": "Each" },
            "Work": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": { "FunctionName": "f", "Payload": "{% $n %}" },
                "TimeoutSeconds": "{% $n * 2 %}", "Catch": [{ "ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Each" }],
                "Next": "Each"
            },
            "Each": {
                "Type": "Map", "Items": "{% [1..3] %}", "End": true,
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                    "StartAt": "One", "States": { "One": { "Type": "Wait", "Timestamp": "{% $now() %}", "End": true } }
                },
                "ItemBatcher": { "MaxItemsPerBatch": 2 }, "ToleratedFailurePercentage": 10
            }
        }
    }"#;
    let definition = Definition::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(definition.states.states["Set"].language, Language::Jsonata);
}

#[test]
fn problems_have_their_line_and_column() {
    assert_eq!(
        problems("{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": { \"Type\": \"Pass\", \"Next\": \"B\" }\n  }\n}"),
        ["MISSING_TRANSITION_TARGET 4:28 there is no state `B` here", "MISSING_END_STATE 3:3 no state ends: one has `\"End\": true` or is a Succeed or Fail state"]
            .iter().rev().copied().collect::<Vec<_>>()
    );
    assert_eq!(
        problems("{\n  \"StartAt\": \"A\"\n  \"States\": {} }"),
        [
            "INVALID_JSON_DESCRIPTION 3:3 the definition is not JSON: expected `,` or `}` at line 3 column 3"
        ]
    );
    let twice = problems(
        "{\"StartAt\": \"A\", \"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"Succeed\"}}}",
    );
    assert_eq!(
        twice,
        ["SCHEMA_VALIDATION_FAILED 1:18 the name stands twice in its object"]
    );
    assert_eq!(
        problems("[]"),
        ["SCHEMA_VALIDATION_FAILED 1:1 a state machine is an object, not a list"]
    );
    assert_eq!(
        problems("{}"),
        [
            "SCHEMA_VALIDATION_FAILED 1:1 `StartAt` is missing in what has states",
            "SCHEMA_VALIDATION_FAILED 1:1 `States` is missing in what has states"
        ]
    );
}

#[test]
fn ways_between_states_are_checked() {
    let text = r#"{ "StartAt": "X", "States": {
        "A": { "Type": "Pass", "Next": "B" },
        "B": { "Type": "Pass", "End": true },
        "C": { "Type": "Parallel", "End": true, "Branches": [{ "StartAt": "A", "States": { "A": { "Type": "Pass", "Next": "B" } } }] }
    } }"#;
    let found = problems(text).join("\n");
    assert!(
        found.contains("MISSING_TRANSITION_TARGET 1:3 there is no state `X` here"),
        "{found}"
    );
    assert!(found.contains("DUPLICATE_STATE_NAME"), "{found}");
    assert!(
        found.contains("MISSING_TRANSITION_TARGET 4:115 there is no state `B` here"),
        "{found}"
    );
    let unreachable = r#"{ "StartAt": "B", "States": { "A": { "Type": "Pass", "Next": "B" }, "B": { "Type": "Succeed" } } }"#;
    assert_eq!(
        problems(unreachable),
        ["UNREACHABLE_STATE 1:31 no way leads to the state `A`"]
    );
}

#[test]
fn hostile_definitions_are_refused_and_not_followed() {
    let large = format!("\"{}\"", "x".repeat(DEFINITION_BYTES_MAX));
    let refused = Definition::parse(&large).expect_err("it is too large");
    assert!(refused[0].message.contains("at most 1048576 bytes"));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(Definition::parse(&deep).is_err());
    let mut nested = json!({ "StartAt": "S", "States": { "S": { "Type": "Succeed" } } });
    for depth in 0..40 {
        let name = format!("P{depth}");
        nested = json!({ "StartAt": name, "States": { name.clone(): { "Type": "Parallel", "End": true, "Branches": [nested] } } });
    }
    let problems = Definition::from_value(&nested).expect_err("it nests too deep");
    assert!(
        problems
            .iter()
            .any(|it| it.message.contains("branches nest deeper"))
    );
}

#[test]
fn a_jsonpath_machine_may_change_its_language_and_back() {
    let machine = |language: &str| {
        json!({
            "QueryLanguage": language, "StartAt": "Each", "States": { "Each": {
                "Type": "Map", "QueryLanguage": "JSONata", "End": true,
                "ItemProcessor": { "StartAt": "One", "States": {
                    "One": { "Type": "Pass", "QueryLanguage": "JSONPath", "End": true }
                } }
            } }
        })
    };
    let read = |language| Definition::from_value(&machine(language));
    assert!(read("JSONPath").is_ok());
    let [problem] = &read("JSONata").unwrap_err()[..] else {
        panic!("one problem");
    };
    assert!(problem.message.contains("cannot be written in JSONPath"));
}

#[test]
fn what_aws_takes_is_sound() {
    let task = |more: serde_json::Value| {
        let mut task =
            json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Done" });
        if let (Some(task), Some(more)) = (task.as_object_mut(), more.as_object()) {
            task.extend(more.clone());
        }
        task
    };
    for it in [
        task(json!({
            "Parameters": { "FunctionName.$": "$.f" }, "Credentials": { "RoleArn.$": "$.role" },
            "Retry": [{ "ErrorEquals": ["States.NotEnoughVotes"] }]
        })),
        task(json!({ "QueryLanguage": "JSONata", "Arguments": "{% $states.input %}" })),
        json!({ "Type": "Wait", "SecondsPath": "$.list[-1].seconds", "Next": "Done" }),
        json!({ "Type": "Wait", "Seconds": 2.0, "Next": "Done" }),
        json!({ "Type": "Pass", "InputPath": "$.Labels[?(@.Name==Receipt)]", "Next": "Done" }),
    ] {
        assert_eq!(state(it.clone()), Vec::<String>::new(), "{it}");
    }
    let both = json!({
        "Type": "Map", "Next": "Done", "ItemBatcher": { "MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.n" },
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "I", "States": { "I": { "Type": "Succeed" } }
        }
    });
    assert_eq!(
        state(both),
        [
            "/ItemBatcher/MaxItemsPerBatchPath `MaxItemsPerBatch` and `MaxItemsPerBatchPath` cannot both be there"
        ]
    );
    let version =
        r#"{ "Version": "9.9", "StartAt": "A", "States": { "A": { "Type": "Succeed" } } }"#;
    assert_eq!(
        problems(version),
        ["SCHEMA_VALIDATION_FAILED 1:3 `Version` is `1.0`, the only one there is, not `9.9`"]
    );
}

#[test]
fn items_of_express_executions_do_not_wait_for_others() {
    let text = r#"{ "StartAt": "Each", "States": { "Each": { "Type": "Map", "End": true, "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
        "StartAt": "I", "States": { "I": { "Type": "Task", "End": true,
            "Resource": "arn:aws:states:us-east-1:000000000000:activity:paint" } }
    } } } }"#;
    assert_eq!(
        problems(text),
        ["SCHEMA_VALIDATION_FAILED 4:13 Express state machine does not support Activity ARN"]
    );
}
