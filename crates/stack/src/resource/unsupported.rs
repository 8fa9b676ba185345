//! What it means for an application that a type of resource is not provided here.

use crate::template::{Report, Resource};

/// By the beginning of the type, the longest first.
const MEANINGS: [(&str, &str); 31] = [
    (
        "AWS::Serverless::Api",
        "no REST API is served; use `AWS::Serverless::HttpApi`",
    ),
    (
        "AWS::Serverless::SimpleTable",
        "no table is created; use `AWS::DynamoDB::Table`",
    ),
    (
        "AWS::Serverless::LayerVersion",
        "layers are not put in place; put what they hold into the code",
    ),
    (
        "AWS::Serverless::StateMachine",
        "state machines are not run",
    ),
    (
        "AWS::Serverless::Application",
        "nested applications are not started; run them beside this one",
    ),
    (
        "AWS::Serverless::Connector",
        "permissions are not checked here, so it is not needed",
    ),
    (
        "AWS::Serverless::WebSocketApi",
        "no WebSocket API is served",
    ),
    (
        "AWS::Lambda::Permission",
        "permissions are not checked here, so it is not needed",
    ),
    (
        "AWS::Lambda::Function",
        "the function is not started; use `AWS::Serverless::Function`",
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        "its events are not delivered",
    ),
    (
        "AWS::Lambda::LayerVersion",
        "layers are not put in place; put what they hold into the code",
    ),
    (
        "AWS::Lambda::Url",
        "the function has no URL of its own; use an HTTP API",
    ),
    (
        "AWS::Lambda::",
        "it is ignored: functions are configured by `AWS::Serverless::Function` only",
    ),
    (
        "AWS::ApiGatewayV2::",
        "it is not served; use `AWS::Serverless::HttpApi`",
    ),
    (
        "AWS::ApiGateway::",
        "no REST API is served; use `AWS::Serverless::HttpApi`",
    ),
    (
        "AWS::CloudFormation::Stack",
        "nested stacks are not started; run them beside this one",
    ),
    (
        "AWS::CloudWatch::",
        "nothing watches metrics; the metrics themselves are collected",
    ),
    ("AWS::Cognito::", "nobody can sign in, and routes are open"),
    (
        "AWS::DynamoDB::",
        "it is not created; tables of type `AWS::DynamoDB::Table` are",
    ),
    ("AWS::EC2::", "functions are on the machine's own network"),
    ("AWS::Events::", "its events are not delivered"),
    (
        "AWS::IAM::",
        "permissions are not checked here: functions may call everything",
    ),
    ("AWS::KMS::", "nothing is encrypted with a key here"),
    ("AWS::Logs::", "logs are kept here whatever it says"),
    (
        "AWS::S3::",
        "there is no bucket: reading from it and writing to it fails",
    ),
    ("AWS::SNS::", "there is no topic: publishing to it fails"),
    (
        "AWS::SQS::",
        "there is no queue: sending to it and receiving from it fails",
    ),
    (
        "AWS::SSM::",
        "there is no parameter store: reading from it fails",
    ),
    ("AWS::Scheduler::", "its events are not delivered"),
    (
        "AWS::SecretsManager::",
        "there is no such secret: reading it fails",
    ),
    ("AWS::StepFunctions::", "state machines are not run"),
];

/// Warns of a resource that nothing stands in for.
pub(crate) fn unsupported(resource: &Resource<'_>, report: &Report) {
    let meaning = MEANINGS
        .iter()
        .find(|(prefix, _)| resource.resource_type.starts_with(prefix))
        .map_or("nothing stands in for it here: calls to it fail", |it| it.1);
    report.warn(
        resource.id_span,
        resource.logical_id,
        resource.resource_type,
        None,
        meaning,
    );
}
