//! Backups, restores, checks and copies with the real binary: of a server that runs, dies and is gone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lambdura::{Ran, command, ran};
use crate::running::{Up, get, python, wait_for};

const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Patient:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: Patient
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code/
      Timeout: 20
      AutoPublishAlias: live
      DurableConfig: { ExecutionTimeout: 3600 }
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Things
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      BillingMode: PAY_PER_REQUEST
"#;

/// Waits for two seconds or for a callback, as its input says, and returns that input.
const BOOTSTRAP: &str = r#"
import json, os, urllib.parse, urllib.request

def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return answer.headers, json.loads(answer.read() or b"null")

def durable(event):
    arn = urllib.parse.quote(event["DurableExecutionArn"], safe="")
    operations = event["InitialExecutionState"]["Operations"]
    what = operations[0]["ExecutionDetails"]["InputPayload"]
    for operation in operations[1:]:
        if operation["Status"] == "STARTED":
            return {"Status": "PENDING"}
        return {"Status": "SUCCEEDED", "Result": what}
    update = {"Id": "1", "Name": "it", "Action": "START"}
    if "wait" in what:
        update |= {"Type": "WAIT", "SubType": "Wait", "WaitOptions": {"WaitSeconds": 2}}
    else:
        update |= {"Type": "CALLBACK", "SubType": "Callback"}
    call(os.environ["AWS_ENDPOINT_URL"] + f"/2025-12-01/durable-executions/{arn}/checkpoint", {
        "CheckpointToken": event["CheckpointToken"], "Updates": [update],
    })
    return {"Status": "PENDING"}

runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    headers, event = call(runtime + "next")
    call(runtime + headers["Lambda-Runtime-Aws-Request-Id"] + "/response", durable(event))
"#;

fn lambdura(arguments: &[&str]) -> Ran {
    ran(&command(arguments).output().unwrap())
}

fn stack() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("template.yaml"), TEMPLATE).unwrap();
    fs::create_dir(dir.path().join("code")).unwrap();
    let bootstrap = dir.path().join("code/bootstrap");
    fs::write(&bootstrap, format!("#!{}\n{BOOTSTRAP}", python())).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Starts an execution, and returns once it waits.
fn begin(up: &Up, name: &str, input: &str) {
    let payload = format!("\"{input}\"");
    let line = [
        "invoke",
        "Patient:live",
        "--event",
        "--name",
        name,
        "--payload",
        &payload,
    ];
    let started = up.run(&line);
    assert_eq!(started.code, Some(0), "{}", started.text());
    let begun = if input == "wait" {
        "WaitStarted"
    } else {
        "CallbackStarted"
    };
    wait_for(up, &["history", name, "--output", "json"], begun);
}

fn done(up: &Up, name: &str) {
    wait_for(up, &["show", name, "--output", "json"], "\"SUCCEEDED\"");
}

#[test]
fn a_server_that_is_gone_comes_back_from_its_backup_with_everything_that_waited() {
    let stack = stack();
    let (data, backup) = (
        stack.path().join(".lambdura"),
        stack.path().join("it.backup"),
    );
    let mut up = Up::start(stack.path(), &[]);
    begin(&up, "over", "callback");
    assert_eq!(
        up.run(&["callback", "succeed", "over/it", "--result", "1"])
            .code,
        Some(0)
    );
    done(&up, "over");
    begin(&up, "asked", "callback");
    begin(&up, "timed", "wait");

    let place = ["--data-dir", text(&data)];
    let made = lambdura(&[&["backup", text(&backup)][..], &place].concat());
    assert_eq!(made.code, Some(0), "{}", made.text());
    assert!(made.out.contains("3 executions"), "{}", made.text());
    assert!(made.out.contains("1 archive of code"), "{}", made.text());
    let mode = fs::metadata(&backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = lambdura(&[&["backup", text(&backup)][..], &place].concat());
    assert_eq!(again.code, Some(2), "{}", again.text());
    let sound = lambdura(&[&["verify"][..], &place].concat());
    assert_eq!(sound.code, Some(0), "{}", sound.text());

    let full = lambdura(&[&["restore", text(&backup)][..], &place].concat());
    assert_eq!(full.code, Some(2), "{}", full.text());
    assert!(full.err.contains("is not empty"), "{}", full.text());

    up.signal("KILL");
    fs::remove_dir_all(&data).unwrap();
    let restored = lambdura(&[&["restore", text(&backup)][..], &place].concat());
    assert_eq!(restored.code, Some(0), "{}", restored.text());
    let sound = lambdura(&[&["verify", "--output", "json"][..], &place].concat());
    let verified: Value = serde_json::from_str(&sound.out).unwrap();
    assert_eq!(verified["problem_count"], 0, "{}", sound.text());
    assert_eq!(verified["counts"]["executions"], 3, "{}", sound.text());

    let up = Up::start(stack.path(), &[]);
    done(&up, "timed");
    assert_eq!(
        up.run(&["callback", "succeed", "asked/it", "--result", "2"])
            .code,
        Some(0)
    );
    done(&up, "asked");
    done(&up, "over");
    let versions = up.run(&["functions", "--output", "json"]);
    assert!(versions.out.contains("Patient"), "{}", versions.text());
}

#[test]
fn what_is_wrong_is_listed_and_what_is_not_there_is_said() {
    let stack = stack();
    let data = stack.path().join(".lambdura");
    let place = ["--data-dir", text(&data)];
    let nothing = lambdura(&[&["verify"][..], &place].concat());
    assert_eq!(nothing.code, Some(3), "{}", nothing.text());
    let mut up = Up::start(stack.path(), &[]);
    begin(&up, "asked", "callback");
    let in_use = lambdura(&["store", "copy", "--from", text(&data), "--to", "elsewhere"]);
    assert_eq!(in_use.code, Some(1), "{}", in_use.text());
    assert!(
        in_use.err.contains("is in use by process"),
        "{}",
        in_use.text()
    );
    up.signal("TERM");

    let copy = stack.path().join("copy");
    let copied = lambdura(&["store", "copy", "--from", text(&data), "--to", text(&copy)]);
    assert_eq!(copied.code, Some(0), "{}", copied.text());
    let sound = lambdura(&["verify", "--data-dir", text(&copy)]);
    assert_eq!(sound.code, Some(0), "{}", sound.text());

    let frozen = fs::read_dir(copy.join("code")).unwrap();
    let folders: Vec<PathBuf> = frozen.map(|entry| entry.unwrap().path()).collect();
    let folder = folders.iter().find(|path| path.is_dir()).unwrap();
    let bootstrap = folder.join("bootstrap");
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(&bootstrap, "#!/bin/false\n").unwrap();
    let wrong = lambdura(&["verify", "--data-dir", text(&copy)]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.text());
    assert!(wrong.out.contains("code of version"), "{}", wrong.text());
    let partly = copy.join("../partly.backup");
    let partial = lambdura(&["backup", text(&partly), "--data-dir", text(&copy)]);
    assert_eq!(partial.code, Some(1), "{}", partial.text());
    assert!(
        partial.err.contains("left out: the code"),
        "{}",
        partial.text()
    );

    fs::write(&partly, "not a backup").unwrap();
    let foreign = lambdura(&["verify", text(&partly)]);
    assert_eq!(foreign.code, Some(1), "{}", foreign.text());
}

/// Alerts and dashboards name figures; an alert on a missing figure never fires.
#[test]
fn every_figure_that_ops_names_is_there() {
    let stack = stack();
    let up = Up::start(stack.path(), &[]);
    let metrics = get(&format!("{}/metrics", up.endpoint()), "accept: text/plain");
    let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops");
    for file in ["alerts.yaml", "grafana.json"] {
        let text = fs::read_to_string(ops.join(file)).unwrap();
        if file == "grafana.json" {
            serde_json::from_str::<Value>(&text).unwrap();
        }
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let words = text.split(|c: char| !is_name(c));
        let named: Vec<&str> = words.filter(|word| word.starts_with("lambdura_")).collect();
        assert!(named.len() > 5, "{file} names {named:?}");
        for name in named {
            let head = format!("# TYPE {name} ");
            assert!(metrics.contains(&head), "{file} names `{name}`");
        }
    }
}
