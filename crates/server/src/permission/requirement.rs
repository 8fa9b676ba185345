//! What a request needs: actions, and what they are done to.

use model::ExecutionId;

use crate::functions::Home;

/// What is needed for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needed {
    /// Such as `lambda:InvokeFunction`.
    pub action: String,
    pub on: On,
    /// The ARN of what it is a part of: whoever is denied the whole is denied the part.
    pub within: Option<String>,
}

/// What something is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    Arn(String),
    /// What cannot be told: it may be anything, and needs to be allowed on everything.
    Anything,
    /// An execution whose ARN is to be looked up, whatever the request calls it. `unknown` stands for one that is not
    /// there.
    Execution {
        id: ExecutionId,
        unknown: String,
    },
    /// A function that a checkpoint invokes. A state machine starts others in this way, and works on the items of its maps.
    Chained(String),
    /// The state machine whose execution gave a task token away; `*` stands for one that is not there.
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

    /// For what may be done to anything.
    pub(super) fn on_anything(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            on: On::Anything,
            within: None,
        }
    }

    /// Whether it only looks.
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

    /// Whether it is done so often, and recorded elsewhere, that nobody wants to read of it.
    pub fn is_progress(&self) -> bool {
        self.action == "lambda:CheckpointDurableExecution"
    }
}

/// The ARN of a resource of ours.
pub(super) fn own_arn(home: &Home, resource: &str) -> String {
    format!(
        "arn:aws:lambdura:{}:{}:{resource}",
        home.region, home.account_id
    )
}
