//! Tasks that do not call functions: services, other machines, and tokens that are answered from outside.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

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

/// An execution that ends after so many polls.
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
    // Eight polls in each step, and ever fewer steps.
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
