//! The event that starts the workflow.

use serde::{Deserialize, Serialize};

/// A loan application as the API hands it to the workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoanApplication {
    /// `LOAN-<unix seconds>-<4 of A-Z0-9>`; also the name of the durable execution.
    pub application_id: String,
    /// The applicant's name.
    pub applicant_name: String,
    /// The last four digits of the social insurance number.
    pub sin: String,
    /// In dollars.
    pub loan_amount: f64,
    /// The applicant's address; may be empty.
    #[serde(default)]
    pub address: String,
    /// The applicant's phone number; may be empty.
    #[serde(default)]
    pub phone: String,
}
