//! Pages of the event history.

use model::{OperationType, UpdateAction};

use super::subject::{Subject, spec, update};
use crate::{EventPage, Store};

pub(super) async fn pages_go_both_ways_and_join_without_gap(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    // A neighbour whose events lie between.
    let mut neighbour = Subject::start(store, spec("Loan", "two", "id-2")).await;
    for number in 0..6 {
        let id = format!("step-{number}");
        let step = |action| update(&id, OperationType::Step, action);
        let both = vec![step(UpdateAction::Start), step(UpdateAction::Succeed)];
        subject.apply_checkpoint(store, both.clone()).await;
        neighbour.apply_checkpoint(store, both).await;
    }
    assert_eq!(subject.events.len(), 13);
    for newest_first in [false, true] {
        let mut expected = subject.events.clone();
        if newest_first {
            expected.reverse();
        }
        for limit in [1, 2, 5, 13, 100] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = EventPage {
                    after,
                    newest_first,
                    limit,
                };
                let events = store.events(subject.id(), page).await.expect("works");
                assert!(events.len() <= limit);
                let Some(last) = events.last() else { break };
                after = Some(last.id);
                seen.extend(events);
            }
            assert_eq!(
                seen, expected,
                "limit {limit}, newest first: {newest_first}"
            );
        }
    }
}
