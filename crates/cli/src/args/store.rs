//! What servers have in common: their store, and how they reach each other.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::values::Durability;

/// Where executions are kept, and with whom they are shared
#[derive(Debug, Args)]
#[command(next_help_heading = "Several servers")]
pub struct StoreArguments {
    /// A PostgreSQL database that several servers can share, such as `postgres://lambdura@db/lambdura` [default: a
    /// SQLite file in the data folder, for this server only]
    #[arg(
        long,
        value_name = "URL",
        env = "LAMBDURA_STORE",
        hide_env_values = true
    )]
    pub store: Option<String>,
    /// Address at which this server listens for the others that share its store [default: 127.0.0.1:0]
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LAMBDURA_CLUSTER_LISTEN",
        requires = "store"
    )]
    pub cluster_listen: Option<SocketAddr>,
    /// Address at which the others reach this server, if it is a different one
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "LAMBDURA_CLUSTER_ADDRESS",
        requires = "store"
    )]
    pub cluster_address: Option<String>,
    /// Endpoint of the functions' DynamoDB tables: AWS's with `--aws-credentials`, or that of `lambdura tables`
    /// [default: tables of this server]
    #[arg(
        long,
        value_name = "URL",
        env = "LAMBDURA_DYNAMODB_ENDPOINT",
        value_parser = endpoint
    )]
    pub dynamodb_endpoint: Option<http::Uri>,
}

fn endpoint(text: &str) -> Result<http::Uri, String> {
    let url: http::Uri = text
        .parse()
        .map_err(|error| format!("not a URL: {error}"))?;
    let is_base = matches!(url.path(), "" | "/") && url.query().is_none();
    match (url.scheme_str(), url.authority()) {
        (Some("http" | "https"), Some(_)) if is_base => Ok(url),
        _ => Err("must be a URL such as http://127.0.0.1:8000".to_owned()),
    }
}

/// Serve only DynamoDB tables, for servers that share them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura tables                                     on 127.0.0.1:8000, kept in .lambdura-tables
  lambdura up --store postgres://… --dynamodb-endpoint http://127.0.0.1:8000")]
pub struct TablesArguments {
    /// Address of the tables; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LAMBDURA_TABLES_LISTEN",
        default_value = "127.0.0.1:8000"
    )]
    pub listen: SocketAddr,
    /// Folder for the tables
    #[arg(
        long,
        value_name = "DIR",
        env = "LAMBDURA_TABLES_DIR",
        default_value = ".lambdura-tables"
    )]
    pub data_dir: PathBuf,
    /// What an acknowledged request survives
    #[arg(long, value_enum, default_value = "disk")]
    pub durability: Durability,
    /// A file to write once the tables answer: the URL and the process id as JSON
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
}
