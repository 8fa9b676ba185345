//! Schedules on a clock that tests set, over several runs on one store.

use std::sync::atomic::{AtomicBool, Ordering};

use stack::{ScheduleExpression, ScheduleService};
use store::MemoryStore;

use super::*;

pub fn every_minute() -> ScheduleResource {
    ScheduleResource {
        logical_id: "FEvery".to_owned(),
        name: "every".to_owned(),
        arn: "arn:every".to_owned(),
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

/// Due once, at minute 20.
fn once() -> ScheduleResource {
    ScheduleResource {
        name: "once".to_owned(),
        arn: "arn:once".to_owned(),
        expression: ScheduleExpression::At("1970-01-01T00:20:00".parse().unwrap()),
        expression_text: "at(1970-01-01T00:20:00)".to_owned(),
        ..every_minute()
    }
}

fn minutes(minutes: i64, seconds: i64) -> Timestamp {
    Timestamp::from_millis((minutes * 60 + seconds) * 1000)
}

/// Runs of a server on one store, and the occurrences that they fired.
#[derive(Default)]
struct World {
    store: MemoryStore,
    fired: Mutex<Vec<String>>,
    failing: AtomicBool,
    /// The process dies between the effect and the mark.
    dies: AtomicBool,
}

impl Fire for World {
    async fn fire(&self, planned: &Planned, at: Timestamp, mark: ScheduleMark) -> Fired {
        if self.failing.load(Ordering::SeqCst) {
            return Fired::Again;
        }
        let seconds = at.as_millis() / 1000;
        let fired = format!(
            "{} {}:{:02}",
            planned.schedule.name,
            seconds / 60,
            seconds % 60
        );
        self.fired.lock().unwrap().push(fired);
        if !self.dies.load(Ordering::SeqCst) {
            self.store.put_schedule_mark(mark).await.unwrap();
        }
        Fired::Done
    }
}

impl World {
    /// Begins a run that knows only the store.
    async fn start(&self, schedules: &[ScheduleResource], now: Timestamp) -> Schedules {
        let run = Schedules::default();
        self.deploy(&run, schedules, now).await;
        run
    }

    async fn deploy(&self, run: &Schedules, schedules: &[ScheduleResource], now: Timestamp) {
        let name = FunctionName::parse("F").unwrap();
        let schedules = schedules.iter().map(|it| (it.clone(), name.clone()));
        run.replace(schedules.collect(), &self.store, now)
            .await
            .unwrap();
    }

    /// The occurrences that are fired when the clock shows this.
    async fn at(&self, run: &Schedules, now: Timestamp) -> Vec<String> {
        run.fire_due(now, self).await;
        std::mem::take(&mut *self.fired.lock().unwrap())
    }
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn an_occurrence_fires_once_whatever_the_clock_does() {
    let world = World::default();
    let run = world.start(&[every_minute()], minutes(10, 30)).await;
    assert_eq!(
        run.wakes_at(minutes(10, 59)).since(minutes(10, 59)),
        Duration::from_secs(1)
    );
    assert_eq!(world.at(&run, minutes(10, 59)).await, NOTHING);
    // A deployment at the due moment changes nothing.
    world.deploy(&run, &[every_minute()], minutes(11, 0)).await;
    assert_eq!(world.at(&run, minutes(11, 0)).await, ["every 11:00"]);
    assert_eq!(world.at(&run, minutes(11, 0)).await, NOTHING);
    // The clock goes back by a millisecond, and by ten minutes.
    let before = Timestamp::from_millis(minutes(11, 0).as_millis() - 1);
    for now in [before, minutes(11, 0), minutes(1, 0), minutes(11, 0)] {
        assert_eq!(world.at(&run, now).await, NOTHING, "{now}");
    }
    // The machine slept for an hour: the latest counts.
    assert_eq!(world.at(&run, minutes(71, 10)).await, ["every 71:00"]);
    assert_eq!(
        run.wakes_at(minutes(71, 10)).since(minutes(71, 10)),
        SLEEP_MAX
    );
    assert_eq!(world.at(&run, minutes(71, 59)).await, NOTHING);
    assert_eq!(world.at(&run, minutes(72, 0)).await, ["every 72:00"]);
}

#[tokio::test]
async fn a_restart_at_the_moment_fires_nothing_twice() {
    let world = World::default();
    let run = world
        .start(&[every_minute(), once()], minutes(19, 30))
        .await;
    let fired = world.at(&run, minutes(20, 0)).await;
    assert_eq!(fired, ["every 20:00", "once 20:00"]);
    for now in [minutes(20, 0), minutes(10, 0), minutes(20, 59)] {
        let run = world.start(&[every_minute(), once()], now).await;
        assert_eq!(world.at(&run, now).await, NOTHING, "{now}");
    }
    let run = world.start(&[every_minute(), once()], minutes(21, 0)).await;
    assert_eq!(world.at(&run, minutes(21, 0)).await, ["every 21:00"]);
}

#[tokio::test]
async fn what_came_due_while_nothing_ran_is_made_up_for_once() {
    let world = World::default();
    let all = [every_minute(), once()];
    let run = world.start(&all, minutes(10, 30)).await;
    drop(run);
    let run = world.start(&all, minutes(35, 20)).await;
    assert_eq!(
        run.wakes_at(minutes(35, 20)).since(minutes(35, 20)),
        Duration::ZERO
    );
    let fired = world.at(&run, minutes(35, 20)).await;
    assert_eq!(fired, ["every 35:00", "once 20:00"]);
    assert_eq!(world.at(&run, minutes(35, 20)).await, NOTHING);
    let run = world.start(&all, minutes(35, 30)).await;
    assert_eq!(world.at(&run, minutes(35, 59)).await, NOTHING);
    assert_eq!(world.at(&run, minutes(36, 0)).await, ["every 36:00"]);
}

#[tokio::test]
async fn what_is_too_long_ago_is_passed_over_but_a_moment() {
    let world = World::default();
    let weekly = ScheduleResource {
        arn: "arn:weekly".to_owned(),
        expression: ScheduleExpression::Rate(Duration::from_secs(7 * 86_400)),
        ..every_minute()
    };
    let all = [weekly, once()];
    let day = 24 * 60;
    world.start(&all, minutes(10, 0)).await;
    let run = world.start(&all, minutes(9 * day, 0)).await;
    let fired = world.at(&run, minutes(9 * day, 0)).await;
    assert_eq!(fired, ["once 20:00"]);
    // The same within one run.
    assert_eq!(world.at(&run, minutes(16 * day, 0)).await, NOTHING);
    let fired = world.at(&run, minutes(21 * day, 0)).await;
    assert_eq!(fired, [format!("every {}:00", 21 * day)]);
}

#[tokio::test]
async fn what_is_new_or_changed_begins_at_its_deployment() {
    let world = World::default();
    let changed = |text: &str| ScheduleResource {
        expression_text: text.to_owned(),
        ..every_minute()
    };
    // An instant that was past at the deployment never fires.
    let run = world.start(&[changed("a"), once()], minutes(30, 0)).await;
    assert_eq!(world.at(&run, minutes(30, 30)).await, NOTHING);
    drop(run);
    let run = world.start(&[changed("b")], minutes(40, 30)).await;
    assert_eq!(world.at(&run, minutes(40, 30)).await, NOTHING);
    drop(run);
    // A disabled schedule misses nothing.
    let disabled = ScheduleResource {
        enabled: false,
        ..changed("b")
    };
    let run = world.start(&[disabled], minutes(50, 30)).await;
    assert_eq!(world.at(&run, minutes(55, 30)).await, NOTHING);
    let run = world.start(&[changed("b")], minutes(60, 30)).await;
    assert_eq!(world.at(&run, minutes(60, 30)).await, NOTHING);
    // A schedule that was removed for a while misses nothing either.
    world.deploy(&run, &[], minutes(61, 30)).await;
    assert_eq!(world.store.schedule_marks().await.unwrap(), []);
    world.deploy(&run, &[changed("b")], minutes(70, 30)).await;
    assert_eq!(world.at(&run, minutes(70, 30)).await, NOTHING);
    // With another input it is the same schedule.
    drop(run);
    let input = ScheduleResource {
        input: Some("{}".to_owned()),
        ..changed("b")
    };
    let run = world.start(&[input], minutes(80, 30)).await;
    assert_eq!(world.at(&run, minutes(80, 30)).await, ["every 80:00"]);
}

#[tokio::test]
async fn what_could_not_be_fired_is_tried_again() {
    let world = World::default();
    let run = world
        .start(&[every_minute(), once()], minutes(19, 30))
        .await;
    world.failing.store(true, Ordering::SeqCst);
    assert_eq!(world.at(&run, minutes(20, 0)).await, NOTHING);
    assert_eq!(
        run.wakes_at(minutes(20, 0)).since(minutes(20, 0)),
        PAUSE_AFTER_FAILURE
    );
    world.failing.store(false, Ordering::SeqCst);
    assert_eq!(world.at(&run, minutes(20, 0)).await, NOTHING, "too soon");
    let fired = world.at(&run, minutes(20, 1)).await;
    assert_eq!(fired, ["every 20:00", "once 20:00"]);
    assert_eq!(world.at(&run, minutes(20, 2)).await, NOTHING);
}

/// At least once: an occurrence with its effect before its mark is fired again after a crash between them. The
/// occurrence's name keeps the second firing from having an effect.
#[tokio::test]
async fn a_crash_between_effect_and_mark_fires_the_same_occurrence_again() {
    let world = World::default();
    let run = world.start(&[once()], minutes(19, 30)).await;
    world.dies.store(true, Ordering::SeqCst);
    assert_eq!(world.at(&run, minutes(20, 0)).await, ["once 20:00"]);
    drop(run);
    world.dies.store(false, Ordering::SeqCst);
    let run = world.start(&[once()], minutes(20, 5)).await;
    assert_eq!(world.at(&run, minutes(20, 5)).await, ["once 20:00"]);
    let run = world.start(&[once()], minutes(20, 6)).await;
    assert_eq!(world.at(&run, minutes(20, 6)).await, NOTHING);
}
