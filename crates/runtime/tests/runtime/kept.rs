//! Unused executions that are in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::ExecutionStatus;

use crate::world::{World, pending, succeeded, wait};

/// A world, and how often its driver has loaded an execution.
fn world() -> (World, Arc<AtomicUsize>) {
    let loads = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&loads);
    let world = World::failing(move |attempted| {
        let is_load = attempted.starts_with("load execution");
        counted.fetch_add(usize::from(is_load), Ordering::Relaxed);
        None
    });
    (world, loads)
}

/// One execution waits for its turn and the other for a time; then both come to their end.
async fn take_turns_and_wait(world: &World) {
    world.run_timers();
    world.functions.set_concurrency(1);
    let first = world.start("first").await;
    let second = world.start("second").await;
    world.at_work(&["first"]).await;
    world.checkpoint("first", vec![wait("w", 60)]).await;
    world.functions.end("first", pending());
    world.at_work(&["second"]).await;
    world.functions.end("second", succeeded());
    world
        .until_status(&second, ExecutionStatus::Succeeded)
        .await;
    let residents = |world: &World| world.driver.resident_count();
    world
        .until("nobody uses it", residents, |it| *it == 0)
        .await;
    world.advance(60);
    world.at_work(&["first"]).await;
    world.functions.end("first", succeeded());
    world.until_status(&first, ExecutionStatus::Succeeded).await;
}

#[tokio::test]
async fn a_turn_and_a_wait_cost_no_look_into_the_store() {
    let (world, loads) = world();
    take_turns_and_wait(&world).await;
    assert_eq!(loads.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_somebody_else_may_change_is_read_again() {
    let (world, loads) = world();
    world.driver.keep_nothing();
    take_turns_and_wait(&world).await;
    // The second one at its turn, the first one when its time has come.
    assert!(loads.load(Ordering::Relaxed) >= 2);
}
