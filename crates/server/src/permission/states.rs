//! Actions of Step Functions, and the machines, executions, activities and map runs that a request names in its body.

use hyper::HeaderMap;
use serde_json::Value;

use super::Needed;
use crate::functions::Home;

/// Members of requests that name what something is done to.
const NAMED: [&str; 7] = [
    "executionArn",
    "stateMachineArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "activityArn",
    "mapRunArn",
    "resourceArn",
];

/// What a request needs: the action of its operation, on what its body names.
pub(super) fn needed(headers: &HeaderMap, body: &[u8], home: &Home) -> Vec<Needed> {
    let target = headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.'));
    let operation = operation.map_or("UnknownOperation", |(_, name)| name);
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Home { region, account_id } = home;
    let made = |kind: &str| {
        let name = body.get("name").and_then(Value::as_str);
        name.map(|name| format!("arn:aws:states:{region}:{account_id}:{kind}:{name}"))
    };
    let mut arns: Vec<String> = match operation {
        "CreateStateMachine" => made("stateMachine").into_iter().collect(),
        "CreateActivity" => made("activity").into_iter().collect(),
        // Any version of it will do: they have to be of the same machine.
        "CreateStateMachineAlias" => {
            let version = body.pointer("/routingConfiguration/0/stateMachineVersionArn");
            let version = version.and_then(Value::as_str);
            let machine = version.and_then(|arn| Some(arn.rsplit_once(':')?.0.to_owned()));
            machine.into_iter().collect()
        }
        // All that are named: which one is meant, the operation knows.
        _ => {
            let named = NAMED.iter().filter_map(|name| body.get(name)?.as_str());
            named.map(str::to_owned).collect()
        }
    };
    // Lists, and task tokens, which name their execution to nobody but us.
    if arns.is_empty() {
        arns.push(String::from("*"));
    }
    arns.into_iter()
        .map(|arn| Needed::new(format!("states:{operation}"), arn))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::On;

    /// The action and the resources of a request.
    fn of(operation: &str, body: &str) -> (String, Vec<String>) {
        let mut headers = HeaderMap::new();
        let target = format!("AWSStepFunctions.{operation}");
        headers.insert("x-amz-target", target.parse().expect("a header"));
        let home = Home {
            region: String::from("eu-west-1"),
            account_id: String::from("123456789012"),
        };
        let needed = needed(&headers, body.as_bytes(), &home);
        let action = needed[0].action.clone();
        assert!(needed.iter().all(|it| it.action == action));
        let arns = needed.into_iter().map(|it| match it.on {
            On::Arn(arn) => arn,
            On::Execution { .. } => panic!("it is named by its ARN"),
        });
        (action, arns.collect())
    }

    #[test]
    fn a_request_needs_its_action_on_everything_that_it_names() {
        for (operation, body, expected) in [
            ("GetActivityTask", r#"{"activityArn":"a"}"#, vec!["a"]),
            (
                "CreateActivity",
                r#"{"name":"dig"}"#,
                vec!["arn:aws:states:eu-west-1:123456789012:activity:dig"],
            ),
            ("DescribeMapRun", r#"{"mapRunArn":"m"}"#, vec!["m"]),
            ("UpdateMapRun", r#"{"mapRunArn":"m"}"#, vec!["m"]),
            ("ListMapRuns", r#"{"executionArn":"e"}"#, vec!["e"]),
            (
                "ListExecutions",
                r#"{"stateMachineArn":null,"mapRunArn":"m"}"#,
                vec!["m"],
            ),
            // What is asked for hides behind nothing else that is named.
            (
                "ListExecutions",
                r#"{"stateMachineArn":"s","mapRunArn":"m"}"#,
                vec!["s", "m"],
            ),
            (
                "GetActivityTask",
                r#"{"executionArn":"e","activityArn":"a"}"#,
                vec!["e", "a"],
            ),
            (
                "CreateStateMachineAlias",
                r#"{"name":"prod","routingConfiguration":[{"stateMachineVersionArn":"s:1"}]}"#,
                vec!["s"],
            ),
            ("ListActivities", "{}", vec!["*"]),
            ("SendTaskSuccess", r#"{"taskToken":"t"}"#, vec!["*"]),
        ] {
            let expected = expected.into_iter().map(str::to_owned).collect();
            let action = format!("states:{operation}");
            assert_eq!(of(operation, body), (action, expected), "{body}");
        }
    }
}
