//! The queue of asynchronous invocations, and dead letters.

use model::{ErrorObject, FunctionName, RequestId, Shard, Shards, Version};

use super::Suite;
use super::subject::BEGINNING;
use crate::{AsyncInvocation, AsyncInvocationId, DEAD_LETTER_BYTES_MAX, DeadLetter, Store};

/// The promises of [`InvocationQueue`](crate::InvocationQueue).
pub const QUEUE: Suite<dyn Store> = suite![queue:
    accepted_invocations_wait_until_they_are_done,
    what_is_given_up_is_kept_as_a_dead_letter,
    a_reading_of_dead_letters_ends_at_its_bytes,
    accepted_invocations_are_read_by_shard,
];

pub(super) fn invocation(request_id: &str, payload: &[u8]) -> AsyncInvocation {
    AsyncInvocation {
        request_id: RequestId::parse(request_id).expect("a valid id"),
        function: FunctionName::parse("Fraud").expect("a valid name"),
        version: Version::Published(3),
        invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:Fraud:live".to_owned(),
        payload: payload.to_vec(),
        client_context: Some("{}".to_owned()),
        trace_header: None,
        tenant_id: Some(String::new()),
        accepted_at: BEGINNING,
        attempts: 0,
        not_before: BEGINNING,
    }
}

/// The waiting invocations, whole, after an invocation.
pub(super) async fn queued(
    store: &dyn Store,
    after: Option<AsyncInvocationId>,
    limit: usize,
) -> Vec<(AsyncInvocationId, AsyncInvocation)> {
    let mut whole = Vec::new();
    for head in store
        .queued(Shards::ALL, after, limit)
        .await
        .expect("works")
    {
        let invocation = store.queued_invocation(head.id).await.expect("works");
        let invocation = invocation.expect("what waits can be read");
        assert_eq!(head.function, invocation.function);
        assert_eq!(head.version, invocation.version);
        assert_eq!(head.not_before, invocation.not_before);
        whole.push((head.id, invocation));
    }
    whole
}

async fn accepted_invocations_wait_until_they_are_done(store: &dyn Store) {
    let mut expected = Vec::new();
    for (request_id, payload) in [
        ("first", b"{}".as_slice()),
        ("second", b""),
        ("third", b"\x00\xff not text"),
        ("fourth", b"4"),
    ] {
        let invocation = invocation(request_id, payload);
        let id = store.enqueue(invocation.clone()).await.expect("works");
        expected.push((id, invocation));
    }
    assert!(expected.is_sorted_by(|one, next| one.0 < next.0));
    assert_eq!(queued(store, None, 10).await, expected);
    let rest = queued(store, Some(expected[0].0), 2).await;
    assert_eq!(rest, expected[1..3]);

    let later = BEGINNING.plus_seconds(60);
    let (id, postponed) = &mut expected[1];
    store.postpone(*id, 1, later).await.expect("works");
    postponed.attempts = 1;
    postponed.not_before = later;
    let (done, _) = expected.pop().expect("four were accepted");
    store.dequeue(done).await.expect("works");
    assert_eq!(queued(store, None, 10).await, expected);
    assert_eq!(store.queued_invocation(done).await.expect("works"), None);

    // An id that was given out is not given again, and one that is gone stays gone.
    store.postpone(done, 2, later).await.expect("works");
    store.dequeue(done).await.expect("works");
    let next = store.enqueue(invocation("fifth", b"5")).await;
    assert!(next.expect("works") > done);
    assert_eq!(
        store
            .queued(Shards::ALL, Some(done), 10)
            .await
            .expect("works")
            .len(),
        1
    );
}

async fn what_is_given_up_is_kept_as_a_dead_letter(store: &dyn Store) {
    let error = ErrorObject {
        stack_trace: Some(vec!["here".to_owned()]),
        ..ErrorObject::new("Odd", "it failed")
    };
    let mut letters = Vec::new();
    for (request_id, error) in [("first", Some(error)), ("second", None)] {
        let mut invocation = invocation(request_id, b"\x00\xff not text");
        let id = store.enqueue(invocation.clone()).await.expect("works");
        invocation.attempts = 3;
        let letter = DeadLetter {
            invocation,
            buried_at: BEGINNING.plus_seconds(180),
            condition: "RetriesExhausted".to_owned(),
            error,
        };
        store.bury(id, letter.clone()).await.expect("works");
        // A caller that did not learn the outcome asks again.
        store.bury(id, letter.clone()).await.expect("works");
        letters.push(letter);
    }
    assert!(
        store
            .queued(Shards::ALL, None, 10)
            .await
            .expect("works")
            .is_empty()
    );
    let found = store.dead_letters(None, 10).await.expect("works");
    let newest_first: Vec<_> = letters.iter().rev().collect();
    assert_eq!(
        found.iter().map(|(_, letter)| letter).collect::<Vec<_>>(),
        newest_first
    );
    let (newest, _) = found[0];
    let older = store.dead_letters(Some(newest), 10).await.expect("works");
    assert_eq!(older, found[1..]);
    assert_eq!(
        store.dead_letters(None, 1).await.expect("works"),
        found[..1]
    );
}

async fn a_reading_of_dead_letters_ends_at_its_bytes(store: &dyn Store) {
    let payload = vec![b'x'; DEAD_LETTER_BYTES_MAX / 2];
    for number in 0..5 {
        let invocation = invocation(&format!("request-{number}"), &payload);
        let id = store.enqueue(invocation.clone()).await.expect("works");
        let letter = DeadLetter {
            invocation,
            buried_at: BEGINNING,
            condition: "RetriesExhausted".to_owned(),
            error: None,
        };
        store.bury(id, letter).await.expect("works");
    }
    assert_eq!(store.dead_letter_count().await.expect("works"), 5);
    let (mut before, mut sizes) = (None, Vec::new());
    loop {
        let letters = store.dead_letters(before, 100).await.expect("works");
        let Some((oldest, _)) = letters.last() else {
            break;
        };
        before = Some(*oldest);
        sizes.push(letters.len());
    }
    assert_eq!(sizes, [2, 2, 1]);
}

async fn accepted_invocations_are_read_by_shard(store: &dyn Store) {
    let mut accepted = Vec::new();
    for request_id in ["one-00", "two-7f", "three-00", "four-ff"] {
        let id = store.enqueue(invocation(request_id, b"{}")).await;
        accepted.push(id.expect("works"));
    }
    let read = async |of: Shards, after, limit| {
        let queued = store.queued(of, after, limit).await.expect("works");
        queued.iter().map(|queued| queued.id).collect::<Vec<_>>()
    };
    let zero = Shards::from_iter([Shard(0)]);
    assert_eq!(read(zero, None, 10).await, [accepted[0], accepted[2]]);
    assert_eq!(read(zero, None, 1).await, [accepted[0]]);
    assert_eq!(read(zero, Some(accepted[0]), 1).await, [accepted[2]]);
    let last = Shards::from_iter([Shard(0xff)]);
    assert_eq!(read(last, None, 1).await, [accepted[3]]);
    assert_eq!(read(Shards::NONE, None, 10).await, []);
}
