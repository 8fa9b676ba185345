//! Programs that functions are run and built with.

use std::io;
use std::process::{Command, Stdio};

use stack::Stack;

use super::check::Check;
use crate::preview::preview;

/// A program that functions of some language need.
struct Program {
    name: &'static str,
    /// What prints its version.
    command: &'static [&'static str],
    /// Which runtimes or build methods it is for.
    runtimes: &'static [&'static str],
    needed_for: &'static str,
    install: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "sh",
        command: &["/bin/sh", "-c", "echo /bin/sh"],
        runtimes: &[],
        needed_for: "the demo",
        install: "every Unix has it",
    },
    Program {
        name: "python3",
        command: &["python3", "--version"],
        runtimes: &["python3."],
        needed_for: "functions in Python",
        install: "`apt install python3 python3-venv`, `dnf install python3`, `brew install python`",
    },
    Program {
        name: "node",
        command: &["node", "--version"],
        runtimes: &["nodejs"],
        needed_for: "functions in JavaScript and TypeScript",
        install: "`apt install nodejs npm`, `dnf install nodejs`, `brew install node`",
    },
    Program {
        name: "npm",
        command: &["npm", "--version"],
        runtimes: &["nodejs", "esbuild"],
        needed_for: "packages of functions in JavaScript",
        install: "`apt install npm`; elsewhere it comes with Node.js",
    },
    Program {
        name: "cargo",
        command: &["cargo", "--version"],
        runtimes: &["rust-cargolambda"],
        needed_for: "building functions in Rust",
        install: "https://rustup.rs",
    },
    Program {
        name: "go",
        command: &["go", "version"],
        runtimes: &["go1.x"],
        needed_for: "building functions in Go",
        install: "`apt install golang`, `dnf install golang`, `brew install go`",
    },
    Program {
        name: "java",
        command: &["java", "--version"],
        runtimes: &["java"],
        needed_for: "functions in Java",
        install: "`apt install default-jre-headless`, `dnf install java-latest-openjdk-headless`, `brew install openjdk`",
    },
    Program {
        name: "make",
        command: &["make", "--version"],
        runtimes: &["makefile"],
        needed_for: "functions that a Makefile builds",
        install: "`apt install make`, `dnf install make`, `xcode-select --install`",
    },
];

/// What there is. A program that the stack needs and that is missing is a problem; without a stack, none is.
pub fn checks(stack: Option<&Stack>) -> Vec<Check> {
    PROGRAMS
        .iter()
        .map(|program| program.check(version(program.command), stack))
        .collect()
}

impl Program {
    fn check(&self, version: Result<String, String>, stack: Option<&Stack>) -> Check {
        let problem = match version {
            Ok(version) => return Check::ok(self.name, version),
            Err(problem) => problem,
        };
        let advice = format!("{} needs it; {}", self.needed_for, self.install);
        match stack {
            Some(stack) if self.is_needed(stack) => Check::problem(self.name, problem, advice),
            Some(_) => {
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
        let absent = || Err("is not there".to_owned());
        let status = |stack: Option<&Stack>| python.check(absent(), stack).status;
        assert_eq!(status(None), Status::Warning);
        assert_eq!(status(Some(&stack("python3.13"))), Status::Problem);
        assert_eq!(status(Some(&stack("nodejs22.x"))), Status::Ok);
        let found = python.check(Ok("Python 3.13.1".to_owned()), None);
        assert_eq!(found, Check::ok("python3", "Python 3.13.1"));
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
