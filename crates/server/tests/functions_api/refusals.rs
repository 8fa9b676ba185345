//! The answers to requests about functions that violate the service model: every constraint, the order of violations,
//! and which refusal comes first.

use std::fmt::Write as _;
use std::slice::from_ref;

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{TestServer, encode, fixtures};
use crate::{FUNCTIONS, ROLE, call};

/// Wrong or unusual values of one member.
fn alone(member: &str, values: &[Value]) -> Vec<Value> {
    let one = |value: &Value| json!({ member: value });
    values.iter().map(one).collect()
}

/// Members of `CreateFunction` and `UpdateFunctionConfiguration`.
fn of_functions() -> Vec<Value> {
    let long = "é".repeat(257);
    let managed = |value: Value| json!({"LambdaManagedInstancesCapacityProviderConfig": value});
    let arn = "arn:aws:lambda:eu-west-1:000000000000:capacity-provider:mine";
    let mut all = vec![json!({})];
    all.extend(alone("Runtime", &[json!("cobol"), json!("")]));
    all.extend(alone(
        "Role",
        &[json!("arn:aws:iam::1:role/x"), json!("role")],
    ));
    all.extend(alone(
        "Handler",
        &[json!(""), json!("a b"), json!("h".repeat(129))],
    ));
    all.extend(alone("Description", &[json!(long)]));
    all.extend(alone("Timeout", &[json!(0), json!(901), json!(5401)]));
    all.extend(alone(
        "MemorySize",
        &[json!(127), json!(10_241), json!(32_769)],
    ));
    let sizes = [json!({}), json!({"Size": 511}), json!({"Size": 10_241})];
    all.extend(alone("EphemeralStorage", &sizes));
    let durable = [
        json!({"ExecutionTimeout": 0, "RetentionPeriodInDays": 0}),
        json!({"ExecutionTimeout": 31_622_401, "RetentionPeriodInDays": 91}),
        json!({"RetentionPeriodInDays": 1}),
    ];
    all.extend(alone("DurableConfig", &durable));
    all.extend(alone("PackageType", &[json!("Tar"), json!("Image")]));
    all.extend(alone("TracingConfig", &[json!({"Mode": "On"})]));
    all.extend(alone("SnapStart", &[json!({"ApplyOn": "All"})]));
    let logging =
        json!({"LogFormat": "XML", "ApplicationLogLevel": "ALL", "SystemLogLevel": "TRACE"});
    all.extend(alone("LoggingConfig", from_ref(&logging)));
    let architectures = [json!([]), json!(["mips"]), json!(["arm64", "mips"])];
    all.extend(alone("Architectures", &architectures));
    let capacity = [
        json!({}),
        managed(json!({})),
        managed(json!({"CapacityProviderArn": "mine"})),
        managed(json!({
            "CapacityProviderArn": arn, "PerExecutionEnvironmentMaxConcurrency": 0,
            "ExecutionEnvironmentMemoryGiBPerVCpu": 1.5,
        })),
        managed(json!({
            "CapacityProviderArn": arn, "PerExecutionEnvironmentMaxConcurrency": 1601,
            "ExecutionEnvironmentMemoryGiBPerVCpu": 8.25,
        })),
    ];
    all.extend(alone("CapacityProviderConfig", &capacity));
    let layers = json!([
        "arn:aws:lambda:eu-west-1:1:layer:l:1",
        "l",
        "arn:aws:s3:::x"
    ]);
    all.extend(alone(
        "Layers",
        &[layers.clone(), json!(vec!["arn:x:layer:y"; 6])],
    ));
    let variables =
        json!({"Variables": {"A": "1", "9": "", "A-B": "", "_": "", "AWS_REGION": "x"}});
    all.extend(alone("Environment", from_ref(&variables)));
    let reserved = json!({"Variables": {"AWS_REGION": "x", "_HANDLER": "y"}});
    all.extend(alone(
        "Environment",
        &[reserved, json!({"Variables": {"BIG": "x".repeat(4096)}})],
    ));
    let tags = json!({"": "v", "k".repeat(129): "v", "key": "v".repeat(257)});
    all.extend(alone("Tags", from_ref(&tags)));
    all.extend(alone("Publish", &[json!("yes")]));
    all.push(json!({
        "Runtime": "cobol", "Role": "r", "Handler": "a b", "Description": long, "Timeout": 0, "MemorySize": 1,
        "EphemeralStorage": {}, "DurableConfig": {"ExecutionTimeout": 0, "RetentionPeriodInDays": 0},
        "PackageType": "Tar", "TracingConfig": {"Mode": "On"}, "SnapStart": {"ApplyOn": "All"},
        "LoggingConfig": logging, "Architectures": ["mips"], "CapacityProviderConfig": managed(json!({})),
        "Layers": layers, "Environment": variables, "Tags": tags, "FileSystemConfigs": [{}], "ImageConfig": {},
    }));
    all
}

fn of_aliases() -> Vec<Value> {
    let weights = |weights: Value| json!({"AdditionalVersionWeights": weights});
    let mut all = vec![json!({})];
    all.extend(alone(
        "Name",
        &[json!(""), json!("7"), json!("a b"), json!("n".repeat(129))],
    ));
    all.extend(alone(
        "FunctionVersion",
        &[json!(""), json!("one"), json!("$LATEST"), json!("7")],
    ));
    all.extend(alone("Description", &[json!("d".repeat(257))]));
    let routing = [
        weights(json!({"1": -0.5})),
        weights(json!({"x": 1.5, "2": 1.0})),
        weights(json!({"$LATEST": 0.5})),
    ];
    all.extend(alone("RoutingConfig", &routing));
    all.push(json!({
        "Name": "7", "FunctionVersion": "x", "Description": "d".repeat(257),
        "RoutingConfig": weights(json!({"1": 2, "y": -1})),
    }));
    all.push(json!({"Name": "fine", "FunctionVersion": "1", "RoutingConfig": weights(json!({"2": 0.5}))}));
    all
}

fn of_mappings() -> Vec<Value> {
    let queue = "arn:aws:sqs:eu-west-1:000000000000:orders";
    let mut all = vec![json!({}), json!({"EventSourceArn": queue})];
    all.extend(alone("BatchSize", &[json!(0), json!(10_001)]));
    all.extend(alone(
        "MaximumBatchingWindowInSeconds",
        &[json!(-1), json!(301)],
    ));
    let scaling = [
        json!({}),
        json!({"MaximumConcurrency": 1}),
        json!({"MaximumConcurrency": 1001}),
    ];
    all.extend(alone("ScalingConfig", &scaling));
    all.extend(alone(
        "FunctionResponseTypes",
        &[json!(["ReportBatchItemFailures", "Other"])],
    ));
    all.extend(alone(
        "FilterCriteria",
        &[json!({"Filters": [{"Pattern": "{"}]})],
    ));
    all.push(json!({
        "BatchSize": 0, "MaximumBatchingWindowInSeconds": 301, "ScalingConfig": {"MaximumConcurrency": 1},
        "FunctionResponseTypes": ["A", "B"], "FilterCriteria": {"Filters": [{"Pattern": "{"}]},
    }));
    all.push(json!({"BatchSize": 0, "StartingPosition": "LATEST"}));
    all.push(
        json!({"FunctionName": "Plain", "EventSourceArn": "arn:aws:kinesis:eu-west-1:1:stream/s"}),
    );
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_as_it_was() {
    let server = TestServer::start().await;
    let tags = json!({"Tags": {"": "v", "k".repeat(129): "v", "key": "v".repeat(257)}});
    let function = "/2015-03-31/functions/Plain";
    let concurrency = "/2017-10-31/functions/Plain/concurrency";
    let event_invoke = "/2019-09-25/functions/Plain/event-invoke-config";
    let arn = encode("arn:aws:lambda:us-east-1:000000000000:function:Plain");
    let bad_arn = encode("arn:aws:lambda:us-east-1:000000000000:function:Plain:live");
    let named = |request: Value| {
        let mut named = json!({"FunctionName": "Bad", "Role": ROLE, "Code": {}, "Handler": "h"});
        let members = request.as_object().expect("requests are objects").clone();
        named.as_object_mut().expect("it is one").extend(members);
        named
    };
    let invokes = [
        json!({"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 59}),
        json!({"MaximumRetryAttempts": -1}),
        json!({"MaximumEventAgeInSeconds": 21_601}),
    ];
    let reserved = [
        json!({}),
        json!({"ReservedConcurrentExecutions": -1}),
        json!({"ReservedConcurrentExecutions": 4_294_967_296_i64}),
        json!({"ReservedConcurrentExecutions": 1001}),
    ];
    let architectures = [
        json!({"Architectures": ["mips", "x86_64"]}),
        json!({"ZipFile": "?"}),
        json!({}),
    ];
    let descriptions = [
        json!({"Description": "d".repeat(257)}),
        json!({"RevisionId": "x"}),
    ];
    let operations = [
        (Method::POST, FUNCTIONS.to_owned(), of_functions()),
        (
            Method::POST,
            FUNCTIONS.to_owned(),
            of_functions().into_iter().map(named).collect(),
        ),
        (
            Method::PUT,
            format!("{function}/configuration"),
            of_functions()[1..].to_vec(),
        ),
        (
            Method::PUT,
            format!("{function}/code"),
            architectures.to_vec(),
        ),
        (
            Method::POST,
            format!("{function}/versions"),
            descriptions.to_vec(),
        ),
        (Method::POST, format!("{function}/aliases"), of_aliases()),
        (
            Method::PUT,
            format!("{function}/aliases/none"),
            of_aliases(),
        ),
        (Method::PUT, concurrency.to_owned(), reserved.to_vec()),
        (Method::PUT, event_invoke.to_owned(), invokes.to_vec()),
        (Method::POST, event_invoke.to_owned(), invokes.to_vec()),
        (
            Method::POST,
            format!("/2017-03-31/tags/{arn}"),
            vec![json!({}), tags.clone()],
        ),
        (
            Method::POST,
            format!("/2017-03-31/tags/{bad_arn}"),
            vec![json!({}), json!({"Tags": {}})],
        ),
        (
            Method::POST,
            "/2017-03-31/tags/Plain".to_owned(),
            vec![tags, json!({"Tags": {}})],
        ),
        (
            Method::DELETE,
            format!("/2017-03-31/tags/{arn}"),
            vec![Value::Null],
        ),
        (
            Method::POST,
            "/2015-03-31/event-source-mappings".to_owned(),
            of_mappings(),
        ),
        (
            Method::PUT,
            "/2015-03-31/event-source-mappings/none".to_owned(),
            of_mappings(),
        ),
    ];
    let mut said = String::new();
    for (method, path, requests) in operations {
        for request in requests {
            let answer = call(&server, method.clone(), &path, &request).await;
            let answer = match answer.status {
                ..300 => format!("{} taken", answer.status),
                _ => answer.error(),
            };
            let request: String = request.to_string().chars().take(200).collect();
            writeln!(said, "{method} {path} {request}\n  {answer}").unwrap();
        }
    }
    let file = fixtures().join("refusals.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, &said).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    for (said, expected) in said.lines().zip(expected.lines()) {
        assert_eq!(said, expected);
    }
    assert_eq!(said.lines().count(), expected.lines().count());
}
