//! Every route, and the permissions that it needs.

use super::*;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000";

fn of(service: Service, method: &str, target: &str, header: Option<&str>, body: &str) -> String {
    let needed = asked(service, method, target, header, body);
    let needed = needed.iter().map(|one| match &one.on {
        On::Arn(arn) | On::Chained(arn) => format!("{} {}", one.action, arn.replace(ARN, "…")),
        On::Anything => format!("{} anything", one.action),
        On::Execution { id, .. } => format!("{} execution {id}", one.action),
        On::Task(id) => format!("{} machine of execution {id}", one.action),
    });
    needed.collect::<Vec<_>>().join(", ")
}

#[test]
fn operations_of_lambda_need_the_action_of_their_name() {
    let execution = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3AOrders%3A1%2Fdurable-execution%2Fone%2Fid-1";
    for (method, target, expected) in [
        (
            "POST",
            "/2015-03-31/functions/Orders/invocations",
            "lambda:InvokeFunction …:function:Orders",
        ),
        (
            "POST",
            "/2015-03-31/functions/Orders/invocations?Qualifier=live",
            "lambda:InvokeFunction …:function:Orders:live",
        ),
        (
            "POST",
            "/2015-03-31/functions/Orders%3Alive/invocations/",
            "lambda:InvokeFunction …:function:Orders:live",
        ),
        (
            "POST",
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3AOrders%3A2/invocations",
            "lambda:InvokeFunction …:function:Orders:2",
        ),
        (
            "POST",
            "/2021-11-15/functions/Orders/response-streaming-invocations",
            "lambda:InvokeFunction …:function:Orders",
        ),
        (
            "POST",
            "/2014-11-13/functions/Orders/invoke-async",
            "lambda:InvokeAsync …:function:Orders",
        ),
        ("GET", "/2015-03-31/functions/", "lambda:ListFunctions *"),
        (
            "GET",
            "/2015-03-31/functions/Orders",
            "lambda:GetFunction …:function:Orders",
        ),
        (
            "DELETE",
            "/2015-03-31/functions/Orders?Qualifier=1",
            "lambda:DeleteFunction …:function:Orders:1",
        ),
        (
            "PUT",
            "/2015-03-31/functions/Orders:live/code?Qualifier=live",
            "lambda:UpdateFunctionCode …:function:Orders",
        ),
        (
            "PUT",
            "/2015-03-31/functions/Orders/aliases/live",
            "lambda:UpdateAlias …:function:Orders",
        ),
        (
            "PATCH",
            "/2015-03-31/functions/Orders/aliases/live",
            "lambda:UnknownOperation …:function:Orders",
        ),
        (
            "GET",
            "/2015-03-31/event-source-mappings/7",
            "lambda:GetEventSourceMapping …:event-source-mapping:7",
        ),
        (
            "POST",
            "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3AOrders",
            "lambda:TagResource …:function:Orders",
        ),
        (
            "POST",
            "/2025-12-01/durable-executions/{}/checkpoint",
            "lambda:CheckpointDurableExecution execution id-1",
        ),
        (
            "GET",
            "/2025-12-01/durable-executions/{}/state",
            "lambda:GetDurableExecutionState execution id-1",
        ),
        (
            "GET",
            "/2025-12-01/durable-executions/{}/history",
            "lambda:GetDurableExecutionHistory execution id-1",
        ),
        (
            "POST",
            "/2025-12-01/durable-executions/{}/stop",
            "lambda:StopDurableExecution execution id-1",
        ),
        (
            "POST",
            "/2025-12-01/durable-executions/{}/pause",
            "lambdura:PauseDurableExecution execution id-1",
        ),
        (
            "GET",
            "/2025-12-01/durable-executions/{}",
            "lambda:GetDurableExecution execution id-1",
        ),
        (
            "DELETE",
            "/2025-12-01/durable-executions/{}",
            "lambdura:DeleteDurableExecution execution id-1",
        ),
        (
            "GET",
            "/2025-12-01/durable-executions/nonsense",
            "lambda:GetDurableExecution arn:aws:lambdura:us-east-1:000000000000:no-execution",
        ),
        (
            "GET",
            "/2025-12-01/functions/Orders/durable-executions",
            "lambda:ListDurableExecutionsByFunction …:function:Orders",
        ),
        (
            "POST",
            "/2025-12-01/durable-execution-callbacks/nonsense/succeed",
            "lambda:SendDurableExecutionCallbackSuccess *",
        ),
        ("GET", "/2099-01-01/anything", "lambda:UnknownOperation *"),
    ] {
        let target = target.replace("{}", execution);
        assert_eq!(
            of(Service::Lambda, method, &target, None, ""),
            expected,
            "{method} {target}"
        );
    }
    let created = of(
        Service::Lambda,
        "POST",
        "/2015-03-31/functions",
        None,
        "{\"FunctionName\":\"New\",\"Code\":{\"ZipFile\":\"AAAA\"}}",
    );
    assert_eq!(created, "lambda:CreateFunction …:function:New");
}

#[test]
fn our_own_routes_need_actions_of_our_own() {
    for (method, target, action) in [
        ("GET", "/metrics", "ObserveMetrics"),
        (
            "GET",
            "/lambdura/v1/executions/id-1/events",
            "ObserveExecutions",
        ),
        ("GET", "/lambdura/v1/logs/lines/1", "ObserveLogs"),
        ("GET", "/lambdura/dead-letters", "ObserveDeadLetters"),
        ("POST", "/lambdura/v1/clock", "MoveClock"),
        (
            "POST",
            "/lambdura/v1/set-aside/id-1/try-again",
            "RetrySetAside",
        ),
        ("GET", "/lambdura/v1/access-keys", "ListAccessKeys"),
        (
            "POST",
            "/lambdura/v1/access-keys/ci/rotate",
            "RotateAccessKey",
        ),
        ("POST", "/lambdura/v1/executions", "UnknownOperation"),
        ("GET", "/lambdura/v1/anything", "UnknownOperation"),
        ("GET", "/lambdura/v1/stacks/%ff", "UnknownOperation"),
    ] {
        let needed = of(Service::Lambda, method, target, None, "");
        let expected = format!("lambdura:{action} ");
        assert!(needed.starts_with(&expected), "{method} {target}: {needed}");
    }
    let code = of(
        Service::Lambda,
        "POST",
        "/lambdura/v1/functions/Orders/versions/3/code",
        None,
        "",
    );
    assert_eq!(code, "lambdura:ReplaceVersionCode …:function:Orders:3");
}

#[test]
fn requests_for_tables_need_each_table_that_they_name() {
    let table = |operation: &str, body: &str| {
        let target = format!("DynamoDB_20120810.{operation}");
        of(Service::DynamoDb, "POST", "/", Some(&target), body)
            .replace("arn:aws:dynamodb:us-east-1:000000000000:", "…")
    };
    for (operation, body, expected) in [
        (
            "GetItem",
            r#"{"TableName":"Loans"}"#,
            "dynamodb:GetItem …table/Loans",
        ),
        (
            "GetItem",
            r#"{"TableName":"arn:aws:dynamodb:us-east-1:000000000000:table/Loans"}"#,
            "dynamodb:GetItem …table/Loans",
        ),
        (
            "Query",
            r#"{"TableName":"Loans","IndexName":"ByDay"}"#,
            "dynamodb:Query …table/Loans/index/ByDay",
        ),
        (
            "BatchGetItem",
            r#"{"RequestItems":{"A":{},"B":{}}}"#,
            "dynamodb:BatchGetItem …table/A, dynamodb:BatchGetItem …table/B",
        ),
        (
            "TransactWriteItems",
            r#"{"TransactItems":[{"Put":{"TableName":"A"}},{"Put":{"TableName":"A"}},{"ConditionCheck":{"TableName":"B"}}]}"#,
            "dynamodb:PutItem …table/A, dynamodb:ConditionCheckItem …table/B",
        ),
        ("ListTables", "{}", "dynamodb:ListTables *"),
        (
            "ExecuteStatement",
            r#"{"Statement":"SELECT * FROM Loans"}"#,
            "dynamodb:PartiQLSelect …table/Loans",
        ),
        (
            "ExecuteTransaction",
            r#"{"TransactStatements":[{"Statement":"DELETE FROM A WHERE id = 1"},{"Statement":"UPDATE \"B\" SET c = 1"}]}"#,
            "dynamodb:PartiQLDelete …table/A, dynamodb:PartiQLUpdate …table/B",
        ),
        (
            "BatchExecuteStatement",
            r#"{"Statements":[{"Statement":"SELECT * FROM Loans.ByDay"},{"Statement":"INSERT INTO Loans VALUE {}"}]}"#,
            "dynamodb:PartiQLSelect …table/Loans/index/ByDay, dynamodb:PartiQLInsert …table/Loans",
        ),
        (
            "ExecuteStatement",
            r#"{"Statement":"SELECT COUNT(*) FROM Loans"}"#,
            "dynamodb:PartiQLSelect anything, dynamodb:PartiQLInsert anything, dynamodb:PartiQLUpdate anything, \
             dynamodb:PartiQLDelete anything",
        ),
        (
            "GetItem",
            r#"{"TableName":"Loans","IndexName":"ByDay"}"#,
            "dynamodb:GetItem …table/Loans",
        ),
        ("PutItem", "no JSON", "dynamodb:PutItem anything"),
        (
            "PutItem",
            r#"{"TableName":"A","TableName":"B"}"#,
            "dynamodb:PutItem anything",
        ),
    ] {
        assert_eq!(table(operation, body), expected);
    }
}

#[test]
fn a_checkpoint_needs_what_it_has_invoked() {
    let target = "/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3AOrders%3A1%2Fdurable-execution%2Fone%2Fid-1/checkpoint";
    let body = r#"{"Updates":[{"Type":"STEP"},{"Type":"CHAINED_INVOKE","ChainedInvokeOptions":{"FunctionName":"Fraud:live"}}]}"#;
    assert_eq!(
        of(Service::Lambda, "POST", target, None, body),
        "lambda:CheckpointDurableExecution execution id-1, lambda:InvokeFunction …:function:Fraud:live"
    );
}

#[test]
fn calls_of_other_services_need_their_actions() {
    let needed = of(
        Service::Elsewhere,
        "POST",
        "/",
        Some("AmazonSQS.SendMessage"),
        "{}",
    );
    assert_eq!(needed, "sqs:SendMessage *");
    assert_eq!(
        of(Service::Elsewhere, "PUT", "/bucket/key", None, ""),
        "sqs:Call *"
    );
}

#[test]
fn reading_is_told_from_changing() {
    for (action, is_read) in [
        ("lambda:GetFunction", true),
        ("lambdura:ObserveLogs", true),
        ("dynamodb:Query", true),
        ("lambda:InvokeFunction", false),
        ("lambdura:MoveClock", false),
        ("dynamodb:PutItem", false),
    ] {
        assert_eq!(Needed::new(action, "*").is_read(), is_read, "{action}");
    }
}
