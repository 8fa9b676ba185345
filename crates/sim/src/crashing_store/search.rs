//! Reads for people.

use std::time::Duration;

use model::{ExecutionId, FunctionName};
use store::{
    CallbackCursor, ExecutionCount, ExecutionSearch, ExecutionSummary, OpenCallback, OpenTimer,
    RecentInput, Search, SearchPage, StoreFuture,
};

use super::CrashingStore;

impl Search for CrashingStore {
    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, SearchPage> {
        self.inner.search(search)
    }

    fn summary(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionSummary>> {
        self.inner.summary(id)
    }

    fn counts(&self) -> StoreFuture<'_, Vec<ExecutionCount>> {
        self.inner.counts()
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        self.inner.open_callbacks(function, after, limit)
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Vec<OpenTimer>> {
        self.inner.open_timers(limit)
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Duration> {
        self.inner.invocation_time(id)
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Vec<RecentInput>> {
        self.inner.recent_inputs(function, limit)
    }
}
