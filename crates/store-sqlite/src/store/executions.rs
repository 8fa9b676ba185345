//! Executions: committed by the writer, read by the readers.

use std::sync::Arc;

use engine::{Execution, Transition};
use model::{ExecutionId, ExecutionName, FunctionName};
use store::{
    CommitError, ExecutionFilter, ExecutionHead, ExecutionRecord, Executions, StoreFuture,
    StoreWrite,
};

use super::SqliteStore;
use crate::read;

impl Executions for SqliteStore {
    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, (), CommitError> {
        let written = self.write(StoreWrite::Commit(transition).into());
        Box::pin(async move { written.await.map(drop) })
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Option<Execution>> {
        let attempted = format!("load execution `{id}`");
        let id = id.clone();
        self.readers
            .read(attempted, move |connection| read::load(connection, &id))
    }

    fn record(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionRecord>> {
        let attempted = format!("read execution `{id}`");
        let id = id.clone();
        self.readers
            .read(attempted, move |connection| read::record(connection, &id))
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionHead>> {
        let attempted = format!("read execution `{id}`");
        let id = id.clone();
        self.readers
            .read(attempted, move |connection| read::head(connection, &id))
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Option<ExecutionHead>> {
        let attempted = format!("find execution `{name}` of function `{function}`");
        let (function, name) = (function.clone(), name.clone());
        self.readers.read(attempted, move |connection| {
            read::head_by_name(connection, &function, &name)
        })
    }

    fn list(&self, filter: ExecutionFilter) -> StoreFuture<'_, Vec<ExecutionHead>> {
        let attempted = "list executions".to_owned();
        self.readers
            .read(attempted, move |connection| read::list(connection, &filter))
    }
}
