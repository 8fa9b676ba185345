//! Programs that functions are run and built with.

use std::io;
use std::process::{Command, Stdio};

use server::{Interpreter, Runtimes};
use stack::Stack;

use super::check::Check;
use crate::preview::preview;

/// A program that functions of some language need.
struct Program {
    name: &'static str,
    command: Prints,
    /// Which runtimes or build methods it is for.
    runtimes: &'static [&'static str],
    needed_for: &'static str,
    install: &'static str,
}

/// The program that prints a version.
enum Prints {
    /// A command on the `PATH`.
    Command(&'static [&'static str]),
    /// The interpreter that `lambdura up` would choose for a runtime, which need not be the first on the `PATH`.
    Interpreter {
        runtime: &'static str,
        arguments: &'static [&'static str],
        /// Where there is no such interpreter: a command for an older one that may be there, and the oldest version
        /// that would do. Without it the row is left out: another row says that the interpreter is missing.
        otherwise: Option<(&'static [&'static str], &'static str)>,
    },
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Version(String),
    /// It works, and something asks for a newer one.
    Dated(String, &'static str),
    /// It is not there, does not work, or is too old.
    Unusable(String),
}

/// The Node.js that AWS's durable execution SDK for JavaScript names in its `engines`, since its version 2.
const NODE_OF_SDK: u32 = 22;
const OLD_NODE: &str = "AWS's durable execution SDK asks for Node.js 22 or later";

/// The Rust that the SDK needs.
const RUST_OF_SDK: &str = env!("CARGO_PKG_RUST_VERSION");
const OLD_RUST: &str = concat!(
    "the crate lambdura needs Rust ",
    env!("CARGO_PKG_RUST_VERSION"),
    " or later: `rustup update`"
);

const PROGRAMS: &[Program] = &[
    Program {
        name: "sh",
        command: Prints::Command(&["/bin/sh", "-c", "echo /bin/sh"]),
        runtimes: &[],
        needed_for: "the demo",
        install: "every Unix has it",
    },
    Program {
        name: "python3",
        command: Prints::Interpreter {
            runtime: "python3.13",
            arguments: &["--version"],
            otherwise: Some((&["python3", "--version"], "Python 3.11")),
        },
        runtimes: &["python3."],
        needed_for: "functions in Python",
        install: "`apt install python3 python3-venv`, `dnf install python3`, `brew install python`",
    },
    Program {
        name: "pip",
        command: Prints::Interpreter {
            runtime: "python3.13",
            arguments: &["-m", "pip", "--version"],
            otherwise: None,
        },
        runtimes: &["python3."],
        needed_for: "packages of functions in Python, and AWS's runtime client",
        install: "`apt install python3-pip`, `dnf install python3-pip`; elsewhere it comes with Python",
    },
    Program {
        name: "node",
        command: Prints::Interpreter {
            runtime: "nodejs22.x",
            arguments: &["--version"],
            otherwise: Some((&["node", "--version"], "Node.js 18")),
        },
        runtimes: &["nodejs"],
        needed_for: "functions in JavaScript and TypeScript",
        install: "`apt install nodejs npm`, `dnf install nodejs`, `brew install node`",
    },
    Program {
        name: "npm",
        command: Prints::Command(&["npm", "--version"]),
        runtimes: &["nodejs", "esbuild"],
        needed_for: "packages of functions in JavaScript",
        install: "`apt install npm`; elsewhere it comes with Node.js",
    },
    Program {
        name: "cargo",
        command: Prints::Command(&["cargo", "--version"]),
        runtimes: &["rust-cargolambda"],
        needed_for: "building functions in Rust",
        install: "https://rustup.rs",
    },
    Program {
        name: "go",
        command: Prints::Command(&["go", "version"]),
        runtimes: &["go1.x"],
        needed_for: "building functions in Go",
        install: "`apt install golang`, `dnf install golang`, `brew install go`",
    },
    Program {
        name: "java",
        command: Prints::Command(&["java", "--version"]),
        runtimes: &["java"],
        needed_for: "functions in Java",
        install: "`apt install default-jre-headless`, `dnf install java-latest-openjdk-headless`, `brew install openjdk`",
    },
    Program {
        name: "make",
        command: Prints::Command(&["make", "--version"]),
        runtimes: &["makefile"],
        needed_for: "functions that a Makefile builds",
        install: "`apt install make`, `dnf install make`, `xcode-select --install`",
    },
];

/// Looks for every program. A missing program is a problem if the stack needs it; without a stack it is a warning.
pub fn checks(stack: Option<&Stack>) -> Vec<Check> {
    PROGRAMS
        .iter()
        .filter_map(|program| Some(program.check(program.found()?, stack)))
        .collect()
}

impl Program {
    /// `None` where another row says it already.
    fn found(&self) -> Option<Found> {
        Some(match self.command {
            Prints::Command(command) => match version(command) {
                Ok(printed) if self.name == "cargo" => rust(printed),
                Ok(printed) => Found::Version(printed),
                Err(problem) => Found::Unusable(problem),
            },
            Prints::Interpreter {
                runtime,
                arguments,
                otherwise,
            } => match Runtimes::interpreter(runtime) {
                Ok(interpreter) => self.of_interpreter(&interpreter, arguments),
                Err(_) => {
                    let (command, oldest) = otherwise?;
                    too_old(version(command), oldest)
                }
            },
        })
    }

    fn of_interpreter(&self, interpreter: &Interpreter, arguments: &[&str]) -> Found {
        let program = interpreter.program.display().to_string();
        let command: Vec<&str> = std::iter::once(program.as_str())
            .chain(arguments.iter().copied())
            .collect();
        match version(&command) {
            // pip prints its own place.
            Ok(printed) if printed.contains(" from ") => Found::Version(printed),
            Ok(printed) if self.name == "node" && interpreter.version.major < NODE_OF_SDK => {
                Found::Dated(format!("{printed} at {program}"), OLD_NODE)
            }
            Ok(printed) => Found::Version(format!("{printed} at {program}")),
            Err(problem) => Found::Unusable(problem),
        }
    }

    fn check(&self, found: Found, stack: Option<&Stack>) -> Check {
        let is_needed = stack.map(|stack| self.is_needed(stack));
        let problem = match found {
            Found::Version(version) => return Check::ok(self.name, version),
            Found::Dated(version, _) if is_needed == Some(false) => {
                return Check::ok(self.name, version);
            }
            Found::Dated(version, advice) => return Check::warning(self.name, version, advice),
            Found::Unusable(problem) => problem,
        };
        let advice = format!("{} needs it; {}", self.needed_for, self.install);
        match is_needed {
            Some(true) => Check::problem(self.name, problem, advice),
            Some(false) => {
                let found = format!("{problem}, and not needed by the template");
                Check::ok(self.name, found)
            }
            None => Check::warning(self.name, problem, advice),
        }
    }

    fn is_needed(&self, stack: &Stack) -> bool {
        let is_for = |named: &str| self.runtimes.iter().any(|it| named.starts_with(it));
        let mut functions = stack.functions.iter();
        functions.any(|function| {
            let method = function.build_method.as_deref().unwrap_or_default();
            is_for(&function.runtime) || is_for(method)
        })
    }
}

/// A program is there, and `lambdura up` does not take it.
fn too_old(printed: Result<String, String>, oldest: &str) -> Found {
    Found::Unusable(match printed {
        Ok(printed) => format!("{printed}, and {oldest} or later is needed"),
        Err(problem) => problem,
    })
}

/// Whether cargo's Rust is one that the SDK builds with.
fn rust(printed: String) -> Found {
    let of = |text: &str| -> Option<Vec<u32>> {
        let numbers = text.split(['.', '-']).take(3);
        numbers.map(|number| number.parse().ok()).collect()
    };
    let found = printed.split(' ').nth(1).and_then(of);
    match (found, of(RUST_OF_SDK)) {
        (Some(found), Some(wanted)) if found < wanted => Found::Dated(printed, OLD_RUST),
        _ => Found::Version(printed),
    }
}

/// The first line that it prints, or why there is none: it may be there and not work, such as rustup's `cargo` where no
/// toolchain is installed.
fn version(command: &[&str]) -> Result<String, String> {
    let (program, arguments) = command.split_first().expect("a command has a program");
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        _ => format!("does not start ({error})"),
    })?;
    let line = |printed: &[u8]| {
        let text = String::from_utf8_lossy(printed);
        preview(text.lines().next().unwrap_or_default(), 80)
    };
    match output.status.success() {
        true => Ok(line(&output.stdout)),
        false => Err(format!("does not work ({})", line(&output.stderr))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    fn stack(runtime: &str) -> Stack {
        let text = format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  It:\n    Type: AWS::Serverless::Function\n    \
             Properties: {{Runtime: {runtime}, Handler: app.handler, CodeUri: .}}\n"
        );
        let dir = tempfile::tempdir().expect("a temporary folder");
        let template = dir.path().join("template.yaml");
        std::fs::write(&template, text).expect("it can be written");
        stack::load(&template, &stack::LoadOptions::default()).expect("it is a template")
    }

    #[test]
    fn what_is_missing_counts_where_the_template_needs_it() {
        let python = PROGRAMS.iter().find(|it| it.name == "python3");
        let python = python.expect("it is in the table");
        let absent = || Found::Unusable("is not there".to_owned());
        let status = |stack: Option<&Stack>| python.check(absent(), stack).status;
        assert_eq!(status(None), Status::Warning);
        assert_eq!(status(Some(&stack("python3.13"))), Status::Problem);
        assert_eq!(status(Some(&stack("nodejs22.x"))), Status::Ok);
        let found = python.check(Found::Version("Python 3.13.1".to_owned()), None);
        assert_eq!(found, Check::ok("python3", "Python 3.13.1"));
    }

    #[test]
    fn versions_are_compared_with_what_up_and_the_sdks_take() {
        assert_eq!(
            too_old(Ok("Python 3.9.2".to_owned()), "Python 3.11"),
            Found::Unusable("Python 3.9.2, and Python 3.11 or later is needed".to_owned())
        );
        let old = "cargo 1.80.1 (376290515 2024-07-16)".to_owned();
        assert_eq!(rust(old.clone()), Found::Dated(old, OLD_RUST));
        for new in [format!("cargo {RUST_OF_SDK}"), "cargo 2.0.0".to_owned()] {
            assert_eq!(rust(new.clone()), Found::Version(new));
        }
        let node = PROGRAMS.iter().find(|it| it.name == "node");
        let node = node.expect("it is in the table");
        let dated = || Found::Dated("v20.1.0".to_owned(), OLD_NODE);
        let status = |stack: Option<&Stack>| node.check(dated(), stack).status;
        assert_eq!(status(None), Status::Warning);
        assert_eq!(status(Some(&stack("nodejs22.x"))), Status::Warning);
        assert_eq!(status(Some(&stack("python3.13"))), Status::Ok);
    }

    #[test]
    fn an_interpreter_that_up_takes_is_named_with_its_place() {
        // A script in the place of Node.js, so that the test needs no Node.js.
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("node");
        std::fs::write(&program, "#!/bin/sh\necho v$1\n").expect("it can be written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).expect("it is ours");
        let interpreter = |major| Interpreter {
            version: server::InterpreterVersion { major, minor: 0 },
            program: program.clone(),
        };
        let node = PROGRAMS.iter().find(|it| it.name == "node");
        let node = node.expect("it is in the table");
        let place = program.display();
        assert_eq!(
            node.of_interpreter(&interpreter(22), &["22"]),
            Found::Version(format!("v22 at {place}"))
        );
        assert_eq!(
            node.of_interpreter(&interpreter(18), &["18"]),
            Found::Dated(format!("v18 at {place}"), OLD_NODE)
        );
    }

    #[test]
    fn what_does_not_work_is_told_from_what_is_not_there() {
        assert_eq!(
            version(&["no-such-program-of-anybody", "--version"]),
            Err("is not there".to_owned())
        );
        let fails = ["sh", "-c", "echo no default toolchain >&2; exit 1"];
        assert_eq!(
            version(&fails),
            Err("does not work (no default toolchain)".to_owned())
        );
        assert_eq!(version(&["sh", "-c", "echo 1.2"]), Ok("1.2".to_owned()));
    }
}
