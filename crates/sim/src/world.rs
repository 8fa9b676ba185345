//! The state that outlives the server: the store, the time, the running invocations, and the observations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use model::{CallbackId, ExecutionArn, ExecutionId, Invocation, OperationId, RequestId, Timestamp};
use store::{ExecutionFilter, Executions as _, MemoryServers, MemoryStore};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::fault::Fault;
use crate::machine::{Machine, Server};
use crate::occupancy::Occupancy;
use crate::ownership::Ownership;
use crate::plan::Plan;
use crate::program::Answer;
use crate::violation::Violation;

/// When every world begins.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Most calls of the store; a world with more counts as stuck in a loop.
const CALLS_MAX: u64 = 200_000;

/// See the module.
pub(crate) struct World {
    pub plan: Plan,
    /// The store itself, without delays and faults.
    pub store: Arc<MemoryStore>,
    /// The list of the servers that share the store.
    pub servers: MemoryServers,
    state: Mutex<State>,
    /// The server has died (if it has the store to itself), or an invariant is violated.
    over: watch::Sender<bool>,
    /// The clock has jumped. (A `watch` would wake waiting tasks in an order of its own choice.)
    jumped: Notify,
    /// There is a callback to be answered.
    asked: watch::Sender<()>,
}

#[derive(Default)]
pub(crate) struct State {
    pub life: usize,
    began: Option<(Timestamp, Instant)>,
    jumped: Duration,
    pub trace: Vec<String>,
    counts: BTreeMap<Counted, u64>,
    pub violation: Option<Violation>,
    /// All current and former machines, if servers share the store; otherwise the living one.
    pub machines: Vec<Arc<Machine>>,
    /// Draws the transit times of database requests and answers, and the servers that clients ask.
    chance: fastrand::Rng,
    pub ownership: Ownership,
    pub occupancy: Occupancy,
    /// Running invocations, each with the number of its machine.
    pub at_work: BTreeMap<ExecutionId, (RequestId, usize)>,
    /// Invocations that have failed, by any fault.
    pub failed: BTreeSet<String>,
    /// Invocations that count as ended although their process lives on.
    pub outlived: BTreeSet<String>,
    /// Accepted checkpoint tokens, each with the client token of its request.
    pub accepted: BTreeMap<String, String>,
    pub callbacks: Vec<Asked>,
    /// The progress of outside actions.
    pub stages: BTreeMap<usize, u32>,
}

/// A callback that is to be answered from outside.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub execution: ExecutionId,
    pub operation: OperationId,
    pub callback: CallbackId,
    pub name: String,
    pub answer: Answer,
    /// When the answer, or the next heartbeat, is due.
    pub due: Timestamp,
    pub answered_at: Timestamp,
    pub is_done: bool,
}

/// The kinds of events that faults count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    Calls,
    Commits,
    Reads,
    Requests,
    Invocations,
    PlainInvocations,
    Answers,
    Notices,
}

impl World {
    pub fn new(plan: Plan) -> Arc<Self> {
        let state = State {
            chance: fastrand::Rng::with_seed(plan.seed),
            ..State::default()
        };
        Arc::new_cyclic(|world: &Weak<Self>| Self {
            plan,
            store: Arc::new(MemoryStore::new()),
            servers: MemoryServers::new({
                let world = Weak::clone(world);
                move || world.upgrade().map_or(BEGINNING, |world| world.now())
            }),
            state: Mutex::new(state),
            over: watch::Sender::new(false),
            jumped: Notify::new(),
            asked: watch::Sender::new(()),
        })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins another life of the server, in its own runtime.
    pub fn begin_life(&self) {
        let mut state = self.state();
        state.life += 1;
        let at = match state.began {
            None => BEGINNING,
            // The restart takes this simulated time, independent of its real duration.
            Some((at, _)) => at + Duration::from_millis(1 + self.plan.seed % 4_000),
        };
        state.began = Some((at, Instant::now()));
        drop(state);
        self.over.send_replace(self.state().violation.is_some());
        if !self.plan.is_shared() {
            self.note("the server starts".to_owned());
        }
    }

    /// Adds a machine for a server that is started; it shares the store with the others if there are several.
    pub fn add_machine(self: &Arc<Self>, place: usize) -> Arc<Machine> {
        if self.plan.is_shared() {
            let mut state = self.state();
            // The first life began with the world.
            state.life += usize::from(!state.machines.is_empty());
        }
        let machine = Machine::new(self, place);
        let mut state = self.state();
        if !self.plan.is_shared() {
            state.machines.clear();
        }
        state.machines.push(Arc::clone(&machine));
        drop(state);
        machine
    }

    pub fn machines(&self) -> Vec<Arc<Machine>> {
        self.state().machines.clone()
    }

    /// The machine in this place of the plan, if there is one.
    pub fn machine_at(&self, place: usize) -> Option<Arc<Machine>> {
        let place = place.checked_rem(self.plan.servers.len())?;
        let mut machines = self.machines().into_iter();
        machines.find(|it| it.place == place && !it.is_dead() && it.server().is_some())
    }

    /// The server that a client asks: any that runs, or seems to run.
    pub fn any_server(&self) -> Option<(Arc<Machine>, Server)> {
        let mut there = self.machines();
        there.retain(|it| !it.is_dead());
        let mut servers: Vec<_> = there
            .into_iter()
            .filter_map(|machine| machine.server().map(|server| (machine, server)))
            .collect();
        let which = match servers.len() {
            0 => return None,
            1 => 0,
            more => self.state().chance.usize(..more),
        };
        Some(servers.swap_remove(which))
    }

    /// Draws the transit time of a request to the database, or of an answer.
    pub fn transit(&self) -> Duration {
        let chance = &mut self.state().chance;
        Duration::from_millis(match chance.u32(..10) {
            0..=5 => 0,
            6..=8 => chance.u64(1..5),
            _ => chance.u64(5..60),
        })
    }

    /// Ends the world: breaks the references between machines and servers.
    pub fn end(&self) {
        let machines = std::mem::take(&mut self.state().machines);
        for machine in machines {
            machine.forget();
        }
    }

    /// Ends a life: its running invocations have failed.
    pub fn end_life(&self) {
        let now = self.now();
        let lost = self.active_invocations();
        let mut state = self.state();
        state.began = Some((now, Instant::now()));
        state.jumped = Duration::ZERO;
        state.failed.extend(lost);
        state.at_work.clear();
        drop(state);
        if !self.plan.is_shared() {
            self.end();
        }
    }

    fn active_invocations(&self) -> Vec<String> {
        let executions = self.executions().into_iter();
        let active = executions.filter_map(|execution| match execution.state.invocation {
            Invocation::Active { request_id, .. } => Some(request_id.to_string()),
            Invocation::Idle | Invocation::BackingOff { .. } => None,
        });
        active.collect()
    }

    /// The clock, which jumps and drifts as the plan says; the database's clock, if servers share the store.
    pub fn now(&self) -> Timestamp {
        let state = self.state();
        let (at, since) = state.began.expect("a life has begun");
        let passed = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let drift = if self.plan.is_shared() {
            0
        } else {
            self.plan.drift
        };
        let passed = passed + passed * drift / 1_000;
        at + state.jumped + Duration::from_millis(passed.unsigned_abs())
    }

    /// Milliseconds since the beginning of the world.
    pub fn age_ms(&self) -> u64 {
        let age = self.now().since(BEGINNING).as_millis();
        u64::try_from(age).unwrap_or(u64::MAX)
    }

    /// Returns when the world has this age.
    pub async fn aged(&self, ms: u64) {
        self.reached(BEGINNING + Duration::from_millis(ms)).await;
    }

    /// Returns at that instant.
    pub async fn reached(&self, at: Timestamp) {
        loop {
            let jumps = self.jumped.notified();
            let left = at.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                biased;
                () = jumps => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    pub fn jump(&self, by: Duration) {
        self.note(format!("the clock jumps by {} ms", by.as_millis()));
        self.state().jumped += by;
        self.jumped.notify_waiters();
    }

    /// Writes a line of the trace.
    pub fn note(&self, line: String) {
        let (age, life) = (self.age_ms(), self.state().life);
        let line = match self.plan.is_shared() {
            true => format!("{:>10.3} s: {line}", seconds(age)),
            false => format!("{:>10.3} s, life {life}: {line}", seconds(age)),
        };
        self.state().trace.push(line);
    }

    /// Counts an event that faults refer to, from 1.
    pub fn count(&self, what: Counted) -> u64 {
        let counted = {
            let mut state = self.state();
            let count = state.counts.entry(what).or_default();
            *count += 1;
            *count
        };
        if what == Counted::Calls && counted > CALLS_MAX {
            self.violate("spins", format!("the store was called {counted} times"));
        }
        counted
    }

    pub fn counted(&self, what: Counted) -> u64 {
        self.state().counts.get(&what).copied().unwrap_or(0)
    }

    /// The first fault of the plan that matches.
    pub fn fault<T>(&self, fits: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.plan.faults.iter().find_map(fits)
    }

    /// Records a violated invariant. The first one is kept, and ends the world.
    pub fn violate(&self, invariant: &'static str, seen: String) {
        if self.state().violation.is_some() {
            return;
        }
        self.note(format!("VIOLATED: {invariant}: {seen}"));
        self.state().violation = Some(Violation { invariant, seen });
        self.over.send_replace(true);
    }

    /// The server dies.
    pub fn die(&self, when: &str) {
        if !self.is_over() {
            self.note(format!("the server dies {when}"));
            self.over.send_replace(true);
        }
    }

    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Returns once the server has died, or an invariant is violated.
    pub async fn over(&self) {
        let mut over = self.over.subscribe();
        over.wait_for(|is_over| *is_over)
            .await
            .expect("the world has the sender");
    }

    pub fn ask(&self, asked: Asked) {
        self.state().callbacks.push(asked);
        self.asked.send_replace(());
    }

    pub fn asks(&self) -> watch::Receiver<()> {
        self.asked.subscribe()
    }

    /// An execution as it is stored.
    pub fn execution(&self, id: &ExecutionId) -> Option<engine::Execution> {
        let loaded = self.store.load(id).now_or_never();
        loaded
            .expect("memory answers at once")
            .expect("it never fails")
    }

    /// All executions as they are stored, the oldest first.
    pub fn executions(&self) -> Vec<engine::Execution> {
        let filter = ExecutionFilter {
            oldest_first: true,
            limit: 10_000,
            ..ExecutionFilter::default()
        };
        let listed = self.store.list(filter).now_or_never();
        let listed = listed
            .expect("memory answers at once")
            .expect("it never fails");
        let ids = listed.iter().map(|head| &head.arn.id);
        ids.filter_map(|id| self.execution(id)).collect()
    }

    /// The name of an execution in traces.
    pub fn name_of(arn: &ExecutionArn) -> &str {
        arn.name.as_str()
    }

    /// Whether the records of this execution cannot be read in this life.
    pub fn is_unreadable(&self, name: &str) -> bool {
        if self.state().life < 2 || self.plan.is_shared() {
            return false;
        }
        let unreadable = self.fault(|fault| match *fault {
            Fault::Unreadable { program } => self.plan.programs.get(program),
            _ => None,
        });
        unreadable.is_some_and(|program| program.name == name)
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with three places")]
pub(crate) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}
