//! A run as a text, for people and for snapshots.

use std::fmt;
use std::time::SystemTime;

use lambda_api::OperationStatus;

use crate::operation::TestOperation;
use crate::run::Run;
use crate::time::shown;

/// The operations of a run, one per line, indented by their contexts; with their status, their attempts, and their
/// times from the start of the run. It is the same in every run, unless retries draw random delays.
pub struct Tree<'a> {
    run: &'a Run,
}

impl<'a> Tree<'a> {
    pub(crate) fn of(run: &'a Run) -> Self {
        Self { run }
    }

    fn offset(&self, at: SystemTime) -> String {
        let offset = at.duration_since(self.run.started_at());
        format!("+{}", shown(offset.unwrap_or_default()))
    }

    fn depth(&self, operation: &TestOperation) -> usize {
        let mut depth = 1;
        let mut at = operation;
        while let Some(parent) = self.run.parent(at) {
            depth += 1;
            at = parent;
        }
        depth
    }

    fn children(&self, parent: Option<usize>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, operation) in self.run.operations().iter().enumerate() {
            if operation.parent == parent {
                self.line(operation, f)?;
                self.children(Some(place), f)?;
            }
        }
        Ok(())
    }

    fn line(&self, operation: &TestOperation, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(self.depth(operation));
        write!(f, "{indent}{}", operation.kind())?;
        if let Some(name) = &operation.name {
            write!(f, " {name}")?;
        }
        write!(f, " {}", operation.status)?;
        if operation.attempts > 1 {
            write!(f, ", {} attempts", operation.attempts)?;
        }
        write!(f, " {}", self.offset(operation.started_at))?;
        if let Some(ended_at) = operation.ended_at
            && ended_at != operation.started_at
        {
            write!(f, " to {}", self.offset(ended_at))?;
        }
        // Shows the error: a reader of a tree looks for failures.
        if let Some(error) = operation.error()
            && operation.status != OperationStatus::Succeeded
        {
            let kind = error.error_type.as_deref().unwrap_or("an error");
            write!(f, " ({kind})")?;
        }
        writeln!(f)
    }
}

impl fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialEq<str> for Tree<'_> {
    fn eq(&self, text: &str) -> bool {
        let shown = self.to_string();
        shown == text
    }
}

impl PartialEq<&str> for Tree<'_> {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (run, took) = (self.run, shown(self.run.took()));
        writeln!(f, "{} {} +{took}", run.function(), run.status())?;
        self.children(None, f)
    }
}
