//! Several servers on one store: which server drives which execution, and how they tell each other of changes.

use model::{ExecutionId, ExecutionStatus, Shard, Shards};
use runtime::Notice;
use store::{Executions as _, Servers as _};

use crate::site::{Server, Site, tick};
use crate::turns::chained;
use crate::world::{World, pending, succeeded, update, wait};

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
    // A deadline set elsewhere wakes the execution's driver, whose timer sleeps until the execution's timeout.
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

/// A dead server's changes of which it did not tell the driver.
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

/// The executions of a shard without a driver can be changed all the same.
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

/// It was scheduled for no server, by one that died before it could tell another.
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

/// The server that took the shard over has looked at it before, and has never seen the server that changes it.
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

/// As with one that waits for a process while its shard is passed on, and that the other server repeats.
#[tokio::test]
async fn an_invocation_whose_shard_was_given_away_does_not_begin() {
    let (site, one, two) = Site::two().await;
    let id = one.start("loan").await;
    let tenure = one.world.functions.tenure("loan");
    one.world.checkpoint("loan", vec![chained("fraud")]).await;
    let look = |world: &World| world.functions.plain_tenure().is_some();
    let is_begun = |begun: &bool| *begun;
    one.world.until("it is invoked", look, is_begun).await;
    let chained = one.world.functions.plain_tenure().expect("it has begun");
    assert!(tenure.holds() && chained.holds());
    let (from, to) = (one.id(), two.id());
    let given = site.servers.give(from, Shards::ALL, Some(to)).await;
    given.expect("works");
    let drives = |world: &World| {
        tick(world);
        world.driver.drives(&id)
    };
    let is_gone = |drives: &bool| !drives;
    one.world.until("it is another's", drives, is_gone).await;
    assert!(one.world.driver.tenure().holds(), "its lease goes on");
    assert!(!tenure.holds() && !chained.holds());
    two.world.at_work(&["loan"]).await;
    // Nor when the shard comes back, after the other server has repeated the invocation.
    let given = site.servers.give(to, Shards::ALL, Some(from)).await;
    given.expect("works");
    let is_back = |drives: &bool| *drives;
    one.world.until("it is back", drives, is_back).await;
    assert!(!tenure.holds());
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

/// As that of a schedule, whose id follows from the schedule, or a destination's.
#[tokio::test]
async fn what_is_accepted_in_anothers_shard_is_run_where_it_was_accepted() {
    let (_site, one, two) = Site::two().await;
    one.world.functions.set_concurrency(1);
    one.accept("first").await;
    let begun = |world: &World| world.functions.plain_begun();
    one.world
        .until("the first runs", begun, |it| it == &["first"])
        .await;
    // There is no room, so that it waits.
    let theirs = two.world.driver.shards().nth(0).expect("it drives half");
    let mut invocation = one.invocation("guest");
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
