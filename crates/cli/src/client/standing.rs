//! Where executions stand: a list of the service's own, which AWS has no operation for.

use serde::Deserialize;

use super::api::{Client, encode};
use super::error::CallError;

const ROUTE: &str = "/lambdura/v1/executions";

/// Executions asked for at the most: what one page has.
const LIMIT_MAX: usize = 1000;

/// Which executions are asked for.
#[derive(Debug, Clone, Default)]
pub struct StandingQuery {
    /// Only of this function, by name.
    pub function: Option<String>,
    /// Only with exactly this name.
    pub name: Option<String>,
    /// Only in one of these statuses; empty: in any.
    pub statuses: Vec<String>,
    /// How many of the newest are listed.
    pub limit: usize,
}

/// Where an execution stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Standing {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its current activity; none once it has ended.
    #[serde(default)]
    pub activity: Option<Activity>,
    /// How it failed.
    #[serde(default)]
    pub error: Option<ErrorHead>,
    /// How its last invocation failed, when it fails one after the other.
    #[serde(default)]
    pub invocation_error: Option<ErrorHead>,
    /// Invocations in a row that failed.
    #[serde(default)]
    pub failed_invocations: u32,
    /// The next thing that comes due.
    #[serde(default)]
    pub next_wake_up: Option<WakeUp>,
}

/// The current activity of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Activity {
    /// `RUNNING`, `WAITING`, `BACKING_OFF` or `PAUSED`.
    pub kind: String,
    /// The newest open operations.
    #[serde(default)]
    pub operations: Vec<OpenOperation>,
    /// Why it was paused.
    #[serde(default)]
    pub reason: Option<String>,
}

/// An operation that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OpenOperation {
    /// Its id.
    pub operation_id: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// `STEP`, `WAIT`, `CALLBACK` or `CHAINED_INVOKE`.
    #[serde(rename = "type")]
    pub operation_type: String,
    /// `STARTED`, `PENDING` or `READY`.
    pub status: String,
    /// Milliseconds since the epoch: when its wait ends, its next attempt begins, or its callback times out.
    #[serde(default)]
    pub due_at: Option<i64>,
    /// Of a callback.
    #[serde(default)]
    pub callback_id: Option<String>,
    /// Of a chained invoke.
    #[serde(default)]
    pub function: Option<String>,
}

/// The head of an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ErrorHead {
    /// Its type.
    #[serde(rename = "type", default)]
    pub error_type: Option<String>,
    /// Its first line.
    #[serde(default)]
    pub message: Option<String>,
    /// What to do about it.
    #[serde(default)]
    pub advice: Option<String>,
}

/// The next thing that comes due.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WakeUp {
    /// Milliseconds since the epoch.
    pub at: i64,
}

#[derive(Debug, Deserialize)]
struct Page {
    executions: Vec<Standing>,
}

impl Client {
    /// Where these executions stand, newest first; none where the service has no such list, as AWS.
    pub async fn standing(
        &self,
        query: &StandingQuery,
    ) -> Result<Option<Vec<Standing>>, CallError> {
        let mut parameters = vec![("limit", query.limit.clamp(1, LIMIT_MAX).to_string())];
        parameters.extend(query.function.iter().map(|it| ("function", it.clone())));
        parameters.extend(query.name.iter().map(|it| ("name", it.clone())));
        parameters.extend(query.statuses.iter().map(|it| ("status", it.clone())));
        let page: Option<Page> = unless_foreign(self.get(ROUTE.to_owned(), &parameters).await)?;
        Ok(page.map(|page| page.executions))
    }

    /// Where one execution stands, by the id that its ARN ends with.
    pub async fn standing_of(&self, execution_id: &str) -> Result<Option<Standing>, CallError> {
        let path = format!("{ROUTE}/{}", encode(execution_id));
        unless_foreign(self.get(path, &[]).await)
    }
}

/// `None` where another service refuses the path, which it does not know, in words of its own.
fn unless_foreign<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CallError::Refused(_) | CallError::Garbled { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
