//! Pages of the event history.

use model::{OperationType, Payload, UpdateAction};

use super::Suite;
use super::subject::{Subject, spec, update};
use crate::{EventPage, Store, event_bytes};

/// The promises of [`History`](crate::History).
pub const HISTORY: Suite<dyn Store> = suite![history:
    pages_go_both_ways_and_join_without_gap,
    pages_end_at_their_bytes,
];

async fn pages_go_both_ways_and_join_without_gap(store: &dyn Store) {
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
                    bytes_max: usize::MAX,
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

async fn pages_end_at_their_bytes(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    for number in 0..6_usize {
        let id = format!("step-{number}");
        let step = |action| update(&id, OperationType::Step, action);
        let mut succeed = step(UpdateAction::Succeed);
        // Some lie in the event, some where the operation has them.
        succeed.payload = Some(Payload::from("x".repeat(10_000 * number + 1)));
        subject
            .apply_checkpoint(store, vec![step(UpdateAction::Start), succeed])
            .await;
    }
    let largest = subject.events.iter().map(event_bytes).max().unwrap_or(0);
    for newest_first in [false, true] {
        let mut expected = subject.events.clone();
        if newest_first {
            expected.reverse();
        }
        for bytes_max in [0, 10_000, largest, 2 * largest, usize::MAX] {
            let mut seen = Vec::new();
            let mut page = EventPage {
                after: None,
                newest_first,
                limit: 100,
                bytes_max,
            };
            loop {
                let events = store.events(subject.id(), page).await.expect("works");
                let Some(last) = events.last() else { break };
                let bytes: usize = events.iter().map(event_bytes).sum();
                assert!(
                    bytes <= bytes_max || events.len() == 1,
                    "{bytes} bytes in {} events",
                    events.len()
                );
                page.after = Some(last.id);
                seen.extend(events);
            }
            assert_eq!(
                seen, expected,
                "{bytes_max} bytes, newest first: {newest_first}"
            );
        }
    }
    // The events about one operation go on in the same way.
    let about = |event: &&model::Event| {
        let subject = event.subject.as_ref();
        subject.is_some_and(|subject| subject.id.as_str() == "step-5")
    };
    let expected: Vec<_> = subject.events.iter().filter(about).cloned().collect();
    let id = expected[0].subject.clone().expect("it is about it").id;
    let mut page = EventPage {
        after: None,
        newest_first: false,
        limit: 100,
        bytes_max: 0,
    };
    let mut seen = Vec::new();
    loop {
        let events = store.operation_events(subject.id(), &id, page).await;
        let events = events.expect("works");
        let Some(last) = events.last() else { break };
        assert_eq!(events.len(), 1);
        page.after = Some(last.id);
        seen.extend(events);
    }
    assert_eq!(seen, expected);
}
