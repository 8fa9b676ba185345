//! Executions.

use std::sync::Arc;

use engine::{Execution, Transition};
use model::{ExecutionId, ExecutionName, FunctionName};

use super::{Around, Call, Surround};
use crate::{
    CommitError, ExecutionFilter, ExecutionHead, ExecutionRecord, Executions, StoreFuture,
};

impl<S: Surround> Executions for Around<S> {
    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, (), CommitError> {
        let call = Call::Commit(Arc::clone(&transition));
        self.around
            .call(call, move || self.inner.commit(transition))
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Option<Execution>> {
        let id = id.clone();
        let call = Call::Load(id.clone());
        self.around.call(call, move || self.inner.load(&id))
    }

    fn record(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionRecord>> {
        let id = id.clone();
        let call = Call::Read("record");
        self.around.call(call, move || self.inner.record(&id))
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionHead>> {
        let id = id.clone();
        let call = Call::Read("head");
        self.around.call(call, move || self.inner.head(&id))
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Option<ExecutionHead>> {
        let function = function.clone();
        let name = name.clone();
        let call = Call::Read("head_by_name");
        self.around
            .call(call, move || self.inner.head_by_name(&function, &name))
    }

    fn list(&self, filter: ExecutionFilter) -> StoreFuture<'_, Vec<ExecutionHead>> {
        let call = Call::Read("list");
        self.around.call(call, move || self.inner.list(filter))
    }
}
