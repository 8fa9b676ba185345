//! Pages of executions.

use engine::Output;
use model::{ErrorObject, ExecutionName, ExecutionStatus, FunctionName, Timestamp, Version};

use crate::conformance::subject::{BEGINNING, Subject, spec};
use crate::{Cursor, ExecutionFilter, Store};

/// Twelve executions: of two functions and two versions, two starting in each millisecond.
async fn fill(store: &dyn Store) {
    for number in 0..12_u32 {
        let function = if number % 3 == 0 { "Fraud" } else { "Loan" };
        // Ids do not follow the order of starts.
        let id = format!("id-{:02}", (number * 7) % 12);
        let mut spec = spec(function, &format!("name-{number}"), &id);
        spec.started_at = Timestamp::from_millis(BEGINNING.as_millis() + i64::from(number / 2));
        spec.arn.version = match number % 4 {
            0 => Version::Latest,
            _ => Version::Published(2),
        };
        let mut subject = Subject::start(store, spec).await;
        match number % 4 {
            1 => {
                let done = Output::Succeeded(None);
                subject.end_invocation(store, done).await;
            }
            2 => {
                let failed = Output::Failed(ErrorObject::default());
                subject.end_invocation(store, failed).await;
            }
            _ => {}
        }
    }
}

async fn names(store: &dyn Store, filter: ExecutionFilter) -> Vec<String> {
    let page = store.list(filter).await.expect("works");
    let name = |head: crate::ExecutionHead| head.arn.name.to_string();
    page.into_iter().map(name).collect()
}

fn all() -> ExecutionFilter {
    ExecutionFilter {
        limit: 100,
        ..ExecutionFilter::default()
    }
}

fn function(name: &str) -> Option<FunctionName> {
    Some(FunctionName::parse(name).expect("a valid name"))
}

pub(super) async fn filters_select_what_they_say(store: &dyn Store) {
    fill(store).await;
    let check = async |filter: ExecutionFilter, expected: &[u32]| {
        let mut numbers: Vec<u32> = names(store, filter)
            .await
            .iter()
            .map(|name| name["name-".len()..].parse().expect("a number"))
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, expected);
    };
    check(all(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).await;
    let fraud = ExecutionFilter {
        function: function("Fraud"),
        ..all()
    };
    check(fraud.clone(), &[0, 3, 6, 9]).await;
    let nobody = ExecutionFilter {
        function: function("Nobody"),
        ..all()
    };
    check(nobody, &[]).await;
    let latest = ExecutionFilter {
        version: Some(Version::Latest),
        ..all()
    };
    check(latest, &[0, 4, 8]).await;
    let named = ExecutionFilter {
        name: Some(ExecutionName::parse("name-5").expect("a valid name")),
        ..all()
    };
    check(named, &[5]).await;
    let failed = ExecutionFilter {
        statuses: vec![ExecutionStatus::Failed],
        ..all()
    };
    check(failed, &[2, 6, 10]).await;
    let ended = ExecutionFilter {
        statuses: vec![ExecutionStatus::Failed, ExecutionStatus::Succeeded],
        ..fraud
    };
    check(ended, &[6, 9]).await;
    let at = |millis| Some(Timestamp::from_millis(BEGINNING.as_millis() + millis));
    let between = ExecutionFilter {
        started_after: at(1),
        started_before: at(4),
        ..all()
    };
    check(between, &[4, 5, 6, 7]).await;
}

pub(super) async fn cursors_walk_through_everything_once(store: &dyn Store) {
    fill(store).await;
    for (function, total) in [(None, 12), (function("Loan"), 8)] {
        for oldest_first in [false, true] {
            for limit in [1, 3, 5, 50] {
                let mut filter = ExecutionFilter {
                    function: function.clone(),
                    oldest_first,
                    limit,
                    ..ExecutionFilter::default()
                };
                let mut seen: Vec<Cursor> = Vec::new();
                loop {
                    let page = store.list(filter.clone()).await.expect("works");
                    assert!(page.len() <= limit);
                    seen.extend(page.iter().map(|head| Cursor {
                        started_at: head.started_at,
                        execution_id: head.arn.id.clone(),
                    }));
                    if page.is_empty() {
                        break;
                    }
                    filter.after = seen.last().cloned();
                }
                if !oldest_first {
                    seen.reverse();
                }
                assert_eq!(seen.len(), total);
                assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
            }
        }
    }
}
