//! Durable functions over HTTP, from start to end, in real processes.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{TestServer, encode};
use wire::trace;

#[tokio::test(flavor = "multi_thread")]
async fn steps_run_to_the_result_and_leave_their_history() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"steps": 2}"#).await;
    let execution = server.until_status(&arn, "SUCCEEDED").await;
    assert_eq!(execution["Result"], "3");
    assert_eq!(execution["Version"], "1");
    assert_eq!(execution["InputPayload"], r#"{"steps": 2}"#);
    assert_eq!(
        server.history(&arn).await,
        [
            "1 ExecutionStarted",
            "2 StepStarted step-1",
            "3 StepSucceeded step-1",
            "4 StepStarted step-2",
            "5 StepSucceeded step-2",
            "6 InvocationCompleted",
            "7 ExecutionSucceeded",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_caller_waits_for_the_whole_execution() {
    let server = TestServer::start().await;
    let answer = server.invoke("Durable:live", &[], r#"{"wait": 3}"#).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"\"waited\""[..]));
    assert_eq!(answer.header("x-amz-executed-version"), "1");
    let arn = encode(answer.header("x-amz-durable-execution-arn"));
    assert_eq!(
        server.history(&arn).await,
        [
            "1 ExecutionStarted",
            "2 WaitStarted",
            "3 InvocationCompleted",
            "4 WaitSucceeded",
            "5 InvocationCompleted",
            "6 ExecutionSucceeded",
        ]
    );
    let failed = server
        .invoke("Durable:live", &[], r#"{"fail": "no luck"}"#)
        .await;
    assert_eq!(failed.header("x-amz-function-error"), "Unhandled");
    assert_eq!(
        failed.json(),
        json!({"errorMessage": "no luck", "errorType": "Told"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_resumes_the_execution_that_it_belongs_to() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"callback": "approval"}"#).await;
    let other = server.begin(r#"{"callback": "other"}"#).await;
    let started = server.until_event(&arn, "CallbackStarted").await;
    server.until_event(&arn, "InvocationCompleted").await;
    server.until_event(&other, "InvocationCompleted").await;
    let id = encode(
        started["CallbackStartedDetails"]["CallbackId"]
            .as_str()
            .unwrap(),
    );
    let path = format!("/2025-12-01/durable-execution-callbacks/{id}");

    assert_eq!(
        server.post(&format!("{path}/heartbeat"), "").await.status,
        200
    );
    let sent = server
        .post(&format!("{path}/succeed"), r#"{"approved":true}"#)
        .await;
    assert_eq!((sent.status, sent.json()), (200, json!({})));
    let execution = server.until_status(&arn, "SUCCEEDED").await;
    assert_eq!(execution["Result"], r#"{"approved":true}"#);
    assert_eq!(server.execution(&other).await["Status"], "RUNNING");

    let again = server.post(&format!("{path}/succeed"), "{}").await;
    assert_eq!(
        again.error(),
        "400 CallbackTimeoutException The callback is either timed out or already completed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_invocation_is_repeated_and_recorded_steps_are_not() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"crash_before": 3}"#).await;
    let execution = server.until_status(&arn, "SUCCEEDED").await;
    assert_eq!(execution["Result"], "6");
    assert_eq!(
        server.history(&arn).await,
        [
            "1 ExecutionStarted",
            "2 StepStarted step-1",
            "3 StepSucceeded step-1",
            "4 StepStarted step-2",
            "5 StepSucceeded step-2",
            "6 InvocationCompleted",
            "7 StepStarted step-3",
            "8 StepSucceeded step-3",
            "9 InvocationCompleted",
            "10 ExecutionSucceeded",
        ]
    );
    let completed = server.until_event(&arn, "InvocationCompleted").await;
    let error = &completed["InvocationCompletedDetails"]["Error"]["Payload"];
    assert_eq!(error["ErrorType"], "Runtime.ExitError");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_execution_outlives_the_server() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"callback": "approval"}"#).await;
    let waiting = server.begin(r#"{"wait": 1}"#).await;
    let started = server.until_event(&arn, "CallbackStarted").await;
    server.until_event(&arn, "InvocationCompleted").await;
    let server = server.restart().await;
    let id = encode(
        started["CallbackStartedDetails"]["CallbackId"]
            .as_str()
            .unwrap(),
    );
    let path = format!("/2025-12-01/durable-execution-callbacks/{id}/succeed");
    assert_eq!(server.post(&path, "1").await.status, 200);
    assert_eq!(server.until_status(&arn, "SUCCEEDED").await["Result"], "1");
    assert_eq!(
        server.until_status(&waiting, "SUCCEEDED").await["Result"],
        "\"waited\""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_starts_one_execution() {
    let server = TestServer::start().await;
    let named = [
        ("x-amz-invocation-type", "Event"),
        ("x-amz-durable-execution-name", "order-1"),
    ];
    let first = server
        .invoke("Durable:live", &named, r#"{"steps": 1}"#)
        .await;
    let second = server
        .invoke("Durable:live", &named, r#"{"steps": 1}"#)
        .await;
    let arn = first.header("x-amz-durable-execution-arn");
    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!(arn, second.header("x-amz-durable-execution-arn"));
    let other = server
        .invoke("Durable:live", &named, r#"{"steps": 2}"#)
        .await;
    assert_eq!(
        other.error(),
        format!("409 DurableExecutionAlreadyStartedException Execution already started: {arn}")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_execution_stays_stopped() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"callback": "never"}"#).await;
    server.until_event(&arn, "InvocationCompleted").await;
    let path = format!("/2025-12-01/durable-executions/{arn}/stop");
    let stopped = server.post(&path, r#"{"ErrorMessage":"enough"}"#).await;
    assert_eq!(stopped.status, 200);
    let again = server.post(&path, "").await;
    assert_eq!(stopped.json(), again.json());
    let execution = server.execution(&arn).await;
    assert_eq!(execution["Status"], "STOPPED");
    assert_eq!(execution["Error"]["ErrorMessage"], "enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_fails_the_execution() {
    let server = TestServer::start().await;
    let arn = server.begin(r#"{"garbage": true}"#).await;
    let execution = server.until_status(&arn, "FAILED").await;
    assert_eq!(
        execution["Error"]["ErrorMessage"],
        "Invalid Status in invocation output."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_start_is_retried_and_can_be_stopped() {
    let server = TestServer::start().await;
    let event = [("x-amz-invocation-type", "Event")];
    let answer = server.invoke("Broken:live", &event, "{}").await;
    let arn = encode(answer.header("x-amz-durable-execution-arn"));
    let completed = server.until_event(&arn, "InvocationCompleted").await;
    let error = &completed["InvocationCompletedDetails"]["Error"]["Payload"];
    assert_eq!(error["ErrorType"], "Runtime.ExitError", "{completed}");
    assert_eq!(server.execution(&arn).await["Status"], "RUNNING");
    server
        .post(&format!("/2025-12-01/durable-executions/{arn}/stop"), "")
        .await;
    assert_eq!(server.execution(&arn).await["Status"], "STOPPED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_execution_holds_no_process_and_no_memory() {
    let server = TestServer::start_with_idle_time(Duration::from_millis(200)).await;
    let arn = server.begin(r#"{"callback": "approval"}"#).await;
    server.until_event(&arn, "InvocationCompleted").await;
    server
        .until("no process is left", async || {
            let health = server.get("/healthz").await.json();
            let processes = health["functions"].as_array().unwrap().iter();
            let left =
                processes.map(|one| one["warm"].as_u64().unwrap() + one["busy"].as_u64().unwrap());
            let quiet = left.sum::<u64>() == 0 && health["resident_executions"] == 0;
            if quiet {
                Ok(())
            } else {
                Err(health.to_string())
            }
        })
        .await;
    assert_eq!(server.execution(&arn).await["Status"], "RUNNING");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_executions_at_once_all_end_and_leave_nothing_resident() {
    let server = TestServer::start().await;
    let begun = (0..200).map(|_| server.begin(r#"{"steps": 3}"#));
    let arns = futures_util::future::join_all(begun).await;
    for arn in &arns {
        assert_eq!(server.until_status(arn, "SUCCEEDED").await["Result"], "6");
    }
    server
        .until("nothing is resident", async || {
            let health = server.get("/healthz").await.json();
            if health["resident_executions"] == 0 {
                Ok(())
            } else {
                Err(health.to_string())
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chained_invoke_belongs_to_the_trace_that_it_names() {
    const OWN: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let server = TestServer::start().await;
    let traces = async |input: Value| {
        let arn = server.begin(&input.to_string()).await;
        let parent = server.until_status(&arn, "SUCCEEDED").await;
        assert_eq!(parent["Result"], "1");
        let started = server.until_event(&arn, "ChainedInvokeStarted").await;
        let child = &started["ChainedInvokeStartedDetails"]["DurableExecutionArn"];
        let child = server.execution(&encode(child.as_str().unwrap())).await;
        let trace = |of: &Value| {
            of["TraceHeader"]["XAmznTraceId"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        (trace(&parent), trace(&child))
    };
    let (parent, child) = traces(json!({"invoke": {"steps": 1}})).await;
    assert_eq!(child, parent, "inherited");
    let (parent, child) = traces(json!({"invoke": {"steps": 1}, "trace": OWN})).await;
    assert_ne!(parent, OWN);
    assert_eq!(child, OWN);
    for none in [
        "no trace",
        "Root=1-5759e988-bd862e3fe1be46a994272793\r\nx: y",
    ] {
        let (parent, child) = traces(json!({"invoke": {"steps": 1}, "trace": none})).await;
        assert_eq!(child, parent, "{none}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_functions_trace_hangs_below_their_execution_and_that_below_its_caller() {
    const OWN: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let server = TestServer::start().await;
    let begun = json!({"invoke": {"told": true}, "trace": OWN}).to_string();
    let arn = server.begin(&begun).await;
    let parent = server.until_status(&arn, "SUCCEEDED").await;
    let told: Vec<String> = serde_json::from_str(parent["Result"].as_str().unwrap()).unwrap();
    assert_eq!(told[0], told[1], "the same in both invocations");
    let field = |name| trace::field(&told[0], name).unwrap();
    assert_eq!(field("Root"), trace::field(OWN, "Root").unwrap());
    assert_ne!(field("Parent"), trace::field(OWN, "Parent").unwrap());
    assert_eq!(field("Sampled"), "1");

    // This trace contains only the invoked execution; the other one's trace is not sampled.
    let path = format!("/lambdura/v1/segments?trace_id={}", field("Root"));
    let segments = server
        .until("the segment has arrived", async || {
            let found = server.get(&path).await.json();
            match found["segments"].as_array() {
                Some(segments) if !segments.is_empty() => Ok(segments.clone()),
                _ => Err(found.to_string()),
            }
        })
        .await;
    let documents: Vec<&Value> = segments.iter().map(|one| &one["document"]).collect();
    for document in documents {
        assert_eq!(document["id"], field("Parent"));
        assert_eq!(document["parent_id"], "53995c3f42cd8ad8");
        assert_eq!(document["name"], "Durable");
        assert!(document["start_time"].as_f64() <= document["end_time"].as_f64());
    }
}
