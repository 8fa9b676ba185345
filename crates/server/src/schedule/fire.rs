//! Fires an occurrence: invokes the function, and stores the schedule's mark.
//!
//! A plain function's invocation is accepted in one commit with the mark. A durable execution is started by a name that
//! only this occurrence has, and the mark follows: after a crash between the two, the second start finds the existing
//! execution. Either way an occurrence has one effect; a function is then invoked at least once, as an asynchronous
//! invocation is on Lambda.

use std::sync::Arc;

use model::{EventSource, EventSourceKind, Timestamp};
use runtime::StartError;
use store::ScheduleMark;

use super::event::event;
use super::occurrence::Occurrence;
use super::plan::Planned;
use crate::api::{Scheduled, SendEventError, Target};
use crate::app::App;

/// Fires occurrences.
pub(super) trait Fire: Send + Sync {
    /// Fires an occurrence and records the mark.
    fn fire(
        &self,
        planned: &Planned,
        at: Timestamp,
        mark: ScheduleMark,
    ) -> impl Future<Output = Fired> + Send;
}

/// The result of firing an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fired {
    /// The occurrence is done.
    Done,
    /// It failed, and is tried again.
    Again,
    /// Another server fires this schedule, or has fired this occurrence: the stored mark.
    Elsewhere(Timestamp),
}

impl Fire for Arc<App> {
    async fn fire(&self, planned: &Planned, at: Timestamp, mark: ScheduleMark) -> Fired {
        if let Some(elsewhere) = fired_elsewhere(self, planned, at).await {
            return elsewhere;
        }
        let over = match send(self, planned, at, mark.clone()).await {
            Ok(()) => {
                let (schedule, function) = (&planned.schedule.name, &planned.function);
                tracing::debug!(schedule, %function, "a schedule was due");
                return Fired::Done;
            }
            Err(error) => is_over(planned, &error),
        };
        if !over {
            return Fired::Again;
        }
        let marked = match self.driver.store().put_schedule_mark(mark).await {
            Ok(()) => true,
            Err(fault) => is_over(planned, &fault.into()),
        };
        if marked { Fired::Done } else { Fired::Again }
    }
}

/// Where servers share a store: the schedule's mark, unless this server must fire this occurrence.
async fn fired_elsewhere(app: &Arc<App>, planned: &Planned, at: Timestamp) -> Option<Fired> {
    app.cluster.as_ref()?;
    let schedule = &planned.schedule.arn;
    let marks = match app.driver.store().schedule_marks().await {
        Ok(marks) => marks,
        Err(fault) => {
            let error = &fault as &dyn std::error::Error;
            tracing::warn!(
                schedule,
                error,
                "the marks of schedules cannot be read; trying again"
            );
            return Some(Fired::Again);
        }
    };
    let done_until = marks
        .into_iter()
        .find(|mark| mark.schedule == *schedule)
        .map_or(Timestamp::default(), |mark| mark.done_until);
    let is_ours = app.driver.does(schedule) && done_until < at;
    (!is_ours).then_some(Fired::Elsewhere(done_until))
}

/// Whether a failed occurrence must not be tried again; logs the reason.
fn is_over(planned: &Planned, refused: &SendEventError) -> bool {
    let (schedule, function) = (&planned.schedule.name, &planned.function);
    let error = refused as &dyn std::error::Error;
    match refused {
        SendEventError::Start(StartError::AlreadyStarted(_)) => {
            tracing::debug!(schedule, %function, error, "an occurrence was started before");
            true
        }
        SendEventError::NoFunction(_) => {
            tracing::error!(schedule, %function, error, "a schedule could not invoke its function");
            true
        }
        SendEventError::Enqueue(_) | SendEventError::Start(_) | SendEventError::Store(_) => {
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
) -> Result<(), SendEventError> {
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
