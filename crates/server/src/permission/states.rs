//! Actions of Step Functions, and the machines and executions that a request names in its body.

use hyper::HeaderMap;
use serde_json::Value;

use super::Needed;

/// What a request needs: the action of its operation, on what its body names.
pub(super) fn needed(headers: &HeaderMap, body: &[u8]) -> Vec<Needed> {
    let target = headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.'));
    let operation = operation.map_or("UnknownOperation", |(_, name)| name);
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = ["executionArn", "stateMachineArn", "resourceArn"];
    // Lists, and task tokens, which name their execution to nobody but us.
    let arn = named.iter().find_map(|name| body.get(name)?.as_str());
    vec![Needed::new(
        format!("states:{operation}"),
        arn.unwrap_or("*"),
    )]
}
