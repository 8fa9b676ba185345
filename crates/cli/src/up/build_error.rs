//! Why the functions of a stack could not be built.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use server::{PrepareRuntimeError, UnpackError};
use stack::FunctionResource;
use thiserror::Error;

/// The function or layer that is being built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    kind: Kind,
    /// Its logical id.
    pub name: Box<str>,
    /// The developer's name for it.
    pub shown: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    StateMachine,
    Layer,
}

impl Subject {
    pub fn function(function: &FunctionResource) -> Self {
        Self {
            kind: match function.machine {
                Some(_) => Kind::StateMachine,
                None => Kind::Function,
            },
            name: function.logical_id.as_str().into(),
            shown: function.shown().into(),
        }
    }

    pub fn layer(logical_id: &str) -> Self {
        Self {
            kind: Kind::Layer,
            name: logical_id.into(),
            shown: logical_id.into(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Function => "function",
            Kind::StateMachine => "state machine",
            Kind::Layer => "layer",
        };
        write!(f, "{kind} `{}`", self.shown)
    }
}

/// Why the functions of a stack could not be built.
#[derive(Debug, Error, Diagnostic)]
pub enum BuildError {
    /// `Metadata.BuildMethod` is one that we do not support.
    #[error("{subject} cannot be built: build method `{method}` is not supported here")]
    #[diagnostic(help(
        "build it yourself, name the folder or zip file with the result, and remove `BuildMethod`"
    ))]
    Method {
        subject: Subject,
        /// The method.
        method: String,
    },
    /// The runtime is one that cannot be started.
    #[error("function `{function}` cannot be started: runtime `{runtime}` is not supported")]
    #[diagnostic(help("{help}"))]
    Runtime {
        /// The developer's name for it.
        function: String,
        /// The runtime.
        runtime: String,
        /// What to do.
        help: String,
    },
    /// The template says that its code cannot run here.
    #[error("{subject} cannot be started: {why}")]
    NoLocalCode {
        subject: Subject,
        /// Why, and what to do.
        why: String,
    },
    /// It lies in a bucket and cannot be fetched.
    #[error("{subject} cannot be built: {why}")]
    NotFetched {
        subject: Subject,
        /// Where it lies, and why it cannot be fetched.
        why: String,
    },
    /// Something that a function in Java needs is not there.
    #[error("{subject} cannot be started: {lacks}")]
    #[diagnostic(help("{help}"))]
    Java {
        subject: Subject,
        /// The missing thing.
        lacks: String,
        /// What to do.
        help: String,
    },
    /// The code folder has nothing to start or to build.
    #[error("{subject} has no code: `{}` has no {}", dir.display(), wanted.trim_start_matches("a ").trim_start_matches("an "))]
    #[diagnostic(help(
        "`CodeUri` must be a folder with {wanted}, and is relative to the template"
    ))]
    NoCode {
        subject: Subject,
        /// `CodeUri`.
        dir: PathBuf,
        /// The missing file, with its article.
        wanted: String,
    },
    /// The path of its code does not exist.
    #[error("{subject} has no code: `{}` does not exist", dir.display())]
    #[diagnostic(help("`{property}` is relative to the template{}", made_by(dir)))]
    NoFolder {
        subject: Subject,
        /// Where.
        dir: PathBuf,
        /// The property that names it.
        property: &'static str,
    },
    /// An archive cannot be unpacked.
    #[error("{subject} has no code: `{}` cannot be unpacked", path.display())]
    Archive {
        subject: Subject,
        /// The archive.
        path: PathBuf,
        /// The problem.
        #[source]
        cause: UnpackError,
    },
    /// A project file in Python makes no sense.
    #[error("{subject} cannot be built: `{}`: {why}", path.display())]
    Project {
        subject: Subject,
        /// The file.
        path: PathBuf,
        /// The problem.
        why: String,
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
    #[error("function `{function}` cannot be built: cargo rejects `{}`\n{message}", manifest.display())]
    Manifest {
        /// The developer's name for it.
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
        /// The developer's name for it.
        function: String,
        /// The manifest.
        manifest: PathBuf,
        /// The problem.
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
        /// The functions that need the code that does not compile, by the developer's names.
        names: Vec<String>,
    },
    /// Cargo succeeded and did not say where the binary is.
    #[error("function `{function}` cannot be built: cargo made no executable `{binary}`")]
    NoExecutable {
        /// The developer's name for it.
        function: String,
        /// The binary's name.
        binary: String,
    },
    /// `--no-build`, and there is nothing from before.
    #[error("{subject} has not been built: `{}` does not exist", path.display())]
    #[diagnostic(help("leave out `--no-build` once"))]
    NotBuilt {
        subject: Subject,
        /// Where its `bootstrap` would be.
        path: PathBuf,
    },
    /// The interpreter or the runtime client of a managed runtime is not available.
    #[error("{subject} cannot be started")]
    PrepareRuntime {
        subject: Subject,
        /// The cause.
        #[source]
        cause: Box<PrepareRuntimeError>,
    },
    /// A program that builds it is not there.
    #[error("{subject} cannot be built: `{program}` cannot be run")]
    #[diagnostic(help("install it, and see that it is found on the PATH"))]
    ProgramMissing {
        subject: Subject,
        /// The program.
        program: String,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// A program that builds it failed; its output has been printed.
    #[error("{subject} cannot be built: `{program}` failed, see above")]
    Program {
        subject: Subject,
        /// As a person would type it.
        program: String,
    },
    /// A program that builds it and that the project does not bring cannot be installed.
    #[error(
        "{subject} cannot be built: `{tool}` cannot be installed, and the project does not bring it"
    )]
    #[diagnostic(help("add it to the project, for example `npm install --save-dev {tool}`"))]
    Tool {
        subject: Subject,
        /// The program, with its version.
        tool: String,
        /// The cause.
        #[source]
        cause: Box<PrepareRuntimeError>,
    },
    /// A logical id that is not a name for a folder.
    #[error("`{function}` cannot be a logical id")]
    #[diagnostic(help("CloudFormation takes letters and digits only"))]
    LogicalId {
        /// The id.
        function: String,
    },
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// A file could not be put in its place.
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

/// How many folders above a missing folder are searched for the project that would make it.
const ABOVE_MAX: usize = 4;

/// A hint on how to make a missing folder: the build of the project around it, which the developer has to run.
fn made_by(dir: &Path) -> String {
    for folder in dir.ancestors().skip(1).take(ABOVE_MAX) {
        let has = |file: &str| folder.join(file).is_file();
        let command = if has("package.json") {
            match build_script(folder) {
                Some(command) => command,
                None => continue,
            }
        } else if has("pom.xml") {
            "mvn package".to_owned()
        } else if has("build.gradle") || has("build.gradle.kts") {
            "gradle build".to_owned()
        } else {
            continue;
        };
        let folder = folder.display();
        return format!(
            "; if the project's own build makes it, run `{command}` in `{folder}` first"
        );
    }
    String::new()
}

/// The command for the script `build` of a folder's `package.json`, with its packages.
fn build_script(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
    let package: serde_json::Value = serde_json::from_str(&text).ok()?;
    package["scripts"]["build"].as_str()?;
    let program = package_manager(folder);
    Some(format!("{program} install && {program} run build"))
}

/// The program that a project's packages are installed with, by the lock that lies in it or above it.
pub fn package_manager(folder: &Path) -> &'static str {
    let locks = [
        ("package-lock.json", "npm"),
        ("pnpm-lock.yaml", "pnpm"),
        ("yarn.lock", "yarn"),
        ("bun.lock", "bun"),
        ("bun.lockb", "bun"),
    ];
    let mut folders = folder.ancestors().take(ABOVE_MAX);
    let locked = folders.find_map(|it| locks.iter().find(|(lock, _)| it.join(lock).is_file()));
    locked.map_or("npm", |(_, program)| program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_a_build_makes_is_missing_with_the_command() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("app/dist/orders");
        assert_eq!(made_by(&dir), "");
        let app = root.path().join("app");
        std::fs::create_dir(&app).unwrap();
        std::fs::write(app.join("package.json"), r#"{"scripts": {"build": "tsc"}}"#).unwrap();
        std::fs::write(root.path().join("pnpm-lock.yaml"), "").unwrap();
        assert_eq!(
            made_by(&dir),
            format!(
                "; if the project's own build makes it, run `pnpm install && pnpm run build` in `{}` first",
                app.display()
            )
        );
    }
}
