//! A denied action stays denied, however it is requested. Every operation and spelling is in `permission::tests`.

use hyper::Method;
use serde_json::{Value, json};
use server::{AccessLimits, KeyWithSecret};

use crate::TEMPLATE;
use crate::signed::{send, send_to, signer};
use crate::support::{Answer, TestServer};

/// A server, its administrator, and a key to which some resources are denied.
async fn started(denied: Value) -> (TestServer, KeyWithSecret, KeyWithSecret) {
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": denied},
    ]});
    TestServer::start_enforced(TEMPLATE, vec![policy], AccessLimits::default()).await
}

/// Calls an operation of DynamoDB or Step Functions.
async fn call(server: &TestServer, key: &KeyWithSecret, target: &str, body: &Value) -> Answer {
    let mut signer = signer(key);
    let is_states = target.starts_with("AWSStepFunctions");
    signer.service = if is_states { "states" } else { "dynamodb" }.to_owned();
    let url = server.endpoint() + "/";
    let headers = [
        ("x-amz-target", target),
        ("content-type", "application/x-amz-json-1.0"),
    ];
    send_to(
        server,
        &signer,
        Method::POST,
        &url,
        &headers,
        &body.to_string(),
    )
    .await
}

const DENIED: &str = "AccessDeniedException";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_denied_by_every_way_to_it() {
    let table = "arn:aws:dynamodb:us-east-1:000000000000:table/Loans";
    let (server, admin, other) = started(json!(table)).await;
    let key = json!({"id": {"S": "1"}});
    for (operation, body) in [
        ("GetItem", json!({"TableName": "Loans", "Key": key})),
        (
            "GetItem",
            json!({"TableName": "Loans", "Key": key, "IndexName": "ByDay"}),
        ),
        (
            "ExecuteStatement",
            json!({"Statement": "SELECT * FROM Loans"}),
        ),
        (
            "BatchExecuteStatement",
            json!({"Statements": [{"Statement": "SELECT * FROM \"Loans\" WHERE id = '1'"}]}),
        ),
    ] {
        let target = format!("DynamoDB_20120810.{operation}");
        let refused = call(&server, &other, &target, &body).await;
        assert_eq!(refused.header("x-amzn-errortype"), DENIED, "{body}");
        let answer = call(&server, &admin, &target, &body).await;
        assert_eq!(answer.status, 200, "{body} {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_is_denied_by_every_spelling_of_its_name() {
    let denied = "arn:aws:lambdura:us-east-1:000000000000:stack/app";
    let (server, _admin, other) = started(json!(denied)).await;
    for name in ["app", "%61pp", "%61%70%70"] {
        let path = format!("/lambdura/v1/stacks/{name}");
        let refused = send(&server, &other, Method::GET, &path, "").await;
        assert_eq!(refused.header("x-amzn-errortype"), DENIED, "{name}");
    }
    let path = "/lambdura/v1/stacks/another";
    let allowed = send(&server, &other, Method::GET, path, "").await;
    assert_ne!(allowed.header("x-amzn-errortype"), DENIED, "{allowed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somewhere_else_is_not_found_here() {
    let denied = "arn:aws:states:us-east-1:000000000000:stateMachine:hidden";
    let (server, admin, other) = started(json!(denied)).await;
    let target = "AWSStepFunctions.StartExecution";
    for arn in [
        "arn:aws:states:eu-west-1:000000000000:stateMachine:hidden",
        "arn:aws:states:us-east-1:111111111111:stateMachine:hidden",
        "arn:aws-cn:states:us-east-1:000000000000:stateMachine:hidden",
        "arn:aws:states:::stateMachine:hidden",
    ] {
        let body = json!({ "stateMachineArn": arn });
        let refused = call(&server, &other, target, &body).await;
        assert_eq!(refused.header("x-amzn-errortype"), DENIED, "{arn}");
        let refused = call(&server, &admin, target, &body).await;
        assert_eq!(refused.json()["__type"], "InvalidArn", "{arn}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_tested_with_functions_that_one_may_invoke() {
    let plain = "arn:aws:lambda:us-east-1:000000000000:function:Plain";
    let (server, admin, other) = started(json!([plain])).await;
    let state = |state: Value| json!({"definition": state.to_string(), "roleArn": "arn:aws:iam::000000000000:role/r", "input": "{}"});
    for body in [
        state(json!({"Type": "Task", "Resource": plain, "End": true})),
        state(
            json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
            "Parameters": {"FunctionName": "000000000000:function:Plain", "Payload": {}}}),
        ),
    ] {
        let target = "AWSStepFunctions.TestState";
        let refused = call(&server, &other, target, &body).await;
        assert_eq!(refused.json()["__type"], DENIED, "{refused:?}");
        let answer = call(&server, &admin, target, &body).await;
        assert_eq!(answer.json()["status"], "SUCCEEDED", "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_that_there_are_not_are_pointed_out() {
    let (server, admin, _other) = started(json!("nothing")).await;
    let document = json!({"Statement": [
        {"Effect": "Allow", "Action": ["lambda:InvokeFunctoin", "lambda:Get*"], "Resource": "*"},
    ]});
    let new = json!({"name": "ci", "policies": ["invoke", document]}).to_string();
    let keys = "/lambdura/v1/access-keys";
    let created = send(&server, &admin, Method::POST, keys, &new).await;
    assert_eq!(created.status, 201, "{created:?}");
    let created = created.json();
    let warnings = created["warnings"].as_array().expect("there is one");
    assert_eq!(warnings.len(), 1, "{created}");
    assert!(warnings[0].to_string().contains("`lambda:InvokeFunctoin`"));
}
