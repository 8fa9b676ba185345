//! Sets up the chores' requirements: binaries, packages of npm and PyPI, a browser.
//!
//! Interpreters (Node, Python) are the developer's own; where one is missing or too old, the error says what to
//! install.

mod binaries;
mod debian;
mod functions;
mod node;
mod pages;
mod python;
mod version;

pub use binaries::{Binaries, Profile, build_binaries, build_everything, with_clippy};
pub use debian::{
    chromium, install as install_debian, is_installed, programs_for_suites, require_postgres,
};
pub use functions::FunctionProgram;
pub(crate) use functions::install as install_functions;
pub use node::{install_packages, npm, require_node};
pub use pages::{CONSOLE, build_pages};
pub use python::{ANY_PYTHON, PythonEnvironment};
