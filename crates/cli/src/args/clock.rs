//! Arguments of `lambdura clock`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::values;

/// Show the service's clock, and move it if the service was started with `--clock manual` or `auto`
#[derive(Debug, Args)]
#[command(after_help = "\
Time moves only while nothing is at work, and everything that becomes due on the way happens in order.

Examples:
  lambdura clock                                 its time, and what it waits for
  lambdura clock advance 30d                     also `1h 30m`, `90s`
  lambdura clock next                            to the next moment at which something is due
  lambdura clock until @last                     until it has ended, or nothing waits for any time
  lambdura clock hold                            an `auto` clock stays where it is until `lambdura clock release`")]
pub struct ClockArguments {
    #[command(subcommand)]
    pub action: Option<ClockAction>,
    /// How long to wait, in real time, for functions at work
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = values::time)]
    pub within: Duration,
}

#[derive(Debug, Subcommand)]
pub enum ClockAction {
    /// Move it forward by this time
    Advance {
        /// `30d`, `1h 30m`, `90s`
        #[arg(value_name = "TIME")]
        by: String,
    },
    /// Move it to a point in time
    To {
        /// Such as `2027-01-31T08:00:00Z`
        #[arg(value_name = "INSTANT")]
        instant: String,
    },
    /// Move it to the next moment at which something is due
    Next,
    /// Move it until an execution has ended, or nothing waits for any time
    Until {
        /// ARN, name, unique prefix of name or id, or `@last`
        execution: String,
        /// Only look among executions of this function
        #[arg(long, short)]
        function: Option<String>,
    },
    /// Keep an `auto` clock from moving by itself
    Hold,
    /// Let an `auto` clock move by itself again
    Release,
}
