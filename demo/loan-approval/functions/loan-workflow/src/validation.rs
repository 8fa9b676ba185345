//! The first step: checks whether the application can be processed.

use jiff::Timestamp;
use lambdura::{StepContext, durable_step};
use loan::{LoanApplication, Pace, timestamp_text};
use serde::{Deserialize, Serialize};

/// How long validation takes at pace 1, in seconds.
pub const SECONDS: u32 = 2;

/// A validated application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    pub application_id: String,
    pub applicant_name: String,
    /// The last four digits.
    pub sin: String,
    /// In dollars.
    pub loan_amount: f64,
    pub status: String,
    pub validated_at: String,
}

/// Why an application is invalid. Another attempt would find the same.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidationError {
    #[error("missing required fields: {0}")]
    Missing(String),
    #[error("the SIN must be its last four digits")]
    Sin,
    #[error("the loan amount must be positive")]
    LoanAmount,
}

/// Validates the application.
#[durable_step]
pub async fn validate_application(
    _step: StepContext,
    application: LoanApplication,
    pace: Pace,
) -> Result<Validated, ValidationError> {
    tracing::info!(
        loan_amount = application.loan_amount,
        "validating the application"
    );
    pace.work(SECONDS).await;
    validate(application, Timestamp::now())
}

/// Checks the fields of an application.
pub fn validate(
    application: LoanApplication,
    now: Timestamp,
) -> Result<Validated, ValidationError> {
    let missing: Vec<&str> = [
        ("application_id", &application.application_id),
        ("applicant_name", &application.applicant_name),
        ("sin", &application.sin),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.trim().is_empty().then_some(name))
    .collect();
    if !missing.is_empty() {
        return Err(ValidationError::Missing(missing.join(", ")));
    }
    if application.sin.len() != 4 || !application.sin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ValidationError::Sin);
    }
    if !application.loan_amount.is_finite() || application.loan_amount <= 0.0 {
        return Err(ValidationError::LoanAmount);
    }
    Ok(Validated {
        application_id: application.application_id,
        applicant_name: application.applicant_name,
        sin: application.sin,
        loan_amount: application.loan_amount,
        status: "validated".to_owned(),
        validated_at: timestamp_text(now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> LoanApplication {
        LoanApplication {
            application_id: "LOAN-1700000000-AB12".to_owned(),
            applicant_name: "Alice Johnson".to_owned(),
            sin: "1111".to_owned(),
            loan_amount: 150_000.0,
            address: String::new(),
            phone: String::new(),
        }
    }

    #[test]
    fn good_application_is_validated() {
        let validated = validate(alice(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            (validated.sin.as_str(), validated.loan_amount),
            ("1111", 150_000.0)
        );
        assert_eq!(validated.validated_at, "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn bad_ones_are_told_why() {
        let check = |change: fn(&mut LoanApplication), expected: &str| {
            let mut application = alice();
            change(&mut application);
            let error = validate(application, Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            |form| form.applicant_name = " ".to_owned(),
            "missing required fields: applicant_name",
        );
        check(
            |form| form.sin = String::new(),
            "missing required fields: sin",
        );
        check(
            |form| form.sin = "12a4".to_owned(),
            "the SIN must be its last four digits",
        );
        check(
            |form| form.loan_amount = 0.0,
            "the loan amount must be positive",
        );
        check(
            |form| form.loan_amount = f64::NAN,
            "the loan amount must be positive",
        );
    }
}
