//! Errors of templates.

use thiserror::Error;

/// Why a template cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::gateway::rest) enum RenderError {
    /// The template is wrong.
    #[error("line {line} of the template: {problem}")]
    Syntax { line: usize, problem: String },
    /// Its output or its work is too large.
    #[error("the template makes more than {0}")]
    TooMuch(&'static str),
}
