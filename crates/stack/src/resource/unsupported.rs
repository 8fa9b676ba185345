//! What it means for an application that a type of resource is not provided here.

use crate::template::{Report, Resource};

/// By the beginning of the type, the longest first.
const MEANINGS: [(&str, &str); 24] = [
    (
        "AWS::Serverless::StateMachine",
        "state machines are not run",
    ),
    (
        "AWS::Serverless::Application",
        "nested applications are not started; run them beside this one",
    ),
    (
        "AWS::Serverless::WebSocketApi",
        "no WebSocket API is served",
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        "its source is not read: the function is never invoked by it",
    ),
    (
        "AWS::Lambda::EventInvokeConfig",
        "asynchronous events have Lambda's default retries, and no destinations",
    ),
    (
        "AWS::Lambda::",
        "it is ignored here: functions, versions, aliases, URLs and layers are not",
    ),
    (
        "AWS::ApiGatewayV2::",
        "it does nothing here: requests are neither authorised nor checked",
    ),
    (
        "AWS::ApiGateway::",
        "it does nothing here: requests are neither authorised, checked nor throttled",
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
    (
        "AWS::Events::Rule",
        "its targets are never invoked; a function's `Schedule` event is",
    ),
    (
        "AWS::Events::",
        "there is no event bus: sending to it fails",
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
    (
        "AWS::Scheduler::",
        "its target is never invoked; a function's `ScheduleV2` event is",
    ),
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
