//! `cargo xtask test`: all set-up and all tests.
//!
//! A stage is one thing that can fail by itself. Stages run in the order of [`STAGES`], and a failure does not keep the
//! others from running, unless they need the one that failed.

mod demo_system;
mod packages;
mod public_api;
mod report;
mod rust;
pub mod stage;
mod suites;

use std::process::ExitCode;

use anstream::println;
use anyhow::{Result, bail};
use clap::Args;

use crate::workspace::Workspace;
pub use demo_system::system_variables;
use report::Report;
use stage::{Context, Stage};

/// Run all tests, with all set-up; the last line says how many stages passed and failed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test --only tidy --only rust
  cargo xtask test --list")]
pub struct TestArguments {
    /// Run only this stage, and what it needs; may be repeated
    #[arg(long, value_name = "STAGE")]
    only: Vec<String>,
    /// Name the stages and run none
    #[arg(long)]
    list: bool,
}

/// Cheap ones first: a missing line break is known in a second.
const STAGES: &[Stage] = &[
    Stage {
        name: "fmt",
        about: "Rust is formatted",
        needs: &[],
        run: rust::fmt,
    },
    Stage {
        name: "tidy",
        about: "what no compiler checks",
        needs: &[],
        run: rust::tidy,
    },
    Stage {
        name: "page",
        about: "the page: types, lints, unit tests, build",
        needs: &[],
        run: packages::page,
    },
    Stage {
        name: "console",
        about: "the console: types, lints, unit tests, build",
        needs: &[],
        run: packages::console,
    },
    Stage {
        name: "template",
        about: "cfn-lint accepts the demo's template",
        needs: &[],
        run: packages::template,
    },
    Stage {
        name: "build",
        about: "all programs and tests, and the lints of all Rust code",
        needs: &[],
        run: rust::build,
    },
    Stage {
        name: "rust",
        about: "unit and integration tests",
        needs: &["build"],
        run: rust::tests,
    },
    Stage {
        name: "sim",
        about: "new seeds of the simulation, and small worlds explored whole",
        needs: &["build"],
        run: rust::simulation,
    },
    Stage {
        name: "doc",
        about: "examples in the documentation",
        needs: &["build"],
        run: rust::doc_tests,
    },
    Stage {
        name: "browser",
        about: "the demo in real Chromium, against the real system",
        needs: &["build"],
        run: demo_system::browser,
    },
    Stage {
        name: "cluster-browser",
        about: "the demo on three servers of which some are killed, in real Chromium",
        needs: &["build"],
        run: demo_system::cluster_browser,
    },
    Stage {
        name: "console-browser",
        about: "the console in real Chromium, against the real system",
        needs: &["build"],
        run: demo_system::console_browser,
    },
    Stage {
        name: "crates",
        about: "the crates that are published can be, under their names; the next release is planned",
        needs: &[],
        run: packages::crates,
    },
    Stage {
        name: "packages",
        about: "packages of the command: what is in them, and the demo in the container image",
        needs: &["build"],
        run: packages::installers,
    },
    Stage {
        name: "public-api",
        about: "documentation without warnings; what the published crates offer, and an example of it",
        needs: &[],
        run: public_api::check,
    },
    Stage {
        name: "aws",
        about: "the AWS CLI and boto3 against the real system, and all suites in Python",
        needs: &["build"],
        run: demo_system::python_suites,
    },
];

/// Runs the stages that were asked for.
pub fn run(workspace: Workspace, arguments: &TestArguments) -> Result<ExitCode> {
    if arguments.list {
        for stage in STAGES {
            println!("{:<16}{}", stage.name, stage.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = choose(&arguments.only)?;
    let mut context = Context::new(workspace);
    let mut report = Report::default();
    for stage in chosen {
        report.run(stage, &mut context);
    }
    // The system ends before the result is printed: nothing comes after the closing line.
    drop(context);
    report.print();
    Ok(if report.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The stages named, and those they need, in order; all when none is named.
fn choose(only: &[String]) -> Result<Vec<&'static Stage>> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STAGES.iter().all(|stage| stage.name != **name))
    {
        let names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        bail!(
            "there is no stage `{unknown}`; there are {}",
            names.join(", ")
        );
    }
    let is_named = |name: &str| only.is_empty() || only.iter().any(|it| it == name);
    let is_needed = |name: &str| {
        let mut named = STAGES.iter().filter(|stage| is_named(stage.name));
        named.any(|stage| stage.needs.contains(&name))
    };
    let chosen = STAGES
        .iter()
        .filter(|stage| is_named(stage.name) || is_needed(stage.name));
    Ok(chosen.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        choose(&only)
            .unwrap()
            .iter()
            .map(|stage| stage.name)
            .collect()
    }

    #[test]
    fn a_stage_brings_what_it_needs() {
        assert_eq!(chosen(&["fmt"]), ["fmt"]);
        assert_eq!(chosen(&["doc"]), ["build", "doc"]);
        assert_eq!(chosen(&[]).len(), STAGES.len());
    }

    #[test]
    fn needs_come_first_and_need_nothing_themselves() {
        for (index, stage) in STAGES.iter().enumerate() {
            for need in stage.needs {
                let needed = STAGES[..index].iter().find(|earlier| earlier.name == *need);
                assert!(
                    needed.is_some_and(|it| it.needs.is_empty()),
                    "{} needs {need}",
                    stage.name
                );
            }
        }
    }

    #[test]
    fn an_unknown_stage_is_refused_with_the_known_ones() {
        let error = choose(&["everything".to_owned()]).unwrap_err().to_string();
        assert!(
            error.starts_with("there is no stage `everything`; there are fmt, tidy,"),
            "{error}"
        );
    }
}
