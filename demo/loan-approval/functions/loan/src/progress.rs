//! The terms for an application's progress: in the table, by the API, on the page.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The status of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Received; the workflow has not begun.
    Submitted,
    /// The workflow is processing it.
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

/// The stage of an application, `current_step` in the table and in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Received.
    Submitted,
    /// Its fields are checked.
    Validating,
    /// Three credit bureaus are asked.
    CreditCheck,
    /// Their scores are weighed.
    RiskAssessment,
    /// A manager decides.
    ManagerApproval,
    /// The external fraud check runs.
    FraudCheck,
    /// Rate and terms are calculated.
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

/// The level of a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Progress.
    Info,
    /// A decision against the applicant.
    Warn,
    /// Something broke.
    Error,
    /// Written before; the workflow made it again in a replay.
    Replay,
}

/// One line of the log that the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// Its stage.
    pub step: Stage,
    /// For people.
    pub message: String,
    /// Its level.
    pub level: Level,
}

/// An instant in the format of the table and the API: RFC 3339, UTC, milliseconds.
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
