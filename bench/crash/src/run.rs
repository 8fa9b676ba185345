//! One run: a server, its death again and again, clients, and the judgement.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::callbacks;
use crate::checkers::check_all;
use crate::client::Client;
use crate::evidence::{self, Evidence, STARTED_BY_CLIENTS, STARTED_BY_EXECUTIONS};
use crate::keeper::{Keeper, KeeperConfig, Lives, Phase, Running, ServerCommand, quiet_port};
use crate::kind::{Kind, Order};
use crate::ledger::{Reader, What};
use crate::report::{Report, Times};
use crate::workload::{self, Entries};

/// How often the run checks whether everything is over.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// After the end of everything, how long the run watches for work that should not run.
const WATCHED_AFTER_THE_END: Duration = Duration::from_secs(2);

/// The plan of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program `lambdura`.
    pub server: PathBuf,
    /// `bench/crash/template.yaml`.
    pub template: PathBuf,
    /// Has the built functions; everything of the run is kept here.
    pub data_dir: PathBuf,
    /// Further arguments of `lambdura up`.
    pub arguments: Vec<String>,
    /// Executions that are started; they take turns in their kinds.
    pub starts: u64,
    pub starts_per_second: f64,
    pub kill_every: Duration,
    /// The least number of kills: killing goes on until then, even when nothing is started any more.
    pub kills_min: usize,
    /// After the last start, the run waits for all ends; it gives up after this time without a change.
    pub patience: Duration,
    pub seed: u64,
    /// The tested revision, such as a commit.
    pub revision: String,
}

/// Runs the plan and judges.
///
/// # Errors
///
/// When the run itself cannot go on. Findings of checkers are in the report.
pub async fn run(plan: Plan) -> Result<Report> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    fs::create_dir_all(&plan.data_dir)
        .with_context(|| format!("create `{}`", plan.data_dir.display()))?;
    let ledger = plan.data_dir.join("ledger.jsonl");
    let address = quiet_port(&mut random)?;
    let client = Arc::new(Client::new(vec![address]));
    let config = KeeperConfig {
        command: command(&plan, &address.to_string(), &ledger),
        kill_every: plan.kill_every,
        kills_min: plan.kills_min,
    };

    let (phase, phase_now) = watch::channel(Phase::Kill);
    let (running, mut running_now) = watch::channel(Running::NotYet);
    let keeper = Keeper::new(config, Arc::clone(&client), random.fork(), phase_now);
    let mut keeper = tokio::spawn(async move { keeper.keep(&running).await });
    let surprises = Arc::new(Mutex::new(Vec::new()));
    let callbacks = callbacks::answer_all(
        Arc::clone(&client),
        ledger.clone(),
        Arc::clone(&surprises),
        random.fork(),
    );
    let entries = Entries::default();
    let clients = async {
        // When the keeper is gone it says why.
        let first = running_now.wait_for(|now| *now != Running::NotYet).await;
        first.context("the server is gone")?;
        let mut clients = JoinSet::new();
        let started = Instant::now();
        start_all(&plan, &client, &entries, &mut random, &mut clients).await;
        let seconds = started.elapsed().as_secs_f64();
        phase.send_replace(Phase::Keep);
        let last = running_now.wait_for(|now| *now == Running::ForGood).await;
        last.context("the server is gone")?;
        let started = Instant::now();
        let drained = drain(plan.patience, &client, &mut clients, &entries, &ledger).await?;
        clients.shutdown().await;
        let executions = Evidence::read_executions(&client).await?;
        let drain_seconds = drained.duration_since(started).as_secs_f64();
        let times = Times {
            seconds,
            drain_seconds,
        };
        anyhow::Ok((executions, times))
    };
    let (executions, times) = tokio::select! {
        done = clients => done?,
        stopped = callbacks => return Err(stopped.err().context("the callbacks are answered for ever")?),
        gone = &mut keeper => {
            let lives: Lives = gone.context("the keeper panicked")??;
            anyhow::bail!("the keeper ended before its time, after {} kills", lives.kills);
        }
    };
    phase.send_replace(Phase::End);
    let lives = keeper.await.context("the keeper panicked")??;
    let evidence = Evidence {
        entries: entries.all(),
        executions,
        ledger: evidence::read_ledger(&ledger)?,
        surprises: surprises
            .lock()
            .expect("no thread panics with the list")
            .clone(),
        lives,
    };
    let checks = check_all(&evidence);
    let troubles = client.troubles();
    let Plan { revision, seed, .. } = plan;
    Ok(Report::new(
        revision, seed, times, &evidence, checks, troubles,
    ))
}

fn command(plan: &Plan, listen: &str, ledger: &Path) -> ServerCommand {
    let ready_file = plan.data_dir.join("ready.json");
    let mut arguments: Vec<OsString> = Vec::new();
    arguments.extend(["up".into(), plan.template.clone().into()]);
    arguments.extend(["--no-build".into(), "--no-reload".into()]);
    arguments.extend(["--listen".into(), listen.into()]);
    arguments.extend(["--http-api-listen".into(), "127.0.0.1:0".into()]);
    arguments.extend(["--data-dir".into(), plan.data_dir.clone().into()]);
    arguments.extend(["--ready-file".into(), ready_file.clone().into()]);
    let mut variable = OsString::from("LEDGER=");
    variable.push(ledger);
    arguments.extend(["--env".into(), variable]);
    arguments.extend(plan.arguments.iter().map(Into::into));
    ServerCommand {
        program: plan.server.clone(),
        arguments,
        ready_file,
        log: plan.data_dir.join("server.log"),
    }
}

/// Starts executions one after the other, whether the ones before are answered or not.
async fn start_all(
    plan: &Plan,
    client: &Arc<Client>,
    entries: &Entries,
    random: &mut fastrand::Rng,
    clients: &mut JoinSet<()>,
) {
    let every = Duration::from_secs_f64(1.0 / plan.starts_per_second);
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..plan.starts {
        ticks.tick().await;
        let (client, entries) = (Arc::clone(client), entries.clone());
        clients.spawn(workload::run(
            client,
            entries,
            Order::nth(number),
            random.fork(),
        ));
    }
}

/// Waits until all clients have their answers, all executions have ended and all calls ran, or until nothing has
/// changed for too long. Returns the time of the last change.
pub async fn drain(
    patience: Duration,
    client: &Client,
    clients: &mut JoinSet<()>,
    entries: &Entries,
    ledger: &Path,
) -> Result<Instant> {
    let mut ledger = Reader::new(ledger);
    let mut ran = BTreeSet::new();
    let mut seen = None;
    let mut changed_at = Instant::now();
    loop {
        while let Some(ended) = clients.try_join_next() {
            ended.context("a client panicked")?;
        }
        let mut open = 0;
        for function in [STARTED_BY_CLIENTS, STARTED_BY_EXECUTIONS] {
            open += evidence::count_open(client, function).await?;
        }
        let lines = ledger.read()?;
        let written = lines.len();
        let plain = lines.into_iter().filter(|line| line.what == What::Plain);
        ran.extend(plain.map(|line| line.execution));
        let called = entries.all().into_iter();
        let called = called.filter(|it| it.acknowledged && it.order.kind == Kind::PlainEvent);
        let owed = called.filter(|it| !ran.contains(&it.order.name())).count();

        let now = Some((clients.len(), open, owed));
        if now != seen || written > 0 {
            seen = now;
            changed_at = Instant::now();
        }
        let enough = match now {
            Some((0, 0, 0)) => WATCHED_AFTER_THE_END,
            _ => patience,
        };
        if changed_at.elapsed() >= enough {
            return Ok(changed_at);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
