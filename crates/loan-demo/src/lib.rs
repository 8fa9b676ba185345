//! The loan approval demo as a part of the command `lambdura`: the demo runs wherever the command is installed, without
//! a clone, Rust or Node.
//!
//! [`Function`] runs its three functions, [`Folder`] writes its template where `lambdura up` reads it, and [`Page`]
//! serves the web page, with the [`Button`] that kills the server. All of it comes from `demo/loan-approval`; nothing
//! is written twice. `cli::commands::demo` starts it; `docs/adr/0021-the-demo-is-in-the-command.md` has the reasons for
//! this design.

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

/// The path of an application's execution in the console, below its URL; the page replaces the parts in braces.
pub const EXECUTION_PATH: &str = "/functions/{function}/executions/{application_id}";
