//! The world: clock, functions, store.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use engine::{InvocationOutcome, Output};
use model::{
    CheckpointToken, ErrorObject, ExecutionId, ExecutionName, FunctionArn, FunctionName, Limits,
    OperationUpdate, Timestamp, Trigger, Version,
};
use runtime::{
    Clock, Driver, DriverConfig, DurableInvocation, DurableSettings, FunctionRunner,
    FunctionRunnerFuture, InvocationReport, NoRoom, PlainInvocation, PlainOutcome, StartRequest,
    Tenure,
};
use store::{Around, Executions as _, History as _, MemoryStore, Store, StoreFault, Surround};
use tokio::sync::{Notify, oneshot, watch};

/// When every world begins.
pub const BEGINNING: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A clock that the test moves.
pub struct HandClock {
    now: watch::Sender<Timestamp>,
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let until = self.now() + duration;
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // Without its clock the world is over.
            if now.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// An invocation that a function is at, until the test says how it went.
struct AtWork {
    invocation: DurableInvocation,
    answer: oneshot::Sender<InvocationOutcome>,
}

/// Functions that answer when the test says so.
#[derive(Default)]
pub struct Functions {
    state: Mutex<State>,
    changed: Notify,
    room: Notify,
}

#[derive(Default)]
struct State {
    at_work: BTreeMap<ExecutionName, AtWork>,
    /// How often an invocation of each execution was begun.
    begun: HashMap<ExecutionName, usize>,
    plain_begun: Vec<String>,
    plain_at_work: Vec<(Option<Tenure>, oneshot::Sender<PlainOutcome>)>,
    concurrency: Option<usize>,
    has_no_room: bool,
    turned_away: usize,
    panics: bool,
    starts_slowly: bool,
}

impl Functions {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics here")
    }

    pub fn set_concurrency(&self, concurrency: usize) {
        self.state().concurrency = Some(concurrency);
    }

    /// Whether invocations find no room.
    pub fn set_no_room(&self, has_no_room: bool) {
        self.state().has_no_room = has_no_room;
    }

    /// Tells the driver that there is room.
    pub fn notice_room(&self) {
        self.room.notify_waiters();
    }

    pub fn set_panics(&self) {
        self.state().panics = true;
    }

    /// Whether invocations wait for a process until the test ends them.
    pub fn set_starts_slowly(&self) {
        self.state().starts_slowly = true;
    }

    /// Names of executions whose function is at work.
    pub fn at_work(&self) -> Vec<String> {
        self.state()
            .at_work
            .keys()
            .map(ToString::to_string)
            .collect()
    }

    pub fn begun(&self, name: &str) -> usize {
        let name = ExecutionName::parse(name).expect("a valid name");
        self.state().begun.get(&name).copied().unwrap_or(0)
    }

    /// The tenure that the running invocation is asked for right before a process gets it.
    pub fn tenure(&self, name: &str) -> Tenure {
        let name = ExecutionName::parse(name).expect("a valid name");
        self.state().at_work[&name].invocation.tenure.clone()
    }

    /// The same of the plain invocation that has been at work the longest.
    pub fn plain_tenure(&self) -> Option<Tenure> {
        let state = self.state();
        let (tenure, _) = state.plain_at_work.first()?;
        tenure.clone()
    }

    pub fn plain_begun(&self) -> Vec<String> {
        self.state().plain_begun.clone()
    }

    pub fn turned_away(&self) -> usize {
        self.state().turned_away
    }

    /// Ends the invocation that is at work for an execution.
    pub fn end(&self, name: &str, outcome: InvocationOutcome) {
        let name = ExecutionName::parse(name).expect("a valid name");
        let at_work = self.state().at_work.remove(&name);
        let at_work = at_work.unwrap_or_else(|| panic!("nothing is at work for `{name}`"));
        let _driver_is_gone = at_work.answer.send(outcome);
    }

    /// Ends the plain invocation that has been at work the longest.
    pub fn end_plain(&self, outcome: PlainOutcome) {
        let (_, answer) = self.state().plain_at_work.remove(0);
        let _driver_is_gone = answer.send(outcome);
    }
}

/// The runner of functions that a driver is given.
pub struct FakeRunner(pub Arc<Functions>);

impl FunctionRunner for FakeRunner {
    fn durable_settings(&self, _: &FunctionName, _: &Version) -> Option<DurableSettings> {
        Some(DurableSettings {
            execution_timeout_seconds: 3_600,
            retention_days: 1,
        })
    }

    fn concurrency(&self, _: &FunctionName, _: &Version) -> usize {
        self.0.state().concurrency.unwrap_or(usize::MAX)
    }

    fn invoke_durable(
        &self,
        invocation: DurableInvocation,
    ) -> FunctionRunnerFuture<Result<InvocationReport, NoRoom>> {
        let functions = Arc::clone(&self.0);
        Box::pin(async move {
            let ended = {
                let mut state = functions.state();
                assert!(!state.panics, "told to panic");
                if state.has_no_room {
                    state.turned_away += 1;
                    functions.changed.notify_waiters();
                    let reason = "no process".to_owned();
                    return Err(NoRoom { reason });
                }
                let name = invocation.spec.arn.name.clone();
                *state.begun.entry(name.clone()).or_default() += 1;
                let (answer, ended) = oneshot::channel();
                let called_off = invocation.called_off.clone();
                let started = AtWork { invocation, answer };
                let before = state.at_work.insert(name.clone(), started);
                assert!(before.is_none(), "two invocations of `{name}` at one time");
                let starts_slowly = state.starts_slowly;
                (ended, called_off, starts_slowly)
            };
            functions.changed.notify_waiters();
            let (mut ended, called_off, starts_slowly) = ended;
            let outcome = tokio::select! {
                biased;
                outcome = &mut ended => outcome.expect("the test ends what it begins"),
                () = called_off.cancelled(), if starts_slowly => InvocationOutcome::NotStarted,
            };
            Ok(InvocationReport {
                started_at: BEGINNING,
                outcome,
            })
        })
    }

    fn wait_for_room(&self, _: &FunctionName) -> FunctionRunnerFuture<()> {
        let functions = Arc::clone(&self.0);
        Box::pin(async move { functions.room.notified().await })
    }

    fn invoke_plain(&self, invocation: PlainInvocation) -> FunctionRunnerFuture<PlainOutcome> {
        let functions = Arc::clone(&self.0);
        Box::pin(async move {
            let ended = {
                let mut state = functions.state();
                let payload = String::from_utf8_lossy(&invocation.payload).into_owned();
                state.plain_begun.push(payload);
                let (answer, ended) = oneshot::channel();
                state.plain_at_work.push((invocation.tenure, answer));
                ended
            };
            functions.changed.notify_waiters();
            ended.await.expect("the test ends what it begins")
        })
    }
}

/// A run of a driver on a store that may outlive it.
pub struct World {
    pub driver: Driver,
    pub store: Arc<MemoryStore>,
    pub functions: Arc<Functions>,
    pub clock: Arc<HandClock>,
}

impl World {
    pub fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), BEGINNING, 1)
    }

    /// A world whose store fails where `faults` says so.
    pub fn failing(faults: impl Fn(&str) -> Option<StoreFault> + Send + Sync + 'static) -> Self {
        Self::on(Arc::new(MemoryStore::failing(faults)), BEGINNING, 1)
    }

    fn on(store: Arc<MemoryStore>, now: Timestamp, seed: u64) -> Self {
        let clock = Arc::new(HandClock {
            now: watch::Sender::new(now),
        });
        let driven = Arc::clone(&store);
        Self::by(clock, store, driven, seed)
    }

    /// `driven` is the store as the driver sees it.
    fn by(
        clock: Arc<HandClock>,
        store: Arc<MemoryStore>,
        driven: Arc<dyn Store>,
        seed: u64,
    ) -> Self {
        let functions = Arc::new(Functions::default());
        let driver = Driver::new(DriverConfig {
            store: driven,
            runner: Arc::new(FakeRunner(Arc::clone(&functions))),
            clock: Arc::clone(&clock) as _,
            limits: Limits::AWS,
            seed: Some(seed),
        })
        .expect("the seed is given");
        Self {
            driver,
            store,
            functions,
            clock,
        }
    }

    /// The server dies, as by `kill -9`, and another one opens the same store. It has not recovered yet.
    pub fn restarted(self, seed: u64) -> Self {
        Self::on(self.store, self.clock.now(), seed)
    }

    /// Another server on the same store, with functions of its own, by the same clock.
    pub fn beside(&self, seed: u64, around: impl Surround) -> Self {
        let (clock, store) = (Arc::clone(&self.clock), Arc::clone(&self.store));
        let driven = Arc::new(Around::new(Arc::clone(&store) as _, around));
        Self::by(clock, store, driven, seed)
    }

    /// Runs the timers beside the test.
    pub fn run_timers(&self) {
        let driver = self.driver.clone();
        tokio::spawn(async move { driver.run_timers().await });
    }

    pub fn advance(&self, seconds: u32) {
        self.advance_by(Duration::from_secs(seconds.into()));
    }

    pub fn advance_by(&self, duration: Duration) {
        self.clock.now.send_modify(|now| *now = *now + duration);
    }

    /// Starts an execution with this name.
    pub async fn start(&self, name: &str) -> ExecutionId {
        let started = self.driver.start(request(name)).await;
        started.expect("it starts").arn().id.clone()
    }

    /// Waits until the condition holds; panics with the last value seen if it does not come.
    pub async fn until<T: std::fmt::Debug>(
        &self,
        what: &str,
        look: impl Fn(&Self) -> T,
        holds: impl Fn(&T) -> bool,
    ) {
        let limit = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            let seen = look(self);
            if holds(&seen) {
                return;
            }
            assert!(
                std::time::Instant::now() < limit,
                "waited in vain until {what}; last seen: {seen:?}"
            );
            tokio::task::yield_now().await;
        }
    }

    /// Waits until exactly these executions have their function at work.
    pub async fn at_work(&self, names: &[&str]) {
        self.until(
            &format!("{names:?} are at work"),
            |world| world.functions.at_work(),
            |seen| seen == names,
        )
        .await;
    }

    /// The execution's status, as the store has it.
    pub async fn status(&self, id: &ExecutionId) -> model::ExecutionStatus {
        let record = self.store.record(id).await.expect("works");
        record.expect("it is there").state.status()
    }

    /// Waits until the store has the execution so.
    pub async fn until_status(&self, id: &ExecutionId, expected: model::ExecutionStatus) {
        let limit = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            let seen = self.status(id).await;
            if seen == expected {
                return;
            }
            assert!(
                std::time::Instant::now() < limit,
                "waited in vain for {expected:?}; last seen: {seen:?}"
            );
            tokio::task::yield_now().await;
        }
    }

    /// The token that the invocation at work begins with.
    pub fn token(&self, name: &str) -> CheckpointToken {
        let name = ExecutionName::parse(name).expect("a valid name");
        let state = self.functions.state();
        state.at_work[&name].invocation.checkpoint_token.clone()
    }

    /// A checkpoint of the invocation that is at work.
    pub async fn checkpoint(&self, name: &str, updates: Vec<OperationUpdate>) {
        self.checkpoint_at(self, name, updates).await;
    }

    /// The execution of the invocation that is at work, or was the last.
    pub async fn id_of(&self, name: &str) -> ExecutionId {
        let name = ExecutionName::parse(name).expect("a valid name");
        let function = FunctionName::parse("Loan").expect("a valid name");
        let head = self.store.head_by_name(&function, &name).await;
        head.expect("works").expect("it is there").arn.id
    }

    /// As [`World::checkpoint`], by way of another server.
    pub async fn checkpoint_at(&self, server: &Self, name: &str, updates: Vec<OperationUpdate>) {
        let (id, token) = {
            let state = self.functions.state();
            let name = ExecutionName::parse(name).expect("a valid name");
            let invocation = &state.at_work[&name].invocation;
            let id = invocation.spec.arn.id.clone();
            (id, invocation.checkpoint_token.clone())
        };
        let input = engine::Input::Checkpoint {
            token,
            client_token: None,
            updates,
        };
        server.driver.process(&id, input).await.expect("accepted");
    }

    /// Types of the events in an execution's history.
    pub async fn history(&self, id: &ExecutionId) -> Vec<String> {
        let page = store::EventPage {
            after: None,
            newest_first: false,
            limit: 1_000,
            bytes_max: usize::MAX,
        };
        let events = self.store.events(id, page).await.expect("works");
        let kind = |event: &model::Event| {
            let text = format!("{:?}", event.kind);
            text.split([' ', '(']).next().unwrap_or_default().to_owned()
        };
        events.iter().map(kind).collect()
    }
}

pub fn request(name: &str) -> StartRequest {
    StartRequest {
        function: FunctionArn {
            partition: "aws".into(),
            region: "us-east-1".into(),
            account_id: "000000000000".into(),
            name: FunctionName::parse("Loan").expect("a valid name"),
        },
        version: Version::Published(1),
        name: Some(ExecutionName::parse(name).expect("a valid name")),
        id: None,
        input: Some("{}".into()),
        execution_timeout_seconds: 3_600,
        retention_days: 1,
        result_bytes_max: 1_000,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    }
}

pub fn succeeded() -> InvocationOutcome {
    InvocationOutcome::Returned(Output::Succeeded(Some("1".into())))
}

pub fn pending() -> InvocationOutcome {
    InvocationOutcome::Returned(Output::Pending)
}

/// A START of a wait.
pub fn wait(id: &str, seconds: u32) -> OperationUpdate {
    OperationUpdate {
        wait_seconds: Some(seconds),
        ..update(id, model::OperationType::Wait)
    }
}

pub fn update(id: &str, operation_type: model::OperationType) -> OperationUpdate {
    OperationUpdate::new(
        model::OperationId::parse(id).expect("a valid id"),
        operation_type,
        model::UpdateAction::Start,
    )
}

pub fn fault(attempted: &str, retryable: bool) -> StoreFault {
    StoreFault::new(attempted, retryable, "told to fail")
}

pub fn stop() -> engine::Input {
    engine::Input::Stop {
        error: ErrorObject::new("Stopped", "enough"),
    }
}
