//! How an application ends: the result of the execution, and what the page shows.

use serde::Serialize;

use crate::disbursement::Disbursement;
use crate::offer::LoanOffer;
use crate::risk::RiskAssessment;
use crate::validation::Validated;

/// The end of an application.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// The loan is disbursed.
    Approved {
        application_id: String,
        applicant_name: String,
        offer_id: String,
        /// In dollars.
        loan_amount: f64,
        /// Percent per year.
        annual_rate: f64,
        /// In dollars.
        monthly_payment: f64,
        term_months: u32,
        disbursement_ref: String,
    },
    /// There is no loan.
    Denied {
        application_id: String,
        applicant_name: String,
        /// For the applicant.
        reason: String,
        /// Present if the risk is the reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        risk_tier: Option<&'static str>,
        /// Present if the risk is the reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        average_score: Option<f64>,
    },
}

impl Outcome {
    /// The loan goes out.
    pub fn approved(application: &Validated, offer: LoanOffer, disbursement: Disbursement) -> Self {
        Self::Approved {
            application_id: application.application_id.clone(),
            applicant_name: application.applicant_name.clone(),
            offer_id: offer.offer_id,
            loan_amount: offer.loan_amount,
            annual_rate: offer.annual_rate,
            monthly_payment: offer.monthly_payment,
            term_months: offer.term_months,
            disbursement_ref: disbursement.disbursement_ref,
        }
    }

    /// The risk is too high.
    pub fn too_risky(application: &Validated, risk: &RiskAssessment, reason: String) -> Self {
        Self::Denied {
            application_id: application.application_id.clone(),
            applicant_name: application.applicant_name.clone(),
            reason,
            risk_tier: Some(risk.risk_tier.as_str()),
            average_score: Some(risk.average_score),
        }
    }

    /// The manager or the fraud check denied the loan, or no manager decided.
    pub fn denied(application: &Validated, reason: String) -> Self {
        Self::Denied {
            application_id: application.application_id.clone(),
            applicant_name: application.applicant_name.clone(),
            reason,
            risk_tier: None,
            average_score: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn denial_by_a_person_says_nothing_of_the_risk() {
        let application = Validated {
            application_id: "LOAN-1-AAAA".to_owned(),
            applicant_name: "Alice".to_owned(),
            sin: "1111".to_owned(),
            loan_amount: 150_000.0,
            status: "validated".to_owned(),
            validated_at: String::new(),
        };
        let expected = json!({
            "application_id": "LOAN-1-AAAA", "applicant_name": "Alice", "status": "denied", "reason": "no",
        });
        assert_eq!(
            serde_json::to_value(Outcome::denied(&application, "no".to_owned())).unwrap(),
            expected
        );
    }
}
