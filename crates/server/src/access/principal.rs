//! The sender of a request.

use std::sync::Arc;

use access::policy::PolicySet;
use access::{AccessKeyId, SecretKey};
use model::Timestamp;

/// An access key that may sign.
#[derive(Debug)]
pub(crate) struct Key {
    pub id: AccessKeyId,
    pub name: String,
    pub secret: SecretKey,
    pub policies: PolicySet,
    /// When the secret was created.
    pub rotated_at: Timestamp,
}

/// A user whom an OpenID provider knows, signed in to the console.
#[derive(Debug)]
pub(crate) struct Person {
    pub name: String,
    pub policies: PolicySet,
}

/// The sender of a request.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// The owner of an access key.
    Key(Arc<Key>),
    /// A user who was signed in by an OpenID provider.
    Person(Arc<Person>),
    /// A process of a function version that this server runs.
    Process { function: String, version: String },
}

impl Principal {
    /// The ARN that IAM would use, for messages.
    pub fn arn(&self, account_id: &str) -> String {
        match self {
            Self::Key(key) => format!("arn:aws:iam::{account_id}:user/{}", key.name),
            Self::Person(person) => {
                format!(
                    "arn:aws:sts::{account_id}:assumed-role/console/{}",
                    person.name
                )
            }
            Self::Process { function, version } => {
                format!("arn:aws:sts::{account_id}:assumed-role/{function}/{version}")
            }
        }
    }

    /// Whether it is a process of the function of this ARN.
    pub fn is_process_of(&self, arn: &str) -> bool {
        match self {
            Self::Key(_) | Self::Person(_) => false,
            Self::Process { function, .. } => arn.split(':').nth(6) == Some(function.as_str()),
        }
    }

    /// The name in the record of changes.
    pub fn name(&self) -> String {
        match self {
            Self::Key(key) => format!("key {}", key.name),
            Self::Person(person) => format!("person {}", person.name),
            Self::Process { function, version } => format!("function {function}:{version}"),
        }
    }
}
