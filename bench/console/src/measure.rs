//! Times of answers, and the processor time of a live list.

use std::io::Read as _;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::http;

/// Answers of each kind; the first one, which may find nothing in memory, is reported apart.
const TIMES: usize = 30;

/// Executions that run while a live list is looked at, and how long that is.
const RUNNING: usize = 50;
const LOOKED_AT: Duration = Duration::from_secs(8);
const TURNS: usize = 5;

const ROUTES: &[(&str, &str)] = &[
    ("the newest page", "/lambdura/v1/executions"),
    (
        "an older page",
        "/lambdura/v1/executions?cursor=1791500000000.500000",
    ),
    (
        "of one function",
        "/lambdura/v1/executions?function=OrderFunction",
    ),
    ("failed", "/lambdura/v1/executions?status=FAILED"),
    ("running", "/lambdura/v1/executions?status=RUNNING"),
    (
        "failed or stopped, of one function",
        "/lambdura/v1/executions?status=FAILED&status=STOPPED&function=RefundFunction",
    ),
    ("by name", "/lambdura/v1/executions?name=order-123456"),
    (
        "text of a recent error",
        "/lambdura/v1/executions?text=declined%20order%20A-9",
    ),
    (
        "text that is nowhere, first answer",
        "/lambdura/v1/executions?text=nowhere%20to%20be%20found",
    ),
    ("counts", "/lambdura/v1/executions/counts"),
    ("callbacks", "/lambdura/v1/callbacks"),
    ("timers", "/lambdura/v1/timers"),
    ("functions", "/lambdura/v1/functions"),
    ("system", "/lambdura/v1/system"),
];

/// Measures and prints.
pub fn run(endpoint: SocketAddr, pid: u32) -> Result<()> {
    println!(
        "  {:<40}{:>10}{:>10}{:>10}",
        "answer, milliseconds", "first", "median", "slowest"
    );
    for (name, path) in ROUTES {
        let head = format!("GET {path}");
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let started = Instant::now();
            http::request(endpoint, &head, "")?;
            times.push(started.elapsed());
        }
        let first = times[0];
        times.sort_unstable();
        println!(
            "  {name:<40}{:>10.1}{:>10.1}{:>10.1}",
            millis(first),
            millis(times[TIMES / 2]),
            millis(times[TIMES - 1])
        );
    }
    whole_search(endpoint)?;
    live_list(endpoint, pid)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Searches all executions for a text that none has: as the page does it, answer by answer.
fn whole_search(endpoint: SocketAddr) -> Result<()> {
    let started = Instant::now();
    let mut cursor = String::new();
    let mut answers = 0;
    loop {
        let head = format!("GET /lambdura/v1/executions?text=nowhere%20to%20be%20found{cursor}");
        let body = http::request(endpoint, &head, "")?;
        answers += 1;
        let Some((_, rest)) = body.split_once("\"next_cursor\":\"") else {
            break;
        };
        let (next, _) = rest.split_once('"').context("read a cursor")?;
        cursor = format!("&cursor={next}");
    }
    let took = started.elapsed().as_secs_f64();
    println!(
        "  a text that is nowhere is looked for everywhere in {took:.1} s, in {answers} answers"
    );
    Ok(())
}

/// The cost of a live list while fifty executions run: with a list, without one, in turns.
fn live_list(endpoint: SocketAddr, pid: u32) -> Result<()> {
    let steps = r#"{"scenario":"steps","count":400,"millis":250}"#;
    let head = "POST /2015-03-31/functions/OrderFunction/invocations?Qualifier=live";
    for _ in 0..RUNNING {
        http::request(endpoint, head, steps)?;
    }
    thread::sleep(Duration::from_secs(5));
    let mut shares = [0.0; 2];
    // In turns, so that a bad moment of the machine affects both.
    for turn in 0..2 * TURNS {
        let watched = turn % 2;
        let stream = match watched {
            0 => None,
            _ => Some(http::open(
                endpoint,
                "GET /lambdura/v1/executions/live",
                "",
            )?),
        };
        let reader = stream.map(|stream| {
            let reading = stream.try_clone().context("read beside closing")?;
            anyhow::Ok((stream, thread::spawn(move || read_all(reading))))
        });
        let reader = reader.transpose()?;
        let (before, started) = (processor_time(pid)?, Instant::now());
        thread::sleep(LOOKED_AT);
        let used = processor_time(pid)? - before;
        shares[watched] +=
            used.as_secs_f64() / started.elapsed().as_secs_f64() * 100.0 / TURNS as f64;
        if let Some((stream, reader)) = reader {
            stream
                .shutdown(Shutdown::Both)
                .context("close the stream")?;
            let bytes = reader.join().expect("reading cannot panic");
            anyhow::ensure!(bytes > 0, "the live list said nothing");
        }
    }
    let [without, with] = shares;
    println!(
        "  {RUNNING} running executions take {without:.1}% of a core of the server, with a live list {with:.1}%: it costs {:.1}%",
        with - without
    );
    Ok(())
}

/// Reads to the end; returns the number of bytes.
fn read_all(mut stream: TcpStream) -> usize {
    let (mut buffer, mut bytes) = ([0; 65_536], 0);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        bytes += read;
    }
    bytes
}

/// Processor time of a process so far. Source: `proc_pid_stat(5)`; `USER_HZ` is 100.
fn processor_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("read its times")?;
    let (_, fields) = stat.rsplit_once(')').context("find its name")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}
