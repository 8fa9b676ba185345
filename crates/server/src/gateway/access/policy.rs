//! The policies in the answers of Lambda authorizers.
//!
//! Source: API Gateway developer guide, "Output from an API Gateway Lambda authorizer", and IAM user guide,
//! "Policy evaluation logic", read 2026-11-28.

use serde::Deserialize;
use serde_json::Value;

/// A policy's result for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    /// No statement allows it.
    Denied,
    /// A statement denies it.
    DeniedExplicitly,
}

/// A policy document.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Policy {
    statement: OneOrMore<Statement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    #[serde(default)]
    action: Option<OneOrMore<String>>,
    #[serde(default)]
    not_action: Option<OneOrMore<String>>,
    #[serde(default)]
    resource: Option<OneOrMore<String>>,
    #[serde(default)]
    not_resource: Option<OneOrMore<String>>,
    #[serde(default)]
    condition: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn items(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::More(items) => items,
        }
    }
}

/// The action that policies allow or deny.
const INVOKE: &str = "execute-api:Invoke";

impl Policy {
    /// Whether a request may invoke a method, by its ARN.
    ///
    /// Conditions are not evaluated: a statement with one allows nothing, and denies.
    pub fn verdict(&self, method_arn: &str) -> Verdict {
        let mut verdict = Verdict::Denied;
        for statement in self.statement.items() {
            if !statement.is_about(method_arn) {
                continue;
            }
            match statement.effect {
                Effect::Deny => return Verdict::DeniedExplicitly,
                Effect::Allow if has_condition(statement) => {
                    tracing::warn!(
                        "the policy of an authorizer has a `Condition`, which is not evaluated here: its statement allows nothing"
                    );
                }
                Effect::Allow => verdict = Verdict::Allowed,
            }
        }
        verdict
    }
}

fn has_condition(statement: &Statement) -> bool {
    let condition = statement.condition.as_ref().and_then(Value::as_object);
    condition.is_some_and(|it| !it.is_empty())
}

impl Statement {
    fn is_about(&self, method_arn: &str) -> bool {
        let invoke = INVOKE.to_ascii_lowercase();
        let acts = |patterns: &OneOrMore<String>| {
            let mut patterns = patterns.items().iter();
            patterns.any(|it| matches(it.to_ascii_lowercase().as_bytes(), invoke.as_bytes()))
        };
        let means = |patterns: &OneOrMore<String>| {
            let mut patterns = patterns.items().iter();
            patterns.any(|it| matches(it.as_bytes(), method_arn.as_bytes()))
        };
        let is_action = match (&self.action, &self.not_action) {
            (Some(these), _) => acts(these),
            (None, Some(others)) => !acts(others),
            (None, None) => false,
        };
        let is_resource = match (&self.resource, &self.not_resource) {
            (Some(these), _) => means(these),
            (None, Some(others)) => !means(others),
            (None, None) => false,
        };
        is_action && is_resource
    }
}

/// Whether a text matches a pattern, in which `*` stands for any characters and `?` for one.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut within) = (0, 0);
    // The last `*`, to go back to when the rest does not match.
    let mut star: Option<(usize, usize)> = None;
    while within < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, within));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[within] => {
                at += 1;
                within += 1;
            }
            _ => {
                let Some((star_at, from)) = star else {
                    return false;
                };
                star = Some((star_at, from + 1));
                at = star_at + 1;
                within = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:abc/Prod/GET/orders/7";

    fn verdict(statements: Value) -> Verdict {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let policy: Policy = serde_json::from_value(policy).unwrap();
        policy.verdict(ARN)
    }

    #[test]
    fn a_policy_is_held_against_the_method() {
        let allow = |resource: &str| json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource});
        assert_eq!(verdict(json!([])), Verdict::Denied);
        assert_eq!(verdict(allow(ARN)), Verdict::Allowed);
        assert_eq!(verdict(allow("*")), Verdict::Allowed);
        let wild = "arn:aws:execute-api:*:*:abc/*/GET/orders/*";
        assert_eq!(verdict(json!([allow(wild)])), Verdict::Allowed);
        let other = "arn:aws:execute-api:*:*:abc/*/POST/*";
        assert_eq!(verdict(json!([allow(other)])), Verdict::Denied);
        assert_eq!(
            verdict(allow("arn:aws:execute-api:us-east-?:*/7")),
            Verdict::Allowed
        );
        assert_eq!(verdict(allow("*/orders/")), Verdict::Denied);
        let deny =
            json!({"Effect": "Deny", "Action": ["execute-api:*"], "Resource": ["*/orders/7"]});
        assert_eq!(
            verdict(json!([deny, allow("*")])),
            Verdict::DeniedExplicitly
        );
        let conditional = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}});
        assert_eq!(verdict(conditional), Verdict::Denied);
        let others =
            json!({"Effect": "Allow", "Action": "execute-api:invoke", "NotResource": "*/admin/*"});
        assert_eq!(verdict(others), Verdict::Allowed);
        let elsewhere = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        assert_eq!(verdict(elsewhere), Verdict::Denied);
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "*a".repeat(2_000);
        let text = "a".repeat(1_999) + "b";
        assert!(!matches(pattern.as_bytes(), text.as_bytes()));
    }
}
