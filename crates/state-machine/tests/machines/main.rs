//! State machines in a world where days pass at once.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asl::Definition;
use lambdura::{BoxError, DurableContext, NamedError};
use lambdura_testing::{Builder, DurableTestRunner, LambdaEvent, RunStatus, callback, days, hours};
use serde_json::{Value, json};
use state_machine::{
    ServiceAnswer, ServiceError, ServiceRequest, ServiceResult, Services, Settings, StateMachine,
};

mod failures;
mod results;

/// When the test's clock begins.
const START: &str = "2027-01-31T08:00:00Z";

/// Nothing here waits within a step.
fn no_time() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(std::future::ready(()))
}

/// Answers with what it is asked, and refuses what is to be refused.
#[derive(Debug)]
struct Tables;

impl Services for Tables {
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_> {
        Box::pin(async move {
            let refused = request.parameters.get("Refuse").and_then(Value::as_str);
            if let Some(code) = refused {
                let message = String::from("it is refused");
                return Err(ServiceError::Refused {
                    refusal: request.service.refused(code, message),
                    status: 400,
                    request_id: Some(String::from("r")),
                });
            }
            let sent = request.parameters;
            Ok(ServiceResult {
                result: json!({ "operation": request.operation.name, "body": sent }),
                status: 200,
                headers: vec![(String::from("x-amzn-requestid"), String::from("r"))],
            })
        })
    }

    fn pause(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        no_time()
    }
}

fn machine(definition: Value, callable: &[&str]) -> StateMachine {
    let settings = Settings {
        callable: Some(callable.iter().map(|name| (*name).to_owned()).collect()),
        machine_qualifier: String::new(),
        files: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files").into()),
        services: Some(Arc::new(Tables)),
        ..Settings::default()
    };
    machine_with(definition, settings)
}

fn machine_with(definition: Value, settings: Settings) -> StateMachine {
    let text = definition.to_string();
    let definition = Definition::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    StateMachine::new("machine", definition, settings).expect("its resources are supported")
}

fn builder(definition: Value) -> Builder {
    let machine = machine(
        definition,
        &[
            "double",
            "refuse",
            "sometimes",
            "token",
            "inner",
            "slow",
            "large",
        ],
    );
    let handler = move |input: Value, ctx: DurableContext| machine.clone().run(input, ctx);
    let inner = |input: Value, _: DurableContext| async move {
        Ok::<_, BoxError>(json!({ "inner": input }))
    };
    let slow = |(): (), ctx: DurableContext| async move {
        ctx.wait(hours(5)).await?;
        Ok::<_, BoxError>("late")
    };
    DurableTestRunner::builder("machine", handler)
        .starts_at(START)
        .function("double", |event: LambdaEvent<Value>| async move {
            let number = event.payload["n"].as_i64().ok_or("there is no n")?;
            Ok::<_, BoxError>(json!({ "n": number * 2 }))
        })
        .function("refuse", |_: LambdaEvent<Value>| async move {
            Err::<Value, _>(NamedError::new("Card.Refused", "no funds"))
        })
        .function("token", |event: LambdaEvent<Value>| async move {
            assert!(
                event.payload["token"]
                    .as_str()
                    .is_some_and(|token| !token.is_empty())
            );
            Ok::<_, BoxError>(Value::Null)
        })
        .durable("inner", inner)
        .durable("slow", slow)
}

async fn ends(definition: Value, input: Value) -> Result<Value, (String, String)> {
    ends_with(builder(definition), input).await.0
}

async fn ends_with(
    builder: Builder,
    input: Value,
) -> (Result<Value, (String, String)>, lambdura_testing::Run) {
    let runner = builder.open().await.expect("it opens");
    let run = runner.run(&input).await.expect("it runs");
    let ended = match run.status() {
        RunStatus::Succeeded => Ok(run.result::<Value>().expect("a result")),
        RunStatus::Failed => {
            let error = run.error().expect("an error");
            let part = |text: &Option<String>| text.clone().unwrap_or_default();
            Err((part(&error.error_type), part(&error.error_message)))
        }
        other => panic!("{other}\n{}", run.tree()),
    };
    (ended, run)
}

fn one(state: Value) -> Value {
    one_called("It", state)
}

fn one_called(name: &str, state: Value) -> Value {
    let mut state = state;
    state["End"] = json!(true);
    json!({ "StartAt": name, "States": { name: state } })
}

fn task(resource: &str, more: Value) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": resource });
    if let (Some(task), Some(more)) = (task.as_object_mut(), more.as_object()) {
        task.extend(more.clone());
    }
    task
}

const DOUBLE: &str = "arn:aws:lambda:us-east-1:000000000000:function:double";
const REFUSE: &str = "arn:aws:lambda:us-east-1:000000000000:function:refuse";
const SLOW: &str = "arn:aws:lambda:us-east-1:000000000000:function:slow";

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

fn with_token(more: Value) -> Value {
    let mut task = task(
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        json!({ "Parameters": { "FunctionName": "token", "Payload": { "token.$": "$$.Task.Token" } } }),
    );
    if let (Some(task), Some(more)) = (task.as_object_mut(), more.as_object()) {
        task.extend(more.clone());
    }
    one(task)
}

#[tokio::test]
async fn a_task_token_is_answered_from_outside() {
    let answered = builder(with_token(json!({}))).answer(
        callback("task token")
            .after(days(3))
            .succeeds(&json!({ "ok": 1 })),
    );
    let (output, run) = ends_with(answered, json!({})).await;
    assert_eq!(output, Ok(json!({ "ok": 1 })));
    assert_eq!(run.took(), days(3));
    let refused = builder(with_token(json!({})))
        .answer(callback("task token").fails("Manager.Said.No", "too much"));
    let (output, _) = ends_with(refused, json!({})).await;
    assert_eq!(
        output,
        Err((String::from("Manager.Said.No"), String::from("too much")))
    );
    let silent = builder(with_token(json!({ "TimeoutSeconds": 600 })))
        .answer(callback("task token").never());
    assert_eq!(
        ends_with(silent, json!({}))
            .await
            .0
            .expect_err("it fails")
            .0,
        "States.Timeout"
    );
    let beats = json!({ "TimeoutSeconds": 600, "HeartbeatSeconds": 60 });
    let silent = builder(with_token(beats)).answer(callback("task token").never());
    assert_eq!(
        ends_with(silent, json!({}))
            .await
            .0
            .expect_err("it fails")
            .0,
        "States.HeartbeatTimeout"
    );
}

#[tokio::test]
async fn branches_and_items_are_worked_on_side_by_side() {
    let definition = json!({ "StartAt": "Both", "States": {
        "Both": { "Type": "Parallel", "ResultPath": "$.both", "Next": "Each", "Branches": [
            { "StartAt": "Hour", "States": { "Hour": { "Type": "Wait", "Seconds": 3600, "Next": "L" }, "L": { "Type": "Pass", "Result": "left", "End": true } } },
            { "StartAt": "R", "States": { "R": task(DOUBLE, json!({ "End": true })) } },
        ] },
        "Each": {
            "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2,
            "ItemSelector": { "n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "base.$": "$.n" },
            "ItemProcessor": { "StartAt": "D", "States": { "D": task(DOUBLE, json!({ "ResultPath": "$.d", "End": true })) } },
            "ResultPath": "$.each", "OutputPath": "$['both', 'each']", "End": true,
        },
    } });
    let (output, run) = ends_with(builder(definition), json!({ "n": 4, "items": [1, 2, 3] })).await;
    let each = [1, 2, 3].map(|n| json!({ "n": n, "i": n - 1, "base": 4, "d": { "n": n * 2 } }));
    assert_eq!(output, Ok(json!([["left", { "n": 8 }], each])));
    assert_eq!(run.took(), hours(1));
}

#[tokio::test]
async fn the_first_failure_of_a_branch_is_that_of_the_state() {
    let branches = json!([
        { "StartAt": "Long", "States": { "Long": { "Type": "Wait", "Seconds": 86_400, "End": true } } },
        { "StartAt": "Refuse", "States": { "Refuse": task(REFUSE, json!({ "End": true })) } },
    ]);
    let definition = one(json!({ "Type": "Parallel", "Branches": branches }));
    assert_eq!(
        ends(definition, json!({})).await.expect_err("it fails").0,
        "Card.Refused"
    );
}

fn distributed(more: Value) -> Value {
    let mut map = json!({
        "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% [1..5] %}",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Odd?", "States": {
                "Odd?": { "Type": "Choice", "Choices": [{ "Condition": "{% $states.input = 4 %}", "Next": "No" }], "Default": "Yes" },
                "Yes": { "Type": "Pass", "Output": "{% $states.input * 10 + $states.context.Map.Item.Index %}", "End": true },
                "No": { "Type": "Fail", "Error": "Four" },
            },
        },
    });
    if let (Some(map), Some(more)) = (map.as_object_mut(), more.as_object()) {
        map.extend(more.clone());
    }
    one(map)
}

#[tokio::test]
async fn items_of_a_distributed_map_are_executions_of_their_own() {
    let failed = ends(distributed(json!({})), json!({}))
        .await
        .expect_err("it fails");
    assert_eq!(failed.0, "States.ExceedToleratedFailureThreshold");
    let (output, run) = ends_with(
        builder(distributed(json!({ "ToleratedFailureCount": 1 }))),
        json!({}),
    )
    .await;
    assert_eq!(output, Ok(json!([10, 21, 32, 54])));
    let executions = run
        .operations()
        .iter()
        .filter(|it| it.name.as_deref() == Some("execution"));
    assert_eq!(executions.count(), 5);
    let failed = ends(
        distributed(json!({ "ToleratedFailurePercentage": 19.9 })),
        json!({}),
    )
    .await;
    assert_eq!(
        failed.expect_err("it fails").0,
        "States.ExceedToleratedFailureThreshold"
    );
}

#[tokio::test]
async fn items_are_read_from_a_file_in_batches() {
    let map = json!({
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "shop", "Key.$": "$.key" },
            "ReaderConfig": { "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 3 },
        },
        "ItemBatcher": { "MaxItemsPerBatch": 2, "BatchInput": { "who.$": "$.who" } },
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
            "StartAt": "P", "States": { "P": { "Type": "Pass", "Parameters": { "names.$": "$.Items[*].name", "who.$": "$.BatchInput.who" }, "End": true } },
        },
    });
    let output = ends(
        one(map.clone()),
        json!({ "key": "parts.csv", "who": "Ada" }),
    )
    .await;
    let expected =
        json!([{ "names": ["nut", "bolt"], "who": "Ada" }, { "names": ["key"], "who": "Ada" }]);
    assert_eq!(output, Ok(expected));
    let failed = ends(
        one(map),
        json!({ "key": "../../machines.rs", "who": "Ada" }),
    )
    .await;
    assert_eq!(failed.expect_err("it fails").0, "States.ItemReaderFailed");
}

#[tokio::test]
async fn another_machine_is_run_to_its_end() {
    let start = |resource: &str| {
        one(task(
            resource,
            json!({ "Parameters": {
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:inner", "Input": { "a.$": "$.a" },
        }, "ResultSelector": { "status.$": "$.Status", "output.$": "$.Output" } }),
        ))
    };
    let output = ends(
        start("arn:aws:states:::states:startExecution.sync:2"),
        json!({ "a": 1 }),
    )
    .await;
    assert_eq!(
        output,
        Ok(json!({ "status": "SUCCEEDED", "output": { "inner": { "a": 1 } } }))
    );
    let output = ends(
        start("arn:aws:states:::states:startExecution.sync"),
        json!({ "a": 1 }),
    )
    .await;
    assert_eq!(
        output,
        Ok(json!({ "status": "SUCCEEDED", "output": "{\"inner\":{\"a\":1}}" }))
    );
}

#[tokio::test]
async fn an_output_that_is_too_large_is_an_error() {
    let state = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $pad('', 300000, 'x') %}" });
    assert_eq!(
        ends(one(state), json!({})).await.expect_err("it fails").0,
        "States.DataLimitExceeded"
    );
}

/// Everything that draws, waits, fails and comes again, in one machine.
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
async fn a_service_is_called_and_its_refusal_is_caught() {
    let task = |name: &str, parameters: Value| {
        json!({ "StartAt": "Call", "States": {
            "Call": { "Type": "Task", "Resource": format!("arn:aws:states:::{name}"), "Parameters": parameters,
                "Catch": [{ "ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Caught" }],
                "End": true },
            "Caught": { "Type": "Pass", "End": true } } })
    };
    let put = task(
        "dynamodb:putItem",
        json!({ "TableName": "t", "Item": { "id": { "S.$": "$.id" } } }),
    );
    let ended = ends(put, json!({ "id": "7" })).await;
    let sent = json!({ "TableName": "t", "Item": { "id": { "S": "7" } } });
    let ended = ended.expect("it is put");
    assert_eq!(
        (&ended["operation"], &ended["body"]),
        (&json!("PutItem"), &sent)
    );
    assert_eq!(ended["SdkHttpMetadata"]["HttpStatusCode"], 200);
    assert_eq!(ended["SdkResponseMetadata"]["RequestId"], "r");
    // A text is a string to AWS's first SDK for Java.
    let put = task(
        "dynamodb:putItem",
        json!({ "TableName": "t", "Item": { "id.$": "$.id" } }),
    );
    let ended = ends(put, json!({ "id": "7" })).await.expect("it is put");
    assert_eq!(ended["body"], sent);
    let refused = task(
        "dynamodb:putItem",
        json!({ "TableName": "t", "Item": {}, "Refuse": "ConditionalCheckFailedException" }),
    );
    let ended = ends(refused, json!({})).await.expect("it is caught");
    assert_eq!(ended["Error"], "DynamoDB.ConditionalCheckFailedException");
    for (name, code, error) in [
        (
            "dynamodb:putItem",
            "ValidationException",
            "DynamoDB.AmazonDynamoDBException",
        ),
        (
            "aws-sdk:dynamodb:query",
            "ValidationException",
            "DynamoDb.DynamoDbException",
        ),
        (
            "aws-sdk:dynamodb:query",
            "ResourceNotFoundException",
            "DynamoDb.ResourceNotFoundException",
        ),
        ("sns:publish", "NotFound", "SNS.NotFoundException"),
        (
            "sqs:sendMessage",
            "QueueDoesNotExist",
            "SQS.QueueDoesNotExistException",
        ),
        ("sqs:sendMessage", "Odd", "SQS.AmazonSQSException"),
        ("aws-sdk:s3:getObject", "NoSuchKey", "S3.NoSuchKeyException"),
        ("aws-sdk:s3:getObject", "Odd", "S3.S3Exception"),
    ] {
        let needed = json!({ "TableName": "t", "Item": {}, "Refuse": code });
        let ended = ends(task(name, needed), json!({})).await;
        let (known, cause) = ended.expect_err("it is not caught");
        assert_eq!(known, error, "{name}");
        assert!(cause.starts_with("it is refused (Service: "), "{cause}");
    }
    let events = task(
        "events:putEvents",
        json!({ "Entries": [{ "Detail": { "a": 1 } }] }),
    );
    let ended = ends(events, json!({})).await.expect("it is put");
    let resources = ended["body"]["Entries"][0]["Resources"]
        .as_array()
        .map(Vec::len);
    assert_eq!(resources, Some(2), "the machine and the execution: {ended}");
    let start = task(
        "states:startExecution",
        json!({ "StateMachineArn": "arn:m", "Input": { "a": 1 } }),
    );
    let ended = ends(start, json!({})).await.expect("it is started");
    assert_eq!(ended["operation"], "StartExecution");
    assert_eq!(ended["body"]["Input"], "{\"a\":1}");
    assert!(
        ended["body"]["Name"].is_string(),
        "it has one of its own: {ended}"
    );
}

/// An execution that is looked at so many times before it has ended.
#[derive(Debug)]
struct Executions {
    looks: AtomicU32,
    status: &'static str,
    done: Mutex<Vec<String>>,
}

impl Services for Executions {
    fn call(&self, request: ServiceRequest) -> ServiceAnswer<'_> {
        Box::pin(async move {
            let operation = request.operation.name;
            if operation != "DescribeExecution" {
                let name = request.parameters["Name"].as_str().unwrap_or_default();
                let mut done = self.done.lock().expect("nobody panics");
                done.push(format!("{operation} {name}"));
            }
            let left = self.looks.load(Ordering::SeqCst);
            self.looks.store(left.saturating_sub(1), Ordering::SeqCst);
            let status = if left > 0 { "RUNNING" } else { self.status };
            let result = json!({
                "ExecutionArn": "e", "Name": "n", "Status": status, "Input": "{}", "Output": "{\"a\":1}",
            });
            let headers = Vec::new();
            Ok(ServiceResult {
                result,
                status: 200,
                headers,
            })
        })
    }

    fn pause(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        no_time()
    }
}

async fn nested(
    looks: u32,
    status: &'static str,
    more: Value,
) -> (Result<Value, (String, String)>, u64, Vec<String>) {
    let mut state = task(
        "arn:aws:states:::states:startExecution.sync:2",
        json!({ "Parameters": { "StateMachineArn": "m:2", "Name": "own" } }),
    );
    if let (Some(state), Some(more)) = (state.as_object_mut(), more.as_object()) {
        state.extend(more.clone());
    }
    let services = Arc::new(Executions {
        looks: AtomicU32::new(looks),
        status,
        done: Mutex::default(),
    });
    let settings = Settings {
        services: Some(Arc::<Executions>::clone(&services)),
        ..Settings::default()
    };
    let machine = machine_with(one(state), settings);
    let handler = move |input: Value, ctx: DurableContext| machine.clone().run(input, ctx);
    let builder = DurableTestRunner::builder("machine", handler).starts_at(START);
    let (ended, run) = ends_with(builder, json!({})).await;
    let done = services.done.lock().expect("nobody panics").clone();
    (ended, run.took().as_secs(), done)
}

#[tokio::test]
async fn the_end_of_another_execution_is_waited_for() {
    let (ended, seconds, done) = nested(3, "SUCCEEDED", json!({})).await;
    let ended = ended.expect("it has ended");
    assert_eq!(
        (&ended["Output"], &ended["Name"]),
        (&json!({ "a": 1 }), &json!("n"))
    );
    assert_eq!(
        (seconds, done),
        (0, vec![String::from("StartExecution own")])
    );
    // Eight times in each look, and looks are ever rarer.
    let (ended, seconds, _) = nested(8 * 60, "FAILED", json!({})).await;
    let (name, cause) = ended.expect_err("it has failed");
    assert_eq!(name, "States.TaskFailed");
    assert!(cause.contains("\"ExecutionArn\":\"e\""), "{cause}");
    assert!((60..200).contains(&seconds), "{seconds}");
    let (ended, seconds, done) = nested(10_000, "SUCCEEDED", json!({ "TimeoutSeconds": 90 })).await;
    assert_eq!(ended.expect_err("it takes too long").0, "States.Timeout");
    assert_eq!(seconds, 90);
    assert_eq!(done, ["StartExecution own", "StopExecution "]);
}
