//! ARNs of another partition, region or account.
//!
//! Machines are found by their names alone, so an ARN of another region or account would find a machine here: a person
//! who reads such an ARN, in a policy or in a log, would think of another machine.

use serde_json::Value;

use super::error::StatesError;
use super::name::invalid;
use crate::functions::Home;

/// Members of requests that are ARNs of machines, executions, activities and map runs.
const NAMED: [&str; 7] = [
    "executionArn",
    "stateMachineArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "activityArn",
    "mapRunArn",
    "resourceArn",
];

/// Refuses a request with an ARN of another partition, region or account.
pub(super) fn check(home: &Home, input: &Value) -> Result<(), StatesError> {
    let named = NAMED.iter().filter_map(|name| input.get(*name)?.as_str());
    let routes = input.get("routingConfiguration").and_then(Value::as_array);
    let routes = routes.into_iter().flatten();
    let routes = routes.filter_map(|route| route.get("stateMachineVersionArn")?.as_str());
    for arn in named.chain(routes) {
        let parts: Vec<&str> = arn.split(':').collect();
        // Other texts are refused later, by the code that reads them.
        if let ["arn", partition, "states", region, account, ..] = parts.as_slice()
            && (*partition, *region, *account) != ("aws", &home.region, &home.account_id)
        {
            return Err(invalid(arn));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_somewhere_else_is_not_here() {
        let home = Home {
            region: String::from("us-east-1"),
            account_id: String::from("000000000000"),
        };
        let is_here = |input: Value| check(&home, &input).is_ok();
        assert!(is_here(
            json!({"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:a"})
        ));
        assert!(is_here(json!({"stateMachineArn": 1, "name": "a"})));
        for arn in [
            "arn:aws:states:eu-west-1:000000000000:stateMachine:a",
            "arn:aws:states:us-east-1:111111111111:stateMachine:a",
            "arn:aws-cn:states:us-east-1:000000000000:stateMachine:a",
            "arn:aws:states:::stateMachine:a",
        ] {
            for member in NAMED {
                assert!(!is_here(json!({ member: arn })), "{member} {arn}");
            }
            let routes = json!({"routingConfiguration": [{"stateMachineVersionArn": arn}]});
            assert!(!is_here(routes), "{arn}");
        }
    }
}
