//! The workflow itself: what is decided, in which order. Read it top to bottom; so does every replay.

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, FailureKind, RetryStrategy, StepContext, branch,
};
use loan::{Level, LoanApplication, Pace, Stage, Status};
use serde::Deserialize;
use serde_json::json;

use crate::credit::{BUREAUS, CreditReport, pull_credit_report};
use crate::disbursement::disburse_funds;
use crate::fraud_service::{FraudCheckRequest, FraudReport, FraudService};
use crate::money::dollars;
use crate::offer::generate_loan_offer;
use crate::outcome::Outcome;
use crate::progress_log::{Applied, ProgressLog, ProgressStore, TellProgressError};
use crate::risk::{Decision, calculate_risk_score};
use crate::validation::{Validated, validate_application};

/// From this amount on a manager decides, in dollars.
const MANAGER_AMOUNT_MIN: f64 = 100_000.0;
/// How long the manager may take. An application that nobody decided on is denied, and says so: that is what it comes
/// to for the applicant, who may apply again; nothing broke.
const MANAGER_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// How long the fraud check may take. A service that does not answer is broken, so the application fails.
const FRAUD_CHECK_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The workflow with what it needs.
pub struct Workflow<S, F> {
    /// Where progress is told.
    pub table: S,
    /// Who checks for fraud.
    pub fraud_service: F,
    /// How fast simulated work goes.
    pub pace: Pace,
}

/// What the manager sends through the API.
#[derive(Debug, Deserialize)]
struct ManagerDecision {
    approved: bool,
    #[serde(default)]
    reason: Option<String>,
}

/// Why the workflow cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// An operation failed for good. The execution fails, the same way in every replay.
    #[error(transparent)]
    Operation(#[from] BoxError),
    /// The progress table is out of reach. Says nothing about the application; the next invocation may get further.
    #[error(transparent)]
    Progress(#[from] TellProgressError),
}

impl<S: ProgressStore, F: FraudService> Workflow<S, F> {
    /// Runs the workflow and tells how it ended.
    ///
    /// # Errors
    ///
    /// When an operation failed for good, or the progress table is out of reach.
    pub async fn run(
        &self,
        application: LoanApplication,
        ctx: &DurableContext,
    ) -> Result<Outcome, WorkflowError> {
        let mut log = ProgressLog::open(&self.table, &application.application_id).await?;
        let decided = self.decide(application, ctx, &mut log).await;
        match &decided {
            Ok(outcome @ Outcome::Approved { .. }) => {
                let message = "Loan approved and funds disbursed".to_owned();
                log.tell_end(
                    Stage::Complete,
                    Status::Approved,
                    Level::Info,
                    message,
                    Some(json!(outcome)),
                );
            }
            Ok(outcome @ Outcome::Denied { reason, .. }) => {
                let message = format!("Application denied: {reason}");
                log.tell_end(
                    log.stage(),
                    Status::Denied,
                    Level::Warn,
                    message,
                    Some(json!(outcome)),
                );
            }
            Err(WorkflowError::Operation(error)) => {
                tracing::error!(%error, "the workflow failed");
                let message = format!("The application could not be processed: {error}");
                log.tell_end(log.stage(), Status::Failed, Level::Error, message, None);
            }
            Err(WorkflowError::Progress(_)) => return decided,
        }
        log.flush().await?;
        decided
    }

    async fn decide(
        &self,
        application: LoanApplication,
        ctx: &DurableContext,
        log: &mut ProgressLog<'_, S>,
    ) -> Result<Outcome, WorkflowError> {
        log.tell(
            Stage::Validating,
            Status::Processing,
            "Validating the application...",
        );
        log.flush_news().await?;
        // What is wrong with an application stays wrong: no second attempt.
        let validation = ctx
            .step(validate_application(application, self.pace))
            .retry(RetryStrategy::none());
        let application = validation.await.map_err(BoxError::from)?;
        log.tell(
            Stage::Validating,
            Status::Processing,
            "Application validated",
        );

        log.tell(
            Stage::CreditCheck,
            Status::Processing,
            "Pulling credit reports from three bureaus...",
        );
        log.flush_news().await?;
        let reports = self.pull_credit_reports(&application, ctx).await?;
        let scores: Vec<String> = reports
            .iter()
            .map(|report| format!("{} {}", report.bureau, report.score))
            .collect();
        tracing::info!(scores = scores.join(", "), "credit reports received");
        log.tell(
            Stage::CreditCheck,
            Status::Processing,
            format!("Credit scores received: {}", scores.join(", ")),
        );

        log.tell(
            Stage::RiskAssessment,
            Status::Processing,
            "Calculating the risk...",
        );
        log.flush_news().await?;
        let sin = application.sin.clone();
        let assessment = calculate_risk_score(reports, sin, application.loan_amount, self.pace);
        let risk = ctx.step(assessment).await.map_err(BoxError::from)?;
        let summary = format!(
            "Risk tier {}, average score {:.1}",
            risk.risk_tier.as_str(),
            risk.average_score
        );
        log.tell(Stage::RiskAssessment, Status::Processing, summary);
        if let Decision::Denied { reason } = &risk.outcome {
            return Ok(Outcome::too_risky(&application, &risk, reason.clone()));
        }

        if application.loan_amount >= MANAGER_AMOUNT_MIN
            && let Some(reason) = self.ask_manager(&application, ctx, log).await?
        {
            return Ok(Outcome::denied(&application, reason));
        }

        let report = self.check_for_fraud(&application, ctx, log).await?;
        if report.fraud_check != "passed" {
            let reason = format!("The fraud check did not pass: {}", report.fraud_check);
            return Ok(Outcome::denied(&application, reason));
        }
        log.tell(
            Stage::FraudCheck,
            Status::Processing,
            format!("Fraud check passed: {}", report.checked_by),
        );

        log.tell(
            Stage::GeneratingOffer,
            Status::Processing,
            "Generating the loan offer...",
        );
        log.flush_news().await?;
        let id = application.application_id.clone();
        let offer = generate_loan_offer(id, application.loan_amount, risk.base_rate, self.pace);
        let offer = ctx.step(offer).await.map_err(BoxError::from)?;
        let payment = dollars(offer.monthly_payment);
        let summary = format!(
            "Offer {}: {payment} a month at {}%",
            offer.offer_id, offer.annual_rate
        );
        log.tell(Stage::GeneratingOffer, Status::Processing, summary);

        log.tell(
            Stage::Disbursing,
            Status::Processing,
            "Disbursing the funds...",
        );
        log.flush_news().await?;
        let disbursement = disburse_funds(offer.offer_id.clone(), offer.loan_amount, self.pace);
        let disbursement = ctx.step(disbursement).await.map_err(BoxError::from)?;
        tracing::info!(
            disbursement_ref = disbursement.disbursement_ref,
            "funds disbursed"
        );
        Ok(Outcome::approved(&application, offer, disbursement))
    }

    async fn pull_credit_reports(
        &self,
        application: &Validated,
        ctx: &DurableContext,
    ) -> Result<Vec<CreditReport>, BoxError> {
        let branches = BUREAUS.map(|bureau| {
            let report = pull_credit_report(bureau, application.sin.clone(), self.pace);
            branch(move |ctx: DurableContext| async move { ctx.step(report).await })
        });
        Ok(ctx.parallel(branches).await?.into_results()?)
    }

    /// Waits for the manager. `Some` is the reason of a denial.
    async fn ask_manager(
        &self,
        application: &Validated,
        ctx: &DurableContext,
        log: &mut ProgressLog<'_, S>,
    ) -> Result<Option<String>, WorkflowError> {
        let amount = dollars(application.loan_amount);
        let message =
            format!("A manager has to approve loans of $100,000 and more (requested: {amount})");
        log.tell(Stage::ManagerApproval, Status::PendingApproval, message);
        // All of it: the next line may end this invocation.
        log.flush().await?;

        let told = log.told();
        let submit = |callback_id: CallbackId, _: StepContext| async move {
            let offered = self
                .table
                .offer_callback(&application.application_id, callback_id.as_str(), told)
                .await?;
            if offered == Applied::Overtaken {
                tracing::warn!(
                    "the application has gone on meanwhile; its callback is not offered again"
                );
            }
            Ok::<(), BoxError>(())
        };
        let decision =
            ctx.wait_for_callback::<ManagerDecision, _, _, _>("manager-approval", submit);
        match decision.timeout(MANAGER_TIMEOUT).await {
            Ok(decision) if decision.approved => {
                tracing::info!("approved by the manager");
                log.tell(
                    Stage::ManagerApproval,
                    Status::Processing,
                    "Manager approved the application",
                );
                Ok(None)
            }
            Ok(decision) => {
                let reason = decision.reason.filter(|reason| !reason.trim().is_empty());
                Ok(Some(reason.unwrap_or_else(|| {
                    "Manager denied the application".to_owned()
                })))
            }
            Err(error) if error.kind() == FailureKind::TimedOut => {
                let minutes = MANAGER_TIMEOUT.as_secs() / 60;
                Ok(Some(format!(
                    "No manager decided within {minutes} minutes; please apply again"
                )))
            }
            Err(error) => Err(BoxError::from(error).into()),
        }
    }

    /// Waits for the external fraud check.
    async fn check_for_fraud(
        &self,
        application: &Validated,
        ctx: &DurableContext,
        log: &mut ProgressLog<'_, S>,
    ) -> Result<FraudReport, WorkflowError> {
        log.tell(
            Stage::FraudCheck,
            Status::Processing,
            "Requesting the external fraud check...",
        );
        // All of it: the next line ends this invocation.
        log.flush().await?;
        let submit = |callback_id: CallbackId, _: StepContext| {
            self.fraud_service.request(FraudCheckRequest {
                callback_id: callback_id.into(),
                application_id: application.application_id.clone(),
                applicant_name: application.applicant_name.clone(),
            })
        };
        let report = ctx.wait_for_callback::<FraudReport, _, _, _>("fraud-check", submit);
        match report.timeout(FRAUD_CHECK_TIMEOUT).await {
            Ok(report) => Ok(report),
            Err(error) if error.kind() == FailureKind::TimedOut => {
                let minutes = FRAUD_CHECK_TIMEOUT.as_secs() / 60;
                let cause = format!("the fraud check did not answer within {minutes} minutes");
                Err(BoxError::from(cause).into())
            }
            Err(error) => Err(BoxError::from(error).into()),
        }
    }
}

#[cfg(test)]
mod tests;
