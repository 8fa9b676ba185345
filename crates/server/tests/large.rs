//! Executions at the quotas, and one far beyond them.

mod support;

use serde_json::{Value, json};
use server::Limits;
use support::TestServer;

fn result(execution: &Value) -> Value {
    serde_json::from_str(execution["Result"].as_str().unwrap_or("null")).unwrap_or_default()
}

/// EXECUTION, 2,998 steps and a wait: AWS's maximum. The history has two events for each step.
#[tokio::test(flavor = "multi_thread")]
async fn three_thousand_operations_are_the_quota() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"many": 2998}"#).await;
    let beyond = server.begin(r#"{"many": 2999}"#).await;
    let execution = server.until_status(&arn, "SUCCEEDED").await;
    assert_eq!(result(&execution)["sum"], 2998);
    assert_eq!(result(&execution)["pages"], 0, "they fit into the event");
    let newest =
        format!("/2025-12-01/durable-executions/{arn}/history?MaxItems=1&ReverseOrder=true");
    let newest = server.get(&newest).await.json();
    assert_eq!(newest["Events"][0]["EventId"], 1 + 2 * 2998 + 2 + 2 + 1);
    let execution = server.until_status(&beyond, "FAILED").await;
    assert_eq!(
        execution["Error"]["ErrorType"],
        "ServiceQuotaExceededException"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_quotas_fifty_thousand_operations_are_paged() {
    let server = TestServer::start_with_limits(Limits::UNBOUNDED).await;
    let arn = server.begin(r#"{"many": 50000}"#).await;
    let execution = server.until_status(&arn, "SUCCEEDED").await;
    let result = result(&execution);
    assert_eq!(result["sum"], 50_000);
    assert!(result["pages"].as_u64() > Some(0), "{result}");
}

/// A result that is too large for a response with anything else is recorded by a checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn six_megabytes_of_result_reach_the_caller_who_waits() {
    const LARGEST: usize = 6 * 1024 * 1024;
    let server = TestServer::start().await;
    let input = |characters: usize| json!({ "large": characters }).to_string();
    let answer = server.invoke("Durable:live", &[], &input(LARGEST)).await;
    assert_eq!((answer.status, answer.body.len()), (200, LARGEST));
    assert!(answer.body.starts_with(b"\"xxxx"));
}
