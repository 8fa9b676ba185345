//! The words in which an application's progress is told: in the table, by the API, on the page.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Received; the workflow has not begun.
    Submitted,
    /// The workflow is at it.
    Processing,
    /// A manager has to decide.
    PendingApproval,
    /// The end: the loan is disbursed.
    Approved,
    /// The end: no loan, with a reason.
    Denied,
    /// The end: something broke.
    Failed,
}

impl Status {
    /// The word in the table and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Processing => "processing",
            Self::PendingApproval => "pending_approval",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What is being done for an application, `current_step` in the table and in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Received.
    Submitted,
    /// Its members are looked at.
    Validating,
    /// Three credit bureaus are asked.
    CreditCheck,
    /// Their scores are weighed.
    RiskAssessment,
    /// A manager decides.
    ManagerApproval,
    /// The external fraud check runs.
    FraudCheck,
    /// Rate and terms are worked out.
    GeneratingOffer,
    /// The money goes out.
    Disbursing,
    /// Nothing is left to do.
    Complete,
}

impl Stage {
    /// The word in the table and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Validating => "validating",
            Self::CreditCheck => "credit_check",
            Self::RiskAssessment => "risk_assessment",
            Self::ManagerApproval => "manager_approval",
            Self::FraudCheck => "fraud_check",
            Self::GeneratingOffer => "generating_offer",
            Self::Disbursing => "disbursing",
            Self::Complete => "complete",
        }
    }
}

/// How an entry is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Progress.
    Info,
    /// A decision against the applicant.
    Warn,
    /// Something broke.
    Error,
    /// Written before; the workflow came by again while it replayed.
    Replay,
}

/// One line of the log that the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// During which stage.
    pub step: Stage,
    /// For people.
    pub message: String,
    /// How to read it.
    pub level: Level,
}

/// An instant as the table and the API write it: RFC 3339, UTC, milliseconds.
pub fn timestamp_text(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_json_agree() {
        for status in [Status::Submitted, Status::PendingApproval, Status::Failed] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for stage in [
            Stage::CreditCheck,
            Stage::ManagerApproval,
            Stage::GeneratingOffer,
            Stage::Complete,
        ] {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
        }
    }

    #[test]
    fn instants_have_milliseconds() {
        assert_eq!(
            timestamp_text(Timestamp::UNIX_EPOCH),
            "1970-01-01T00:00:00.000Z"
        );
    }
}
