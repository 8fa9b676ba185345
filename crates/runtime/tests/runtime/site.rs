//! Servers of one process on one store, by one clock: the line between them can be cut, and their database may not
//! answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{ExecutionId, FunctionName, Owner, Shards, Version};
use runtime::{
    Clock as _, Cluster, ClusterConfig, Entered, MessageFuture, Messenger, Notice, Places,
    Reservations, Room,
};
use store::{
    AsyncInvocation, Call, Membership, MemoryServers, PlacesAsk, PlacesSeen, ServerRecord, Servers,
    StoreFault, StoreFuture, Surround, Survey,
};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::world::{BEGINNING, World};

pub const LEASE: Duration = Duration::from_secs(3);

/// Tells servers of the same process, unless the line is cut.
#[derive(Default)]
pub struct Line {
    state: Mutex<LineState>,
}

#[derive(Default)]
pub struct LineState {
    clusters: BTreeMap<Owner, Arc<Cluster>>,
    is_cut: bool,
}

impl Line {
    pub fn set_cut(&self, is_cut: bool) {
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

/// Calls of the list of servers, and `commit`.
pub type Calls = &'static [&'static str];

/// The list of the servers as one of them sees it. It does not answer calls that are held up.
pub struct Gate {
    inner: MemoryServers,
    held: watch::Receiver<Calls>,
}

impl Gate {
    pub async fn pass(&self, call: &'static str) {
        let mut held = self.held.clone();
        let is_open = held.wait_for(|held| !held.contains(&call)).await;
        is_open.expect("the server has the sender");
    }
}

impl Servers for Gate {
    fn beat(&self, server: ServerRecord, lease: Duration) -> StoreFuture<'_, Membership> {
        Box::pin(async move {
            self.pass("beat").await;
            self.inner.beat(server, lease).await
        })
    }

    fn survey(&self) -> StoreFuture<'_, Survey> {
        self.inner.survey()
    }

    fn claim(&self, by: Owner, shards: Shards) -> StoreFuture<'_, Shards> {
        self.inner.claim(by, shards)
    }

    fn give(&self, from: Owner, shards: Shards, to: Option<Owner>) -> StoreFuture<'_, ()> {
        self.inner.give(from, shards, to)
    }

    fn leave_word(&self, to: Owner, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()> {
        self.inner.leave_word(to, executions)
    }

    fn take_word(&self, of: Owner) -> StoreFuture<'_, Vec<ExecutionId>> {
        Box::pin(async move {
            self.pass("take_word").await;
            self.inner.take_word(of).await
        })
    }

    fn share_places(
        &self,
        server: Owner,
        question: u64,
        asks: Vec<PlacesAsk>,
        lease: Duration,
    ) -> StoreFuture<'_, PlacesSeen> {
        Box::pin(async move {
            self.pass("share_places").await;
            self.inner.share_places(server, question, asks, lease).await
        })
    }

    fn leave(&self, server: Owner) -> StoreFuture<'_, ()> {
        self.inner.leave(server)
    }
}

/// The executions as one of the servers sees them: its commits may be held up.
struct Commits(watch::Receiver<Calls>);

impl Surround for Commits {
    fn call<'a, T, E>(
        &'a self,
        call: Call,
        inner: impl FnOnce() -> StoreFuture<'a, T, E> + Send + 'a,
    ) -> StoreFuture<'a, T, E>
    where
        T: Send + 'a,
        E: From<StoreFault> + Send + 'a,
    {
        let mut held = self.0.clone();
        Box::pin(async move {
            if let Call::Commit(_) = call {
                let is_open = held.wait_for(|held| !held.contains(&"commit")).await;
                is_open.expect("the server has the sender");
            }
            inner().await
        })
    }
}

/// The one function whose concurrency is reserved: one invocation at a time, at all servers together.
#[derive(Default)]
pub struct OneAtATime {
    pub places: Places,
    pub changed: Arc<Notify>,
}

impl Reservations for OneAtATime {
    fn reserved(&self) -> Vec<(FunctionName, usize, Places)> {
        let name = FunctionName::parse("loan").expect("a valid name");
        vec![(name, 1, self.places.clone())]
    }

    fn places_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }
}

/// A server among others.
pub struct Server {
    pub world: World,
    pub cluster: Arc<Cluster>,
    pub running: AbortHandle,
    pub reserved: Arc<OneAtATime>,
    /// The calls that are not answered.
    pub held: watch::Sender<Calls>,
}

/// The things that the servers share.
pub struct Site {
    pub line: Arc<Line>,
    pub servers: MemoryServers,
    pub first: World,
    pub count: u64,
}

impl Site {
    pub fn new() -> Self {
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
    pub async fn join(&mut self) -> Server {
        self.join_while_held(&[]).await
    }

    pub async fn join_while_held(&mut self, calls: Calls) -> Server {
        self.count += 1;
        let (held, receiver) = watch::channel(calls);
        let commits = Commits(receiver.clone());
        let world = self.first.beside(self.count, commits);
        let reserved = Arc::<OneAtATime>::default();
        let config = ClusterConfig {
            servers: Arc::new(Gate {
                inner: self.servers.clone(),
                held: receiver,
            }),
            messenger: Arc::clone(&self.line) as _,
            address: format!("server-{}", self.count),
            secret: String::new(),
            version: "1".to_owned(),
            reservations: Some(Arc::clone(&reserved) as _),
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
            reserved,
            held,
        }
    }

    /// Two servers that have half of the shards each.
    pub async fn two() -> (Self, Server, Server) {
        let mut site = Self::new();
        let (one, two) = (site.join().await, site.join().await);
        for server in [&one, &two] {
            server.until_driving(128).await;
        }
        (site, one, two)
    }

    pub fn pass(&self, seconds: u32) {
        self.first.advance(seconds);
    }
}

/// Lets a little time pass: a lease is many of these.
pub fn tick(world: &World) {
    world.advance_by(Duration::from_millis(10));
}

pub fn run(cluster: &Arc<Cluster>) -> AbortHandle {
    let cluster = Arc::clone(cluster);
    tokio::spawn(async move { cluster.run().await }).abort_handle()
}

impl Server {
    /// An invocation of a plain function, as it is accepted here.
    pub fn invocation(&self, payload: &str) -> AsyncInvocation {
        AsyncInvocation {
            request_id: self.world.driver.new_accepted_id(),
            function: "Fraud".to_owned().try_into().expect("a valid name"),
            version: Version::Published(1),
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

    pub async fn accept(&self, payload: &str) {
        let accepted = self.world.driver.enqueue(self.invocation(payload)).await;
        accepted.expect("accepted");
    }

    /// Begins an invocation of the function whose concurrency is reserved, if there is room.
    pub fn enter(&self) -> Option<Entered> {
        let room = Room::Shared {
            limit: 1,
            now: self.world.clock.now(),
            changed: Arc::clone(&self.reserved.changed),
        };
        self.reserved.places.take(&room)
    }

    /// The same, as soon as there is room.
    pub async fn until_entered(&self) -> Entered {
        for _ in 0..1_000 {
            if let Some(entered) = self.enter() {
                return entered;
            }
            tick(&self.world);
            tokio::task::yield_now().await;
        }
        panic!("there is no room");
    }

    pub fn id(&self) -> Owner {
        self.cluster.id()
    }

    pub async fn until_driving(&self, count: usize) {
        let look = |world: &World| {
            tick(world);
            world.driver.shards().len()
        };
        let what = format!("server {:?} drives {count} shards", self.id());
        self.world.until(&what, look, |seen| *seen == count).await;
    }

    /// It dies: it says no more that it lives, and its functions are gone.
    pub fn die(&self, site: &Site) {
        self.running.abort();
        let mut line = site.line.state.lock().expect("no test panics here");
        line.clusters.remove(&self.id());
    }

    /// Starts executions until one is in a shard that is kept: the first ones are given away first.
    pub async fn start_in_a_late_shard(&self) -> (String, ExecutionId) {
        let mut started = 0;
        loop {
            started += 1;
            let name = format!("loan-{started}");
            let id = self.world.start(&name).await;
            if id.shard().0 > 200 {
                let is_at_work = |seen: &Vec<String>| seen.contains(&name);
                let look = |world: &World| world.functions.at_work();
                self.world.until("it is at work", look, is_at_work).await;
                return (name, id);
            }
        }
    }

    pub async fn start(&self, name: &str) -> ExecutionId {
        let id = self.world.start(name).await;
        assert!(self.world.driver.drives(&id), "it starts what it drives");
        self.world.at_work(&[name]).await;
        id
    }
}
