//! Medians of the rounds, next to the limits of disk and loopback.

use std::fmt;

use bench_driver::machine::Machine;
use bench_driver::processor_time::ProcessorTime;
use bench_driver::statistics::median;
use serde::Serialize;

use crate::round::{Round, Work};

/// Durable writes that one execution of ten steps cannot do without, one after the other.
const STEPS: f64 = 10.0;

/// Aims; source: the project's benchmarks on two cores, durability `disk`.
const TEN_STEPS_RATIO_MAX: f64 = 1.6;
const TEN_STEPS_RATE_MIN: f64 = 800.0;
const LOANS_RATE_MIN: f64 = 600.0;

/// All that is reported.
#[derive(Debug, Serialize)]
pub struct Report {
    revision: String,
    machine: Machine,
    rounds: usize,
    /// Median time of an append of 4 KiB with `fdatasync`.
    sync: Spread,
    lines: Vec<Line>,
    /// Resident memory of the functions' processes after ten steps at 64, in MiB: one invocation a process, and all in
    /// one.
    memory_alone: Spread,
    memory_together: Spread,
}

/// A number over the rounds.
#[derive(Debug, Clone, Copy, Serialize)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

/// One kind of work at one concurrency.
#[derive(Debug, Serialize)]
struct Line {
    work: &'static str,
    concurrency: usize,
    per_second: Spread,
    /// In seconds.
    latency: Spread,
    latency_p99: Spread,
    /// Seconds per piece.
    processor_time: ProcessorTime,
    /// How many syncs of the disk, one after the other, would fit into one piece's share of the time.
    in_syncs: f64,
    /// The same with requests over loopback, at this concurrency.
    in_requests: f64,
    /// The limit that the work is compared with, and the distance from it.
    ratio: Option<Ratio>,
    aim: Option<Aim>,
}

/// The time of the work, as a multiple of the limit.
#[derive(Debug, Serialize)]
struct Ratio {
    limit: String,
    ratio: Spread,
}

/// A goal for a number, and whether it is reached.
#[derive(Debug, Serialize)]
struct Aim {
    text: String,
    reached: bool,
}

impl Spread {
    fn of(rounds: &[Round], number: impl Fn(&Round) -> f64) -> Self {
        let numbers: Vec<f64> = rounds.iter().map(number).collect();
        Self {
            median: median(&numbers),
            min: numbers.iter().copied().fold(f64::INFINITY, f64::min),
            max: numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// One of a round's lists of work.
type Kind = fn(&Round) -> &[Work];

impl Report {
    /// Sums up at least one round.
    pub fn new(rounds: &[Round], machine: Machine, revision: String) -> Self {
        let kinds: [(&'static str, Kind); 6] = [
            ("loopback request", |round| &round.loopback),
            ("checkpoint", |round| &round.checkpoints),
            ("ten steps", |round| &round.ten_steps),
            ("in one process", |round| &round.ten_steps_together),
            ("loan workflow", |round| &round.loans),
            ("loan, one process", |round| &round.loans_together),
        ];
        let mut lines = Vec::new();
        for (name, kind) in kinds {
            for index in 0..kind(&rounds[0]).len() {
                lines.push(line(name, rounds, &|round| &kind(round)[index]));
            }
        }
        Self {
            revision,
            machine,
            rounds: rounds.len(),
            sync: Spread::of(rounds, |round| round.sync),
            lines,
            memory_alone: Spread::of(rounds, |round| mebibytes(round.ten_steps_memory)),
            memory_together: Spread::of(rounds, |round| mebibytes(round.ten_steps_together_memory)),
        }
    }
}

fn line(name: &'static str, rounds: &[Round], work: &dyn Fn(&Round) -> &Work) -> Line {
    let concurrency = work(&rounds[0]).concurrency;
    let per_second = Spread::of(rounds, |round| work(round).rate);
    let of = |part: fn(&ProcessorTime) -> f64| {
        Spread::of(rounds, |round| part(&work(round).processor_time)).median
    };
    let (ratio, aim) = limit(name, concurrency, rounds, work, per_second);
    Line {
        work: name,
        concurrency,
        per_second,
        latency: Spread::of(rounds, |round| work(round).latency),
        latency_p99: Spread::of(rounds, |round| work(round).latency_p99),
        processor_time: ProcessorTime {
            server: of(|time| time.server),
            functions: of(|time| time.functions),
            driver: of(|time| time.driver),
        },
        in_syncs: Spread::of(rounds, |round| 1.0 / work(round).rate / round.sync).median,
        in_requests: Spread::of(rounds, |round| {
            requests_at(round, concurrency) / work(round).rate
        })
        .median,
        ratio,
        aim,
    }
}

fn limit(
    name: &str,
    concurrency: usize,
    rounds: &[Round],
    work: &dyn Fn(&Round) -> &Work,
    per_second: Spread,
) -> (Option<Ratio>, Option<Aim>) {
    // Alone, nothing is shared: a write is a request and a sync, one after the other.
    let alone = |writes: f64| Ratio {
        limit: format!("{writes} x (sync + request)"),
        ratio: Spread::of(rounds, |round| {
            let request = round.loopback.iter().find(|work| work.concurrency == 1);
            let request = request.expect("the loopback is measured at concurrency 1");
            work(round).latency / (writes * (round.sync + request.latency))
        }),
    };
    // Together, syncs are shared: the limit is a request per write.
    let together = |writes: f64| Ratio {
        limit: format!("{writes} x request at {concurrency}"),
        ratio: Spread::of(rounds, |round| {
            requests_at(round, concurrency) / work(round).rate / writes
        }),
    };
    let at_least = |wanted: f64| Aim {
        text: format!("at least {wanted}/s"),
        reached: per_second.median >= wanted,
    };
    match (name, concurrency) {
        ("checkpoint", 1) => (Some(alone(1.0)), None),
        ("checkpoint", _) => (Some(together(1.0)), None),
        ("ten steps", 1) => {
            let ratio = alone(STEPS);
            let aim = Aim {
                text: format!("at most {TEN_STEPS_RATIO_MAX} x the limit"),
                reached: ratio.ratio.median <= TEN_STEPS_RATIO_MAX,
            };
            (Some(ratio), Some(aim))
        }
        ("ten steps", _) => (Some(together(STEPS)), Some(at_least(TEN_STEPS_RATE_MIN))),
        ("loan workflow", 64) => (None, Some(at_least(LOANS_RATE_MIN))),
        _ => (None, None),
    }
}

/// Requests per second over loopback at the nearest concurrency that was measured.
fn requests_at(round: &Round, concurrency: usize) -> f64 {
    let nearest = round
        .loopback
        .iter()
        .min_by_key(|work| work.concurrency.abs_diff(concurrency));
    nearest
        .expect("the loopback is measured in every round")
        .rate
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            processors,
            processor,
            kernel,
            ..
        } = &self.machine;
        writeln!(formatter, "\n{}", self.revision)?;
        writeln!(
            formatter,
            "{processors} x {processor}, Linux {kernel}; medians of {} rounds (lowest to highest)",
            self.rounds
        )?;
        writeln!(
            formatter,
            "append of 4 KiB with fdatasync: {}\n",
            milliseconds(self.sync)
        )?;
        writeln!(
            formatter,
            "{:<17}{:>3}  {:>24}  {:>26}  {:>8}  {:>20}  {:>7} {:>8}",
            "work",
            "at",
            "per second",
            "latency, ms",
            "p99, ms",
            "CPU ms: srv/fn/bench",
            "=syncs",
            "=requests"
        )?;
        for line in &self.lines {
            let Line {
                work,
                concurrency,
                per_second,
                latency,
                latency_p99,
                processor_time,
                ..
            } = line;
            let rate = format!(
                "{:.0} ({:.0} to {:.0})",
                per_second.median, per_second.min, per_second.max
            );
            let times = [
                processor_time.server,
                processor_time.functions,
                processor_time.driver,
            ];
            let times = times.map(|time| format!("{:.2}", time * 1000.0)).join("/");
            writeln!(
                formatter,
                "{work:<17}{concurrency:>3}  {rate:>24}  {:>26}  {:>8.2}  {times:>20}  {:>7.2} {:>8.1}",
                milliseconds(*latency),
                latency_p99.median * 1000.0,
                line.in_syncs,
                line.in_requests,
            )?;
        }
        let (alone, together) = (self.memory_alone.median, self.memory_together.median);
        writeln!(
            formatter,
            "\nmemory of the functions after ten steps at 64: {alone:.0} MiB with one invocation a process, {together:.0} MiB with all in one\n"
        )?;
        for line in &self.lines {
            let name = format!("{} at {}", line.work, line.concurrency);
            if let Some(Ratio { limit, ratio }) = &line.ratio {
                let Spread { median, min, max } = ratio;
                writeln!(
                    formatter,
                    "{name:<21}{median:>7.2} x the limit of {limit} ({min:.2} to {max:.2})"
                )?;
            }
            if let Some(Aim { text, reached }) = &line.aim {
                let verdict = if *reached { "reached" } else { "missed" };
                writeln!(formatter, "{name:<21}{verdict:>7}: {text}")?;
            }
        }
        Ok(())
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

fn milliseconds(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    format!(
        "{:.3} ({:.3} to {:.3})",
        median * 1000.0,
        min * 1000.0,
        max * 1000.0
    )
}
