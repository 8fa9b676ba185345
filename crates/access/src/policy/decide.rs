//! The result of several policies: an explicit denial overrides everything, and an action that no statement allows is
//! denied.

use super::document::{Effect, Policy, Those};
use super::pattern::matches;
use super::question::Question;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// Decides by all policies together.
pub fn decide<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    question: &Question<'_>,
) -> Verdict {
    let mut verdict = Verdict::NotAllowed;
    let action = question.action.to_ascii_lowercase();
    let is_action = |pattern: &str| matches(&pattern.to_ascii_lowercase(), &action);
    let is_resource = |pattern: &str| matches(pattern, question.resource);
    let policies = policies.into_iter();
    for statement in policies.flat_map(|policy| &policy.statements) {
        let is_about = statement.actions.are_about(is_action)
            && statement.resources.are_about(is_resource)
            && statement.conditions.iter().all(|one| one.holds(question));
        match statement.effect {
            Effect::Deny if is_about => return Verdict::Denied,
            Effect::Allow if is_about => verdict = Verdict::Allowed,
            Effect::Deny | Effect::Allow => {}
        }
    }
    verdict
}

/// Decides about an action on arbitrary resources: only a statement that allows it on all of them allows it, and a
/// statement that denies it on any one denies it. The question's resource is ignored.
pub fn decide_everywhere<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    question: &Question<'_>,
) -> Verdict {
    let mut verdict = Verdict::NotAllowed;
    let action = question.action.to_ascii_lowercase();
    let is_action = |pattern: &str| matches(&pattern.to_ascii_lowercase(), &action);
    let policies = policies.into_iter();
    for statement in policies.flat_map(|policy| &policy.statements) {
        let is_about = statement.actions.are_about(is_action)
            && statement.conditions.iter().all(|one| one.holds(question));
        match statement.effect {
            Effect::Deny if is_about => return Verdict::Denied,
            Effect::Allow if is_about && statement.resources.are_all() => {
                verdict = Verdict::Allowed;
            }
            Effect::Deny | Effect::Allow => {}
        }
    }
    verdict
}

/// Whether an action may be allowed, for some resource and in some circumstances, before these are known. An action
/// that is denied without any restriction is not.
pub(super) fn may_be_allowed<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    action: &str,
) -> bool {
    let action = action.to_ascii_lowercase();
    let is_action = |pattern: &str| matches(&pattern.to_ascii_lowercase(), &action);
    let is_everything = |resources: &Those| match resources {
        Those::Named(named) => named.iter().any(|it| it == "*"),
        Those::Others(others) => others.is_empty(),
    };
    let mut is_allowed = false;
    let policies = policies.into_iter();
    for statement in policies.flat_map(|policy| &policy.statements) {
        if !statement.actions.are_about(is_action) {
            continue;
        }
        match statement.effect {
            Effect::Allow => is_allowed = true,
            Effect::Deny
                if statement.conditions.is_empty() && is_everything(&statement.resources) =>
            {
                return false;
            }
            Effect::Deny => {}
        }
    }
    is_allowed
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ORDERS: &str = "arn:aws:lambda:us-east-1:000000000000:function:Orders:live";

    fn verdict(statements: Value, action: &str, resource: &str) -> Verdict {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let policy = Policy::parse(&document.to_string()).expect("it is a policy");
        let question = Question {
            action,
            resource,
            source_ip: "10.1.2.3".parse().ok(),
            username: Some("ci"),
        };
        decide([&policy], &question)
    }

    fn of_orders(statement: Value) -> Verdict {
        verdict(statement, "lambda:InvokeFunction", ORDERS)
    }

    #[test]
    fn what_nobody_allows_is_denied_and_a_denial_wins() {
        let allow = json!({"Effect": "Allow", "Action": "lambda:Invoke*", "Resource": "*"});
        let deny = json!({"Effect": "Deny", "Action": "lambda:*", "Resource": [ORDERS, "x"]});
        assert_eq!(of_orders(json!([])), Verdict::NotAllowed);
        assert_eq!(of_orders(allow.clone()), Verdict::Allowed);
        assert_eq!(of_orders(json!([allow, deny])), Verdict::Denied);
        assert_eq!(of_orders(json!([deny, allow])), Verdict::Denied);
        assert_eq!(
            verdict(allow, "lambda:GetFunction", ORDERS),
            Verdict::NotAllowed
        );
    }

    #[test]
    fn what_may_be_anything_needs_everything() {
        let everywhere = |statements: Value| {
            let document = json!({"Statement": statements});
            let policy = Policy::parse(&document.to_string()).expect("it is a policy");
            let question = Question {
                action: "lambda:InvokeFunction",
                resource: "",
                source_ip: None,
                username: None,
            };
            decide_everywhere([&policy], &question)
        };
        let allow = json!({"Effect": "Allow", "Action": "lambda:*", "Resource": ["x", "*"]});
        let some = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:*"});
        let others = json!({"Effect": "Allow", "Action": "*", "NotResource": "x"});
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "x"});
        let another = json!({"Effect": "Deny", "Action": "states:*", "Resource": "*"});
        assert_eq!(everywhere(json!([allow, another])), Verdict::Allowed);
        assert_eq!(everywhere(json!([some, others])), Verdict::NotAllowed);
        assert_eq!(everywhere(json!([allow, deny])), Verdict::Denied);
    }

    #[test]
    fn what_may_be_allowed_somewhere_is_told_from_what_never_is() {
        let may = |statements: Value| {
            let document = json!({"Version": "2012-10-17", "Statement": statements});
            let policy = Policy::parse(&document.to_string()).expect("it is a policy");
            may_be_allowed([&policy], "lambda:InvokeFunction")
        };
        let of_orders =
            json!({"Effect": "Allow", "Action": "lambda:Invoke*", "Resource": "*:Orders:*"});
        let others = json!({"Effect": "Allow", "Action": "lambda:Get*", "Resource": "*"});
        let deny =
            |resource: &str| json!({"Effect": "Deny", "Action": "lambda:*", "Resource": resource});
        let deny_from = json!({"Effect": "Deny", "Action": "lambda:*", "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}});
        assert!(may(json!([of_orders])));
        assert!(!may(json!([others])));
        assert!(!may(json!([])));
        assert!(!may(json!([of_orders, deny("*")])));
        assert!(may(json!([of_orders, deny("*:Fraud:*")])));
        assert!(may(json!([of_orders, deny_from])));
    }

    #[test]
    fn actions_are_the_same_in_any_case_and_resources_are_not() {
        let action = json!({"Effect": "Allow", "Action": "LAMBDA:invokefunction", "Resource": "*"});
        assert_eq!(of_orders(action), Verdict::Allowed);
        let resource = json!({"Effect": "Allow", "Action": "*", "Resource": "*:function:orders:*"});
        assert_eq!(of_orders(resource), Verdict::NotAllowed);
        let unqualified =
            json!({"Effect": "Allow", "Action": "*", "Resource": "*:function:Orders"});
        assert_eq!(of_orders(unqualified), Verdict::NotAllowed);
    }

    #[test]
    fn others_are_all_that_are_not_named() {
        let but = json!({"Effect": "Allow", "NotAction": ["iam:*", "lambda:Delete*"], "NotResource": "*:Fraud*"});
        assert_eq!(of_orders(but.clone()), Verdict::Allowed);
        assert_eq!(
            verdict(but.clone(), "lambda:DeleteFunction", ORDERS),
            Verdict::NotAllowed
        );
        assert_eq!(
            verdict(
                but,
                "lambda:InvokeFunction",
                "arn:aws:lambda:r:a:function:FraudCheck"
            ),
            Verdict::NotAllowed
        );
    }

    #[test]
    fn all_conditions_have_to_hold() {
        let with = |condition: Value| {
            of_orders(
                json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}),
            )
        };
        for holds in [
            json!({"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"]}}),
            json!({"NotIpAddress": {"aws:sourceip": "10.2.0.0/16"}}),
            json!({"StringEquals": {"aws:username": "ci"}, "StringLike": {"aws:SourceIp": "10.*"}}),
            json!({"StringNotLike": {"aws:username": ["a*", "b*"]}}),
            json!({}),
        ] {
            assert_eq!(with(holds.clone()), Verdict::Allowed, "{holds}");
        }
        for fails in [
            json!({"IpAddress": {"aws:SourceIp": "11.0.0.0/8"}}),
            json!({"StringEquals": {"aws:username": "ci", "aws:SourceIp": "10.1.2.4"}}),
            json!({"StringNotEquals": {"aws:username": ["x", "ci"]}}),
        ] {
            assert_eq!(with(fails.clone()), Verdict::NotAllowed, "{fails}");
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let refused = |document: Value| {
            let refused = Policy::parse(&document.to_string());
            refused.expect_err("it is refused").to_string()
        };
        let statement = |statement: Value| refused(json!({"Statement": [statement]}));
        for (message, part) in [
            (refused(json!([])), "a JSON object"),
            (refused(json!({"Statement": 1})), "`Statement`"),
            (
                refused(json!({"Version": "2013-01-01", "Statement": []})),
                "`Version`",
            ),
            (refused(json!({"Statements": []})), "`Statements`"),
            (
                statement(json!({"Effect": "allow", "Action": "*", "Resource": "*"})),
                "`Effect`",
            ),
            (
                statement(json!({"Effect": "Allow", "Resource": "*"})),
                "`NotAction`",
            ),
            (
                statement(json!({"Effect": "Allow", "Action": "Invoke", "Resource": "*"})),
                "`Invoke`",
            ),
            (
                statement(json!({"Effect": "Allow", "Action": [], "Resource": "*"})),
                "`Action`",
            ),
            (
                statement(json!({"Effect": "Allow", "Action": "*", "Resource": "${aws:username}"})),
                "policy variable",
            ),
            (
                statement(
                    json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}),
                ),
                "`Principal`",
            ),
            (
                statement(json!({"Effect": "Allow", "Action": "*", "Resource": "*",
                    "Condition": {"Bool": {"aws:SecureTransport": "true"}}})),
                "`aws:SecureTransport`",
            ),
            (
                statement(json!({"Effect": "Allow", "Action": "*", "Resource": "*",
                    "Condition": {"NumericLessThan": {"aws:username": "1"}}})),
                "`NumericLessThan`",
            ),
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn of_a_template_what_is_not_understood_allows_nothing_and_denies_more() {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"a": "b"}}},
            {"Effect": "Deny", "Action": "lambda:Delete*", "Resource": "*", "Condition": {"Bool": {"a": "b"}}},
        ]});
        let (policy, left_out) = Policy::from_template(&document);
        assert_eq!(left_out.len(), 2);
        let of = |policy: &Policy, action| {
            let question = Question {
                action,
                resource: ORDERS,
                source_ip: None,
                username: None,
            };
            decide([policy], &question)
        };
        assert_eq!(of(&policy, "lambda:InvokeFunction"), Verdict::Allowed);
        assert_eq!(of(&policy, "s3:GetObject"), Verdict::NotAllowed);
        assert_eq!(of(&policy, "lambda:DeleteFunction"), Verdict::Denied);
        // Nor does a document allow anything that is none as a whole.
        let mut other = document.clone();
        other["Sid"] = json!("not here");
        let (policy, left_out) = Policy::from_template(&other);
        assert_eq!(left_out.len(), 2);
        assert_eq!(of(&policy, "lambda:InvokeFunction"), Verdict::NotAllowed);
        assert_eq!(of(&policy, "lambda:DeleteFunction"), Verdict::Denied);
        let (nothing, left_out) = Policy::from_template(&json!("AWSLambdaBasicExecutionRole"));
        assert!(nothing.statements.is_empty());
        assert_eq!(left_out.len(), 1);
    }
}
