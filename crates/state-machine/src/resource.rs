//! What a Task calls.

/// What the ARN in `Resource` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// A function, by its ARN: its result is the task's, and its input the task's.
    Function(String),
    /// `arn:aws:states:::lambda:invoke`
    Invoke,
    /// `arn:aws:states:::lambda:invoke.waitForTaskToken`
    InvokeAndWaitForToken,
    /// `arn:aws:states:::states:startExecution.sync`, whose output is text
    Execution,
    /// `arn:aws:states:::states:startExecution.sync:2`, whose output is JSON
    ExecutionWithJson,
}

/// Shown where a resource is none of those.
pub(crate) const SUPPORTED: &str = "the ARN of a Lambda function, `arn:aws:states:::lambda:invoke`, \
    `arn:aws:states:::lambda:invoke.waitForTaskToken`, `arn:aws:states:::states:startExecution.sync` and \
    `arn:aws:states:::states:startExecution.sync:2`";

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
        if *service != "states" || !account.is_empty() {
            return None;
        }
        match *rest {
            "lambda:invoke" => Some(Self::Invoke),
            "lambda:invoke.waitForTaskToken" => Some(Self::InvokeAndWaitForToken),
            "states:startExecution.sync" => Some(Self::Execution),
            "states:startExecution.sync:2" => Some(Self::ExecutionWithJson),
            _ => None,
        }
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
        for unknown in [
            "arn:aws:states:::sns:publish",
            "arn:aws:states:eu-west-1:123456789012:activity:paint",
            "arn:aws:lambda:eu-west-1:123456789012:layer:charge",
            "charge",
        ] {
            assert_eq!(Resource::parse(unknown), None, "{unknown}");
        }
    }
}
