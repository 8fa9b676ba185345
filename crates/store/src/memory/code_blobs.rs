//! Archives of code in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ready;
use crate::{CodeBlobs, StoreFuture};

/// Keeps archives in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryCode {
    archives: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl MemoryCode {
    fn archives(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.archives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CodeBlobs for MemoryCode {
    fn put_code(&self, hash: &str, archive: Vec<u8>) -> StoreFuture<'_, ()> {
        self.archives().entry(hash.to_owned()).or_insert(archive);
        ready(Ok(()))
    }

    fn has_code(&self, hash: &str) -> StoreFuture<'_, bool> {
        ready(Ok(self.archives().contains_key(hash)))
    }

    fn code(&self, hash: &str) -> StoreFuture<'_, Option<Vec<u8>>> {
        ready(Ok(self.archives().get(hash).cloned()))
    }

    fn code_hashes(&self) -> StoreFuture<'_, Vec<String>> {
        ready(Ok(self.archives().keys().cloned().collect()))
    }

    /// It has no clock, and no versions beside it: every archive counts as put a moment ago, and as not needed.
    fn collect_code(&self, unused_for: Duration) -> StoreFuture<'_, Vec<String>> {
        let forgotten = match unused_for.is_zero() {
            true => std::mem::take(&mut *self.archives()),
            false => BTreeMap::new(),
        };
        ready(Ok(forgotten.into_keys().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::CODE_BLOBS;

    #[tokio::test]
    async fn code_in_memory_keeps_the_promises() {
        CODE_BLOBS
            .check(|| Box::new(MemoryCode::default()) as Box<dyn CodeBlobs>)
            .await;
    }
}
