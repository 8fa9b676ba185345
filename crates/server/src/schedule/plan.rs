//! The schedules of the deployed stack, and the loop that fires them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{EventSource, EventSourceKind, FunctionName, Timestamp};
use stack::ScheduleResource;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::event::event;
use super::next::next;
use crate::deliver::Target;
use crate::server::App;

/// Longest sleep without looking at the clock: bounds what a clock that was set, or a machine that
/// slept, could cost.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// A schedule, and when it is due.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub schedule: ScheduleResource,
    pub function: FunctionName,
    /// None when it is disabled or over.
    pub next_at: Option<Timestamp>,
}

/// All schedules; a deployment replaces them.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    planned: Mutex<Plan>,
    replaced: Notify,
}

#[derive(Debug, Default)]
struct Plan {
    schedules: Vec<Planned>,
    /// When it was last looked at. An earlier clock than that was set back.
    looked_at: Timestamp,
}

impl Schedules {
    /// Takes up what a deployment has, from the next occurrence on; returns the plan. A schedule that
    /// stays as it is keeps its place: what is due at this moment is not lost to a deployment.
    pub fn replace(
        &self,
        schedules: Vec<(ScheduleResource, FunctionName)>,
        now: Timestamp,
    ) -> Vec<Planned> {
        let mut plan = self.planned.lock().expect("the plan is replaced whole");
        let planned = schedules.into_iter().map(|(schedule, function)| {
            let before = plan.schedules.iter().find(|it| it.schedule == schedule);
            let next_at = match before {
                Some(before) => before.next_at,
                None => next_of(&schedule, now),
            };
            Planned {
                schedule,
                function,
                next_at,
            }
        });
        let planned: Vec<Planned> = planned.collect();
        plan.schedules.clone_from(&planned);
        self.replaced.notify_one();
        planned
    }

    /// Fires what is due until the shutdown.
    pub async fn run(self: Arc<Self>, app: Arc<App>, shutdown: CancellationToken) {
        let clock = Arc::clone(app.driver.clock());
        while !shutdown.is_cancelled() {
            for (planned, due_at) in self.take_due(clock.now()) {
                fire(&app, &planned, due_at).await;
            }
            tokio::select! {
                () = clock.sleep(self.sleep(clock.now())) => {}
                () = self.replaced.notified() => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// What is due, each once however long ago that was; its next occurrence is in the future.
    fn take_due(&self, now: Timestamp) -> Vec<(Planned, Timestamp)> {
        let mut plan = self.planned.lock().expect("the plan is replaced whole");
        let set_back = now < plan.looked_at;
        plan.looked_at = now;
        let mut due = Vec::new();
        for planned in &mut plan.schedules {
            match planned.next_at {
                Some(at) if at <= now => {
                    planned.next_at = next_of(&planned.schedule, now);
                    due.push((planned.clone(), at));
                }
                Some(_) | None if set_back => planned.next_at = next_of(&planned.schedule, now),
                Some(_) | None => {}
            }
        }
        due
    }

    fn sleep(&self, now: Timestamp) -> Duration {
        let plan = self.planned.lock().expect("the plan is replaced whole");
        let soonest = plan.schedules.iter().filter_map(|it| it.next_at).min();
        soonest.map_or(SLEEP_MAX, |at| at.since(now).min(SLEEP_MAX))
    }
}

fn next_of(schedule: &ScheduleResource, now: Timestamp) -> Option<Timestamp> {
    schedule.enabled.then(|| next(schedule, now)).flatten()
}

async fn fire(app: &Arc<App>, planned: &Planned, due_at: Timestamp) {
    let Planned {
        schedule, function, ..
    } = planned;
    let payload = event(schedule, due_at, &app.registry.home);
    let source = EventSource {
        kind: EventSourceKind::Schedule,
        name: schedule.name.clone(),
    };
    let sent = match Target::find(app, function, schedule.qualifier.as_deref(), source) {
        Ok(target) => target.send(app, payload).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => tracing::debug!(schedule = schedule.name, %function, "a schedule was due"),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(schedule = schedule.name, %function, error, "a schedule could not invoke its function");
        }
    }
}

#[cfg(test)]
mod tests {
    use stack::{ScheduleExpression, ScheduleService};

    use super::*;

    fn every_minute() -> ScheduleResource {
        ScheduleResource {
            logical_id: "FEvery".to_owned(),
            name: "every".to_owned(),
            arn: String::new(),
            service: ScheduleService::Rule,
            function: "F".to_owned(),
            qualifier: None,
            event: "Every".to_owned(),
            expression: ScheduleExpression::Rate(Duration::from_secs(60)),
            expression_text: "rate(1 minute)".to_owned(),
            time_zone: "UTC".to_owned(),
            start_at: None,
            end_at: None,
            input: None,
            enabled: true,
        }
    }

    fn minutes(minutes: i64, seconds: i64) -> Timestamp {
        Timestamp::from_millis((minutes * 60 + seconds) * 1000)
    }

    #[test]
    fn what_was_missed_fires_once() {
        let schedules = Schedules::default();
        let name = FunctionName::parse("F").unwrap();
        let disabled = ScheduleResource {
            enabled: false,
            ..every_minute()
        };
        let all = vec![(every_minute(), name.clone()), (disabled, name)];
        let planned = schedules.replace(all, minutes(10, 30));
        assert_eq!(planned[0].next_at, Some(minutes(11, 0)));
        assert_eq!(planned[1].next_at, None);
        assert!(schedules.take_due(minutes(10, 59)).is_empty());
        // A deployment at the very moment changes nothing.
        let again = vec![(every_minute(), FunctionName::parse("F").unwrap())];
        let planned = schedules.replace(again, minutes(11, 0));
        assert_eq!(planned[0].next_at, Some(minutes(11, 0)));
        assert_eq!(schedules.sleep(minutes(10, 59)), Duration::from_secs(1));
        assert_eq!(schedules.take_due(minutes(11, 0)).len(), 1);
        assert!(schedules.take_due(minutes(11, 0)).is_empty());
        // The machine slept for an hour.
        let due = schedules.take_due(minutes(70, 10));
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].1, minutes(12, 0));
        assert_eq!(schedules.sleep(minutes(70, 10)), SLEEP_MAX);
        // The clock was set back.
        assert!(schedules.take_due(minutes(20, 10)).is_empty());
        assert_eq!(schedules.take_due(minutes(21, 0)).len(), 1);
    }
}
