//! `lambdura up` for real: a template, a function in Python, a durable execution that waits for a person.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::lambdura::{Ran, command, ran};
use crate::running::{Up, get, python, unwrapped, wait_for};

const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    CodeUri: code/
    Timeout: 20
    Environment:
      Variables: { GREETING: from the template }
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: Echo
      Events:
        Get:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Path: /echo, Method: GET }
  Approval:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: Approval
      AutoPublishAlias: live
      DurableConfig: { ExecutionTimeout: 3600 }
  Api:
    Type: AWS::Serverless::HttpApi
  Queue:
    Type: AWS::SQS::Queue
Outputs:
  ApiUrl:
    Value: !Sub 'https://${Api}.execute-api.${AWS::Region}.amazonaws.com'
"#;

/// Both functions: a plain event is sent back, a durable one waits for a callback and returns its result.
const BOOTSTRAP: &str = r#"
import json, os, urllib.parse, urllib.request

def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return answer.headers, json.loads(answer.read() or b"null")

def durable(event):
    arn = urllib.parse.quote(event["DurableExecutionArn"], safe="")
    for operation in event["InitialExecutionState"]["Operations"]:
        if operation["Type"] == "CALLBACK":
            if operation["Status"] == "STARTED":
                return {"Status": "PENDING"}
            return {"Status": "SUCCEEDED", "Result": operation["CallbackDetails"]["Result"]}
    print("asking the manager", flush=True)
    call(os.environ["AWS_ENDPOINT_URL"] + f"/2025-12-01/durable-executions/{arn}/checkpoint", {
        "CheckpointToken": event["CheckpointToken"],
        "Updates": [{"Id": "1", "Type": "CALLBACK", "SubType": "Callback", "Name": "manager", "Action": "START"}],
    })
    return {"Status": "PENDING"}

runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    headers, event = call(runtime + "next")
    if "DurableExecutionArn" in event:
        result = durable(event)
    elif "requestContext" in event:
        result = {"statusCode": 200, "body": os.environ["GREETING"]}
    else:
        print("echo", json.dumps(event), flush=True)
        result = event
    call(runtime + headers["Lambda-Runtime-Aws-Request-Id"] + "/response", result)
"#;

struct Stack {
    dir: tempfile::TempDir,
}

impl Stack {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("template.yaml"), TEMPLATE).unwrap();
        fs::create_dir(dir.path().join("code")).unwrap();
        let bootstrap = dir.path().join("code/bootstrap");
        fs::write(&bootstrap, format!("#!{}\n{BOOTSTRAP}", python())).unwrap();
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn start(stack: &Stack, arguments: &[&str]) -> Up {
    let greeting = ["--env", "GREETING=hello, world"];
    Up::start(stack.dir.path(), &[&greeting, arguments].concat())
}

#[test]
fn a_durable_execution_waits_for_a_person_and_survives_restarts() {
    let stack = Stack::new();
    let mut up = start(&stack, &[]);
    assert_eq!(
        up.ready["functions"]["Approval"],
        "arn:aws:lambda:us-east-1:000000000000:function:Approval:live"
    );
    assert_eq!(up.ready["pid"], up.child.as_ref().unwrap().id());

    let echoed = up.run(&["invoke", "Echo", "--payload", "{\"a\":1}"]);
    assert_eq!(
        echoed.out.replace(' ', ""),
        "{\"a\":1}\n",
        "{}",
        echoed.text()
    );
    wait_for(&up, &["logs", "Echo"], "echo {\"a\": 1}");

    let api = up.ready["http_apis"]["Api"].as_str().unwrap();
    let greeted = get(&format!("{api}/echo"), "accept: */*");
    assert!(greeted.ends_with("hello, world"), "{greeted}");

    let started = up.run(&["invoke", "Approval", "--event", "--name", "loan-1"]);
    assert!(
        started.out.contains("/durable-execution/loan-1/"),
        "{}",
        started.text()
    );
    let shown = wait_for(&up, &["show", "loan-1"], "waits for its callback");
    assert!(shown.out.contains("◌ manager"), "{}", shown.text());
    assert!(
        shown
            .err
            .contains("lambdura callback succeed 'loan-1/manager'"),
        "{}",
        shown.text()
    );
    wait_for(
        &up,
        &["history", "loan-1", "--output", "json"],
        "InvocationCompleted",
    );
    let logged = wait_for(&up, &["logs", "@last"], "asking the manager");
    assert!(!logged.out.contains("echo"), "{}", logged.text());

    // A second service on the same port names the process that has it.
    let endpoint = up.endpoint().trim_start_matches("http://").to_owned();
    let other = tempfile::tempdir().unwrap();
    let second = command(&[
        "up",
        &stack.dir.path().display().to_string(),
        "--listen",
        &endpoint,
    ])
    .args(["--data-dir", &other.path().display().to_string()])
    .output()
    .unwrap();
    let second = ran(&second);
    assert_eq!(second.code, Some(1), "{}", second.text());
    let pid = up.ready["pid"].to_string();
    let said = unwrapped(&second.err);
    assert!(
        said.contains(&format!("taken by process {pid}")),
        "{}",
        second.text()
    );
    assert!(said.contains("--listen 127.0.0.1:0"), "{}", second.text());

    let stopped = up.signal("INT");
    assert_eq!(stopped.code, Some(130), "{}", stopped.text());
    assert!(
        stopped.err.contains("continue with the next `lambdura up`"),
        "{}",
        stopped.text()
    );
    assert!(
        stopped.out.contains("Queue (AWS::SQS::Queue)"),
        "{}",
        stopped.out
    );
    assert!(!stack.path("ready.json").exists());

    let mut up = start(&stack, &[]);
    let done = up.run(&[
        "callback",
        "succeed",
        "loan-1/manager",
        "--result",
        "{\"approved\":true}",
    ]);
    assert_eq!(done.code, Some(0), "{}", done.text());
    wait_for(&up, &["show", "loan-1"], "SUCCEEDED");
    let history = up.run(&["history", "@last"]);
    let kinds: Vec<&str> = history
        .out
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.len() > 8))
        .collect();
    assert_eq!(
        kinds,
        [
            "ExecutionStarted",
            "CallbackStarted",
            "InvocationCompleted",
            "CallbackSucceeded",
            "InvocationCompleted",
            "ExecutionSucceeded"
        ],
        "{}",
        history.text()
    );
    let again = up.run(&["invoke", "Approval", "--wait", "--name", "loan-1"]);
    assert_eq!(again.out, "{\"approved\":true}\n", "{}", again.text());
    let stopped = up.signal("TERM");
    assert_eq!(stopped.code, Some(0), "{}", stopped.text());
}

#[test]
fn a_template_with_a_typo_is_shown_with_its_line() {
    let stack = Stack::new();
    let wrong = TEMPLATE.replace("AutoPublishAlias: live", "AutoPublishAlais: live");
    fs::write(stack.path("template.yaml"), wrong).unwrap();
    let ran = up_fails(&stack, &[]);
    assert!(ran.err.contains("AutoPublishAlais"), "{}", ran.text());
    assert!(ran.err.contains("template.yaml:"), "{}", ran.text());
}

#[test]
fn a_function_without_code_is_named() {
    let stack = Stack::new();
    fs::remove_file(stack.path("code/bootstrap")).unwrap();
    let ran = up_fails(&stack, &[]);
    assert!(
        ran.err.contains("function `Echo` has no code"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_crate_that_does_not_compile_names_its_function() {
    let stack = Stack::new();
    rust_function(&stack.path("code"), "fn main() { oops }");
    let ran = up_fails(&stack, &[]);
    assert!(
        ran.err.contains("cannot find value `oops`"),
        "{}",
        ran.text()
    );
    let said = unwrapped(&ran.err);
    assert!(
        said.contains("functions `Echo`, `Approval` cannot be built"),
        "{}",
        ran.text()
    );
    let ran = up_fails(&stack, &["--no-build"]);
    assert!(ran.err.contains("has not been built"), "{}", ran.text());
}

/// Answers every event with its length: the Runtime API with the standard library alone.
const RUST_FUNCTION: &str = r#"
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

fn call(request: &str, body: &str) -> (String, Vec<u8>) {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = TcpStream::connect(&host).unwrap();
    let length = body.len();
    write!(stream, "{request} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
    let mut reader = BufReader::new(stream);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else {
            if line.trim().is_empty() { break } else { continue }
        };
        match name.to_lowercase().as_str() {
            "lambda-runtime-aws-request-id" => id = value.to_owned(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (id, body)
}

fn main() {
    loop {
        let (id, event) = call("GET /2018-06-01/runtime/invocation/next", "");
        let path = format!("POST /2018-06-01/runtime/invocation/{id}/response");
        call(&path, &event.len().to_string());
    }
}
"#;

#[test]
fn a_rust_function_is_built_once_and_started_without_cargo_later() {
    let stack = Stack::new();
    rust_function(&stack.path("code"), RUST_FUNCTION);
    let mut up = start(&stack, &[]);
    let answered = up.run(&["invoke", "Echo", "--payload", "[1,2,3]"]);
    assert_eq!(answered.text(), "7\n");
    let first = up.signal("TERM");
    assert!(
        first.err.contains("building Echo, Approval"),
        "{}",
        first.text()
    );
    assert!(first.out.contains("1 (live)"), "{}", first.text());

    let mut up = start(&stack, &["--no-build"]);
    assert_eq!(up.run(&["invoke", "Echo"]).text(), "2\n");
    let second = up.signal("TERM");
    assert!(!second.err.contains("building"), "{}", second.text());
    // The same code is the same version.
    assert!(second.out.contains("1 (live)"), "{}", second.text());
}

#[test]
fn a_makefile_builds_in_a_copy_of_the_source_as_sam_does() {
    let stack = Stack::new();
    let resource = "  Echo:\n    Type: AWS::Serverless::Function\n";
    let built = format!("{resource}    Metadata: {{ BuildMethod: makefile }}\n");
    fs::write(
        stack.path("template.yaml"),
        TEMPLATE.replace(resource, &built),
    )
    .unwrap();
    let makefile = "build-Echo:\n\
        \ttest -z \"$$(ls -A '$(ARTIFACTS_DIR)')\"\n\
        \ttouch made-beside-the-source\n\
        \tcp bootstrap '$(ARTIFACTS_DIR)'\n\
        \tcase '$(ARTIFACTS_DIR)' in /*) ;; *) exit 1 ;; esac\n";
    fs::write(stack.path("code/Makefile"), makefile).unwrap();
    // Twice: the second build finds no files of the first one.
    for _ in 0..2 {
        let mut up = start(&stack, &[]);
        let answered = up.run(&["invoke", "Echo", "--payload", "[1,2,3]"]);
        assert_eq!(answered.text(), "[1, 2, 3]\n");
        up.signal("TERM");
        assert!(!stack.path("code/made-beside-the-source").exists());
        assert!(!stack.path(".lambdura/build/Echo.scratch").exists());
    }
}

/// A crate in the place of the script, with a workspace and a target folder of its own.
fn rust_function(dir: &Path, main: &str) {
    fs::remove_file(dir.join("bootstrap")).unwrap();
    fs::create_dir(dir.join("src")).unwrap();
    fs::write(dir.join("src/main.rs"), main).unwrap();
    let manifest =
        "[package]\nname = \"oops\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
}

fn up_fails(stack: &Stack, arguments: &[&str]) -> Ran {
    let template = stack.dir.path().display().to_string();
    let output = command(&[&["up", &template, "--listen", "127.0.0.1:0"], arguments].concat())
        .env("CARGO_TARGET_DIR", stack.path("target"))
        .output()
        .unwrap();
    let ran = ran(&output);
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    ran
}

#[test]
fn a_function_that_dies_is_shown_as_failing() {
    let stack = Stack::new();
    let bootstrap = stack.path("code/bootstrap");
    let script = fs::read_to_string(&bootstrap).unwrap();
    let dies = script.replace(
        "def durable(event):",
        "def durable(event):\n    os._exit(3)",
    );
    fs::write(&bootstrap, dies).unwrap();
    let mut up = start(&stack, &[]);
    let started = up.run(&["invoke", "Approval", "--event", "--name", "dies"]);
    assert_eq!(started.code, Some(0), "{}", started.text());
    let shown = wait_for(&up, &["show", "dies"], "failing");
    assert!(shown.out.contains("Runtime.ExitError"), "{}", shown.text());
    let listed = wait_for(&up, &["ls"], "failing: ");
    assert!(
        listed.out.contains("Runtime.ExitError"),
        "{}",
        listed.text()
    );
    let refused = up.run(&["retry", "dies"]);
    assert!(
        refused.err.contains("`--now` continues it"),
        "{}",
        refused.text()
    );
    let stopped = up.run(&["stop", "dies", "--reason", "it never works"]);
    assert!(stopped.out.contains("dies STOPPED"), "{}", stopped.text());
    let listed = up.run(&["ls", "--status", "stopped", "--output", "json"]);
    assert!(
        listed.out.contains("/durable-execution/dies/"),
        "{}",
        listed.text()
    );
    let waited = up.run(&["invoke", "Approval", "--wait", "--name", "dies"]);
    assert_eq!(waited.code, Some(5), "{}", waited.text());
    let again = up.run(&["retry", "dies"]);
    assert!(
        again.out.contains("/durable-execution/dies-"),
        "{}",
        again.text()
    );
    assert!(waited.out.contains("it never works"), "{}", waited.text());
    let ended = up.signal("TERM");
    assert_eq!(ended.code, Some(0), "{}", ended.text());
}

/// An execution whose code fails goes on, as the same one, once its version was given the mended code.
#[test]
fn an_execution_goes_on_with_mended_code() {
    let stack = Stack::new();
    let bootstrap = stack.path("code/bootstrap");
    let works = fs::read_to_string(&bootstrap).unwrap();
    let dies = works.replace(
        "def durable(event):",
        "def durable(event):\n    os._exit(3)",
    );
    fs::write(&bootstrap, dies).unwrap();
    let mut up = start(&stack, &[]);
    up.run(&["invoke", "Approval", "--event", "--name", "loan"]);
    let shown = wait_for(&up, &["show", "loan"], "failing");
    assert!(
        shown.out.contains("lambdura retry loan --now"),
        "{}",
        shown.text()
    );
    fs::write(&bootstrap, works).unwrap();
    wait_for(&up, &["functions"], "live → 2");

    let missing = up.run(&["retry", "loan", "--now", "--qualifier", "7"]);
    assert_eq!(missing.code, Some(3), "{}", missing.text());
    let now = up.run(&["retry", "loan", "--now"]);
    assert!(
        now.out.contains("/durable-execution/loan/"),
        "{}",
        now.text()
    );
    assert!(
        now.err
            .contains("version 1 of Approval runs the code of version 2"),
        "{}",
        now.text()
    );
    let shown = wait_for(&up, &["show", "loan"], "waits for its callback");
    assert!(shown.out.contains("version 1"), "{}", shown.text());
    let again = up.run(&["retry", "loan", "--now"]);
    assert!(
        again.err.contains("has that code already"),
        "{}",
        again.text()
    );

    // The replaced code of a version survives a restart of the server.
    up.signal("TERM");
    let mut up = start(&stack, &[]);
    up.run(&["callback", "succeed", "loan/manager", "--result", "true"]);
    wait_for(&up, &["show", "loan"], "SUCCEEDED");
    let ended = up.run(&["retry", "loan", "--now"]);
    assert!(ended.err.contains("has ended"), "{}", ended.text());
    up.signal("TERM");
}

/// A changed source is deployed while everything runs; an open execution goes on with the code that it began with.
#[test]
fn a_changed_source_is_taken_up_while_executions_go_on() {
    let stack = Stack::new();
    let mut up = start(&stack, &[]);
    up.run(&["invoke", "Approval", "--event", "--name", "loan-1"]);
    wait_for(&up, &["show", "loan-1"], "waits for its callback");
    let listed = up.run(&["ls"]);
    assert!(listed.out.contains("callback manager"), "{}", listed.text());
    let callbacks = up.run(&["callbacks"]);
    assert!(
        callbacks.out.contains("loan-1/manager"),
        "{}",
        callbacks.text()
    );

    let bootstrap = stack.path("code/bootstrap");
    let changed = fs::read_to_string(&bootstrap)
        .unwrap()
        .replace("result = event", "result = [\"changed\", event]");
    fs::write(&bootstrap, changed).unwrap();
    // One function is published after the other; what changed is said when all are.
    up.wait_for_error("Approval version 2 (live); 1 execution goes on with version 1");
    let echoed = up.run(&["invoke", "Echo", "--payload", "{}"]);
    assert!(echoed.out.contains("changed"), "{}", echoed.text());
    up.run(&["invoke", "Approval", "--event", "--name", "loan-2"]);
    let shown = wait_for(&up, &["show", "loan-2"], "waits for its callback");
    assert!(shown.out.contains("version 2"), "{}", shown.text());

    up.run(&["callback", "succeed", "loan-1/manager", "--result", "true"]);
    let shown = wait_for(&up, &["show", "loan-1"], "SUCCEEDED");
    assert!(shown.out.contains("version 1"), "{}", shown.text());

    let ended = up.signal("INT");
    assert_eq!(ended.code, Some(130), "{}", ended.text());
}

/// An edited template is deployed, with its new parts; a template with a mistake changes nothing.
#[test]
fn an_edited_template_is_taken_up() {
    let stack = Stack::new();
    let mut up = start(&stack, &[]);
    let template = stack.path("template.yaml");
    fs::write(
        &template,
        format!("{TEMPLATE}  Oops: {{ Value: !Ref Nothing }}\n"),
    )
    .unwrap();
    let named = TEMPLATE.replace("  Api:\n", "  Second:\n    Type: AWS::Serverless::Function\n    Properties:\n      FunctionName: Second\n  Api:\n");
    assert_ne!(named, TEMPLATE);
    fs::write(&template, named).unwrap();
    wait_for(
        &up,
        &["invoke", "Second", "--payload", "{\"n\": 1}"],
        "\"n\": 1",
    );
    let listed = up.run(&["functions"]);
    assert!(listed.out.contains("Second"), "{}", listed.text());

    fs::write(
        &template,
        TEMPLATE.replace("FunctionName: Echo", "FunctionName: Other"),
    )
    .unwrap();
    wait_for(
        &up,
        &["invoke", "Other", "--payload", "{\"n\": 2}"],
        "\"n\": 2",
    );
    up.wait_for_error("Echo is no longer in the template");
    let ended = up.signal("INT");
    assert_eq!(ended.code, Some(130), "{}", ended.text());
}
