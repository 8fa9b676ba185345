//! `cargo xtask bench --peers --postgres`: ten steps on durare and on ours, both on PostgreSQL, and ours on three
//! servers.
//!
//! Each system has a fresh database with PostgreSQL's own settings, so every commit is synced. Numbers are compared
//! with those of the same round.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use anstream::println;
use anyhow::Result;

use super::{FUNCTIONS, Measured, build, note};
use crate::cluster::{Cluster, ClusterConfig, Postgres};
use crate::workspace::{Workspace, empty_folder};
use crate::{port, screen, setup};

/// Steps of one execution; `bench_peers::work` says the same.
const STEPS: f64 = 10.0;

/// Callers, one row of the table each.
const CALLERS: [u32; 2] = [1, 64];

const OURS: &str = "Lambdura, one server";
const OURS_TOGETHER: &str = "Lambdura, one server, 64 invocations a process";
const THREE_TOGETHER: &str = "Lambdura, three servers, 64 invocations a process";
const DURARE: &str = "durare, in process";
const SYSTEMS: [&str; 4] = [OURS, OURS_TOGETHER, THREE_TOGETHER, DURARE];

/// The bounds: each with its text, its number, and whether the number is allowed.
const BOUNDS: [Bound; 5] = [
    Bound {
        what: "ten steps, one caller: our time by durare's, at most 0.8",
        of: |it| it.p50(OURS, 1) / it.p50(DURARE, 1),
        holds: |it| it <= 0.8,
    },
    Bound {
        what: "64 callers: our steps by durare's, at least 2",
        of: |it| it.rate(OURS_TOGETHER, 64) / it.rate(DURARE, 64),
        holds: |it| it >= 2.0,
    },
    Bound {
        what: "PostgreSQL's processor time of a step at 64 callers, at most 60 µs",
        of: |it| it.database_micros(OURS_TOGETHER, 64),
        holds: |it| it <= 60.0,
    },
    Bound {
        what: "PostgreSQL's processor time of a step at one caller, µs (no bound)",
        of: |it| it.database_micros(OURS, 1),
        holds: f64::is_finite,
    },
    Bound {
        what: "64 callers: three servers by one, on the same cores, at least 0.9",
        of: |it| it.rate(THREE_TOGETHER, 64) / it.rate(OURS_TOGETHER, 64),
        holds: |it| it >= 0.9,
    },
];

struct Bound {
    what: &'static str,
    of: fn(&Medians) -> f64,
    holds: fn(f64) -> bool,
}

/// All results, by callers and system.
type Results = BTreeMap<(usize, &'static str), Vec<Measured>>;

struct Medians<'a>(&'a Results);

impl Medians<'_> {
    fn of(&self, system: &'static str, callers: u32, value: fn(&Measured) -> f64) -> f64 {
        let row = CALLERS.iter().position(|it| *it == callers);
        let measured = row.and_then(|row| self.0.get(&(row, system)));
        let mut values: Vec<f64> = measured.into_iter().flatten().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn p50(&self, system: &'static str, callers: u32) -> f64 {
        self.of(system, callers, |it| it.p50_ms)
    }

    fn rate(&self, system: &'static str, callers: u32) -> f64 {
        self.of(system, callers, |it| it.per_second)
    }

    fn database_micros(&self, system: &'static str, callers: u32) -> f64 {
        self.of(system, callers, |it| it.database_ms) * 1e3 / STEPS
    }
}

/// Installs, builds, measures, and prints the table and whether the bounds hold.
pub fn run(workspace: &Workspace, rounds: u32, seconds: u32) -> Result<()> {
    let postgres = setup::require_postgres()?;
    let (programs, binaries) = build(workspace)?;
    let folder = workspace.chores().join("peers");
    let mut results = Results::new();
    for round in 1..=rounds {
        screen::step(&format!("Round {round} of {rounds}"));
        for (system, servers, function) in [
            (OURS, 1, "steps"),
            (OURS_TOGETHER, 1, "steps-together"),
            (THREE_TOGETHER, 3, "steps-together"),
        ] {
            screen::note(system);
            let data_dir = folder.join("data");
            empty_folder(&data_dir)?;
            let config = ClusterConfig {
                servers,
                template: workspace.root.join("bench/peers/template.yaml"),
                functions: FUNCTIONS,
                data_dir,
                listen: port::loopback(0),
                http_api_listen: port::loopback(0),
                environment: Vec::new(),
                postgres: postgres.clone(),
                begins_empty: true,
                logs: folder.join("logs"),
            };
            let cluster = Cluster::start(&binaries, config)?;
            let members = cluster.members.iter().map(|member| member.address());
            let (urls, pids): (Vec<_>, Vec<_>) = members.unzip();
            let path = format!("/2015-03-31/functions/{function}/invocations?Qualifier=live");
            let urls: Vec<_> = urls.iter().map(|url| format!("{url}{path}")).collect();
            let pids: Vec<_> = pids.iter().flatten().map(u32::to_string).collect();
            for (row, callers) in CALLERS.into_iter().enumerate() {
                let mut command = Command::new(programs.join("load"));
                command.args([&urls.join(","), "closed"]);
                command.args([&callers.to_string(), &seconds.to_string()]);
                command.args([&pids.join(","), &cluster.postgres.pid.to_string()]);
                note(&mut results, row, system, &mut command)?;
            }
            cluster.remove()?;
        }
        screen::note(DURARE);
        for (row, callers) in CALLERS.into_iter().enumerate() {
            let place = folder.join("data/durare");
            let log = folder.join("logs/durare-postgres.log");
            let database = Postgres::start(&postgres, &place, true, &log)?;
            let mut command = Command::new(programs.join("durare"));
            command.args([&database.url, "steps"]);
            command.args([&callers.to_string(), &seconds.to_string()]);
            command.arg(database.pid.to_string());
            note(&mut results, row, DURARE, &mut command)?;
            database.remove()?;
        }
    }
    println!("{}", table(&results, rounds));
    Ok(())
}

/// The medians of all rounds, as a table in Markdown, and the bounds.
fn table(results: &Results, rounds: u32) -> String {
    let mut text = format!(
        "\nMedians of {rounds} rounds; ten steps on PostgreSQL.\n\n\
         | callers | system | steps/s | p50, ms | p99, ms | processor µs a step | PostgreSQL µs a step |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n"
    );
    let medians = Medians(results);
    for callers in CALLERS {
        for system in SYSTEMS {
            let of = |value| medians.of(system, callers, value);
            writeln!(
                text,
                "| {callers} | {system} | {:.0} | {:.2} | {:.2} | {:.0} | {:.0} |",
                of(|it| it.per_second) * STEPS,
                of(|it| it.p50_ms),
                of(|it| it.p99_ms),
                of(|it| it.processor_ms) * 1e3 / STEPS,
                medians.database_micros(system, callers),
            )
            .expect("text takes text");
        }
    }
    text.push('\n');
    for bound in BOUNDS {
        let value = (bound.of)(&medians);
        let verdict = if (bound.holds)(value) { "ok" } else { "MISSED" };
        writeln!(text, "{verdict:<7}{}: {value:.2}", bound.what).expect("text takes text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(per_second: f64, p50_ms: f64, database_ms: f64) -> Vec<Measured> {
        vec![Measured {
            per_second,
            p50_ms,
            p99_ms: 9.0,
            processor_ms: 1.0,
            memory_mib: 10.0,
            database_ms,
        }]
    }

    #[test]
    fn bounds_are_judged_by_medians() {
        let results = Results::from([
            ((0, OURS), measured(100.0, 8.0, 0.9)),
            ((0, DURARE), measured(80.0, 10.0, 2.0)),
            ((1, OURS_TOGETHER), measured(900.0, 1.0, 0.55)),
            ((1, THREE_TOGETHER), measured(700.0, 1.0, 0.5)),
            ((1, DURARE), measured(450.0, 1.0, 1.0)),
        ]);
        let table = table(&results, 1);
        let verdicts: Vec<&str> = table
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| ["ok", "MISSED"].contains(word))
            .collect();
        assert_eq!(verdicts, ["ok", "ok", "ok", "ok", "MISSED"], "{table}");
    }
}
