//! Sessions of people, and secrets that servers share.

use model::Timestamp;

use super::Suite;
use crate::{SessionRecord, Sessions};

/// The promises of [`Sessions`].
pub const SESSIONS: Suite<dyn Sessions> = suite![sessions:
    the_first_secret_is_kept,
    a_session_is_there_until_it_is_ended,
    what_is_over_is_forgotten,
];

fn session(hash: &str, until: i64) -> SessionRecord {
    SessionRecord {
        hash: hash.to_owned(),
        who: "{\"key\":\"AKIA\u{0}é\"}".to_owned(),
        until: Timestamp::from_millis(until),
    }
}

async fn the_first_secret_is_kept(sessions: &dyn Sessions) {
    let keep = async |name: &str, sealed: &[u8], instead_of: Option<&[u8]>| {
        let instead_of = instead_of.map(<[u8]>::to_vec);
        let kept = sessions.keep_secret(name, sealed.to_vec(), instead_of);
        kept.await.expect("works")
    };
    assert_eq!(keep("one", b"first", None).await, b"first");
    assert_eq!(keep("one", b"second", None).await, b"first");
    assert_eq!(keep("two", b"second", None).await, b"second");
    assert_eq!(keep("one", b"third", Some(b"second")).await, b"first");
    assert_eq!(keep("one", b"third", Some(b"first")).await, b"third");
    assert_eq!(keep("one", b"fourth", Some(b"first")).await, b"third");
}

async fn a_session_is_there_until_it_is_ended(sessions: &dyn Sessions) {
    let begin = async |session| {
        let now = Timestamp::from_millis(0);
        sessions.begin_session(session, now).await.expect("works");
    };
    let find = async |hash| sessions.session(hash).await.expect("works");
    assert_eq!(find("a").await, None);
    begin(session("a", 10)).await;
    begin(session("b", 20)).await;
    assert_eq!(find("a").await, Some(session("a", 10)));
    for _ in 0..2 {
        sessions.end_session("a").await.expect("works");
    }
    assert_eq!(find("a").await, None);
    assert_eq!(find("b").await, Some(session("b", 20)));
}

async fn what_is_over_is_forgotten(sessions: &dyn Sessions) {
    let at = Timestamp::from_millis;
    sessions
        .begin_session(session("a", 10), at(0))
        .await
        .expect("works");
    sessions
        .begin_session(session("b", 11), at(0))
        .await
        .expect("works");
    sessions
        .begin_session(session("c", 30), at(10))
        .await
        .expect("works");
    assert_eq!(sessions.session("a").await.expect("works"), None);
    assert_eq!(
        sessions.session("b").await.expect("works"),
        Some(session("b", 11))
    );
}
