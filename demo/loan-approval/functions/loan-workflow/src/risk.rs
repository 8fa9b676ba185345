//! Risk: the assessment of the scores, the rate, and the decision whether there is a loan at all.

use lambdura::{StepContext, durable_step};
use loan::Pace;
use serde::{Deserialize, Serialize};

use crate::credit::CreditReport;
use crate::money::dollars;

/// How long the assessment takes at pace 1, in seconds.
pub const SECONDS: u32 = 2;
/// Lowest average score that gets a loan, for all applicants but the demo's profiles. It is in the middle of the
/// subprime range and denies about one applicant in six: enough that denials are common in the demo.
const AVERAGE_SCORE_MIN: f64 = 660.0;
/// Up to which amount Charlie (SIN 3333) gets a loan, in dollars.
const CHARLIE_AMOUNT_MAX: f64 = 25_000.0;

/// The bank's rating of a borrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskTier {
    Prime,
    NearPrime,
    Subprime,
    DeepSubprime,
}

impl RiskTier {
    /// The tier of an average score; prime also requires a clean record.
    fn of(average_score: f64, derogatory_marks: u32) -> Self {
        if average_score >= 740.0 && derogatory_marks == 0 {
            Self::Prime
        } else if average_score >= 670.0 {
            Self::NearPrime
        } else if average_score >= 580.0 {
            Self::Subprime
        } else {
            Self::DeepSubprime
        }
    }

    /// Percent per year.
    fn base_rate(self) -> f64 {
        match self {
            Self::Prime => 5.25,
            Self::NearPrime => 7.5,
            Self::Subprime => 11.0,
            Self::DeepSubprime => 15.0,
        }
    }

    /// The word in results and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prime => "prime",
            Self::NearPrime => "near-prime",
            Self::Subprime => "subprime",
            Self::DeepSubprime => "deep-subprime",
        }
    }
}

/// Whether the risk allows a loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    Approved,
    Denied {
        /// For the applicant.
        reason: String,
    },
}

/// The assessment of the reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskAssessment {
    /// Rounded to a tenth.
    pub average_score: f64,
    pub min_score: u32,
    pub max_score: u32,
    pub total_derogatory_marks: u32,
    pub risk_tier: RiskTier,
    /// Percent per year.
    pub base_rate: f64,
    pub outcome: Decision,
}

/// There was no report to weigh.
#[derive(Debug, thiserror::Error)]
#[error("there is no credit report to assess")]
pub struct NoReportsError;

/// Weighs the reports.
#[durable_step]
pub async fn calculate_risk_score(
    _step: StepContext,
    reports: Vec<CreditReport>,
    sin: String,
    loan_amount: f64,
    pace: Pace,
) -> Result<RiskAssessment, NoReportsError> {
    tracing::info!(reports = reports.len(), "calculating the risk");
    pace.work(SECONDS).await;
    assess(&reports, &sin, loan_amount)
}

/// Assesses the reports on an applicant.
pub fn assess(
    reports: &[CreditReport],
    sin: &str,
    loan_amount: f64,
) -> Result<RiskAssessment, NoReportsError> {
    let scores = || reports.iter().map(|report| report.score);
    let (Some(min_score), Some(max_score)) = (scores().min(), scores().max()) else {
        return Err(NoReportsError);
    };
    let average = scores().map(f64::from).sum::<f64>() / reports.len() as f64;
    let total_derogatory_marks = reports.iter().map(|report| report.derogatory_marks).sum();
    let risk_tier = RiskTier::of(average, total_derogatory_marks);
    let average_score = (average * 10.0).round() / 10.0;
    Ok(RiskAssessment {
        average_score,
        min_score,
        max_score,
        total_derogatory_marks,
        risk_tier,
        base_rate: risk_tier.base_rate(),
        outcome: decide(sin, loan_amount, average, risk_tier),
    })
}

/// The demo's profiles come first; for all others the scores decide.
fn decide(sin: &str, loan_amount: f64, average: f64, tier: RiskTier) -> Decision {
    let tier = tier.as_str();
    let score_too_low = || Decision::Denied {
        reason: format!("Credit score too low: {average:.1} on average, risk tier {tier}"),
    };
    match sin {
        "1111" => Decision::Approved,
        "2222" => score_too_low(),
        "3333" if loan_amount <= CHARLIE_AMOUNT_MAX => Decision::Approved,
        "3333" => Decision::Denied {
            reason: format!(
                "Loan amount too high: at most {} with a credit score of {average:.1} on average, risk tier {tier}",
                dollars(CHARLIE_AMOUNT_MAX)
            ),
        },
        _ if average >= AVERAGE_SCORE_MIN => Decision::Approved,
        _ => score_too_low(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::credit::reports;

    fn outcome(sin: &str, loan_amount: f64) -> Decision {
        assess(&reports(sin), sin, loan_amount).unwrap().outcome
    }

    #[test]
    fn profiles_come_out_as_the_demo_says() {
        for amount in [1.0, 150_000.0, 9_999_999.0] {
            assert_eq!(outcome("1111", amount), Decision::Approved);
            let reason = "Credit score too low: 626.0 on average, risk tier subprime".to_owned();
            assert_eq!(outcome("2222", amount), Decision::Denied { reason });
        }
        assert_eq!(outcome("3333", 25_000.0), Decision::Approved);
        for amount in [25_000.01, 25_001.0] {
            let Decision::Denied { reason } = outcome("3333", amount) else {
                panic!("{amount} was approved")
            };
            assert!(
                reason.starts_with("Loan amount too high: at most $25,000 "),
                "{reason}"
            );
        }
    }

    #[test]
    fn assessment_in_json() {
        let assessment = assess(&reports("1111"), "1111", 150_000.0).unwrap();
        let expected = json!({
            "average_score": 761.3, "min_score": 738, "max_score": 775, "total_derogatory_marks": 0,
            "risk_tier": "prime", "base_rate": 5.25, "outcome": { "decision": "approved" },
        });
        assert_eq!(serde_json::to_value(&assessment).unwrap(), expected);
        assert_eq!(
            serde_json::from_value::<RiskAssessment>(expected).unwrap(),
            assessment
        );
    }

    #[test]
    fn tiers_and_rates_at_their_edges() {
        for (average, marks, expected, rate) in [
            (740.0, 0, RiskTier::Prime, 5.25),
            (740.0, 1, RiskTier::NearPrime, 7.5),
            (739.9, 0, RiskTier::NearPrime, 7.5),
            (670.0, 9, RiskTier::NearPrime, 7.5),
            (669.9, 0, RiskTier::Subprime, 11.0),
            (580.0, 0, RiskTier::Subprime, 11.0),
            (579.9, 0, RiskTier::DeepSubprime, 15.0),
        ] {
            let tier = RiskTier::of(average, marks);
            assert_eq!(
                (tier, tier.base_rate()),
                (expected, rate),
                "{average} {marks}"
            );
        }
    }

    #[test]
    fn nothing_to_assess_is_an_error() {
        assert!(assess(&[], "1111", 1.0).is_err());
    }

    #[test]
    fn scores_deny_some_and_approve_most() {
        let sins = (0..10_000).map(|number| format!("{number:04}"));
        let approved = sins
            .filter(|sin| outcome(sin, 5_000.0) == Decision::Approved)
            .count();
        assert!((8_000..9_000).contains(&approved), "{approved} of 10000");
    }

    proptest! {
        #[test]
        fn everyone_else_is_decided_by_the_scores_alone(sin in "[4-9][0-9]{3}", amount in 1.0..10_000_000.0_f64) {
            let assessment = assess(&reports(&sin), &sin, amount).unwrap();
            let average = reports(&sin).iter().map(|report| f64::from(report.score)).sum::<f64>() / 3.0;
            prop_assert_eq!(assessment.outcome == Decision::Approved, average >= AVERAGE_SCORE_MIN);
        }
    }
}
