//! Looking for executions.

use std::time::Duration;

use engine::{Input, Output};
use model::{
    CallbackOptions, DeadlineReason, ErrorObject, ExecutionName, ExecutionStatus, FunctionName,
    OperationDetails, OperationType, OperationUpdate, Payload, Timestamp, UpdateAction, Version,
};

use super::Suite;
use super::subject::{BEGINNING, Subject, spec, update};
use crate::{
    CallbackCursor, EXECUTION_WORK, ExecutionSearch, RECENT_INPUT_BYTES_MAX, SearchPage, Store,
};

/// The promises of [`Search`](crate::Search).
pub const SEARCH: Suite<dyn Store> = suite![search:
    filters_select_what_they_say,
    cursors_walk_through_everything_once,
    a_bound_on_the_work_makes_partial_answers,
    counts_follow_every_change,
    callbacks_and_timers_are_listed_while_they_are_open,
    offers_are_found_by_name_until_somebody_takes_them,
    the_time_of_invocations_adds_up,
    recent_inputs_are_those_that_people_can_read,
];

/// Twelve executions, one a minute: of two functions and two versions; a third running, a third
/// succeeded, a third failed.
async fn fill(store: &dyn Store) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for number in 0..12_u32 {
        let function = if number % 4 == 0 { "Fraud" } else { "Loan" };
        let mut spec = spec(
            function,
            &format!("Name-{number}"),
            &format!("id-{number:02}"),
        );
        spec.started_at = minute(number);
        spec.arn.version = match number % 2 {
            0 => Version::Latest,
            _ => Version::Published(2),
        };
        spec.input = Some(Payload::from(
            format!("{{\"order\":\"A_{number}%\"}}").as_str(),
        ));
        let mut subject = Subject::start(store, spec).await;
        match number % 3 {
            1 => {
                let done = Output::Succeeded(Some(Payload::from("\"Approved\"")));
                subject.end_invocation(store, done).await;
            }
            2 => {
                let error = ErrorObject {
                    error_type: Some("OutOfStock".to_owned()),
                    message: Some(format!("No more of {number}")),
                    data: Some("not searched".to_owned()),
                    ..ErrorObject::default()
                };
                subject.end_invocation(store, Output::Failed(error)).await;
            }
            _ => {}
        }
        subjects.push(subject);
    }
    subjects
}

fn minute(number: u32) -> Timestamp {
    Timestamp::from_millis(BEGINNING.as_millis() + 60_000 * i64::from(number))
}

fn all() -> ExecutionSearch {
    ExecutionSearch {
        limit: 100,
        work_max: u64::MAX,
        ..ExecutionSearch::default()
    }
}

async fn find(store: &dyn Store, search: ExecutionSearch) -> SearchPage {
    store.search(search).await.expect("the store works")
}

fn numbers(page: &SearchPage) -> Vec<u32> {
    let name = |number: &str| number["Name-".len()..].parse().expect("a number");
    let found = page.executions.iter();
    found.map(|it| name(it.spec.arn.name.as_str())).collect()
}

fn function(name: &str) -> Option<FunctionName> {
    Some(FunctionName::parse(name).expect("a valid name"))
}

async fn filters_select_what_they_say(store: &dyn Store) {
    let subjects = fill(store).await;
    let check = async |search: ExecutionSearch, expected: &[u32]| {
        let page = find(store, search.clone()).await;
        assert_eq!(numbers(&page), expected, "{search:?}");
        assert_eq!((page.next, page.complete), (None, true), "{search:?}");
        for found in page.executions {
            let number = numbers(&SearchPage {
                executions: vec![found.clone()],
                next: None,
                complete: true,
            })[0] as usize;
            let expected =
                crate::ExecutionSummary::of(&subjects[number].execution, &subjects[number].events);
            assert_eq!(found, expected);
        }
    };
    check(all(), &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]).await;
    let fraud = ExecutionSearch {
        function: function("Fraud"),
        ..all()
    };
    check(fraud.clone(), &[8, 4, 0]).await;
    let nobody = ExecutionSearch {
        function: function("Nobody"),
        ..all()
    };
    check(nobody, &[]).await;
    let version = ExecutionSearch {
        version: Some(Version::Latest),
        ..all()
    };
    check(version, &[10, 8, 6, 4, 2, 0]).await;
    let name = Some(ExecutionName::parse("Name-5").expect("a valid name"));
    let named = ExecutionSearch { name, ..all() };
    check(named.clone(), &[5]).await;
    let named_elsewhere = ExecutionSearch {
        function: function("Fraud"),
        ..named
    };
    check(named_elsewhere, &[]).await;
    let contains = ExecutionSearch {
        name_contains: Some("nAmE-1".to_owned()),
        ..all()
    };
    check(contains, &[11, 10, 1]).await;
    let status = |statuses: &[ExecutionStatus]| ExecutionSearch {
        statuses: statuses.to_vec(),
        ..all()
    };
    check(status(&[ExecutionStatus::Failed]), &[11, 8, 5, 2]).await;
    let ended = [ExecutionStatus::Failed, ExecutionStatus::Succeeded];
    check(status(&ended), &[11, 10, 8, 7, 5, 4, 2, 1]).await;
    let fraud_ended = ExecutionSearch {
        statuses: ended.to_vec(),
        ..fraud.clone()
    };
    check(fraud_ended, &[8, 4]).await;
    let fraud_failed = ExecutionSearch {
        statuses: vec![ExecutionStatus::Failed],
        ..fraud.clone()
    };
    check(fraud_failed, &[8]).await;
    let between = ExecutionSearch {
        started_after: Some(minute(3)),
        started_before: Some(minute(6)),
        ..all()
    };
    check(between.clone(), &[5, 4]).await;
    let between = |search: ExecutionSearch| ExecutionSearch {
        started_after: between.started_after,
        started_before: between.started_before,
        ..search
    };
    check(between(fraud), &[4]).await;
    check(between(status(&ended)), &[5, 4]).await;
    let text = |text: &str| ExecutionSearch {
        text: Some(text.to_owned()),
        ..all()
    };
    check(text("approved"), &[10, 7, 4, 1]).await;
    check(text("OUTOFSTOCK"), &[11, 8, 5, 2]).await;
    check(text("more of 8"), &[8]).await;
    check(text("a_1%"), &[1]).await;
    check(text("A_1"), &[11, 10, 1]).await;
    check(text("not searched"), &[]).await;
    check(text("\\"), &[]).await;
}

async fn cursors_walk_through_everything_once(store: &dyn Store) {
    fill(store).await;
    let ended = vec![ExecutionStatus::Failed, ExecutionStatus::Succeeded];
    let searches = [
        all(),
        ExecutionSearch {
            function: function("Loan"),
            ..all()
        },
        ExecutionSearch {
            statuses: ended,
            ..all()
        },
        ExecutionSearch {
            text: Some("a_".to_owned()),
            ..all()
        },
    ];
    for search in searches {
        let expected = numbers(&find(store, search.clone()).await);
        for limit in [1, 3, 5, 50] {
            let mut search = ExecutionSearch {
                limit,
                ..search.clone()
            };
            let mut seen = Vec::new();
            loop {
                let page = find(store, search.clone()).await;
                assert!(page.complete && page.executions.len() <= limit);
                seen.extend(numbers(&page));
                match page.next {
                    Some(next) => search.after = Some(next),
                    None => break,
                }
            }
            assert_eq!(seen, expected, "{search:?}");
        }
    }
}

async fn a_bound_on_the_work_makes_partial_answers(store: &dyn Store) {
    fill(store).await;
    let mut search = ExecutionSearch {
        name_contains: Some("name-0".to_owned()),
        work_max: 5 * EXECUTION_WORK,
        ..all()
    };
    for (found, complete) in [(0, false), (0, false), (1, true)] {
        let page = find(store, search.clone()).await;
        assert_eq!((page.executions.len(), page.complete), (found, complete));
        search.after = page.next;
    }
    assert_eq!(search.after, None);
    // Text that is searched counts too.
    let mut large = spec("Loan", "Name-12", "id-12");
    large.started_at = minute(12);
    large.input = Some(Payload::from("x".repeat(5_000).as_str()));
    Subject::start(store, large).await;
    let search = ExecutionSearch {
        text: Some("nowhere".to_owned()),
        work_max: 5 * EXECUTION_WORK,
        ..all()
    };
    let page = find(store, search).await;
    assert_eq!((page.executions.len(), page.complete), (0, false));
    let seen = page.next.expect("there are more");
    assert_eq!(seen.started_at, minute(12));
}

async fn counts_follow_every_change(store: &dyn Store) {
    let mut subjects = fill(store).await;
    let counted = async || {
        let counts = store.counts().await.expect("the store works");
        let mut counts: Vec<_> = counts
            .into_iter()
            .map(|it| (it.function.to_string(), it.version, it.status, it.count))
            .collect();
        counts.sort();
        counts
    };
    let latest =
        |function: &str, status, count| (function.to_owned(), Version::Latest, status, count);
    let second =
        |function: &str, status, count| (function.to_owned(), Version::Published(2), status, count);
    assert_eq!(
        counted().await,
        [
            latest("Fraud", ExecutionStatus::Running, 1),
            latest("Fraud", ExecutionStatus::Succeeded, 1),
            latest("Fraud", ExecutionStatus::Failed, 1),
            latest("Loan", ExecutionStatus::Running, 1),
            latest("Loan", ExecutionStatus::Succeeded, 1),
            latest("Loan", ExecutionStatus::Failed, 1),
            second("Loan", ExecutionStatus::Running, 2),
            second("Loan", ExecutionStatus::Succeeded, 2),
            second("Loan", ExecutionStatus::Failed, 2),
        ]
    );
    let done = Output::Succeeded(None);
    subjects[0].end_invocation(store, done).await;
    let removal = subjects[8].transition(Input::Delete);
    let removal = removal.expect("what has ended may be deleted");
    store.commit(removal).await.expect("it is as stored");
    assert_eq!(
        counted().await[..3],
        [
            latest("Fraud", ExecutionStatus::Succeeded, 2),
            latest("Loan", ExecutionStatus::Running, 1),
            latest("Loan", ExecutionStatus::Succeeded, 1),
        ]
    );
}

async fn callbacks_and_timers_are_listed_while_they_are_open(store: &dyn Store) {
    for (number, function) in ["Loan", "Fraud", "Loan"].into_iter().enumerate() {
        let name = format!("name-{number}");
        let mut subject =
            Subject::start(store, spec(function, &name, &format!("id-{number}"))).await;
        // As the SDKs' `waitForCallback` has it: the name is the context's.
        let around = OperationUpdate {
            name: Some("ask-two".to_owned()),
            ..update("around", OperationType::Context, UpdateAction::Start)
        };
        let callback = |id: &str| OperationUpdate {
            name: (id != "two").then(|| format!("ask-{id}")),
            parent_id: (id == "two").then(|| around.id.clone()),
            callback_options: Some(CallbackOptions {
                timeout_seconds: Some(600 - 100 * u32::try_from(number).expect("it is small")),
                heartbeat_timeout_seconds: None,
            }),
            ..update(id, OperationType::Callback, UpdateAction::Start)
        };
        let step = update("step", OperationType::Step, UpdateAction::Start);
        subject
            .apply_checkpoint(
                store,
                vec![callback("one"), around.clone(), callback("two"), step],
            )
            .await;
        if number == 2 {
            let done = Output::Succeeded(None);
            subject.end_invocation(store, done).await;
        }
    }
    let list = async |function: Option<FunctionName>, after: Option<CallbackCursor>, limit| {
        let callbacks = store.open_callbacks(function, after, limit).await;
        callbacks.expect("the store works")
    };
    let shown = |callbacks: &[crate::OpenCallback]| -> Vec<String> {
        let show = |callback: &crate::OpenCallback| {
            assert!(matches!(
                callback.operation.details,
                OperationDetails::Callback { .. }
            ));
            let operation = callback.operation.name.as_deref().unwrap_or_default();
            format!("{}/{operation}", callback.arn.name)
        };
        callbacks.iter().map(show).collect()
    };
    let everything = list(None, None, 100).await;
    let expected = [
        "name-0/ask-one",
        "name-0/ask-two",
        "name-1/ask-one",
        "name-1/ask-two",
    ];
    assert_eq!(shown(&everything), expected);
    let first = list(None, None, 3).await;
    assert_eq!(shown(&first), expected[..3]);
    let rest = list(None, first.last().map(|last| last.cursor), 3).await;
    assert_eq!(shown(&rest), expected[3..]);
    let fraud = list(function("Fraud"), None, 100).await;
    assert_eq!(shown(&fraud), expected[2..]);

    let timers = store.open_timers(100).await.expect("the store works");
    let shown: Vec<_> = timers
        .iter()
        .map(|timer| (timer.arn.name.as_str(), timer.operation_name.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [("name-1", Some("ask-one")), ("name-0", Some("ask-one"))]
    );
    assert!(matches!(
        timers[0].deadline.reason,
        DeadlineReason::CallbackTimeout(_)
    ));
    assert_eq!(
        store.open_timers(1).await.expect("the store works"),
        timers[..1]
    );
}

async fn offers_are_found_by_name_until_somebody_takes_them(store: &dyn Store) {
    let offered = async |name: &str, limit| {
        let offers = store.offers(name, None, limit).await;
        let offers = offers.expect("the store works");
        let shown = offers.iter().map(|offer| offer.arn.name.to_string());
        shown.collect::<Vec<_>>()
    };
    let mut subjects = Vec::new();
    for number in 0..3 {
        let spec = spec("Loan", &format!("name-{number}"), &format!("id-{number}"));
        let mut subject = Subject::start(store, spec).await;
        let callback = |id: &str, name: &str| OperationUpdate {
            name: Some(name.to_owned()),
            ..update(id, OperationType::Callback, UpdateAction::Start)
        };
        let updates = vec![
            callback("paint", "activity:paint"),
            callback("dry", "activity:dry"),
            callback("token", "task token"),
        ];
        subject.apply_checkpoint(store, updates).await;
        subjects.push(subject);
    }
    let all = ["name-0", "name-1", "name-2"];
    assert_eq!(offered("activity:paint", 10).await, all);
    assert_eq!(offered("activity:paint", 2).await, all[..2]);
    assert_eq!(offered("activity:pain", 10).await, [""; 0]);
    assert_eq!(offered("task token", 10).await, [""; 0], "not an offer");

    let first = store.offers("activity:paint", None, 1).await;
    let first = first.expect("the store works").remove(0);
    let rest = store.offers("activity:paint", Some(first.cursor), 9).await;
    let rest = rest.expect("the store works").into_iter();
    let rest: Vec<_> = rest.map(|offer| offer.arn.name.to_string()).collect();
    assert_eq!(rest, all[1..]);
    let operation = first.operation;
    let OperationDetails::Callback { callback_id, .. } = &operation.details else {
        panic!("{operation:?} is no callback");
    };
    let taken = subjects[0].transition(Input::CallbackSucceeded {
        operation_id: operation.id.clone(),
        callback_id: callback_id.clone(),
        result: None,
    });
    let taken = taken.expect("it is open");
    store.commit(taken).await.expect("it is as stored");
    assert_eq!(offered("activity:paint", 10).await, all[1..]);
    let done = Output::Succeeded(None);
    subjects[1].end_invocation(store, done).await;
    assert_eq!(offered("activity:paint", 10).await, all[2..]);
    assert_eq!(offered("activity:dry", 10).await, ["name-0", "name-2"]);
}

async fn the_time_of_invocations_adds_up(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "name", "id")).await;
    let time = async |subject: &Subject| {
        let time = store.invocation_time(subject.id()).await;
        time.expect("the store works")
    };
    assert_eq!(time(&subject).await, Duration::ZERO);
    let done = Output::Succeeded(None);
    subject.end_invocation(store, done).await;
    assert_eq!(time(&subject).await, Duration::from_secs(1));
}

async fn recent_inputs_are_those_that_people_can_read(store: &dyn Store) {
    for number in 0..4_u32 {
        let mut spec = spec("Loan", &format!("name-{number}"), &format!("id-{number}"));
        spec.started_at = minute(number);
        spec.input = match number {
            0 | 2 => Some(Payload::from(number.to_string().as_str())),
            1 => None,
            _ => Some(Payload::from(
                "x".repeat(RECENT_INPUT_BYTES_MAX + 1).as_str(),
            )),
        };
        Subject::start(store, spec).await;
    }
    let name = function("Loan").expect("it was parsed");
    let inputs = store.recent_inputs(&name, 10).await;
    let inputs = inputs.expect("the store works");
    let shown: Vec<_> = inputs
        .iter()
        .map(|it| (it.name.as_str(), it.input.as_str()))
        .collect();
    assert_eq!(shown, [("name-2", "2"), ("name-0", "0")]);
}
