//! Reads for people, on a thread of their own.

use std::time::Duration;

use model::{ExecutionId, FunctionName};
use store::{
    CallbackCursor, ExecutionCount, ExecutionSearch, ExecutionSummary, OpenCallback, OpenTimer,
    RecentInput, Search, SearchPage, StoreFuture,
};

use super::SqliteStore;
use crate::read;

impl Search for SqliteStore {
    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, SearchPage> {
        let attempted = "look for executions".to_owned();
        self.searcher.read(attempted, move |connection| {
            read::search(connection, &search)
        })
    }

    fn summary(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionSummary>> {
        let attempted = format!("read execution `{id}`");
        let id = id.clone();
        self.searcher.read(attempted, move |connection| {
            read::summary_by_id(connection, &id)
        })
    }

    fn counts(&self) -> StoreFuture<'_, Vec<ExecutionCount>> {
        self.searcher
            .read("count executions".to_owned(), read::counts)
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        let attempted = "read open callbacks".to_owned();
        self.searcher.read(attempted, move |connection| {
            read::open_callbacks(connection, function.as_ref(), after, limit)
        })
    }

    fn offers(
        &self,
        name: &str,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        let attempted = format!("read the offers `{name}`");
        let name = name.to_owned();
        self.searcher.read(attempted, move |connection| {
            read::offers(connection, &name, after, limit)
        })
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Vec<OpenTimer>> {
        let attempted = "read what comes due".to_owned();
        self.searcher.read(attempted, move |connection| {
            read::open_timers(connection, limit)
        })
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Duration> {
        let attempted = format!("read the time of invocations of execution `{id}`");
        let id = id.clone();
        self.searcher.read(attempted, move |connection| {
            read::invocation_time(connection, &id)
        })
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Vec<RecentInput>> {
        let attempted = format!("read recent inputs of function `{function}`");
        let function = function.clone();
        self.searcher.read(attempted, move |connection| {
            read::recent_inputs(connection, &function, limit)
        })
    }
}
