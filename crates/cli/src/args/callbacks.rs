//! `lambdura callback` and `lambdura callbacks`.

use clap::{Args, Subcommand};

/// Complete a callback, or send a heartbeat for it
#[derive(Debug, Args)]
#[command(after_help = "\
A callback is named by its id, or by its execution if that waits for only one, or as EXECUTION/OPERATION.

Examples:
  lambdura callback succeed @last/manager-approval --result '{\"approved\": true}'
  lambdura callback fail loan-1234 --error-type Rejected --error-message 'out of budget'
  lambdura callback heartbeat loan-1234/fraud-check")]
pub struct CallbackArguments {
    #[command(subcommand)]
    pub action: CallbackAction,
}

#[derive(Debug, Subcommand)]
pub enum CallbackAction {
    /// Complete it with a result
    Succeed {
        /// Callback id, EXECUTION, or EXECUTION/OPERATION
        #[arg(value_name = "CALLBACK")]
        callback: String,
        /// The result, as JSON
        #[arg(long, short, value_name = "JSON|@FILE|-")]
        result: Option<String>,
        /// The result as plain text, for code that does not read it as JSON
        #[arg(long, value_name = "TEXT|@FILE|-", conflicts_with = "result")]
        text: Option<String>,
    },
    /// Complete it with an error
    Fail {
        /// Callback id, EXECUTION, or EXECUTION/OPERATION
        #[arg(value_name = "CALLBACK")]
        callback: String,
        /// What kind of error
        #[arg(long, value_name = "TYPE")]
        error_type: Option<String>,
        /// What went wrong
        #[arg(long, visible_alias = "error", value_name = "TEXT")]
        error_message: Option<String>,
        /// More about it, for programs
        #[arg(long, value_name = "TEXT")]
        error_data: Option<String>,
    },
    /// Report that the work is still in progress
    Heartbeat {
        /// Callback id, EXECUTION, or EXECUTION/OPERATION
        #[arg(value_name = "CALLBACK")]
        callback: String,
    },
}

/// List callbacks that wait for an answer, those of older executions first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lambdura callbacks
  lambdura callbacks --function LoanWorkflow
  lambdura callback succeed loan-1234/manager-approval --result '{\"approved\": true}'")]
pub struct CallbacksArguments {
    /// Only callbacks of this function
    #[arg(long, short)]
    pub function: Option<String>,
    /// How many callbacks to list
    #[arg(long, short, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}
