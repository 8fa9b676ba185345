//! Messages about mistakes, and their exit codes.

use expect_test::{Expect, expect};
use serde_json::json;

use crate::lambdura::{command, lambdura, ran};
use crate::service::{Answer, Service};

fn check(service: &Service, arguments: &[&str], expected: Expect) {
    expected.assert_eq(&lambdura(&service.url(), arguments).text());
}

fn functions(names: &'static [&'static str]) -> Service {
    Service::start(move |request| {
        let path = request.line.split('?').next()?;
        let functions: Vec<_> = names
            .iter()
            .map(|name| json!({"FunctionName": name, "FunctionArn": name, "DurableConfig": {"ExecutionTimeout": 60}}))
            .collect();
        match path {
            "GET /2015-03-31/functions" => Some(Answer::json(&json!({ "Functions": functions }))),
            it if it.ends_with("/durable-executions") => {
                Some(Answer::json(&json!({"DurableExecutions": []})))
            }
            it if it.ends_with("/aliases") => Some(Answer::json(&json!({"Aliases": [
                {"AliasArn": "a", "Name": "live", "FunctionVersion": "1"},
                {"AliasArn": "b", "Name": "next", "FunctionVersion": "2"},
            ]}))),
            _ => None,
        }
    })
}

#[test]
fn nobody_answers() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let ran = lambdura(&format!("http://{address}"), &["ls"]);
    let text = ran.text().replace(&address.to_string(), "ADDRESS");
    expect![[r#"
        err: error: cannot reach the service at http://ADDRESS
        err:   because: Connection refused (os error 111)
        err:   help: start the service with `lambdura up`, or name another one with `--endpoint URL`
        exit: 4
    "#]]
    .assert_eq(&text);
}

#[test]
fn somebody_else_answers() {
    let service = Service::start(|_| Some(Answer::text("<html>hello</html>")));
    let text = lambdura(&service.url(), &["ls"]).text();
    expect![[r#"
        err: error: the answer of URL to GET /2015-03-31/functions?MaxItems=1000 makes no sense: expected value at line 1 column 1
        err:   help: is the endpoint really the Lambda API? `--endpoint URL` names another
        exit: 1
    "#]].assert_eq(&text.replace(&service.url(), "URL"));
    let service = Service::start(|_| Some(Answer::text("nothing here").with_status(404)));
    let text = lambdura(&service.url(), &["ls"]).text();
    expect![[r#"
        err: error: the answer of URL to GET /2015-03-31/functions?MaxItems=1000 makes no sense: status 404 without an error type
        err:   help: is the endpoint really the Lambda API? `--endpoint URL` names another
        exit: 1
    "#]].assert_eq(&text.replace(&service.url(), "URL"));
}

#[test]
fn endpoints_must_be_urls() {
    let ran = lambdura("localhost:3001", &["ls"]);
    expect![[r#"
        err: error: `localhost:3001` is not an endpoint: it must begin with http:// or https://
        err:   help: for example `http://127.0.0.1:3001`
        exit: 2
    "#]]
    .assert_eq(&ran.text());
}

#[test]
fn names_that_do_not_exist() {
    let service = functions(&["LoanWorkflow", "FraudCheck"]);
    check(
        &service,
        &["invoke", "LoanWorkflw"],
        expect![[r#"
        err: error: there is no function `LoanWorkflw`
        err:   help: did you mean `LoanWorkflow`?
        exit: 3
    "#]],
    );
    check(
        &service,
        &["show", "nothing"],
        expect![[r#"
        err: error: no execution's name or id begins with `nothing`
        err:   help: see what exists with `lambdura ls`
        exit: 3
    "#]],
    );
    check(
        &service,
        &["show"],
        expect![[r#"
        err: error: there are no executions yet
        err:   help: start one with `lambdura invoke FUNCTION --event`
        exit: 3
    "#]],
    );
    check(
        &service,
        &["logs", "nothing"],
        expect![[r#"
        err: error: there is neither a function nor an execution `nothing`
        err:   help: there are: FraudCheck, LoanWorkflow
        exit: 3
    "#]],
    );
    check(
        &service,
        &["stop", "not/a name"],
        expect![[r#"
        err: error: `not/a name` cannot be an execution
        err:   help: name it by ARN, by name, by a unique prefix of name or id, or as `@last`
        exit: 2
    "#]],
    );
    check(
        &service,
        &["show", "arn:aws:s3:::bucket"],
        expect![[r#"
        err: error: `arn:aws:s3:::bucket` is not a durable execution ARN such as `arn:aws:lambda:us-east-1:000000000000:function:Name:1/durable-execution/name/id`
        err:   help: `lambdura ls --output json` prints the ARNs
        exit: 2
    "#]],
    );
}

#[test]
fn durable_functions_need_a_qualifier() {
    let service = functions(&["LoanWorkflow"]);
    check(
        &service,
        &["invoke", "LoanWorkflow"],
        expect![[r#"
        err: error: `LoanWorkflow` is durable, and a durable function is invoked by version or alias
        err:   help: say which: `LoanWorkflow:live`, `LoanWorkflow:next`, `LoanWorkflow:$LATEST`
        exit: 2
    "#]],
    );
    check(
        &service,
        &["invoke", "LoanWorkflow", "--payload", "{oops"],
        expect![[r#"
            err: error: the payload is not JSON: key must be a string at line 1 column 2
            err:   help: quote it for the shell, as in '{"key": "value"}'; a text is JSON with its quotes, '"text"'; or use `@FILE`
            exit: 2
        "#]],
    );
}

#[test]
fn the_services_words_are_harmless_to_the_terminal() {
    let service = Service::start(|_| {
        Some(Answer::error(
            429,
            "TooManyRequestsException:http://internal/",
            "slow \u{1b}]0;down\u{7}",
        ))
    });
    check(
        &service,
        &["ls"],
        expect![[r#"
        err: error: slow \u{1b}]0;down\u{7} (TooManyRequestsException)
        err:   help: try again in a moment, or allow more with `lambdura up --concurrency N`
        err:   more: lambdura docs TooManyRequestsException
        exit: 1
    "#]],
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;

    let service = Service::start(|_| {
        let line = |number: i64| json!({"number": number, "timestamp": 0, "function": "F", "stream": "stdout", "text": "x".repeat(100)});
        let lines: Vec<_> = (0..20_000).map(line).collect();
        Some(Answer::json(&json!({ "lines": lines })))
    });
    let mut child = command(&["logs"])
        .env("LAMBDURA_ENDPOINT", service.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = ran(&child.wait_with_output().unwrap());
    assert_eq!(ran.text(), "");
}

#[test]
fn exit_codes_are_documented() {
    let help = command(&["--help"]).output().unwrap();
    let help = ran(&help).out;
    for line in [
        "0    done",
        "3    no such function, execution or callback",
        "130  Ctrl-C",
    ] {
        assert!(help.contains(line), "{help}");
    }
    for command_name in [
        "up", "invoke", "ls", "show", "history", "logs", "callback", "stop",
    ] {
        let help = command(&[command_name, "--help"]).output().unwrap();
        assert!(ran(&help).out.contains("Examples:"), "{command_name}");
    }
    let usage = command(&["show", "--no-such-option"]).output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
}
