//! Transactions of the application: each is counted.

use store::{CommitError, StoreFuture};
use store_sqlite::{Done, Within, WriteWithin};

use super::{CrashingStore, die};

impl WriteWithin for CrashingStore {
    fn write_within(&self, within: Within) -> StoreFuture<'_, Done, CommitError> {
        let here = self.reach();
        let shared = self.shared.as_ref();
        let written = shared.expect("a shared store").write_within(within);
        if !here {
            return written;
        }
        Box::pin(async move {
            drop(written.await);
            die()
        })
    }
}
