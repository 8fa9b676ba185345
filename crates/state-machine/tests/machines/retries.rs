//! Errors that are retried, caught, or end the execution.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

#[tokio::test]
async fn errors_are_tried_again_then_caught() {
    let definition = json!({ "StartAt": "Charge", "States": {
        "Charge": task(REFUSE, json!({
            "Retry": [
                { "ErrorEquals": ["Other"], "MaxAttempts": 9 },
                { "ErrorEquals": ["Card.Refused"], "IntervalSeconds": 10, "MaxAttempts": 3, "MaxDelaySeconds": 30 },
            ],
            "Catch": [{ "ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "Sorry" }],
            "End": true,
        })),
        "Sorry": { "Type": "Pass", "Parameters": { "name.$": "$.error.Error", "cause.$": "States.StringToJson($.error.Cause)", "id.$": "$.id" }, "End": true },
    } });
    let (output, run) = ends_with(builder(definition), json!({ "id": 7 })).await;
    let cause = json!({ "errorMessage": "no funds", "errorType": "Card.Refused" });
    assert_eq!(
        output,
        Ok(json!({ "name": "Card.Refused", "cause": cause, "id": 7 }))
    );
    assert_eq!(run.took().as_secs(), 10 + 20 + 30);
}

#[tokio::test]
async fn attempts_are_counted_in_the_context_object() {
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    let state = task(
        "arn:aws:states:::lambda:invoke",
        json!({
            "Parameters": { "FunctionName": "sometimes", "Payload": { "retry.$": "$$.State.RetryCount" } },
            "ResultSelector": { "retry.$": "$.Payload" },
            "Retry": [{ "ErrorEquals": ["States.TaskFailed"] }],
        }),
    );
    let builder = builder(one(state)).function("sometimes", move |event: LambdaEvent<Value>| {
        let tried = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if tried < 2 {
                return Err(BoxError::from("busy"));
            }
            Ok(event.payload["retry"].clone())
        }
    });
    let (output, run) = ends_with(builder, json!({})).await;
    assert_eq!(output, Ok(json!({ "retry": 2 })));
    assert_eq!(run.took().as_secs(), 1 + 2);
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_error_that_nobody_catches_ends_the_execution_under_its_name() {
    let failed = ends(one(task(REFUSE, json!({}))), json!({}))
        .await
        .expect_err("it fails");
    assert_eq!(failed.0, "Card.Refused");
    let fail = json!({ "StartAt": "No", "States": { "No": { "Type": "Fail", "ErrorPath": "$.name", "Cause": "because" } } });
    let failed = ends(fail, json!({ "name": "Own.Error" })).await;
    assert_eq!(
        failed,
        Err((String::from("Own.Error"), String::from("because")))
    );
    let choice = json!({ "StartAt": "Which", "States": {
        "Which": { "Type": "Choice", "Choices": [{ "Variable": "$.n", "NumericEquals": 1, "Next": "End" }] },
        "End": { "Type": "Succeed" },
    } });
    assert_eq!(
        ends(choice.clone(), json!({ "n": 2 }))
            .await
            .expect_err("it fails")
            .0,
        "States.NoChoiceMatched"
    );
    assert_eq!(
        ends(choice, json!({})).await.expect_err("it fails").0,
        "States.Runtime"
    );
    let unknown = task(
        "arn:aws:lambda:us-east-1:000000000000:function:nobody",
        json!({}),
    );
    let failed = ends(one(unknown), json!({})).await.expect_err("it fails");
    assert_eq!(failed.0, "Lambda.ResourceNotFoundException");
}

#[tokio::test]
async fn what_cannot_be_handled_is_not_caught() {
    let state = json!({ "Type": "Parallel", "Branches": [
        { "StartAt": "Bad", "States": { "Bad": { "Type": "Pass", "InputPath": "$.nothing", "End": true } } },
    ], "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "It2" }], "End": true });
    let definition =
        json!({ "StartAt": "It", "States": { "It": state, "It2": { "Type": "Succeed" } } });
    assert_eq!(
        ends(definition, json!({})).await.expect_err("it fails").0,
        "States.Runtime"
    );
}

#[tokio::test]
async fn a_task_that_takes_too_long_fails_with_a_timeout() {
    let definition = json!({ "StartAt": "Slow", "States": {
        "Slow": task(SLOW, json!({ "Parameters": null, "TimeoutSeconds": 60, "Next": "No",
            "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "Late" }] })),
        "Late": { "Type": "Pass", "Parameters": { "late.$": "$.Error" }, "End": true },
        "No": { "Type": "Fail" },
    } });
    let (output, _) = ends_with(builder(definition), json!({})).await;
    assert_eq!(output, Ok(json!({ "late": "States.Timeout" })));
    let in_time = one(task(
        SLOW,
        json!({ "Parameters": null, "TimeoutSeconds": 86_400 }),
    ));
    assert_eq!(ends(in_time, json!({})).await, Ok(json!("late")));
}
