//! A program with its own executions that dies at a chosen write, or within a chosen transaction; without
//! one, a program like any other.
//!
//! It takes one order through every kind of operation, and prints what came of it as one line of JSON. Each step
//! leaves a line in a file when it runs, so that one that runs again can be seen.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use crash::{CrashPoint, crashing_file, die};
use lambdura::embedded::{Embedded, Error, Ground, rusqlite};
use lambdura::{BoxError, CallbackId, DurableContext, StepContext, Transaction, branch};

#[derive(Parser)]
struct Arguments {
    /// Where everything is kept.
    #[arg(long)]
    folder: PathBuf,
    /// Where to die: `before:N` or `after:N`.
    #[arg(long)]
    crash_at: Option<CrashPoint>,
    /// Within which transaction to die, after what it writes: counted from 1.
    #[arg(long)]
    crash_within: Option<u64>,
}

/// What the functions of the program share.
struct Shop {
    folder: PathBuf,
    crash_within: Option<u64>,
    transactions: AtomicU64,
}

type Shared = Arc<Shop>;

impl Shop {
    /// Leaves a line that says that a step runs.
    fn note(&self, step: &str) -> Result<(), BoxError> {
        let path = self.folder.join("steps.log");
        let mut log = OpenOptions::new().create(true).append(true).open(path)?;
        log.write_all(format!("{step}\n").as_bytes())?;
        Ok(())
    }

    fn callback_path(&self) -> PathBuf {
        self.folder.join("callback")
    }

    /// Called at the end of every transaction.
    fn perhaps_die(&self) {
        let number = self.transactions.fetch_add(1, Ordering::SeqCst) + 1;
        if self.crash_within == Some(number) {
            die();
        }
    }

    /// Adds a row to the ledger.
    fn enter(&self, tx: &Transaction<'_>, what: &str) -> rusqlite::Result<i64> {
        tx.execute("INSERT INTO ledger VALUES (?1)", [what])?;
        tx.execute("UPDATE account SET balance = balance - 10", [])?;
        let balance = tx.query_row("SELECT balance FROM account", [], |row| row.get(0))?;
        self.perhaps_die();
        Ok(balance)
    }
}

async fn step(ctx: &DurableContext, shop: &Shared, name: &'static str) -> Result<usize, BoxError> {
    let shop = Arc::clone(shop);
    let step = ctx.step(move |_: StepContext| {
        let noted = shop.note(name);
        async move { noted.map(|()| name.len()) }
    });
    Ok(step.name(name).await?)
}

async fn order(shop: Shared, name: String, ctx: DurableContext) -> Result<usize, BoxError> {
    let mut sum = name.len() + step(&ctx, &shop, "reserve").await?;
    let parts = ["bolts", "nuts", "wood"].map(|part| {
        let shop = Arc::clone(&shop);
        branch(move |ctx: DurableContext| async move {
            let priced = step(&ctx, &shop, part).await?;
            let entered = ctx.transaction("enter", move |tx| shop.enter(tx, part));
            entered.await?;
            Ok::<_, BoxError>(priced)
        })
    });
    let prices: Vec<usize> = ctx.parallel(parts).await?.into_results()?;
    sum += prices.iter().sum::<usize>();
    let charging = Arc::clone(&shop);
    ctx.transaction("charge", move |tx| charging.enter(tx, "charge"))
        .await?;
    sum += ctx
        .invoke::<_, usize>("ship:live", &name)
        .name("ship")
        .await?;
    ctx.wait(Duration::from_secs(1)).name("pause").await?;
    let asking = Arc::clone(&shop);
    let answer = ctx.wait_for_callback("received", move |id: CallbackId, _: StepContext| {
        let asked = asking
            .note("ask")
            .and_then(|()| Ok(std::fs::write(asking.callback_path(), id.as_str())?));
        async move { asked }
    });
    sum += answer.await.map(|stars: usize| stars)?;
    sum += step(&ctx, &shop, "thank").await?;
    Ok(sum)
}

async fn ship(shop: Shared, name: String, ctx: DurableContext) -> Result<usize, BoxError> {
    let packed = step(&ctx, &shop, "pack").await?;
    let entered = ctx.transaction("shipped", move |tx| shop.enter(tx, "shipped"));
    entered.await?;
    Ok(packed + name.len())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse();
    let shop = Arc::new(Shop {
        folder: arguments.folder.clone(),
        crash_within: arguments.crash_within,
        transactions: AtomicU64::new(0),
    });
    let file = arguments.folder.join("app.db");
    let mut ground = Ground::open(&file, lambdura::embedded::Durability::Disk).await?;
    if let (Some(point), Some(tables)) = (arguments.crash_at, &mut ground.tables) {
        let (store, transactions) = crashing_file(&tables.sqlite, point);
        ground.store = Arc::new(store);
        tables.within = Arc::new(transactions);
    }
    let (ordering, shipping) = (Arc::clone(&shop), Arc::clone(&shop));
    let app = Embedded::builder(&file)
        .handler("order", move |name: String, ctx| {
            order(Arc::clone(&ordering), name, ctx)
        })
        .handler("ship", move |name: String, ctx| {
            ship(Arc::clone(&shipping), name, ctx)
        })
        .open_on(ground)
        .await?;
    app.transaction(|tx| {
        tx.execute_batch(
            "CREATE TABLE IF NOT EXISTS ledger (what TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
             INSERT OR IGNORE INTO account VALUES (1, 100)",
        )
    })
    .await?;
    let execution = app.start("order", "garden shed").name("one").await?;
    let answering = tokio::spawn(answer(app.clone(), shop.callback_path()));
    let sum: usize = execution.result().await?;
    answering.abort();
    let (ledger, balance) = app
        .query(|connection| {
            let mut rows = connection.prepare("SELECT what FROM ledger ORDER BY what")?;
            let rows = rows.query_map([], |row| row.get(0))?;
            let ledger: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
            let balance: i64 =
                connection.query_row("SELECT balance FROM account", [], |row| row.get(0))?;
            Ok((ledger, balance))
        })
        .await?;
    let history = execution.history().await?.len();
    app.shut_down().await?;
    println!(
        "{}",
        serde_json::json!({ "sum": sum, "ledger": ledger, "balance": balance, "history": history > 0 })
    );
    Ok(())
}

/// Completes the callback as soon as it is asked for, in whichever run.
async fn answer(app: Embedded, path: PathBuf) {
    loop {
        if let Some(id) = read(&path) {
            match app.send_callback_success(&id, &5).await {
                Ok(()) | Err(Error::Refused(_)) => return,
                Err(error) => eprintln!("the callback could not be completed: {error}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The id, once it is whole.
fn read(path: &Path) -> Option<String> {
    let id = std::fs::read_to_string(path).ok()?;
    (!id.is_empty()).then_some(id)
}
