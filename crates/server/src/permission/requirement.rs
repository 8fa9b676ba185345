//! The permissions of a request: actions, and their resources.

use model::ExecutionId;

use crate::functions::Home;

/// A permission that a request needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needed {
    /// Such as `lambda:InvokeFunction`.
    pub action: String,
    pub on: On,
    /// The ARN of the whole that it is a part of: a denial of the whole denies the part.
    pub within: Option<String>,
}

/// The resource of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    Arn(String),
    /// An unknown resource: the action must be allowed on everything.
    Anything,
    /// An execution whose ARN is looked up by its id, whichever ARN the request has. `unknown` stands for one that does
    /// not exist.
    Execution {
        id: ExecutionId,
        unknown: String,
    },
    /// A function that a checkpoint invokes. State machines start others in this way, and process the items of their
    /// maps.
    Chained(String),
    /// The state machine whose execution issued a task token; `*` stands for one that does not exist.
    Task(ExecutionId),
}

impl Needed {
    pub(super) fn new(action: impl Into<String>, arn: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            on: On::Arn(arn.into()),
            within: None,
        }
    }

    /// For actions with an unknown resource.
    pub(super) fn on_anything(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            on: On::Anything,
            within: None,
        }
    }

    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        let name = self.action.split_once(':').map_or("", |(_, name)| name);
        [
            "Get",
            "List",
            "Observe",
            "Describe",
            "Query",
            "Scan",
            "BatchGet",
            "PartiQLSelect",
            "Read",
        ]
        .iter()
        .any(|verb| name.starts_with(verb))
    }

    /// Whether it is too frequent for the record of changes; such requests are recorded elsewhere.
    pub fn is_progress(&self) -> bool {
        self.action == "lambda:CheckpointDurableExecution"
    }
}

/// The ARN of one of our own resources.
pub(super) fn own_arn(home: &Home, resource: &str) -> String {
    format!(
        "arn:aws:lambdura:{}:{}:{resource}",
        home.region, home.account_id
    )
}
