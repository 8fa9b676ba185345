//! What a Task calls.

/// What the ARN in `Resource` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// A function, by its ARN: its result is the task's, and its input the task's.
    Function(String),
    /// An activity, by its name: whoever asks for its tasks does the work.
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
    /// `arn:aws:states:::dynamodb:putItem` and its like, or `arn:aws:states:::aws-sdk:dynamodb:…`
    DynamoDb {
        /// Such as `PutItem`.
        operation: String,
        /// What errors begin with.
        prefix: &'static str,
    },
}

/// Shown where a resource is none of those.
pub(crate) const SUPPORTED: &str = "the ARN of a Lambda function or of an activity, `arn:aws:states:::lambda:invoke`, \
    `arn:aws:states:::lambda:invoke.waitForTaskToken`, `arn:aws:states:::states:startExecution` with `.sync`, \
    `.sync:2` or without, `arn:aws:states:::dynamodb:` with `getItem`, `putItem`, `updateItem` or `deleteItem`, and \
    `arn:aws:states:::aws-sdk:dynamodb:` with any operation";

/// The operations that Step Functions has an integration of its own for.
const ITEM_OPERATIONS: [&str; 4] = ["getItem", "putItem", "updateItem", "deleteItem"];

/// Longest name of an activity. Source: service model, `Name`.
const ACTIVITY_NAME_MAX: usize = 80;

/// Whether an activity can have this name. Source: API reference, `CreateActivity`.
#[must_use]
pub fn is_activity_name(name: &str) -> bool {
    let is_taken = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!'()+=@".contains(&byte);
    (1..=ACTIVITY_NAME_MAX).contains(&name.len()) && name.bytes().all(is_taken)
}

/// What AWS calls a Task whose result is too large: the service that does it, or the ARN of a function or activity.
#[must_use]
pub fn task_name(resource: &str) -> &str {
    let action = resource.split(":::").nth(1);
    let service = action.and_then(|it| it.split(':').next());
    service.unwrap_or(resource)
}

impl Resource {
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, service, _, account, rest] = parts.as_slice() else {
            return None;
        };
        if !partition.starts_with("aws") {
            return None;
        }
        if *service == "lambda" {
            return rest
                .starts_with("function:")
                .then(|| Self::Function(arn.to_owned()));
        }
        if *service != "states" {
            return None;
        }
        if !account.is_empty() {
            let name = rest.strip_prefix("activity:");
            let name = name.filter(|name| is_activity_name(name));
            return name.map(|name| Self::Activity(name.to_owned()));
        }
        match *rest {
            "lambda:invoke" => Some(Self::Invoke),
            "lambda:invoke.waitForTaskToken" => Some(Self::InvokeAndWaitForToken),
            "states:startExecution.sync" => Some(Self::Execution),
            "states:startExecution.sync:2" => Some(Self::ExecutionWithJson),
            "states:startExecution" => Some(Self::StartExecution),
            other => Self::dynamo_db(other),
        }
    }

    fn dynamo_db(name: &str) -> Option<Self> {
        let (operation, prefix) = match name.strip_prefix("aws-sdk:dynamodb:") {
            Some(operation) => (operation, "DynamoDb"),
            None => {
                let operation = name.strip_prefix("dynamodb:")?;
                (
                    ITEM_OPERATIONS.contains(&operation).then_some(operation)?,
                    "DynamoDB",
                )
            }
        };
        let mut letters = operation.chars();
        let first = letters.next().filter(char::is_ascii_lowercase)?;
        let rest = letters.as_str();
        rest.bytes()
            .all(|byte| byte.is_ascii_alphanumeric())
            .then(|| Self::DynamoDb {
                operation: format!("{}{rest}", first.to_ascii_uppercase()),
                prefix,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_told_apart() {
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:charge:live";
        assert_eq!(
            Resource::parse(function),
            Some(Resource::Function(function.to_owned()))
        );
        assert_eq!(
            Resource::parse("arn:aws:states:::lambda:invoke"),
            Some(Resource::Invoke)
        );
        assert_eq!(
            Resource::parse("arn:aws-cn:states:::states:startExecution.sync:2"),
            Some(Resource::ExecutionWithJson)
        );
        let called = |name: &str| Resource::parse(&format!("arn:aws:states:::{name}"));
        let put = |operation: &str, prefix| Resource::DynamoDb {
            operation: operation.to_owned(),
            prefix,
        };
        assert_eq!(called("dynamodb:putItem"), Some(put("PutItem", "DynamoDB")));
        assert_eq!(
            called("aws-sdk:dynamodb:query"),
            Some(put("Query", "DynamoDb"))
        );
        assert_eq!(
            called("states:startExecution"),
            Some(Resource::StartExecution)
        );
        assert_eq!(
            Resource::parse("arn:aws:states:eu-west-1:123456789012:activity:paint.it"),
            Some(Resource::Activity(String::from("paint.it")))
        );
        for unknown in [
            "arn:aws:states:::dynamodb:query",
            "arn:aws:states:::aws-sdk:dynamodb:",
            "arn:aws:states:::aws-sdk:dynamodb:a.b",
            "arn:aws:states:::aws-sdk:s3:getObject",
            "arn:aws:states:::sns:publish",
            "arn:aws:states:eu-west-1:123456789012:activity:",
            "arn:aws:states:eu-west-1:123456789012:activity:a b",
            "arn:aws:lambda:eu-west-1:123456789012:layer:charge",
            "charge",
        ] {
            assert_eq!(Resource::parse(unknown), None, "{unknown}");
        }
    }
}
