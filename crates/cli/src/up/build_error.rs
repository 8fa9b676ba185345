//! Why the functions of a stack could not be built.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use server::PrepareRuntimeError;
use thiserror::Error;

/// Why the functions of a stack could not be built.
#[derive(Debug, Error, Diagnostic)]
pub enum BuildError {
    /// `Metadata.BuildMethod` is one that we do not do.
    #[error("function `{function}` cannot be built: build method `{method}` is not supported yet")]
    #[diagnostic(help(
        "build it by other means, point `CodeUri` at the folder with its `bootstrap`, and leave `BuildMethod` out; or use `rust-cargolambda`"
    ))]
    Method {
        /// Its logical id.
        function: String,
        /// The method.
        method: String,
    },
    /// The runtime is one that cannot be started.
    #[error("function `{function}` cannot be started: runtime `{runtime}` is not supported")]
    #[diagnostic(help(
        "`python3.*` and `nodejs*` run on this machine's interpreters, and `provided.al2023` runs any executable `bootstrap`"
    ))]
    Runtime {
        /// Its logical id.
        function: String,
        /// The runtime.
        runtime: String,
    },
    /// The code folder has nothing to start or to build.
    #[error("function `{function}` has no code: `{}` has no {}", dir.display(), wanted.trim_start_matches("a ").trim_start_matches("an "))]
    #[diagnostic(help(
        "`CodeUri` must be a folder with {wanted}, and is relative to the template"
    ))]
    NoCode {
        /// Its logical id.
        function: String,
        /// `CodeUri`.
        dir: PathBuf,
        /// What was looked for, with its article.
        wanted: String,
    },
    /// Cargo could not be run.
    #[error("cannot run cargo, which the template's Rust functions are built with")]
    #[diagnostic(help(
        "install Rust from https://rustup.rs, or start what was built before with `--no-build`"
    ))]
    CargoMissing {
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// A `Cargo.toml` is wrong.
    #[error("function `{function}` cannot be built: cargo does not take `{}`\n{message}", manifest.display())]
    Manifest {
        /// Its logical id.
        function: String,
        /// The manifest.
        manifest: PathBuf,
        /// Cargo's words.
        message: String,
    },
    /// It is not clear which binary is the function.
    #[error("function `{function}` cannot be built: `{}` {problem}", manifest.display())]
    #[diagnostic(help("{help}"))]
    Binary {
        /// Its logical id.
        function: String,
        /// The manifest.
        manifest: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        help: String,
    },
    /// The compiler found errors, which have been printed.
    #[error(
        "{} cannot be built: see the compiler's errors above",
        functions(names)
    )]
    Compile {
        /// Logical ids of the functions that need what does not compile.
        names: Vec<String>,
    },
    /// Cargo succeeded and did not say where the binary is.
    #[error("function `{function}` cannot be built: cargo made no executable `{binary}`")]
    NoExecutable {
        /// Its logical id.
        function: String,
        /// The binary's name.
        binary: String,
    },
    /// `--no-build`, and there is nothing from before.
    #[error("function `{function}` has not been built: `{}` does not exist", path.display())]
    #[diagnostic(help("leave out `--no-build` once"))]
    NotBuilt {
        /// Its logical id.
        function: String,
        /// Where its `bootstrap` would be.
        path: PathBuf,
    },
    /// Interpreter or runtime client of a managed runtime are not to be had.
    #[error("function `{function}` cannot be started")]
    PrepareRuntime {
        /// Its logical id.
        function: String,
        /// What stood in the way.
        #[source]
        cause: PrepareRuntimeError,
    },
    /// A program that builds the function is not there.
    #[error("function `{function}` cannot be built: `{program}` cannot be run")]
    #[diagnostic(help("install it, and see that it is found on the PATH"))]
    ProgramMissing {
        /// Its logical id.
        function: String,
        /// The program.
        program: String,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// A program that builds the function failed; what it said has been printed.
    #[error("function `{function}` cannot be built: `{program}` failed, see above")]
    Program {
        /// Its logical id.
        function: String,
        /// The program.
        program: String,
    },
    /// `BuildMethod: esbuild` without esbuild.
    #[error("function `{function}` cannot be bundled: its packages have no esbuild")]
    #[diagnostic(help("add it: `npm install --save-dev esbuild`"))]
    NoEsbuild {
        /// Its logical id.
        function: String,
    },
    /// A logical id that is no name for a folder.
    #[error("`{function}` cannot be a logical id")]
    #[diagnostic(help("CloudFormation takes letters and digits only"))]
    LogicalId {
        /// The id.
        function: String,
    },
    /// A binary could not be put in its place.
    #[error("cannot write `{}`", path.display())]
    Copy {
        /// Where to.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
}

fn functions(names: &[String]) -> String {
    match names {
        [only] => format!("function `{only}`"),
        several => format!("functions `{}`", several.join("`, `")),
    }
}
