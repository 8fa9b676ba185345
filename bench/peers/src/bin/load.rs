//! Asks a system for executions by HTTP.
//!
//! - `load URL,URL closed CALLERS SECONDS PID,PID [DATABASE_PID]`: so many callers, each of which asks again when it was
//!   answered; they are spread over the URLs.
//! - `load URL burst COUNT WAIT_MILLIS PID,PID`: so many at once, each of which waits.
//! - `load URL post JSON`: one request, again until it succeeds: for a system that is just starting.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bench_peers::measure::{Processes, burst, closed_loop};
use bench_peers::post::Poster;
use bench_peers::work::Parcel;

/// A short time is enough to fill caches and start processes.
const WARM_UP: Duration = Duration::from_secs(2);

/// The run fails if a system does not work by then.
const READY_WITHIN: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [url, kind, body] = &arguments[..]
        && kind == "post"
    {
        return post(url, body).await;
    }
    let [urls, kind, first, second, pids, database @ ..] = &arguments[..] else {
        bail!("usage: load URL,URL closed|burst NUMBER NUMBER PID,PID [DATABASE_PID]");
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .with_context(|| format!("`{text}` is not a number"))
    };
    let (first, second) = (number(first)?, number(second)?);
    let processes = Processes::parse(pids)?;
    let database = match database {
        [pid] => Processes::parse(pid)?,
        _ => Processes(Vec::new()),
    };
    let poster = Poster::default();
    let parcel = Parcel::new(if kind == "burst" { second } else { 0 });
    let body = serde_json::to_string(&parcel).context("write the input")?;
    let urls: Vec<String> = urls.split(',').map(str::to_owned).collect();
    let ask = move |number: u64| {
        // The upper half is the number of the caller.
        let url = urls[(number >> 32) as usize % urls.len()].clone();
        let (poster, body) = (poster.clone(), body.clone());
        async move { poster.post(&url, body).await.map(drop) }
    };
    let count = usize::try_from(first).context("count")?;
    let measured = match kind.as_str() {
        "closed" => {
            let time = Duration::from_secs(second);
            closed_loop(count, WARM_UP, time, &processes, &database, ask).await?
        }
        "burst" => burst(count, Duration::from_millis(second), &processes, ask).await?,
        other => bail!("`{other}` is neither closed nor burst"),
    };
    println!("{}", serde_json::to_string(&measured).context("write")?);
    Ok(())
}

async fn post(url: &str, body: &str) -> Result<()> {
    let (poster, until) = (Poster::default(), Instant::now() + READY_WITHIN);
    loop {
        match poster.post(url, body.to_owned()).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > until => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
