//! Operations that user code drops before their end: the warnings about them, and when they appear.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambdura::{BoxError, CompletionConfig, DurableContext, StepContext};
use tracing::subscriber::DefaultGuard;

use crate::support::{TestExecution, failed, ok, succeeded};

/// The lines logged on this thread at level `WARN` and above.
struct Warnings {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Warnings {
    fn listen() -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&text);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(move || Writer(Arc::clone(&written)))
            .finish();
        Self {
            text,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.text.lock().unwrap())).unwrap()
    }
}

async fn quick(ctx: &DurableContext) -> Result<(), BoxError> {
    Ok(ctx
        .step(|_: StepContext| async { ok(()) })
        .name("quick")
        .await?)
}

/// Takes the operation that ends first, as no durable handler should.
async fn select(ctx: &DurableContext) -> Result<(), BoxError> {
    tokio::select! {
        waited = ctx.wait(Duration::from_secs(60)).name("slow") => Ok(waited?),
        stepped = quick(ctx) => stepped,
    }
}

#[tokio::test]
async fn dropped_operation_is_warned_of_when_the_execution_goes_on() {
    let warnings = Warnings::listen();
    let execution = TestExecution::new(());
    execution
        .suspends(async |(): (), ctx: DurableContext| {
            select(&ctx).await?;
            ctx.wait(Duration::from_secs(1)).name("after").await?;
            ok(())
        })
        .await;
    let said = warnings.take();
    assert!(
        said.contains("operation WAIT/Wait slow at 1 was dropped before its end"),
        "{said}"
    );
    assert!(said.contains("`race`"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test]
async fn dropped_operation_is_no_fault_where_nothing_is_replayed_after_it() {
    let warnings = Warnings::listen();
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| select(&ctx).await)
        .await;
    succeeded(&output);
    assert_eq!(warnings.take(), "");

    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let child = |ctx: DurableContext| async move { select(&ctx).await };
            ctx.run_in_child_context("first", child).await?;
            ctx.wait(Duration::from_secs(1)).await?;
            ok(())
        })
        .await;
    succeeded(&output);
    assert_eq!(warnings.take(), "", "the child's result is recorded");
}

#[tokio::test]
async fn what_the_sdk_drops_itself_is_no_fault() {
    let warnings = Warnings::listen();
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let slow = || ctx.wait(Duration::from_secs(600)).future();
            let step = ctx.step(|_: StepContext| async { ok(()) });
            ctx.race([slow(), step.future(), slow()]).await?;
            let first = ctx.map([600, 0], |ctx, seconds| async move {
                if seconds > 0 {
                    ctx.wait(Duration::from_secs(seconds)).await?;
                }
                quick(&ctx).await
            });
            first
                .completion(CompletionConfig::first_successful())
                .await?;
            // Both operations are open when the handler is dropped.
            let (a, b) = tokio::join!(ctx.wait(Duration::from_secs(1)), slow());
            a?;
            b?;
            ok(())
        })
        .await;
    succeeded(&output);
    assert_eq!(warnings.take(), "");
}

#[tokio::test]
async fn abandoned_context_is_named_once_and_not_with_all_that_is_inside() {
    let warnings = Warnings::listen();
    let execution = TestExecution::new(());
    execution
        .suspends(async |(): (), ctx: DurableContext| {
            let child = ctx.run_in_child_context("child", |ctx: DurableContext| async move {
                ctx.wait(Duration::from_secs(60)).await?;
                ok(())
            });
            tokio::select! {
                ended = child => ended?,
                stepped = quick(&ctx) => stepped?,
            }
            ctx.wait(Duration::from_secs(1)).await?;
            ok(())
        })
        .await;
    let said = warnings.take();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("RunInChildContext child"), "{said}");
}

#[tokio::test]
async fn divergence_names_the_operation_that_was_dropped() {
    let is_replay = AtomicBool::new(false);
    let execution = TestExecution::new(());
    // The first invocation takes the branch of the wait, and the second takes the other, as a select can.
    let handler = async |(): (), ctx: DurableContext| {
        let wait = ctx.wait(Duration::from_secs(600)).name("slow");
        if is_replay.load(Ordering::Relaxed) {
            tokio::select! {
                biased;
                waited = wait => waited?,
                stepped = quick(&ctx) => stepped?,
            }
            ctx.wait(Duration::from_secs(1)).name("after").await?;
        } else {
            quick(&ctx).await?;
            ctx.step(|_: StepContext| async { ok(()) })
                .name("third")
                .await?;
            wait.await?;
        }
        ok(())
    };
    execution.suspends(&handler).await;
    is_replay.store(true, Ordering::Relaxed);
    let output = execution.invoke(&handler).await.unwrap();
    let (error_type, message) = failed(&output);
    assert_eq!(error_type, "NonDeterministicExecutionError");
    assert!(
        message.contains("operation WAIT/Wait after at 3: its type is recorded as STEP"),
        "{message}"
    );
    assert!(
        message.contains("(operation WAIT/Wait slow at 1 was dropped before its end"),
        "{message}"
    );
}
