//! What function processes may do: make progress with their own executions, and what their template says.
//!
//! A function with `Policies` in its template gets what they grant, as on AWS. One without has a role that is not in the
//! template, or none: it may use the stack's tables and invoke functions. Calls of services that are not here are
//! nothing that could be protected here: an emulator or an account decides on them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use access::policy::{Policy, Question, Verdict, decide};
use serde_json::{Value, json};
use stack::FunctionResource;

use crate::functions::Home;

/// What functions of templates were granted, by their names.
#[derive(Debug, Default)]
pub(crate) struct Grants(RwLock<HashMap<String, Arc<Vec<Policy>>>>);

/// Reads and writes of items, in tables and indexes.
const ITEMS: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

/// Reads of them.
const ITEMS_READ: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
];

/// Writes of them.
const ITEMS_WRITTEN: &[&str] = &[
    "dynamodb:BatchWriteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

impl Grants {
    /// Takes over what a template grants to a function. One that is gone from the template keeps what it had, for its
    /// executions.
    pub fn set(&self, resource: &FunctionResource, home: &Home) {
        let granted = granted(resource, home);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(resource.name.clone(), Arc::new(granted));
    }

    /// Decides about a process of a function.
    pub fn decide(&self, function: &str, question: &Question<'_>, home: &Home) -> Verdict {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let granted = all.get(function).cloned();
        drop(all);
        let own = own(function, home);
        match granted.filter(|granted| !granted.is_empty()) {
            Some(granted) => decide(granted.iter().chain([&own]), question),
            None => decide([&without_policies(home), &own], question),
        }
    }
}

/// What a function may do with its own executions, and with services that are not here.
fn own(function: &str, home: &Home) -> Policy {
    let executions = format!(
        "arn:aws:lambda:{}:{}:function:{function}:*/durable-execution/*",
        home.region, home.account_id
    );
    of(&json!({"Statement": [
        {
            "Effect": "Allow",
            "Action": ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
            "Resource": executions,
        },
        {
            "Effect": "Allow",
            "NotAction": ["lambda:*", "dynamodb:*", "states:*", "lambdura:*"],
            "Resource": "*",
        },
    ]}))
}

/// What a function may do whose role is not known.
fn without_policies(home: &Home) -> Policy {
    let (region, account) = (&home.region, &home.account_id);
    of(&json!({"Statement": [
        {
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction", "lambda:InvokeAsync"],
            "Resource": format!("arn:aws:lambda:{region}:{account}:function:*"),
        },
        {
            "Effect": "Allow",
            "Action": ["states:StartExecution", "states:StartSyncExecution"],
            "Resource": format!("arn:aws:states:{region}:{account}:stateMachine:*"),
        },
        {
            // Whoever starts one may wait for its end.
            "Effect": "Allow",
            "Action": "states:DescribeExecution",
            "Resource": format!("arn:aws:states:{region}:{account}:execution:*"),
        },
        {
            // Anybody who has a token was given it.
            "Effect": "Allow",
            "Action": ["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": ITEMS,
            "Resource": format!("arn:aws:dynamodb:{region}:{account}:table/*"),
        },
    ]}))
}

fn of(document: &Value) -> Policy {
    Policy::from_value(document).expect("what is written here is a policy")
}

/// What `Policies` of a template come to.
fn granted(resource: &FunctionResource, home: &Home) -> Vec<Policy> {
    let mut granted = Vec::new();
    for policy in &resource.policies {
        let document = match policy {
            Value::String(name) => managed(name),
            Value::Object(members) if members.contains_key("Statement") => policy.clone(),
            Value::Object(members) => match members.iter().next() {
                Some((name, parameters)) => sam_template(name, parameters, home),
                None => continue,
            },
            _ => continue,
        };
        let (policy, left_out) = Policy::from_template(&document);
        for problem in left_out {
            let function = &resource.name;
            tracing::warn!(%function, "of its `Policies`, what cannot be decided here grants nothing: {problem}");
        }
        granted.push(policy);
    }
    granted
}

/// One of AWS's managed policies, by its name or ARN: as far as it is about what is here.
fn managed(name: &str) -> Value {
    let name = name.rsplit('/').next().unwrap_or(name);
    let actions: &[&str] = match name {
        "AdministratorAccess" | "PowerUserAccess" => &["lambda:*", "dynamodb:*", "states:*"],
        "AWSStepFunctionsFullAccess" => &["states:*"],
        "AWSStepFunctionsReadOnlyAccess" => &["states:Describe*", "states:Get*", "states:List*"],
        "AWSLambda_FullAccess" => &["lambda:*"],
        "AWSLambdaRole" => &["lambda:InvokeFunction"],
        "AWSLambda_ReadOnlyAccess" => &["lambda:Get*", "lambda:List*"],
        "AmazonDynamoDBFullAccess" | "AmazonDynamoDBFullAccess_v2" => &["dynamodb:*"],
        "AmazonDynamoDBReadOnlyAccess" => ITEMS_READ,
        _ => &[],
    };
    allow(actions, &json!("*"))
}

/// One of SAM's policy templates, as far as it is about what is here.
/// Source: AWS SAM developer guide, "Policy template list", read 2026-11.
fn sam_template(name: &str, parameters: &Value, home: &Home) -> Value {
    let (region, account) = (&home.region, &home.account_id);
    let of = |parameter: &str| parameters.get(parameter).and_then(Value::as_str);
    let table = |actions: &[&str]| {
        let name = of("TableName").unwrap_or_default();
        let arn = format!("arn:aws:dynamodb:{region}:{account}:table/{name}");
        allow(actions, &json!([arn, format!("{arn}/index/*")]))
    };
    match name {
        "DynamoDBCrudPolicy" => table(ITEMS),
        "DynamoDBReadPolicy" => table(ITEMS_READ),
        "DynamoDBWritePolicy" => table(ITEMS_WRITTEN),
        "DynamoDBReconfigurePolicy" => table(&["dynamodb:UpdateTable"]),
        "LambdaInvokePolicy" => {
            let name = of("FunctionName").unwrap_or_default();
            let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}*");
            allow(&["lambda:InvokeFunction"], &json!(arn))
        }
        "StepFunctionsExecutionPolicy" => {
            let name = of("StateMachineName").unwrap_or_default();
            let arn = format!("arn:aws:states:{region}:{account}:stateMachine:{name}");
            // Versions and aliases too.
            allow(
                &["states:StartExecution"],
                &json!([arn, format!("{arn}:*")]),
            )
        }
        _ => allow(&[], &Value::Null),
    }
}

fn allow(actions: &[&str], resource: &Value) -> Value {
    match actions {
        [] => json!({"Statement": []}),
        actions => json!({"Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resource},
        ]}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
        }
    }

    fn may(grants: &Grants, function: &str, action: &str, resource: &str) -> bool {
        let question = Question {
            action,
            resource,
            source_ip: None,
            username: None,
        };
        grants.decide(function, &question, &home()) == Verdict::Allowed
    }

    const ORDERS: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:Orders:1/durable-execution/one/id-1";
    const FRAUD: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:Fraud:1/durable-execution/one/id-1";
    const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/Loans";

    #[test]
    fn a_function_goes_on_with_its_own_executions_alone() {
        let grants = Grants::default();
        for action in [
            "lambda:CheckpointDurableExecution",
            "lambda:GetDurableExecutionState",
        ] {
            assert!(may(&grants, "Orders", action, ORDERS));
            assert!(!may(&grants, "Orders", action, FRAUD));
            // A name that begins alike is another one.
            assert!(!may(&grants, "Order", action, ORDERS));
        }
        for action in [
            "lambda:SendDurableExecutionCallbackSuccess",
            "lambda:StopDurableExecution",
            "lambda:GetDurableExecution",
            "lambda:UpdateFunctionCode",
            "lambdura:ObserveLogs",
            "lambdura:CreateAccessKey",
        ] {
            assert!(!may(&grants, "Orders", action, ORDERS), "{action}");
            assert!(!may(&grants, "Orders", action, FRAUD), "{action}");
        }
        assert!(may(
            &grants,
            "Orders",
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:000000000000:function:Fraud"
        ));
        assert!(may(&grants, "Orders", "dynamodb:PutItem", TABLE));
        assert!(!may(&grants, "Orders", "dynamodb:DeleteTable", TABLE));
        let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:orders";
        assert!(may(&grants, "Orders", "states:StartExecution", machine));
        let execution = "arn:aws:states:us-east-1:000000000000:execution:orders:one";
        assert!(may(
            &grants,
            "Orders",
            "states:DescribeExecution",
            execution
        ));
        assert!(!may(&grants, "Orders", "states:StopExecution", execution));
        for action in [
            "states:CreateStateMachine",
            "states:UpdateStateMachine",
            "states:StopExecution",
        ] {
            assert!(!may(&grants, "Orders", action, machine), "{action}");
        }
        assert!(may(&grants, "Orders", "sqs:SendMessage", "*"));
    }

    #[test]
    fn policies_of_sam_and_of_aws_are_known_as_far_as_they_are_about_what_is_here() {
        let read = |document: Value| of(&document);
        let crud = sam_template(
            "DynamoDBCrudPolicy",
            &json!({"TableName": "Loans"}),
            &home(),
        );
        let question = |action, resource| Question {
            action,
            resource,
            source_ip: None,
            username: None,
        };
        let crud = read(crud);
        assert_eq!(
            decide([&crud], &question("dynamodb:PutItem", TABLE)),
            Verdict::Allowed
        );
        let other = "arn:aws:dynamodb:us-east-1:000000000000:table/Other";
        assert_eq!(
            decide([&crud], &question("dynamodb:PutItem", other)),
            Verdict::NotAllowed
        );
        let invoke = sam_template(
            "LambdaInvokePolicy",
            &json!({"FunctionName": "Fraud"}),
            &home(),
        );
        let fraud = "arn:aws:lambda:us-east-1:000000000000:function:Fraud:live";
        assert_eq!(
            decide([&read(invoke)], &question("lambda:InvokeFunction", fraud)),
            Verdict::Allowed
        );
        let basic = managed("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
        assert_eq!(
            decide([&read(basic)], &question("logs:PutLogEvents", "*")),
            Verdict::NotAllowed
        );
    }
}
