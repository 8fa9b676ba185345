//! The data between states: outputs, variables, the context object, time; and that a crash changes none of it.

use super::*;

#[tokio::test]
async fn data_flows_through_paths() {
    let state = task(
        "arn:aws:states:::lambda:invoke",
        json!({
            "InputPath": "$.order",
            "Parameters": { "FunctionName": "double", "Payload": { "n.$": "$.amount" } },
            "ResultSelector": { "twice.$": "$.Payload.n", "status.$": "$.StatusCode" },
            "ResultPath": "$.charge",
        }),
    );
    let input = json!({ "order": { "amount": 21 }, "keep": true });
    let output = ends(one(state), input).await;
    let expected = json!({ "order": { "amount": 21 }, "keep": true, "charge": { "twice": 42, "status": 200 } });
    assert_eq!(output, Ok(expected));
}

#[tokio::test]
async fn states_follow_each_other_and_variables_stay() {
    let definition = json!({
        "QueryLanguage": "JSONata", "StartAt": "Set",
        "States": {
            "Set": { "Type": "Pass", "Assign": { "total": "{% $states.input.a + 1 %}", "seen": [] }, "Next": "Double" },
            "Double": {
                "Type": "Task", "Resource": DOUBLE, "Arguments": { "n": "{% $total %}" },
                "Assign": { "total": "{% $states.result.n %}", "seen": "{% $append($seen, $total) %}" },
                "Output": "{% $states.result.n %}", "Next": "Enough?"
            },
            "Enough?": {
                "Type": "Choice", "Default": "Double",
                "Choices": [{ "Condition": "{% $total > 50 %}", "Next": "Done", "Output": "{% $total & ' is enough' %}" }]
            },
            "Done": { "Type": "Succeed", "Output": { "text": "{% $states.input %}", "seen": "{% $seen %}" } }
        }
    });
    let output = ends(definition, json!({ "a": 6 })).await;
    assert_eq!(
        output,
        Ok(json!({ "text": "56 is enough", "seen": [7, 14, 28] }))
    );
}

#[tokio::test]
async fn the_context_object_says_where_it_is() {
    let state = json!({ "Type": "Pass", "Parameters": {
        "state.$": "$$.State.Name", "entered.$": "$$.State.EnteredTime", "execution.$": "$$.Execution.Name",
        "machine.$": "$$.StateMachine.Name", "input.$": "$$.Execution.Input.a",
    } });
    let runner = builder(one(state)).open().await.expect("it opens");
    let run = runner.run(&json!({ "a": 1 })).await.expect("it runs");
    let output: Value = run.result().expect("a result");
    assert_eq!(output["state"], "It");
    let entered = output["entered"].as_str().expect("a text");
    assert!(
        entered.starts_with("2027-01-31T08:00:") && entered.ends_with('Z') && entered.len() == 24,
        "{entered}"
    );
    assert_eq!(output["execution"], run.name());
    assert_eq!(output["machine"], "machine");
    assert_eq!(output["input"], 1);
}

#[tokio::test]
async fn waits_are_waits() {
    let definition = json!({ "StartAt": "Pause", "States": {
        "Pause": { "Type": "Wait", "SecondsPath": "$.seconds", "Next": "Until" },
        "Until": { "Type": "Wait", "Timestamp": "2027-02-01T08:00:00Z", "Next": "Past" },
        "Past": { "Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": true },
    } });
    let (output, run) = ends_with(builder(definition), json!({ "seconds": 3600 })).await;
    assert_eq!(output, Ok(json!({ "seconds": 3600 })));
    assert_eq!(run.took(), days(1));
}

#[tokio::test]
async fn an_output_that_is_too_large_is_an_error() {
    let state = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $pad('', 300000, 'x') %}" });
    assert_eq!(
        ends(one(state), json!({})).await.expect_err("it fails").0,
        "States.DataLimitExceeded"
    );
}

/// A machine with random numbers, waits, failures and retries.
fn everything() -> Value {
    json!({ "StartAt": "Draw", "States": {
        "Draw": { "Type": "Pass", "Parameters": { "n": 2, "id.$": "States.UUID()" }, "ResultPath": "$.drawn", "Assign": { "id.$": "$.id" }, "Next": "Charge" },
        "Charge": task(REFUSE, json!({
            "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "JitterStrategy": "FULL", "MaxAttempts": 2 }],
            "Catch": [{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Both" }], "End": true,
        })),
        "Both": { "Type": "Parallel", "ResultPath": "$.both", "Next": "Each", "Branches": [
            { "StartAt": "Hour", "States": { "Hour": { "Type": "Wait", "Seconds": 3600, "End": true } } },
            { "StartAt": "D", "States": { "D": task(DOUBLE, json!({ "InputPath": "$.drawn", "End": true })) } },
        ] },
        "Each": {
            "Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.each", "Next": "Same?",
            "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                "StartAt": "E", "States": { "E": task(DOUBLE, json!({ "End": true })) },
            },
        },
        "Same?": { "Type": "Choice", "Default": "Differs", "Choices": [{ "Variable": "$.drawn.id", "StringEqualsPath": "$id", "Next": "Token" }] },
        "Token": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 86_400, "ResultPath": "$.answer",
            "Parameters": { "FunctionName": "token", "Payload": { "token.$": "$$.Task.Token" } }, "Next": "Done",
        },
        "Differs": { "Type": "Fail", "Error": "Differs" },
        "Done": { "Type": "Pass", "Parameters": { "both.$": "$.both[1]", "each.$": "$.each", "answer.$": "$.answer", "error.$": "$.error.Error" }, "End": true },
    } })
}

#[tokio::test]
async fn it_comes_to_the_same_end_wherever_the_process_dies() {
    let runner =
        builder(everything()).answer(callback("task token").after(hours(2)).succeeds("yes"));
    let runner = runner.open().await.expect("it opens");
    let report = runner
        .crash_everywhere(&json!({ "items": [{ "n": 1 }, { "n": 5 }] }))
        .await;
    let report = report.expect("it runs");
    report.assert_same();
    let result: Value = report.expected().result().expect("a result");
    let expected = json!({ "both": { "n": 4 }, "each": [{ "n": 2 }, { "n": 10 }], "answer": "yes", "error": "Card.Refused" });
    assert_eq!(result, expected);
    assert!(report.points() > 60, "{report}");
}
