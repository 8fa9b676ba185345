//! The log messages for the applicant; both engines use the same ones.

use crate::credit::CreditReport;
use crate::decision::MANAGER_AMOUNT_MIN;
use crate::fraud_service::FraudReport;
use crate::money::dollars;
use crate::offer::LoanOffer;
use crate::risk::RiskAssessment;

pub const VALIDATING: &str = "Validating the application...";
pub const VALIDATED: &str = "Application validated";
pub const PULLING_REPORTS: &str = "Pulling credit reports from three bureaus...";
pub const CALCULATING_RISK: &str = "Calculating the risk...";
pub const MANAGER_APPROVED: &str = "Manager approved the application";
pub const REQUESTING_FRAUD_CHECK: &str = "Requesting the external fraud check...";
pub const GENERATING_OFFER: &str = "Generating the loan offer...";
pub const DISBURSING: &str = "Disbursing the funds...";
pub const APPROVED: &str = "Loan approved and funds disbursed";

/// Bureaus with their scores, as `equifax 775, transunion 738`.
pub fn scores(reports: &[CreditReport]) -> String {
    let scores = reports
        .iter()
        .map(|report| format!("{} {}", report.bureau, report.score));
    scores.collect::<Vec<_>>().join(", ")
}

/// The reports are there.
pub fn scores_received(reports: &[CreditReport]) -> String {
    format!("Credit scores received: {}", scores(reports))
}

/// The risk is known.
pub fn risk(risk: &RiskAssessment) -> String {
    let tier = risk.risk_tier.as_str();
    format!("Risk tier {tier}, average score {:.1}", risk.average_score)
}

/// A manager is asked.
pub fn manager_asked(loan_amount: f64) -> String {
    format!(
        "A manager has to approve loans of {} and more (requested: {})",
        dollars(MANAGER_AMOUNT_MIN),
        dollars(loan_amount)
    )
}

/// The fraud check passed.
pub fn fraud_passed(report: &FraudReport) -> String {
    format!("Fraud check passed: {}", report.checked_by)
}

/// The offer is made.
pub fn offer(offer: &LoanOffer) -> String {
    format!(
        "Offer {}: {} a month at {}%",
        offer.offer_id,
        dollars(offer.monthly_payment),
        offer.annual_rate
    )
}

/// There is no loan.
pub fn denied(reason: &str) -> String {
    format!("Application denied: {reason}")
}

/// Something broke.
pub fn failed(error: &str) -> String {
    format!("The application could not be processed: {error}")
}
