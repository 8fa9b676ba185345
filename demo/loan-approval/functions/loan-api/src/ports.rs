//! What the API needs of the world: the progress table, and the workflow.

use std::error::Error;

use loan::{AnswerTo, CallbackAnswer, Engine, LoanApplication, Status};
use serde_json::Value;

use crate::answer::StatusView;
use crate::application_id::ApplicationId;

/// The world failed; trying again may help.
#[derive(Debug, thiserror::Error)]
#[error("{attempting}")]
pub struct Fault {
    /// What was attempted, with its ids.
    pub attempting: String,
    /// Why it did not work.
    #[source]
    pub cause: Box<dyn Error + Send + Sync>,
}

impl Fault {
    /// Says what was attempted when the cause struck.
    pub fn new(
        attempting: impl Into<String>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            attempting: attempting.into(),
            cause: cause.into(),
        }
    }
}

/// What came of creating an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is in the table.
    New,
    /// Another one has this id; nothing changed.
    IdTaken,
}

/// An application as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredApplication {
    /// What clients may see.
    pub view: StatusView,
    /// The callback or the task token that waits for the manager; for the workflow alone.
    pub callback_id: Option<String>,
}

impl StoredApplication {
    /// What the manager's decision completes, while a manager is to decide.
    pub fn answer_to(&self) -> Option<AnswerTo> {
        let id = self.callback_id.clone()?;
        Some(match self.view.engine {
            Engine::Durable => AnswerTo::CallbackId(id),
            Engine::StateMachine => AnswerTo::TaskToken(id),
        })
    }

    /// What clients may see now. An application waits for its manager from when there is a callback to answer until it was
    /// answered; just before and after, the table says so too, and a decision would be refused.
    pub fn shown(self) -> StatusView {
        let mut view = self.view;
        if view.status == Status::PendingApproval && self.callback_id.is_none() {
            view.status = Status::Processing;
        }
        view
    }
}

/// The progress table, as far as the API uses it.
pub trait Applications {
    /// Puts a new application into the table, unless its id is taken. Atomic.
    async fn create(
        &self,
        application: &LoanApplication,
        engine: Engine,
        created_at: &str,
    ) -> Result<Created, Fault>;

    /// Reads an application, with everything written before.
    async fn load(&self, id: &ApplicationId) -> Result<Option<StoredApplication>, Fault>;

    /// Takes a completed callback or task token out, provided that it is still that one. Atomic.
    async fn forget_callback(&self, id: &ApplicationId, callback_id: &str) -> Result<(), Fault>;

    /// Notes that the workflow could not be started, unless it has begun after all. Atomic.
    async fn record_start_failure(&self, id: &ApplicationId, at: &str) -> Result<(), Fault>;
}

/// The workflow, as far as the API uses it.
pub trait Workflow {
    /// Starts the workflow of an application in an engine; starting it again changes nothing.
    async fn start(&self, application: &LoanApplication, engine: Engine) -> Result<(), Fault>;

    /// Hands a manager's decision to the workflow. The first one counts.
    async fn decide(&self, answer_to: &AnswerTo, decision: &Value)
    -> Result<CallbackAnswer, Fault>;
}

/// The service and the operation by which an engine is started, as traces name them.
pub const fn start_call(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::Durable => ("Lambda", "Invoke"),
        Engine::StateMachine => ("StepFunctions", "StartExecution"),
    }
}

/// The same of a manager's decision.
pub const fn decide_call(answer_to: &AnswerTo) -> (&'static str, &'static str) {
    match answer_to {
        AnswerTo::CallbackId(_) => ("Lambda", "SendDurableExecutionCallbackSuccess"),
        AnswerTo::TaskToken(_) => ("StepFunctions", "SendTaskSuccess"),
    }
}
