//! Built-in policies, by name.

use serde_json::{Value, json};

use super::document::Policy;

/// A built-in policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadyPolicy {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its intended use.
    pub purpose: &'static str,
    allowed: &'static [&'static str],
}

/// All of them.
pub const READY: &[ReadyPolicy] = &[
    ReadyPolicy {
        name: "admin",
        purpose: "everything, access keys included",
        allowed: &["*"],
    },
    ReadyPolicy {
        name: "deploy",
        purpose: "deploy and destroy stacks; create, change and remove functions, aliases, mappings, state machines and tables, and look on",
        allowed: &[
            "lambda:AddPermission",
            "lambda:Create*",
            "lambda:Delete*",
            "lambda:Get*",
            "lambda:List*",
            "lambda:Publish*",
            "lambda:Put*",
            "lambda:Remove*",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:Update*",
            "dynamodb:CreateTable",
            "dynamodb:DeleteTable",
            "dynamodb:Describe*",
            "dynamodb:ListTables",
            "dynamodb:TagResource",
            "dynamodb:UntagResource",
            "dynamodb:Update*",
            "states:Create*",
            "states:Delete*",
            "states:Describe*",
            "states:GetExecutionHistory",
            "states:List*",
            "states:Publish*",
            "states:TagResource",
            "states:UntagResource",
            "states:Update*",
            "states:ValidateStateMachineDefinition",
            "lambdura:DeployStack",
            "lambdura:DestroyStack",
            "lambdura:GetStack",
            "lambdura:ListStacks",
            "lambdura:Observe*",
            "lambdura:PlanStack",
            "lambdura:PutCode",
            "lambdura:ReplaceVersionCode",
        ],
    },
    ReadyPolicy {
        name: "invoke",
        purpose: "invoke functions, start state machines, and see what became of it",
        allowed: &[
            "execute-api:Invoke",
            "lambda:InvokeAsync",
            "lambda:InvokeFunction",
            "lambda:InvokeFunctionUrl",
            "lambda:GetDurableExecution",
            "lambda:GetDurableExecutionHistory",
            "lambda:ListDurableExecutionsByFunction",
            "states:DescribeExecution",
            "states:GetExecutionHistory",
            "states:ListExecutions",
            "states:StartExecution",
            "states:StartSyncExecution",
        ],
    },
    ReadyPolicy {
        name: "observe",
        purpose: "look on: executions, functions, logs, the console; change nothing",
        allowed: &[
            "lambda:Get*",
            "lambda:List*",
            "lambdura:GetStack",
            "lambdura:ListStacks",
            "lambdura:Observe*",
            "states:Describe*",
            "states:GetExecutionHistory",
            "states:List*",
        ],
    },
    ReadyPolicy {
        name: "answer",
        purpose: "complete callbacks and task tokens, keep them alive, and take the tasks of activities",
        allowed: &[
            "lambda:SendDurableExecutionCallbackSuccess",
            "lambda:SendDurableExecutionCallbackFailure",
            "lambda:SendDurableExecutionCallbackHeartbeat",
            "states:GetActivityTask",
            "states:SendTask*",
        ],
    },
];

impl ReadyPolicy {
    /// The policy with this name.
    pub fn named(name: &str) -> Option<Self> {
        READY.iter().find(|ready| ready.name == name).copied()
    }

    /// Its document.
    pub fn document(self) -> Value {
        json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": self.allowed, "Resource": "*"}],
        })
    }

    #[cfg(test)]
    pub(super) fn allowed(self) -> &'static [&'static str] {
        self.allowed
    }

    pub(super) fn policy(self) -> Policy {
        Policy::from_value(&self.document()).expect("a ready policy is a policy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Question, Verdict, decide};

    fn may(name: &str, action: &str) -> bool {
        let policy = ReadyPolicy::named(name).expect("there is one").policy();
        let question = Question {
            action,
            resource: "arn:aws:lambda:us-east-1:000000000000:function:Orders:live",
            source_ip: None,
            username: None,
        };
        decide([&policy], &question) == Verdict::Allowed
    }

    #[test]
    fn each_may_do_its_work_and_no_more() {
        for (action, who) in [
            ("lambda:InvokeFunction", "admin invoke"),
            ("states:StartExecution", "admin invoke"),
            ("states:CreateStateMachine", "admin deploy"),
            ("states:DescribeExecution", "admin deploy invoke observe"),
            ("states:GetExecutionHistory", "admin deploy invoke observe"),
            ("states:SendTaskSuccess", "admin answer"),
            ("states:GetActivityTask", "admin answer"),
            ("states:CreateActivity", "admin deploy"),
            ("states:StopExecution", "admin"),
            ("lambda:UpdateFunctionCode", "admin deploy"),
            ("lambda:GetDurableExecution", "admin deploy invoke observe"),
            ("lambda:StopDurableExecution", "admin"),
            ("lambda:CheckpointDurableExecution", "admin"),
            ("lambda:SendDurableExecutionCallbackSuccess", "admin answer"),
            ("lambdura:ObserveExecutions", "admin deploy observe"),
            ("lambdura:DeployStack", "admin deploy"),
            ("lambdura:DestroyStack", "admin deploy"),
            ("lambdura:PutCode", "admin deploy"),
            ("lambdura:CreateAccessKey", "admin"),
            ("dynamodb:GetItem", "admin"),
        ] {
            let allowed: Vec<&str> = READY
                .iter()
                .map(|ready| ready.name)
                .filter(|name| may(name, action))
                .collect();
            assert_eq!(allowed.join(" "), who, "{action}");
        }
        assert_eq!(ReadyPolicy::named("root"), None);
    }
}
