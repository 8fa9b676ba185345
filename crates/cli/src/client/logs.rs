//! The service's own log store, which AWS keeps in CloudWatch.

use serde::{Deserialize, Serialize};

use super::api::Client;
use super::error::CallError;

/// Which log lines to read, in the order in which they were recorded.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Only of this function, by name.
    pub function: Option<String>,
    /// Only of this execution, by ARN.
    pub execution: Option<String>,
    /// Only of this invocation.
    pub request_id: Option<String>,
    /// Only after this line (exclusive).
    pub after: Option<i64>,
    /// The last lines instead of the first.
    pub tail: bool,
    /// Lines at the most.
    pub limit: u32,
}

/// One line that a function printed, or that the service says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Ascending; what [`LogQuery::after`] takes.
    pub number: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The function's name.
    pub function: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The invocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The durable execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// `stdout`, `stderr` or `platform`.
    pub stream: String,
    /// Without its line end.
    pub text: String,
}

#[derive(Debug, Deserialize)]
struct LogPage {
    lines: Vec<LogLine>,
    /// Where later lines are found.
    #[serde(default)]
    next_after: Option<i64>,
    /// Where earlier lines are found, when the last ones were asked for.
    #[serde(default)]
    next_before: Option<i64>,
}

/// The lines that were found.
#[derive(Debug)]
pub struct Logged {
    /// In the order in which they were recorded.
    pub lines: Vec<LogLine>,
    /// Whether there are more: earlier ones when the last were asked for, else later ones.
    pub has_more: bool,
}

impl Client {
    /// Log lines of functions, of several pages if need be: a page also ends at a number of bytes.
    pub async fn logs(&self, query: &LogQuery) -> Result<Logged, CallError> {
        let mut lines: Vec<LogLine> = Vec::new();
        let (mut after, mut before) = (query.after, None);
        loop {
            let read = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            let limit = query.limit.saturating_sub(read);
            let page = self.log_page(query, after, before, limit).await?;
            let is_empty = page.lines.is_empty();
            if query.tail {
                lines.splice(0..0, page.lines);
            } else {
                lines.extend(page.lines);
            }
            (after, before) = (page.next_after.or(after), page.next_before);
            let has_more = page.next_after.is_some() || page.next_before.is_some();
            if !has_more || is_empty || lines.len() >= query.limit as usize {
                return Ok(Logged { lines, has_more });
            }
        }
    }

    async fn log_page(
        &self,
        query: &LogQuery,
        after: Option<i64>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<LogPage, CallError> {
        let mut parameters = vec![("limit", limit.to_string())];
        let mut add = |name, value: Option<String>| {
            if let Some(value) = value {
                parameters.push((name, value));
            }
        };
        add("function", query.function.clone());
        add("execution", query.execution.clone());
        add("request_id", query.request_id.clone());
        add("after", after.map(|after| after.to_string()));
        add("before", before.map(|before| before.to_string()));
        add("tail", query.tail.then(|| "true".to_owned()));
        self.get("/lambdura/v1/logs".to_owned(), &parameters).await
    }
}
