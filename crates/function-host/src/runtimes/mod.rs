//! Managed runtimes: the interpreter of this machine that runs `python3.*` or `nodejs*` functions, and the runtime client
//! that it runs.
//!
//! On Lambda, AWS's image holds both. Here the interpreter is the machine's own, the nearest one if the exact version
//! is not installed, and the client is prepared once for all functions: AWS's own from PyPI for Python, a small one of
//! ours for Node.js, because AWS's needs a compiler at installation. `provided.*` runtimes bring everything themselves.

mod interpreter;
mod managed;
mod node;
mod node_packages;
mod preparation;
mod python;

pub use interpreter::{Interpreter, InterpreterVersion};
pub use managed::Runtimes;
pub use node_packages::NodePackages;
pub use preparation::{PrepareRuntimeError, PreparedRuntime, RuntimeCommand};
