//! The loan approval demo as a part of the command `lambdura`: whoever has the command has the demo, without a clone,
//! Rust or Node.
//!
//! [`Function`] runs its three functions, [`Folder`] writes its template where `lambdura up` reads it, and [`Page`] is
//! what a browser sees, with the [`Button`] that kills the server. All of it is what lies in `demo/loan-approval`; nothing is written twice. How it is started
//! says `cli::commands::demo`; why it is made so, `docs/adr/0021-the-demo-is-in-the-command.md`.

mod asset;
mod button;
mod folder;
mod function;
mod page;

pub use asset::has_page;
pub use button::{Button, Press, Presses, Standing, button};
pub use folder::{Folder, STACK_NAME};
pub use function::{BoxError, Function, PROGRAM_VARIABLE, SUBCOMMAND};
pub use page::{Page, PageSettings};

/// The HTTP API of the template.
pub const LOAN_API: &str = "LoanApi";

/// Where the console shows an application's execution, below its URL; the page replaces what is in braces.
pub const EXECUTION_PATH: &str = "/functions/{function}/executions/{application_id}";
