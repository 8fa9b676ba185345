//! Live views: each sends the current state, and then changes.
//!
//! A view subscribes to changes before it reads, so that it misses none; it reads again only after a change, and not
//! too often. Its messages contain stored data, never data of the notice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::Response;
use model::{ExecutionId, FunctionName};
use runtime::Change;
use serde::Serialize;
use store::{EventPage, ExecutionSearch, StoreFault};
use tokio::time::Instant;
use utoipa::ToSchema;
use wire::ApiError;

use super::events::{EVENTS_MAX, after, shown_head};
use super::execution::{self, ExecutionDetail};
use super::executions::ExecutionCounts;
use super::filter;
use super::sse::{self, Closed, Stream};
use super::summary::ExecutionSummary;
use crate::app::App;
use crate::http::{Body, Query};

/// Pause between two messages of a list: as fast as the eye can follow.
const LIST_PAUSE: Duration = Duration::from_millis(500);

/// Pause between two messages of an execution.
const EXECUTION_PAUSE: Duration = Duration::from_millis(250);

/// What has changed in the newest page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LivePage {
    /// Those that are new or have changed; in the first message all.
    pub executions: Vec<ExecutionSummary>,
    /// The ids of the page as it is now, newest first.
    pub order: Vec<String>,
    pub counts: ExecutionCounts,
    /// Where older ones are to be found, as in a page of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// False: the time of one reading ran out before the page was full.
    pub complete: bool,
    /// How far back this is, in epoch milliseconds; absent when it is everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_back_to_at: Option<i64>,
}

/// Sends the newest page of executions, and what changes in it: server-sent events named `page`.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/live",
    params(
        ("status" = Option<Vec<String>>, Query, description = "as for the list, like the other filters"),
    ),
    responses((status = 200, body = LivePage, content_type = "text/event-stream")),
)]
pub(super) fn executions(
    app: &Arc<App>,
    query: &Query,
    session: Option<String>,
) -> Result<Response<Body>, ApiError> {
    let search = filter::search(query)?;
    let function = filter::function(query)?;
    let (answer, stream) = sse::open(app, session)?;
    let view = ListView {
        app: Arc::clone(app),
        search,
        function,
        shown: HashMap::new(),
        order: Vec::new(),
        counts: None,
    };
    app.tasks.spawn(view.run(stream));
    Ok(answer)
}

struct ListView {
    app: Arc<App>,
    search: ExecutionSearch,
    function: Option<FunctionName>,
    /// The rows that the client has.
    shown: HashMap<String, ExecutionSummary>,
    order: Vec<String>,
    counts: Option<ExecutionCounts>,
}

impl ListView {
    async fn run(mut self, stream: Stream) {
        let mut changes = self.app.driver.changes();
        loop {
            let read_at = Instant::now();
            let page = match self.read().await {
                Ok(page) => page,
                // The client connects again, and tells the user meanwhile.
                Err(fault) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::warn!(error, "a live list could not be read");
                    return;
                }
            };
            if let Some(page) = page
                && stream.send("page", &page).await.is_err()
            {
                return;
            }
            let any = |_: &Change| true;
            if let Err(Closed) = stream.changed(&mut changes, any, read_at, LIST_PAUSE).await {
                return;
            }
        }
    }

    /// The news for the client; none when it has everything.
    async fn read(&mut self) -> Result<Option<LivePage>, StoreFault> {
        let store = self.app.driver.store();
        let page = store.search(self.search.clone()).await?;
        let counts = store.counts().await?;
        let counts = ExecutionCounts::of(&counts, self.function.as_ref());
        let now: Vec<ExecutionSummary> =
            page.executions.iter().map(ExecutionSummary::from).collect();
        let order: Vec<String> = now.iter().map(|it| it.execution_id.clone()).collect();
        let news: Vec<ExecutionSummary> = now
            .iter()
            .filter(|it| self.shown.get(&it.execution_id) != Some(*it))
            .cloned()
            .collect();
        let is_known =
            news.is_empty() && order == self.order && self.counts.as_ref() == Some(&counts);
        if is_known {
            return Ok(None);
        }
        self.shown = now
            .into_iter()
            .map(|it| (it.execution_id.clone(), it))
            .collect();
        self.order.clone_from(&order);
        self.counts = Some(counts.clone());
        Ok(Some(LivePage {
            executions: news,
            order,
            counts,
            next_cursor: page.next.map(filter::shown_search_cursor),
            complete: page.complete,
            searched_back_to_at: page.next.map(|next| next.started_at.as_millis()),
        }))
    }
}

/// Events that are new, and the execution as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveEvents {
    /// Each is an `Event` of AWS's `GetDurableExecutionHistory`, without payloads.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<lambda_api::Event>,
    pub execution: ExecutionDetail,
}

/// Sends an execution's history from an event on, and the execution as it changes: server-sent events
/// named `events`, then `end` when it has ended, or `gone` when it was deleted.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/{execution_id}/live",
    params(
        ("execution_id" = String, Path, description = "what its ARN ends with"),
        ("after" = Option<u64>, Query, description = "the last event that is known already"),
    ),
    responses((status = 200, body = LiveEvents, content_type = "text/event-stream")),
)]
pub(super) fn execution(
    app: &Arc<App>,
    id: &str,
    query: &Query,
    session: Option<String>,
) -> Result<Response<Body>, ApiError> {
    let id = super::named::execution_id(id)?;
    let after = after(query)?;
    let (answer, stream) = sse::open(app, session)?;
    app.tasks.spawn(follow(Arc::clone(app), id, after, stream));
    Ok(answer)
}

async fn follow(app: Arc<App>, id: ExecutionId, mut after: u64, stream: Stream) {
    let mut changes = app.driver.changes();
    loop {
        let read_at = Instant::now();
        // The execution first: events that come between the two reads are then sent, not lost.
        let read = async {
            let execution = execution::read(&app, &id).await?;
            let page = EventPage {
                after: Some(after),
                newest_first: false,
                limit: EVENTS_MAX,
                bytes_max: usize::MAX,
            };
            let events = app.driver.store().event_heads(&id, page).await?;
            Ok::<_, ApiError>((execution, events))
        };
        let (execution, events) = match read.await {
            Ok((Some(execution), events)) => (execution, events),
            Ok((None, _)) => {
                let _ = stream.send("gone", &serde_json::json!({})).await;
                return;
            }
            // The client connects again, and then reads the stored state.
            Err(_) => return,
        };
        after = events.last().map_or(after, |last| last.id);
        let is_whole = events.len() < EVENTS_MAX;
        let has_ended =
            execution.summary.ended_at.is_some() && after >= execution.event_count && is_whole;
        let message = LiveEvents {
            events: events.iter().map(shown_head).collect(),
            execution,
        };
        if stream.send("events", &message).await.is_err() {
            return;
        }
        if has_ended {
            let _ = stream.send("end", &serde_json::json!({})).await;
            return;
        }
        if !is_whole {
            continue;
        }
        let concerns = |change: &Change| match change {
            Change::Execution { id: changed, .. } => *changed == id,
            Change::Many => true,
        };
        let changed = stream.changed(&mut changes, concerns, read_at, EXECUTION_PAUSE);
        if let Err(Closed) = changed.await {
            return;
        }
    }
}
