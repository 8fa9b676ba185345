//! Sessions in memory: for a server that shares its store with no other, and whose restart ends all sessions.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::Timestamp;

use super::ready;
use crate::StoreFuture;
use crate::sessions::{SessionRecord, Sessions};

/// Sessions at the most; beyond that, the one that ends soonest goes first.
const SESSIONS_MAX: usize = 1_000;

/// Keeps sessions in memory.
#[derive(Debug, Default)]
pub struct MemorySessions(Mutex<SessionTables>);

#[derive(Debug, Default)]
struct SessionTables {
    secrets: BTreeMap<String, Vec<u8>>,
    sessions: BTreeMap<String, SessionRecord>,
}

impl MemorySessions {
    fn tables(&self) -> MutexGuard<'_, SessionTables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions for MemorySessions {
    fn keep_secret(
        &self,
        name: &str,
        sealed: Vec<u8>,
        instead_of: Option<Vec<u8>>,
    ) -> StoreFuture<'_, Vec<u8>> {
        let mut tables = self.tables();
        let kept = tables.secrets.entry(name.to_owned());
        let kept = kept.or_insert_with(|| sealed.clone());
        if instead_of.is_some_and(|old| old == *kept) {
            *kept = sealed;
        }
        ready(Ok(kept.clone()))
    }

    fn begin_session(&self, session: SessionRecord, now: Timestamp) -> StoreFuture<'_, ()> {
        let mut tables = self.tables();
        let sessions = &mut tables.sessions;
        sessions.retain(|_, session| now < session.until);
        if sessions.len() >= SESSIONS_MAX {
            let first = sessions.values().min_by_key(|session| session.until);
            if let Some(hash) = first.map(|session| session.hash.clone()) {
                sessions.remove(&hash);
            }
        }
        sessions.insert(session.hash.clone(), session);
        ready(Ok(()))
    }

    fn session(&self, hash: &str) -> StoreFuture<'_, Option<SessionRecord>> {
        ready(Ok(self.tables().sessions.get(hash).cloned()))
    }

    fn end_session(&self, hash: &str) -> StoreFuture<'_, ()> {
        self.tables().sessions.remove(hash);
        ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::SESSIONS;

    #[tokio::test]
    async fn sessions_in_memory_keep_the_promises() {
        SESSIONS
            .check(|| Box::new(MemorySessions::default()) as Box<dyn Sessions>)
            .await;
    }

    #[tokio::test]
    async fn the_first_to_go_makes_room() {
        let sessions = MemorySessions::default();
        for number in 0..=SESSIONS_MAX as i64 {
            let session = SessionRecord {
                hash: format!("{number:04}"),
                who: String::new(),
                until: Timestamp::from_millis(1_000 + number),
            };
            let begun = sessions.begin_session(session, Timestamp::from_millis(0));
            begun.await.expect("works");
        }
        let found = async |hash| sessions.session(hash).await.expect("works");
        assert_eq!(found("0000").await, None);
        assert!(found("0001").await.is_some());
        assert_eq!(sessions.tables().sessions.len(), SESSIONS_MAX);
    }
}
