//! State machines are functions here, and the Lambda API reaches them as such. A caller of the Lambda API needs the
//! corresponding permission of Step Functions, too: else a denial of `states:…` would not close the way by the Lambda
//! API.

use state_machine::name::read;

use super::Needed;

/// The permission that is needed beside an action of the Lambda API, on a function or an execution of one, if the
/// function is a state machine. `is_machine` tells by the function's name.
pub(crate) fn of_machine(
    action: &str,
    resource: &str,
    is_machine: impl FnOnce(&str) -> bool,
) -> Option<Needed> {
    let (_, operation) = action.split_once(':')?;
    let parts: Vec<&str> = resource.splitn(8, ':').collect();
    let (home, name, rest) = match parts.as_slice() {
        [
            "arn",
            partition,
            "lambda",
            region,
            account,
            "function",
            name,
            rest @ ..,
        ] => (
            format!("arn:{partition}:states:{region}:{account}"),
            *name,
            rest.first(),
        ),
        _ => return None,
    };
    if !is_machine(name) {
        return None;
    }
    let name = read(name);
    let execution = rest.and_then(|rest| rest.split_once("/durable-execution/"));
    let Some((_version, execution)) = execution else {
        let same = match operation {
            "InvokeFunction" | "InvokeAsync" | "InvokeFunctionUrl" => "StartExecution",
            "ListDurableExecutionsByFunction" => "ListExecutions",
            "DeleteFunction" => "DeleteStateMachine",
            "PublishVersion" => "PublishStateMachineVersion",
            "ListAliases" => "ListStateMachineAliases",
            "ListVersionsByFunction" => "ListStateMachineVersions",
            "ListTags" => "ListTagsForResource",
            "TagResource" => "TagResource",
            "UntagResource" => "UntagResource",
            other if other.starts_with("Get") || other.starts_with("List") => {
                "DescribeStateMachine"
            }
            _ => "UpdateStateMachine",
        };
        return Some(Needed::new(
            format!("states:{same}"),
            format!("{home}:stateMachine:{name}"),
        ));
    };
    let same = match operation {
        "GetDurableExecution" => "DescribeExecution",
        "GetDurableExecutionHistory" | "GetDurableExecutionState" => "GetExecutionHistory",
        "ResumeDurableExecution" => "RedriveExecution",
        "SendDurableExecutionCallbackSuccess" => "SendTaskSuccess",
        "SendDurableExecutionCallbackFailure" => "SendTaskFailure",
        "SendDurableExecutionCallbackHeartbeat" => "SendTaskHeartbeat",
        _ => "StopExecution",
    };
    // Task tokens belong to their machine.
    if same.starts_with("SendTask") {
        return Some(Needed::new(
            format!("states:{same}"),
            format!("{home}:stateMachine:{name}"),
        ));
    }
    let execution = read(execution.split('/').next().unwrap_or(execution));
    // An Express machine's execution has the name `NAME:UUID`.
    let kind = match execution.contains(':') {
        true => "express",
        false => "execution",
    };
    Some(Needed::new(
        format!("states:{same}"),
        format!("{home}:{kind}:{name}:{execution}"),
    ))
}

/// The permission that is needed beside an action on a task token of this execution: without a state machine, the token
/// is a callback of a durable function, and Lambda's permission counts.
pub(crate) fn of_callback(
    action: &str,
    execution: &str,
    is_machine: impl FnOnce(&str) -> bool,
) -> Needed {
    let parts: Vec<&str> = execution.splitn(8, ':').collect();
    if let [
        "arn",
        partition,
        "lambda",
        region,
        account,
        "function",
        name,
        ..,
    ] = parts.as_slice()
        && is_machine(name)
    {
        let name = read(name);
        return Needed::new(
            action,
            format!("arn:{partition}:states:{region}:{account}:stateMachine:{name}"),
        );
    }
    let same = match action {
        "states:SendTaskSuccess" => "lambda:SendDurableExecutionCallbackSuccess",
        "states:SendTaskFailure" => "lambda:SendDurableExecutionCallbackFailure",
        _ => "lambda:SendDurableExecutionCallbackHeartbeat",
    };
    Needed::new(same, execution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::On;

    #[test]
    fn what_is_done_to_a_state_machine_is_asked_of_step_functions_too() {
        let of = |action: &str, resource: &str| {
            let resource = format!("arn:aws:lambda:us-east-1:000000000000:function:{resource}");
            let needed = of_machine(action, &resource, |name| name == "orders")?;
            let On::Arn(arn) = needed.on else {
                panic!("it is named by its ARN");
            };
            let arn = arn.replace("arn:aws:states:us-east-1:000000000000", "…");
            Some(format!("{} {arn}", needed.action))
        };
        let execution = "orders:1/durable-execution/one/id-1";
        for (action, resource, expected) in [
            (
                "lambda:InvokeFunction",
                "orders:live",
                "states:StartExecution …:stateMachine:orders",
            ),
            (
                "lambda:GetFunction",
                "orders",
                "states:DescribeStateMachine …:stateMachine:orders",
            ),
            (
                "lambda:DeleteFunction",
                "orders:1",
                "states:DeleteStateMachine …:stateMachine:orders",
            ),
            (
                "lambda:UpdateFunctionCode",
                "orders",
                "states:UpdateStateMachine …:stateMachine:orders",
            ),
            (
                "lambda:ListDurableExecutionsByFunction",
                "orders",
                "states:ListExecutions …:stateMachine:orders",
            ),
            (
                "lambda:GetDurableExecutionHistory",
                execution,
                "states:GetExecutionHistory …:execution:orders:one",
            ),
            (
                "lambda:StopDurableExecution",
                execution,
                "states:StopExecution …:execution:orders:one",
            ),
            (
                "lambdura:DeleteDurableExecution",
                execution,
                "states:StopExecution …:execution:orders:one",
            ),
            (
                "lambda:SendDurableExecutionCallbackSuccess",
                execution,
                "states:SendTaskSuccess …:stateMachine:orders",
            ),
        ] {
            assert_eq!(of(action, resource).as_deref(), Some(expected));
        }
        // With the names of the machine and its executions, not of their functions.
        let odd = "arn:aws:lambda:us-east-1:000000000000:function:_xorders_2e7";
        let needed = |rest: &str, action| of_machine(action, &format!("{odd}{rest}"), |_| true);
        let home = "arn:aws:states:us-east-1:000000000000";
        assert_eq!(
            needed("", "lambda:DeleteFunction"),
            Some(Needed::new(
                "states:DeleteStateMachine",
                format!("{home}:stateMachine:orders.7")
            ))
        );
        assert_eq!(
            needed(
                ":1/durable-execution/_xone_3a7f/id-1",
                "lambda:StopDurableExecution"
            ),
            Some(Needed::new(
                "states:StopExecution",
                format!("{home}:express:orders.7:one:7f")
            ))
        );
        assert_eq!(of("lambda:InvokeFunction", "order"), None);
        assert_eq!(of_machine("lambda:ListFunctions", "*", |_| true), None);
        let arn =
            "arn:aws:lambda:us-east-1:000000000000:function:orders:1/durable-execution/one/id-1";
        let needed = |is_machine| of_callback("states:SendTaskFailure", arn, |_| is_machine);
        let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:orders";
        assert_eq!(needed(true), Needed::new("states:SendTaskFailure", machine));
        let action = "lambda:SendDurableExecutionCallbackFailure";
        assert_eq!(needed(false), Needed::new(action, arn));
    }
}
