//! Replay: operations that code must repeat, and log lines that it writes once.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_api::{OperationStatus, OperationType};
use lambdura::{BoxError, DurableContext, ReplayFilter, StepContext};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{TestExecution, failed, ok, succeeded};

async fn step_then_wait((): (), ctx: DurableContext) -> Result<(), BoxError> {
    // The handler ignores the error; the execution must fail nevertheless.
    let stepped = ctx.step(|_: StepContext| async { ok(1) }).name("a").await;
    drop(stepped);
    ctx.wait(Duration::from_secs(60)).name("w").await?;
    Ok(())
}

#[tokio::test]
async fn code_that_differs_from_history_fails_the_execution() {
    type Change = fn(&mut lambda_api::ApiOperation);
    let changes: [(Change, &str); 3] = [
        (
            |operation| operation.r#type = OperationType::Wait,
            "its type is recorded as WAIT",
        ),
        (
            |operation| operation.sub_type = Some("WaitForCondition".to_owned()),
            "its sub type is recorded as WaitForCondition",
        ),
        (
            |operation| operation.name = Some("b".to_owned()),
            "its name is recorded as b",
        ),
    ];
    for (change, expected) in changes {
        let execution = TestExecution::new(());
        execution.suspends(step_then_wait).await;
        execution.service.tamper("a", change);
        let output = execution.invoke(step_then_wait).await.unwrap();
        let (error_type, message) = failed(&output);
        assert_eq!(error_type, "NonDeterministicExecutionError");
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("STEP/Step a at 1"), "{message}");
    }
}

#[tokio::test]
async fn mismatch_in_a_branch_ends_everything() {
    let handler = async |(): (), ctx: DurableContext| {
        let results = ctx
            .map(0..2, |ctx, item| async move {
                ctx.wait(Duration::from_secs(30))
                    .name(format!("w{item}"))
                    .await
            })
            .await?;
        ok(results.success_count())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    execution
        .service
        .tamper("w1", |operation| operation.name = Some("other".to_owned()));
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(failed(&output).0, "NonDeterministicExecutionError");
}

#[tokio::test]
async fn what_a_newer_service_says_does_not_break_the_handler() {
    let handler = async |(): (), ctx: DurableContext| {
        let (waited, other) = tokio::join!(
            ctx.wait(Duration::from_secs(60)).name("w"),
            ctx.wait(Duration::from_secs(90))
        );
        waited?;
        other?;
        ok(())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    execution.service.tamper("w", |operation| {
        operation.status = OperationStatus::Unknown("HIBERNATING".to_owned());
    });
    execution.suspends(&handler).await;
    execution.service.tamper("w", |operation| {
        operation.status = OperationStatus::Succeeded;
    });
    succeeded(&execution.run(&handler).await);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().map(str::trim);
        lines.map(str::to_owned).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn talkative((): (), ctx: DurableContext) -> Result<(), BoxError> {
    tracing::info!("began");
    ctx.step(|_: StepContext| async {
        tracing::info!("in the step");
        ok(())
    })
    .await?;
    tracing::info!("between");
    let answer: u32 = ctx
        .wait_for_callback("ask", |_, _| async { ok(()) })
        .await?;
    ctx.logger().info(format_args!("answered {answer}"));
    tracing::info!("went on");
    ctx.wait(Duration::from_secs(5)).await?;
    tracing::info!("ended");
    Ok(())
}

#[tokio::test]
async fn every_line_is_logged_once() {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .fmt_fields(MessageOnly)
        .with_filter(ReplayFilter::new());
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let message = |line: &String| line.rsplit(": ").next().unwrap_or(line).to_owned();

    let execution = TestExecution::new(());
    execution.suspends(talkative).await;
    let first: Vec<_> = lines.take().iter().map(message).collect();
    assert_eq!(first, ["began", "in the step", "between"]);
    execution.service.complete(
        "ask create callback id",
        OperationStatus::Succeeded,
        Some("42"),
    );
    execution.suspends(talkative).await;
    let second: Vec<_> = lines.take().iter().map(message).collect();
    assert_eq!(second, ["answered 42", "went on"]);
    let output = execution.run(talkative).await;
    succeeded(&output);
    let third: Vec<_> = lines.take().iter().map(message).collect();
    assert_eq!(third, ["ended"]);
}

/// Leaves the fields out, so that lines can be compared.
struct MessageOnly;

impl<'writer> tracing_subscriber::fmt::FormatFields<'writer> for MessageOnly {
    fn format_fields<R: tracing_subscriber::field::RecordFields>(
        &self,
        mut writer: tracing_subscriber::fmt::format::Writer<'writer>,
        fields: R,
    ) -> std::fmt::Result {
        struct Visitor(String);

        impl tracing::field::Visit for Visitor {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }

        let mut visitor = Visitor(String::new());
        fields.record(&mut visitor);
        writer.write_str(&visitor.0)
    }
}

#[tokio::test]
async fn replay_ends_with_the_first_news() {
    let seen = Mutex::new(Vec::new());
    let handler = async |(): (), ctx: DurableContext| {
        let see = |place: &'static str| {
            seen.lock().unwrap().push((place, ctx.is_replaying()));
        };
        see("began");
        one(&ctx).await?;
        see("stepped");
        ctx.wait(Duration::from_secs(60)).await?;
        see("waited");
        one(&ctx).await?;
        see("ended");
        ok(())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    assert_eq!(
        std::mem::take(&mut *seen.lock().unwrap()),
        [("began", false), ("stepped", false)]
    );
    execution.run(&handler).await;
    assert_eq!(
        std::mem::take(&mut *seen.lock().unwrap())[2..],
        [
            ("began", true),
            ("stepped", true),
            ("waited", false),
            ("ended", false)
        ]
    );
}

async fn one(ctx: &DurableContext) -> Result<(), BoxError> {
    ctx.step(|_: StepContext| async { ok(()) }).await?;
    Ok(())
}

async fn logs_by_itself((): (), ctx: DurableContext) -> Result<(), BoxError> {
    ctx.logger().info("once");
    ctx.logger().heard_in_replay().info("every time");
    let step = ctx.step(|step: StepContext| async move {
        step.logger().info("inside");
        ok(())
    });
    step.name("work").await?;
    ctx.wait(Duration::from_secs(60)).await?;
    Ok(())
}

#[tokio::test]
async fn loggers_say_where_they_are_and_can_be_heard_in_replay() {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(move || writer.clone())
        .with_filter(ReplayFilter::new());
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let execution = TestExecution::new(());
    execution.suspends(logs_by_itself).await;
    let logged: Vec<serde_json::Value> = lines
        .take()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["target"] == "lambdura::execution")
        .collect();
    let messages: Vec<_> = logged.iter().map(|line| line["message"].clone()).collect();
    assert_eq!(messages, ["once", "every time", "inside"]);
    let inside = &logged[2];
    assert!(inside["executionArn"].as_str().unwrap().ends_with("/inv"));
    assert_eq!(inside["requestId"], "request");
    assert_eq!(inside["operationName"], "work");
    assert_eq!(inside["attempt"], 1);
    assert_eq!(
        inside["operationId"],
        execution.service.operation("work").id.as_str()
    );

    execution.service.skip_to_next_timer();
    succeeded(&execution.invoke(logs_by_itself).await.unwrap());
    let again = lines.take();
    assert_eq!(again.len(), 1, "{again:?}");
    assert!(again[0].contains("every time"), "{again:?}");
}
