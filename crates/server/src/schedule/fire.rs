//! Firing an occurrence: the function is invoked, and the schedule's mark says so.
//!
//! A plain function's invocation is accepted in one commit with the mark. A durable execution is started
//! by a name that only this occurrence has, and the mark follows: what a crash fires again between the
//! two is the execution that exists already. Either way an occurrence has one effect; a function is then
//! invoked at least once, as an asynchronous invocation is on Lambda.

use std::sync::Arc;

use driver::StartError;
use model::{EventSource, EventSourceKind, Timestamp};
use store::ScheduleMark;

use super::event::event;
use super::occurrence::Occurrence;
use super::plan::Planned;
use crate::deliver::{DeliverError, Scheduled, Target};
use crate::server::App;

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
        let Planned {
            schedule, function, ..
        } = planned;
        let name = &schedule.name;
        let error = match send(self, planned, at, mark.clone()).await {
            Ok(()) => {
                tracing::debug!(schedule = name, %function, "a schedule was due");
                return true;
            }
            Err(error) => error,
        };
        let reason = &error as &dyn std::error::Error;
        match &error {
            DeliverError::Start(StartError::AlreadyStarted(_)) => {
                tracing::debug!(schedule = name, %function, reason, "an occurrence was started before");
            }
            DeliverError::NoFunction(_) => {
                tracing::error!(
                    schedule = name,
                    %function,
                    reason,
                    "a schedule could not invoke its function"
                );
            }
            DeliverError::Enqueue(_) | DeliverError::Start(_) | DeliverError::Store(_) => {
                tracing::warn!(
                    schedule = name,
                    %function,
                    reason,
                    "a schedule could not invoke its function; trying again"
                );
                return false;
            }
        }
        // It will not be otherwise later: the occurrence is over.
        let marked = self.driver.store().put_schedule_mark(mark).await;
        if let Err(fault) = &marked {
            let reason = fault as &dyn std::error::Error;
            tracing::warn!(schedule = name, %function, reason, "an occurrence was not recorded");
        }
        marked.is_ok()
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
