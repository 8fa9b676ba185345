//! A denial holds for all spellings of a name.

use access::policy::{PolicySet, Question, Verdict};
use serde_json::json;

use super::*;

/// Whether a caller is admitted that may do everything, except to the `hidden` resources.
fn is_let_in(
    service: Service,
    method: &str,
    target: &str,
    header: Option<&str>,
    body: &str,
) -> bool {
    let policies = PolicySet::new(vec![json!({"Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": [
            "arn:aws:states:us-east-1:000000000000:stateMachine:hidden",
            "arn:aws:states:us-east-1:000000000000:stateMachine:hidden:*",
            "arn:aws:states:us-east-1:000000000000:execution:hidden:*",
            "arn:aws:states:us-east-1:000000000000:activity:hidden",
            "arn:aws:lambda:us-east-1:000000000000:function:hidden",
            "arn:aws:lambda:us-east-1:000000000000:function:hidden:*",
            "arn:aws:dynamodb:us-east-1:000000000000:table/hidden",
            "arn:aws:lambdura:us-east-1:000000000000:stack/hidden",
        ]},
    ]})]);
    let policies = policies.expect("it is a policy");
    let is_allowed = |one: &Needed| {
        let question = |resource| Question {
            action: &one.action,
            resource,
            source_ip: None,
            username: None,
        };
        let whole = one
            .within
            .as_deref()
            .map(|arn| policies.decide(&question(arn)));
        let verdict = match &one.on {
            On::Arn(arn) | On::Chained(arn) => policies.decide(&question(arn)),
            On::Anything => policies.decide_everywhere(&question("")),
            On::Execution { unknown, .. } => policies.decide(&question(unknown)),
            On::Task(_) => policies.decide(&question("*")),
        };
        whole != Some(Verdict::Denied) && verdict == Verdict::Allowed
    };
    let needed = asked(service, method, target, header, body);
    needed.iter().all(is_allowed)
}

/// An ARN in all spellings that handlers take for the same.
fn spelled(arn: &str) -> Vec<String> {
    let rest = arn.splitn(6, ':').nth(5).expect("it is an ARN");
    let service = arn.split(':').nth(2).expect("it is an ARN");
    let of =
        |partition, region, account| format!("arn:{partition}:{service}:{region}:{account}:{rest}");
    vec![
        arn.to_owned(),
        of("aws", "eu-west-1", "000000000000"),
        of("aws", "us-east-1", "111111111111"),
        of("aws", "", ""),
        of("aws-cn", "us-east-1", "000000000000"),
        of("", "", ""),
    ]
}

#[test]
fn no_spelling_of_a_state_machine_passes_a_denial() {
    let states = "arn:aws:states:us-east-1:000000000000";
    let machine = format!("{states}:stateMachine:hidden");
    let qualified = format!("{machine}:1");
    let execution = format!("{states}:execution:hidden:one");
    let labelled = format!("{states}:execution:hidden/Items:one");
    let run = format!("{states}:mapRun:hidden/Items:one.1");
    let activity = format!("{states}:activity:hidden");
    let of_machine = [
        "DescribeStateMachine",
        "UpdateStateMachine",
        "DeleteStateMachine",
        "PublishStateMachineVersion",
        "ListStateMachineVersions",
        "ListStateMachineAliases",
        "StartExecution",
        "StartSyncExecution",
        "ListExecutions",
    ];
    let of_execution = [
        "DescribeExecution",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListMapRuns",
        "RedriveExecution",
        "StopExecution",
    ];
    let mut operations = Vec::new();
    for operation in of_machine {
        operations.push((operation, "stateMachineArn", &machine));
        operations.push((operation, "stateMachineArn", &qualified));
    }
    for operation in of_execution {
        operations.push((operation, "executionArn", &execution));
        operations.push((operation, "executionArn", &labelled));
    }
    for operation in ["TagResource", "UntagResource", "ListTagsForResource"] {
        operations.push((operation, "resourceArn", &machine));
        operations.push((operation, "resourceArn", &activity));
    }
    for operation in ["DescribeActivity", "DeleteActivity", "GetActivityTask"] {
        operations.push((operation, "activityArn", &activity));
    }
    for operation in ["DescribeMapRun", "UpdateMapRun", "ListExecutions"] {
        operations.push((operation, "mapRunArn", &run));
    }
    for operation in [
        "DescribeStateMachineAlias",
        "UpdateStateMachineAlias",
        "DeleteStateMachineAlias",
    ] {
        operations.push((operation, "stateMachineAliasArn", &qualified));
    }
    operations.push((
        "DeleteStateMachineVersion",
        "stateMachineVersionArn",
        &qualified,
    ));
    let is_let_in = |operation: &str, body: &str| {
        let target = format!("AWSStepFunctions.{operation}");
        is_let_in(Service::States, "POST", "/", Some(&target), body)
    };
    let other = format!("{states}:stateMachine:other");
    for (operation, member, arn) in operations {
        for arn in spelled(arn) {
            let body = json!({ member: arn }).to_string();
            assert!(!is_let_in(operation, &body), "{operation} {arn}");
            // Beside another, allowed resource, and twice.
            for more in [
                "stateMachineArn",
                "executionArn",
                "activityArn",
                "taskToken",
                member,
            ] {
                for body in [
                    format!(r#"{{"{more}":"{other}","{member}":"{arn}"}}"#),
                    format!(r#"{{"{member}":"{arn}","{more}":"{other}"}}"#),
                ] {
                    assert!(!is_let_in(operation, &body), "{operation} {body}");
                }
            }
        }
        let allowed = arn.replace("hidden", "shown");
        let body = json!({ member: allowed }).to_string();
        assert!(is_let_in(operation, &body), "{operation} {allowed}");
    }
    for (operation, body) in [
        ("CreateStateMachine", json!({"name": "hidden"})),
        ("CreateActivity", json!({"name": "hidden"})),
        (
            "CreateStateMachineAlias",
            json!({"routingConfiguration": [{"stateMachineVersionArn": qualified}]}),
        ),
    ] {
        assert!(!is_let_in(operation, &body.to_string()), "{operation}");
    }
}

#[test]
fn no_spelling_of_a_table_passes_a_denial() {
    let is_let_in = |operation: &str, body: &str| {
        let target = format!("DynamoDB_20120810.{operation}");
        is_let_in(Service::DynamoDb, "POST", "/", Some(&target), body)
    };
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/hidden";
    let mut names = spelled(arn);
    names.push("hidden".to_owned());
    for name in &names {
        for operation in [
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "DescribeTable",
            "DescribeTimeToLive",
            "GetItem",
            "ListStreams",
            "PutItem",
            "Query",
            "Scan",
            "SearchVectors",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive",
        ] {
            let body = json!({ "TableName": name }).to_string();
            assert!(!is_let_in(operation, &body), "{operation} {name}");
            let twice = [
                format!(r#"{{"TableName":"shown","TableName":"{name}"}}"#),
                format!(r#"{{"TableName":"{name}","TableName":"shown"}}"#),
            ];
            for body in twice {
                assert!(!is_let_in(operation, &body), "{operation} {body}");
            }
            if !matches!(operation, "Query" | "Scan") {
                let body = json!({ "TableName": name, "IndexName": "ByDay" }).to_string();
                assert!(!is_let_in(operation, &body), "{operation} {body}");
            }
        }
        for operation in ["BatchGetItem", "BatchWriteItem"] {
            let body = json!({"RequestItems": {"shown": {}, name.as_str(): {}}}).to_string();
            assert!(!is_let_in(operation, &body), "{operation} {name}");
        }
        for kind in ["Get", "Put", "Update", "Delete", "ConditionCheck"] {
            let items = json!([{"Get": {"TableName": "shown"}, kind: {"TableName": name}}]);
            let body = json!({ "TransactItems": items }).to_string();
            assert!(!is_let_in("TransactWriteItems", &body), "{kind} {name}");
        }
    }
    for operation in ["TagResource", "UntagResource", "ListTagsOfResource"] {
        for arn in spelled(arn) {
            for arn in [arn.clone(), format!("{arn}/index/x")] {
                let body = json!({ "ResourceArn": arn }).to_string();
                assert!(!is_let_in(operation, &body), "{operation} {arn}");
            }
        }
    }
    for operation in ["DescribeStream", "GetShardIterator"] {
        for arn in spelled(&format!("{arn}/stream/2026")) {
            let body = json!({ "StreamArn": arn }).to_string();
            assert!(!is_let_in(operation, &body), "{operation} {arn}");
        }
        assert!(!is_let_in(operation, r#"{"StreamArn": "x/hidden"}"#));
    }
    let encode = dynoxide::actions::get_shard_iterator::encode_shard_iterator;
    let body = |table| json!({ "ShardIterator": encode(table, "shard", 1) }).to_string();
    assert!(!is_let_in("GetRecords", &body("hidden")));
    assert!(is_let_in("GetRecords", &body("shown")));
    assert!(!is_let_in("GetRecords", r#"{"ShardIterator": "?"}"#));
    for statement in [
        "SELECT * FROM hidden",
        "SELECT * FROM \"hidden\" WHERE id = 1",
        "select * from\n\thidden",
        "SELECT \"FROM shown\" FROM hidden",
        "SELECT * FROM shown -- \n, hidden",
        "INSERT INTO hidden VALUE {'id': 1}",
        "UPDATE hidden SET a = 1",
        "DELETE FROM hidden WHERE id = 1",
        "EXISTS(SELECT * FROM hidden)",
        "nonsense",
    ] {
        let one = json!({ "Statement": statement });
        let shown = json!({ "Statement": "SELECT * FROM shown" });
        for (operation, body) in [
            ("ExecuteStatement", one.clone()),
            (
                "BatchExecuteStatement",
                json!({ "Statements": [shown, one] }),
            ),
            (
                "ExecuteTransaction",
                json!({ "TransactStatements": [shown, one] }),
            ),
        ] {
            assert!(
                !is_let_in(operation, &body.to_string()),
                "{operation} {statement}"
            );
        }
    }
    let shown = r#"{"Statement": "SELECT * FROM shown WHERE id = 'hidden'"}"#;
    assert!(is_let_in("ExecuteStatement", shown));
}

#[test]
fn no_spelling_of_a_function_or_a_stack_passes_a_denial() {
    let is_let_in =
        |method: &str, target: &str| is_let_in(Service::Lambda, method, target, None, "{}");
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:hidden";
    let mut names: Vec<String> = spelled(arn);
    names.extend([
        "hidden".to_owned(),
        "hidden:live".to_owned(),
        "000000000000:function:hidden".to_owned(),
        format!("{arn}:$LATEST.PUBLISHED"),
    ]);
    for name in names {
        let is_qualified = name.ends_with(":live") || name.ends_with(":$LATEST.PUBLISHED");
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for name in [encoded, name.replace(':', "%3A").replace('$', "%24")] {
            for (method, target) in [
                ("POST", "/2015-03-31/functions/{}/invocations"),
                (
                    "POST",
                    "/2015-03-31/functions/{}/invocations?Qualifier=live&Qualifier=x",
                ),
                (
                    "POST",
                    "/2021-11-15/functions/{}/response-streaming-invocations",
                ),
                ("POST", "/2014-11-13/functions/{}/invoke-async"),
                ("GET", "/2015-03-31/functions/{}"),
                ("DELETE", "/2015-03-31/functions/{}/"),
                ("PUT", "/2015-03-31/functions/{}/code"),
                ("GET", "/2015-03-31/functions/{}/configuration"),
                ("PUT", "/2015-03-31/functions/{}/configuration"),
                ("GET", "/2015-03-31/functions/{}/versions"),
                ("POST", "/2015-03-31/functions/{}/versions"),
                ("GET", "/2015-03-31/functions/{}/aliases"),
                ("PUT", "/2015-03-31/functions/{}/aliases/%6c"),
                ("PUT", "/2019-09-25/functions/{}/event-invoke-config"),
                ("GET", "/2019-09-25/functions/{}/event-invoke-config/list"),
                ("PUT", "/2017-10-31/functions/{}/concurrency"),
                ("DELETE", "/2017-10-31/functions/{}/concurrency"),
                ("GET", "/2019-09-30/functions/{}/concurrency"),
                ("GET", "/2015-03-31/functions/{}/policy"),
                ("GET", "/2025-12-01/functions/{}/durable-executions"),
                ("POST", "/2017-03-31/tags/{}"),
                ("POST", "/lambdura/v1/functions/{}/versions/1/code"),
                ("POST", "/lambdura/v1/functions/{}/versions/%31/code"),
            ] {
                let target = target.replace("{}", &name);
                // The handler refuses two qualifiers that differ, for every caller.
                let differs = is_qualified
                    && (target.contains("Qualifier=live") || target.contains("/lambdura/"));
                assert!(differs || !is_let_in(method, &target), "{method} {target}");
            }
        }
    }
    for name in ["hidden", "%68idden", "%68%69%64%64%65%6E"] {
        for (method, target) in [
            ("GET", "/lambdura/v1/stacks/{}"),
            ("GET", "/lambdura/stacks/{}"),
            ("GET", "/lambdura/v1/stacks/{}/"),
            ("POST", "/lambdura/v1/stacks/{}/plan"),
            ("PUT", "/lambdura/v1/stacks/{}"),
            ("DELETE", "/lambdura/v1/stacks/{}?force=true"),
        ] {
            let target = target.replace("{}", name);
            assert!(!is_let_in(method, &target), "{method} {target}");
        }
    }
    assert!(is_let_in("GET", "/lambdura/v1/stacks/shown"));
}
