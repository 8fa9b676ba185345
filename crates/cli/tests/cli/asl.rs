//! State machines on the command line.

use std::path::Path;

use serde_json::{Value, json};

use crate::lambdura::{Ran, lambdura};

const ORDER: &str = r#"{
  "StartAt": "Charge",
  "States": {
    "Charge": {
      "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:charge", "ResultPath": "$.charge",
      "Retry": [{ "ErrorEquals": ["Busy"], "IntervalSeconds": 1 }], "Next": "Ask"
    },
    "Ask": {
      "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "ResultPath": "$.answer",
      "Parameters": { "FunctionName": "ask", "Payload": { "token.$": "$$.Task.Token" } }, "End": true
    }
  }
}"#;

fn asl(folder: &Path, arguments: &[&str]) -> Ran {
    let paths: Vec<String> = arguments
        .iter()
        .map(|it| match it.strip_prefix('>') {
            Some(file) => folder.join(file).display().to_string(),
            None => (*it).to_owned(),
        })
        .collect();
    let mut words = vec!["asl"];
    words.extend(paths.iter().map(String::as_str));
    // The command asks nothing of this endpoint.
    lambdura("http://127.0.0.1:1", &words)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn definitions_are_checked_with_their_places() {
    let wrong = "{\n  \"StartAt\": \"A\",\n  \"States\": { \"A\": { \"Type\": \"Pass\", \"Next\": \"B\" } }\n}";
    let yaml = "StartAt: A\nStates:\n  A: {Type: Succeed}\n";
    let folder = folder(&[
        ("wrong.json", wrong),
        ("right.json", ORDER),
        ("right.yaml", yaml),
    ]);
    let ran = asl(
        folder.path(),
        &["validate", ">wrong.json", ">right.json", ">right.yaml"],
    );
    assert_eq!(ran.code, Some(1), "{}", ran.text());
    assert!(
        ran.out
            .contains("wrong.json:3:38: error: there is no state `B` here (at /States/A/Next)"),
        "{}",
        ran.text()
    );
    assert!(
        ran.out.contains("right.json: valid") && ran.out.contains("right.yaml: valid"),
        "{}",
        ran.text()
    );
    let ran = asl(
        folder.path(),
        &["validate", ">wrong.json", "--output", "json"],
    );
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(shown[0]["result"], "FAIL");
    assert_eq!(
        shown[0]["diagnostics"][1]["code"],
        "MISSING_TRANSITION_TARGET"
    );
    let ran = asl(folder.path(), &["validate", ">right.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
}

#[test]
fn a_machine_is_run_on_mocks() {
    let mocks = r#"{
        "charge": [{ "Throw": { "Error": "Busy" } }, { "Return": { "ok": true } }],
        "ask": { "Token": { "Return": "yes" } }
    }"#;
    let refused = r#"{ "charge": { "Throw": { "Error": "Refused", "Cause": "no funds" } }, "ask": { "Return": 1 } }"#;
    let folder = folder(&[
        ("order.asl.json", ORDER),
        ("mocks.json", mocks),
        ("refused.json", refused),
        ("none.json", "{}"),
    ]);
    let input = r#"{"id": 7}"#;
    let run = ["run", ">order.asl.json", "--input", input, "--mocks"];
    let ran = asl(folder.path(), &[&run[..], &[">mocks.json"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let output: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        output,
        json!({ "id": 7, "charge": { "ok": true }, "answer": "yes" })
    );
    let ran = asl(folder.path(), &[&run[..], &[">refused.json"]].concat());
    assert_eq!(ran.code, Some(5), "{}", ran.text());
    assert!(ran.err.contains("FAILED: Refused:"), "{}", ran.text());
    let ran = asl(folder.path(), &[&run[..], &[">none.json"]].concat());
    assert_eq!(ran.code, Some(2), "{}", ran.text());
    assert!(
        ran.err.contains("no answer for the function `ask`"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_kept_execution_is_found_again() {
    let mocks = r#"{ "charge": { "Return": 1 }, "ask": { "Token": { "Return": 2 } } }"#;
    let folder = folder(&[
        ("order.asl.json", ORDER),
        ("mocks.json", mocks),
        (
            "other.json",
            r#"{ "charge": { "Return": 3 }, "ask": { "Token": { "Return": 4 } } }"#,
        ),
    ]);
    let run = [
        "run",
        ">order.asl.json",
        "--data",
        ">kept.db",
        "--name",
        "one",
        "--mocks",
    ];
    let first = asl(folder.path(), &[&run[..], &[">mocks.json"]].concat());
    assert_eq!(first.code, Some(0), "{}", first.text());
    let second = asl(folder.path(), &[&run[..], &[">other.json"]].concat());
    assert_eq!(second.out, first.out, "{}", second.text());
}
