//! The schedules of the deployed stack, and the loop that fires them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::schedule::{Timing, latest, next};
use futures_util::future::try_join_all;
use model::{FunctionName, Timestamp};
use serde_json::json;
use stack::ScheduleResource;
use store::{ScheduleMark, ScheduleMarks, StoreFault};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::fire::{Fire, Fired};
use crate::app::App;
use wind::ComesDue;

/// Longest sleep before the clock is read again: bounds the delay after a clock leaps, or a machine sleeps.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Pause after an occurrence that could not be fired. A newer occurrence replaces it meanwhile.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A schedule, and its next instant.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub schedule: ScheduleResource,
    pub function: FunctionName,
    /// The first occurrence that is not done; `None` when the schedule is disabled or over. It is in the past when it
    /// came due while no server ran.
    pub next_at: Option<Timestamp>,
    /// The schedule is not fired before this instant, because it failed.
    not_before: Timestamp,
}

/// All schedules; a deployment replaces them.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    planned: Mutex<Vec<Planned>>,
    replaced: Notify,
    /// Held while occurrences are fired and while schedules are replaced: neither must overwrite the marks of the
    /// other.
    turn: tokio::sync::Mutex<()>,
}

impl Schedules {
    /// Takes the schedules of a deployment; returns the plan. An unchanged schedule goes on from its mark, of this run
    /// or an earlier one; a new or changed one begins now.
    ///
    /// # Errors
    /// When the store fails; the plan is then as it was.
    pub async fn replace(
        &self,
        schedules: Vec<(ScheduleResource, FunctionName)>,
        store: &dyn ScheduleMarks,
        now: Timestamp,
    ) -> Result<Vec<Planned>, StoreFault> {
        let _turn = self.turn.lock().await;
        let marks = store.schedule_marks().await?.into_iter();
        let mut marks: BTreeMap<_, _> = marks.map(|it| (it.schedule.clone(), it)).collect();
        let mut begun = Vec::new();
        let mut planned = Vec::new();
        for (schedule, function) in schedules {
            let fresh = mark(&schedule, now);
            let next_at = match marks.remove(&schedule.arn) {
                Some(kept) if kept.definition == fresh.definition => {
                    goes_on_at(&schedule, kept.done_until, now)
                }
                Some(_) | None => {
                    begun.push(fresh);
                    next_of(&schedule, now)
                }
            };
            planned.push(Planned {
                schedule,
                function,
                next_at,
                not_before: Timestamp::default(),
            });
        }
        let puts = begun.into_iter().map(|mark| store.put_schedule_mark(mark));
        try_join_all(puts).await?;
        // A schedule that is removed and comes back later has missed nothing.
        let gone = marks.keys().map(|arn| store.delete_schedule_mark(arn));
        try_join_all(gone).await?;
        self.planned().clone_from(&planned);
        self.replaced.notify_one();
        Ok(planned)
    }

    /// Fires due occurrences until the shutdown.
    pub async fn run(self: Arc<Self>, app: Arc<App>, shutdown: CancellationToken) {
        let clock = Arc::clone(app.driver.clock());
        while !shutdown.is_cancelled() {
            let now = clock.now();
            {
                let _at_work = clock.work();
                self.fire_due(now, &app).await;
            }
            tokio::select! {
                () = clock.sleep_until(self.wakes_at(now)) => {}
                () = self.replaced.notified() => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn fire_due(&self, now: Timestamp, fire: &impl Fire) {
        let _turn = self.turn.lock().await;
        for (index, planned, at) in self.due(now) {
            let mark = mark(&planned.schedule, at);
            let fired = fire.fire(&planned, at, mark).await;
            // The index is still valid: no deployment replaces schedules meanwhile.
            let planned = &mut self.planned()[index];
            match fired {
                Fired::Done => planned.next_at = next_of(&planned.schedule, at),
                Fired::Again => planned.not_before = now + PAUSE_AFTER_FAILURE,
                // The schedule may be this server's by then.
                Fired::Elsewhere(done_until) => {
                    planned.next_at = next_of(&planned.schedule, done_until);
                    planned.not_before = now + PAUSE_AFTER_FAILURE;
                }
            }
        }
    }

    /// The latest due occurrence of each schedule, with its index in the plan. Occurrences too long ago are skipped.
    fn due(&self, now: Timestamp) -> Vec<(usize, Planned, Timestamp)> {
        let mut due = Vec::new();
        for (index, planned) in self.planned().iter_mut().enumerate() {
            let Some(at) = planned.next_at.filter(|at| *at <= now) else {
                continue;
            };
            match latest(&timing(&planned.schedule), at, now) {
                Some(_) if planned.not_before > now => {}
                Some(at) => due.push((index, planned.clone(), at)),
                None => planned.next_at = next_of(&planned.schedule, now),
            }
        }
        due
    }

    fn wakes_at(&self, now: Timestamp) -> Timestamp {
        let latest = now + SLEEP_MAX;
        self.next_at().map_or(latest, |at| at.min(latest))
    }

    fn planned(&self) -> MutexGuard<'_, Vec<Planned>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ComesDue for Schedules {
    fn next_at(&self) -> Option<Timestamp> {
        let planned = self.planned();
        let due = planned
            .iter()
            .filter_map(|it| Some(it.next_at?.max(it.not_before)));
        due.min()
    }
}

fn timing(schedule: &ScheduleResource) -> Timing<'_> {
    Timing {
        expression: &schedule.expression,
        time_zone: &schedule.time_zone,
        start_at: schedule.start_at,
        end_at: schedule.end_at,
    }
}

fn next_of(schedule: &ScheduleResource, after: Timestamp) -> Option<Timestamp> {
    let due = || next(&timing(schedule), after);
    schedule.enabled.then(due).flatten()
}

/// The occurrence after the last done one: the latest that came due meanwhile, or the next one.
fn goes_on_at(
    schedule: &ScheduleResource,
    done_until: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let goes_on = || ::schedule::goes_on_at(&timing(schedule), done_until, now);
    schedule.enabled.then(goes_on).flatten()
}

fn mark(schedule: &ScheduleResource, done_until: Timestamp) -> ScheduleMark {
    let instant = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    // All settings that change when it is due.
    let definition = json!({
        "expression": schedule.expression_text,
        "time_zone": schedule.time_zone,
        "start": instant(schedule.start_at),
        "end": instant(schedule.end_at),
        "enabled": schedule.enabled,
    });
    ScheduleMark {
        schedule: schedule.arn.clone(),
        definition: definition.to_string(),
        done_until,
    }
}

#[cfg(test)]
pub(super) mod tests;
