//! The in-memory store.

/// Placeholder until the store lands.
#[derive(Debug, Default)]
pub struct MemoryStore;
