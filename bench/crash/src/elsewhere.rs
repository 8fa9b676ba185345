//! A run on servers that another program starts and kills: clients at all of them, and the judgement.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use crate::callbacks;
use crate::checkers::check_promises;
use crate::client::Client;
use crate::evidence::{self, Evidence, STARTED_BY_CLIENTS};
use crate::keeper::Lives;
use crate::kind::Order;
use crate::report::{Report, Times};
use crate::run::drain;
use crate::workload::{self, Entries};

/// How often open executions are counted.
const COUNT_EVERY: Duration = Duration::from_millis(500);

/// The servers to call, and the amount of work.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// Servers that share a store.
    pub servers: Vec<SocketAddr>,
    /// The ledger that their functions write.
    pub ledger: PathBuf,
    /// Executions that are kept open; they take turns in their kinds.
    pub open: usize,
    /// For how long executions are started.
    pub duration: Duration,
    /// Or until there is this file.
    pub until: Option<PathBuf>,
    /// After the last start, the run waits for all ends; it gives up after this time without a change.
    pub patience: Duration,
    pub seed: u64,
    /// The tested revision, such as a commit.
    pub revision: String,
}

/// Keeps executions open, waits for the end of all, and judges.
///
/// # Errors
///
/// When the run itself cannot go on. Findings of checkers are in the report.
pub async fn look_on(plan: Elsewhere) -> Result<Report> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let client = Arc::new(Client::new(plan.servers.clone()));
    let surprises = Arc::new(Mutex::new(Vec::new()));
    let callbacks = callbacks::answer_all(
        Arc::clone(&client),
        plan.ledger.clone(),
        Arc::clone(&surprises),
        random.fork(),
    );
    let entries = Entries::default();
    let clients = async {
        let mut clients = JoinSet::new();
        let started = Instant::now();
        let mut number = 0;
        let is_over = || plan.until.as_ref().is_some_and(|file| file.exists());
        while started.elapsed() < plan.duration && !is_over() {
            let open = evidence::count_open(&client, STARTED_BY_CLIENTS).await?;
            // Executions whose start is not answered yet may be missing from the count.
            let open = open.max(entries.unanswered());
            for _ in open..plan.open {
                let (client, entries) = (Arc::clone(&client), entries.clone());
                let order = Order::nth(number);
                clients.spawn(workload::run(client, entries, order, random.fork()));
                number += 1;
            }
            tokio::time::sleep(COUNT_EVERY).await;
        }
        let seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let drained = drain(plan.patience, &client, &mut clients, &entries, &plan.ledger).await?;
        clients.shutdown().await;
        let executions = Evidence::read_executions(&client).await?;
        let times = Times {
            seconds,
            drain_seconds: drained.duration_since(started).as_secs_f64(),
        };
        anyhow::Ok((executions, times))
    };
    let (executions, times) = tokio::select! {
        done = clients => done?,
        stopped = callbacks => return Err(stopped.err().context("the callbacks are answered for ever")?),
    };
    let evidence = Evidence {
        entries: entries.all(),
        executions,
        ledger: evidence::read_ledger(&plan.ledger)?,
        surprises: surprises
            .lock()
            .expect("no thread panics with the list")
            .clone(),
        lives: Lives::default(),
    };
    let checks = check_promises(&evidence);
    let troubles = client.troubles();
    Ok(Report::new(
        plan.revision,
        plan.seed,
        times,
        &evidence,
        checks,
        troubles,
    ))
}
