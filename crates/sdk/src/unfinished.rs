//! The guard that notices an operation dropped before its end; see [`crate::abandoned`].

use std::sync::Arc;

use crate::context::DurableContext;
use crate::execution::Execution;
use crate::operation_id::OperationSpec;

/// Held by an operation's future from its first poll to its end.
pub(crate) struct Unfinished {
    execution: Arc<Execution>,
    spec: Option<OperationSpec>,
}

impl Unfinished {
    pub(crate) fn new(context: &DurableContext, spec: &OperationSpec) -> Self {
        Self {
            execution: Arc::clone(context.execution()),
            spec: Some(spec.clone()),
        }
    }

    /// The operation has ended.
    pub(crate) fn finish(mut self) {
        self.spec = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // A panic in user code drops the operations around it, in every invocation alike.
        if let Some(spec) = self.spec.take()
            && !std::thread::panicking()
        {
            self.execution.state().abandoned.note(spec);
        }
    }
}
