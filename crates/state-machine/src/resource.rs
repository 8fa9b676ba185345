//! The resources that a Task calls, and those that a Map state reads items from or writes results to.

use asl::{ItemReader, ReaderFormat};

use crate::integration::{self, Integration};

/// The meaning of the ARN in `Resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// A function, by its ARN: its input is the task's, and its result the task's.
    Function(String),
    /// An activity, by its name: its workers do the tasks.
    Activity(String),
    /// `arn:aws:states:::lambda:invoke`
    Invoke,
    /// `arn:aws:states:::lambda:invoke.waitForTaskToken`
    InvokeAndWaitForToken,
    /// `arn:aws:states:::states:startExecution.sync`, whose output is text
    Execution,
    /// `arn:aws:states:::states:startExecution.sync:2`, whose output is JSON
    ExecutionWithJson,
    /// `arn:aws:states:::states:startExecution`, which does not wait for its end
    StartExecution,
    /// `arn:aws:states:::states:startExecution.waitForTaskToken`
    StartExecutionAndWaitForToken,
    /// `arn:aws:states:::sqs:sendMessage` and its like, or `arn:aws:states:::aws-sdk:sqs:sendMessage`
    Service {
        integration: Integration,
        /// `.waitForTaskToken`
        waits: bool,
    },
}

/// Shown for any other resource.
const SUPPORTED: &str = "the ARN of a Lambda function or of an activity, `arn:aws:states:::lambda:invoke`, \
    `arn:aws:states:::states:startExecution`, `arn:aws:states:::dynamodb:` with `getItem`, `putItem`, `updateItem` or \
    `deleteItem`, `arn:aws:states:::sqs:sendMessage`, `sns:publish`, `events:putEvents` and others that are one request, \
    and `arn:aws:states:::aws-sdk:SERVICE:ACTION` are";

/// Longest name of an activity. Source: service model, `Name`.
const ACTIVITY_NAME_MAX: usize = 80;

/// Whether an activity can have this name. Source: API reference, `CreateActivity`.
#[must_use]
pub fn is_activity_name(name: &str) -> bool {
    let is_taken = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!'()+=@".contains(&byte);
    (1..=ACTIVITY_NAME_MAX).contains(&name.len()) && name.bytes().all(is_taken)
}

/// The type and the action of an integration, as in events: `aws-sdk:sqs` and `sendMessage`. `None` for the ARN of a
/// function or an activity.
#[must_use]
pub fn integration_parts(resource: &str) -> Option<(&str, &str)> {
    let action = match resource.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "states", _, _, action] if !action.starts_with("activity:") => *action,
        _ => return None,
    };
    let from = action
        .strip_prefix("aws-sdk:")
        .map_or(0, |it| action.len() - it.len());
    let (service, _) = action[from..].split_once(':')?;
    let end = from + service.len();
    Some((&action[..end], &action[end + 1..]))
}

/// AWS's name of a Task whose result is too large: its service, or the ARN of a function or activity.
#[must_use]
pub fn task_name(resource: &str) -> &str {
    integration_parts(resource).map_or(resource, |(service, _)| service)
}

/// The name in an ARN, or in a name with a qualifier.
pub(crate) fn bare_name(function: &str) -> &str {
    let parts: Vec<&str> = function.split(':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, _, _, name, ..] => name,
        [name, ..] => name,
        [] => function,
    }
}

/// The parameters of `lambda:invoke` and `states:startExecution`. Source: Step Functions developer guide, the pages of
/// both.
const OF_INVOKE: &[&str] = &[
    "ClientContext",
    "FunctionName",
    "InvocationType",
    "LogType",
    "Payload",
    "Qualifier",
    "TenantId",
];
const OF_START: &[&str] = &["Input", "Name", "StateMachineArn", "TraceHeader"];

impl Resource {
    /// The members that its parameters can have, if they are known.
    pub(crate) fn parameters(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Invoke | Self::InvokeAndWaitForToken => Some(OF_INVOKE),
            Self::Execution
            | Self::ExecutionWithJson
            | Self::StartExecution
            | Self::StartExecutionAndWaitForToken => Some(OF_START),
            Self::Function(_) | Self::Activity(_) | Self::Service { .. } => None,
        }
    }

    /// # Errors
    ///
    /// The reason why it cannot be called here.
    pub(crate) fn parse(arn: &str) -> Result<Self, String> {
        Self::known(arn).unwrap_or_else(|| Err(format!("is not supported here: {SUPPORTED}")))
    }

    fn known(arn: &str) -> Option<Result<Self, String>> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, service, _, account, rest] = parts.as_slice() else {
            return None;
        };
        if !partition.starts_with("aws") {
            return None;
        }
        if *service == "lambda" {
            let is_function = rest.starts_with("function:");
            return is_function.then(|| Ok(Self::Function(arn.to_owned())));
        }
        if *service != "states" {
            return None;
        }
        if let Some(name) = rest.strip_prefix("activity:") {
            let is_one = !account.is_empty() && is_activity_name(name);
            return is_one.then(|| Ok(Self::Activity(name.to_owned())));
        }
        match *rest {
            "lambda:invoke" => Some(Ok(Self::Invoke)),
            "lambda:invoke.waitForTaskToken" => Some(Ok(Self::InvokeAndWaitForToken)),
            "states:startExecution.sync" => Some(Ok(Self::Execution)),
            "states:startExecution.sync:2" => Some(Ok(Self::ExecutionWithJson)),
            "states:startExecution" => Some(Ok(Self::StartExecution)),
            "states:startExecution.waitForTaskToken" => {
                Some(Ok(Self::StartExecutionAndWaitForToken))
            }
            other => {
                let (integration, waits) = match integration::parse(other)? {
                    Ok(found) => found,
                    Err(reason) => return Some(Err(reason)),
                };
                Some(Ok(Self::Service { integration, waits }))
            }
        }
    }
}

/// The sources of a Map state's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `arn:aws:states:::s3:getObject`
    Object,
    /// `arn:aws:states:::s3:listObjectsV2`
    List,
}

impl Source {
    /// # Errors
    ///
    /// The reason why it cannot be read here, as the end of a sentence about the resource.
    pub(crate) fn of(reader: &ItemReader) -> Result<Self, String> {
        let is_list = reader.format == ReaderFormat::List;
        match reader.resource.split(":::").nth(1) {
            Some("s3:getObject") if is_list => Err(String::from(
                "needs `ReaderConfig` with the `InputType` of the file",
            )),
            Some("s3:getObject") => Ok(Self::Object),
            Some("s3:listObjectsV2") if is_list => Ok(Self::List),
            Some("s3:listObjectsV2") => Err(String::from(
                "lists objects, and reads none: an `InputType` is not supported here",
            )),
            _ => Err(String::from(
                "is not supported here as an `ItemReader`: `arn:aws:states:::s3:getObject` and `s3:listObjectsV2` are",
            )),
        }
    }
}

/// The resource of a Map state that writes its results.
pub(crate) const RESULT_WRITER: &str = "arn:aws:states:::s3:putObject";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_told_apart() {
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:charge:live";
        assert_eq!(
            Resource::parse(function),
            Ok(Resource::Function(function.to_owned()))
        );
        assert_eq!(
            Resource::parse("arn:aws:states:::lambda:invoke"),
            Ok(Resource::Invoke)
        );
        assert_eq!(
            Resource::parse("arn:aws-cn:states:::states:startExecution.sync:2"),
            Ok(Resource::ExecutionWithJson)
        );
        assert_eq!(
            Resource::parse("arn:aws:states:eu-west-1:123456789012:activity:paint.it"),
            Ok(Resource::Activity(String::from("paint.it")))
        );
        for unknown in [
            "arn:aws:states:eu-west-1:123456789012:activity:",
            "arn:aws:states:eu-west-1:123456789012:activity:a b",
            "arn:aws:lambda:eu-west-1:123456789012:layer:charge",
            "charge",
        ] {
            assert!(Resource::parse(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn services_are_called_by_both_kinds_of_integrations() {
        let called = |name: &str| Resource::parse(&format!("arn:aws:states:::{name}"));
        for (name, service, operation, is_waiting) in [
            ("dynamodb:putItem", "dynamodb", "PutItem", false),
            ("aws-sdk:dynamodb:query", "dynamodb", "Query", false),
            (
                "sqs:sendMessage.waitForTaskToken",
                "sqs",
                "SendMessage",
                true,
            ),
            ("events:putEvents", "eventbridge", "PutEvents", false),
            (
                "bedrock:invokeModel",
                "bedrockruntime",
                "InvokeModel",
                false,
            ),
            ("aws-sdk:s3:listObjectsV2", "s3", "ListObjectsV2", false),
            (
                "aws-sdk:sqs:sendMessage.waitForTaskToken",
                "sqs",
                "SendMessage",
                true,
            ),
        ] {
            let Ok(Resource::Service { integration, waits }) = called(name) else {
                panic!("{name} is a service");
            };
            let found = (integration.service.name, integration.operation.name, waits);
            assert_eq!(found, (service, operation, is_waiting), "{name}");
        }
        for (name, reason) in [
            ("dynamodb:query", "`query`"),
            ("aws-sdk:dynamodb:", "``"),
            ("aws-sdk:dynamodb:fooBar", "`fooBar`"),
            ("aws-sdk:dynamodb:PutItem", "`PutItem`"),
            ("aws-sdk:quicksight:listUsers", "`quicksight`"),
            ("aws-sdk:sqs:sendMessage.sync", "`.sync`"),
            ("ecs:runTask.sync", "`.sync`"),
            ("http:invoke", "`http:invoke`"),
            ("apigateway:invoke", "`apigateway:invoke`"),
            ("sns:subscribe", "`subscribe`"),
            ("nobody:does", "supported here"),
        ] {
            let refused = called(name).expect_err(name);
            assert!(refused.contains(reason), "{name}: {refused}");
        }
    }

    #[test]
    fn events_tell_the_service_and_the_action() {
        assert_eq!(
            integration_parts("arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken"),
            Some(("aws-sdk:sqs", "sendMessage.waitForTaskToken"))
        );
        assert_eq!(
            integration_parts("arn:aws:states:::states:startExecution.sync:2"),
            Some(("states", "startExecution.sync:2"))
        );
        // Exported definitions contain the account too.
        let exported = "arn:aws:states:eu-west-1:123456789012:aws-sdk:s3:getObject";
        assert_eq!(
            integration_parts(exported),
            Some(("aws-sdk:s3", "getObject"))
        );
        assert!(Resource::parse(exported).is_ok());
        assert_eq!(
            integration_parts("arn:aws:states:eu-west-1:123456789012:activity:a"),
            None
        );
        assert_eq!(
            task_name("arn:aws:lambda:eu-west-1:123456789012:function:a"),
            "arn:aws:lambda:eu-west-1:123456789012:function:a"
        );
    }
}
