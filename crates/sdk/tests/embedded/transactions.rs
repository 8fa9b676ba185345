//! Steps that write to the application's own tables.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use lambdura::embedded::{Embedded, Error, Execution, rusqlite};
use lambdura::service::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, DurableServiceClient,
    GetDurableExecutionStateResponse, InvocationInput, InvocationStatus, ServiceError,
};
use lambdura::{
    BoxError, DurableContext, InvocationContext, Invoker, RetryStrategy, StepContext, Transaction,
    branch,
};
use tokio::sync::Notify;

use crate::world::{Count, World, until};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS rows (name TEXT NOT NULL)";

fn insert(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<usize> {
    tx.prepare_cached("INSERT INTO rows VALUES (?1)")?
        .execute([name])
}

async fn rows(app: &Embedded) -> Vec<String> {
    let read = |connection: &rusqlite::Connection| {
        let mut rows = connection.prepare("SELECT name FROM rows ORDER BY name")?;
        let rows = rows.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    app.query(read).await.expect("the rows")
}

async fn create(app: &Embedded) {
    let created = app.transaction(|tx| tx.execute_batch(TABLE)).await;
    created.expect("a table");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_writes_is_there_with_its_step_and_once() {
    async fn writes(count: u32, ctx: DurableContext) -> Result<Vec<u32>, BoxError> {
        let before = ctx.step(|_: StepContext| async { Ok::<_, BoxError>(1) });
        before.name("before").await?;
        let written = ctx.parallel((0..count).map(|number| {
            branch(move |ctx: DurableContext| async move {
                let write = ctx.transaction("write", move |tx| {
                    insert(tx, &format!("{number:03}"))?;
                    tx.query_row("SELECT count(*) FROM rows", [], |row| row.get::<_, u32>(0))
                });
                Ok::<_, BoxError>(write.await?)
            })
        }));
        let written: Vec<u32> = written.await?.into_results()?;
        // The second invocation gets the recorded result.
        ctx.wait(Duration::from_secs(1)).await?;
        Ok(written)
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("writes", writes)
        .open()
        .await
        .unwrap();
    create(&app).await;
    let execution = app.start("writes", &30).await.unwrap();
    let mut counts: Vec<u32> = execution.result().await.unwrap();
    counts.sort_unstable();
    assert_eq!(counts, (1..=30).collect::<Vec<_>>());
    let expected: Vec<_> = (0..30).map(|number| format!("{number:03}")).collect();
    assert_eq!(rows(&app).await, expected);
    let history = execution.history().await.unwrap();
    let of_transactions = history
        .iter()
        .filter(|it| it.sub_type.as_deref() == Some("Transaction"));
    assert_eq!(of_transactions.count(), 60, "each has begun and ended");
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_or_panics_leaves_nothing_and_is_tried_again() {
    let world = World::new();
    let tries = Count::default();
    let counted = tries.clone();
    let handler = move |(): (), ctx: DurableContext| {
        let tries = counted.clone();
        async move {
            let write = ctx.transaction("write", move |tx| {
                let attempt = tries.up();
                insert(tx, &format!("attempt {attempt}"))?;
                assert!(attempt != 1, "the first one panics");
                if attempt == 2 {
                    return Err::<usize, BoxError>("the second one fails".into());
                }
                Ok(attempt)
            });
            let retry = RetryStrategy::fixed(Duration::from_secs(1)).max_attempts(5);
            Ok::<_, BoxError>(write.retry(retry).await?)
        }
    };
    let app = world
        .builder()
        .handler("writes", handler)
        .open()
        .await
        .unwrap();
    create(&app).await;
    let execution = app.start("writes", &()).await.unwrap();
    assert_eq!(execution.result::<usize>().await.unwrap(), 3);
    assert_eq!(rows(&app).await, ["attempt 3"]);
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_cannot_end_the_transaction_nor_write_to_the_executions_tables() {
    async fn refused(sql: String, ctx: DurableContext) -> Result<String, BoxError> {
        let run = ctx.transaction("run", move |tx| {
            insert(tx, "before")?;
            tx.execute_batch(&sql)
        });
        let error = run
            .retry(RetryStrategy::none())
            .await
            .expect_err("it is refused");
        Ok(error.message().to_owned())
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("refused", refused)
        .open()
        .await
        .unwrap();
    create(&app).await;
    for (sql, expected) in [
        ("COMMIT", "a transaction is open already"),
        ("SAVEPOINT mine", "a transaction is open already"),
        (
            "DELETE FROM operations",
            "table `operations` is the durable executions'",
        ),
        (
            "UPDATE execution_states SET version = 1",
            "table `execution_states` is",
        ),
        ("DROP TABLE events", "table `events` is"),
        ("ATTACH ':memory:' AS other", "over several files"),
        (
            "PRAGMA synchronous = OFF",
            "`PRAGMA synchronous` would change",
        ),
        (
            "CREATE TEMP TABLE operations (id)",
            "table `operations` is the durable executions'",
        ),
        (
            "CREATE TEMP VIEW events AS SELECT 1",
            "table `events` is the durable executions'",
        ),
        (
            "CREATE TEMP TABLE mine (id); ALTER TABLE mine RENAME TO operations",
            "a temporary table is not altered",
        ),
    ] {
        let execution = app.start("refused", sql).await.unwrap();
        let said: String = execution.result().await.unwrap();
        assert!(said.contains(expected), "{sql}: {said}");
    }
    // The same applies outside of executions.
    let refused = app.transaction(|tx| tx.execute_batch("DELETE FROM operations"));
    let refused = refused.await.unwrap_err();
    assert!(matches!(refused, Error::Transaction(_)), "{refused}");
    assert!(
        refused.to_string().contains("table `operations`"),
        "{refused}"
    );
    assert_eq!(rows(&app).await, Vec::<String>::new());
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_keys_hold_and_a_violation_is_that_steps_alone() {
    async fn writes(account: i64, ctx: DurableContext) -> Result<i64, BoxError> {
        let write = ctx.transaction("write", move |tx| {
            tx.execute("INSERT INTO entries VALUES (?1)", [account])?;
            Ok::<_, rusqlite::Error>(account)
        });
        Ok(write.retry(RetryStrategy::none()).await?)
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("writes", writes)
        .open()
        .await
        .unwrap();
    for checked in ["", "DEFERRABLE INITIALLY DEFERRED"] {
        let create = format!(
            "DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS accounts;
             CREATE TABLE accounts (id INTEGER PRIMARY KEY);
             CREATE TABLE entries (account INTEGER NOT NULL REFERENCES accounts (id) {checked});
             INSERT INTO accounts VALUES (1)"
        );
        let created = app.transaction(move |tx| tx.execute_batch(&create)).await;
        created.unwrap();
        let (good, bad) = (app.start("writes", &1), app.start("writes", &2));
        let (good, bad) = (good.await.unwrap(), bad.await.unwrap());
        assert_eq!(good.result::<i64>().await.unwrap(), 1);
        let violated = bad.result::<i64>().await.unwrap_err().to_string();
        assert!(violated.contains("FOREIGN KEY"), "{checked}: {violated}");
        let ran = of_type(&bad, "InvocationCompleted").await;
        assert_eq!(ran, 1, "{checked}: the step failed, and no invocation did");
        let outside = app.transaction(|tx| tx.execute("INSERT INTO entries VALUES (2)", []));
        let refused = outside.await.unwrap_err();
        assert!(matches!(refused, Error::Transaction(_)), "{refused}");
        assert!(refused.to_string().contains("FOREIGN KEY"), "{refused}");
    }
    app.shut_down().await.unwrap();
}

async fn of_type(execution: &Execution, event_type: &str) -> usize {
    let history = execution.history().await.expect("readable");
    let of_type = history
        .iter()
        .filter(|event| event.event_type.as_str() == event_type);
    of_type.count()
}

/// Goes on after a statement that has ended the whole transaction.
fn goes_on(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    insert(tx, "before")?;
    tx.execute("INSERT OR ROLLBACK INTO once VALUES (1)", [])
        .expect_err("it is there");
    // Without this error it would be committed here on its own, without the step.
    let late = insert(tx, "late").expect_err("the transaction is over");
    let code = late.sqlite_error().map(|error| error.extended_code);
    assert_eq!(code, Some(rusqlite::ffi::SQLITE_CONSTRAINT_COMMITHOOK));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_after_sqlite_has_undone_the_transaction_fails_and_leaves_nothing() {
    async fn handler(returns_error: bool, ctx: DurableContext) -> Result<String, BoxError> {
        let write = ctx.transaction("write", move |tx| {
            goes_on(tx)?;
            if returns_error {
                insert(tx, "later")?;
            }
            Ok::<_, rusqlite::Error>(())
        });
        let failed = write.retry(RetryStrategy::none()).await;
        Ok(failed.expect_err("it fails").message().to_owned())
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("goes_on", handler)
        .open()
        .await
        .unwrap();
    create(&app).await;
    app.transaction(|tx| {
        tx.execute_batch("CREATE TABLE once (id INTEGER PRIMARY KEY); INSERT INTO once VALUES (1)")
    })
    .await
    .unwrap();
    for returns_error in [false, true] {
        let execution = app.start("goes_on", &returns_error).await.unwrap();
        let said: String = execution.result().await.unwrap();
        assert!(said.contains("undid the whole transaction"), "{said}");
        assert_eq!(of_type(&execution, "InvocationCompleted").await, 1);
    }
    let outside = app.transaction(goes_on).await.unwrap_err();
    assert!(matches!(outside, Error::Transaction(_)), "{outside}");
    assert_eq!(rows(&app).await, Vec::<String>::new());
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_was_stopped_meanwhile_writes_nothing() {
    let world = World::new();
    let (at_work, runs) = (Arc::new(Notify::new()), Count::default());
    let go = Arc::new(Notify::new());
    let (tell, wait, count) = (Arc::clone(&at_work), Arc::clone(&go), runs.clone());
    let handler = move |(): (), ctx: DurableContext| {
        let (tell, wait, runs) = (Arc::clone(&tell), Arc::clone(&wait), count.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            let write = ctx.transaction("write", move |tx| {
                runs.up();
                insert(tx, "late")
            });
            Ok::<_, BoxError>(write.await?)
        }
    };
    let app = world
        .builder()
        .handler("late", handler)
        .open()
        .await
        .unwrap();
    create(&app).await;
    let execution = app.start("late", &()).await.unwrap();
    at_work.notified().await;
    execution.stop("too slow").await.unwrap();
    go.notify_one();
    // Its invocation is over when the history says so.
    let completed = async || of_type(&execution, "InvocationCompleted").await;
    until("the end of the invocation", completed, |count| *count == 1).await;
    assert_eq!((rows(&app).await.len(), runs.get()), (0, 0));
    app.shut_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_recorded_takes_its_writes_with_it() {
    async fn large((): (), ctx: DurableContext) -> Result<usize, BoxError> {
        let write = ctx.transaction("write", |tx| {
            insert(tx, "large")?;
            Ok::<_, rusqlite::Error>("x".repeat(7 * 1024 * 1024))
        });
        Ok(write.retry(RetryStrategy::none()).await?.len())
    }
    let world = World::new();
    let app = world
        .builder()
        .handler("large", large)
        .open()
        .await
        .unwrap();
    create(&app).await;
    let execution = app.start("large", &()).await.unwrap();
    let refused = execution.result::<usize>().await.unwrap_err().to_string();
    assert!(
        refused.contains("length less than or equal to"),
        "{refused}"
    );
    assert_eq!(rows(&app).await.len(), 0);
    app.shut_down().await.unwrap();
}

/// A service as on Lambda, which receives no request in this test.
struct Elsewhere;

impl DurableServiceClient for Elsewhere {
    fn checkpoint<'a>(
        &'a self,
        _: &'a str,
        _: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>> {
        panic!("nothing is to be recorded")
    }

    fn get_state<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>> {
        panic!("there is nothing to read")
    }
}

#[tokio::test]
async fn elsewhere_it_is_refused_before_anything_is_recorded() {
    async fn handler((): (), ctx: DurableContext) -> Result<(), BoxError> {
        Ok(ctx.transaction("write", |_| Ok::<_, BoxError>(())).await?)
    }
    let input = serde_json::json!({
        "DurableExecutionArn": "arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/name/id",
        "CheckpointToken": "dG9rZW4=",
        "InitialExecutionState": { "Operations": [{ "Id": "id", "Type": "EXECUTION", "Status": "STARTED" }] },
    });
    let input: InvocationInput = serde_json::from_value(input).unwrap();
    let invoker = Invoker::new(Elsewhere);
    let output = invoker
        .invoke(&handler, input, InvocationContext::default())
        .await
        .unwrap();
    assert_eq!(output.status, InvocationStatus::Failed);
    let said = output
        .error
        .and_then(|error| error.error_message)
        .unwrap_or_default();
    assert!(
        said.contains("does not run in a program with a SQLite file"),
        "{said}"
    );
}
