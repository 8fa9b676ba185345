//! Actions of Step Functions, and the machines and executions that a request names in its body.

use hyper::HeaderMap;
use serde_json::Value;

use super::Needed;
use crate::functions::Home;

/// Members of requests that name what something is done to.
const NAMED: [&str; 6] = [
    "executionArn",
    "stateMachineArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "activityArn",
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
    let arn = match operation {
        "CreateStateMachine" => body
            .get("name")
            .and_then(Value::as_str)
            .map(|name| format!("arn:aws:states:{region}:{account_id}:stateMachine:{name}")),
        "CreateActivity" => body
            .get("name")
            .and_then(Value::as_str)
            .map(|name| format!("arn:aws:states:{region}:{account_id}:activity:{name}")),
        // Any version of it will do: they have to be of the same machine.
        "CreateStateMachineAlias" => {
            let version = body.pointer("/routingConfiguration/0/stateMachineVersionArn");
            let version = version.and_then(Value::as_str);
            version.and_then(|arn| Some(arn.rsplit_once(':')?.0.to_owned()))
        }
        // Lists, and task tokens, which name their execution to nobody but us.
        _ => {
            let mut named = NAMED.iter();
            let arn = named.find_map(|name| body.get(name)?.as_str());
            arn.map(str::to_owned)
        }
    };
    let arn = arn.unwrap_or_else(|| String::from("*"));
    vec![Needed::new(format!("states:{operation}"), arn)]
}
