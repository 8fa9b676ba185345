//! The in-memory stores keep every promise.

use store::{MemoryLogs, MemoryStore, conformance};

#[tokio::test]
async fn memory_store_conforms() {
    conformance::check_store(MemoryStore::new).await;
}

#[tokio::test]
async fn memory_logs_conform() {
    conformance::check_logs(MemoryLogs::new).await;
}
