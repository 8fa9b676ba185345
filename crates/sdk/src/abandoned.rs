//! Operations that user code abandons: drops after their first poll and before their end, as `tokio::select!`,
//! `tokio::try_join!` and `tokio::time::timeout` do.
//!
//! The operation that ends first decides which ones such code drops, and nothing records it. A later invocation finds
//! the ends of all of them recorded, can go another way, and then no longer fits its history. The SDK cannot prevent
//! that, and it is no fault if the handler does not suspend any more or a recorded context is around it. So the SDK
//! notes it, and warns when the invocation ends before the execution does.

use std::collections::HashMap;
use std::sync::Arc;

use crate::operation::{Operation, is_terminal};
use crate::operation_id::{OperationId, OperationSpec};

/// The operations abandoned in an invocation.
#[derive(Debug, Default)]
pub(crate) struct Abandoned {
    operations: Vec<OperationSpec>,
    /// Above zero while the SDK itself drops operations whose outcome cannot matter any more.
    pub(crate) discarding: usize,
    /// The handler is being dropped.
    pub(crate) is_closing: bool,
}

impl Abandoned {
    pub(crate) fn note(&mut self, spec: OperationSpec) {
        if !self.is_closing && self.discarding == 0 {
            self.operations.push(spec);
        }
    }

    /// The text about the first one for an error message; empty if there is none.
    pub(crate) fn hint(&self) -> String {
        match self.operations.first() {
            Some(spec) => format!(" ({})", explanation(spec)),
            None => String::new(),
        }
    }

    /// A warning for each one that a later invocation can depend on.
    pub(crate) fn warnings(
        &self,
        recorded: &HashMap<String, Arc<Operation>>,
    ) -> impl Iterator<Item = String> {
        let uncovered = self.operations.iter();
        let uncovered = uncovered.filter(|spec| !self.is_covered(spec, recorded));
        uncovered.map(explanation)
    }

    /// Whether a context around the operation has ended, so that it does not run again, or was abandoned itself.
    fn is_covered(&self, spec: &OperationSpec, recorded: &HashMap<String, Arc<Operation>>) -> bool {
        let mut parent_id = spec.parent_id.as_ref().map(OperationId::as_str);
        while let Some(id) = parent_id {
            if self
                .operations
                .iter()
                .any(|other| other.id().as_str() == id)
            {
                return true;
            }
            let Some(parent) = recorded.get(id) else {
                return false;
            };
            let details = parent.context_details.as_ref();
            let is_rebuilt = details.and_then(|details| details.replay_children) == Some(true);
            if is_terminal(parent) && !is_rebuilt {
                return true;
            }
            parent_id = parent.parent_id.as_deref();
        }
        false
    }
}

fn explanation(spec: &OperationSpec) -> String {
    format!(
        "operation {spec} was dropped before its end, as `tokio::select!`, `try_join!` and `timeout` do: a replay may \
         go another way; use `race`, `select_ok` or `try_join_all` of the context, which record what came first"
    )
}
