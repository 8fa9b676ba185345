//! The handler: from a request to an answer, through the two traits of `ports.rs`.

use std::error::Error;

use jiff::Timestamp;
use loan::{AnswerTo, CallbackAnswer, LoanApplication, timestamp_text};
use powertools::{Metrics, Tracer, Unit};
use serde_json::json;

use crate::answer::{self, ApiError, Refusal};
use crate::application_id::ApplicationId;
use crate::forms::{ApplyForm, Decision};
use crate::gateway::{Body, Request, Response};
use crate::ports::{
    Applications, Created, Fault, StoredApplication, Workflow, decide_call, start_call,
};
use crate::route::{Route, route};

/// Most ids drawn for one application. Two applications per second already share an id only once in 1.7 million times.
const ID_DRAWS_MAX: u32 = 5;

/// The API with its dependencies.
pub struct Api<A, W> {
    /// The progress table.
    pub applications: A,
    /// The workflow.
    pub workflow: W,
    /// `ApplicationsSubmitted`, `ApprovalsProcessed`.
    pub metrics: Metrics,
    /// A subsegment per method.
    pub tracer: Tracer,
}

impl<A: Applications, W: Workflow> Api<A, W> {
    /// Answers a request. There is always an answer: failures are logged, and reported without details.
    pub async fn handle(&self, request: &Request) -> Response {
        tracing::debug!(method = request.method, path = request.path, "request");
        let answered = match route(&request.method, &request.path) {
            Ok(Route::Apply) => self.traced("apply", self.apply(&request.body)).await,
            Ok(Route::Status(id)) => self.traced("status", self.status(&id)).await,
            Ok(Route::Approve(id)) => {
                self.traced("approve", self.approve(&id, &request.body))
                    .await
            }
            Err(refusal) => Ok(self.refuse(&refusal)),
        };
        answered.unwrap_or_else(|fault| {
            tracing::error!(error = &fault as &(dyn Error + 'static), "request failed");
            answer::failed()
        })
    }

    /// Runs a method in its subsegment. A refusal is an error of the client, and no fault in the trace.
    async fn traced(
        &self,
        method: &str,
        work: impl Future<Output = Result<Response, ApiError>>,
    ) -> Result<Response, Fault> {
        let answered = self.tracer.capture_method(method, async {
            let response = match work.await {
                Ok(response) => response,
                Err(ApiError::Refused(refusal)) => self.refuse(&refusal),
                Err(ApiError::Failed(fault)) => return Err(fault),
            };
            powertools::put_annotation("status_code", i64::from(response.status_code));
            Ok(response)
        });
        answered.await
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let response = refusal.response();
        tracing::info!(
            status_code = response.status_code,
            ?refusal,
            "request refused"
        );
        response
    }

    /// `POST /apply`. The item comes first, so that the workflow finds it; if the workflow cannot be started, the item
    /// says that it failed.
    async fn apply(&self, body: &Body) -> Result<Response, ApiError> {
        let form = ApplyForm::read(body)?;
        let now = Timestamp::now();
        let engine = form.engine;
        let (id, application) = self.create(form, now).await?;
        note_application(&id);

        let start = self.workflow.start(&application, engine);
        let (service, operation) = start_call(engine);
        if let Err(fault) = self.tracer.capture_aws(service, operation, start).await {
            let noted = self
                .applications
                .record_start_failure(&id, &timestamp_text(Timestamp::now()))
                .await;
            if let Err(second) = noted {
                tracing::error!(
                    error = &second as &(dyn Error + 'static),
                    "the failed start is not noted either"
                );
            }
            return Err(fault.into());
        }
        tracing::info!(
            loan_amount = application.loan_amount,
            engine = engine.as_str(),
            "application stored, workflow started"
        );
        self.metrics
            .add_metric("ApplicationsSubmitted", Unit::Count, 1.0);
        Ok(answer::applied(&id))
    }

    async fn create(
        &self,
        form: ApplyForm,
        now: Timestamp,
    ) -> Result<(ApplicationId, LoanApplication), Fault> {
        let engine = form.engine;
        let mut application = LoanApplication {
            application_id: String::new(),
            applicant_name: form.name,
            sin: form.sin,
            loan_amount: form.loan_amount,
            address: form.address,
            phone: form.phone,
        };
        for _ in 0..ID_DRAWS_MAX {
            let id = ApplicationId::new(now, fastrand::u32(..));
            application.application_id = id.as_str().to_owned();
            let create = async {
                self.applications
                    .create(&application, engine, &timestamp_text(now))
                    .await
            };
            match self
                .tracer
                .capture_aws("DynamoDB", "PutItem", create)
                .await?
            {
                Created::New => return Ok((id, application)),
                Created::IdTaken => tracing::warn!(%id, "the id is taken, drawing another one"),
            }
        }
        Err(Fault::new(
            "find a free application id",
            format!("{ID_DRAWS_MAX} drawn ids were all taken"),
        ))
    }

    /// `GET /status/{applicationId}`.
    async fn status(&self, id: &ApplicationId) -> Result<Response, ApiError> {
        note_application(id);
        Ok(self.load(id).await?.shown().response())
    }

    /// `POST /approve/{applicationId}`.
    ///
    /// The callback or the task itself is the lock: of two decisions, however close, exactly one completes it. The id
    /// leaves the table only after that, so a crash in between loses nothing: the workflow has the decision, and a
    /// client that asks again gets the answer that it was made. If the id were removed first, a crash would leave a
    /// workflow that can never be answered.
    async fn approve(&self, id: &ApplicationId, body: &Body) -> Result<Response, ApiError> {
        note_application(id);
        let decision = Decision::read(body)?;
        let answer_to = self
            .load(id)
            .await?
            .answer_to()
            .ok_or(Refusal::NoApprovalPending)?;

        let (approved, result) = match &decision {
            Decision::Approved => (true, json!({ "approved": true })),
            Decision::Denied { reason } => (false, json!({ "approved": false, "reason": reason })),
        };
        let decide = self.workflow.decide(&answer_to, &result);
        let (service, operation) = decide_call(&answer_to);
        let given = self.tracer.capture_aws(service, operation, decide).await?;

        let (AnswerTo::CallbackId(callback_id) | AnswerTo::TaskToken(callback_id)) = &answer_to;
        let forget = self.applications.forget_callback(id, callback_id);
        if let Err(fault) = self
            .tracer
            .capture_aws("DynamoDB", "UpdateItem", forget)
            .await
        {
            // The decision is valid. The workflow removes the id, too, with its next entry.
            tracing::warn!(
                error = &fault as &(dyn Error + 'static),
                "the completed callback stays in the table"
            );
        }
        match given {
            CallbackAnswer::Accepted => {
                tracing::info!(approved, "approval sent");
                self.metrics
                    .add_metric("ApprovalsProcessed", Unit::Count, 1.0);
                Ok(answer::approval_sent(approved))
            }
            CallbackAnswer::Closed => Err(Refusal::ApprovalClosed.into()),
        }
    }

    async fn load(&self, id: &ApplicationId) -> Result<StoredApplication, ApiError> {
        let load = self.applications.load(id);
        let stored = self.tracer.capture_aws("DynamoDB", "GetItem", load).await?;
        Ok(stored.ok_or(Refusal::UnknownApplication)?)
    }
}

/// Log lines and traces from here on name the application.
fn note_application(id: &ApplicationId) {
    powertools::append_key("application_id", id.as_str());
    powertools::put_annotation("application_id", id.as_str());
}

#[cfg(test)]
mod tests;
