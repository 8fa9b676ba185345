//! Executions: every commit is counted.

use std::sync::Arc;

use engine::{Execution, Transition};
use model::{ExecutionId, ExecutionName, FunctionName};
use store::{
    CommitError, ExecutionFilter, ExecutionHead, ExecutionRecord, Executions, StoreFuture,
};

use super::CrashingStore;

impl Executions for CrashingStore {
    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, (), CommitError> {
        self.write(|inner| inner.commit(transition))
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Option<Execution>> {
        self.inner.load(id)
    }

    fn record(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionRecord>> {
        self.inner.record(id)
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionHead>> {
        self.inner.head(id)
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Option<ExecutionHead>> {
        self.inner.head_by_name(function, name)
    }

    fn list(&self, filter: ExecutionFilter) -> StoreFuture<'_, Vec<ExecutionHead>> {
        self.inner.list(filter)
    }
}
