//! The services that the API needs: the progress table, and the workflow.

use std::error::Error;

use loan::{AnswerTo, CallbackAnswer, Engine, LoanApplication, Status};
use serde_json::Value;

use crate::answer::StatusView;
use crate::application_id::ApplicationId;

/// A service failed; trying again may help.
#[derive(Debug, thiserror::Error)]
#[error("{attempting}")]
pub struct Fault {
    /// The attempted action, with its ids.
    pub attempting: String,
    /// The cause of the failure.
    #[source]
    pub cause: Box<dyn Error + Send + Sync>,
}

impl Fault {
    /// Makes a fault of the attempted action and the cause.
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

/// The result of creating an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is in the table.
    New,
    /// Another application has this id; nothing changed.
    IdTaken,
}

/// An application as stored in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredApplication {
    /// The part that clients may see.
    pub view: StatusView,
    /// The callback or the task token that waits for the manager; for the workflow alone.
    pub callback_id: Option<String>,
}

impl StoredApplication {
    /// The callback or task that the manager's decision completes, while a manager must decide.
    pub fn answer_to(&self) -> Option<AnswerTo> {
        let id = self.callback_id.clone()?;
        Some(match self.view.engine {
            Engine::Durable => AnswerTo::CallbackId(id),
            Engine::StateMachine => AnswerTo::TaskToken(id),
        })
    }

    /// The part that clients may see now. An application waits for its manager from the time when its callback exists
    /// until the callback is answered; the table has that status just before and after as well, when a decision would
    /// be refused.
    pub fn shown(self) -> StatusView {
        let mut view = self.view;
        if view.status == Status::PendingApproval && self.callback_id.is_none() {
            view.status = Status::Processing;
        }
        view
    }
}

/// The operations of the progress table that the API uses.
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

    /// Removes a completed callback or task token, if the table still has that one. Atomic.
    async fn forget_callback(&self, id: &ApplicationId, callback_id: &str) -> Result<(), Fault>;

    /// Notes that the workflow could not be started, unless it has begun after all. Atomic.
    async fn record_start_failure(&self, id: &ApplicationId, at: &str) -> Result<(), Fault>;
}

/// The operations of the workflow that the API uses.
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

/// The same for a manager's decision.
pub const fn decide_call(answer_to: &AnswerTo) -> (&'static str, &'static str) {
    match answer_to {
        AnswerTo::CallbackId(_) => ("Lambda", "SendDurableExecutionCallbackSuccess"),
        AnswerTo::TaskToken(_) => ("StepFunctions", "SendTaskSuccess"),
    }
}
