//! Several servers on one store: each renews its lease, takes its share of the shards, and drives the
//! executions in them.
//!
//! A lease only decides which server does the work. A server that continues without one is harmless: if another has
//! taken over, its commits are rejected by version. Still, it stops as soon as it notices.

mod notify;
mod plan;
mod reserved;
mod standing;
mod statistics;
mod told;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{ExecutionId, Owner, Shards, Timestamp};
use store::{Membership, ServerRecord, Servers, StoreFault, Survey};
use tokio::sync::{Notify, watch};

use crate::Driver;
use crate::places::{Reservations, Sharing};

pub use plan::{Plan, plan};
pub use standing::{Part, Standing};
pub use statistics::ClusterStatistics;

use reserved::staying;
use statistics::{Counters, add};
use told::Told;

/// How a server takes part.
pub struct ClusterConfig {
    /// Where the servers of the store are listed.
    pub servers: Arc<dyn Servers>,
    /// How other servers are told something at once.
    pub messenger: Arc<dyn Messenger>,
    /// Where other servers reach this one: `host:port`.
    pub address: String,
    /// Proves to other servers that the sender is a server of this store.
    pub secret: String,
    /// The version of this program.
    pub version: String,
    /// Functions whose concurrency is reserved at all servers together; `None`: there are no such functions.
    pub reservations: Option<Arc<dyn Reservations>>,
    /// How long this server counts as alive after each time it says so. It says so three times as often.
    pub lease: Duration,
}

/// The future of a message.
pub type MessageFuture<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Tells other servers something. A notice that cannot be delivered directly is left for them in the store.
pub trait Messenger: Send + Sync + 'static {
    /// Tells one; an error says, for people, why it was not told. Must end within a second or so.
    fn tell<'a>(&'a self, to: &'a ServerRecord, notice: Notice) -> MessageFuture<'a>;
}

/// A message between servers. Hearing it again does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notice {
    /// These executions were changed; the receiver drives them.
    pub executions: Vec<ExecutionId>,
    /// The receiver was given shards.
    pub shards_moved: bool,
    /// The receiver may have places of functions that another server could use, or the other way round.
    pub places_moved: bool,
}

/// How long a shard waits for its last invocation to end before it is passed on all the same.
const IDLE_WITHIN: Duration = Duration::from_secs(10);

/// This server among the others.
pub struct Cluster {
    driver: Driver,
    config: ClusterConfig,
    started_at: Timestamp,
    membership: watch::Sender<Arc<Membership>>,
    state: Mutex<State>,
    told: Mutex<Told>,
    sharing: tokio::sync::Mutex<Sharing>,
    /// Something is to be said or looked at before the next time it is due.
    hurry: Notify,
    is_leaving: AtomicBool,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct State {
    /// Until when this server may drive the shards that it owns, by its own clock.
    until: Option<Timestamp>,
    /// Since when it has had more than its share.
    surplus_since: Option<Timestamp>,
    /// Changed executions that other servers sent here by mistake: they are passed on once this server knows better who
    /// drives them.
    misdirected: Vec<ExecutionId>,
    /// It drives nothing any more, even if shards are found to be its own.
    has_left: bool,
}

impl Cluster {
    /// Takes part with this driver, which drives nothing until [`Cluster::run`] has taken its share.
    pub fn new(driver: Driver, config: ClusterConfig) -> Arc<Self> {
        let nobody = Arc::new(Membership::empty());
        driver
            .inner
            .territory
            .set(Shards::NONE, Arc::clone(&nobody));
        driver.keep_nothing();
        driver.inner.territory.lasts_until(None, driver.now());
        Arc::new(Self {
            started_at: driver.now(),
            sharing: tokio::sync::Mutex::new(Sharing::new(driver.inner.owner)),
            driver,
            config,
            membership: watch::Sender::new(nobody),
            state: Mutex::default(),
            told: Mutex::default(),
            hurry: Notify::new(),
            is_leaving: AtomicBool::new(false),
            counters: Arc::default(),
        })
    }

    /// This server.
    pub fn id(&self) -> Owner {
        self.driver.inner.owner
    }

    /// The live servers and the owners of shards, at the last look.
    pub fn membership(&self) -> Arc<Membership> {
        self.membership.borrow().clone()
    }

    /// Which servers there are at this moment, as the store knows them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn survey(&self) -> Result<Survey, StoreFault> {
        self.config.servers.survey().await
    }

    /// The work that it has done since its start.
    pub fn statistics(&self) -> ClusterStatistics {
        self.counters.read()
    }

    /// How long it may still drive its shards without renewing its lease; zero when it may not.
    pub fn lease_left(&self) -> Duration {
        let until = self.state().until;
        until.map_or(Duration::ZERO, |until| until.since(self.driver.now()))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this server has had its first look at the others.
    pub async fn joined(&self) {
        let me = self.id();
        let mut seen = self.membership.subscribe();
        // The sender is this value's own.
        let _ = seen
            .wait_for(|membership| membership.server(me).is_some())
            .await;
    }

    /// Takes part until the driver shuts down.
    pub async fn run(&self) {
        let telling = self.tell_owners();
        let beating = self.beat_on();
        let sharing = self.share_on();
        tokio::select! {
            biased;
            () = self.driver.inner.shutdown.cancelled() => {}
            () = telling => {}
            () = beating => {}
            () = sharing => {}
        }
    }

    async fn beat_on(&self) {
        let clock = &self.driver.inner.clock;
        loop {
            let pause = self.config.lease / 3;
            let next = clock.now() + pause;
            // Without a lease, this beat brings one; the work after it may take no longer either.
            let until = self.state().until;
            let until = until.unwrap_or_else(|| self.lease_from(clock.now()));
            tokio::select! {
                biased;
                beat = self.beat() => {
                    if let Err(fault) = beat {
                        let error = &fault as &dyn std::error::Error;
                        tracing::error!(error, "this server cannot say that it lives; trying again");
                    }
                }
                () = async { clock.sleep_until(until).await } => {}
            }
            self.stop_when_over();
            tokio::select! {
                biased;
                () = async { clock.sleep_until(next).await } => {}
                () = self.hurry.notified() => {}
            }
            self.stop_when_over();
        }
    }

    /// Drives nothing more when the lease is over: others take the shards.
    fn stop_when_over(&self) {
        let is_over = {
            let mut state = self.state();
            let is_over = state.until.is_some_and(|until| self.driver.now() >= until);
            if is_over {
                state.until = None;
            }
            is_over
        };
        if is_over && !self.driver.shards().is_empty() {
            add(&self.counters.leases_lost, 1);
            tracing::error!(
                "the lease of this server is over, and others take its executions: it drives none until it can say \
                 again that it lives"
            );
            let nobody = Arc::new(Membership::empty());
            self.membership.send_replace(Arc::clone(&nobody));
            self.driver.inner.territory.set(Shards::NONE, nobody);
            let now = self.driver.now();
            self.driver.inner.territory.lasts_until(None, now);
        }
    }

    fn record(&self) -> ServerRecord {
        ServerRecord {
            id: self.id(),
            address: self.config.address.clone(),
            secret: self.config.secret.clone(),
            version: self.config.version.clone(),
            started_at: self.started_at,
            is_leaving: self.is_leaving.load(Ordering::Acquire),
        }
    }

    /// Says that this server lives, reads which others do, and acts upon it.
    async fn beat(&self) -> Result<(), StoreFault> {
        let servers = &self.config.servers;
        let sent_at = self.driver.now();
        let beat = self.told().begin_beat();
        let mut seen = servers.beat(self.record(), self.config.lease).await?;
        let until = self.lease_from(sent_at);
        self.state().until = Some(until);
        let now = self.driver.now();
        self.driver.inner.territory.lasts_until(Some(until), now);
        self.adjust(&mut seen).await?;
        self.adopt(seen);
        let outbox = self.driver.inner.territory.outbox();
        outbox.add(self.told().end_beat(beat, &self.membership()));
        let told = servers.take_word(self.id()).await?;
        self.hear(Notice {
            executions: told,
            ..Notice::default()
        });
        let misdirected = std::mem::take(&mut self.state().misdirected);
        outbox.add(misdirected);
        // Views here show changes of the other servers.
        self.driver.changed_elsewhere();
        Ok(())
    }

    /// Until when a lease lasts that was asked for then: a tenth less than the database gives, because the clocks may
    /// differ in speed.
    fn lease_from(&self, sent_at: Timestamp) -> Timestamp {
        sent_at + self.config.lease.mul_f64(0.9)
    }

    /// Claims and passes on shards as planned, and writes it down in `seen`.
    async fn adjust(&self, seen: &mut Membership) -> Result<(), StoreFault> {
        let servers = &self.config.servers;
        let me = self.id();
        let idle = match self.waits_for_idle(seen) {
            true => Shards::ALL.without(self.driver.inner.residents.shards()),
            false => Shards::ALL,
        };
        let plan = plan(seen, me, idle);
        if !plan.claim.is_empty() {
            let taken = servers.claim(me, plan.claim).await?;
            for shard in taken.iter() {
                seen.owners[usize::from(shard.0)] = Some(me);
            }
        }
        for (to, shards) in plan.give {
            for shard in shards.iter() {
                seen.owners[usize::from(shard.0)] = Some(to);
            }
            // Before it is passed on, nothing is done here any more.
            self.adopt(seen.clone());
            servers.give(me, shards, Some(to)).await?;
            if let Some(server) = seen.server(to) {
                let notice = Notice {
                    shards_moved: true,
                    ..Notice::default()
                };
                // It finds out by itself otherwise.
                if let Err(reason) = self.config.messenger.tell(server, notice).await {
                    tracing::debug!(server = server.address, reason, "not told of its shards");
                }
            }
        }
        Ok(())
    }

    /// Whether a shard with invocations at work is kept for now, though another server is due it.
    fn waits_for_idle(&self, seen: &Membership) -> bool {
        let now = self.driver.now();
        let has_surplus = !plan(seen, self.id(), Shards::ALL).give.is_empty();
        let mut state = self.state();
        if !has_surplus {
            state.surplus_since = None;
            return true;
        }
        let since = *state.surplus_since.get_or_insert(now);
        now.since(since) < IDLE_WITHIN
    }

    /// Drives the shards that it owns from now on, and takes up the work in them.
    fn adopt(&self, seen: Membership) {
        let before = self.membership();
        let is_gone = |server: &ServerRecord| seen.server(server.id).is_none();
        let someone_died = before.servers.iter().any(is_gone);
        if staying(&before) != staying(&seen) {
            self.share_soon();
        }
        let seen = Arc::new(seen);
        let (driven, gained) = {
            let state = self.state();
            let driven = match state.has_left {
                true => Shards::NONE,
                false => seen.owned_by(self.id()),
            };
            let territory = &self.driver.inner.territory;
            (driven, territory.set(driven, Arc::clone(&seen)))
        };
        self.membership.send_replace(seen);
        add(&self.counters.shards_gained, gained.len());
        // A dead server may have changed executions that are driven here without telling so.
        let doubtful = if someone_died { driven } else { gained };
        if !doubtful.is_empty() {
            self.take_up(doubtful, gained);
        }
    }

    /// Takes up the work in shards, of which some were not driven here before.
    fn take_up(&self, shards: Shards, gained: Shards) {
        let driver = self.driver.clone();
        driver.inner.alarm.set(driver.now());
        let counters = Arc::clone(&self.counters);
        self.driver.spawn(async move {
            let again = || driver.read_aside_of(gained);
            driver
                .until_it_works(
                    "read what is set aside in shards that were taken over",
                    again,
                )
                .await;
            // Also executions without a driver, and those that were scheduled here and have lost their turn.
            let count = driver.take_up_all(Owner::NONE, shards).await;
            add(&counters.taken_up, count);
            if count > 0 {
                tracing::info!(
                    executions = count,
                    shards = shards.len(),
                    "took up what other servers left"
                );
            }
        });
    }

    /// Handles a notice from another server.
    pub fn hear(&self, notice: Notice) {
        let mut is_misdirected = false;
        for id in notice.executions {
            if self.driver.drives(&id) {
                self.driver.look_at(id);
            } else {
                is_misdirected = true;
                self.state().misdirected.push(id);
            }
        }
        if notice.shards_moved || is_misdirected {
            self.hurry.notify_one();
        }
        if notice.places_moved {
            self.share_soon();
        }
    }

    /// Hands over the shards of this server, one by one as their invocations end, and leaves; within the grace at the
    /// most. The others then take over the rest, and repeat the invocations that were at work.
    ///
    /// # Errors
    /// When the store fails; the others notice by themselves then.
    pub async fn leave(&self, grace: Duration) -> Result<(), StoreFault> {
        self.is_leaving.store(true, Ordering::Release);
        let clock = &self.driver.inner.clock;
        let until = clock.now() + grace;
        let mut seen = self.membership.subscribe();
        loop {
            self.hurry.notify_one();
            let membership = seen.borrow_and_update().clone();
            let others = membership.servers.iter();
            let is_alone = !others
                .clone()
                .any(|it| it.id != self.id() && !it.is_leaving);
            if self.driver.shards().is_empty() || is_alone || clock.now() >= until {
                break;
            }
            tokio::select! {
                biased;
                _ = seen.changed() => {}
                () = async { clock.sleep(LOOK_AGAIN).await } => {}
            }
        }
        {
            // An execution that is being read meanwhile is not driven any more.
            let mut state = self.state();
            state.has_left = true;
            let nobody = Arc::new(Membership::empty());
            self.driver.inner.territory.set(Shards::NONE, nobody);
        }
        self.give_places_back().await;
        self.tell_the_rest().await?;
        self.config.servers.leave(self.id()).await
    }
}

/// How often a server that leaves looks whether another shard can go.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
