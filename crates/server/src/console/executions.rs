//! The list of executions, of all functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::{Response, StatusCode};
use model::FunctionName;
use serde::Serialize;
use store::{ExecutionCount, SearchPage};
use utoipa::ToSchema;
use wire::ApiError;

use super::filter;
use super::summary::{CountsByStatus, ExecutionSummary};
use crate::app::App;
use crate::http::{Body, Query, json};

/// A page of executions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionPage {
    pub executions: Vec<ExecutionSummary>,
    /// Where to go on; absent when nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// False: the time of one request ran out before the page was full. Go on with the cursor.
    pub complete: bool,
    /// How far back the search has come, in epoch milliseconds; absent when it has come to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_back_to_at: Option<i64>,
}

impl From<&SearchPage> for ExecutionPage {
    fn from(page: &SearchPage) -> Self {
        Self {
            executions: page.executions.iter().map(ExecutionSummary::from).collect(),
            next_cursor: page.next.map(filter::shown_search_cursor),
            complete: page.complete,
            searched_back_to_at: page.next.map(|next| next.started_at.as_millis()),
        }
    }
}

/// Returns a page of executions, newest first.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions",
    params(
        ("status" = Option<Vec<String>>, Query, description = "in one of these"),
        ("function" = Option<String>, Query, description = "of this function"),
        ("version" = Option<String>, Query, description = "pinned to this version"),
        ("name" = Option<String>, Query, description = "with exactly this name"),
        ("name_contains" = Option<String>, Query, description = "with this in its name"),
        ("text" = Option<String>, Query, description = "with this in input, result or error"),
        ("started_after" = Option<i64>, Query, description = "epoch milliseconds, exclusive"),
        ("started_before" = Option<i64>, Query, description = "epoch milliseconds, exclusive"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 1,000; 100 when absent"),
    ),
    responses((status = 200, body = ExecutionPage)),
)]
pub(super) async fn list(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let page = app.driver.store().search(filter::search(query)?).await?;
    Ok(json(StatusCode::OK, &ExecutionPage::from(&page)))
}

/// How many executions there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ExecutionCounts {
    pub total: u64,
    pub by_status: CountsByStatus,
    pub by_function: Vec<VersionCounts>,
}

/// How many executions of a version there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct VersionCounts {
    pub function: String,
    pub version: String,
    pub by_status: CountsByStatus,
}

impl ExecutionCounts {
    /// Of one function, or of all.
    pub fn of(counts: &[ExecutionCount], function: Option<&FunctionName>) -> Self {
        let mut all = Self::default();
        let mut versions: BTreeMap<_, CountsByStatus> = BTreeMap::new();
        for count in counts {
            if function.is_some_and(|name| *name != count.function) {
                continue;
            }
            all.total += count.count;
            all.by_status.add(count.status, count.count);
            let version = (count.function.clone(), count.version.clone());
            versions
                .entry(version)
                .or_default()
                .add(count.status, count.count);
        }
        let versions = versions.into_iter();
        all.by_function = versions
            .map(|((function, version), by_status)| VersionCounts {
                function: function.to_string(),
                version: version.to_string(),
                by_status,
            })
            .collect();
        all
    }
}

/// Returns how many executions there are, by status, function and version.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/counts",
    params(("function" = Option<String>, Query, description = "of this function")),
    responses((status = 200, body = ExecutionCounts)),
)]
pub(super) async fn counts(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let function = filter::function(query)?;
    let counts = app.driver.store().counts().await?;
    let counts = ExecutionCounts::of(&counts, function.as_ref());
    Ok(json(StatusCode::OK, &counts))
}
