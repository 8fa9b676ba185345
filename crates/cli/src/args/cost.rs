//! `lambdura cost`.

use std::path::PathBuf;

use clap::Args;

/// Compute what executions would cost on AWS, including everything that they invoked in a chain
#[derive(Debug, Args)]
#[command(after_help = "\
The figures are AWS's list prices times the quantities in the event history; assumptions are printed below them.
Memory, architecture and retention come from the function's configuration. For a function, the figures are the average
of its newest executions that have ended; several subjects are shown side by side.

Examples:
  lambdura cost @last
  lambdura cost loan-1234 --runs 1,10000,5000000
  lambdura cost loan-1234 loan-5678                   side by side
  lambdura cost LoanWorkflow LoanMachine --last 50    a durable function and a state machine
  lambdura cost --print-prices > prices.toml          change the prices, then:
  lambdura cost @last --prices prices.toml
  lambdura cost @last --output json | jq .bill.total")]
pub struct CostArguments {
    /// Executions, each an ARN, name, unique prefix of name or id, or `@last`; or functions
    #[arg(value_name = "EXECUTION|FUNCTION", default_value = "@last")]
    pub subjects: Vec<String>,
    /// Only look among executions of this function; with --last, the average is of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// How many of a function's newest executions to average [default: 20]
    #[arg(long, value_name = "N", value_parser = cost_last)]
    pub last: Option<usize>,
    /// Print what so many executions cost
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_value = "1,1000,1000000", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: Vec<u32>,
    /// A price table to use instead of AWS's prices in us-east-1
    #[arg(long, value_name = "FILE", env = "LAMBDURA_PRICES")]
    pub prices: Option<PathBuf>,
    /// Only print the price table, in the format that `--prices` reads
    #[arg(long)]
    pub print_prices: bool,
}

fn cost_last(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err("not a number from 1 to 1000".to_owned()),
    }
}
