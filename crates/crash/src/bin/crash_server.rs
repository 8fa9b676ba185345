//! A server that dies at a chosen write; without one, a server like any other.
//!
//! Takes a template and, for every function, the folder with its built code. Says on standard output
//! where it listens, as one line of JSON, once everything answers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use crash::{CrashPoint, crashing_store};
use server::{Artifacts, Server, ServerConfig, Stores};
use store::Durability;

#[derive(Parser)]
struct Arguments {
    /// The template, or its folder.
    template: PathBuf,
    /// Where everything is kept.
    #[arg(long)]
    data_dir: PathBuf,
    /// A function's code: `LogicalId=DIR`.
    #[arg(long = "artifact", value_parser = pair)]
    artifacts: Vec<(String, String)>,
    /// A variable for every function: `NAME=VALUE`.
    #[arg(long = "env", value_parser = pair)]
    environment: Vec<(String, String)>,
    /// How long an idle function process is kept, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    idle_millis: u64,
    /// Where to die: `before:N` or `after:N`.
    #[arg(long)]
    crash_at: Option<CrashPoint>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let any: SocketAddr = "127.0.0.1:0".parse()?;
    let config = ServerConfig {
        listen: any,
        http_api_listen: any,
        data_dir: arguments.data_dir.clone(),
        durability: Durability::Disk,
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
        environment: arguments.environment.into_iter().collect(),
        concurrency_max: 8,
        idle_time: Duration::from_millis(arguments.idle_millis),
        limits: server::Limits::AWS,
        runtimes: Arc::new(server::Runtimes::new(arguments.data_dir.join("runtimes"))),
        warnings: Arc::default(),
        telemetry: None,
        elsewhere: server::Elsewhere::Nowhere,
        debugging: server::Debugging::default(),
        authorizers: server::AuthorizerConfig::default(),
        clock: server::ClockMode::Real,
        answers: None,
        dynamodb: None,
        cluster: None,
        oidc: None,
        access: server::AccessConfig::default(),
    };
    std::fs::create_dir_all(&config.data_dir).context("create the data folder")?;
    let mut stores = Stores::open(&config)?;
    if let Some(point) = arguments.crash_at {
        stores.store = Arc::new(crashing_store(stores.store, point));
    }
    let server = Server::start_on(config, stores).await?;
    let stack = stack::load(&arguments.template, &stack::LoadOptions::default())?;
    let artifacts: Artifacts = arguments
        .artifacts
        .into_iter()
        .map(|(logical_id, dir)| (logical_id, PathBuf::from(dir)))
        .collect();
    let deployment = server.deploy(&stack, &artifacts).await?;
    let ready = serde_json::json!({
        "endpoint": server.endpoint(),
        "http_apis": deployment.http_apis,
    });
    println!("{ready}");
    tokio::signal::ctrl_c().await?;
    server.shut_down().await?;
    Ok(())
}
