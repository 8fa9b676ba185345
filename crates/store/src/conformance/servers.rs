//! Servers that share a store, and code that they share.

use std::time::Duration;

use model::{ExecutionId, FunctionName, Owner, Shard, Shards};

use super::Suite;
use super::subject::BEGINNING;
use crate::{CodeBlobs, Membership, PlacesAsk, ServerRecord, Servers, SurveyedServer};

/// The promises of [`Servers`].
pub const SERVERS: Suite<dyn Servers> = suite![servers:
    who_beats_lives_and_is_seen_as_it_says,
    a_shard_has_one_owner,
    what_a_dead_server_owns_is_free,
    a_survey_has_the_living_and_those_who_died_lately,
    shards_are_passed_on,
    word_is_left_and_taken,
    who_leaves_is_forgotten,
    places_are_never_too_many,
    places_are_given_back_and_taken,
    places_of_the_dead_are_free,
    a_late_question_about_places_changes_nothing,
];

/// The promises of [`CodeBlobs`].
pub const CODE_BLOBS: Suite<dyn CodeBlobs> = suite![code_blobs:
    an_archive_is_kept_under_its_name,
    archives_that_nobody_needs_are_forgotten_in_time,
];

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

const FIRST: Owner = Owner(1);
/// Its number needs all 64 bits.
const SECOND: Owner = Owner(u64::MAX);

fn server(id: Owner) -> ServerRecord {
    ServerRecord {
        id,
        address: format!("10.0.0.{}:3001", id.0 % 250),
        secret: "secret".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: BEGINNING,
        is_leaving: false,
    }
}

async fn beat(servers: &dyn Servers, id: Owner, lease: Duration) -> Membership {
    servers.beat(server(id), lease).await.expect("works")
}

fn some(numbers: impl IntoIterator<Item = u8>) -> Shards {
    numbers.into_iter().map(Shard).collect()
}

async fn who_beats_lives_and_is_seen_as_it_says(servers: &dyn Servers) {
    assert_eq!(beat(servers, SECOND, LONG).await.servers, [server(SECOND)]);
    let both = beat(servers, FIRST, LONG).await;
    assert_eq!(both.servers, [server(FIRST), server(SECOND)]);
    assert_eq!(both.free(), Shards::ALL);
    // Its record may change.
    let leaving = ServerRecord {
        is_leaving: true,
        address: "[::1]:80".to_owned(),
        ..server(FIRST)
    };
    let seen = servers.beat(leaving.clone(), LONG).await.expect("works");
    assert_eq!(seen.server(FIRST), Some(&leaving));
}

async fn a_shard_has_one_owner(servers: &dyn Servers) {
    beat(servers, FIRST, LONG).await;
    beat(servers, SECOND, LONG).await;
    let taken = servers.claim(FIRST, some(0..=9)).await.expect("works");
    assert_eq!(taken, some(0..=9));
    let taken = servers.claim(SECOND, some(5..=14)).await.expect("works");
    assert_eq!(taken, some(10..=14));
    let again = servers.claim(FIRST, some(0..=14)).await.expect("works");
    assert_eq!(again, Shards::NONE);
    let seen = beat(servers, FIRST, LONG).await;
    assert_eq!(seen.owned_by(FIRST), some(0..=9));
    assert_eq!(seen.owned_by(SECOND), some(10..=14));
    assert_eq!(seen.owner(Shard(12)), Some(&server(SECOND)));
    assert_eq!(seen.owner(Shard(15)), None);
}

async fn what_a_dead_server_owns_is_free(servers: &dyn Servers) {
    beat(servers, FIRST, LONG).await;
    beat(servers, SECOND, LONG).await;
    servers.claim(FIRST, some([7])).await.expect("works");
    // A lease of no time is over at once.
    beat(servers, FIRST, Duration::ZERO).await;
    let seen = beat(servers, SECOND, LONG).await;
    assert_eq!(seen.servers, [server(SECOND)]);
    assert_eq!(seen.free(), Shards::ALL);
    // The dead take nothing.
    let taken = servers.claim(FIRST, some([7, 8])).await.expect("works");
    assert_eq!(taken, Shards::NONE);
    let taken = servers.claim(SECOND, some([7])).await.expect("works");
    assert_eq!(taken, some([7]));
    // It lives again, and another server owns its shards.
    let seen = beat(servers, FIRST, LONG).await;
    assert_eq!(seen.owned_by(FIRST), Shards::NONE);
    assert_eq!(seen.owned_by(SECOND), some([7]));
}

async fn a_survey_has_the_living_and_those_who_died_lately(servers: &dyn Servers) {
    beat(servers, FIRST, LONG).await;
    beat(servers, SECOND, LONG).await;
    servers.claim(FIRST, some([7])).await.expect("works");
    servers.claim(SECOND, some([8])).await.expect("works");
    beat(servers, SECOND, Duration::ZERO).await;
    let survey = servers.survey().await.expect("works");
    let seen = |it: &SurveyedServer| (it.server.clone(), survey.at < it.expires_at, it.invocations);
    let seen: Vec<_> = survey.servers.iter().map(seen).collect();
    assert_eq!(seen, [(server(FIRST), true, 0), (server(SECOND), false, 0)]);
    assert_eq!((survey.owners[7], survey.owners[8]), (Some(FIRST), None));
}

async fn shards_are_passed_on(servers: &dyn Servers) {
    beat(servers, FIRST, LONG).await;
    beat(servers, SECOND, LONG).await;
    servers.claim(FIRST, some(0..=3)).await.expect("works");
    servers.claim(SECOND, some([4])).await.expect("works");
    for _ in 0..2 {
        let to = Some(SECOND);
        servers
            .give(FIRST, some([0, 1, 4]), to)
            .await
            .expect("works");
        servers.give(FIRST, some([2]), None).await.expect("works");
    }
    // A shard of another owner cannot be given.
    servers.give(FIRST, some([4]), None).await.expect("works");
    let seen = beat(servers, FIRST, LONG).await;
    assert_eq!(seen.owned_by(FIRST), some([3]));
    assert_eq!(seen.owned_by(SECOND), some([0, 1, 4]));
    assert!(seen.free().contains(Shard(2)));
}

async fn word_is_left_and_taken(servers: &dyn Servers) {
    beat(servers, FIRST, LONG).await;
    beat(servers, SECOND, LONG).await;
    let id = |text: &str| ExecutionId::parse(text).expect("a valid id");
    let leave = async |to, ids: &[&str]| {
        let ids = ids.iter().map(|text| id(text)).collect();
        servers.leave_word(to, ids).await.expect("works");
    };
    leave(FIRST, &["a", "b"]).await;
    leave(SECOND, &["c"]).await;
    leave(FIRST, &["a"]).await;
    leave(FIRST, &[]).await;
    let taken = servers.take_word(FIRST).await.expect("works");
    assert_eq!(taken, [id("a"), id("b"), id("a")]);
    assert_eq!(servers.take_word(FIRST).await.expect("works"), []);
    assert_eq!(servers.take_word(SECOND).await.expect("works"), [id("c")]);
}

async fn who_leaves_is_forgotten(servers: &dyn Servers) {
    beat(servers, FIRST, LONG).await;
    servers.claim(FIRST, Shards::ALL).await.expect("works");
    for _ in 0..2 {
        servers.leave(FIRST).await.expect("works");
    }
    let seen = beat(servers, SECOND, LONG).await;
    assert_eq!(seen.servers, [server(SECOND)]);
    assert_eq!(seen.free(), Shards::ALL);
}

/// A function, its limit, the places that a server keeps of it, and its goal.
type Ask = (&'static str, u32, u32, u32);

/// Asks with these; returns the server's places then, and those of all servers together.
async fn ask(
    servers: &dyn Servers,
    (id, question): (Owner, u64),
    asks: &[Ask],
    lease: Duration,
) -> Vec<(String, u32, u32)> {
    let asks: Vec<_> = asks
        .iter()
        .map(|(function, limit, keep, goal)| PlacesAsk {
            function: FunctionName::parse(function).expect("a valid name"),
            limit: *limit,
            keep: *keep,
            goal: *goal,
            wanted: *goal + 1,
        })
        .collect();
    let seen = servers
        .share_places(id, question, asks.clone(), lease)
        .await;
    let seen = seen.expect("works");
    let of = |ask: &PlacesAsk| {
        let rows: Vec<_> = seen
            .places
            .iter()
            .filter(|row| row.function == ask.function)
            .collect();
        let mine = rows.iter().find(|row| row.server == id);
        let mine = mine.expect("it is seen itself");
        assert_eq!(mine.wanted, ask.wanted);
        let all = rows.iter().map(|row| row.held).sum();
        (ask.function.to_string(), mine.held, all)
    };
    asks.iter().map(of).collect()
}

async fn places_are_never_too_many(servers: &dyn Servers) {
    let one = ask(servers, (FIRST, 1), &[("loan", 10, 0, 7)], LONG).await;
    assert_eq!(one, [("loan".to_owned(), 7, 7)]);
    // Places that it never had cannot be kept, even if it asks for them.
    let asks = [("loan", 10, 9, 9), ("mail", 1, 0, 1)];
    let two = ask(servers, (SECOND, 2), &asks, LONG).await;
    assert_eq!(two, [("loan".to_owned(), 3, 10), ("mail".to_owned(), 1, 1)]);
    // The order of the functions does not matter.
    let asks = [("mail", 1, 0, 1), ("loan", 10, 7, 10)];
    let one = ask(servers, (FIRST, 3), &asks, LONG).await;
    assert_eq!(one, [("mail".to_owned(), 0, 1), ("loan".to_owned(), 7, 10)]);
    // Under a lower limit no more places are given; no server loses any.
    let one = ask(servers, (FIRST, 4), &[("loan", 4, 7, 8)], LONG).await;
    assert_eq!(one, [("loan".to_owned(), 7, 10)]);
}

async fn places_are_given_back_and_taken(servers: &dyn Servers) {
    ask(servers, (FIRST, 5), &[("loan", 5, 0, 5)], LONG).await;
    let two = ask(servers, (SECOND, 6), &[("loan", 5, 0, 2)], LONG).await;
    assert_eq!(two, [("loan".to_owned(), 0, 5)]);
    let one = ask(servers, (FIRST, 7), &[("loan", 5, 3, 3)], LONG).await;
    assert_eq!(one, [("loan".to_owned(), 3, 3)]);
    let two = ask(servers, (SECOND, 8), &[("loan", 5, 0, 2)], LONG).await;
    assert_eq!(two, [("loan".to_owned(), 2, 5)]);
    // A limit of zero gives all of them back.
    let one = ask(servers, (FIRST, 9), &[("loan", 0, 0, 0)], LONG).await;
    assert_eq!(one, [("loan".to_owned(), 0, 2)]);
}

async fn places_of_the_dead_are_free(servers: &dyn Servers) {
    ask(servers, (FIRST, 10), &[("loan", 5, 0, 5)], LONG).await;
    // A server that leaves may have invocations to end.
    servers.leave(FIRST).await.expect("works");
    let two = ask(servers, (SECOND, 11), &[("loan", 5, 0, 5)], LONG).await;
    assert_eq!(two, [("loan".to_owned(), 0, 5)]);
    let asks = vec![PlacesAsk {
        function: FunctionName::parse("loan").expect("a valid name"),
        limit: 5,
        keep: 5,
        goal: 5,
        wanted: 0,
    }];
    // A lease of no time is over at once.
    let lease = Duration::ZERO;
    let seen = servers.share_places(FIRST, 100, asks, lease).await;
    seen.expect("works");
    let two = ask(servers, (SECOND, 12), &[("loan", 5, 0, 5)], LONG).await;
    assert_eq!(two, [("loan".to_owned(), 5, 5)]);
}

async fn a_late_question_about_places_changes_nothing(servers: &dyn Servers) {
    ask(servers, (FIRST, 1), &[("loan", 5, 0, 2)], LONG).await;
    ask(servers, (FIRST, 3), &[("loan", 5, 2, 5)], LONG).await;
    let late = vec![PlacesAsk {
        function: FunctionName::parse("loan").expect("a valid name"),
        limit: 5,
        keep: 0,
        goal: 0,
        wanted: 0,
    }];
    let seen = servers.share_places(FIRST, 2, late, LONG).await;
    assert_eq!(seen.expect("works").places[0].held, 5);
    let two = ask(servers, (SECOND, 1), &[("loan", 5, 0, 5)], LONG).await;
    assert_eq!(two, [("loan".to_owned(), 0, 5)]);
}

async fn an_archive_is_kept_under_its_name(code: &dyn CodeBlobs) {
    assert_eq!(code.code("a1").await.expect("works"), None);
    let large = vec![7_u8; 3 * 1024 * 1024];
    code.put_code("b2", large.clone()).await.expect("works");
    code.put_code("a1", Vec::new()).await.expect("works");
    code.put_code("b2", large.clone()).await.expect("again");
    assert_eq!(code.code("b2").await.expect("works"), Some(large));
    assert_eq!(code.code("a1").await.expect("works"), Some(Vec::new()));
    assert!(code.has_code("a1").await.expect("works"));
    assert_eq!(code.code_hashes().await.expect("works"), ["a1", "b2"]);
}

async fn archives_that_nobody_needs_are_forgotten_in_time(code: &dyn CodeBlobs) {
    for name in ["b2", "a1"] {
        code.put_code(name, vec![1]).await.expect("works");
    }
    let hour = Duration::from_secs(3_600);
    let forgotten = code.collect_code(hour).await.expect("works");
    assert!(forgotten.is_empty(), "{forgotten:?}");
    let forgotten = code.collect_code(Duration::ZERO).await.expect("works");
    assert_eq!(forgotten, ["a1", "b2"]);
    assert!(!code.has_code("a1").await.expect("works"));
    assert_eq!(code.code("b2").await.expect("works"), None);
    let forgotten = code.collect_code(Duration::ZERO).await.expect("works");
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
