//! Kills the process at every point where it can die; the handler must come to the same end.
//!
//! Each life of the process has its own runtime on its own thread. At the crash the runtime is dropped with everything
//! in it, each future at its `.await`. Only the store survives; from the crash on it answers the dead life only with
//! faults, so that nothing of that life becomes durable afterwards. The next life opens the same store and goes on.

mod report;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};

use model::Timestamp;
use runtime::{Clock as _, WoundClock};
use serde::Serialize;
use serde_json::Value;
use store::MemoryStore;

use crate::builder::Builder;
use crate::error::TestError;
use crate::run::{Run, RunStatus};
use crate::runner::look;
use crate::world::World;
use watch::Watch;

pub(crate) use report::Survived;
pub use report::{CrashPoint, CrashReport, InFlight};

/// The execution's name: starting it again after a crash returns the same execution.
const NAME: &str = "crash-everywhere";

/// Like [`DurableTestRunner::crash_everywhere`](crate::DurableTestRunner::crash_everywhere), with new functions for
/// each point: state that they keep in memory outside the execution, such as a fake database, survives the crash but
/// does not reach the next point.
///
/// # Errors
/// If the run without a crash does not end, or the test itself cannot continue.
pub async fn crash_everywhere(
    describe: impl Fn() -> Builder + Send + 'static,
    input: &(impl Serialize + ?Sized),
) -> Result<CrashReport, TestError> {
    let input = serde_json::to_value(input);
    let input = input.map_err(|error| TestError::of("write the input as JSON", &error))?;
    let crashed = tokio::task::spawn_blocking(move || everywhere(&describe, &input));
    match crashed.await {
        Ok(report) => report,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

fn everywhere(describe: &dyn Fn() -> Builder, input: &Value) -> Result<CrashReport, TestError> {
    let watch = Watch::new(None);
    let description = describe();
    let function = description.name.clone();
    let begins_at = description.first_day()?;
    let expected = match Process::new(description, &watch, begins_at).live(input)? {
        Life::Ended(run) => *run,
        Life::Crashed => unreachable!("nothing was to kill this one"),
    };
    if expected.status() == RunStatus::Waits {
        let why = expected.result::<Value>().expect_err("it has none yet");
        return Err(TestError(format!(
            "without any crash it comes to no end, so there is nothing to compare with: {why}"
        )));
    }
    let seen = watch.seen();
    let mut survived = Vec::new();
    for point in seen.points() {
        survived.push(die_at(point, describe, input, begins_at)?);
    }
    Ok(CrashReport::new(function, expected, &seen, survived))
}

/// Runs the process until it dies at `point`, and then to its end.
fn die_at(
    point: CrashPoint,
    describe: &dyn Fn() -> Builder,
    input: &Value,
    begins_at: Timestamp,
) -> Result<Survived, TestError> {
    let watch = Watch::new(Some(point.clone()));
    let mut process = Process::new(describe(), &watch, begins_at);
    let mut reached = false;
    let end = loop {
        match process.live(input) {
            Ok(Life::Ended(run)) => break Ok(run),
            Ok(Life::Crashed) => {
                assert!(!reached, "a process dies once");
                reached = true;
                process = process.next();
            }
            // The process was started again, but its execution did not end.
            Err(error) if reached => break Err(error),
            Err(error) => return Err(error),
        }
    };
    Ok(Survived {
        point,
        reached,
        end,
        seen: watch.seen(),
    })
}

/// How a life of the process ended.
enum Life {
    Ended(Box<Run>),
    Crashed,
}

/// A process that can be started.
struct Process<'a> {
    description: Builder,
    store: Arc<MemoryStore>,
    watch: &'a Arc<Watch>,
    begins_at: Timestamp,
    /// The number of this life, from 1: each life draws other ids.
    life: u64,
    /// The clock of this life, which gives the time of its death.
    clock: Mutex<Option<WoundClock>>,
}

impl<'a> Process<'a> {
    fn new(description: Builder, watch: &'a Arc<Watch>, begins_at: Timestamp) -> Self {
        let faults = Arc::clone(watch);
        let store = MemoryStore::failing(move |attempted| faults.asked(attempted));
        let store = Arc::new(store);
        watch.watch(&store);
        let watched = Arc::clone(watch);
        let description = description.mortal(Arc::clone(watch.dead()));
        Self {
            description: description.part(move |program, _| program.plugin(watched.plugin())),
            store,
            watch,
            begins_at,
            life: 1,
            clock: Mutex::default(),
        }
    }

    /// The process that replaces it: it has the same store, and goes on at the same time.
    fn next(self) -> Self {
        self.watch.revive(&self.store);
        let clock = self
            .clock
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        Self {
            begins_at: clock.map_or(self.begins_at, |clock| clock.now()),
            life: self.life + 1,
            clock: Mutex::default(),
            ..self
        }
    }

    fn live(&self, input: &Value) -> Result<Life, TestError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| TestError::of("start a runtime", &error))?;
        // The driver's reports about the failing store are expected here.
        let _quiet = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
        let lived = runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.watch.died() => None,
                run = self.run(input) => Some(run),
            }
        });
        drop(runtime);
        match lived {
            // A result in the moment of death is lost.
            _ if self.watch.is_dead() => Ok(Life::Crashed),
            Some(run) => run.map(|run| Life::Ended(Box::new(run))),
            None => Ok(Life::Crashed),
        }
    }

    async fn run(&self, input: &Value) -> Result<Run, TestError> {
        let description = &self.description;
        let world = World::open(
            description,
            Arc::clone(&self.store),
            self.begins_at,
            self.life,
        )
        .await?;
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(world.clock.clone());
        let start = world.app.start(description.name.as_str(), input).name(NAME);
        let started = start.await;
        let execution = started.map_err(|error| TestError::of("start the execution", &error))?;
        let unanswered = world.finish(&execution).await?;
        look(description, &world, &execution, unanswered).await
    }
}
