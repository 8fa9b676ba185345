//! `sim`: runs seeds, and shows the faults and the violation of a seed that fails.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{anyhow, bail, ensure};
use clap::Parser;
use lambdura::BoxError;
use serde_json::json;
use sim::{Plan, Report, run, shrink};

/// One in this many seeds is run twice.
const TWICE_EVERY: u64 = 16;

/// Runs the whole system in one thread for each seed, with faults, and checks what must hold all the same
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  sim --seeds 300 --from 4711     300 seeds, from 4711 on
  sim --seed 4712                 one seed: its faults, and what is wrong in the shortest form found
  sim --seed 4712 --trace         everything that happens, line by line")]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first one; drawn unless it is given
    #[arg(long)]
    from: Option<u64>,
    /// Only this one
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Print what happens in it
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Do not look for a shorter form of what fails
    #[arg(long)]
    as_it_is: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    /// Threads; as many as there are processors unless it is given
    #[arg(long)]
    threads: Option<NonZero<usize>>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => one(&arguments, seed),
        None => many(&arguments),
    }
}

fn one(arguments: &Arguments, seed: u64) -> anyhow::Result<ExitCode> {
    let plan = Plan::of(seed);
    let report = run(&plan).map_err(failed)?;
    if report.violation.is_some() {
        return tell_failure(arguments, seed);
    }
    if arguments.json {
        let told = json!({
            "seed": seed, "faults": plan.faults.len(), "lives": report.lives, "commits": report.commits,
            "violations": 0, "trace": arguments.trace.then_some(report.trace),
        });
        println!("{told}");
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.trace {
        println!("{}", report.trace.join("\n"));
    }
    println!(
        "seed {seed}: {} programs, {} faults, {} lives, {} commits: all that must hold does",
        plan.programs.len(),
        plan.faults.len(),
        report.lives,
        report.commits
    );
    Ok(ExitCode::SUCCESS)
}

fn many(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let from = arguments.from.unwrap_or_else(|| fastrand::u64(..1 << 40));
    let seeds = arguments.seeds;
    if !arguments.json {
        println!("{seeds} seeds from {from}");
    }
    let began = Instant::now();
    let tally = Tally::default();
    let threads = match arguments.threads {
        Some(threads) => threads,
        None => thread::available_parallelism()?,
    };
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| tally.work(from, seeds));
        }
    });
    let took = began.elapsed().as_secs_f64();
    let failed = tally.failed();
    if let Some(seed) = failed {
        return tell_failure(arguments, seed);
    }
    if let Some(error) = tally.error() {
        return Err(error);
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (lives, commits, shared) = (
        count(&tally.lives),
        count(&tally.commits),
        count(&tally.shared),
    );
    let by_kind = tally.by_kind();
    let faults: u64 = by_kind.values().sum();
    #[expect(clippy::cast_precision_loss, reason = "it is shown without places")]
    let pace = seeds as f64 / took;
    if arguments.json {
        let told = json!({
            "from": from, "seeds": seeds, "faults": faults, "lives": lives, "commits": commits,
            "seconds": took, "seeds_per_second": pace, "violations": 0,
            "seeds_with_several_servers": shared, "faults_by_kind": by_kind,
        });
        println!("{told}");
    } else {
        println!(
            "all that must hold does: {faults} faults, {lives} lives, {commits} commits, in {took:.1} s ({pace:.0} seeds a second); \
             {shared} seeds with several servers"
        );
        println!("faults by kind: {}", tally.told_by_kind());
    }
    Ok(ExitCode::SUCCESS)
}

/// The findings of the threads that share the seeds.
#[derive(Default)]
struct Tally {
    next: AtomicU64,
    lives: AtomicU64,
    commits: AtomicU64,
    shared: AtomicU64,
    by_kind: Mutex<BTreeMap<String, u64>>,
    is_over: AtomicBool,
    failed: Mutex<Option<u64>>,
    error: Mutex<Option<anyhow::Error>>,
}

impl Tally {
    fn work(&self, from: u64, seeds: u64) {
        while !self.is_over.load(Ordering::Relaxed) {
            let nth = self.next.fetch_add(1, Ordering::Relaxed);
            if nth >= seeds {
                return;
            }
            let plan = Plan::of(from + nth);
            match run_checked(&plan) {
                Ok(report) => self.note(&plan, &report),
                Err(error) => {
                    let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
                    first.get_or_insert(error.context(format!("seed {}", plan.seed)));
                    self.is_over.store(true, Ordering::Relaxed);
                }
            }
            if nth % 500 == 499 && std::io::stderr().is_terminal() {
                eprintln!("{} of {seeds}", nth + 1);
            }
        }
    }

    fn note(&self, plan: &Plan, report: &Report) {
        let add = |counter: &AtomicU64, more: u64| counter.fetch_add(more, Ordering::Relaxed);
        add(&self.lives, report.lives as u64);
        add(&self.commits, report.commits);
        add(&self.shared, u64::from(plan.is_shared()));
        for fault in &plan.faults {
            *self.kinds().entry(fault.kind()).or_default() += 1;
        }
        if report.violation.is_some() {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            let soonest = failed.map_or(plan.seed, |other| other.min(plan.seed));
            *failed = Some(soonest);
            self.is_over.store(true, Ordering::Relaxed);
        }
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.by_kind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn by_kind(&self) -> BTreeMap<String, u64> {
        self.kinds().clone()
    }

    fn told_by_kind(&self) -> String {
        let kinds = self.by_kind().into_iter();
        let told: Vec<_> = kinds
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        told.join(", ")
    }

    fn failed(&self) -> Option<u64> {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self) -> Option<anyhow::Error> {
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.take()
    }
}

/// Runs a plan; some plans twice, because the same seed must give the same trace.
fn run_checked(plan: &Plan) -> anyhow::Result<Report> {
    let report = run(plan).map_err(failed)?;
    if plan.seed.is_multiple_of(TWICE_EVERY) {
        let again = run(plan).map_err(failed)?;
        let lines = report.trace.iter().zip(&again.trace);
        if let Some((one, other)) = lines.into_iter().find(|(one, other)| one != other) {
            bail!("the same seed gives two traces:\n{one}\n{other}");
        }
        ensure!(report == again, "the same seed gives two reports");
    }
    Ok(report)
}

/// Prints a seed that fails, in the shortest form that is found.
fn tell_failure(arguments: &Arguments, seed: u64) -> anyhow::Result<ExitCode> {
    let plan = Plan::of(seed);
    let shortest = match arguments.as_it_is {
        true => Some((plan.clone(), run(&plan).map_err(failed)?)),
        false => shrink(&plan).map_err(failed)?,
    };
    let (plan, report) = shortest.ok_or_else(|| anyhow!("seed {seed} fails only now and then"))?;
    let violation = report.violation.as_ref();
    let violation = violation.ok_or_else(|| anyhow!("seed {seed} fails only now and then"))?;
    if arguments.json {
        let told = json!({
            "seed": seed, "invariant": violation.invariant, "seen": violation.seen,
            "plan": plan, "trace": report.trace,
        });
        println!("{told}");
        return Ok(ExitCode::FAILURE);
    }
    println!("seed {seed} fails; in the shortest form found:");
    for program in &plan.programs {
        println!("  program {program:?}");
    }
    for fault in &plan.faults {
        println!("  fault   {fault:?}");
    }
    println!("{}", report.trace.join("\n"));
    println!("\n{violation}\n\nAgain: cargo xtask sim --seed {seed}");
    Ok(ExitCode::FAILURE)
}

fn failed(error: BoxError) -> anyhow::Error {
    anyhow!(error.to_string())
}
