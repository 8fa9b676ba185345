//! Several servers on one store: who drives what, and what becomes of it when one of them dies, stands still, leaves,
//! or is not reached.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use model::{ExecutionId, ExecutionStatus, Owner, Shard, Shards};
use runtime::Notice;
use store::{AsyncInvocation, Executions as _, MemoryStore, ServerRecord, Servers as _};

use crate::site::{LEASE, Server, Site, run, tick};
use crate::world::{BEGINNING, World, pending, succeeded, update, wait};

#[tokio::test]
async fn shards_are_divided_evenly_as_servers_come() {
    let mut site = Site::new();
    let one = site.join().await;
    assert!(one.world.driver.shards().is_all(), "it is alone");
    let two = site.join().await;
    assert!(two.world.driver.shards().is_empty(), "all are taken");
    one.until_driving(128).await;
    two.until_driving(128).await;
    let three = site.join().await;
    for server in [&one, &two, &three] {
        let look = |world: &World| {
            tick(world);
            world.driver.shards().len()
        };
        let is_even = |seen: &usize| [85, 86].contains(seen);
        server.world.until("shares are even", look, is_even).await;
    }
    let all = [&one, &two, &three].map(|server| server.world.driver.shards());
    assert_eq!(all.iter().map(Shards::len).sum::<usize>(), Shard::COUNT);
    assert!(all[0].common(all[1]).is_empty() && all[1].common(all[2]).is_empty());
}

#[tokio::test]
async fn what_one_server_is_told_another_goes_on_with() {
    let (_site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let answer = callback(&one, "loan").await;
    two.world
        .driver
        .process(&id, answer)
        .await
        .expect("answered");
    one.world.at_work(&["loan"]).await;
    assert_eq!(two.world.functions.begun("loan"), 0);
    // A deadline that is set elsewhere wakes who drives it: the timer sleeps until the execution's own timeout.
    one.world
        .checkpoint_at(&two.world, "loan", vec![wait("w", 20)])
        .await;
    one.world.functions.end("loan", pending());
    one.world.at_work(&[]).await;
    let look = |world: &World| {
        tick(world);
        world.functions.at_work()
    };
    let is_at_work = |seen: &Vec<String>| seen == &["loan"];
    one.world.until("the wait is over", look, is_at_work).await;
    assert_eq!(one.world.functions.begun("loan"), 3);
    assert_eq!(two.world.functions.begun("loan"), 0);
}

/// It has the execution in memory, as it was before another server changed it.
#[tokio::test]
async fn nothing_is_refused_by_what_is_in_memory() {
    let (site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    site.line.set_cut(true);
    let started = vec![callback_started()];
    one.world.checkpoint_at(&two.world, "loan", started).await;
    let answer = answer_to(&one.world, &id).await;
    let answered = one.world.driver.process(&id, answer).await;
    answered.expect("the callback is open");
}

#[tokio::test]
async fn whoever_waits_elsewhere_learns_of_the_end() {
    let (_site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let (driver, waited) = (two.world.driver.clone(), id.clone());
    let waiting = tokio::spawn(async move { driver.wait_ended(&waited).await });
    one.world.functions.end("loan", succeeded());
    one.world
        .until_status(&id, ExecutionStatus::Succeeded)
        .await;
    let is_done = |world: &World| {
        tick(world);
        waiting.is_finished()
    };
    one.world.until("it is told", is_done, |done| *done).await;
    let ended = waiting.await.expect("it does not panic").expect("works");
    let status = ended.expect("there is such an execution").state.status();
    assert_eq!(status, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn word_is_left_for_a_server_that_is_not_reached() {
    let (site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let answer = callback(&one, "loan").await;
    site.line.set_cut(true);
    two.world
        .driver
        .process(&id, answer)
        .await
        .expect("answered");
    let look = |world: &World| {
        tick(world);
        world.functions.at_work()
    };
    let is_at_work = |seen: &Vec<String>| seen == &["loan"];
    one.world.until("it finds the word", look, is_at_work).await;
    assert_eq!(two.world.functions.begun("loan"), 0);
}

/// What a dead server changed, and did not come to tell who drives it.
#[tokio::test]
async fn what_a_dead_server_did_not_tell_is_found() {
    let (site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let answer = callback(&one, "loan").await;
    two.die(&site);
    two.world
        .driver
        .process(&id, answer)
        .await
        .expect("answered");
    tokio::task::yield_now().await;
    assert_eq!(one.world.functions.at_work(), [""; 0]);
    let look = |world: &World| {
        tick(world);
        world.functions.at_work()
    };
    let is_at_work = |seen: &Vec<String>| seen == &["loan"];
    one.world
        .until("it looks at all it drives", look, is_at_work)
        .await;
}

/// The executions of a shard that nobody drives can be changed all the same.
#[tokio::test]
async fn what_nobody_drives_goes_on_when_somebody_does() {
    let (site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let answer = callback(&one, "loan").await;
    one.die(&site);
    let free = async || {
        let seen = two.cluster.membership();
        seen.servers.len() == 1
    };
    two.world
        .driver
        .process(&id, answer)
        .await
        .expect("answered");
    while !free().await {
        tick(&two.world);
        tokio::task::yield_now().await;
    }
    two.world.at_work(&["loan"]).await;
}

/// It was scheduled for nobody, by a server that died before it could tell anybody.
#[tokio::test]
async fn what_was_scheduled_for_nobody_is_taken_up() {
    let (mut site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let answer = callback(&one, "loan").await;
    one.die(&site);
    two.held.send_replace(&["beat"]);
    site.pass(10);
    two.until_driving(0).await;
    two.world
        .driver
        .process(&id, answer)
        .await
        .expect("answered");
    two.die(&site);
    let three = site.join().await;
    three.until_driving(256).await;
    three.world.at_work(&["loan"]).await;
}

/// It was applied while the server drove nothing, and is done once it drives the shard again.
#[tokio::test]
async fn what_was_scheduled_for_nobody_is_not_begun_as_ones_own() {
    let mut site = Site::new();
    let one = site.join().await;
    let id = one.start("loan").await;
    let answer = callback(&one, "loan").await;
    one.held.send_replace(&["beat", "commit"]);
    site.pass(10);
    one.until_driving(0).await;
    let (driver, answered) = (one.world.driver.clone(), id.clone());
    let answering = tokio::spawn(async move { driver.process(&answered, answer).await });
    tokio::task::yield_now().await;
    one.held.send_replace(&["commit"]);
    one.until_driving(256).await;
    one.held.send_replace(&[]);
    let answered = answering.await.expect("it does not panic");
    answered.expect("the callback is open");
    one.world.at_work(&["loan"]).await;
    let execution = one.world.store.load(&id).await.expect("works");
    let owner = execution.expect("it is there").state.invocation_owner();
    assert_eq!(owner, Some(one.id()));
}

/// Whoever took the shard over has looked at what is in it before, and has never seen the server that changes it.
#[tokio::test]
async fn whoever_took_a_shard_over_is_told_by_a_server_that_did_not_know() {
    let (mut site, one, two) = Site::two().await;
    let (name, id) = one.start_in_a_late_shard().await;
    let answer = callback(&one, &name).await;
    one.die(&site);
    two.held.send_replace(&["beat"]);
    site.pass(10);
    two.until_driving(0).await;
    let three = site.join().await;
    three.until_driving(256).await;
    two.world
        .driver
        .process(&id, answer)
        .await
        .expect("answered");
    two.held.send_replace(&[]);
    let look = |world: &World| {
        tick(world);
        world.functions.at_work()
    };
    let is_at_work = |seen: &Vec<String>| seen.contains(&name);
    three.world.until("it is told", look, is_at_work).await;
}

#[tokio::test]
async fn what_is_gained_while_other_shards_are_given_away_is_taken_up() {
    let (mut site, one, two) = Site::two().await;
    let (name, _) = one.start_in_a_late_shard().await;
    one.running.abort();
    two.held.send_replace(&["beat"]);
    tick(&two.world);
    let (from, to) = (one.id(), two.id());
    let given = site.servers.give(from, Shards::ALL, Some(to)).await;
    given.expect("works");
    two.cluster.hear(Notice {
        executions: Vec::new(),
        shards_moved: true,
        places_moved: false,
    });
    let three = site.join().await;
    two.held.send_replace(&[]);
    let look = |world: &World| world.functions.at_work();
    let is_at_work = |seen: &Vec<String>| seen.contains(&name);
    two.world.until("it is taken up", look, is_at_work).await;
    assert!(!three.world.driver.shards().is_empty(), "it was given some");
}

/// Its first look at the others has given it shards, and the database does not answer what comes next.
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
    accept(&one, "queued").await;
    let begun = |world: &World| world.functions.plain_begun();
    one.world
        .until("it runs", begun, |it| it == &["queued"])
        .await;

    one.die(&site);
    // Within its lease nobody takes anything.
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
    // What the dead one's function says late is refused.
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
    // There was a break, in which the other one has gone on.
    tenure
        .check()
        .expect_err("what was begun before is not gone on with");
    one.world.functions.end("loan", succeeded());
    // The end that the other server is told counts, wherever the shard is by now.
    two.world.functions.end("loan", succeeded());
    two.world
        .until_status(&id, ExecutionStatus::Succeeded)
        .await;
}

/// The answer to a checkpoint was lost, or was not given because the lease was over; the function asks again, and the server
/// remembers what it answered.
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

/// Somebody else records the end of an invocation while it is being reported lost.
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

/// What records that the function of an execution has succeeded.
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

/// Suspends an execution on a callback; returns the answer to it.
async fn callback(server: &Server, name: &str) -> engine::Input {
    server
        .world
        .checkpoint(name, vec![callback_started()])
        .await;
    server.world.functions.end(name, pending());
    let name = name.to_owned();
    let id = server.world.id_of(&name).await;
    let is_suspended = || async {
        let record = server.world.store.record(&id).await.expect("works");
        let state = record.expect("it is there").state;
        state.invocation == model::Invocation::Idle
    };
    while !is_suspended().await {
        tokio::task::yield_now().await;
    }
    answer_to(&server.world, &id).await
}

fn callback_started() -> model::OperationUpdate {
    model::OperationUpdate {
        callback_options: Some(model::CallbackOptions::default()),
        ..update("cb", model::OperationType::Callback)
    }
}

/// The answer to the callback that is open.
async fn answer_to(world: &World, id: &ExecutionId) -> engine::Input {
    let execution = world.store.load(id).await.expect("works");
    let execution = execution.expect("it is there");
    let operation_id = model::OperationId::parse("cb").expect("a valid id");
    let operation = execution.operation(&operation_id).expect("it is open");
    let model::OperationDetails::Callback { callback_id, .. } = &operation.details else {
        panic!("it is a callback");
    };
    engine::Input::CallbackSucceeded {
        operation_id,
        callback_id: callback_id.clone(),
        result: Some("1".into()),
    }
}

fn invocation(server: &Server, payload: &str) -> AsyncInvocation {
    AsyncInvocation {
        request_id: server.world.driver.new_accepted_id(),
        function: "Fraud".to_owned().try_into().expect("a valid name"),
        version: model::Version::Published(1),
        invoked_arn: String::new(),
        payload: payload.as_bytes().to_vec(),
        client_context: None,
        trace_header: None,
        tenant_id: None,
        accepted_at: BEGINNING,
        attempts: 0,
        not_before: BEGINNING,
    }
}

async fn accept(server: &Server, payload: &str) {
    let accepted = server
        .world
        .driver
        .enqueue(invocation(server, payload))
        .await;
    accepted.expect("accepted");
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

/// As that of a schedule, whose id follows from the schedule, or a destination's.
#[tokio::test]
async fn what_is_accepted_in_anothers_shard_is_run_where_it_was_accepted() {
    let (_site, one, two) = Site::two().await;
    one.world.functions.set_concurrency(1);
    accept(&one, "first").await;
    let begun = |world: &World| world.functions.plain_begun();
    one.world
        .until("the first runs", begun, |it| it == &["first"])
        .await;
    // There is no room, so that it waits.
    let theirs = two.world.driver.shards().nth(0).expect("it drives half");
    let mut invocation = invocation(&one, "guest");
    let id = format!("guest-{:02x}", theirs.0);
    invocation.request_id = model::RequestId::parse(&id).expect("a valid id");
    let accepted = one.world.driver.enqueue(invocation).await;
    accepted.expect("accepted");
    let succeeded = || runtime::PlainOutcome::Succeeded(Vec::new());
    one.world.functions.end_plain(succeeded());
    one.world
        .until("the guest runs", begun, |it| it == &["first", "guest"])
        .await;
    one.world.functions.end_plain(succeeded());
    let waiting = |world: &World| world.driver.queued_count();
    one.world.until("all is done", waiting, |it| *it == 0).await;
    assert_eq!(two.world.functions.plain_begun(), [""; 0]);
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
    // What a dead server used is free when its lease is over, and not before.
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
