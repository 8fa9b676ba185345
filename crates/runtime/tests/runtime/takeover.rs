//! What happens to a server's executions when it dies, stands still or leaves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use model::{ExecutionId, ExecutionStatus, Owner, Shards};
use store::{Executions as _, MemoryStore, ServerRecord, Servers as _};

use crate::site::{LEASE, Site, run, tick};
use crate::world::{BEGINNING, World, pending, succeeded, wait};

/// Its first look at the others has given it shards, and the database does not answer the next call.
#[tokio::test]
async fn a_server_drives_nothing_past_its_first_lease() {
    let mut site = Site::new();
    let one = site.join_while_held(&["take_word"]).await;
    one.until_driving(256).await;
    one.held.send_replace(&["beat", "take_word"]);
    site.pass(3);
    one.until_driving(0).await;
}

#[tokio::test]
async fn what_a_dead_server_drove_is_taken_over_and_repeated() {
    let (site, one, two) = Site::two().await;
    let lost = one.start("lost").await;
    let waits = one.world.start("waits").await;
    one.world.at_work(&["lost", "waits"]).await;
    one.world.checkpoint("waits", vec![wait("w", 60)]).await;
    one.world.functions.end("waits", pending());
    one.world.at_work(&["lost"]).await;
    one.accept("queued").await;
    let begun = |world: &World| world.functions.plain_begun();
    one.world
        .until("it runs", begun, |it| it == &["queued"])
        .await;

    one.die(&site);
    // Within its lease no other server takes anything.
    site.pass(1);
    tokio::task::yield_now().await;
    assert_eq!(two.world.functions.at_work(), [""; 0]);
    two.until_driving(256).await;
    two.world.at_work(&["lost"]).await;
    two.world
        .until("it is repeated", begun, |it| it == &["queued"])
        .await;
    site.pass(60);
    two.world.at_work(&["lost", "waits"]).await;
    for (name, id) in [("lost", &lost), ("waits", &waits)] {
        two.world.functions.end(name, succeeded());
        two.world.until_status(id, ExecutionStatus::Succeeded).await;
    }
    // The late result of the dead server's function is refused.
    one.world.functions.end("lost", succeeded());
    tokio::task::yield_now().await;
    let completed = two.world.history(&lost).await;
    let completed = completed.iter().filter(|it| *it == "InvocationCompleted");
    assert_eq!(completed.count(), 2, "the lost one and the repeated one");
}

/// As after a laptop's sleep, or SIGSTOP and SIGCONT: it goes on as if nothing had been.
#[tokio::test]
async fn a_server_that_stood_still_stops_and_joins_again() {
    let (_site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let token = one.world.token("loan");
    let tenure = one.world.driver.tenure();
    assert!(tenure.holds());
    one.running.abort();
    two.until_driving(256).await;
    two.world.at_work(&["loan"]).await;
    // Without having noticed, it neither begins an invocation nor has a function go on.
    assert!(!tenure.holds());
    tenure.check().expect_err("it is over");
    // It goes on before it has noticed: its function's checkpoint is refused.
    let late = engine::Input::Checkpoint {
        token,
        client_token: None,
        updates: vec![wait("w", 5)],
    };
    let refused = one.world.driver.process(&id, late).await;
    refused.expect_err("another invocation has the execution");
    run(&one.cluster);
    one.until_driving(128).await;
    two.until_driving(128).await;
    one.world
        .driver
        .tenure()
        .check()
        .expect("it has another one");
    // There was a break, in which the other server has gone on.
    tenure
        .check()
        .expect_err("what was begun before is not gone on with");
    one.world.functions.end("loan", succeeded());
    // The end reported to the other server counts, wherever the shard is by now.
    two.world.functions.end("loan", succeeded());
    two.world
        .until_status(&id, ExecutionStatus::Succeeded)
        .await;
}

/// The answer to a checkpoint was lost, or was not given because the lease was over; the function asks again, and the
/// server remembers what it answered.
#[tokio::test]
async fn a_checkpoint_that_is_repeated_after_a_takeover_is_not_answered_from_memory() {
    let (_site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let checkpoint = engine::Input::Checkpoint {
        token: one.world.token("loan"),
        client_token: Some(model::ClientToken::parse("asked-once").expect("it is one")),
        updates: vec![wait("w", 60)],
    };
    let asked = || one.world.driver.process(&id, checkpoint.clone());
    asked().await.expect("it is taken");
    asked().await.expect("it is answered again");
    one.running.abort();
    two.until_driving(256).await;
    two.world.at_work(&["loan"]).await;
    asked()
        .await
        .expect_err("another invocation has the execution");
}

/// It has the execution in memory as it was when it stood still, because its function is still at work.
#[tokio::test]
async fn what_is_taken_over_again_is_read_again() {
    let (site, one, two) = Site::two().await;
    let (name, _) = one.start_in_a_late_shard().await;
    one.running.abort();
    two.until_driving(256).await;
    let look = |world: &World| world.functions.at_work();
    let is_at_work = |seen: &Vec<String>| seen.contains(&name);
    two.world.until("it is repeated", look, is_at_work).await;
    two.die(&site);
    // The function that is at work is the lost one's.
    one.world.functions.set_no_room(true);
    run(&one.cluster);
    one.until_driving(256).await;
    let look = |world: &World| world.functions.turned_away();
    one.world
        .until("it is to be repeated", look, |seen| *seen > 0)
        .await;
}

/// Another writer records the end of an invocation while it is being reported lost.
#[tokio::test]
async fn a_race_about_a_lost_invocation_sets_nothing_aside() {
    let rival = Arc::new(Mutex::new(None::<Rival>));
    let armed = Arc::clone(&rival);
    let world = World::failing(move |attempted| {
        let rival = match attempted.starts_with("commit execution") {
            true => armed.lock().expect("no test panics here").take(),
            false => None,
        };
        if let Some(rival) = rival {
            rival.commit();
        }
        None
    });
    let id = world.start("loan").await;
    world.at_work(&["loan"]).await;
    let store = Arc::clone(&world.store);
    let transition = end_of_invocation(&world, &id).await;
    let world = world.restarted(2);
    *rival.lock().expect("no test panics here") = Some(Rival { store, transition });
    world.driver.recover().await;
    assert_eq!(world.driver.executions_set_aside(), []);
    assert_eq!(world.status(&id).await, ExecutionStatus::Succeeded);
}

/// Another server, which commits first.
struct Rival {
    store: Arc<MemoryStore>,
    transition: Arc<engine::Transition>,
}

impl Rival {
    fn commit(self) {
        let committed = self.store.commit(self.transition).now_or_never();
        let committed = committed.expect("memory answers at once");
        committed.expect("it is the first");
    }
}

/// The transition that records the success of an execution's function.
async fn end_of_invocation(world: &World, id: &ExecutionId) -> Arc<engine::Transition> {
    let execution = world.store.load(id).await.expect("works");
    let execution = execution.expect("it is there");
    let model::Invocation::Active { request_id, .. } = &execution.state.invocation else {
        panic!("its function is at work");
    };
    let ended = engine::Input::InvocationEnded {
        request_id: request_id.clone(),
        started_at: BEGINNING,
        outcome: succeeded(),
    };
    let context = engine::Context {
        now: BEGINNING,
        chance: engine::Chance::new(1, 2),
        limits: &model::Limits::AWS,
        owner: Owner(7),
    };
    let transition = engine::apply(&execution, ended, context).expect("it is running");
    Arc::new(transition)
}

#[tokio::test]
async fn a_server_that_leaves_repeats_nothing_that_ends_in_time() {
    let (_site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let cluster = Arc::clone(&one.cluster);
    let leaving = tokio::spawn(async move { cluster.leave(Duration::from_secs(60)).await });
    one.until_driving(1).await;
    two.until_driving(255).await;
    one.world.functions.end("loan", succeeded());
    one.world
        .until_status(&id, ExecutionStatus::Succeeded)
        .await;
    let is_done = |world: &World| {
        tick(world);
        leaving.is_finished()
    };
    one.world.until("it has left", is_done, |done| *done).await;
    leaving.await.expect("it does not panic").expect("works");
    two.until_driving(256).await;
    assert_eq!(two.world.functions.begun("loan"), 0);
    assert_eq!(two.cluster.membership().servers.len(), 1);
}

#[tokio::test]
async fn leases_go_by_the_store() {
    let site = Site::new();
    let record = ServerRecord {
        id: Owner(9),
        address: String::new(),
        secret: String::new(),
        version: String::new(),
        started_at: BEGINNING,
        is_leaving: false,
    };
    let seen = site.servers.beat(record, LEASE).await.expect("works");
    assert_eq!(seen.servers.len(), 1);
    site.pass(3);
    let taken = site.servers.claim(Owner(9), Shards::ALL).await;
    assert_eq!(taken.expect("works"), Shards::NONE);
}

#[tokio::test]
async fn a_place_that_one_server_does_not_use_is_the_others() {
    let (site, one, two) = Site::two().await;
    for _ in 0..3 {
        let entered = one.until_entered().await;
        assert!(two.enter().is_none());
        site.pass(2);
        assert!(two.enter().is_none(), "however long it takes");
        drop(entered);
        let entered = two.until_entered().await;
        assert!(one.enter().is_none());
        drop(entered);
    }
    // A dead server's place is free when its lease is over, and not before.
    let _entered = one.until_entered().await;
    one.running.abort();
    for _ in 0..10 {
        tick(&two.world);
        tokio::task::yield_now().await;
        assert!(two.enter().is_none());
    }
    two.until_entered().await;
}

#[tokio::test]
async fn who_stands_still_past_its_lease_begins_nothing() {
    let (site, one, two) = Site::two().await;
    drop(one.until_entered().await);
    one.held.send_replace(&["share_places"]);
    site.pass(3);
    assert!(one.enter().is_none());
    let _entered = two.until_entered().await;
    one.held.send_replace(&[]);
    for _ in 0..10 {
        tick(&one.world);
        tokio::task::yield_now().await;
        assert!(one.enter().is_none());
    }
}
