//! The binary `explore`: explores small worlds, and reports how much was explored, or a violated invariant.

mod report;

use std::io::{IsTerminal as _, Write as _, stderr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use explore::{Bounds, Counts, End, Pair, Search};

use crate::report::Row;

/// Explores every interleaving of a few inputs of the engine, over every pair of operations
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    /// The longest way, in moves
    #[arg(long, default_value_t = 6)]
    depth: usize,
    /// Two types of operation, `step,wait`, or `context/step` for one in the other; all when not given
    #[arg(long = "pair", value_name = "PAIR")]
    pairs: Vec<Pair>,
    /// Stops after so many seconds and says how far it got
    #[arg(long)]
    seconds: Option<u64>,
    /// Threads to search with
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Prints JSON, one object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  explore                                       every pair, six moves deep
  explore --depth 8 --pair step,callback        one pair, deeper
  explore --pair context/wait --pair wait,wait  two pairs
  explore --depth 20 --seconds 60               as deep as a minute goes, level by level over all pairs

Types: step, wait, callback, chained-invoke, context.
Exits with 1 when an invariant does not hold.";

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let begun = Instant::now();
    let until = arguments.seconds.map(Duration::from_secs);
    let pairs = if arguments.pairs.is_empty() {
        Pair::all()
    } else {
        arguments.pairs.clone()
    };
    let mut searches: Vec<_> = pairs
        .into_iter()
        .map(|pair| (pair, Search::new(pair)))
        .collect();
    let bounds = |depth| Bounds {
        depth,
        threads: arguments.threads,
        until: until.map(|until| begun + until),
    };
    let end = explore(&mut searches, arguments.depth, &bounds);
    let rows: Vec<_> = searches
        .iter()
        .map(|(pair, search)| Row {
            pair: *pair,
            counts: search.counts,
        })
        .collect();
    let text = if arguments.json {
        report::json(&rows, &end, begun.elapsed())
    } else {
        report::table(&rows, &end, begun.elapsed())
    };
    print!("{text}");
    Ok(match end {
        End::Complete | End::OutOfTime => ExitCode::SUCCESS,
        End::Violated(_) => ExitCode::FAILURE,
    })
}

/// Level by level over all pairs, so that when the time is over no pair is behind by more than one level.
fn explore(searches: &mut [(Pair, Search)], depth: usize, bounds: &dyn Fn(usize) -> Bounds) -> End {
    let mut progress = Progress::new();
    for depth in 1..=depth {
        for (pair, search) in &mut *searches {
            let mut tell = |counts: &Counts| progress.tell(*pair, depth, counts);
            match search.run(&bounds(depth), &mut tell) {
                End::Complete => {}
                end => {
                    progress.clear();
                    return end;
                }
            }
        }
    }
    progress.clear();
    End::Complete
}

/// One line on the terminal that is overwritten each time; nothing if the output is not a terminal.
struct Progress {
    on_terminal: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            on_terminal: stderr().is_terminal(),
        }
    }

    fn tell(&mut self, pair: Pair, depth: usize, counts: &Counts) {
        if self.on_terminal {
            let states = report::grouped(counts.states);
            // A closed terminal does not stop the search.
            let _ = write!(stderr(), "\r\x1b[Kdepth {depth}, {pair}: {states} states");
        }
    }

    fn clear(&mut self) {
        if self.on_terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
