//! What function processes may do: make progress with their own executions, and what their template says.
//!
//! A function with `Policies` in its template gets what they grant, as on AWS. The role of a function with a `Role` is
//! not known here: the function may use the tables of its stack, and invoke its functions. A function with neither gets
//! nothing, as on AWS. Calls to services that this server does not have are not checked here: an emulator or an account
//! decides on them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use access::policy::{Policy, Question, Verdict, decide, decide_everywhere};
use serde_json::{Value, json};
use stack::{FunctionResource, Stack};
use state_machine::name::read;

use crate::functions::Home;

/// The permissions that templates grant to functions, by function name.
#[derive(Debug, Default)]
pub(crate) struct Grants(RwLock<HashMap<String, Arc<Granted>>>);

/// The prefix of our own actions. No template grants any.
const OURS: &str = "lambdura:";

/// Resources in one statement, at most: a policy's list is bounded.
const RESOURCES_OF_STATEMENT: usize = 500;

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

/// Reads of items.
const ITEMS_READ: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
];

/// Writes of items.
const ITEMS_WRITTEN: &[&str] = &[
    "dynamodb:BatchWriteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

/// The permissions of one function.
#[derive(Debug, Default)]
pub(crate) struct Granted(Vec<Policy>);

impl Grants {
    /// Stores what a stack grants to its functions.
    pub fn set(&self, stack: &Stack, home: &Home) {
        let granted = of_stack(stack, home);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.extend(granted);
    }

    /// As [`Grants::set`], but only for functions without an entry: they may be started before it is decided whether
    /// the stack is deployed.
    pub fn set_new(&self, stack: &Stack, home: &Home) {
        let granted = of_stack(stack, home);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (name, granted) in granted {
            all.entry(name).or_insert(granted);
        }
    }

    /// Removes the permissions of all functions that are not in this set.
    pub fn keep(&self, functions: &BTreeSet<&str>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|name, _| functions.contains(name.as_str()));
    }

    /// The permissions of a function; empty if it is in no stack.
    pub fn of(&self, function: &str) -> Arc<Granted> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(function).cloned().unwrap_or_default()
    }
}

fn of_stack(stack: &Stack, home: &Home) -> Vec<(String, Arc<Granted>)> {
    let granted = stack.functions.iter().map(|function| {
        let granted = Granted::of(function, stack, home);
        (function.name.clone(), Arc::new(granted))
    });
    granted.collect()
}

impl Granted {
    fn of(function: &FunctionResource, stack: &Stack, home: &Home) -> Self {
        Self(match (function.policies.as_slice(), function.has_role) {
            // SAM gives such a function a role of its own, which only writes logs.
            ([], false) => Vec::new(),
            ([], true) => vec![of_unknown_role(stack, home)],
            _ => granted(function, home),
        })
    }

    /// Decides about a process of the function.
    pub fn decide(
        &self,
        function: &str,
        question: &Question<'_>,
        is_anything: bool,
        home: &Home,
    ) -> Verdict {
        let own = own(function, home);
        // The author of a template, who may only deploy, must not become an administrator by it.
        let is_ours = question.action.to_ascii_lowercase().starts_with(OURS);
        let granted = self.0.iter().filter(|_| !is_ours).chain([&own]);
        match is_anything {
            true => decide_everywhere(granted, question),
            false => decide(granted, question),
        }
    }
}

/// Permissions for a function's own executions, and for services that this server does not have.
fn own(function: &str, home: &Home) -> Policy {
    let executions = format!(
        "arn:aws:lambda:{}:{}:function:{function}:*/durable-execution/*",
        home.region, home.account_id
    );
    let machine = read(function);
    let states = format!("arn:aws:states:{}:{}", home.region, home.account_id);
    of(&json!({"Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "lambda:CheckpointDurableExecution",
                "lambda:GetDurableExecutionState",
                "lambda:GetDurableExecutionHistory",
            ],
            "Resource": executions,
        },
        // For a state machine: the history of its map runs includes their own histories.
        {
            "Effect": "Allow",
            "Action": "states:GetExecutionHistory",
            "Resource": [
                format!("{states}:execution:{machine}:*"),
                format!("{states}:express:{machine}:*"),
            ],
        },
        {
            "Effect": "Allow",
            "NotAction": ["lambda:*", "dynamodb:*", "states:*", "lambdura:*"],
            "Resource": "*",
        },
    ]}))
}

/// Permissions of a function whose role is not known: the usual actions, on the resources of its stack.
fn of_unknown_role(stack: &Stack, home: &Home) -> Policy {
    let (region, account) = (&home.region, &home.account_id);
    // A policy's list must not be empty.
    let mut functions = vec!["none".to_owned()];
    let mut machines = functions.clone();
    let mut executions = functions.clone();
    let mut tables = functions.clone();
    for function in &stack.functions {
        let name = &function.name;
        let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}");
        functions.extend([format!("{arn}:*"), arn]);
        if function.state_machine.is_some() {
            let name = read(name);
            let arn = format!("arn:aws:states:{region}:{account}:stateMachine:{name}");
            machines.extend([format!("{arn}:*"), arn]);
            executions.push(format!(
                "arn:aws:states:{region}:{account}:execution:{name}:*"
            ));
        }
    }
    for table in &stack.tables {
        let arn = format!("arn:aws:dynamodb:{region}:{account}:table/{}", table.name);
        tables.extend([format!("{arn}/index/*"), arn]);
    }
    // In several statements: a list has a maximum length.
    let chunks = |actions: &[&str], resources: &[String]| -> Vec<Value> {
        let chunks = resources.chunks(RESOURCES_OF_STATEMENT);
        let statement = |chunk| json!({"Effect": "Allow", "Action": actions, "Resource": chunk});
        chunks.map(statement).collect()
    };
    let mut statements = chunks(&["lambda:InvokeFunction", "lambda:InvokeAsync"], &functions);
    statements.extend(chunks(
        &["states:StartExecution", "states:StartSyncExecution"],
        &machines,
    ));
    // A function that may start an execution may also wait for its end.
    statements.extend(chunks(&["states:DescribeExecution"], &executions));
    statements.extend(chunks(ITEMS, &tables));
    // A token is secret: a function that has one was given it.
    statements.push(json!({
        "Effect": "Allow",
        "Action": ["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"],
        "Resource": "*",
    }));
    of(&json!({ "Statement": statements }))
}

fn of(document: &Value) -> Policy {
    Policy::from_value(document).expect("what is written here is a policy")
}

/// The policies that `Policies` of a template stand for.
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

/// One of AWS's managed policies, by its name or ARN: the part about services that this server has.
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

/// One of SAM's policy templates: the part about services that this server has.
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

    fn may(granted: &Granted, function: &str, action: &str, resource: &str) -> bool {
        let question = Question {
            action,
            resource,
            source_ip: None,
            username: None,
        };
        granted.decide(function, &question, false, &home()) == Verdict::Allowed
    }

    const ORDERS: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:Orders:1/durable-execution/one/id-1";
    const FRAUD: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:Fraud:1/durable-execution/one/id-1";
    const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/Loans";
    const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:orders";

    #[test]
    fn a_function_goes_on_with_its_own_executions_alone() {
        let nothing = Granted::default();
        for action in [
            "lambda:CheckpointDurableExecution",
            "lambda:GetDurableExecutionState",
            "lambda:GetDurableExecutionHistory",
        ] {
            assert!(may(&nothing, "Orders", action, ORDERS));
            assert!(!may(&nothing, "Orders", action, FRAUD));
            // A function whose name begins alike is another one.
            assert!(!may(&nothing, "Order", action, ORDERS));
        }
        for action in [
            "lambda:SendDurableExecutionCallbackSuccess",
            "lambda:StopDurableExecution",
            "lambda:GetDurableExecution",
            "lambda:UpdateFunctionCode",
            "lambda:InvokeFunction",
            "lambdura:ObserveLogs",
            "lambdura:CreateAccessKey",
        ] {
            assert!(!may(&nothing, "Orders", action, ORDERS), "{action}");
            assert!(!may(&nothing, "Orders", action, FRAUD), "{action}");
        }
        let fraud = "arn:aws:lambda:us-east-1:000000000000:function:Fraud";
        assert!(!may(&nothing, "Orders", "lambda:InvokeFunction", fraud));
        assert!(!may(&nothing, "Orders", "dynamodb:GetItem", TABLE));
        assert!(!may(&nothing, "Orders", "states:StartExecution", MACHINE));
        assert!(may(&nothing, "Orders", "sqs:SendMessage", "*"));
    }

    const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Loans:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Loans
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  orders:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: orders
      Role: arn:aws:iam::000000000000:role/somebody
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
";

    #[test]
    fn an_unknown_role_is_good_for_the_stack_alone() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, TEMPLATE).expect("there is room");
        let stack = stack::load(&path, &stack::LoadOptions::default()).expect("it is one");
        let machine = &stack.functions[0];
        assert!(machine.has_role);
        let granted = Granted::of(machine, &stack, &home());
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:orders";
        for (action, resource, other) in [
            (
                "lambda:InvokeFunction",
                format!("{arn}:live"),
                format!("{arn}2"),
            ),
            (
                "states:StartExecution",
                MACHINE.to_owned(),
                format!("{MACHINE}2"),
            ),
            (
                "states:DescribeExecution",
                "arn:aws:states:us-east-1:000000000000:execution:orders:one".to_owned(),
                "arn:aws:states:us-east-1:000000000000:execution:orders2:one".to_owned(),
            ),
            ("dynamodb:PutItem", TABLE.to_owned(), format!("{TABLE}2")),
        ] {
            assert!(may(&granted, "orders", action, &resource), "{action}");
            assert!(!may(&granted, "orders", action, &other), "{action}");
        }
        assert!(!may(&granted, "orders", "dynamodb:DeleteTable", TABLE));
        for action in [
            "states:CreateStateMachine",
            "states:UpdateStateMachine",
            "states:StopExecution",
        ] {
            assert!(!may(&granted, "orders", action, MACHINE), "{action}");
        }
    }

    #[test]
    fn no_template_grants_what_is_ours() {
        let everything = json!({"Statement": [{"Effect": "Allow", "Action": ["*", "lambdura:*"], "Resource": "*"}]});
        let granted = Granted(vec![of(&everything)]);
        assert!(may(&granted, "Orders", "lambda:UpdateFunctionCode", "*"));
        for action in [
            "lambdura:CreateAccessKey",
            "lambdura:DeployStack",
            "lambdura:ObserveLogs",
            "LAMBDURA:CreateAccessKey",
        ] {
            assert!(!may(&granted, "Orders", action, "*"), "{action}");
        }
    }

    #[test]
    fn what_a_stack_granted_goes_with_it() {
        let grants = Grants::default();
        let granted = Granted(vec![of(&allow(&["dynamodb:*"], &json!("*")))]);
        let mut all = grants.0.write().expect("nobody panicked");
        all.insert("Orders".to_owned(), Arc::new(granted));
        drop(all);
        let may_read = || may(&grants.of("Orders"), "Orders", "dynamodb:GetItem", TABLE);
        assert!(may_read());
        grants.keep(&BTreeSet::from(["Orders"]));
        assert!(may_read());
        grants.keep(&BTreeSet::new());
        assert!(!may_read());
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
