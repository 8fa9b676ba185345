//! Valid definitions, and every message about invalid ones.

mod machines;
mod rules;

use serde_json::json;

use super::*;

/// The problems, one per line: `code line:column message`.
fn problems(text: &str) -> Vec<String> {
    let problems = Definition::parse(text).expect_err("something is wrong");
    let lines = problems.iter().map(|it| {
        let at = it.position.expect("it is a text");
        format!(
            "{} {}:{} {}",
            it.code.as_str(),
            at.line,
            at.column,
            it.message
        )
    });
    lines.collect()
}

/// The problems with one state among two valid ones.
fn state(state: serde_json::Value) -> Vec<String> {
    let machine =
        json!({ "StartAt": "It", "States": { "It": state, "Done": { "Type": "Succeed" } } });
    match Definition::from_value(&machine) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .into_iter()
            .filter(|it| it.code != ProblemCode::UnreachableState)
            .map(|it| {
                format!(
                    "{} {}",
                    it.location.trim_start_matches("/States/It"),
                    it.message
                )
            })
            .collect(),
    }
}
