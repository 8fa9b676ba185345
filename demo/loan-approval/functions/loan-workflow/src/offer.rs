//! The offer: the cost of the loan for the applicant.

use jiff::Timestamp;
use lambdura::{StepContext, durable_step};
use loan::{Pace, timestamp_text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::money::rounded_to_cents;

/// How long an offer takes at pace 1, in seconds.
pub const SECONDS: u32 = 2;
/// Every loan of this bank runs five years.
const TERM_MONTHS: u32 = 60;

/// An offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoanOffer {
    pub offer_id: String,
    pub application_id: String,
    /// In dollars.
    pub loan_amount: f64,
    /// Percent per year.
    pub annual_rate: f64,
    pub term_months: u32,
    /// In dollars, to the cent.
    pub monthly_payment: f64,
    /// In dollars, to the cent.
    pub total_interest: f64,
    pub status: String,
    pub generated_at: String,
}

/// Calculates the offer.
#[durable_step]
pub async fn generate_loan_offer(
    _step: StepContext,
    application_id: String,
    loan_amount: f64,
    annual_rate: f64,
    pace: Pace,
) -> Result<LoanOffer, std::convert::Infallible> {
    tracing::info!(loan_amount, annual_rate, "working out the offer");
    pace.work(SECONDS).await;
    Ok(offer(
        application_id,
        loan_amount,
        annual_rate,
        Timestamp::now(),
    ))
}

/// The offer on a loan.
pub fn offer(
    application_id: String,
    loan_amount: f64,
    annual_rate: f64,
    now: Timestamp,
) -> LoanOffer {
    let payment = monthly_payment(loan_amount, annual_rate);
    let hash = Sha256::digest(format!("offer:{application_id}:{annual_rate}"));
    let id: String = hash
        .iter()
        .take(5)
        .map(|byte| format!("{byte:02X}"))
        .collect();
    LoanOffer {
        offer_id: format!("OFFER-{id}"),
        application_id,
        loan_amount,
        annual_rate,
        term_months: TERM_MONTHS,
        monthly_payment: rounded_to_cents(payment),
        total_interest: rounded_to_cents(payment * f64::from(TERM_MONTHS) - loan_amount),
        status: "offer_generated".to_owned(),
        generated_at: timestamp_text(now),
    }
}

/// The payment that pays a loan back in equal parts, interest included.
fn monthly_payment(loan_amount: f64, annual_rate: f64) -> f64 {
    let months = f64::from(TERM_MONTHS);
    let rate = annual_rate / 100.0 / 12.0;
    if rate == 0.0 {
        return loan_amount / months;
    }
    loan_amount * rate / (1.0 - (1.0 + rate).powf(-months))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn alices_offer() {
        let offer = offer(
            "LOAN-1700000000-AB12".to_owned(),
            150_000.0,
            5.25,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            (
                offer.monthly_payment,
                offer.total_interest,
                offer.term_months
            ),
            (2_847.9, 20_873.85, 60)
        );
        assert_eq!(offer.offer_id.len(), "OFFER-0123456789".len());
    }

    #[test]
    fn without_interest_the_loan_is_split_evenly() {
        assert_eq!(monthly_payment(6_000.0, 0.0), 100.0);
    }

    proptest! {
        #[test]
        fn payments_pay_the_loan_back_exactly(amount in 1.0..10_000_000.0_f64, rate in 0.1..30.0_f64) {
            let payment = monthly_payment(amount, rate);
            let mut owed = amount;
            for _ in 0..TERM_MONTHS {
                owed += owed * rate / 1200.0 - payment;
            }
            prop_assert!(owed.abs() < amount * 1e-9, "{owed} of {amount} is left");
        }
    }
}
