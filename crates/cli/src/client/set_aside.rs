//! Executions that the service could not work on, and trying them again: a part of the service that AWS keeps
//! to itself.

use serde::{Deserialize, Serialize};

use super::api::{Client, encode};
use super::error::CallError;

const ROUTE: &str = "/lambdura/v1/set-aside";

/// Executions asked for per page: the most that the service gives.
const PAGE: &str = "1000";

/// Most pages read. Ours: a service that never stops paging must not hold the command forever.
const PAGES_MAX: usize = 1000;

/// An execution that is set aside. What its records say about it may not be readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideExecution {
    /// The last part of its ARN.
    pub execution_id: String,
    /// Milliseconds since the epoch.
    pub set_aside_at: i64,
    /// The work that failed.
    pub attempted: String,
    /// What went wrong.
    pub reason: String,
    /// Its ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durable_execution_arn: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its function's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    executions: Vec<SetAsideExecution>,
    #[serde(default)]
    next_after: Option<String>,
}

/// The outcome of trying an execution again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum TriedAgain {
    /// It goes on.
    TakenBack,
    /// It failed again, and is set aside again.
    SetAside {
        /// As it is set aside now.
        execution: Box<SetAsideExecution>,
    },
}

impl Client {
    /// All executions that are set aside, in order of id.
    pub async fn set_aside(&self) -> Result<Vec<SetAsideExecution>, CallError> {
        let mut executions = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut parameters = vec![("limit", PAGE.to_owned())];
            parameters.extend(after.take().map(|after| ("after", after)));
            let page: Page = self.get(ROUTE.to_owned(), &parameters).await?;
            executions.extend(page.executions);
            after = page.next_after;
            if after.is_none() {
                return Ok(executions);
            }
        }
        Err(self.transport.garbled(
            format!("GET {ROUTE}"),
            &format!("there are more than {PAGES_MAX} pages"),
        ))
    }

    /// Tries an execution again that is set aside.
    pub async fn try_again(&self, execution_id: &str) -> Result<TriedAgain, CallError> {
        let path = format!("{ROUTE}/{}/try-again", encode(execution_id));
        let request = format!("POST {path}");
        let answer = self.post(path, Vec::new()).await?;
        self.read(&request, &answer)
    }
}
