//! Deletions of old data, and which of them an unsure clock holds back.

use std::future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use engine::{InvocationOutcome, Output};
use model::{
    ExecutionId, ExecutionName, ExecutionStatus, FunctionArn, FunctionName, Limits, Timestamp,
    Trigger, Version,
};
use runtime::{
    Clock, Driver, DriverConfig, DurableInvocation, DurableSettings, FunctionRunner,
    FunctionRunnerFuture, InvocationReport, NoRoom, PlainInvocation, PlainOutcome, RetryPolicy,
    StartRequest,
};
use store::{AsyncInvocation, Executions as _, MemoryStore};

/// Longest time that anything may take here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands still unless it is wound.
#[derive(Default)]
struct Wound {
    millis: AtomicI64,
    unsure: AtomicBool,
}

impl Clock for Wound {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::task::yield_now())
    }

    fn deletions_allowed(&self) -> bool {
        !self.unsure.load(Ordering::SeqCst)
    }
}

/// Executions named `ends` end at once, others never.
struct EndsByName;

impl FunctionRunner for EndsByName {
    fn durable_settings(&self, _: &FunctionName, _: &Version) -> Option<DurableSettings> {
        None
    }

    fn retry_policy(&self, _: &AsyncInvocation) -> RetryPolicy {
        RetryPolicy::default()
    }

    fn invoke_durable(
        &self,
        invocation: DurableInvocation,
    ) -> FunctionRunnerFuture<Result<InvocationReport, NoRoom>> {
        if invocation.spec.arn.name.as_str() != "ends" {
            return Box::pin(future::pending());
        }
        Box::pin(future::ready(Ok(InvocationReport {
            started_at: invocation.spec.started_at,
            outcome: InvocationOutcome::Returned(Output::Succeeded(None)),
        })))
    }

    fn wait_for_room(&self, _: &FunctionName) -> FunctionRunnerFuture<()> {
        Box::pin(future::pending())
    }

    fn invoke_plain(&self, _: PlainInvocation) -> FunctionRunnerFuture<PlainOutcome> {
        unreachable!("nothing here is plain")
    }
}

async fn start(driver: &Driver, name: &str) -> ExecutionId {
    let request = StartRequest {
        function: FunctionArn {
            partition: "aws".into(),
            region: "us-east-1".into(),
            account_id: "000000000000".into(),
            name: FunctionName::parse("Loan").expect("a valid name"),
        },
        version: Version::Published(1),
        name: Some(ExecutionName::parse(name).expect("a valid name")),
        id: None,
        input: None,
        execution_timeout_seconds: 3600,
        retention_days: 1,
        result_bytes_max: 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    };
    let started = driver.start(request).await.expect("started");
    started.arn().id.clone()
}

/// Waits until the execution has the status, or is gone.
async fn until(store: &MemoryStore, id: &ExecutionId, wanted: Option<ExecutionStatus>) {
    let mut seen = None;
    let looked = async {
        loop {
            let record = store.record(id).await.expect("works");
            seen = record.map(|record| record.state.status());
            if seen == wanted {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, looked).await;
    assert!(
        in_time.is_ok(),
        "waited for {wanted:?}; last seen: {seen:?}"
    );
}

#[tokio::test]
async fn what_has_ended_stays_while_the_clock_is_not_sure() {
    let clock = Arc::new(Wound::default());
    let store = Arc::new(MemoryStore::new());
    let driver = Driver::new(DriverConfig {
        store: Arc::clone(&store) as _,
        runner: Arc::new(EndsByName),
        clock: Arc::clone(&clock) as _,
        limits: Limits::AWS,
        seed: Some(1),
    })
    .expect("the seed is given");
    let ends = start(&driver, "ends").await;
    let hangs = start(&driver, "hangs").await;
    until(&store, &ends, Some(ExecutionStatus::Succeeded)).await;

    // The clock leaps, and is not sure of it: waiting executions go on, ended ones are kept.
    clock.unsure.store(true, Ordering::SeqCst);
    clock.millis.store(2 * 86_400_000, Ordering::SeqCst);
    let timers = driver.clone();
    let timers = tokio::spawn(async move { timers.run_timers().await });
    until(&store, &hangs, Some(ExecutionStatus::TimedOut)).await;
    until(&store, &ends, Some(ExecutionStatus::Succeeded)).await;

    clock.unsure.store(false, Ordering::SeqCst);
    until(&store, &ends, None).await;
    until(&store, &hangs, Some(ExecutionStatus::TimedOut)).await;
    driver.shut_down().await;
    timers.await.expect("the loop ends");
}
