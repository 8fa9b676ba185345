//! A machine: one server and the functions that it runs, with a clock of their own and a connection to the database.
//!
//! Everything that a server does passes here: it asks its clock, calls the store, or runs a function. So the calls of a
//! dead or suspended machine do not return. Its memory stays allocated, but is not used.
//!
//! If a server has the store to itself, its life and its clock are the world's: see [`crate::life`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lambdura::embedded::Embedded;
use model::{Owner, Shards, Timestamp};
use runtime::Cluster;
use store::StoreFault;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::plan::Skew;
use crate::world::{BEGINNING, World};

/// How long a server waits for an answer of the database.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// See the module.
pub(crate) struct Machine {
    pub world: Arc<World>,
    /// Counts the machines of a world, from 1.
    pub number: usize,
    /// The index of its server in the plan: a server that dies is replaced by another in the same place.
    pub place: usize,
    skew: Skew,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    runs: Option<Server>,
    is_dead: bool,
    /// The time until another machine takes its place.
    back_after: Duration,
    stands_still: bool,
    went_on_at: Option<Instant>,
    jumped: Duration,
    cut_from_store: bool,
    cut_from_others: bool,
    /// Since when, and how often, the database has failed to commit.
    failing: Option<(Timestamp, u64)>,
    /// Since when, and how often, the database has not answered.
    unanswered: Option<(Timestamp, u64)>,
}

/// The server that runs on a machine.
#[derive(Clone)]
pub(crate) struct Server {
    pub app: Embedded,
    /// `None` if it has the store to itself.
    pub cluster: Option<Arc<Cluster>>,
}

impl Machine {
    pub fn new(world: &Arc<World>, place: usize) -> Arc<Self> {
        let skew = world.plan.servers.get(place).copied().unwrap_or_default();
        Arc::new(Self {
            number: world.state().life,
            world: Arc::clone(world),
            place,
            skew,
            state: Mutex::default(),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn runs(&self, server: Server) {
        self.state().runs = Some(server);
    }

    /// Its server, once that runs.
    pub fn server(&self) -> Option<Server> {
        self.state().runs.clone()
    }

    /// The identity of its server's run among the servers of a cluster.
    pub fn owner(&self) -> Option<Owner> {
        let cluster = self.server()?.cluster?;
        Some(cluster.id())
    }

    /// Drops its server, which refers to this machine in turn.
    pub fn forget(&self) {
        self.state().runs = None;
    }

    /// Writes a line of the trace.
    pub fn note(&self, line: &str) {
        match self.world.plan.is_shared() {
            true => self.world.note(format!("server {}: {line}", self.number)),
            false => self.world.note(line.to_owned()),
        }
    }
}

/// Its clock.
impl Machine {
    pub fn now(&self) -> Timestamp {
        if !self.world.plan.is_shared() {
            return self.world.now();
        }
        let passed = self.world.now().since(BEGINNING).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let passed = passed + passed * self.skew.rate / 1_000;
        let ahead = Duration::from_millis(self.skew.ahead_ms + passed.unsigned_abs());
        BEGINNING + ahead + self.state().jumped
    }

    /// Returns at that instant of its clock, unless it is dead or suspended then.
    pub async fn reached(&self, at: Timestamp) {
        if !self.world.plan.is_shared() {
            return self.world.reached(at).await;
        }
        loop {
            let changes = self.changed.notified();
            let left = at.since(self.now());
            if left.is_zero() {
                return self.goes().await;
            }
            tokio::select! {
                biased;
                () = changes => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    pub fn jump(&self, by: Duration) {
        self.note(&format!("its clock jumps by {} ms", by.as_millis()));
        self.state().jumped += by;
        self.changed.notify_waiters();
    }
}

/// Its life.
impl Machine {
    /// Whether the machine or the world has ended.
    pub fn is_over(&self) -> bool {
        self.world.is_over() || self.state().is_dead
    }

    /// Returns when the machine is not suspended; never if it is dead.
    pub async fn goes(&self) {
        loop {
            if self.is_over() {
                std::future::pending::<()>().await;
            }
            let changes = self.changed.notified();
            if !self.state().stands_still {
                return;
            }
            changes.await;
        }
    }

    /// The machine dies, with its server and functions.
    pub fn die(&self, when: &str) {
        match self.world.plan.is_shared() {
            true => self.end(&format!("dies {when}")),
            false => self.world.die(when),
        }
    }

    /// The machine ends, while others go on.
    pub fn end(&self, how: &str) {
        if self.is_over() {
            return;
        }
        self.note(how);
        self.world.lose_invocations(self);
        {
            let mut state = self.state();
            state.is_dead = true;
            state.back_after = Duration::from_millis(1 + self.world.plan.seed % 4_000);
        }
        self.changed.notify_waiters();
    }

    pub fn back_after(&self, after: Duration) {
        self.state().back_after = after;
    }

    /// Waits until it has ended; returns the time until another machine takes its place.
    pub async fn ended(&self) -> Duration {
        loop {
            let changes = self.changed.notified();
            {
                let state = self.state();
                if state.is_dead {
                    return state.back_after;
                }
            }
            changes.await;
        }
    }

    /// Whether it is able to act at this moment, and has been for a while.
    pub fn is_up(&self) -> bool {
        let state = self.state();
        let is_waking = state.went_on_at == Some(Instant::now());
        state.runs.is_some() && !state.is_dead && !state.stands_still && !is_waking
    }

    /// Whether no fault affects it at this moment.
    pub fn is_well(&self) -> bool {
        let is_cut = {
            let state = self.state();
            state.cut_from_store || state.cut_from_others
        };
        self.is_up() && !is_cut
    }

    pub fn is_dead(&self) -> bool {
        self.state().is_dead
    }

    pub fn stand_still(&self, still: bool) {
        self.note(if still { "stands still" } else { "goes on" });
        {
            let mut state = self.state();
            state.stands_still = still;
            if !still {
                state.went_on_at = Some(Instant::now());
            }
        }
        self.changed.notify_waiters();
    }

    /// The shards that it drives, in its own view.
    pub fn territory(&self) -> Shards {
        let server = self.server();
        server.map_or(Shards::NONE, |it| it.app.driver().shards())
    }
}

/// Its connections to the database and to the other servers.
impl Machine {
    pub fn cut_from_store(&self, is_cut: bool) {
        self.note(match is_cut {
            true => "is cut from the database",
            false => "reaches the database again",
        });
        self.state().cut_from_store = is_cut;
        self.changed.notify_waiters();
    }

    pub fn cut_from_others(&self, is_cut: bool) {
        self.note(match is_cut {
            true => "is cut from the other servers",
            false => "reaches the other servers again",
        });
        self.state().cut_from_others = is_cut;
    }

    pub fn is_cut_from_others(&self) -> bool {
        self.state().cut_from_others
    }

    /// The transit of a request to the database, or of its answer: it may be lost.
    pub async fn passes(&self, attempted: &str) -> Result<(), StoreFault> {
        if !self.world.plan.is_shared() {
            return Ok(());
        }
        let took = self.world.transit();
        if !took.is_zero() {
            tokio::time::sleep(took).await;
        }
        let gives_up = Instant::now() + ANSWER_WITHIN;
        loop {
            let changes = self.changed.notified();
            if !self.state().cut_from_store {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = changes => {}
                () = tokio::time::sleep_until(gives_up) => {
                    self.goes().await;
                    self.note_unanswered();
                    let fault = StoreFault::new(attempted, true, "told to be cut off");
                    return Err(fault.with_outcome_unknown());
                }
            }
        }
    }

    /// Notes whether the last commit was done.
    pub fn note_works(&self, works: bool) {
        let now = self.now();
        let mut state = self.state();
        state.failing = (!works).then(|| once_more(state.failing, now));
    }

    fn note_unanswered(&self) {
        let now = self.now();
        let mut state = self.state();
        state.unanswered = Some(once_more(state.unanswered, now));
    }

    pub fn note_answered(&self) {
        self.state().unanswered = None;
    }

    /// The known failures of the database: since when, and how often in a row.
    pub fn failing(&self) -> Option<(Timestamp, u64)> {
        let state = self.state();
        state.failing.or(state.unanswered)
    }
}

fn once_more(before: Option<(Timestamp, u64)>, now: Timestamp) -> (Timestamp, u64) {
    let (since, times) = before.unwrap_or((now, 0));
    (since, times + 1)
}
