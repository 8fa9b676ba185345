//! The workflow itself: its decisions, in their order. Read it top to bottom; so does every replay.

use lambdura::{
    BoxError, CallbackId, DurableContext, FailureKind, RetryStrategy, StepContext, branch,
};
use loan::{AnswerTo, Level, LoanApplication, Pace, Stage, Status};
use serde_json::json;

use crate::credit::{BUREAUS, CreditReport, pull_credit_report};
use crate::decision::{
    FRAUD_CHECK_TIMEOUT, MANAGER_AMOUNT_MIN, MANAGER_TIMEOUT, ManagerDecision, no_fraud_report,
    no_manager,
};
use crate::disbursement::disburse_funds;
use crate::fraud_service::{FraudCheckRequest, FraudReport, FraudService};
use crate::offer::generate_loan_offer;
use crate::outcome::Outcome;
use crate::progress_log::{Applied, ProgressLog, ProgressStore, TellProgressError};
use crate::risk::{Decision, calculate_risk_score};
use crate::say;
use crate::validation::{Validated, validate_application};

/// The workflow with its dependencies.
pub struct Workflow<S, F> {
    /// The table for the progress.
    pub table: S,
    /// The service that checks for fraud.
    pub fraud_service: F,
    /// How fast simulated work goes.
    pub pace: Pace,
}

/// Why the workflow cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// An operation failed for good. The execution fails, the same way in every replay.
    #[error(transparent)]
    Operation(#[from] BoxError),
    /// The progress table cannot be reached. The application is not affected; the next invocation may get further.
    #[error(transparent)]
    Progress(#[from] TellProgressError),
}

impl<S: ProgressStore, F: FraudService> Workflow<S, F> {
    /// Runs the workflow and writes its end to the log.
    ///
    /// # Errors
    ///
    /// When an operation failed for good, or the progress table cannot be reached.
    pub async fn run(
        &self,
        application: LoanApplication,
        ctx: &DurableContext,
    ) -> Result<Outcome, WorkflowError> {
        let mut log = ProgressLog::open(&self.table, &application.application_id).await?;
        let decided = self.decide(application, ctx, &mut log).await;
        match &decided {
            Ok(outcome @ Outcome::Approved { .. }) => {
                log.tell_end(
                    Stage::Complete,
                    Status::Approved,
                    Level::Info,
                    say::APPROVED.to_owned(),
                    Some(json!(outcome)),
                );
            }
            Ok(outcome @ Outcome::Denied { reason, .. }) => {
                log.tell_end(
                    log.stage(),
                    Status::Denied,
                    Level::Warn,
                    say::denied(reason),
                    Some(json!(outcome)),
                );
            }
            Err(WorkflowError::Operation(error)) => {
                tracing::error!(%error, "the workflow failed");
                let message = say::failed(&error.to_string());
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
        log.tell(Stage::Validating, Status::Processing, say::VALIDATING);
        log.flush_news().await?;
        // An invalid application stays invalid: no second attempt.
        let validation = ctx
            .step(validate_application(application, self.pace))
            .retry(RetryStrategy::none());
        let application = validation.await.map_err(BoxError::from)?;
        log.tell(Stage::Validating, Status::Processing, say::VALIDATED);

        log.tell(Stage::CreditCheck, Status::Processing, say::PULLING_REPORTS);
        log.flush_news().await?;
        let reports = self.pull_credit_reports(&application, ctx).await?;
        tracing::info!(scores = say::scores(&reports), "credit reports received");
        log.tell(
            Stage::CreditCheck,
            Status::Processing,
            say::scores_received(&reports),
        );

        log.tell(
            Stage::RiskAssessment,
            Status::Processing,
            say::CALCULATING_RISK,
        );
        log.flush_news().await?;
        let sin = application.sin.clone();
        let assessment = calculate_risk_score(reports, sin, application.loan_amount, self.pace);
        let risk = ctx.step(assessment).await.map_err(BoxError::from)?;
        log.tell(Stage::RiskAssessment, Status::Processing, say::risk(&risk));
        if let Decision::Denied { reason } = &risk.outcome {
            return Ok(Outcome::too_risky(&application, &risk, reason.clone()));
        }

        if application.loan_amount >= MANAGER_AMOUNT_MIN
            && let Some(reason) = self.ask_manager(&application, ctx, log).await?
        {
            return Ok(Outcome::denied(&application, reason));
        }

        let report = self.check_for_fraud(&application, ctx, log).await?;
        if let Some(reason) = report.denial() {
            return Ok(Outcome::denied(&application, reason));
        }
        log.tell(
            Stage::FraudCheck,
            Status::Processing,
            say::fraud_passed(&report),
        );

        log.tell(
            Stage::GeneratingOffer,
            Status::Processing,
            say::GENERATING_OFFER,
        );
        log.flush_news().await?;
        let id = application.application_id.clone();
        let offer = generate_loan_offer(id, application.loan_amount, risk.base_rate, self.pace);
        let offer = ctx.step(offer).await.map_err(BoxError::from)?;
        log.tell(
            Stage::GeneratingOffer,
            Status::Processing,
            say::offer(&offer),
        );

        log.tell(Stage::Disbursing, Status::Processing, say::DISBURSING);
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
        let message = say::manager_asked(application.loan_amount);
        log.tell(Stage::ManagerApproval, Status::PendingApproval, message);
        // Writes all entries: the next line may end this invocation.
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
                    say::MANAGER_APPROVED,
                );
                Ok(None)
            }
            Ok(decision) => Ok(Some(decision.denial())),
            Err(error) if error.kind() == FailureKind::TimedOut => Ok(Some(no_manager())),
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
            say::REQUESTING_FRAUD_CHECK,
        );
        // Writes all entries: the next line ends this invocation.
        log.flush().await?;
        let submit = |callback_id: CallbackId, _: StepContext| {
            self.fraud_service.request(FraudCheckRequest {
                answer_to: AnswerTo::CallbackId(callback_id.into()),
                application_id: application.application_id.clone(),
                applicant_name: application.applicant_name.clone(),
            })
        };
        let report = ctx.wait_for_callback::<FraudReport, _, _, _>("fraud-check", submit);
        match report.timeout(FRAUD_CHECK_TIMEOUT).await {
            Ok(report) => Ok(report),
            Err(error) if error.kind() == FailureKind::TimedOut => {
                Err(BoxError::from(no_fraud_report()).into())
            }
            Err(error) => Err(BoxError::from(error).into()),
        }
    }
}

#[cfg(test)]
mod tests;
