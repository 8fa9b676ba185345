//! Schedules of the program: each occurrence starts one execution.
//!
//! The store keeps how far each schedule has come. Each occurrence gives its execution a name, so that starting it
//! again after a crash finds the execution that exists.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{EventSource, EventSourceKind, ExecutionName, FunctionName, Timestamp, Trigger};
use schedule::{ScheduleExpression, Timing, goes_on_at, latest, next};
use store::{ScheduleMark, Store, StoreFault};
use tokio_util::sync::CancellationToken;

use super::error::{Error, OpenError, ScheduleProblem};
use super::handlers::{Handler, Handlers};
use super::program::Program;

/// Longest sleep without looking at the clock: bounds the delay after a suspend of the machine.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Pause after an occurrence that could not be started.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Most characters of a schedule's name: the name of an execution has 64, and `-20261125T080000Z` takes 17 of them.
const NAME_CHARACTERS_MAX: usize = 64 - 17;

/// A schedule, as the program gave it.
pub(super) struct Schedule {
    pub name: String,
    pub expression: String,
    pub time_zone: String,
    pub handler: String,
    pub input: Result<String, String>,
}

/// Checked schedules.
pub(super) struct Plan(Vec<Planned>);

struct Planned {
    name: String,
    expression: ScheduleExpression,
    expression_text: String,
    time_zone: String,
    handler: FunctionName,
    input: String,
    /// The first occurrence that has not been started.
    next_at: Option<Timestamp>,
    not_before: Timestamp,
}

/// Checks the schedules of a program.
pub(super) fn plan(schedules: Vec<Schedule>, handlers: &Handlers) -> Result<Plan, OpenError> {
    let mut names = BTreeSet::new();
    let planned = schedules.into_iter().map(|schedule| {
        let name = schedule.name.clone();
        let planned = if names.insert(name.clone()) {
            planned(schedule, handlers)
        } else {
            Err(ScheduleProblem::Twice)
        };
        planned.map_err(|cause| OpenError::Schedule { name, cause })
    });
    planned.collect::<Result<_, _>>().map(Plan)
}

fn planned(schedule: Schedule, handlers: &Handlers) -> Result<Planned, ScheduleProblem> {
    let no_handler = || ScheduleProblem::NoHandler(schedule.handler.clone());
    let handler = FunctionName::parse(&schedule.handler).map_err(|_| no_handler())?;
    if !matches!(handlers.get(&handler), Some(Handler::Durable(..))) {
        return Err(no_handler());
    }
    let mut name = ExecutionName::parse(&schedule.name);
    if let Err(invalid) = &mut name {
        invalid.chars_max = NAME_CHARACTERS_MAX;
    }
    if let Ok(name) = &name
        && name.as_str().len() > NAME_CHARACTERS_MAX
    {
        return Err(ScheduleProblem::Name(model::InvalidId {
            kind: "name of a schedule",
            text: name.to_string(),
            chars_max: NAME_CHARACTERS_MAX,
            alphabet: "`A-Z a-z 0-9 _ -`",
        }));
    }
    name.map_err(ScheduleProblem::Name)?;
    if !schedule::has_time_zone(&schedule.time_zone) {
        return Err(ScheduleProblem::TimeZone(schedule.time_zone));
    }
    Ok(Planned {
        expression: ScheduleExpression::parse(&schedule.expression)?,
        name: schedule.name,
        expression_text: schedule.expression,
        time_zone: schedule.time_zone,
        handler,
        input: schedule.input.map_err(ScheduleProblem::Input)?,
        next_at: None,
        not_before: Timestamp::default(),
    })
}

impl Planned {
    fn timing(&self) -> Timing<'_> {
        Timing {
            expression: &self.expression,
            time_zone: &self.time_zone,
            start_at: None,
            end_at: None,
        }
    }

    fn mark(&self, done_until: Timestamp) -> ScheduleMark {
        ScheduleMark {
            schedule: format!("{PREFIX}{}", self.name),
            // Everything that determines when it is due.
            definition: format!("{} {}", self.time_zone, self.expression_text),
            done_until,
        }
    }

    fn execution_name(&self, at: Timestamp) -> ExecutionName {
        let instant = schedule::compact(at);
        ExecutionName::parse(&format!("{}-{instant}", self.name))
            .expect("the name was measured to leave room for the instant")
    }
}

/// Distinguishes the schedules of a program from others in the same table.
const PREFIX: &str = "embedded:";

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads how far each schedule has come; a new or changed one begins now, and the mark of a removed one is deleted.
    pub async fn begin(mut self, store: &dyn Store, now: Timestamp) -> Result<Self, StoreFault> {
        let marks = store.schedule_marks().await?.into_iter();
        let mut marks: BTreeMap<_, _> = marks.map(|it| (it.schedule.clone(), it)).collect();
        for planned in &mut self.0 {
            let fresh = planned.mark(now);
            planned.next_at = match marks.remove(&fresh.schedule) {
                Some(kept) if kept.definition == fresh.definition => {
                    goes_on_at(&planned.timing(), kept.done_until, now)
                }
                Some(_) | None => {
                    store.put_schedule_mark(fresh).await?;
                    next(&planned.timing(), now)
                }
            };
        }
        for gone in marks.keys().filter(|key| key.starts_with(PREFIX)) {
            store.delete_schedule_mark(gone).await?;
        }
        Ok(self)
    }

    /// Starts due occurrences until the program ends.
    pub async fn run(mut self, program: &Program, ended: CancellationToken) {
        let clock = program.driver.clock();
        loop {
            let now = clock.now();
            for planned in &mut self.0 {
                fire_if_due(planned, program, now).await;
            }
            let due = self.0.iter();
            let due = due.filter_map(|it| Some(it.next_at?.max(it.not_before)));
            let sleep = due
                .min()
                .map_or(SLEEP_MAX, |at| at.since(now).min(SLEEP_MAX));
            tokio::select! {
                () = clock.sleep(sleep) => {}
                () = ended.cancelled() => return,
            }
        }
    }
}

async fn fire_if_due(planned: &mut Planned, program: &Program, now: Timestamp) {
    let Some(first) = planned.next_at.filter(|at| *at <= now) else {
        return;
    };
    if planned.not_before > now {
        return;
    }
    let Some(at) = latest(&planned.timing(), first, now) else {
        planned.next_at = next(&planned.timing(), now);
        return;
    };
    match fire(planned, program, at).await {
        Ok(()) => planned.next_at = next(&planned.timing(), at),
        Err(error) => {
            let schedule = &planned.name;
            tracing::warn!(schedule, %error, "a schedule could not start an execution; trying again");
            planned.not_before = now + PAUSE_AFTER_FAILURE;
        }
    }
}

async fn fire(planned: &Planned, program: &Program, at: Timestamp) -> Result<(), Error> {
    let source = EventSource {
        kind: EventSourceKind::Schedule,
        name: planned.name.clone(),
    };
    let request = program.request(
        planned.handler.clone(),
        Some(planned.execution_name(at)),
        planned.input.clone(),
        Trigger::EventSource(source),
    )?;
    let driver = &program.driver;
    match driver.start(request).await.map_err(Error::of_start) {
        // Another caller has started an execution under this name: the occurrence is done.
        Ok(_) | Err(Error::AlreadyStarted { .. }) => {}
        Err(error) => return Err(error),
    }
    driver.store().put_schedule_mark(planned.mark(at)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use store::MemoryStore;

    use super::*;
    use crate::embedded::HandlerOptions;
    use crate::embedded::handlers;
    use crate::error::BoxError;

    fn given(name: &str, expression: &str) -> Schedule {
        Schedule {
            name: name.to_owned(),
            expression: expression.to_owned(),
            time_zone: "UTC".to_owned(),
            handler: "report".to_owned(),
            input: Ok("null".to_owned()),
        }
    }

    fn reporting() -> Handlers {
        let report = |(): (), _: crate::DurableContext| async { Ok::<_, BoxError>(()) };
        let name = FunctionName::parse("report").unwrap();
        let handler = handlers::durable(report, HandlerOptions::default().settings());
        Handlers::from([(name, handler)])
    }

    fn minutes(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_795_000_020_000 + minutes * 60_000)
    }

    #[tokio::test]
    async fn a_schedule_goes_on_from_where_it_was_unless_it_is_another() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let begin = async |expression: &str, now| {
            let plan = plan(vec![given("often", expression)], &reporting()).unwrap();
            let begun = plan.begin(store.as_ref(), now).await.unwrap();
            begun.0[0].next_at
        };
        let every_minute = "rate(1 minute)";
        assert_eq!(begin(every_minute, minutes(0)).await, Some(minutes(1)));
        // It came due three times while the program was closed: only the latest is made up for.
        assert_eq!(begin(every_minute, minutes(3)).await, Some(minutes(3)));
        // Another expression under the name begins now.
        let other = begin("rate(2 minutes)", minutes(5)).await;
        assert!(other > Some(minutes(5)), "{other:?}");
        let none = plan(Vec::new(), &reporting()).unwrap();
        none.begin(store.as_ref(), minutes(6)).await.unwrap();
        assert_eq!(store.schedule_marks().await.unwrap(), []);
    }

    #[test]
    fn what_cannot_be_a_schedule_is_refused_with_its_name() {
        let refused = |schedule: Schedule| {
            let refused = plan(vec![schedule], &reporting()).map(|_| ());
            refused.expect_err("it is none").to_string()
        };
        let said = refused(given("often", "rate(0 minutes)"));
        assert!(said.starts_with("schedule `often`: `0 minutes`"), "{said}");
        let nobody = Schedule {
            handler: "nobody".to_owned(),
            ..given("often", "rate(1 minute)")
        };
        assert!(refused(nobody).ends_with("there is no handler `nobody`"));
        let nowhere = Schedule {
            time_zone: "Mars/Olympus".to_owned(),
            ..given("often", "rate(1 minute)")
        };
        assert!(refused(nowhere).contains("`Mars/Olympus` is not a time zone"));
        let long = refused(given(&"x".repeat(48), "rate(1 minute)"));
        assert!(long.contains("1 to 47 characters"), "{long}");
        let twice = vec![given("often", "rate(1 day)"), given("often", "rate(1 day)")];
        let twice = plan(twice, &reporting()).map(|_| ()).unwrap_err();
        assert!(twice.to_string().contains("two of that name"), "{twice}");
    }
}
