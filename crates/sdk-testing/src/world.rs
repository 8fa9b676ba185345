//! A world: the functions, their executions in memory, a clock, and the task that answers callbacks.
//!
//! The driver, the engine and the SDK are those of production. Only time is advanced from here, step by step, so that a
//! test sees every state on the way.

use std::sync::Arc;
use std::time::Duration;

use lambda_api::OperationStatus;
use lambdura::embedded::{Embedded, Execution, Ground};
use model::{ExecutionArn, Timestamp};
use runtime::{Clock as _, ClockMode, WoundClock};
use store::MemoryStore;
use tokio_util::sync::CancellationToken;
use wind::{
    AnswerSet, Answers, ComesDue, NotWound, RESULT_BYTES_MAX, Stands, Unanswered, Until, Winder,
    answer_callbacks,
};

use crate::answer::rules;
use crate::builder::Builder;
use crate::error::TestError;
use crate::logs::Logs;
use crate::operation::fold;
use crate::time::{StandingClock, shown};

/// Steps of the clock in one run: enough for a year of checks every five minutes.
const STEPS_MAX: usize = 200_000;

/// No schedules advance time.
struct Nothing;

impl ComesDue for Nothing {
    fn next_at(&self) -> Option<Timestamp> {
        None
    }
}

/// See the module. Its tasks end when it is dropped, and its program soon after.
pub(crate) struct World {
    pub app: Embedded,
    pub clock: WoundClock,
    pub logs: Logs,
    pub answers: Arc<Answers>,
    winder: Winder,
    patience: Duration,
    shutdown: CancellationToken,
}

impl World {
    /// Opens a world on a store, at a time.
    pub async fn open(
        description: &Builder,
        store: Arc<MemoryStore>,
        at: Timestamp,
        life: u64,
    ) -> Result<Self, TestError> {
        let set = rules(&description.answers).map_err(TestError)?;
        check(&set)?;
        let clock = WoundClock::forgetful(Arc::new(StandingClock(at)), ClockMode::Auto);
        let logs = Logs::new(clock.clone(), description.dead());
        let program = description.program(&logs);
        let mut ground = Ground::in_memory(store, Arc::new(clock.clone()));
        // Ids decide the order of simultaneous events: the seed makes them the same in every run of a test.
        ground.seed = Some(life);
        let opened = program.open_on(ground).await;
        let app = opened.map_err(|error| TestError::of("open the test", &error))?;
        let answers = Arc::<Answers>::default();
        answers.replace(set);
        let shutdown = CancellationToken::new();
        let driver = app.driver().clone();
        let answering = answer_callbacks(Arc::clone(&answers), driver.clone(), shutdown.clone());
        tokio::spawn(answering);
        let winder = Winder::new(
            driver,
            clock.clone(),
            Arc::new(Nothing),
            Arc::clone(&answers),
        );
        Ok(Self {
            app,
            clock,
            logs,
            answers,
            winder,
            patience: description.patience,
            shutdown,
        })
    }

    /// Waits until no handler is at work, and everything due by now has happened.
    pub async fn settle(&self) -> Result<(), TestError> {
        let settles = self.winder.wind(Until::By(Duration::ZERO));
        self.patiently(settles).await
    }

    /// Lets this much time pass; everything due meanwhile happens at its time.
    pub async fn advance(&self, by: Duration) -> Result<(), TestError> {
        self.patiently(self.winder.wind(Until::By(by))).await
    }

    /// Goes on until the execution has ended, or cannot go on; returns its callbacks without an answer.
    pub async fn finish(&self, execution: &Execution) -> Result<Vec<Unanswered>, TestError> {
        for _ in 0..STEPS_MAX {
            self.settle().await?;
            if self.has_ended(execution).await? {
                return Ok(Vec::new());
            }
            let mut stands = self.patiently(self.winder.step()).await?;
            if let Some(Stands::WaitsForAnswers(unanswered)) = stands {
                let own = self.of(execution, unanswered).await?;
                if !own.is_empty() {
                    return Ok(own);
                }
                // Other executions wait for callbacks; this one does not.
                stands = self.patiently(self.winder.step_past_callbacks()).await?;
            }
            if stands.is_some() {
                return Ok(Vec::new());
            }
        }
        Err(TestError(format!(
            "execution `{}` has not ended after {STEPS_MAX} waits",
            execution.name()
        )))
    }

    /// The callbacks of the execution, and of executions that it has invoked.
    async fn of(
        &self,
        execution: &Execution,
        unanswered: Vec<Unanswered>,
    ) -> Result<Vec<Unanswered>, TestError> {
        let mut own = Vec::new();
        for callback in unanswered {
            if self.is_of(execution, &callback).await? {
                own.push(callback);
            }
        }
        Ok(own)
    }

    async fn is_of(&self, execution: &Execution, callback: &Unanswered) -> Result<bool, TestError> {
        let mut arn = callback.execution.clone();
        loop {
            if arn == execution.arn() {
                return Ok(true);
            }
            let parsed: Result<ExecutionArn, _> = arn.parse();
            let parsed = parsed.map_err(|error| TestError::of("find an execution", &error))?;
            let mut id = parsed.id;
            let store = self.app.driver().store();
            let record = store.record(&id).await;
            let record = record.map_err(|error| TestError::of("find an execution", &error))?;
            let Some(parent) = record.and_then(|it| it.spec.trigger.parent().cloned()) else {
                return Ok(false);
            };
            id = parent.execution_id;
            let head = store.head(&id).await;
            let head = head.map_err(|error| TestError::of("find an execution", &error))?;
            let Some(head) = head else { return Ok(false) };
            arn = head.arn.to_string();
        }
    }

    async fn has_ended(&self, execution: &Execution) -> Result<bool, TestError> {
        let shown = execution.get().await;
        let shown = shown.map_err(|error| TestError::of("look at the execution", &error))?;
        Ok(shown.end_timestamp.is_some())
    }

    /// Awaits an advance of time; fails if nothing happens for too long.
    async fn patiently<T>(
        &self,
        moves: impl Future<Output = Result<T, NotWound>>,
    ) -> Result<T, TestError> {
        tokio::pin!(moves);
        let mut changes = self.app.driver().changes();
        loop {
            tokio::select! {
                biased;
                moved = &mut moves => return moved.map_err(|error| TestError::of("move time", &error)),
                _any = changes.next() => {}
                () = tokio::time::sleep(self.patience) => return Err(self.stuck().await),
            }
        }
    }

    /// The error that names the steps and handlers that are at work and do not end.
    async fn stuck(&self) -> TestError {
        let mut at_work = Vec::new();
        for listed in self.app.list().await.unwrap_or_default() {
            if listed.end_timestamp.is_some() {
                continue;
            }
            let Ok(execution) = self.app.execution(&listed.durable_execution_arn).await else {
                continue;
            };
            let handler = execution.handler();
            let events = execution.history().await.unwrap_or_default();
            let operations = fold(&events);
            let mut steps = operations.iter().filter(|it| {
                it.status == OperationStatus::Started
                    && it.r#type == lambda_api::OperationType::Step
            });
            match steps.next() {
                Some(step) => at_work.push(format!("{step} of `{handler}`")),
                None => at_work.push(format!("the handler `{handler}`")),
            }
        }
        let patience = shown(self.patience);
        TestError(format!(
            "nothing has happened for {patience} of real time; at work: {}. What waits for real time \
             (`tokio::time::sleep`, a network) is not skipped: wait by `ctx.wait`, stand it in, or allow more by \
             `.patience(..)`",
            at_work.join(", ")
        ))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let app = self.app.clone();
            runtime.spawn(async move { app.shut_down().await });
        }
    }
}

/// Checks the rules; they may name functions that do not exist.
fn check(set: &AnswerSet) -> Result<(), TestError> {
    if set.callbacks.iter().any(|rule| rule.attempt == Some(0)) {
        return Err(TestError(
            "`.attempt(0)` fits no callback: attempts are counted from 1".to_owned(),
        ));
    }
    let results = set
        .callbacks
        .iter()
        .filter_map(|rule| rule.succeed.as_ref());
    let mut sizes = results.map(|result| result.to_string().len());
    if sizes.any(|bytes| bytes > RESULT_BYTES_MAX) {
        return Err(TestError(
            "the result of a callback is at most 1 MB long, as on AWS".to_owned(),
        ));
    }
    let beats = set.callbacks.iter().filter_map(|rule| rule.heartbeat_every);
    if beats.into_iter().any(|every| every.0.as_millis() == 0) {
        return Err(TestError(
            "`.heartbeat_every(..)` is a millisecond at least".to_owned(),
        ));
    }
    Ok(())
}
