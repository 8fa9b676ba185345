//! Reads for people.

use std::time::Duration;

use model::{ExecutionId, FunctionName};

use super::{Around, Call, Surround};
use crate::{
    CallbackCursor, ExecutionCount, ExecutionSearch, ExecutionSummary, OpenCallback, OpenTimer,
    RecentInput, Search, SearchPage, StoreFuture,
};

impl<S: Surround> Search for Around<S> {
    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, SearchPage> {
        let call = Call::Read("search");
        self.around.call(call, move || self.inner.search(search))
    }

    fn summary(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionSummary>> {
        let id = id.clone();
        let call = Call::Read("summary");
        self.around.call(call, move || self.inner.summary(&id))
    }

    fn counts(&self) -> StoreFuture<'_, Vec<ExecutionCount>> {
        let call = Call::Read("counts");
        self.around.call(call, move || self.inner.counts())
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        let call = Call::Read("open_callbacks");
        self.around.call(call, move || {
            self.inner.open_callbacks(function, after, limit)
        })
    }

    fn offers(
        &self,
        name: &str,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>> {
        let name = name.to_owned();
        let call = Call::Read("offers");
        self.around
            .call(call, move || self.inner.offers(&name, after, limit))
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Vec<OpenTimer>> {
        let call = Call::Read("open_timers");
        self.around
            .call(call, move || self.inner.open_timers(limit))
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Duration> {
        let id = id.clone();
        let call = Call::Read("invocation_time");
        self.around
            .call(call, move || self.inner.invocation_time(&id))
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Vec<RecentInput>> {
        let function = function.clone();
        let call = Call::Read("recent_inputs");
        self.around
            .call(call, move || self.inner.recent_inputs(&function, limit))
    }
}
