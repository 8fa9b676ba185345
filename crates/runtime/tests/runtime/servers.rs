//! Several servers on one store: who drives what, and what becomes of it when one of them dies, stands still, leaves,
//! or is not reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{ExecutionId, ExecutionStatus, Owner, Shard, Shards};
use runtime::{Clock as _, Cluster, ClusterConfig, MessageFuture, Messenger, Notice};
use store::{AsyncInvocation, Executions as _, MemoryServers, ServerRecord, Servers as _};
use tokio::task::AbortHandle;

use crate::world::{BEGINNING, World, pending, succeeded, update, wait};

const LEASE: Duration = Duration::from_secs(3);

/// Tells servers of the same process, unless the line is cut.
#[derive(Default)]
struct Line {
    state: Mutex<LineState>,
}

#[derive(Default)]
struct LineState {
    clusters: BTreeMap<Owner, Arc<Cluster>>,
    is_cut: bool,
}

impl Line {
    fn set_cut(&self, is_cut: bool) {
        self.state.lock().expect("no test panics here").is_cut = is_cut;
    }
}

impl Messenger for Line {
    fn tell<'a>(&'a self, to: &'a ServerRecord, notice: Notice) -> MessageFuture<'a> {
        let state = self.state.lock().expect("no test panics here");
        let told = match state.clusters.get(&to.id) {
            Some(cluster) if !state.is_cut => {
                cluster.hear(notice);
                Ok(())
            }
            Some(_) | None => Err("the line is cut".to_owned()),
        };
        Box::pin(async move { told })
    }
}

/// A server among others.
struct Server {
    world: World,
    cluster: Arc<Cluster>,
    running: AbortHandle,
}

/// What the servers have in common.
struct Site {
    line: Arc<Line>,
    servers: MemoryServers,
    first: World,
    count: u64,
}

impl Site {
    fn new() -> Self {
        let first = World::new();
        let clock = Arc::clone(&first.clock);
        Self {
            line: Arc::default(),
            servers: MemoryServers::new(move || clock.now()),
            first,
            count: 1,
        }
    }

    /// Another server takes part.
    async fn join(&mut self) -> Server {
        self.count += 1;
        let world = self.first.beside(self.count);
        let config = ClusterConfig {
            servers: Arc::new(self.servers.clone()),
            messenger: Arc::clone(&self.line) as _,
            address: format!("server-{}", self.count),
            secret: String::new(),
            version: "1".to_owned(),
            lease: LEASE,
        };
        let cluster = Cluster::new(world.driver.clone(), config);
        {
            let mut line = self.line.state.lock().expect("no test panics here");
            line.clusters.insert(cluster.id(), Arc::clone(&cluster));
        }
        let running = run(&cluster);
        world.run_timers();
        cluster.joined().await;
        Server {
            world,
            cluster,
            running,
        }
    }

    /// Two servers that have half of the shards each.
    async fn two() -> (Self, Server, Server) {
        let mut site = Self::new();
        let (one, two) = (site.join().await, site.join().await);
        for server in [&one, &two] {
            server.until_driving(128).await;
        }
        (site, one, two)
    }

    fn pass(&self, seconds: u32) {
        self.first.advance(seconds);
    }
}

/// Lets a little time pass: a lease is many of these.
fn tick(world: &World) {
    world.advance_by(Duration::from_millis(10));
}

fn run(cluster: &Arc<Cluster>) -> AbortHandle {
    let cluster = Arc::clone(cluster);
    tokio::spawn(async move { cluster.run().await }).abort_handle()
}

impl Server {
    fn id(&self) -> Owner {
        self.cluster.id()
    }

    async fn until_driving(&self, count: usize) {
        let look = |world: &World| {
            tick(world);
            world.driver.shards().len()
        };
        let what = format!("server {:?} drives {count} shards", self.id());
        self.world.until(&what, look, |seen| *seen == count).await;
    }

    /// It dies: it says no more that it lives, and its functions are gone.
    fn die(&self, site: &Site) {
        self.running.abort();
        let mut line = site.line.state.lock().expect("no test panics here");
        line.clusters.remove(&self.id());
    }

    async fn start(&self, name: &str) -> ExecutionId {
        let id = self.world.start(name).await;
        assert!(self.world.driver.drives(&id), "it starts what it drives");
        self.world.at_work(&[name]).await;
        id
    }
}

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
    one.running.abort();
    two.until_driving(256).await;
    two.world.at_work(&["loan"]).await;
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
    one.world.functions.end("loan", succeeded());
    // The end that the other server is told counts, wherever the shard is by now.
    two.world.functions.end("loan", succeeded());
    two.world
        .until_status(&id, ExecutionStatus::Succeeded)
        .await;
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
    let started = model::OperationUpdate {
        callback_options: Some(model::CallbackOptions::default()),
        ..update("cb", model::OperationType::Callback)
    };
    server.world.checkpoint(name, vec![started]).await;
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
    let execution = server.world.store.load(&id).await.expect("works");
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

async fn accept(server: &Server, payload: &str) {
    let invocation = AsyncInvocation {
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
    };
    let accepted = server.world.driver.enqueue(invocation).await;
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
