//! Failures as on AWS: results that are too large, evaluations, instants.

use state_machine::EvaluationFailed;

use super::*;

#[tokio::test]
async fn a_result_of_a_task_that_is_too_large_is_its_failure() {
    let text = |length: usize| json!({ "n": "x".repeat(length) });
    // One length fits into a record, the other does not.
    for length in [300_000, 2_000_000] {
        let builder = |definition| {
            builder(definition).function("large", move |_: LambdaEvent<Value>| async move {
                Ok::<_, BoxError>(text(length))
            })
        };
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:large";
        let invoke = "arn:aws:states:::lambda:invoke";
        for (resource, name) in [(arn, arn), (invoke, "lambda")] {
            let cause = format!(
                "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
            );
            let call = |more| {
                let mut state = task(resource, more);
                state["Parameters"] = json!({ "FunctionName": "large" });
                state
            };
            let ended = ends_with(builder(one(call(json!({})))), json!({})).await.0;
            let failure = (String::from("States.DataLimitExceeded"), cause.clone());
            assert_eq!(ended, Err(failure), "{length} {resource}");
            // As AWS records it, although its guide says otherwise.
            let caught = call(json!({
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }],
            }));
            let mut definition = one(caught);
            definition["States"]["Caught"] = json!({ "Type": "Succeed" });
            let ended = ends_with(builder(definition), json!({})).await.0;
            let output = json!({ "Error": "States.DataLimitExceeded", "Cause": cause });
            assert_eq!(ended, Ok(output), "{length} {resource}");
        }
    }
    // The same failure of another state is not matched by `States.ALL`.
    let large = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $pad('', 300000, 'x') %}" });
    let both = json!({
        "Type": "Parallel", "Branches": [one_called("Large", large)],
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }],
    });
    let mut definition = one(both);
    definition["States"]["Caught"] = json!({ "Type": "Succeed" });
    let failed = ends(definition, json!({})).await.expect_err("it fails");
    assert_eq!(failed.0, "States.DataLimitExceeded");
}

#[tokio::test]
async fn evaluations_that_fail_are_recorded_each_time() {
    let state = json!({
        "Type": "Pass", "QueryLanguage": "JSONata", "Output": { "total": "{% $states.input.nothing %}" },
    });
    let (ended, run) = ends_with(builder(one(state)), json!({})).await;
    let cause = "The JSONata expression '$states.input.nothing' specified for the field 'Output/total' returned nothing \
                 (undefined).";
    let error = String::from("States.QueryEvaluationError");
    assert_eq!(ended, Err((error.clone(), cause.to_owned())));
    let recorded = run.operation(EvaluationFailed::STEP);
    let recorded: EvaluationFailed = recorded.result().expect("what failed");
    let expected = EvaluationFailed {
        error: error.clone(),
        cause: cause.to_owned(),
        location: Some(String::from("Output/total")),
    };
    assert_eq!(recorded, expected);

    // Retried and caught, and the catcher's output fails as well; the enclosing state itself has not failed.
    let inner = json!({
        "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% 7 %}", "ItemProcessor": one_called("Item", json!({ "Type": "Pass" })),
        "Retry": [{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 1 }],
        "Catch": [
            { "ErrorEquals": ["Other"], "Next": "Inner" },
            { "ErrorEquals": ["States.ALL"], "Next": "Inner", "Assign": { "seen": "{% $nobody %}" } },
        ],
    });
    let around = json!({ "Type": "Parallel", "QueryLanguage": "JSONata", "Branches": [one_called("Inner", inner)] });
    let (ended, run) = ends_with(builder(one(around)), json!({})).await;
    assert_eq!(ended.expect_err("it fails").0, error);
    let all = run.operations().iter();
    let locations: Vec<_> = all
        .filter(|it| it.name.as_deref() == Some(EvaluationFailed::STEP))
        .map(|it| it.result::<EvaluationFailed>().expect("what failed"))
        .map(|it| it.location.unwrap_or_default())
        .collect();
    assert_eq!(locations, ["Items", "Items", "Catch[1]/Assign/seen"]);
}

#[tokio::test]
async fn a_wait_has_an_instant_as_rfc_3339_writes_it() {
    let path = json!({ "Type": "Wait", "TimestampPath": "$.at" });
    let query = json!({ "Type": "Wait", "QueryLanguage": "JSONata", "Timestamp": "{% $states.input.at %}" });
    let at = |text: &str| json!({ "at": text });
    for good in ["2027-01-31T09:00:00Z", "2027-01-31T10:00:00.000000+01:00"] {
        for state in [&path, &query] {
            let (ended, run) = ends_with(builder(one(state.clone())), at(good)).await;
            assert_eq!((ended, run.took()), (Ok(at(good)), hours(1)), "{good}");
        }
    }
    for bad in [
        "2027-01-31 09:00:00Z",
        "2027-01-31T09:00:00",
        "2027-01-31t09:00:00z",
        "2027-01-31T09:00:00Z[UTC]",
        "2027-13-31T09:00:00Z",
        "31-01-2027T09:00:00Z",
    ] {
        let (name, cause) = ends(one(path.clone()), at(bad)).await.expect_err(bad);
        assert_eq!(name, "States.Runtime");
        assert!(cause.ends_with(&format!("$.at == {bad}")), "{cause}");
        let (name, cause) = ends(one(query.clone()), at(bad)).await.expect_err(bad);
        assert_eq!(name, "States.QueryEvaluationError");
        assert!(cause.ends_with(bad), "{cause}");
    }
}

#[tokio::test]
async fn an_input_that_claims_to_begin_in_the_middle_is_an_input_like_any_other() {
    let definition = json!({
        "StartAt": "Check",
        "States": {
            "Check": {
                "Type": "Choice",
                "Choices": [{ "Variable": "$.role", "IsPresent": true, "Next": "Pay" }],
                "Default": "Deny",
            },
            "Pay": { "Type": "Map", "End": true, "ItemProcessor": {
                "StartAt": "Paid", "States": { "Paid": { "Type": "Pass", "End": true } },
            } },
            "Deny": { "Type": "Fail", "Error": "Denied" },
        },
    });
    let redrive = json!({ "state": "Pay", "input": [1], "variables": {}, "execution": {} });
    let item = json!({ "place": ["Pay"], "input": 1, "item": {}, "execution": {} });
    let other = state_machine::Key::draw().expect("there is randomness");
    let redriven = state_machine::Redrive {
        state: String::from("Pay"),
        input: json!([1]),
        variables: serde_json::Map::new(),
        done: std::collections::BTreeMap::new(),
        execution: json!({}),
    };
    let proven = |member: &str, content: &Value| json!({ member: { "content": content.to_string(), "proof": "0".repeat(64) } });
    for input in [
        json!({ "lambdura:redrive": redrive }),
        json!({ "lambdura:item": item }),
        proven("lambdura:redrive", &redrive),
        proven("lambdura:item", &item),
        // Proven by the key of another machine.
        redriven.event("machine", &other),
    ] {
        let ended = ends(definition.clone(), input.clone()).await;
        let denied = (String::from("Denied"), String::new());
        assert_eq!(ended, Err(denied), "{input}");
    }
}
