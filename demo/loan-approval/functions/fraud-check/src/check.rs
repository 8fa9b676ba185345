//! The check itself, apart from the runtime and from AWS.

use std::error::Error;

use loan::{AnswerTo, CallbackAnswer, Pace, succeed_callback, succeed_task};
use powertools::Tracer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long the check takes at pace 1, in seconds.
const CHECK_SECONDS: u32 = 5;

/// The workflow's request.
#[derive(Debug, Deserialize)]
struct FraudCheckRequest {
    #[serde(flatten)]
    answer_to: AnswerTo,
    application_id: String,
    applicant_name: String,
}

/// The result that the workflow gets through the callback.
#[derive(Debug, Serialize)]
struct FraudCheckResult {
    fraud_check: &'static str,
    risk_indicators: u32,
    checked_by: &'static str,
}

/// Why an invocation failed; Lambda retries asynchronous ones.
#[derive(Debug, thiserror::Error)]
pub enum FraudCheckError {
    /// The event is not a request of the workflow.
    #[error(
        "read the event: it needs callback_id or task_token, application_id and applicant_name, all texts"
    )]
    Event(#[source] serde_json::Error),
    /// The answer could not be delivered.
    #[error("answer the workflow")]
    Callback(#[source] Box<dyn Error + Send + Sync>),
}

impl FraudCheckError {
    /// The type that Lambda reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "EventError",
            Self::Callback(_) => "CallbackError",
        }
    }

    /// The error with its causes.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

/// The service that completes callbacks and tasks.
pub trait Callbacks {
    /// Completes a callback or a task with a result.
    async fn succeed(
        &self,
        answer_to: &AnswerTo,
        result: &Value,
    ) -> Result<CallbackAnswer, Box<dyn Error + Send + Sync>>;
}

/// AWS Lambda and Step Functions, or a server that stands in for them.
pub struct AwsCallbacks {
    /// The client of Lambda, made once per process.
    pub lambda: aws_sdk_lambda::Client,
    /// The client of Step Functions, made once per process.
    pub states: aws_sdk_sfn::Client,
}

impl Callbacks for AwsCallbacks {
    async fn succeed(
        &self,
        answer_to: &AnswerTo,
        result: &Value,
    ) -> Result<CallbackAnswer, Box<dyn Error + Send + Sync>> {
        Ok(match answer_to {
            AnswerTo::CallbackId(id) => succeed_callback(&self.lambda, id, result).await?,
            AnswerTo::TaskToken(token) => succeed_task(&self.states, token, result).await?,
        })
    }
}

/// The fraud check with its dependencies.
pub struct FraudCheck<C> {
    /// The destination of the answer.
    pub callbacks: C,
    /// How fast the simulated work goes.
    pub pace: Pace,
    /// Traces.
    pub tracer: Tracer,
}

impl<C: Callbacks> FraudCheck<C> {
    /// Handles one event.
    ///
    /// # Errors
    ///
    /// When the event cannot be read, or when the callback may still be open.
    pub async fn handle(&self, event: Value) -> Result<Value, FraudCheckError> {
        let request: FraudCheckRequest =
            serde_json::from_value(event).map_err(FraudCheckError::Event)?;
        powertools::append_key("application_id", request.application_id.as_str());
        powertools::put_annotation("application_id", request.application_id.as_str());
        tracing::info!(
            applicant_name = request.applicant_name,
            "fraud check started"
        );

        let result = self
            .tracer
            .capture_method("check_applicant", self.check_applicant())
            .await?;
        let answer = self
            .tracer
            .capture_method("answer_workflow", self.answer_workflow(&request, &result))
            .await?;
        let status = match answer {
            CallbackAnswer::Accepted => {
                tracing::info!(fraud_check = result.fraud_check, "fraud check answered");
                "callback_sent"
            }
            CallbackAnswer::Closed => {
                tracing::warn!(
                    "the callback was closed already: answered by an earlier delivery, or timed out"
                );
                "callback_already_closed"
            }
        };
        Ok(json!({ "status": status, "application_id": request.application_id }))
    }

    async fn check_applicant(&self) -> Result<FraudCheckResult, FraudCheckError> {
        self.pace.work(CHECK_SECONDS).await;
        Ok(FraudCheckResult {
            fraud_check: "passed",
            risk_indicators: 0,
            checked_by: "FraudCheckService-v2",
        })
    }

    async fn answer_workflow(
        &self,
        request: &FraudCheckRequest,
        result: &FraudCheckResult,
    ) -> Result<CallbackAnswer, FraudCheckError> {
        let result = json!(result);
        let sent = self.callbacks.succeed(&request.answer_to, &result);
        let (service, operation) = match &request.answer_to {
            AnswerTo::CallbackId(_) => ("Lambda", "SendDurableExecutionCallbackSuccess"),
            AnswerTo::TaskToken(_) => ("StepFunctions", "SendTaskSuccess"),
        };
        let traced = self.tracer.capture_aws(service, operation, sent);
        traced.await.map_err(FraudCheckError::Callback)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use powertools::Settings;

    use super::*;

    /// Accepts the first completion of a callback, and answers to every further one that it is closed.
    #[derive(Default)]
    struct FakeCallbacks {
        completed: RefCell<Vec<(AnswerTo, Value)>>,
    }

    impl Callbacks for FakeCallbacks {
        async fn succeed(
            &self,
            answer_to: &AnswerTo,
            result: &Value,
        ) -> Result<CallbackAnswer, Box<dyn Error + Send + Sync>> {
            let mut completed = self.completed.borrow_mut();
            if completed.iter().any(|(it, _)| it == answer_to) {
                return Ok(CallbackAnswer::Closed);
            }
            completed.push((answer_to.clone(), result.clone()));
            Ok(CallbackAnswer::Accepted)
        }
    }

    fn fraud_check() -> FraudCheck<FakeCallbacks> {
        FraudCheck {
            callbacks: FakeCallbacks::default(),
            pace: Pace::parse("0").unwrap(),
            tracer: Tracer::new(&Settings::from_lookup(|_| None)),
        }
    }

    #[tokio::test]
    async fn answers_with_the_seeds_result_and_a_second_delivery_is_no_error() {
        let fraud_check = fraud_check();
        let event = json!({ "callback_id": "cb-1", "application_id": "LOAN-1-AAAA", "applicant_name": "Alice" });
        let first = fraud_check.handle(event.clone()).await.unwrap();
        let second = fraud_check.handle(event).await.unwrap();
        assert_eq!(
            first,
            json!({ "status": "callback_sent", "application_id": "LOAN-1-AAAA" })
        );
        assert_eq!(
            second,
            json!({ "status": "callback_already_closed", "application_id": "LOAN-1-AAAA" })
        );
        let result = json!({
            "fraud_check": "passed", "risk_indicators": 0, "checked_by": "FraudCheckService-v2",
        });
        assert_eq!(
            *fraud_check.callbacks.completed.borrow(),
            [(AnswerTo::CallbackId("cb-1".to_owned()), result)]
        );
    }

    #[tokio::test]
    async fn answers_a_state_machine_by_its_task_token() {
        let fraud_check = fraud_check();
        let event = json!({ "task_token": "t-1", "application_id": "LOAN-1-AAAA", "applicant_name": "Alice" });
        fraud_check.handle(event).await.unwrap();
        let completed = fraud_check.callbacks.completed.borrow();
        assert_eq!(completed[0].0, AnswerTo::TaskToken("t-1".to_owned()));
    }

    #[tokio::test]
    async fn event_without_a_callback_is_an_error_that_says_so() {
        let error = fraud_check()
            .handle(json!({ "application_id": "LOAN-1-AAAA" }))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), "EventError");
        assert!(
            error.chain().contains("needs callback_id or task_token"),
            "{}",
            error.chain()
        );
    }
}
