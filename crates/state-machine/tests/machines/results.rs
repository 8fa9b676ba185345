//! The results of distributed Map states.

use std::collections::BTreeSet;

use lambdura::DurableContext;
use lambdura_testing::DurableTestRunner;
use serde_json::{Value, json};
use state_machine::Settings;

use super::{START, ends, ends_with, machine_with, one};

#[tokio::test]
async fn results_are_put_together_or_written_to_a_folder() {
    let map = |writer: Value| {
        one(json!({
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } },
            },
            "ResultWriter": writer,
        }))
    };
    let flat = json!({ "WriterConfig": { "Transformation": "FLATTEN", "OutputType": "JSON" } });
    let output = ends(map(flat), json!([[1, 2], 3])).await;
    assert_eq!(output, Ok(json!([1, 2, 3])));

    let folder = std::env::temp_dir().join(format!("lambdura-results-{}", std::process::id()));
    let to_folder = json!({
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": { "Bucket": "out", "Prefix.$": "States.Format('runs/{}', $$.Execution.Name)" },
    });
    let settings = Settings {
        callable: Some(BTreeSet::new()),
        files: Some(folder.clone()),
        ..Settings::default()
    };
    let machine = machine_with(map(to_folder), settings);
    let handler = move |input: Value, ctx: DurableContext| machine.clone().run(input, ctx);
    let builder = DurableTestRunner::builder("machine", handler).starts_at(START);
    let output = ends_with(builder, json!([["a"], "b"])).await.0;
    let output = output.expect("it succeeds");
    let read = |key: &Value| {
        let path = folder.join("out").join(key.as_str().expect("a key"));
        let text = std::fs::read_to_string(path).expect("it is written");
        serde_json::from_str::<Value>(&text).expect("it is JSON")
    };
    let manifest = read(&output["ResultWriterDetails"]["Key"]);
    assert_eq!(manifest["MapRunArn"], output["MapRunArn"]);
    let told = read(&manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]);
    let part = |index: usize| (&told[index]["Input"], &told[index]["Output"]);
    assert_eq!(part(0), (&json!("[\"a\"]"), &json!("[\"a\"]")));
    assert_eq!(part(1), (&json!("\"b\""), &json!("\"b\"")));
    std::fs::remove_dir_all(folder).expect("it is there");
}
