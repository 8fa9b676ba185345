//! Collects problems and warnings, so that one run reports all of them, and prepares a template's words for messages:
//! shortens them, or finds what they may be misspellings of.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use crate::limits::{PROBLEMS_MAX, WARNINGS_MAX};
use crate::{InvalidTemplate, LoadStackError, Problem, Warning};

use super::{Span, Text};

/// Proof that a problem was added to the [`Report`]: the wanted value does not exist, and no further message is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

/// The problems and warnings of one file.
#[derive(Debug)]
pub(crate) struct Report {
    pub text: Text,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<(Span, Warning)>>,
    // A reference is checked twice, as an edge and as a value; a global once for each function.
    seen: RefCell<HashSet<(Span, String)>>,
    omitted: Cell<usize>,
    // Problems and warnings of nested templates.
    adopted_problems: RefCell<Vec<Problem>>,
    adopted_warnings: RefCell<Vec<Warning>>,
}

impl Report {
    pub fn new(text: Text) -> Self {
        Self {
            text,
            problems: RefCell::default(),
            warnings: RefCell::default(),
            seen: RefCell::default(),
            omitted: Cell::new(0),
            adopted_problems: RefCell::default(),
            adopted_warnings: RefCell::default(),
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

    /// The error of a file with this problem only.
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

    /// The warnings so far, regardless of problems.
    #[cfg(test)]
    pub fn warnings(&self) -> Vec<Warning> {
        let warnings = self.warnings.borrow();
        warnings
            .iter()
            .map(|(_, warning)| warning.clone())
            .collect()
    }

    /// Takes the problems of a nested template's report, or its warnings, whose logical ids get the nesting resource's
    /// id as prefix.
    pub fn adopt<T>(
        &self,
        other: Self,
        loaded: Result<T, Reported>,
        prefix: &str,
    ) -> Result<T, Reported> {
        match other.finish() {
            Ok(warnings) => {
                for mut warning in warnings {
                    warning.logical_id.insert_str(0, prefix);
                    let mut kept = self.adopted_warnings.borrow_mut();
                    if kept.len() < WARNINGS_MAX {
                        kept.push(warning);
                    }
                }
                loaded
            }
            Err(invalid) => {
                let omitted = self.omitted.get() + invalid.omitted;
                let mut kept = self.adopted_problems.borrow_mut();
                let room = PROBLEMS_MAX.saturating_sub(kept.len());
                self.omitted
                    .set(omitted + invalid.problems.len().saturating_sub(room));
                kept.extend(invalid.problems.into_iter().take(room));
                Err(Reported)
            }
        }
    }

    /// Whether further problems are only counted: costly help is not worth its price then.
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
        // `Globals` apply to every function; one warning about them is enough.
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
        let adopted = self.adopted_problems.into_inner();
        if problems.is_empty() && adopted.is_empty() {
            let mut warnings = self.warnings.into_inner();
            warnings.sort_by_key(|(span, _)| span.offset);
            let warnings = warnings.into_iter().map(|(_, warning)| warning);
            return Ok(warnings.chain(self.adopted_warnings.into_inner()).collect());
        }
        problems.sort_by_key(|problem| problem.span.offset());
        problems.extend(adopted);
        Err(Box::new(InvalidTemplate {
            file: self.text.name,
            problems,
            omitted: self.omitted.get(),
        }))
    }
}

/// Longer words are not treated as typing errors, because comparing them takes time.
const WORD_BYTES_MAX: usize = 128;

/// The candidate that `word` is most likely a misspelling of.
///
/// At most two letters wrong, missing, extra or swapped, in a word of at least six; one in a
/// shorter one; or only the case differs.
pub(crate) fn suggestion<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    if !(3..=WORD_BYTES_MAX).contains(&word.len()) {
        return None;
    }
    let allowed = if word.len() >= 6 { 2 } else { 1 };
    let distance = |candidate: &str| match candidate.eq_ignore_ascii_case(word) {
        true => 0,
        false => strsim::damerau_levenshtein(word, candidate),
    };
    let candidates = candidates.into_iter();
    let similar = candidates.filter(|it| it.len().abs_diff(word.len()) <= allowed);
    let measured = similar.map(|candidate| (distance(candidate), candidate));
    let meant = measured.filter(|(distance, _)| *distance <= allowed);
    Some(meant.min_by_key(|(distance, _)| *distance)?.1)
}

/// Help for an unknown word: the candidate that it is a misspelling of, or `otherwise`.
pub(crate) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    otherwise: impl Into<String>,
) -> String {
    match suggestion(word, candidates) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => otherwise.into(),
    }
}

/// Untrusted text for a message.
pub(crate) fn shorten(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let shown = |it: char| if it.is_control() { '\u{fffd}' } else { it };
    let mut short: String = text.chars().map(shown).take(CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
