//! Listing executions.

use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use lambda_api::{DurableExecutionSummary, EpochMillis, ExecutionStatus};
use model::{ExecutionArn, FunctionName, Timestamp};
use store::{Cursor, ExecutionFilter};
use wire::wire_summary;

use super::error::Error;
use super::program::Program;

/// Executions in a page, unless the caller sets another limit.
const LIST_LIMIT: usize = 100;

/// A list of executions, newest first; see [`Embedded::list`](super::Embedded::list).
#[must_use = "nothing is listed until this is awaited"]
#[derive(Debug)]
pub struct List {
    program: Arc<Program>,
    filter: ExecutionFilter,
    /// No execution can match.
    is_impossible: bool,
}

impl List {
    pub(super) fn new(program: Arc<Program>) -> Self {
        Self {
            program,
            filter: ExecutionFilter {
                limit: LIST_LIMIT,
                ..ExecutionFilter::default()
            },
            is_impossible: false,
        }
    }

    /// Only executions of this handler.
    pub fn handler(mut self, handler: &str) -> Self {
        match FunctionName::parse(handler) {
            Ok(name) => self.filter.function = Some(name),
            Err(_) => self.is_impossible = true,
        }
        self
    }

    /// Only executions in this status; more than one may be asked for.
    pub fn status(mut self, status: ExecutionStatus) -> Self {
        use model::ExecutionStatus as Status;
        let status = match status {
            ExecutionStatus::Running => Status::Running,
            ExecutionStatus::Pausing => Status::Pausing,
            ExecutionStatus::Paused => Status::Paused,
            ExecutionStatus::Succeeded => Status::Succeeded,
            ExecutionStatus::Failed => Status::Failed,
            ExecutionStatus::TimedOut => Status::TimedOut,
            ExecutionStatus::Stopped => Status::Stopped,
            ExecutionStatus::Deleting | ExecutionStatus::Unknown(_) => {
                self.is_impossible = true;
                return self;
            }
        };
        self.filter.statuses.push(status);
        self
    }

    /// Only executions that come after this one in the list: the last of the page before.
    pub fn after(mut self, last: &DurableExecutionSummary) -> Self {
        match last.durable_execution_arn.parse::<ExecutionArn>() {
            Ok(arn) => {
                let started_at = EpochMillis::from(last.start_timestamp).0;
                self.filter.after = Some(Cursor {
                    started_at: Timestamp::from_millis(started_at),
                    execution_id: arn.id,
                });
            }
            Err(_) => self.is_impossible = true,
        }
        self
    }

    /// The largest number to return; 100 by default.
    pub fn limit(mut self, limit: usize) -> Self {
        self.filter.limit = limit.max(1);
        self
    }
}

impl IntoFuture for List {
    type Output = Result<Vec<DurableExecutionSummary>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if self.is_impossible {
                return Ok(Vec::new());
            }
            let heads = self.program.driver.store().list(self.filter).await?;
            Ok(heads.iter().map(wire_summary).collect())
        })
    }
}
