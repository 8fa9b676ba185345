//! The work on durare: engine, workflows and callers in one process, on SQLite or PostgreSQL.
//! `durare URL steps|loan CALLERS SECONDS [DATABASE_PID]`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use bench_peers::measure::{Processes, closed_loop};
use bench_peers::work::{Parcel, STEPS};
use durare::{DurableContext, DurableEngine, Result, WorkflowOptions};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const WARM_UP: Duration = Duration::from_secs(2);

/// Workflows that ask to be answered.
static ASKED: OnceLock<UnboundedSender<(String, Parcel)>> = OnceLock::new();

#[durare::step]
async fn advance(ctx: &DurableContext, parcel: Parcel) -> Result<Parcel> {
    Ok(parcel.next())
}

#[durare::step]
async fn ask(ctx: &DurableContext, id: String, parcel: Parcel) -> Result<()> {
    let asked = ASKED.get().expect("it is set before the first workflow");
    // The receiver, which answers, lives as long as this process.
    let _ = asked.send((id, parcel.next()));
    Ok(())
}

#[durare::workflow]
async fn steps(ctx: DurableContext, input: Parcel) -> Result<Parcel> {
    let mut parcel = input;
    for _ in 0..STEPS {
        parcel = advance(&ctx, parcel).await?;
    }
    Ok(parcel)
}

#[durare::workflow]
async fn loan(ctx: DurableContext, input: Parcel) -> Result<Parcel> {
    let parcel = advance(&ctx, input).await?;
    let credit = || advance(&ctx, parcel.clone());
    let (one, two, three) = tokio::join!(credit(), credit(), credit());
    (one?, two?, three?);
    let parcel = advance(&ctx, parcel).await?;
    ask(&ctx, ctx.workflow_id().to_string(), parcel.clone()).await?;
    let answered: Option<Parcel> = ctx.recv("answer", Duration::from_secs(60)).await?;
    let parcel = advance(&ctx, answered.unwrap_or(parcel)).await?;
    advance(&ctx, parcel).await
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, kind, callers, seconds, database @ ..] = &arguments[..] else {
        bail!("usage: durare URL steps|loan CALLERS SECONDS [DATABASE_PID]");
    };
    let database = match database {
        [pid] => Processes::parse(pid)?,
        _ => Processes(Vec::new()),
    };
    let engine = DurableEngine::connect(url).await?.build().await?;
    let engine = Arc::new(engine);
    let (asked, mut to_answer) = unbounded_channel::<(String, Parcel)>();
    ASKED.set(asked).expect("it is set once");
    let answering = Arc::clone(&engine);
    tokio::spawn(async move {
        while let Some((id, answer)) = to_answer.recv().await {
            let engine = Arc::clone(&answering);
            tokio::spawn(async move {
                if let Err(error) = engine.send(&id, answer, "answer").await {
                    eprintln!("answer {id}: {error}");
                }
            });
        }
    });
    let is_loan = match kind.as_str() {
        "steps" => false,
        "loan" => true,
        other => bail!("`{other}` is neither steps nor loan"),
    };
    let work = move |number: u64| {
        let engine = Arc::clone(&engine);
        async move {
            let options = WorkflowOptions::with_id(format!("{number}"));
            let parcel = Parcel::new(0);
            if is_loan {
                engine.start_with(Loan, parcel, options).await?.await?;
            } else {
                engine.start_with(Steps, parcel, options).await?.await?;
            }
            anyhow::Ok(())
        }
    };
    let callers = callers.parse().context("callers")?;
    let time = Duration::from_secs(seconds.parse().context("seconds")?);
    let processes = Processes(vec![std::process::id()]);
    let measured = closed_loop(callers, WARM_UP, time, &processes, &database, work).await?;
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}
