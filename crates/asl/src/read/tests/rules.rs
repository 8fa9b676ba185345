//! Every rule of a state, and the message for a state that breaks it.

use super::*;

#[test]
fn every_rule_of_a_state_has_its_message() {
    let task = |more: serde_json::Value| {
        let mut task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "Next": "Done" });
        if let (Some(task), Some(more)) = (task.as_object_mut(), more.as_object()) {
            task.extend(more.clone());
        }
        task
    };
    let choice =
        |rule: serde_json::Value| json!({ "Type": "Choice", "Choices": [rule], "Default": "Done" });
    let wait = |more: serde_json::Value| {
        let mut wait = more;
        wait["Type"] = json!("Wait");
        wait["Next"] = json!("Done");
        wait
    };
    let map = |more: serde_json::Value| {
        let mut map = json!({ "Type": "Map", "Next": "Done", "ItemProcessor": { "StartAt": "I", "States": { "I": { "Type": "Succeed" } } } });
        if let (Some(map), Some(more)) = (map.as_object_mut(), more.as_object()) {
            map.extend(more.clone());
        }
        map
    };
    let distributed = |more: serde_json::Value| {
        let mut map = map(more);
        map["ItemProcessor"]["ProcessorConfig"] =
            json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
        map
    };
    let cases: Vec<(serde_json::Value, &str)> = vec![
        (json!({}), "`Type` is missing in a state"),
        (
            json!({ "Type": "Loop", "Next": "Done" }),
            "/Type there are states of the types Task",
        ),
        (
            json!({ "Type": "Pass" }),
            "a Pass state needs `Next`, or `\"End\": true`",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "End": true }),
            "/End a state has either",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "Retry": [] }),
            "/Retry there is no field `Retry` in a Pass state",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "Output": 1 }),
            "/Output `Output` is JSONata",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "QueryLanguage": "JSONata", "Parameters": {} }),
            "/Parameters `Parameters` is JSONPath",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "QueryLanguage": "XPath" }),
            "/QueryLanguage `QueryLanguage` is `JSONPath` or `JSONata`",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "InputPath": "order" }),
            "/InputPath `order` is not a valid JSONPath",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "InputPath": 1 }),
            "/InputPath `InputPath` is a path or null, not a number",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "ResultPath": "$.a[*]" }),
            "/ResultPath `ResultPath` is a reference path",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "ResultPath": "$$.a" }),
            "/ResultPath `ResultPath` is a reference path",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "Parameters": { "a.$": 1 } }),
            "/Parameters/a.$ `a.$` ends in `.$`",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "Parameters": { "a.$": "$.a", "a": 1 } }),
            "`a` and `a.$` cannot both",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "Parameters": { "a.$": "States.No()" } }),
            "/Parameters/a.$ `States.No()` is not a valid intrinsic",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "Parameters": { "a.$": "$states.input" } }),
            "`$states` is only there in JSONata",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "Assign": { "1st": 1 } }),
            "/Assign/1st `1st` cannot be the name of a variable",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "QueryLanguage": "JSONata", "Output": "{% 1 + %}" }),
            "is not valid JSONata",
        ),
        (
            json!({ "Type": "Pass", "Next": "Done", "QueryLanguage": "JSONata", "Output": ["{% 1 %} "] }),
            "/Output/0 a JSONata expression begins with",
        ),
        (
            json!({ "Type": "Task", "Next": "Done" }),
            "`Resource` is missing in a Task state",
        ),
        (
            task(json!({ "Resource": "f" })),
            "/Resource `Resource` is an ARN, which `f` is not",
        ),
        (
            task(json!({ "TimeoutSeconds": 0 })),
            "/TimeoutSeconds `TimeoutSeconds` is a whole number from 1 to 99999999, not `0`",
        ),
        (
            task(json!({ "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t" })),
            "cannot both be there",
        ),
        (
            task(json!({ "TimeoutSeconds": 5, "HeartbeatSeconds": 5 })),
            "`HeartbeatSeconds` is less than",
        ),
        (
            task(json!({ "ResultSelector": [] })),
            "/ResultSelector `ResultSelector` is an object",
        ),
        (
            task(json!({ "Retry": [{}] })),
            "/Retry/0 `ErrorEquals` is missing",
        ),
        (
            task(json!({ "Retry": [{ "ErrorEquals": [] }] })),
            "there is at least one name",
        ),
        (
            task(json!({ "Retry": [{ "ErrorEquals": ["A"], "BackoffRate": 0.5 }] })),
            "/Retry/0/BackoffRate `BackoffRate` is a number of at least 1",
        ),
        (
            task(json!({ "Retry": [{ "ErrorEquals": ["A"], "IntervalSeconds": 0 }] })),
            "`IntervalSeconds` is a whole number from 1",
        ),
        (
            task(json!({ "Retry": [{ "ErrorEquals": ["A"], "MaxDelaySeconds": 1 }] })),
            "`MaxDelaySeconds` is more than",
        ),
        (
            task(json!({ "Retry": [{ "ErrorEquals": ["A"], "JitterStrategy": "SOME" }] })),
            "`JitterStrategy` is `FULL` or `NONE`",
        ),
        (
            task(json!({ "Catch": [{ "ErrorEquals": ["A"] }] })),
            "/Catch/0 `Next` is missing",
        ),
        (
            task(json!({ "Catch": [{ "ErrorEquals": ["A"], "Next": "No" }] })),
            "/Catch/0/Next there is no state `No` here",
        ),
        (
            task(
                json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Done" }, { "ErrorEquals": ["A"], "Next": "Done" }] }),
            ),
            "stands alone",
        ),
        (
            json!({ "Type": "Choice", "Default": "Done" }),
            "`Choices` is missing",
        ),
        (
            json!({ "Type": "Choice", "Choices": [] }),
            "there is at least one rule",
        ),
        (
            json!({ "Type": "Choice", "Choices": [], "End": true }),
            "there is no field `End` in a Choice state",
        ),
        (
            choice(json!({ "Variable": "$.a", "Next": "Done" })),
            "/Choices/0 a condition has exactly one comparison",
        ),
        (
            choice(json!({ "Variable": "$.a", "IsNull": true, "IsPresent": true, "Next": "Done" })),
            "and this one 2",
        ),
        (
            choice(json!({ "Variable": "$.a", "IsNull": true })),
            "`Next` is missing in a rule",
        ),
        (
            choice(json!({ "IsNull": true, "Next": "Done" })),
            "`Variable` is missing in a comparison",
        ),
        (
            choice(json!({ "Variable": "$.a", "NumericEquals": "1", "Next": "Done" })),
            "is compared with a number, not `\"1\"`",
        ),
        (
            choice(json!({ "Variable": "$.a", "StringEqualsPath": 1, "Next": "Done" })),
            "is a path, not a number",
        ),
        (
            choice(json!({ "And": [], "Next": "Done" })),
            "at least one condition in `And`",
        ),
        (
            choice(
                json!({ "Not": { "Variable": "$.a", "IsNull": true, "Extra": 1 }, "Next": "Done" }),
            ),
            "no field `Extra` in a condition",
        ),
        (
            choice(
                json!({ "Or": [{ "Variable": "$.a", "IsNull": true, "Next": "Done" }], "Next": "Done" }),
            ),
            "only a whole rule has `Next`",
        ),
        (
            choice(json!({ "Variable": "$.a", "IsNull": true, "Next": "No" })),
            "/Choices/0/Next there is no state `No`",
        ),
        (
            json!({ "Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{ "Condition": "yes", "Next": "Done" }] }),
            "`Condition` is an expression",
        ),
        (wait(json!({})), "a Wait state has exactly one of"),
        (
            wait(json!({ "SecondsPath": "States.MathAdd(1,2)" })),
            "/SecondsPath `States.MathAdd(1,2)` is not a valid JSONPath",
        ),
        (
            wait(json!({ "SecondsPath": "$.a[*]" })),
            "/SecondsPath `SecondsPath` is a reference path",
        ),
        (
            wait(json!({ "TimestampPath": "$.a.length()" })),
            "/TimestampPath `TimestampPath` is a reference path",
        ),
        (
            task(json!({ "TimeoutSecondsPath": "$..t" })),
            "/TimeoutSecondsPath `TimeoutSecondsPath` is a reference path",
        ),
        (
            map(json!({ "ItemsPath": "$.a[*]" })),
            "/ItemsPath `ItemsPath` is a reference path",
        ),
        (
            wait(json!({ "Seconds": 1.5 })),
            "/Seconds `Seconds` is a whole number",
        ),
        (
            task(json!({ "TimeoutSeconds": 2.5 })),
            "/TimeoutSeconds `TimeoutSeconds` is a whole number",
        ),
        (
            task(json!({ "HeartbeatSeconds": 2.5 })),
            "/HeartbeatSeconds `HeartbeatSeconds` is a whole number",
        ),
        (
            map(json!({ "MaxConcurrency": 0.5 })),
            "/MaxConcurrency `MaxConcurrency` is a whole number",
        ),
        (
            distributed(json!({ "ItemBatcher": { "MaxItemsPerBatch": 1.5 } })),
            "/ItemBatcher/MaxItemsPerBatch `MaxItemsPerBatch` is a whole number",
        ),
        (
            distributed(json!({ "ToleratedFailureCount": 0.5 })),
            "/ToleratedFailureCount `ToleratedFailureCount` is a whole number",
        ),
        (
            distributed(json!({ "Label": "a b/c*" })),
            "/Label `Label` has no spaces",
        ),
        (
            distributed(json!({ "ItemReader": {
                "Resource": "arn:aws:states:::s3:putObject", "Parameters": {}
            } })),
            "/ItemReader/Resource `Resource` of an `ItemReader` is",
        ),
        (
            task(json!({ "Credentials": 5 })),
            "/Credentials `Credentials` is an object, not a number",
        ),
        (
            task(
                json!({ "Resource": "arn:aws:states:::lambda:invoke", "Parameters": { "Payload": {} } }),
            ),
            "/Parameters The field 'FunctionName' is required",
        ),
        (
            task(json!({ "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken" })),
            "/Parameters The field 'FunctionName' is required",
        ),
        (
            task(
                json!({ "Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": { "tableName": "t", "Key.$": "$" } }),
            ),
            "/Parameters/tableName The field 'tableName' is not supported",
        ),
        (
            wait(json!({ "Seconds": 1, "Timestamp": "2026-01-31T12:00:00Z" })),
            "a Wait state has exactly one of",
        ),
        (
            wait(json!({ "Seconds": -1 })),
            "`Seconds` is a whole number from 0",
        ),
        (
            wait(json!({ "Timestamp": "tomorrow" })),
            "`Timestamp` is an instant",
        ),
        (
            json!({ "Type": "Parallel", "Next": "Done" }),
            "`Branches` is missing",
        ),
        (
            json!({ "Type": "Parallel", "Next": "Done", "Branches": [] }),
            "there is at least one branch",
        ),
        (
            json!({ "Type": "Parallel", "Next": "Done", "Branches": [{ "StartAt": "P", "States": { "P": { "Type": "Succeed" } }, "Next": 1 }] }),
            "no field `Next` in a branch",
        ),
        (
            json!({ "Type": "Map", "Next": "Done" }),
            "`ItemProcessor` is missing",
        ),
        (
            map(json!({ "ItemBatcher": { "MaxItemsPerBatch": 1 } })),
            "/ItemBatcher `ItemBatcher` needs a distributed Map state",
        ),
        (
            map(json!({ "MaxConcurrency": -1 })),
            "`MaxConcurrency` is a whole number from 0",
        ),
        (
            map(json!({ "ToleratedFailurePercentage": 101 })),
            "is a number from 0 to 100",
        ),
        (
            map(json!({ "ResultWriter": { "WriterConfig": {} } })),
            "/ResultWriter `ResultWriter` needs a distributed Map state",
        ),
        (
            distributed(json!({ "ResultWriter": {} })),
            "/ResultWriter `ResultWriter` has `Resource` and `Parameters`, or `WriterConfig`",
        ),
        (
            distributed(json!({ "ResultWriter": { "Parameters": { "Bucket.$": "$.b" } } })),
            "/ResultWriter `Resource` and `Parameters` of a `ResultWriter` go together",
        ),
        (
            distributed(json!({ "ResultWriter": {
                "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "b" }
            } })),
            "/ResultWriter/Resource `Resource` of a `ResultWriter` is",
        ),
        (
            distributed(json!({ "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Prefix": "p" }
            } })),
            "/ResultWriter/Parameters `Bucket` is missing",
        ),
        (
            distributed(
                json!({ "ResultWriter": { "WriterConfig": { "Transformation": "SOME" } } }),
            ),
            "/ResultWriter/WriterConfig/Transformation `Transformation` is `NONE`",
        ),
        (
            distributed(json!({ "ResultWriter": { "WriterConfig": { "OutputType": "CSV" } } })),
            "/ResultWriter/WriterConfig/OutputType `OutputType` is `JSON` or `JSONL`",
        ),
        (
            distributed(json!({ "ResultWriter": { "WriterConfig": { "Type": "JSON" } } })),
            "no field `Type` in `WriterConfig`",
        ),
        (
            map(
                json!({ "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED" }, "StartAt": "I", "States": { "I": { "Type": "Succeed" } } } }),
            ),
            "`ExecutionType` is missing",
        ),
        (
            json!({ "Type": "Succeed", "Next": "Done" }),
            "there is no field `Next` in a Succeed state",
        ),
        (
            json!({ "Type": "Fail", "Error": "a", "ErrorPath": "$.a" }),
            "cannot both be there",
        ),
        (
            json!({ "Type": "Fail", "InputPath": "$" }),
            "no field `InputPath` in a Fail state",
        ),
    ];
    for (it, message) in cases {
        let found = state(it.clone());
        assert!(
            found.iter().any(|line| line.contains(message)),
            "{it}\nwanted: {message}\nfound: {found:#?}"
        );
    }
}
