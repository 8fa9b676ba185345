//! The in-memory stores keep every promise.

use store::{MemoryLogs, MemoryStore, conformance};

#[tokio::test]
async fn memory_store_conforms() {
    conformance::check_store(|| Box::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn memory_access_keys_conform() {
    conformance::ACCESS_KEYS
        .check(|| Box::new(MemoryStore::new()))
        .await;
}

#[tokio::test]
async fn memory_stacks_conform() {
    conformance::STACKS
        .check(|| Box::new(MemoryStore::new()))
        .await;
}

#[tokio::test]
async fn memory_audit_conforms() {
    conformance::AUDIT
        .check(|| Box::new(MemoryStore::new()))
        .await;
}

#[tokio::test]
async fn memory_logs_conform() {
    conformance::LOGS
        .check(|| Box::new(MemoryLogs::new()))
        .await;
}
