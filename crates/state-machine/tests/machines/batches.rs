//! States within states: branches, items, and distributed maps.

use super::*;

#[tokio::test]
async fn branches_and_items_are_worked_on_side_by_side() {
    let definition = json!({ "StartAt": "Both", "States": {
        "Both": { "Type": "Parallel", "ResultPath": "$.both", "Next": "Each", "Branches": [
            { "StartAt": "Hour", "States": { "Hour": { "Type": "Wait", "Seconds": 3600, "Next": "L" }, "L": { "Type": "Pass", "Result": "left", "End": true } } },
            { "StartAt": "R", "States": { "R": task(DOUBLE, json!({ "End": true })) } },
        ] },
        "Each": {
            "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2,
            "ItemSelector": { "n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "base.$": "$.n" },
            "ItemProcessor": { "StartAt": "D", "States": { "D": task(DOUBLE, json!({ "ResultPath": "$.d", "End": true })) } },
            "ResultPath": "$.each", "OutputPath": "$['both', 'each']", "End": true,
        },
    } });
    let (output, run) = ends_with(builder(definition), json!({ "n": 4, "items": [1, 2, 3] })).await;
    let each = [1, 2, 3].map(|n| json!({ "n": n, "i": n - 1, "base": 4, "d": { "n": n * 2 } }));
    assert_eq!(output, Ok(json!([["left", { "n": 8 }], each])));
    assert_eq!(run.took(), hours(1));
}

#[tokio::test]
async fn the_first_failure_of_a_branch_is_that_of_the_state() {
    let branches = json!([
        { "StartAt": "Long", "States": { "Long": { "Type": "Wait", "Seconds": 86_400, "End": true } } },
        { "StartAt": "Refuse", "States": { "Refuse": task(REFUSE, json!({ "End": true })) } },
    ]);
    let definition = one(json!({ "Type": "Parallel", "Branches": branches }));
    assert_eq!(
        ends(definition, json!({})).await.expect_err("it fails").0,
        "Card.Refused"
    );
}

fn distributed(more: Value) -> Value {
    let mut map = json!({
        "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% [1..5] %}",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Odd?", "States": {
                "Odd?": { "Type": "Choice", "Choices": [{ "Condition": "{% $states.input = 4 %}", "Next": "No" }], "Default": "Yes" },
                "Yes": { "Type": "Pass", "Output": "{% $states.input * 10 + $states.context.Map.Item.Index %}", "End": true },
                "No": { "Type": "Fail", "Error": "Four" },
            },
        },
    });
    if let (Some(map), Some(more)) = (map.as_object_mut(), more.as_object()) {
        map.extend(more.clone());
    }
    one(map)
}

#[tokio::test]
async fn items_of_a_distributed_map_are_executions_of_their_own() {
    let failed = ends(distributed(json!({})), json!({}))
        .await
        .expect_err("it fails");
    assert_eq!(failed.0, "States.ExceedToleratedFailureThreshold");
    let (output, run) = ends_with(
        builder(distributed(json!({ "ToleratedFailureCount": 1 }))),
        json!({}),
    )
    .await;
    assert_eq!(output, Ok(json!([10, 21, 32, 54])));
    let executions = run
        .operations()
        .iter()
        .filter(|it| it.name.as_deref() == Some("execution"));
    assert_eq!(executions.count(), 5);
    let failed = ends(
        distributed(json!({ "ToleratedFailurePercentage": 19.9 })),
        json!({}),
    )
    .await;
    assert_eq!(
        failed.expect_err("it fails").0,
        "States.ExceedToleratedFailureThreshold"
    );
}

#[tokio::test]
async fn items_are_read_from_a_file_in_batches() {
    let map = json!({
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "Parameters": { "Bucket": "shop", "Key.$": "$.key" },
            "ReaderConfig": { "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 3 },
        },
        "ItemBatcher": { "MaxItemsPerBatch": 2, "BatchInput": { "who.$": "$.who" } },
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
            "StartAt": "P", "States": { "P": { "Type": "Pass", "Parameters": { "names.$": "$.Items[*].name", "who.$": "$.BatchInput.who" }, "End": true } },
        },
    });
    let output = ends(
        one(map.clone()),
        json!({ "key": "parts.csv", "who": "Ada" }),
    )
    .await;
    let expected =
        json!([{ "names": ["nut", "bolt"], "who": "Ada" }, { "names": ["key"], "who": "Ada" }]);
    assert_eq!(output, Ok(expected));
    let failed = ends(
        one(map),
        json!({ "key": "../../machines.rs", "who": "Ada" }),
    )
    .await;
    assert_eq!(failed.expect_err("it fails").0, "States.ItemReaderFailed");
}
