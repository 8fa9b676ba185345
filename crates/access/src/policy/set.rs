//! The policies of one access key, in stored form: a list of names of built-in ones and of documents.

use serde_json::Value;

use super::decide::{Verdict, decide, decide_everywhere, may_be_allowed};
use super::document::{Policy, PolicyError};
use super::question::Question;
use super::ready::{READY, ReadyPolicy};

/// Most policies of one key.
const POLICIES_MAX: usize = 20;

/// The policies of one access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    /// As it is stored and shown: names and documents.
    stored: Vec<Value>,
    policies: Vec<Policy>,
}

impl PolicySet {
    /// Reads a list of names and documents.
    ///
    /// # Errors
    /// When an item is neither, or the list is empty.
    pub fn new(stored: Vec<Value>) -> Result<Self, PolicyError> {
        if stored.is_empty() || stored.len() > POLICIES_MAX {
            let message = format!("a key has from one to {POLICIES_MAX} policies");
            return Err(PolicyError::new(message));
        }
        let read = stored.iter().map(|item| match item {
            Value::String(name) => match ReadyPolicy::named(name) {
                Some(ready) => Ok(ready.policy()),
                None => {
                    let names: Vec<&str> = READY.iter().map(|ready| ready.name).collect();
                    Err(PolicyError::new(format!(
                        "there is no policy `{name}`: there are {}",
                        names.join(", ")
                    )))
                }
            },
            // Parsed from text again, so that the limits of documents apply.
            document => Policy::parse(&document.to_string()),
        });
        let policies = read.collect::<Result<_, _>>()?;
        Ok(Self { stored, policies })
    }

    /// Reads a text of [`PolicySet::text`].
    ///
    /// # Errors
    /// When it is not such a text.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let stored = serde_json::from_str(text)
            .map_err(|error| PolicyError::new(format!("it is not a JSON list: {error}")))?;
        Self::new(stored)
    }

    /// The text to store.
    pub fn text(&self) -> String {
        Value::Array(self.stored.clone()).to_string()
    }

    /// The names and documents.
    pub fn stored(&self) -> &[Value] {
        &self.stored
    }

    /// Their actions that do not exist, of the services that are known here.
    pub fn unknown_actions(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().flat_map(Policy::unknown_actions)
    }

    /// Decides by all policies together.
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        decide(&self.policies, question)
    }

    /// Decides by all policies together about an action on arbitrary resources.
    pub fn decide_everywhere(&self, question: &Question<'_>) -> Verdict {
        decide_everywhere(&self.policies, question)
    }

    /// Whether an action may be allowed, for some resource and in some circumstances.
    pub fn may_allow(&self, action: &str) -> bool {
        may_be_allowed(&self.policies, action)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_is_stored_and_read_again() {
        let document =
            json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*:Fraud*"}});
        let set = PolicySet::new(vec![json!("invoke"), document]).expect("it is one");
        assert_eq!(PolicySet::parse(&set.text()), Ok(set.clone()));
        let question = |resource| Question {
            action: "lambda:InvokeFunction",
            resource,
            source_ip: None,
            username: None,
        };
        assert_eq!(set.decide(&question("arn:x:Orders")), Verdict::Allowed);
        assert_eq!(set.decide(&question("arn:x:FraudCheck")), Verdict::Denied);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let refused = |stored| {
            PolicySet::new(stored)
                .expect_err("it is refused")
                .to_string()
        };
        assert!(refused(vec![json!("root")]).contains("admin, deploy, invoke"));
        assert!(refused(vec![]).contains("from one to"));
        assert!(refused(vec![json!(1)]).contains("a JSON object"));
        assert!(PolicySet::parse("{}").is_err());
        // Parsers that keep the first of two members and parsers that keep the last would read different policies.
        let twice = r#"{"Statement": [{"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
        let refused = Policy::parse(twice).expect_err("it says two things");
        assert!(
            refused.to_string().contains("`Effect` is there twice"),
            "{refused}"
        );
    }
}
