//! The requests of each command, and its output.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::lambdura::{command, lambdura, ran};
use crate::service::{Answer, Request, Service};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:loan-Workflow";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:loan-Workflow:3/durable-execution/loan-1/0190aaaa";
/// 2026-01-15 12:00:00 UTC.
const START: f64 = 1_768_478_400.0;

/// A stack with a durable function (alias `live`) and a plain one, and two executions.
fn loans() -> Service {
    Service::start(|request| Some(Answer::json(&route(request)?)))
}

fn route(request: &Request) -> Option<Value> {
    let (path, query) = request.line.split_once('?').unwrap_or((&request.line, ""));
    let encoded = ARN.replace(':', "%3A").replace('/', "%2F");
    let execution = format!("/2025-12-01/durable-executions/{encoded}");
    Some(match path {
        "GET /2015-03-31/functions" => json!({"Functions": [
            {"FunctionName": "loan-Api", "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:loan-Api"},
            {"FunctionName": "loan-Workflow", "FunctionArn": FUNCTION, "DurableConfig": {"ExecutionTimeout": 3600}},
        ]}),
        "GET /2015-03-31/functions/loan-Workflow/aliases" => {
            json!({"Aliases": [{"AliasArn": format!("{FUNCTION}:live"), "Name": "live", "FunctionVersion": "3"}]})
        }
        "GET /2025-12-01/functions/loan-Workflow/durable-executions" => {
            let finished = json!({
                "DurableExecutionArn": ARN, "DurableExecutionName": "loan-1", "FunctionArn": format!("{FUNCTION}:3"),
                "Status": "SUCCEEDED", "StartTimestamp": START, "EndTimestamp": START + 20.0,
            });
            let other = json!({
                "DurableExecutionArn": ARN.replace("loan-1/0190aaaa", "loan-2/0190aabb"), "DurableExecutionName": "loan-2",
                "FunctionArn": format!("{FUNCTION}:3"), "Status": "FAILED", "StartTimestamp": START - 60.0,
                "EndTimestamp": START,
            });
            let all = [finished, other].into_iter().filter(|it| {
                let name = it["DurableExecutionName"].as_str().unwrap();
                let status = it["Status"].as_str().unwrap();
                (!query.contains("DurableExecutionName=")
                    || query.contains(&format!("DurableExecutionName={name}")))
                    && (!query.contains("Statuses=")
                        || query.contains(&format!("Statuses={status}")))
            });
            json!({"DurableExecutions": all.collect::<Vec<_>>()})
        }
        it if it == format!("GET {execution}") => json!({
            "DurableExecutionArn": ARN, "DurableExecutionName": "loan-1", "FunctionArn": format!("{FUNCTION}:3"),
            "Status": "SUCCEEDED", "StartTimestamp": START, "EndTimestamp": START + 20.0, "Version": "3",
            "InputPayload": "{\"amount\":150000}", "Result": "{\"status\":\"approved\"}",
        }),
        it if it == format!("GET {execution}/history") => json!({"Events": events()}),
        it if it == format!("POST {execution}/stop") => json!({"StopTimestamp": START + 20.0}),
        "GET /lambdura/v1/logs" => logs(query),
        "POST /2025-12-01/durable-execution-callbacks/Y2FsbGJhY2sgb2YgbWFuYWdlcg%3D%3D/succeed" => {
            json!({})
        }
        _ => return None,
    })
}

/// Two lines, a page for each: a page may end before its limit, and the rest follows after a marker.
fn logs(query: &str) -> Value {
    let first = json!({
        "number": 1, "timestamp": 1_768_478_400_123_i64, "function": "loan-Workflow", "version": "3",
        "request_id": "r1", "execution_id": "0190aaaa", "stream": "platform", "text": "START RequestId: r1",
    });
    let second = json!({
        "number": 2, "timestamp": 1_768_478_400_456_i64, "function": "loan-Workflow", "version": "3",
        "request_id": "r1", "execution_id": "0190aaaa", "stream": "stdout", "text": "{\"level\":\"INFO\"}",
    });
    match query.contains("tail=true") {
        true if query.contains("before=2") => json!({"lines": [first]}),
        true => json!({"lines": [second], "next_before": 2}),
        false if query.contains("after=1") => json!({"lines": [second]}),
        false if query.contains("after=") => json!({"lines": []}),
        false => json!({"lines": [first], "next_after": 1}),
    }
}

/// A step that is tried twice, and a manager's approval that is still open in the history.
fn events() -> Value {
    let context = json!({"Id": "w", "Name": "approval", "SubType": "WaitForCallback"});
    let event = |number: i64, at: f64, kind: &str, base: &Value, details: Value| {
        let mut event = base.clone();
        let fields = event.as_object_mut().unwrap();
        fields.insert("EventId".to_owned(), json!(number));
        fields.insert("EventTimestamp".to_owned(), json!(START + at));
        fields.insert("EventType".to_owned(), json!(kind));
        fields.insert(format!("{kind}Details"), details);
        event
    };
    let step = json!({"Id": "s", "Name": "validate", "SubType": "Step"});
    let callback = json!({"Id": "c", "Name": "approval create callback id", "SubType": "Callback", "ParentId": "w"});
    json!([
        event(
            1,
            0.0,
            "ExecutionStarted",
            &json!({"Id": "0190aaaa", "Name": "loan-1"}),
            json!({"Input": {"Payload": "{\"amount\":150000}", "Truncated": false}, "ExecutionTimeout": 3600})
        ),
        event(2, 0.1, "StepStarted", &step, json!({})),
        event(
            3,
            1.0,
            "StepFailed",
            &step,
            json!({
            "Error": {"Payload": {"ErrorType": "Busy", "ErrorMessage": "try \u{1b}[31mlater"}, "Truncated": false},
            "RetryDetails": {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 4}})
        ),
        event(
            4,
            1.2,
            "InvocationCompleted",
            &json!({}),
            json!({"StartTimestamp": START, "EndTimestamp": START + 1.2, "RequestId": "r1"})
        ),
        event(5, 5.0, "StepStarted", &step, json!({})),
        event(
            6,
            6.0,
            "StepSucceeded",
            &step,
            json!({
            "Result": {"Payload": "true", "Truncated": false}, "RetryDetails": {"CurrentAttempt": 2}})
        ),
        event(7, 6.0, "ContextStarted", &context, json!({})),
        event(
            8,
            6.0,
            "CallbackStarted",
            &callback,
            json!({"CallbackId": "Y2FsbGJhY2sgb2YgbWFuYWdlcg==", "Timeout": 1800})
        ),
        event(
            9,
            6.5,
            "InvocationCompleted",
            &json!({}),
            json!({"StartTimestamp": START + 5.0, "EndTimestamp": START + 6.5, "RequestId": "r2"})
        ),
    ])
}

fn check(arguments: &[&str], expected: Expect) {
    expected.assert_eq(&lambdura(&loans().url(), arguments).text());
}

#[test]
fn show_draws_the_tree() {
    check(
        &["show", "loan-1"],
        expect![[r#"
        loan-1  SUCCEEDED  20 s

          function     loan-Workflow, version 3
          arn          arn:aws:lambda:us-east-1:000000000000:function:loan-Workflow:3/durable-execution/loan-1/0190aaaa
          started      2026-01-15 12:00:00.000
          ended        2026-01-15 12:00:20.000
          invocations  2, ran 2.7 s, waited 17.3 s
          input        {"amount":150000}
          result       {"status":"approved"}

        OPERATION                         TYPE             TIME   0                                     20 s
        ✓ validate                        Step ×2          5.9 s  ██░░░░░░░░███
        ■ approval                        WaitForCallback   14 s              ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
        └─ ■ approval create callback id  Callback          14 s              ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
    "#]],
    );
}

#[test]
fn show_as_json_has_awss_operations() {
    let ran = lambdura(&loans().url(), &["show", "@last", "--output", "json"]);
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(shown["Execution"]["Status"], "SUCCEEDED");
    let step = &shown["Operations"][0];
    assert_eq!(step["Type"], "STEP");
    assert_eq!(step["Status"], "SUCCEEDED");
    assert_eq!(step["StepDetails"], json!({"Attempt": 2, "Result": "true"}));
    let callback = &shown["Operations"][2];
    assert_eq!(callback["ParentId"], "w");
    assert_eq!(
        callback["CallbackDetails"]["CallbackId"],
        "Y2FsbGJhY2sgb2YgbWFuYWdlcg=="
    );
}

#[test]
fn history_has_a_line_for_each_event() {
    check(
        &["history", "0190aaaa"],
        expect![[r#"
            1    +0 ms  ExecutionStarted                                    timeout 1 h  {"amount":150000}
            2  +100 ms  StepStarted            validate
            3     +1 s  StepFailed             validate                     again in 4 s  Busy: try \u{1b}[31ml…
            4   +1.2 s  InvocationCompleted                                 ran 1.2 s  r1
            5     +5 s  StepStarted            validate
            6     +6 s  StepSucceeded          validate                     attempt 2  true
            7     +6 s  ContextStarted         approval
            8     +6 s  CallbackStarted        approval create callback id  timeout 30 min  Y2FsbGJhY2sgb2YgbWF…
            9   +6.5 s  InvocationCompleted                                 ran 1.5 s  r2
        "#]],
    );
}

#[test]
fn ls_lists_newest_first_and_by_status() {
    let service = loans();
    let names = |arguments: &[&str]| -> Vec<String> {
        let ran = lambdura(
            &service.url(),
            &[&["ls", "--output", "json"], arguments].concat(),
        );
        let listed: Value = serde_json::from_str(&ran.out).unwrap();
        let executions = listed["DurableExecutions"].as_array().unwrap().iter();
        executions
            .map(|it| it["DurableExecutionName"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&[]), ["loan-1", "loan-2"]);
    assert_eq!(names(&["--status", "failed"]), ["loan-2"]);
    assert_eq!(
        names(&["--limit", "1", "--function", "Workflow"]),
        ["loan-1"]
    );
    let text = lambdura(&service.url(), &["ls"]).out;
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["STATUS", "NAME", "STARTED", "TIME", "FUNCTION"]);
    assert_eq!(rows[1][..2], ["SUCCEEDED", "loan-1"]);
    assert_eq!(rows[1][rows[1].len() - 3..], ["20", "s", "loan-Workflow:3"]);
}

/// A service where an execution ends between two requests of a list.
#[test]
fn ls_lists_an_execution_once_as_it_is_now() {
    let service = Service::start(|request| {
        let running = json!({
            "DurableExecutionArn": ARN, "DurableExecutionName": "loan-1", "FunctionArn": format!("{FUNCTION}:3"),
            "Status": "RUNNING", "StartTimestamp": START,
        });
        let mut failed = running.clone();
        failed["Status"] = json!("FAILED");
        let executions = match &request.line {
            line if line.contains("Statuses=RUNNING") => json!([running]),
            line if line.contains("Statuses=FAILED") => json!([failed]),
            _ => return Some(Answer::json(&route(request)?)),
        };
        Some(Answer::json(&json!({ "DurableExecutions": executions })))
    });
    let statuses = ["running", "running", "failed"].map(|status| ["--status", status]);
    let ran = lambdura(
        &service.url(),
        &[&["ls", "--output", "json"], statuses.as_flattened()].concat(),
    );
    let listed: Value = serde_json::from_str(&ran.out).unwrap();
    let listed = listed["DurableExecutions"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{}", ran.out);
    assert_eq!(listed[0]["Status"], "FAILED");
    assert_eq!(service.requests("Statuses=RUNNING").len(), 1);
}

#[test]
fn open_prints_the_address() {
    let service = loans();
    let url = format!("{}/executions/0190aaaa", service.url());
    let open = |arguments: &[&str]| {
        let output = command(&[&["open", "loan-1"], arguments].concat())
            .env("LAMBDURA_ENDPOINT", service.url())
            .env("BROWSER", "true")
            .output()
            .unwrap();
        ran(&output)
    };
    assert_eq!(open(&[]).text(), format!("{url}\n"));
    let printed: Value = serde_json::from_str(&open(&["--output", "json"]).out).unwrap();
    assert_eq!(printed, json!({ "url": url }));
}

#[test]
fn logs_are_of_functions_or_executions() {
    let service = loans();
    let ran = lambdura(&service.url(), &["logs", "Workflow"]);
    expect![[r#"
        12:00:00.123 loan-Workflow START RequestId: r1
        12:00:00.456 loan-Workflow {"level":"INFO"}
    "#]]
    .assert_eq(&ran.text());
    assert_eq!(service.requests("function=loan-Workflow").len(), 2);
    // For an execution, `logs` prints everything from its first line on, and not only the last lines.
    let ran = lambdura(&service.url(), &["logs", "loan-1"]);
    expect![[r#"
        12:00:00.123 loan-Workflow START RequestId: r1
        12:00:00.456 loan-Workflow {"level":"INFO"}
    "#]]
    .assert_eq(&ran.text());
    let asked = service.requests("execution=arn%3Aaws");
    assert!(!asked.is_empty());
    assert!(
        asked.iter().all(|it| !it.line.contains("tail=true")),
        "{asked:?}"
    );
    let ran = lambdura(&service.url(), &["logs", "loan-1", "--limit", "1"]);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.text());
    assert!(ran.out.contains("INFO"), "{}", ran.text());
    // The execution has ended, so following it ends too.
    let ran = lambdura(
        &service.url(),
        &["logs", "loan-1", "--follow", "--output", "json"],
    );
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.text());
    let followed = service.requests("after=2");
    assert!(
        followed[0].line.contains("execution=arn%3Aaws"),
        "{followed:?}"
    );
}

#[test]
fn logs_that_are_left_out_are_mentioned() {
    // A service with a line for each number, up to a thousand.
    let service = Service::start(|request| {
        let (path, query) = request.line.split_once('?')?;
        if path != "GET /lambdura/v1/logs" {
            return None;
        }
        let limit = query.split('&').find_map(|it| it.strip_prefix("limit="));
        let first = 1_001 - limit?.parse::<i64>().ok()?;
        let line = |number| {
            json!({
                "number": number, "timestamp": 0, "function": "F", "stream": "stdout", "text": "x",
            })
        };
        let lines: Vec<_> = (first..=1_000).map(line).collect();
        Some(Answer::json(
            &json!({ "lines": lines, "next_before": first }),
        ))
    });
    let ran = lambdura(&service.url(), &["logs"]);
    assert_eq!(ran.out.lines().count(), 200, "{}", ran.err);
    assert_eq!(ran.err, "the last 200 lines; `--limit` shows more\n");
    let ran = lambdura(&service.url(), &["logs", "--limit", "3"]);
    assert_eq!((ran.out.lines().count(), ran.err.as_str()), (3, ""));
}

#[test]
fn callbacks_are_found_by_what_they_are_called() {
    let service = loans();
    for name in [
        "loan-1",
        "loan-1/approval",
        &format!("{ARN}/approval create callback id"),
        "Y2FsbGJhY2sgb2YgbWFuYWdlcg==",
    ] {
        let ran = lambdura(
            &service.url(),
            &[
                "callback",
                "succeed",
                name,
                "--result",
                "{\"approved\": true}",
            ],
        );
        assert_eq!(ran.text(), "✓ callback succeeded\n", "{name}");
        let sent = service.requests("/succeed");
        assert_eq!(sent.last().unwrap().body, "{\"approved\": true}");
    }
    let sent = service.requests("/succeed").len();
    let ran = lambdura(
        &service.url(),
        &["callback", "succeed", "loan-1", "--result", "approved"],
    );
    let text = ran.text();
    assert!(text.contains("the payload is not JSON"), "{text}");
    assert_eq!(service.requests("/succeed").len(), sent);
    let ran = lambdura(&service.url(), &["callback", "heartbeat", "loan-1/fraud"]);
    expect![[r#"
        err: error: `loan-1` waits for no callback `fraud`
        err:   help: it waits for 'loan-1/approval'
        exit: 3
    "#]]
    .assert_eq(&ran.text());
}

#[test]
fn stop_sends_the_reason() {
    let service = loans();
    let ran = lambdura(
        &service.url(),
        &["stop", "loan-1", "--reason", "entered twice"],
    );
    assert_eq!(ran.text(), "■ loan-1 SUCCEEDED 2026-01-15 12:00:20.000\n");
    assert_eq!(
        service.requests("/stop")[0].body,
        r#"{"ErrorMessage":"entered twice"}"#
    );
}

#[test]
fn invoke_uses_the_only_alias_and_says_so() {
    let service = Service::start(|request| {
        if !request.line.starts_with("POST ") {
            return Some(Answer::json(&route(request)?));
        }
        assert_eq!(
            request.line,
            "POST /2015-03-31/functions/loan-Workflow/invocations?Qualifier=live"
        );
        let answer = match request.header("x-amz-invocation-type")? {
            "Event" => Answer::text("")
                .with_status(202)
                .with("x-amz-durable-execution-arn", ARN),
            _ => Answer::text(r#"{"status":"approved"}"#),
        };
        Some(answer)
    });
    let run = |arguments: &[&str]| {
        let arguments = [
            &["invoke", "Workflow", "--payload", "{\"a\": 1}"],
            arguments,
        ]
        .concat();
        lambdura(&service.url(), &arguments).text()
    };
    expect![[r#"
        {"status":"approved"}
        err: using the only alias: loan-Workflow:live
    "#]]
    .assert_eq(&run(&[]));
    expect![[r#"
        arn:aws:lambda:us-east-1:000000000000:function:loan-Workflow:3/durable-execution/loan-1/0190aaaa
        err: using the only alias: loan-Workflow:live
        err: next: lambdura show loan-1    lambdura logs loan-1 --follow
    "#]].assert_eq(&run(&["--event", "--name", "loan-1"]));
    let sent = service.requests("/invocations");
    assert_eq!(sent[0].body, "{\"a\": 1}");
    assert_eq!(
        sent[1].header("x-amz-durable-execution-name"),
        Some("loan-1")
    );
    // Waiting starts it asynchronously and prints the execution's result.
    expect![[r#"
        {"status":"approved"}
        err: using the only alias: loan-Workflow:live
        err: arn:aws:lambda:us-east-1:000000000000:function:loan-Workflow:3/durable-execution/loan-1/0190aaaa
    "#]].assert_eq(&run(&["--wait"]));
}

#[test]
fn a_function_that_fails_is_exit_code_5() {
    let service = Service::start(|request| {
        if !request.line.starts_with("POST ") {
            return Some(Answer::json(&route(request)?));
        }
        let body = "{\"errorMessage\":\"no such table\",\"errorType\":\"TableError\"}";
        Some(Answer::text(body).with("x-amz-function-error", "Unhandled"))
    });
    let ran = lambdura(&service.url(), &["invoke", "loan-Api"]);
    expect![[r#"
        {"errorMessage":"no such table","errorType":"TableError"}
        exit: 5
    "#]]
    .assert_eq(&ran.text());
}

/// Two executions are set aside, one with a name that can be read.
fn quarantine() -> Service {
    Service::start(|request| {
        let aside = json!([
            {"execution_id": "0190aaaa", "set_aside_at": 1_768_478_400_000_i64, "attempted": "go on with it",
             "reason": "load execution `0190aaaa`: unknown status `STBRTED`",
             "durable_execution_arn": ARN, "name": "loan-1", "function": "loan-Workflow"},
            {"execution_id": "0190aabb", "set_aside_at": 1_768_478_400_000_i64, "attempted": "fire a deadline",
             "reason": "panicked: \u{1b}[2Jno such thing"},
        ]);
        Some(Answer::json(&match request.line.as_str() {
            "GET /lambdura/v1/set-aside?limit=1000" => {
                json!({"count": 2, "executions": [aside[0]], "next_after": "0190aaaa"})
            }
            "GET /lambdura/v1/set-aside?limit=1000&after=0190aaaa" => {
                json!({"count": 2, "executions": [aside[1]]})
            }
            "POST /lambdura/v1/set-aside/0190aaaa/try-again" => json!({"outcome": "taken_back"}),
            "POST /lambdura/v1/set-aside/0190aabb/try-again" => {
                json!({"outcome": "set_aside", "execution": aside[1]})
            }
            _ => return None,
        }))
    })
}

#[test]
fn what_is_set_aside_is_listed_and_shown() {
    let service = quarantine();
    let listed = lambdura(&service.url(), &["quarantine"]);
    let lines: Vec<&str> = listed.out.lines().map(str::trim_end).collect();
    assert_eq!(listed.code, Some(0));
    assert!(lines[0].starts_with("EXECUTION"), "{lines:?}");
    assert!(lines[1].starts_with("loan-1 "), "{lines:?}");
    assert!(
        listed.out.contains("0190aabb"),
        "no name can be read: {lines:?}"
    );
    assert!(listed.out.contains(r"panicked: \u{1b}[2Jno"), "{lines:?}");
    let shown = lambdura(&service.url(), &["quarantine", "show", "loan"]);
    let text = shown.text();
    let (head, rest) = text.split_once('\n').unwrap();
    assert!(
        head.starts_with("loan-1  set aside  since 2026-01-15 12:00:00.000 ("),
        "{head}"
    );
    expect![[r#"
          id         0190aaaa
          function   loan-Workflow
          ARN        arn:aws:lambda:us-east-1:000000000000:function:loan-Workflow:3/durable-execution/loan-1/0190aaaa
          attempted  go on with it
          reason     load execution `0190aaaa`: unknown status `STBRTED`
        err: `lambdura quarantine retry loan-1` tries it again
    "#]]
    .assert_eq(rest);
    let json = lambdura(&service.url(), &["quarantine", "--output", "json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["executions"][1]["execution_id"], "0190aabb");
    let unknown = lambdura(&service.url(), &["quarantine", "show", "order"]);
    expect![[r#"
        err: error: no execution called `order` is set aside
        err:   help: see what exists with `lambdura quarantine`
        exit: 3
    "#]]
    .assert_eq(&unknown.text());
}

#[test]
fn what_is_set_aside_is_tried_again() {
    let service = quarantine();
    let one = lambdura(&service.url(), &["quarantine", "retry", ARN]);
    expect![[r#"
        ▶ loan-1 goes on
    "#]]
    .assert_eq(&one.text());
    let all = lambdura(&service.url(), &["quarantine", "retry", "--all"]);
    expect![[r#"
        ▶ loan-1 goes on
        ✗ 0190aabb is set aside again: fire a deadline: panicked: \u{1b}[2Jno such thing
        err: error: 1 of 2 failed again, and stay set aside
        exit: 1
    "#]]
    .assert_eq(&all.text());
    let json = lambdura(
        &service.url(),
        &["quarantine", "retry", "--all", "--output", "json"],
    );
    let told: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        told["executions"][0],
        json!({"execution_id": "0190aaaa", "name": "loan-1", "outcome": "taken_back"})
    );
    assert_eq!(told["executions"][1]["outcome"], "set_aside");
    assert_eq!(json.code, Some(1));
}

#[test]
fn nothing_is_set_aside() {
    let empty = |request: &Request| {
        let found = request.line.starts_with("GET /lambdura/v1/set-aside");
        found.then(|| Answer::json(&json!({"count": 0, "executions": []})))
    };
    let service = Service::start(empty);
    for arguments in [&["quarantine"][..], &["quarantine", "retry", "--all"]] {
        let told = lambdura(&service.url(), arguments).text();
        assert_eq!(told, "err: no execution is set aside\n");
    }
    assert_eq!(
        lambdura(&service.url(), &["quarantine", "retry", "@last"]).code,
        Some(3)
    );
}
