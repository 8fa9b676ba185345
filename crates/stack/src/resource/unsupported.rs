//! What it means for an application that a type of resource, or a property of several types, does nothing here.

pub(super) const LOCAL: &str = "the API is served at its local address";
pub(super) const NO_CLIENT_CERTIFICATES: &str = "no certificate is shown to functions";
pub(super) const NO_ENCRYPTION: &str = "nothing is encrypted with a key here";
pub(super) const NO_IMPORT: &str = "there is no import that could warn";
pub(super) const NO_THROTTLING: &str = "requests are neither throttled nor measured";

/// The consequence of an unsupported type.
pub(super) fn meaning_of(resource_type: &str) -> &'static str {
    let name = resource_type.strip_prefix("AWS::").unwrap_or_default();
    let (service, name) = name.split_once("::").unwrap_or_default();
    match (service, name) {
        ("StepFunctions", _) => {
            "only state machines and activities are here, without versions and aliases of their own"
        }
        ("Serverless", "WebSocketApi") => "no WebSocket API is served",
        ("Lambda", _) => {
            "it is ignored here: functions, versions, aliases, URLs and layers are not"
        }
        ("ApiGateway" | "ApiGatewayV2", _) => {
            "it does nothing here: APIs, their routes, authorizers, keys and checks are"
        }
        ("CloudFormation", "StackSet") => {
            "stacks of other accounts are not started; run them beside this one"
        }
        ("CloudWatch", _) => "nothing watches metrics; the metrics themselves are collected",
        ("Cognito", _) => "nobody can sign in here; `--jwt-keys` says which tokens are taken",
        ("DynamoDB", _) => "it is not created; tables of type `AWS::DynamoDB::Table` are",
        ("EC2", _) => "functions are on the machine's own network",
        ("Events", _) => "there is no event bus: sending to it fails",
        ("KMS", _) => "nothing is encrypted with a key here",
        ("Logs", _) => "logs are kept here whatever it says",
        ("S3", _) => "there is no bucket: reading from it and writing to it fails",
        ("SNS", _) => "there is no topic: publishing to it fails",
        ("SQS", _) => "there is no queue: sending to it and receiving from it fails",
        ("SSM", _) => "there is no parameter store: reading from it fails",
        ("Scheduler", _) => "it does nothing here: a schedule has its group in its ARN only",
        ("SecretsManager", _) => "there is no such secret: reading it fails",
        _ => "nothing stands in for it here: calls to it fail",
    }
}
