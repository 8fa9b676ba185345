//! Actions of Step Functions, and the machines, executions, activities and map runs that a request names in its body.

use access::policy::read_once;
use engine::callback_target;
use hyper::HeaderMap;
use model::CallbackId;
use serde_json::Value;

use super::{Needed, On};
use crate::functions::Home;

/// The needed permissions of a request: its operation's action, on the resources that it names.
pub(super) fn needed(headers: &HeaderMap, body: &[u8], home: &Home) -> Vec<Needed> {
    let target = headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.'));
    let operation = operation.map_or("UnknownOperation", |(_, name)| name);
    let action = format!("states:{operation}");
    // A body with a repeated member is not trusted.
    let Ok(body) = read_once(body) else {
        return vec![Needed::on_anything(action)];
    };
    let Home { region, account_id } = home;
    let made = |kind: &str| {
        let name = body.get("name").and_then(Value::as_str);
        name.map(|name| format!("arn:aws:states:{region}:{account_id}:{kind}:{name}"))
    };
    let arns: Vec<String> = match operation {
        "CreateStateMachine" => made("stateMachine").into_iter().collect(),
        "CreateActivity" => made("activity").into_iter().collect(),
        // Any of its versions tells the machine: all must be of the same one.
        "CreateStateMachineAlias" => {
            let version = body.pointer("/routingConfiguration/0/stateMachineVersionArn");
            let version = version.and_then(Value::as_str);
            let machine = version.and_then(|arn| Some(arn.rsplit_once(':')?.0.to_owned()));
            machine.into_iter().collect()
        }
        "SendTaskFailure" | "SendTaskHeartbeat" | "SendTaskSuccess" => {
            let token = body.get("taskToken").and_then(Value::as_str);
            let token = token.and_then(|token| CallbackId::parse(token).ok());
            // An invalid token is refused later, for every caller.
            let Some((id, _operation)) = token.and_then(|id| callback_target(&id)) else {
                return vec![Needed::new(action, "*")];
            };
            return vec![Needed {
                action,
                on: On::Task(id),
                within: None,
            }];
        }
        // Lists have no resource. `TestState` needs further permissions for the calls of its state.
        "ListActivities" | "ListStateMachines" | "TestState" | "ValidateStateMachineDefinition" => {
            vec![String::from("*")]
        }
        _ => {
            let named = named_by(operation).iter();
            let named = named.filter_map(|name| body.get(*name)?.as_str());
            named.map(str::to_owned).collect()
        }
    };
    if arns.is_empty() {
        return vec![Needed::on_anything(action)];
    }
    let arns = arns.iter().map(|arn| at_home(arn, home));
    arns.map(|arn| Needed {
        within: whole(&arn),
        ..Needed::new(&*action, arn)
    })
    .collect()
}

/// The members of an operation's request that name its resources; its handler reads no others.
fn named_by(operation: &str) -> &'static [&'static str] {
    match operation {
        "DescribeStateMachine"
        | "UpdateStateMachine"
        | "DeleteStateMachine"
        | "PublishStateMachineVersion"
        | "ListStateMachineVersions"
        | "ListStateMachineAliases"
        | "StartExecution"
        | "StartSyncExecution" => &["stateMachineArn"],
        "DescribeExecution"
        | "DescribeStateMachineForExecution"
        | "GetExecutionHistory"
        | "ListMapRuns"
        | "RedriveExecution"
        | "StopExecution" => &["executionArn"],
        // A request names one of the two.
        "ListExecutions" => &["stateMachineArn", "mapRunArn"],
        "DeleteStateMachineVersion" => &["stateMachineVersionArn"],
        "DescribeStateMachineAlias" | "UpdateStateMachineAlias" | "DeleteStateMachineAlias" => {
            &["stateMachineAliasArn"]
        }
        "DescribeActivity" | "DeleteActivity" | "GetActivityTask" => &["activityArn"],
        "DescribeMapRun" | "UpdateMapRun" => &["mapRunArn"],
        "TagResource" | "UntagResource" | "ListTagsForResource" => &["resourceArn"],
        _ => &[],
    }
}

/// An ARN with the partition, region and account of this server: handlers look up only the names.
fn at_home(arn: &str, home: &Home) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "states", _, _, rest] => {
            let Home { region, account_id } = home;
            format!("arn:aws:states:{region}:{account_id}:{rest}")
        }
        // Such an ARN means nothing, and is refused later.
        _ => arn.to_owned(),
    }
}

/// The ARN of an execution with its machine alone, if it names a map run's label too.
fn whole(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.split(':').collect();
    let [
        "arn",
        partition,
        "states",
        region,
        account,
        "execution" | "mapRun",
        machine,
        name,
    ] = parts.as_slice()
    else {
        return None;
    };
    let (machine, _label) = machine.split_once('/')?;
    Some(format!(
        "arn:{partition}:states:{region}:{account}:execution:{machine}:{name}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            On::Anything => String::from("anything"),
            On::Execution { .. } | On::Chained(_) | On::Task(_) => panic!("it is named by its ARN"),
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
            // A second named resource cannot hide the first.
            (
                "ListExecutions",
                r#"{"stateMachineArn":"s","mapRunArn":"m"}"#,
                vec!["s", "m"],
            ),
            (
                "GetActivityTask",
                r#"{"executionArn":"e","activityArn":"a"}"#,
                vec!["a"],
            ),
            (
                "CreateStateMachineAlias",
                r#"{"name":"prod","routingConfiguration":[{"stateMachineVersionArn":"s:1"}]}"#,
                vec!["s"],
            ),
            ("ListActivities", "{}", vec!["*"]),
            (
                "SendTaskSuccess",
                r#"{"taskToken":"t","stateMachineArn":"s"}"#,
                vec!["*"],
            ),
            ("ListStateMachines", r#"{"stateMachineArn":"s"}"#, vec!["*"]),
            ("StartExecution", r#"{"activityArn":"a"}"#, vec!["anything"]),
            ("Unheard", r#"{"stateMachineArn":"s"}"#, vec!["anything"]),
            (
                "StartExecution",
                r#"{"stateMachineArn":"arn:aws-cn:states:us-east-1::stateMachine:hidden:live"}"#,
                vec!["arn:aws:states:eu-west-1:123456789012:stateMachine:hidden:live"],
            ),
        ] {
            let expected = expected.into_iter().map(str::to_owned).collect();
            let action = format!("states:{operation}");
            assert_eq!(of(operation, body), (action, expected), "{body}");
        }
    }
}
