//! The part of Velocity that API Gateway's mapping templates use: references, `#set`, `#if`,
//! `#foreach`, and the variables `$input`, `$util`, `$context` and `$stageVariables`. No arithmetic.
//!
//! [`parse`] makes a tree from a template, [`evaluate`] renders it. Both are bounded.
//!
//! Source: API Gateway developer guide, "Variables for data transformations for API Gateway", and
//! Velocity's user guide, read 2026-11-28.

mod error;
mod evaluate;
mod json_path;
mod parse;
mod value;

#[cfg(test)]
mod tests;

use error::RenderError;
pub(super) use evaluate::Scope;
pub(super) use json_path::find;

/// The text that a template makes.
pub(super) fn render(template: &str, scope: &Scope) -> Result<String, RenderError> {
    evaluate::render(&parse::parse(template)?, scope)
}
