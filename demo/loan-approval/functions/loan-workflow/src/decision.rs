//! The decisions of others, their time limits, and their effects. The state machine's definition has the same numbers,
//! which a test compares.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fraud_service::FraudReport;

/// From this amount on a manager decides, in dollars.
pub const MANAGER_AMOUNT_MIN: f64 = 100_000.0;
/// How long the manager may take. An application without a decision is denied, with that reason: nothing has failed,
/// and the applicant may apply again.
pub const MANAGER_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// How long the fraud check may take. A service that does not answer is broken, so the application fails.
pub const FRAUD_CHECK_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The manager's decision, sent through the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagerDecision {
    pub approved: bool,
    #[serde(default)]
    pub reason: Option<String>,
}

impl ManagerDecision {
    /// Why there is no loan.
    pub fn denial(self) -> String {
        let reason = self.reason.filter(|reason| !reason.trim().is_empty());
        reason.unwrap_or_else(|| "Manager denied the application".to_owned())
    }
}

/// Why there is no loan if no manager decided.
pub fn no_manager() -> String {
    let minutes = MANAGER_TIMEOUT.as_secs() / 60;
    format!("No manager decided within {minutes} minutes; please apply again")
}

/// The error if the fraud check did not answer.
pub fn no_fraud_report() -> String {
    let minutes = FRAUD_CHECK_TIMEOUT.as_secs() / 60;
    format!("the fraud check did not answer within {minutes} minutes")
}

impl FraudReport {
    /// Why there is no loan, if this report says so.
    pub fn denial(&self) -> Option<String> {
        let check = &self.fraud_check;
        (check != "passed").then(|| format!("The fraud check did not pass: {check}"))
    }
}
