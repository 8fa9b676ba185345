//! Measures state machines next to durable functions that do the same, by turns, and prints how they compare.
//!
//! `cargo xtask bench --machines` starts the system of `bench/machines/template.yaml` and runs this against it.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use bench_driver::connection::Connection;
use bench_driver::load;
use bench_driver::machine::Machine;
use bench_driver::measured::Measured;
use bench_driver::processor_time::ProcessorTime;
use bench_driver::statistics::{median, quantile, seconds};
use clap::Parser;
use http::StatusCode;
use lambda_api::headers;
use serde::Serialize;
use serde_json::{Value, json};

/// Measure state machines next to durable functions
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    measured: Measured,
}

/// The same work in both forms.
struct Pair {
    name: &'static str,
    code: &'static str,
    machine: &'static str,
    event: fn() -> Value,
    result: fn() -> Value,
    /// Callers at the same time, and executions of a round.
    loads: &'static [(usize, usize)],
}

const PAIRS: [Pair; 3] = [
    Pair {
        name: "ten Pass states, ten steps",
        code: "TenStepsFunction",
        machine: "TenPasses",
        event: || json!(0),
        result: || json!(10),
        loads: &[(1, 40), (64, 1280)],
    },
    Pair {
        name: "ten Task states, ten invokes",
        code: "TenCallsFunction",
        machine: "TenTasks",
        event: || json!(0),
        result: || json!(10),
        loads: &[(1, 40), (64, 640)],
    },
    Pair {
        name: "a Map of 1,000",
        code: "MapFunction",
        machine: "MapMachine",
        event: || json!((0..1000).collect::<Vec<u64>>()),
        result: || json!((1..=1000).collect::<Vec<u64>>()),
        loads: &[(1, 5)],
    },
];

/// One form at one number of callers; medians of the rounds.
#[derive(Debug, Default, Serialize)]
struct Form {
    /// Executions per second.
    per_second: Vec<f64>,
    /// In seconds.
    p50: Vec<f64>,
    p99: Vec<f64>,
    /// Seconds of the server and of the functions' processes for each execution.
    server: Vec<f64>,
    functions: Vec<f64>,
}

/// A pair at one number of callers.
#[derive(Debug, Serialize)]
struct Row {
    work: &'static str,
    callers: usize,
    code: Form,
    machine: Form,
}

#[derive(Debug, Serialize)]
struct Report {
    revision: String,
    machine: Machine,
    rounds: u32,
    rows: Vec<Row>,
}

/// One thread: on two cores, the system that is measured needs them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Arguments { measured } = Arguments::parse();
    let mut rows = Vec::new();
    for pair in &PAIRS {
        for &(callers, count) in pair.loads {
            let mut row = Row {
                work: pair.name,
                callers,
                code: Form::default(),
                machine: Form::default(),
            };
            // Processes, connections and caches are started once.
            for function in [pair.code, pair.machine] {
                run(&measured, pair, function, callers, count.div_ceil(4)).await?;
            }
            for _ in 0..measured.rounds {
                for (function, form) in
                    [(pair.code, &mut row.code), (pair.machine, &mut row.machine)]
                {
                    let before = ProcessorTime::look(measured.pid);
                    let load = run(&measured, pair, function, callers, count).await?;
                    let spent = ProcessorTime::look(measured.pid).since(before, count);
                    let latencies = seconds(&load.latencies);
                    form.per_second.push(load.rate());
                    form.p50.push(median(&latencies));
                    form.p99.push(quantile(&latencies, 0.99));
                    form.server.push(spent.server);
                    form.functions.push(spent.functions);
                }
            }
            eprintln!("    {} at {callers}", pair.name);
            rows.push(row);
        }
    }
    let report = Report {
        revision: measured.revision.clone(),
        machine: Machine::look(),
        rounds: measured.rounds,
        rows,
    };
    measured.write(&report)?;
    println!("{}", table(&report));
    Ok(())
}

/// Runs `count` executions, `callers` at a time, and waits for the result of each.
async fn run(
    measured: &Measured,
    pair: &Pair,
    function: &'static str,
    callers: usize,
    count: usize,
) -> Result<load::Load> {
    let mut connections = Vec::new();
    for _ in 0..callers {
        connections.push(Connection::open(measured.endpoint).await?);
    }
    let path = format!("/2015-03-31/functions/{function}/invocations?Qualifier=live");
    let (event, wanted) = ((pair.event)().to_string(), (pair.result)());
    let work = async move |connection: &mut Connection, _: usize| {
        let answer = connection.post(&path, &[], event.clone()).await?;
        let is_good = answer.status == StatusCode::OK
            && !answer.headers.contains_key(headers::FUNCTION_ERROR);
        ensure!(is_good, "an execution failed: {answer:?}");
        let result: Value = serde_json::from_slice(&answer.body)
            .with_context(|| format!("read the result {:?}", answer.body))?;
        ensure!(result == wanted, "an execution ended with {result}");
        Ok(())
    };
    let load = load::run(connections, count, work).await;
    load.with_context(|| format!("{function} at {callers}"))
}

/// The medians, as a table in Markdown.
fn table(report: &Report) -> String {
    let mut text = format!(
        "\n{}\nMedians of {} rounds.\n\n\
         | work | callers | form | executions/s | p50, ms | p99, ms | processor ms: server, functions | machine by code |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        report.revision, report.rounds
    );
    for row in &report.rows {
        // With one caller the ratio compares times; with several, executions per second.
        let ratio = match row.callers {
            1 => median(&row.machine.p50) / median(&row.code.p50),
            _ => median(&row.code.per_second) / median(&row.machine.per_second),
        };
        for (name, form, ratio) in [
            ("code", &row.code, String::new()),
            (
                "state machine",
                &row.machine,
                format!("{ratio:.2} times the time"),
            ),
        ] {
            writeln!(
                text,
                "| {} | {} | {name} | {:.0} | {:.2} | {:.2} | {:.2}, {:.2} | {ratio} |",
                row.work,
                row.callers,
                median(&form.per_second),
                median(&form.p50) * 1e3,
                median(&form.p99) * 1e3,
                median(&form.server) * 1e3,
                median(&form.functions) * 1e3,
            )
            .expect("text takes text");
        }
    }
    text
}
