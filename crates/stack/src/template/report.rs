//! Collects what is wrong and what does nothing, so that one run tells all of it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use crate::limits::{PROBLEMS_MAX, WARNINGS_MAX};
use crate::{InvalidTemplate, LoadStackError, Problem, Warning};

use super::{Span, Text};

/// Proof that a problem was put into the [`Report`]: what the caller wanted does not exist, and
/// nothing more needs to be said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

/// The problems and warnings of one file.
#[derive(Debug)]
pub(crate) struct Report {
    pub text: Text,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<(Span, Warning)>>,
    // A reference is looked at more than once, as an edge and as a value; a global by each function.
    seen: RefCell<HashSet<(Span, String)>>,
    omitted: Cell<usize>,
}

impl Report {
    pub fn new(text: Text) -> Self {
        Self {
            text,
            problems: RefCell::default(),
            warnings: RefCell::default(),
            seen: RefCell::default(),
            omitted: Cell::new(0),
        }
    }

    /// Adds a problem. Of several at the same place with the same label, the first one counts.
    pub fn problem(
        &self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        let span = self.text.marked(span);
        let label = label.into();
        if self.is_full() {
            self.omitted.set(self.omitted.get() + 1);
        } else if self.seen.borrow_mut().insert((span, label.clone())) {
            let (line, column) = self.text.line_and_column(span.offset);
            self.problems.borrow_mut().push(Problem {
                message: message.into(),
                text: self.text.clone(),
                span: (span.offset, span.len).into(),
                label,
                help: Some(help.into()).filter(|help| !help.is_empty()),
                line,
                column,
            });
        }
        Reported
    }

    /// The error of a file that has this problem only.
    pub fn single(
        text: Text,
        span: Span,
        message: &str,
        label: &str,
        help: &str,
    ) -> LoadStackError {
        let report = Self::new(text);
        report.problem(span, message, label, help);
        let invalid = report.finish().expect_err("a problem was just added");
        invalid.into()
    }

    /// Whether further problems are only counted, so that costly help is not worth its price.
    pub fn is_full(&self) -> bool {
        self.problems.borrow().len() >= PROBLEMS_MAX
    }

    pub fn warn(
        &self,
        span: Span,
        logical_id: &str,
        resource_type: &str,
        property: Option<String>,
        meaning: impl Into<String>,
    ) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() >= WARNINGS_MAX {
            return;
        }
        let mut warning = Warning {
            logical_id: logical_id.to_owned(),
            resource_type: resource_type.to_owned(),
            property,
            meaning: meaning.into(),
            file: self.text.name.clone(),
            line: 0,
            column: 0,
        };
        // `Globals` reach every function, and one warning about them is enough.
        let known = |(at, other): &(Span, Warning)| {
            *at == span && other.property == warning.property && other.meaning == warning.meaning
        };
        if warnings.iter().any(known) {
            return;
        }
        (warning.line, warning.column) = self.text.line_and_column(span.offset);
        if warnings.len() + 1 == WARNINGS_MAX {
            warning.property = None;
            warning.meaning =
                format!("there are more than {WARNINGS_MAX} warnings; the rest is not shown");
        }
        warnings.push((span, warning));
    }

    /// The warnings in the text's order, or the problems if there are any.
    pub fn finish(self) -> Result<Vec<Warning>, Box<InvalidTemplate>> {
        let mut problems = self.problems.into_inner();
        if problems.is_empty() {
            let mut warnings = self.warnings.into_inner();
            warnings.sort_by_key(|(span, _)| span.offset);
            return Ok(warnings.into_iter().map(|(_, warning)| warning).collect());
        }
        problems.sort_by_key(|problem| problem.span.offset());
        Err(Box::new(InvalidTemplate {
            file: self.text.name,
            problems,
            omitted: self.omitted.get(),
        }))
    }
}
