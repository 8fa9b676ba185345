//! Arguments of `lambdura servers`.

use clap::Args;

/// List the servers that share the store: which are alive, since when, and how many shards each one drives
#[derive(Debug, Args)]
#[command(after_help = "\
Executions fall into 256 shards, and each shard is driven by one of the servers. Servers that died are listed for an hour.

Examples:
  lambdura servers
  lambdura servers --endpoint http://10.0.0.2:3001             as another of them sees it
  lambdura servers --json | jq -r '.servers[] | select(.state == \"dead\") | .address'")]
pub struct ServersArguments {
    /// Print JSON, as `--output json` does
    #[arg(long)]
    pub json: bool,
}
