//! Credit reports of three bureaus. The bureaus are made up; their scores follow from bureau and SIN alone, so that
//! an applicant gets the same ones every time.

use jiff::Timestamp;
use lambdura::{StepContext, durable_step};
use loan::{Pace, timestamp_text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The bureaus, in the order of the workflow's branches.
pub const BUREAUS: [&str; 3] = ["equifax", "transunion", "experian"];
/// How long a report takes at pace 1, in seconds.
pub const SECONDS: u32 = 3;
/// Lowest score that a bureau gives.
const SCORE_MIN: u32 = 580;
/// Highest score that a bureau gives.
const SCORE_MAX: u32 = 820;
/// The seed of the scores, besides bureau and SIN. The number was chosen so that the scores of the demo's
/// three profiles suit their prescribed ends: Alice (1111) is prime, Bob (2222) below the threshold, Charlie (3333)
/// between them.
const SEED: &str = "credit-report-9496";

/// The report of a bureau.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditReport {
    pub bureau: String,
    /// 580 to 820.
    pub score: u32,
    pub report_id: String,
    /// 0 to 3.
    pub derogatory_marks: u32,
    /// 2 to 15.
    pub open_accounts: u32,
    pub pulled_at: String,
}

/// Pulls the report of one bureau.
#[durable_step]
pub async fn pull_credit_report(
    _step: StepContext,
    bureau: &'static str,
    sin: String,
    pace: Pace,
) -> Result<CreditReport, std::convert::Infallible> {
    tracing::info!(bureau, "pulling a credit report");
    pace.work(SECONDS).await;
    Ok(credit_report(bureau, &sin, Timestamp::now()))
}

/// The report of a bureau on a SIN.
pub fn credit_report(bureau: &str, sin: &str, now: Timestamp) -> CreditReport {
    let hash = Sha256::digest(format!("{SEED}:{bureau}:{sin}"));
    let drawn = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    let score = SCORE_MIN + drawn % (SCORE_MAX - SCORE_MIN + 1);
    let prefix: String = bureau.chars().take(3).collect::<String>().to_uppercase();
    CreditReport {
        bureau: bureau.to_owned(),
        score,
        report_id: format!("{prefix}-{sin}-{score}"),
        derogatory_marks: u32::from(hash[4]) % 4,
        open_accounts: 2 + u32::from(hash[5]) % 14,
        pulled_at: timestamp_text(now),
    }
}

/// The three reports on a SIN, for tests of their assessment.
#[cfg(test)]
pub fn reports(sin: &str) -> Vec<CreditReport> {
    BUREAUS
        .map(|bureau| credit_report(bureau, sin, Timestamp::UNIX_EPOCH))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_follow_from_bureau_and_sin_for_good() {
        // Fixed here, so that a change of the scores is noticed: recorded executions replay with these.
        let scores = |sin: &str| {
            reports(sin)
                .iter()
                .map(|report| report.score)
                .collect::<Vec<_>>()
        };
        assert_eq!(scores("1111"), [775, 738, 771]);
        assert_eq!(scores("2222"), [693, 591, 594]);
        assert_eq!(scores("3333"), [809, 760, 596]);
        assert_eq!(reports("2222")[0].report_id, "EQU-2222-693");
    }

    proptest! {
        #[test]
        fn every_report_is_within_its_ranges(bureau in "[a-z]{0,12}", sin in any::<String>()) {
            let report = credit_report(&bureau, &sin, Timestamp::UNIX_EPOCH);
            prop_assert!((SCORE_MIN..=SCORE_MAX).contains(&report.score));
            prop_assert!(report.derogatory_marks <= 3 && (2..=15).contains(&report.open_accounts));
        }
    }
}
