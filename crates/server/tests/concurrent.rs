//! Functions on managed instances: several invocations in one process, from the template and the API to the executions.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod support;

use std::fs;

use hyper::Method;
use serde_json::{Value, json};
use support::TestServer;

const CONFIGURATION: &str = "/2015-03-31/functions/Durable/configuration";

async fn start() -> TestServer {
    TestServer::start_with_template("concurrent.yaml", &[]).await
}

async fn put(server: &TestServer, body: Value) -> support::Answer {
    let url = server.endpoint() + CONFIGURATION;
    server.send(Method::PUT, &url, &[], body.to_string()).await
}

/// Busy and idle processes of the function.
async fn processes(server: &TestServer) -> (u64, u64) {
    let functions = server.get("/lambdura/v1/functions").await.json();
    let mut counts = (0, 0);
    let mut look = vec![&functions];
    while let Some(value) = look.pop() {
        if let (Some(busy), Some(warm)) = (value["busy"].as_u64(), value["warm"].as_u64()) {
            counts = (counts.0 + busy, counts.1 + warm);
        }
        match value {
            Value::Array(items) => look.extend(items),
            Value::Object(fields) => look.extend(fields.values()),
            _ => {}
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_process_costs_each_of_its_executions_one_invocation() {
    let server = start().await;
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    let until = json!({ "until": done }).to_string();
    let mut arns = Vec::new();
    for _ in 0..3 {
        arns.push(server.begin(&until).await);
    }
    for arn in &arns {
        server.until_event(arn, "StepSucceeded").await;
    }
    assert_eq!(processes(&server).await, (1, 0), "all share a process");
    let crashing = server.begin(r#"{"crash_before": 2}"#).await;
    server.until_status(&crashing, "SUCCEEDED").await;
    for arn in &arns {
        let completed = server.until_event(arn, "InvocationCompleted").await;
        let error = &completed["InvocationCompletedDetails"]["Error"]["Payload"];
        assert_eq!(error["ErrorType"], "Runtime.ExitError", "{completed}");
    }
    fs::write(&done, "").unwrap();
    for arn in arns.iter().chain([&crashing]) {
        server.until_status(arn, "SUCCEEDED").await;
        let history = server.history(arn).await;
        let completed = history
            .iter()
            .filter(|it| it.ends_with("InvocationCompleted"));
        assert_eq!(completed.count(), 2, "one was lost: {history:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_execution_is_stopped_beside_its_neighbours() {
    let server = start().await;
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    let until = json!({ "until": done }).to_string();
    let stopped = server.begin(&until).await;
    let neighbour = server.begin(&until).await;
    for arn in [&stopped, &neighbour] {
        server.until_event(arn, "StepSucceeded").await;
    }
    let path = format!("/2025-12-01/durable-executions/{stopped}/stop");
    assert_eq!(server.post(&path, "{}").await.status, 200);
    server.until_status(&stopped, "STOPPED").await;
    assert_eq!(server.execution(&neighbour).await["Status"], "RUNNING");
    fs::write(&done, "").unwrap();
    server.until_status(&neighbour, "SUCCEEDED").await;
    let history = server.history(&neighbour).await;
    let completed = history
        .iter()
        .filter(|it| it.ends_with("InvocationCompleted"));
    assert_eq!(completed.count(), 1, "{history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_run_than_are_reserved_however_many_a_process_takes() {
    let server = start().await;
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    let until = json!({ "until": done }).to_string();
    let mut arns = Vec::new();
    for _ in 0..7 {
        arns.push(server.begin(&until).await);
    }
    let has_begun = async |arn: &String| {
        let history = server.history(arn).await;
        history.iter().any(|event| event.contains("StepSucceeded"))
    };
    server
        .until("six run", async || {
            let mut begun = 0;
            for arn in &arns {
                begun += usize::from(has_begun(arn).await);
            }
            if begun == 6 {
                Ok(())
            } else {
                Err(format!("{begun} run"))
            }
        })
        .await;
    assert_eq!(
        processes(&server).await,
        (2, 0),
        "four in one, two in another"
    );
    fs::write(&done, "").unwrap();
    for arn in &arns {
        server.until_status(arn, "SUCCEEDED").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_shows_and_changes_what_a_process_takes() {
    let server = start().await;
    let shown = server.get(CONFIGURATION).await.json();
    let path = "/CapacityProviderConfig/LambdaManagedInstancesCapacityProviderConfig";
    let config = shown.pointer(path).unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(config["PerExecutionEnvironmentMaxConcurrency"], 4);
    let arn = "arn:aws:lambda:us-east-1:000000000000:capacity-provider:this-machine";
    assert_eq!(config["CapacityProviderArn"], arn);
    assert_eq!(shown["LoggingConfig"]["LogFormat"], "JSON");

    let config = |config: Value| json!({ "CapacityProviderConfig": { "LambdaManagedInstancesCapacityProviderConfig": config } });
    let own = "arn:aws:lambda:us-east-1:000000000000:capacity-provider:own";
    let changed = put(
        &server,
        config(json!({
            "CapacityProviderArn": own, "PerExecutionEnvironmentMaxConcurrency": 1600,
            "ExecutionEnvironmentMemoryGiBPerVCpu": 2.5,
        })),
    )
    .await
    .json();
    let shown = changed.pointer(path).unwrap();
    assert_eq!(shown["PerExecutionEnvironmentMaxConcurrency"], 1600);
    assert_eq!(shown["ExecutionEnvironmentMemoryGiBPerVCpu"], 2.5);
    let by_default = put(&server, config(json!({ "CapacityProviderArn": own })))
        .await
        .json();
    let shown = by_default.pointer(path).unwrap();
    assert_eq!(shown["PerExecutionEnvironmentMaxConcurrency"], 8);

    for (body, expected) in [
        (
            config(json!({})),
            "capacityProviderArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({ "CapacityProviderConfig": {} }),
            "lambdaManagedInstancesCapacityProviderConfig' failed",
        ),
        (
            config(
                json!({ "CapacityProviderArn": own, "PerExecutionEnvironmentMaxConcurrency": 1601 }),
            ),
            "less than or equal to 1600",
        ),
        (
            config(
                json!({ "CapacityProviderArn": own, "PerExecutionEnvironmentMaxConcurrency": 0 }),
            ),
            "greater than or equal to 1",
        ),
        (
            config(
                json!({ "CapacityProviderArn": own, "ExecutionEnvironmentMemoryGiBPerVCpu": 9 }),
            ),
            "less than or equal to 8",
        ),
        (
            config(json!({ "CapacityProviderArn": "arn:aws:lambda" })),
            "regular expression pattern",
        ),
        (
            json!({ "LoggingConfig": { "LogFormat": "Text" } }),
            "LogFormat Text is not supported",
        ),
        (json!({ "Timeout": 5401 }), "less than or equal to 5400"),
    ] {
        let refused = put(&server, body).await.error();
        assert!(
            refused.starts_with("400 ") && refused.contains(expected),
            "{refused}"
        );
    }
    let long = put(&server, json!({ "Timeout": 5400, "MemorySize": 32_768 }))
        .await
        .json();
    assert_eq!(
        (&long["Timeout"], &long["MemorySize"]),
        (&json!(5400), &json!(32_768))
    );
}
