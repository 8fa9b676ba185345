//! The arguments of `cargo xtask bench`, and the settings that follow from them for every bench.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use crate::setup::Profile;
use crate::system::make_parent;
use crate::workspace::{Workspace, empty_folder};

/// Measure a built release: checkpoints, ten steps, the loan workflow, next to fsync and loopback
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench
  cargo xtask bench --rounds 9 --json before.json
  cargo xtask bench --console                        the console's routes, with a million executions stored
  cargo xtask bench --growth                         long executions, many timers, a million that wait
  cargo xtask bench --machines                       state machines next to durable functions that do the same
  cargo xtask bench --crash                          the server killed every two seconds under load
  cargo xtask bench --crash --seconds 20 --dev       the same, shorter, with a debug build
  cargo xtask bench --peers --rounds 3               the same work on Restate and durare, and on ours, in one run
  cargo xtask bench --peers --postgres               durare and ours on PostgreSQL, on one server and on three
  cargo xtask bench --data-dir /mnt/nvme/bench       the disk that is measured

Nothing else should run on the machine meanwhile.")]
pub struct BenchArguments {
    /// Rounds, each of which measures everything once; the median is reported
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) rounds: u32,
    /// Gets all numbers [default: target/bench/<epoch seconds>.json]
    #[arg(long, value_name = "PATH")]
    pub(super) json: Option<PathBuf>,
    /// A folder on the disk to measure; what a former run left in it is removed [default: target/xtask/bench/data]
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// What an answered request survives: disk, os or memory
    #[arg(long, value_name = "LEVEL", default_value = "disk")]
    pub(super) durability: String,
    /// Measure a debug build: to try the benchmark itself
    #[arg(long)]
    pub(super) dev: bool,
    /// Measure what the console reads, with this many executions stored, and nothing else
    #[arg(long, value_name = "EXECUTIONS", num_args = 0..=1, default_missing_value = "1000000")]
    pub(super) console: Option<u32>,
    /// Measure programs that run their own executions, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash"])]
    pub(super) embedded: bool,
    /// Measure what must not grow with steps, executions and timers, a start and a recovery, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash", "embedded", "rounds"])]
    pub(super) growth: bool,
    /// Measure state machines next to durable functions that do the same, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash", "embedded", "growth", "peers"])]
    pub(super) machines: bool,
    /// Kill the server every two seconds while executions of every kind are started, check that it keeps what it
    /// promised, and nothing else
    #[arg(long, conflicts_with_all = ["console", "rounds"])]
    pub(super) crash: bool,
    /// Install other durable execution systems (npm, crates.io), measure them and us in turn, and nothing else
    #[arg(long, conflicts_with_all = ["console", "crash", "dev"])]
    pub(super) peers: bool,
    /// With --peers: durare and ours on a private PostgreSQL instead, and three of our servers beside one
    #[arg(long, requires = "peers", conflicts_with = "write")]
    pub(super) postgres: bool,
    /// With --peers: for how long each kind of work is measured
    #[arg(long, value_name = "N", requires = "peers", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(super) peer_seconds: u32,
    /// With --peers: writes the table into docs/performance.md, too
    #[arg(long, requires = "peers")]
    pub(super) write: bool,
    /// With --crash: for how long executions are started
    #[arg(long, value_name = "N", requires = "crash", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(super) seconds: u32,
    /// With --crash: executions that are started in a second
    #[arg(long, value_name = "N", requires = "crash", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) rate: u32,
    /// With --crash: decides chances, such as when a client pauses an execution
    #[arg(long, value_name = "N", requires = "crash", default_value_t = 1)]
    pub(super) seed: u64,
}

impl BenchArguments {
    pub(super) const fn profile(&self) -> Profile {
        match self.dev {
            true => Profile::Dev,
            false => Profile::Release,
        }
    }

    /// An empty folder of our own, of this name, inside the given one: other files there are not removed.
    pub(super) fn empty_folder(&self, workspace: &Workspace, name: &str) -> Result<PathBuf> {
        let folder = workspace.chores().join("bench");
        let folder = self.data_dir.as_ref().unwrap_or(&folder).join(name);
        let folder = std::path::absolute(folder).context("know the current folder")?;
        empty_folder(&folder)?;
        Ok(folder)
    }

    /// Where all numbers go; its folder is made.
    pub(super) fn json_path(&self, workspace: &Workspace) -> Result<PathBuf> {
        let json = match &self.json {
            Some(path) => path.clone(),
            None => workspace
                .target
                .join("bench")
                .join(format!("{}.json", epoch_seconds()?)),
        };
        let json = std::path::absolute(json).context("know the current folder")?;
        make_parent(&json)?;
        Ok(json)
    }
}

fn epoch_seconds() -> Result<u64> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("read the clock")?;
    Ok(now.as_secs())
}
