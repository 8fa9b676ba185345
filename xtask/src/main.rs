//! Chores of the project: `cargo xtask demo | test | bench | sim | console | book | dist | release | tidy`.
//!
//! This file reads the command line. Each chore has a module of its name; `setup` gets what the chores need
//! (packages, browsers, binaries), `system` runs the service, `page` the demo's frontend, and `process` owns every
//! process that is started here.

mod bench;
mod book;
mod cluster;
mod console;
mod demo;
mod dist;
mod peers;
mod release;
mod sim;
mod test;
mod tidy;

mod page;
mod setup;
mod system;

mod http_probe;
mod port;
mod process;
mod screen;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::BenchArguments;
use crate::book::BookArguments;
use crate::console::ConsoleArguments;
use crate::demo::DemoArguments;
use crate::dist::DistArguments;
use crate::release::ReleaseArguments;
use crate::sim::SimArguments;
use crate::test::TestArguments;
use crate::workspace::Workspace;

/// Chores of the Lambdura project
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Demo(DemoArguments),
    Test(TestArguments),
    Bench(BenchArguments),
    Sim(SimArguments),
    Console(ConsoleArguments),
    Book(BookArguments),
    Dist(DistArguments),
    Release(ReleaseArguments),
    /// Check what no compiler checks: dependency arrows, module docs, file sizes, leftovers, links, lockfiles
    Tidy,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = process::end_all_on_interrupt().and_then(|()| run(arguments.chore));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            screen::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    match chore {
        Chore::Demo(arguments) => demo::run(&workspace, &arguments),
        Chore::Test(arguments) => test::run(workspace, &arguments),
        Chore::Bench(arguments) => bench::run(&workspace, &arguments),
        Chore::Sim(arguments) => sim::run(&workspace, &arguments),
        Chore::Console(arguments) => console::run(workspace, &arguments),
        Chore::Book(arguments) => book::run(&workspace, &arguments),
        Chore::Dist(arguments) => dist::run(&workspace, &arguments),
        Chore::Release(arguments) => release::run(&workspace, &arguments),
        Chore::Tidy => tidy::run(&workspace),
    }
}
