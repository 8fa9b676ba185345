//! The driver itself: its parts, and its life.

use std::sync::{Arc, Weak};

use model::{ExecutionId, Limits, Owner, Shard, Shards};
use store::{Durability, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::alarm::Alarm;
use crate::aside::Aside;
use crate::changes::{Changes, EndListener};
use crate::lanes::Lanes;
use crate::queue_gauge::QueueGauge;
use crate::resident::Residents;
use crate::seeds::Seeds;
use crate::territory::Territory;
use crate::waiters::Waiters;
use crate::{ChangeListener, Clock, FunctionRunner, Tenure};

/// The parts that a driver works with.
pub struct DriverConfig {
    /// Where executions live.
    pub store: Arc<dyn Store>,
    /// Runs the functions.
    pub runner: Arc<dyn FunctionRunner>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The limits in force.
    pub limits: Limits,
    /// Seeds ids and tokens; without one, the operating system does.
    pub seed: Option<u64>,
}

/// A cheap handle on the driver.
#[derive(Clone)]
pub struct Driver {
    pub(crate) inner: Arc<Inner>,
}

/// A driver for objects that the driver holds in turn; does not keep it alive.
#[derive(Clone)]
pub struct WeakDriver(Weak<Inner>);

impl WeakDriver {
    /// The driver, unless it is gone.
    pub fn upgrade(&self) -> Option<Driver> {
        let inner = self.0.upgrade()?;
        Some(Driver { inner })
    }
}

pub(crate) struct Inner {
    pub store: Arc<dyn Store>,
    pub runner: Arc<dyn FunctionRunner>,
    pub clock: Arc<dyn Clock>,
    pub limits: Limits,
    pub seeds: Seeds,
    /// This run: the invocations that it schedules carry it.
    pub owner: Owner,
    /// Which executions this run drives.
    pub territory: Arc<Territory>,
    pub lanes: Lanes,
    pub aside: Aside,
    pub residents: Residents,
    pub waiters: Waiters,
    pub alarm: Alarm,
    pub changes: Changes,
    pub queue: QueueGauge,
    /// Every task that the driver spawned, so that a shutdown can wait for them.
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
}

impl Driver {
    /// A driver that has not recovered yet and fires no timers: see [`Driver::recover`] and
    /// [`Driver::run_timers`].
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new(config: DriverConfig) -> Result<Self, getrandom::Error> {
        let seed = match config.seed {
            Some(seed) => seed,
            None => Seeds::from_os()?,
        };
        let seeds = Seeds::new(seed);
        let owner = seeds.owner();
        Ok(Self {
            inner: Arc::new(Inner {
                store: config.store,
                runner: config.runner,
                clock: config.clock,
                limits: config.limits,
                seeds,
                owner,
                territory: Arc::default(),
                lanes: Lanes::default(),
                aside: Aside::default(),
                residents: Residents::default(),
                waiters: Waiters::default(),
                alarm: Alarm::default(),
                changes: Changes::default(),
                queue: QueueGauge::default(),
                tasks: TaskTracker::new(),
                shutdown: CancellationToken::new(),
            }),
        })
    }

    /// A handle that does not keep it.
    pub fn downgrade(&self) -> WeakDriver {
        WeakDriver(Arc::downgrade(&self.inner))
    }

    /// Which failures an acknowledged request survives.
    pub fn durability(&self) -> Durability {
        self.inner.store.durability()
    }

    /// The store, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The time as the driver sees it.
    pub fn now(&self) -> model::Timestamp {
        self.inner.clock.now()
    }

    /// The source of the driver's time, for other code that measures time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Keeps no unused execution in memory: for a driver of a store that another program changes.
    pub fn keep_nothing(&self) {
        self.inner.residents.keep_nothing();
    }

    /// How many executions are resident: those with an invocation at work, or being changed. Executions that stay in
    /// memory for a while after that are not counted.
    pub fn resident_count(&self) -> usize {
        self.inner.residents.len()
    }

    /// The shards that this run drives: all, unless servers share the store.
    pub fn shards(&self) -> Shards {
        self.inner.territory.shards()
    }

    /// Whether this run does a job that has this name: of servers that share a store, only one does it.
    pub fn does(&self, name: &str) -> bool {
        self.inner.territory.drives(Shard::of(name))
    }

    /// Whether this run may drive its shards, by its clock: always, unless servers share the store and it has not
    /// renewed its lease in time.
    pub fn holds_its_lease(&self) -> bool {
        self.inner.territory.is_held(self.now())
    }

    /// Tells later whether this run has driven its shards without a break from now on.
    pub fn tenure(&self) -> Tenure {
        Tenure::of(&self.inner.territory, &self.inner.clock)
    }

    /// Whether this run drives an execution.
    pub fn drives(&self, id: &ExecutionId) -> bool {
        self.inner.territory.has(id)
    }

    /// Tells listeners that another server has changed the store: any execution may have changed.
    pub fn changed_elsewhere(&self) {
        self.inner.changes.note_many();
    }

    /// Whether there are listeners to changes.
    pub fn has_listeners(&self) -> bool {
        self.inner.changes.has_listeners()
    }

    /// Listens to changes from now on: data read from the store after this call, and the changes reported, leave no
    /// gap.
    pub fn changes(&self) -> ChangeListener {
        self.inner.changes.listen()
    }

    /// Listens to the ends of executions from now on.
    pub fn ends(&self) -> EndListener {
        self.inner.changes.listen_to_ends()
    }

    /// Takes no more work and waits until what is being committed is committed. Invocations at work
    /// are given up: the next server reports them lost and repeats them.
    pub async fn shut_down(&self) {
        self.inner.shutdown.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}
