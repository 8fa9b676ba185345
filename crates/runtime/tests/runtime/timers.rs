//! Deadlines: one must not hold up the others.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use model::{ExecutionId, ExecutionStatus};
use store::{Call, StoreFault, StoreFuture, StoreHealth, StoreTrouble, Surround};
use tokio::sync::Semaphore;

use crate::world::{World, fault, pending, succeeded, wait};

/// Suspends an execution in a wait.
async fn waiting(world: &World, name: &str, seconds: u32) -> ExecutionId {
    let id = world.start(name).await;
    world
        .until(
            "it is at work",
            |world| world.functions.at_work(),
            |at_work| at_work.iter().any(|it| it == name),
        )
        .await;
    world.checkpoint(name, vec![wait("w", seconds)]).await;
    world.functions.end(name, pending());
    id
}

/// A world in which these executions cannot be changed.
fn with_poison(retryable: bool) -> (World, Arc<Mutex<HashSet<ExecutionId>>>) {
    let poisoned: Arc<Mutex<HashSet<ExecutionId>>> = Arc::default();
    let told = Arc::clone(&poisoned);
    let world = World::failing(move |attempted| {
        let poisoned = told.lock().expect("no test panics here");
        let concerned = attempted.starts_with("commit")
            && poisoned.iter().any(|id| attempted.contains(id.as_str()));
        concerned.then(|| fault(attempted, retryable))
    });
    (world, poisoned)
}

#[tokio::test]
async fn many_deadlines_at_one_moment_all_fire() {
    let world = World::new();
    world.run_timers();
    let mut ids = Vec::new();
    for number in 0..700 {
        ids.push(waiting(&world, &format!("n-{number:03}"), 60).await);
    }
    world.advance(60);
    world
        .until(
            "all are at work",
            |world| world.functions.at_work().len(),
            |at_work| *at_work == ids.len(),
        )
        .await;
    for number in 0..700 {
        world.functions.end(&format!("n-{number:03}"), succeeded());
    }
    for id in &ids {
        world.until_status(id, ExecutionStatus::Succeeded).await;
    }
}

/// A store that does few things at a time, as one with a pool of connections does.
struct Slots(Arc<Semaphore>);

impl Surround for Slots {
    fn call<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> StoreFuture<'a, T, E>
    where
        T: Send + 'a,
        E: From<StoreFault> + Send + 'a,
    {
        if !matches!(call, Call::Load(_) | Call::Read(_)) {
            return inner();
        }
        Box::pin(async move {
            let _slot = self.0.acquire().await.expect("it is never closed");
            tokio::task::yield_now().await;
            inner().await
        })
    }
}

/// The read of further deadlines and the executions that are being fired wait for the same slots.
#[tokio::test]
async fn a_burst_does_not_keep_the_next_read_from_a_connection() {
    let before = World::new();
    let mut ids = Vec::new();
    for number in 0..700 {
        ids.push(waiting(&before, &format!("n-{number:03}"), 60).await);
    }
    for id in &ids {
        while before.history(id).await.last().map(String::as_str) != Some("InvocationCompleted") {
            tokio::task::yield_now().await;
        }
    }

    let world = before.beside(2, Slots(Arc::new(Semaphore::new(2))));
    world.advance(60);
    world.run_timers();
    world
        .until(
            "all are at work",
            |world| world.functions.at_work().len(),
            |at_work| *at_work == ids.len(),
        )
        .await;
}

/// More than are read at once: deadlines that fail come before those that do not.
#[tokio::test]
async fn deadlines_that_always_fail_are_set_aside_and_do_not_delay_the_others() {
    let (world, poisoned) = with_poison(false);
    world.run_timers();
    let mut bad = HashSet::new();
    for number in 0..300 {
        bad.insert(waiting(&world, &format!("bad-{number:03}"), 10).await);
    }
    waiting(&world, "good", 11).await;
    poisoned
        .lock()
        .expect("no test panics here")
        .clone_from(&bad);
    world.advance(11);
    // The clock stands still: no failing deadline makes the others wait for its pause.
    world.at_work(&["good"]).await;
    world
        .until(
            "all that fail are set aside",
            |world| world.driver.set_aside_count(),
            |count| *count == 300,
        )
        .await;
    let aside = world.driver.executions_set_aside();
    assert!(
        aside
            .iter()
            .all(|record| bad.contains(&record.execution_id))
    );
    assert_eq!(aside[0].attempted, "fire a deadline");
}

/// A failure that may pass is tried again by itself, and given up when it does not pass.
#[tokio::test]
async fn a_deadline_that_fails_now_and_then_is_tried_again_by_itself() {
    let (world, poisoned) = with_poison(true);
    world.run_timers();
    let id = waiting(&world, "odd", 10).await;
    waiting(&world, "good", 10).await;
    poisoned
        .lock()
        .expect("no test panics here")
        .insert(id.clone());
    world.advance(10);
    world.at_work(&["good"]).await;
    assert_eq!(world.driver.set_aside_count(), 0);
    poisoned.lock().expect("no test panics here").clear();
    world
        .until(
            "it is tried again",
            |world| {
                world.advance(1);
                world.functions.at_work()
            },
            |at_work| at_work == &["good", "odd"],
        )
        .await;

    let never = waiting(&world, "never", 10).await;
    poisoned
        .lock()
        .expect("no test panics here")
        .insert(never.clone());
    world
        .until(
            "it is set aside",
            |world| {
                world.advance(1);
                world.driver.executions_set_aside()
            },
            |aside| aside.iter().any(|record| record.execution_id == never),
        )
        .await;
}

#[tokio::test]
async fn the_pulse_says_when_deadlines_were_read_and_how_late_they_are() {
    let world = World::new();
    assert_eq!(world.driver.timer_pulse().read_at, None);
    waiting(&world, "late", 10).await;
    world.advance(25);
    world.run_timers();
    world
        .until(
            "they are read",
            |world| world.driver.timer_pulse().read_at,
            Option::is_some,
        )
        .await;
    world.at_work(&["late"]).await;
}

/// A store whose next commits fail; it says that it is ill until the last of them.
#[derive(Clone)]
struct Ill(Arc<AtomicU32>);

impl Surround for Ill {
    fn call<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> StoreFuture<'a, T, E>
    where
        T: Send + 'a,
        E: From<StoreFault> + Send + 'a,
    {
        let is_left = |left: u32| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if matches!(call, Call::Commit(_)) && self.0.fetch_update(order, order, is_left).is_ok() {
            let fault = StoreFault::new("commit", true, "told to fail");
            return Box::pin(async move { Err(fault.into()) });
        }
        inner()
    }

    fn health(&self, inner: StoreHealth) -> StoreHealth {
        let is_ill = self.0.load(Ordering::SeqCst) > 1;
        let trouble = is_ill.then(|| StoreTrouble::WriterGone("told to".to_owned()));
        StoreHealth { trouble, ..inner }
    }
}

/// As on a full disk: what fails then says nothing about the execution.
#[tokio::test]
async fn failures_of_an_ill_store_do_not_count_when_it_is_well_again() {
    let before = World::new();
    let id = waiting(&before, "patient", 10).await;
    while before.history(&id).await.last().map(String::as_str) != Some("InvocationCompleted") {
        tokio::task::yield_now().await;
    }
    let world = before.beside(2, Ill(Arc::new(AtomicU32::new(9))));
    world.advance(10);
    world.run_timers();
    let look = |world: &World| {
        world.advance(1);
        let aside = world.driver.set_aside_count();
        (world.functions.at_work().len(), aside)
    };
    let is_decided = |seen: &(usize, usize)| *seen != (0, 0);
    world.until("it is fired", look, is_decided).await;
    assert_eq!(world.driver.set_aside_count(), 0);
}
