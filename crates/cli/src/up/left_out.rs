//! Functions that cannot be built: reported once and left out of the deployment, while the others start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use miette::Diagnostic;
use owo_colors::OwoColorize;
use server::Artifacts;
use stack::{FunctionResource, Stack};

use super::build::{Built, Problem};
use super::build_error::BuildError;
use crate::exit;
use crate::screen::note;

/// The deployable results of a build; `sources` has the functions' source folders. A function that was deployed before
/// and can no longer be built stays as it is.
pub fn artifacts(
    built: &Built,
    deployed: &BTreeSet<String>,
    sources: BTreeMap<String, PathBuf>,
) -> Artifacts {
    let mut artifacts = Artifacts {
        folders: built.artifacts.clone(),
        left_out: BTreeMap::new(),
        unchanged: BTreeSet::new(),
        sources,
    };
    for Problem { functions, error } in &built.problems {
        for function in functions {
            if deployed.contains(function) {
                artifacts.unchanged.insert(function.clone());
            } else {
                artifacts.left_out.insert(function.clone(), reason(error));
            }
        }
    }
    artifacts
}

/// Prints the problems, and which functions stay as they were.
pub fn say(problems: Vec<Problem>, deployed: &BTreeSet<String>, stack: &Stack) {
    for (Problem { functions, error }, same) in alike(problems, stack) {
        exit::show(error);
        if !same.is_empty() {
            note(format!("  the same for `{}`\n", same.join("`, `")));
        }
        let stay: Vec<&str> = functions
            .iter()
            .filter(|it| deployed.contains(*it))
            .map(|it| shown(it, stack))
            .collect();
        if !stay.is_empty() {
            let line = format!("`{}` stays as it was", stay.join("`, `"));
            note(line.dimmed().to_string());
        }
    }
}

/// Merges problems that differ only in the function's name: the first one gets all their functions, and comes with the
/// names of the others.
fn alike(problems: Vec<Problem>, stack: &Stack) -> Vec<(Problem, Vec<String>)> {
    let mut groups: Vec<(String, Problem, Vec<String>)> = Vec::new();
    for problem in problems {
        let name = problem.functions.first().map(|it| shown(it, stack));
        let name = name.unwrap_or_default().to_owned();
        let words = reason(&problem.error).replacen(&format!("`{name}`"), "", 1);
        match groups.iter_mut().find(|(other, ..)| *other == words) {
            Some((_, first, same)) => {
                first.functions.extend(problem.functions);
                same.push(name);
            }
            None => groups.push((words, problem, Vec::new())),
        }
    }
    let groups = groups.into_iter();
    groups.map(|(_, first, same)| (first, same)).collect()
}

/// Says which functions are left out, and which error their callers get.
pub fn mention(artifacts: &Artifacts, stack: &Stack) {
    if artifacts.left_out.is_empty() {
        return;
    }
    let names: Vec<&str> = artifacts
        .left_out
        .keys()
        .map(|it| shown(it, stack))
        .collect();
    note(format!(
        "{} left out: `{}`. Invoking one returns `ResourceNotFoundException` with the reason; the others start",
        "!".yellow(),
        names.join("`, `")
    ));
}

/// The developer's name for a function.
fn shown<'a>(logical_id: &'a str, stack: &'a Stack) -> &'a str {
    let function = stack
        .functions
        .iter()
        .find(|it| it.logical_id == logical_id);
    function.map_or(logical_id, FunctionResource::shown)
}

/// One line for callers that invoke the function.
fn reason(error: &BuildError) -> String {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        reason.push_str(&format!(": {error}"));
        cause = error.source();
    }
    if let Some(help) = error.help() {
        reason.push_str(&format!("; {help}"));
    }
    reason.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::up::build_error::Subject;

    #[test]
    fn problems_that_say_the_same_are_one() {
        let problem = |id: &str, why: &str| Problem {
            functions: vec![id.to_owned()],
            error: BuildError::NoLocalCode {
                subject: Subject::layer(id),
                why: why.to_owned(),
            },
        };
        let problems = vec![
            problem("A", "it is an image"),
            problem("B", "it is far"),
            problem("C", "it is an image"),
        ];
        let alike = alike(problems, &Stack::default());
        let said: Vec<_> = alike
            .iter()
            .map(|(problem, same)| (problem.functions.join(" "), same.join(" ")))
            .collect();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(said, [pair("A C", "C"), pair("B", "")]);
    }

    #[test]
    fn a_function_that_ran_before_goes_on_and_others_say_why_they_do_not() {
        let error = BuildError::NoLocalCode {
            subject: Subject::layer("A"),
            why: "its code is an image".to_owned(),
        };
        let built = Built {
            problems: vec![Problem {
                functions: vec!["A".to_owned(), "B".to_owned()],
                error,
            }],
            ..Built::default()
        };
        let deployed = BTreeSet::from(["B".to_owned()]);
        let artifacts = artifacts(&built, &deployed, BTreeMap::new());
        assert_eq!(artifacts.unchanged, deployed);
        assert_eq!(
            artifacts.left_out["A"],
            "layer `A` cannot be started: its code is an image"
        );
    }
}
