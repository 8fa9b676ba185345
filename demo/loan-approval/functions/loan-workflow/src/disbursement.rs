//! The last step: the money goes out.

use jiff::Timestamp;
use lambdura::{StepContext, durable_step};
use loan::{Pace, timestamp_text};
use serde::{Deserialize, Serialize};

/// How long the disbursement takes at pace 1, in seconds.
pub const SECONDS: u32 = 2;

/// The money is out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disbursement {
    pub offer_id: String,
    /// Derived from the offer, so that a step that runs twice names the same payment: a bank would recognise it.
    pub disbursement_ref: String,
    /// In dollars.
    pub amount_disbursed: f64,
    pub status: String,
    pub funded_at: String,
}

/// Disburses the loan.
#[durable_step]
pub async fn disburse_funds(
    _step: StepContext,
    offer_id: String,
    amount: f64,
    pace: Pace,
) -> Result<Disbursement, std::convert::Infallible> {
    tracing::info!(amount, offer_id, "disbursing the loan");
    pace.work(SECONDS).await;
    Ok(disbursement(offer_id, amount, Timestamp::now()))
}

/// The payment of an offer.
pub fn disbursement(offer_id: String, amount: f64, now: Timestamp) -> Disbursement {
    Disbursement {
        disbursement_ref: disbursement_ref(&offer_id),
        offer_id,
        amount_disbursed: amount,
        status: "funded".to_owned(),
        funded_at: timestamp_text(now),
    }
}

/// The last six characters of the offer's id, which are hexadecimal digits.
fn disbursement_ref(offer_id: &str) -> String {
    let skipped = offer_id.chars().count().saturating_sub(6);
    format!("DSB-{}", offer_id.chars().skip(skipped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_follows_from_the_offer() {
        assert_eq!(disbursement_ref("OFFER-0123456789"), "DSB-456789");
        assert_eq!(disbursement_ref("é"), "DSB-é");
    }
}
