//! The part of Velocity that API Gateway's mapping templates use: references, `#set`, `#if`,
//! `#foreach`, and the variables `$input`, `$util`, `$context` and `$stageVariables`. No arithmetic.
//!
//! [`parse`] makes a tree of a template, [`evaluate`] renders it. Both are bounded.
//!
//! Source: API Gateway developer guide, "Variables for data transformations for API Gateway", and
//! Velocity's user guide, read 2026-11-28.

mod evaluate;
mod json_path;
mod parse;
mod value;

#[cfg(test)]
mod tests;

use serde_json::Value;
use thiserror::Error;

pub(super) use json_path::find;

/// What a template can see.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// `$input.body`: of the request, or of the function's answer.
    pub body: String,
    /// `$input.params()`: `path`, `querystring` and `header`.
    pub params: Value,
    /// `$context`.
    pub context: Value,
    /// `$stageVariables`.
    pub stage_variables: Value,
}

/// Why a template cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum RenderError {
    /// The template is wrong.
    #[error("line {line} of the template: {problem}")]
    Syntax { line: usize, problem: String },
    /// What it makes is too much.
    #[error("the template makes more than {0}")]
    TooMuch(&'static str),
}

/// The text that a template makes.
pub(super) fn render(template: &str, scope: &Scope) -> Result<String, RenderError> {
    evaluate::render(&parse::parse(template)?, scope)
}
