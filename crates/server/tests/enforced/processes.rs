//! Function processes: each may continue its own executions, and do what its template grants.

use access::SecretKey;
use access::signature::Signer;
use hyper::Method;
use serde_json::{Value, json};
use server::{AccessLimits, KeyWithSecret};

use crate::TEMPLATE;
use crate::signed::{by_function, send};
use crate::support::{TestServer, encode};

/// Starts an execution, and waits for its callback; returns its encoded ARN and the callback's id.
async fn begin(server: &TestServer, admin: &KeyWithSecret, function: &str) -> (String, String) {
    let path = format!("/2015-03-31/functions/{function}:live/invocations");
    let url = server.endpoint() + &path;
    let event = [("x-amz-invocation-type", "Event")];
    let signer = crate::signed::signer(admin);
    let begun = crate::signed::send_to(server, &signer, Method::POST, &url, &event, "{}").await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let arn = encode(begun.header("x-amz-durable-execution-arn"));
    let history = format!("/2025-12-01/durable-executions/{arn}/history?IncludeExecutionData=true");
    let id = server
        .until("the callback is started", async || {
            let history = send(server, admin, Method::GET, &history, "").await.json();
            let events = history["Events"].as_array().cloned().unwrap_or_default();
            let started = events
                .iter()
                .find_map(|event| event["CallbackStartedDetails"]["CallbackId"].as_str());
            started
                .map(str::to_owned)
                .ok_or_else(|| history.to_string())
        })
        .await;
    (arn, id)
}

fn call(method: &str, path: &str) -> Value {
    json!({"method": method, "path": path, "body": {}})
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_reads_checkpoints_or_answers_for_another() {
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("invoke")], AccessLimits::default());
    let (server, admin, _caller) = started.await;
    // The start already shows that its processes sign their checkpoints.
    let (arn, callback) = begin(&server, &admin, "Beta").await;
    let execution = format!("/2025-12-01/durable-executions/{arn}");
    let answer = format!(
        "/2025-12-01/durable-execution-callbacks/{}/succeed",
        encode(&callback)
    );
    // Any text in the form of a token: the request is refused before the token is checked.
    let state = format!("{execution}/state?CheckpointToken=AAAA");
    let checkpoint = json!({
        "method": "POST",
        "path": format!("{execution}/checkpoint"),
        "body": {"CheckpointToken": "AAAA", "Updates": []},
    });
    let calls = json!([
        json!({"method": "GET", "path": state}),
        checkpoint,
        call("POST", &answer),
        call("POST", &format!("{execution}/stop")),
        json!({"method": "GET", "path": execution}),
        json!({"method": "GET", "path": format!("{execution}/history")}),
        json!({"method": "GET", "path": "/lambdura/v1/executions"}),
        json!({"method": "GET", "path": "/lambdura/v1/access-keys"}),
        json!({"method": "GET", "path": "/2015-03-31/functions/Beta"}),
        json!({"method": "POST", "path": "/2015-03-31/functions/Plain/invocations", "body": {}}),
        json!({"method": "POST", "path": "/2015-03-31/functions/Plain/invocations", "body": {}, "unsigned": true}),
        json!({"method": "POST", "path": "/", "target": "DynamoDB_20120810.GetItem",
            "body": {"TableName": "Loans", "Key": {"id": {"S": "1"}}}}),
        json!({"method": "POST", "path": "/", "target": "DynamoDB_20120810.DeleteTable",
            "body": {"TableName": "Loans"}}),
    ]);
    let denied = "403 AccessDeniedException";
    let plain = by_function(&server, &admin, "Plain", calls).await;
    assert_eq!(
        plain,
        [
            denied,
            denied,
            denied,
            denied,
            denied,
            denied,
            denied,
            denied,
            denied,
            "200 done",
            "403 MissingAuthenticationTokenException",
            "200 done",
            denied,
        ]
    );

    // A role that is not known here allows nothing outside its stack.
    let calls = json!([
        json!({"method": "POST", "path": "/2015-03-31/functions/Elsewhere/invocations", "body": {}}),
        json!({"method": "POST", "path": "/", "target": "DynamoDB_20120810.Scan",
            "body": {"TableName": "Elsewhere"}}),
    ]);
    let plain = by_function(&server, &admin, "Plain", calls).await;
    assert_eq!(plain, [denied, denied]);

    // A function with neither policies nor a role may only use its own executions.
    let calls = json!([
        json!({"method": "POST", "path": "/2015-03-31/functions/Plain/invocations", "body": {}}),
        json!({"method": "POST", "path": "/", "target": "DynamoDB_20120810.Scan",
            "body": {"TableName": "Loans"}}),
    ]);
    let bare = by_function(&server, &admin, "Bare", calls).await;
    assert_eq!(bare, [denied, denied]);

    // A function with policies may do what its template grants, and nothing else.
    let calls = json!([
        json!({"method": "POST", "path": "/2015-03-31/functions/Plain/invocations", "body": {}}),
        json!({"method": "POST", "path": "/", "target": "DynamoDB_20120810.GetItem",
            "body": {"TableName": "Loans", "Key": {"id": {"S": "1"}}}}),
        json!({"method": "POST", "path": answer, "body": "yes"}),
    ]);
    let answering = by_function(&server, &admin, "Answering", calls).await;
    assert_eq!(answering, [denied, denied, "200 done"]);
    let ended = server
        .until("it has ended", async || {
            let shown = send(&server, &admin, Method::GET, &execution, "")
                .await
                .json();
            match shown["Status"].as_str() {
                Some("RUNNING") => Err(shown.to_string()),
                _ => Ok(shown),
            }
        })
        .await;
    assert_eq!(ended["Status"], "SUCCEEDED", "{ended}");
    assert_eq!(ended["Result"], "\"yes\"");

    // A function that may answer Beta's callbacks may not answer Alpha's.
    let (_, callback) = begin(&server, &admin, "Alpha").await;
    let answer = format!(
        "/2025-12-01/durable-execution-callbacks/{}/succeed",
        encode(&callback)
    );
    let calls = json!([json!({"method": "POST", "path": answer, "body": "yes"})]);
    let answering = by_function(&server, &admin, "Answering", calls).await;
    assert_eq!(answering, [denied]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_has_credentials_of_its_own_and_no_socket() {
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("invoke")], AccessLimits::default());
    let (server, admin, _caller) = started.await;
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "LAMBDURA_SOCKET"];
    let of = async |function: &str| {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let event = json!({ "environment": names }).to_string();
        send(&server, &admin, Method::POST, &path, &event)
            .await
            .json()
    };
    let (plain, answering) = (of("Plain").await, of("Answering").await);
    for one in [&plain, &answering] {
        let id = one["AWS_ACCESS_KEY_ID"].as_str().expect("it has an id");
        assert!(id.starts_with("ASIA"), "{id}");
        assert_eq!(one["LAMBDURA_SOCKET"], Value::Null);
    }
    assert_ne!(plain["AWS_SESSION_TOKEN"], answering["AWS_SESSION_TOKEN"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_template_granted_ends_with_its_function() {
    let started =
        TestServer::start_enforced(TEMPLATE, vec![json!("invoke")], AccessLimits::default());
    let (server, admin, _caller) = started.await;
    let names = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ];
    let path = "/2015-03-31/functions/Plain/invocations";
    let event = json!({ "environment": names }).to_string();
    let given = send(&server, &admin, Method::POST, path, &event).await;
    let given = given.json();
    let text = |name: &str| given[name].as_str().expect("it is a text").to_owned();
    let own = Signer {
        access_key_id: text("AWS_ACCESS_KEY_ID"),
        secret: SecretKey::new(text("AWS_SECRET_ACCESS_KEY")),
        session_token: Some(text("AWS_SESSION_TOKEN")),
        region: "us-east-1".to_owned(),
        service: "dynamodb".to_owned(),
    };
    let read = async || {
        let url = server.endpoint() + "/";
        let target = [
            ("x-amz-target", "DynamoDB_20120810.GetItem"),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let body = r#"{"TableName": "Loans", "Key": {"id": {"S": "1"}}}"#;
        crate::signed::send_to(&server, &own, Method::POST, &url, &target, body).await
    };
    let answer = read().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let path = "/2015-03-31/functions/Plain";
    let deleted = send(&server, &admin, Method::DELETE, path, "").await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let refused = read().await;
    assert_eq!(refused.header("x-amzn-errortype"), "AccessDeniedException");
}
