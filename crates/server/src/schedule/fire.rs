//! Firing an occurrence: the function is invoked, and the schedule's mark says so.
//!
//! A plain function's invocation is accepted in one commit with the mark. A durable execution is started
//! by a name that only this occurrence has, and the mark follows: what a crash fires again between the
//! two is the execution that exists already. Either way an occurrence has one effect; a function is then
//! invoked at least once, as an asynchronous invocation is on Lambda.

use std::sync::Arc;

use model::{EventSource, EventSourceKind, Timestamp};
use runtime::StartError;
use store::ScheduleMark;

use super::event::event;
use super::occurrence::Occurrence;
use super::plan::Planned;
use crate::api::{DeliverError, Scheduled, Target};
use crate::app::App;

/// What fires occurrences.
pub(super) trait Fire: Send + Sync {
    /// Fires an occurrence and records the mark. Says whether that is done with; it is to be tried
    /// again otherwise, and may be.
    fn fire(
        &self,
        planned: &Planned,
        at: Timestamp,
        mark: ScheduleMark,
    ) -> impl Future<Output = bool> + Send;
}

impl Fire for Arc<App> {
    async fn fire(&self, planned: &Planned, at: Timestamp, mark: ScheduleMark) -> bool {
        let over = match send(self, planned, at, mark.clone()).await {
            Ok(()) => {
                let (schedule, function) = (&planned.schedule.name, &planned.function);
                tracing::debug!(schedule, %function, "a schedule was due");
                return true;
            }
            Err(error) => is_over(planned, &error),
        };
        if !over {
            return false;
        }
        match self.driver.store().put_schedule_mark(mark).await {
            Ok(()) => true,
            Err(fault) => is_over(planned, &fault.into()),
        }
    }
}

/// Whether an occurrence that was not accepted will not be later either; says why.
fn is_over(planned: &Planned, refused: &DeliverError) -> bool {
    let (schedule, function) = (&planned.schedule.name, &planned.function);
    let error = refused as &dyn std::error::Error;
    match refused {
        DeliverError::Start(StartError::AlreadyStarted(_)) => {
            tracing::debug!(schedule, %function, error, "an occurrence was started before");
            true
        }
        DeliverError::NoFunction(_) => {
            tracing::error!(schedule, %function, error, "a schedule could not invoke its function");
            true
        }
        DeliverError::Enqueue(_) | DeliverError::Start(_) | DeliverError::Store(_) => {
            tracing::warn!(
                schedule,
                %function,
                error,
                "a schedule could not invoke its function; trying again"
            );
            false
        }
    }
}

async fn send(
    app: &Arc<App>,
    planned: &Planned,
    at: Timestamp,
    mark: ScheduleMark,
) -> Result<(), DeliverError> {
    let schedule = &planned.schedule;
    let source = EventSource {
        kind: EventSourceKind::Schedule,
        name: schedule.name.clone(),
    };
    let qualifier = schedule.qualifier.as_deref();
    let target = Target::find(app, &planned.function, qualifier, source)?;
    let occurrence = Occurrence { schedule, at };
    let scheduled = Scheduled {
        execution_name: occurrence.execution_name(),
        request_id: occurrence.request_id(),
        mark,
    };
    let payload = event(&occurrence, &app.registry.home);
    target.send_scheduled(app, payload, scheduled).await
}
