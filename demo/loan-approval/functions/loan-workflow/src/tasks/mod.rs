//! The state machine's tasks: the same work as the durable function's steps, by the same rules, each an invocation of a
//! plain function. The order is not here but in `state-machine/loan.asl.json`.
//!
//! A task may be invoked twice, so each of its entries in the progress table has a key, under which it is written once.

mod function;
mod progress;

pub use function::serve;

use jiff::Timestamp;
use lambdura::BoxError;
use loan::{AnswerTo, Level, LoanApplication, Pace, Stage, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::credit::{self, CreditReport, credit_report};
use crate::decision::{ManagerDecision, no_manager};
use crate::disbursement::{self, disbursement};
use crate::fraud_service::{FraudCheckRequest, FraudReport, FraudService};
use crate::offer::{self, LoanOffer};
use crate::outcome::Outcome;
use crate::risk::{self, Decision, RiskAssessment, assess};
use crate::say;
use crate::validation::{self, Validated, validate};
use progress::{TaskProgress, TaskProgressError, Told};

/// A request of the state machine.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
enum Task {
    Validate {
        application: LoanApplication,
    },
    CreditReport {
        application: Validated,
        bureau: String,
    },
    Risk {
        application: Validated,
        reports: Vec<CreditReport>,
    },
    AskManager {
        application: Validated,
        task_token: String,
    },
    RequestFraudCheck {
        application: Validated,
        manager_approved: bool,
        task_token: String,
    },
    Offer {
        application: Validated,
        risk: RiskAssessment,
        fraud: FraudReport,
    },
    Disburse {
        application: Validated,
        offer: LoanOffer,
    },
    Deny {
        application: Validated,
        because: Because,
    },
    Fail {
        application_id: String,
        cause: String,
    },
}

/// The reason against a loan.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Because {
    Risk(RiskAssessment),
    /// `None` if no manager decided in time.
    Manager(Option<ManagerDecision>),
    Fraud(FraudReport),
}

/// Why a task failed. The definition's `Retry` and `Catch` refer to its kind.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error("read the task")]
    Task(#[source] serde_json::Error),
    #[error(transparent)]
    Validation(#[from] validation::ValidationError),
    #[error(transparent)]
    Reports(#[from] risk::NoReportsError),
    #[error("ask for a fraud check")]
    FraudService(#[source] BoxError),
    #[error(transparent)]
    Progress(#[from] TaskProgressError),
}

impl TaskError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Task(_) => "TaskError",
            Self::Validation(_) => "ValidationError",
            Self::Reports(_) => "NoReportsError",
            Self::FraudService(_) => "FraudServiceError",
            Self::Progress(_) => "ProgressError",
        }
    }
}

/// The tasks with their dependencies.
struct Tasks<F> {
    progress: TaskProgress,
    fraud_service: F,
    pace: Pace,
}

impl<F: FraudService> Tasks<F> {
    /// Runs the task of one event, and returns its result.
    async fn handle(&self, event: Value) -> Result<Value, TaskError> {
        let task: Task = serde_json::from_value(event).map_err(TaskError::Task)?;
        let now = Timestamp::now;
        match task {
            Task::Validate { application } => {
                let id = application.application_id.clone();
                self.tell(&id, "validating", Stage::Validating, say::VALIDATING)
                    .await?;
                self.pace.work(validation::SECONDS).await;
                let application = validate(application, now())?;
                // The bureaus are three parallel tasks; the entry for their beginning is written here, once.
                let validated = Told::news(Stage::Validating, say::VALIDATED);
                let pulling = Told::news(Stage::CreditCheck, say::PULLING_REPORTS);
                self.progress
                    .tell(&id, "validated", vec![validated, pulling])
                    .await?;
                Ok(json!(application))
            }
            Task::CreditReport {
                application,
                bureau,
            } => {
                self.pace.work(credit::SECONDS).await;
                Ok(json!(credit_report(&bureau, &application.sin, now())))
            }
            Task::Risk {
                application,
                reports,
            } => Ok(json!(self.risk(&application, &reports).await?)),
            Task::AskManager {
                application,
                task_token,
            } => {
                let id = &application.application_id;
                let asked = Told {
                    stage: Stage::ManagerApproval,
                    status: Status::PendingApproval,
                    level: Level::Info,
                    message: say::manager_asked(application.loan_amount),
                    result: None,
                };
                self.progress.tell(id, "manager asked", vec![asked]).await?;
                self.progress.offer_token(id, &task_token).await?;
                Ok(Value::Null)
            }
            Task::RequestFraudCheck {
                application,
                manager_approved,
                task_token,
            } => {
                let id = &application.application_id;
                let mut told = Vec::new();
                if manager_approved {
                    told.push(Told::news(Stage::ManagerApproval, say::MANAGER_APPROVED));
                }
                told.push(Told::news(Stage::FraudCheck, say::REQUESTING_FRAUD_CHECK));
                self.progress
                    .tell(id, "fraud check requested", told)
                    .await?;
                let request = FraudCheckRequest {
                    answer_to: AnswerTo::TaskToken(task_token),
                    application_id: application.application_id,
                    applicant_name: application.applicant_name,
                };
                let asked = self.fraud_service.request(request).await;
                asked.map_err(TaskError::FraudService)?;
                Ok(Value::Null)
            }
            Task::Offer {
                application,
                risk,
                fraud,
            } => Ok(json!(self.offer(application, &risk, &fraud).await?)),
            Task::Disburse { application, offer } => {
                Ok(json!(self.disburse(&application, offer).await?))
            }
            Task::Deny {
                application,
                because,
            } => Ok(json!(self.deny(&application, because).await?)),
            Task::Fail {
                application_id,
                cause,
            } => {
                let stage = self.progress.stage(&application_id).await?;
                let message = say::failed(&cause_text(&cause));
                let told = Told::end(stage, Status::Failed, Level::Error, message, None);
                self.progress
                    .tell(&application_id, "end", vec![told])
                    .await?;
                Ok(Value::Null)
            }
        }
    }

    async fn risk(
        &self,
        application: &Validated,
        reports: &[CreditReport],
    ) -> Result<RiskAssessment, TaskError> {
        let id = &application.application_id;
        let received = Told::news(Stage::CreditCheck, say::scores_received(reports));
        let begun = Told::news(Stage::RiskAssessment, say::CALCULATING_RISK);
        self.progress
            .tell(id, "calculating", vec![received, begun])
            .await?;
        self.pace.work(risk::SECONDS).await;
        let risk = assess(reports, &application.sin, application.loan_amount)?;
        self.tell(id, "risk", Stage::RiskAssessment, say::risk(&risk))
            .await?;
        Ok(risk)
    }

    async fn offer(
        &self,
        application: Validated,
        risk: &RiskAssessment,
        fraud: &FraudReport,
    ) -> Result<LoanOffer, TaskError> {
        let id = application.application_id;
        let passed = Told::news(Stage::FraudCheck, say::fraud_passed(fraud));
        let begun = Told::news(Stage::GeneratingOffer, say::GENERATING_OFFER);
        self.progress
            .tell(&id, "making an offer", vec![passed, begun])
            .await?;
        self.pace.work(offer::SECONDS).await;
        let amount = application.loan_amount;
        let offer = offer::offer(id.clone(), amount, risk.base_rate, Timestamp::now());
        self.tell(&id, "offer", Stage::GeneratingOffer, say::offer(&offer))
            .await?;
        Ok(offer)
    }

    async fn disburse(
        &self,
        application: &Validated,
        offer: LoanOffer,
    ) -> Result<Outcome, TaskError> {
        let id = &application.application_id;
        self.tell(id, "disbursing", Stage::Disbursing, say::DISBURSING)
            .await?;
        self.pace.work(disbursement::SECONDS).await;
        let paid = disbursement(offer.offer_id.clone(), offer.loan_amount, Timestamp::now());
        let outcome = Outcome::approved(application, offer, paid);
        let (message, result) = (say::APPROVED.to_owned(), Some(json!(outcome)));
        let told = Told::end(
            Stage::Complete,
            Status::Approved,
            Level::Info,
            message,
            result,
        );
        self.progress.tell(id, "end", vec![told]).await?;
        Ok(outcome)
    }

    async fn deny(&self, application: &Validated, because: Because) -> Result<Outcome, TaskError> {
        let (stage, reason, risk) = match because {
            Because::Risk(risk) => {
                let Decision::Denied { reason } = risk.outcome.clone() else {
                    let cause = "the risk is no reason to deny a loan";
                    return Err(TaskError::Task(serde::de::Error::custom(cause)));
                };
                (Stage::RiskAssessment, reason, Some(risk))
            }
            Because::Manager(decision) => {
                let reason = decision.map_or_else(no_manager, ManagerDecision::denial);
                (Stage::ManagerApproval, reason, None)
            }
            Because::Fraud(report) => {
                let Some(reason) = report.denial() else {
                    let cause = "a passed fraud check is no reason to deny a loan";
                    return Err(TaskError::Task(serde::de::Error::custom(cause)));
                };
                (Stage::FraudCheck, reason, None)
            }
        };
        let outcome = match &risk {
            Some(risk) => Outcome::too_risky(application, risk, reason.clone()),
            None => Outcome::denied(application, reason.clone()),
        };
        let (message, result) = (say::denied(&reason), Some(json!(outcome)));
        let told = Told::end(stage, Status::Denied, Level::Warn, message, result);
        self.progress
            .tell(&application.application_id, "end", vec![told])
            .await?;
        Ok(outcome)
    }

    async fn tell(
        &self,
        application_id: &str,
        key: &str,
        stage: Stage,
        message: impl Into<String>,
    ) -> Result<(), TaskError> {
        let told = vec![Told::news(stage, message)];
        Ok(self.progress.tell(application_id, key, told).await?)
    }
}

/// The message in the cause of a failed function, which is its error as JSON.
fn cause_text(cause: &str) -> String {
    let error: Option<Value> = serde_json::from_str(cause).ok();
    let message = error.as_ref().and_then(|it| it["errorMessage"].as_str());
    message.unwrap_or(cause).to_owned()
}

#[cfg(test)]
mod tests;
