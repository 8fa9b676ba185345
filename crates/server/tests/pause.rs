//! Pausing, resuming and deleting executions over HTTP.

mod support;

use serde_json::{Value, json};
use support::{TestServer, encode};

fn path(arn: &str, action: &str) -> String {
    format!("/2025-12-01/durable-executions/{arn}/{action}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_execution_takes_its_callback_and_goes_on_when_it_is_resumed() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"callback": "approval"}"#).await;
    let started = server.until_event(&arn, "CallbackStarted").await;
    server.until_event(&arn, "InvocationCompleted").await;

    let request = json!({"Reason": "the bank is closed", "ClientToken": "once"}).to_string();
    let paused = server.post(&path(&arn, "pause"), request.clone()).await;
    assert_eq!((paused.status, &paused.body[..]), (202, &b""[..]));
    let again = server.post(&path(&arn, "pause"), request.clone()).await;
    assert_eq!(again.status, 202, "the same request again is no conflict");
    let execution = server.execution(&arn).await;
    assert_eq!(execution["Status"], "PAUSED");
    assert_eq!(execution["PauseDetails"]["Reason"], "the bank is closed");
    assert_eq!(execution["PauseDetails"]["ExecutionTimeoutPaused"], true);
    let seconds = |member: &str| execution[member].as_f64().unwrap_or_default();
    let left = seconds("ExpectedExecutionTimeoutTimestamp") - seconds("StartTimestamp");
    assert_eq!(left, 31_622_400.0, "the timeout stands still");
    let other = server.post(&path(&arn, "pause"), "{}").await;
    assert_eq!(
        other.error(),
        "409 ResourceConflictException Durable Execution is already paused"
    );

    let id = started["CallbackStartedDetails"]["CallbackId"].as_str();
    let callback = format!(
        "/2025-12-01/durable-execution-callbacks/{}/succeed",
        encode(id.unwrap_or_default())
    );
    assert_eq!(server.post(&callback, "\"yes\"").await.status, 200);
    server.until_event(&arn, "CallbackSucceeded").await;
    assert_eq!(server.execution(&arn).await["Status"], "PAUSED");

    assert_eq!(server.post(&path(&arn, "resume"), "").await.status, 202);
    let execution = server.until_status(&arn, "SUCCEEDED").await;
    assert_eq!(execution["Result"], "\"yes\"");
    assert_eq!(execution["PauseDetails"], Value::Null);
    assert_eq!(
        server.history(&arn).await,
        [
            "1 ExecutionStarted",
            "2 CallbackStarted approval",
            "3 InvocationCompleted",
            "4 ExecutionPaused",
            "5 CallbackSucceeded approval",
            "6 ExecutionResumed",
            "7 InvocationCompleted",
            "8 ExecutionSucceeded",
        ]
    );
    let late = server.post(&path(&arn, "resume"), "{}").await;
    assert_eq!(
        late.error(),
        "409 ResourceConflictException Durable Execution has already ended"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_ended_execution_is_deleted_and_then_it_is_gone() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"callback": "approval"}"#).await;
    let resource = format!("/2025-12-01/durable-executions/{arn}");
    let refused = server.delete(&resource).await;
    assert_eq!(
        refused.error(),
        "409 ResourceConflictException Cannot delete a Durable Execution that has not ended. Stop \
         it first."
    );
    assert_eq!(server.post(&path(&arn, "stop"), "{}").await.status, 200);
    let deleted = server.delete(&resource).await;
    assert_eq!(deleted.status, 202);
    assert!(deleted.json()["DeletionRequestTimestamp"].is_f64());
    for gone in [server.delete(&resource).await, server.get(&resource).await] {
        assert_eq!(
            gone.error(),
            "404 ResourceNotFoundException Durable Execution does not exist"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_pauses_are_refused_with_reasons() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"callback": "approval"}"#).await;
    let long = json!({"Reason": "x".repeat(1025)}).to_string();
    for (body, error) in [
        (
            long.as_str(),
            "400 ValidationException 1 validation error detected: Value at 'reason' failed to \
             satisfy constraint: Member must have length less than or equal to 1024",
        ),
        (
            r#"{"ClientToken": "a b"}"#,
            "400 ValidationException 1 validation error detected: Value 'a b' at 'clientToken' \
             failed to satisfy constraint: Member must satisfy regular expression pattern: \
             [\\x21-\\x7E]+",
        ),
    ] {
        assert_eq!(
            server
                .post(&path(&arn, "pause"), body.to_owned())
                .await
                .error(),
            error
        );
    }
    let unknown = arn.replacen("Durable", "Another", 1);
    assert_eq!(
        server.post(&path(&unknown, "pause"), "{}").await.error(),
        "404 ResourceNotFoundException Durable Execution does not exist"
    );
}
