//! How far schedules have come.

use super::Suite;
use super::queue::{invocation, queued};
use super::subject::BEGINNING;
use crate::{ScheduleMark, Store};

/// The promises of [`ScheduleMarks`](crate::ScheduleMarks).
pub const SCHEDULE_MARKS: Suite<dyn Store> =
    suite![schedule_marks: schedules_keep_how_far_they_have_come];

async fn schedules_keep_how_far_they_have_come(store: &dyn Store) {
    let mark = |schedule: &str, definition: &str, seconds| ScheduleMark {
        schedule: format!("arn:aws:events:us-east-1:000000000000:rule/{schedule}"),
        definition: definition.to_owned(),
        done_until: BEGINNING.plus_seconds(seconds),
    };
    assert_eq!(store.schedule_marks().await.expect("works"), []);
    let (daily, weekly) = (mark("daily", "rate(1 day)", 0), mark("weekly", "", 1));
    for mark in [&weekly, &daily] {
        store.put_schedule_mark(mark.clone()).await.expect("works");
    }
    let marks = store.schedule_marks().await.expect("works");
    assert_eq!(marks, [daily.clone(), weekly.clone()]);

    let changed = mark("daily", "rate(2 days)", 60);
    store
        .put_schedule_mark(changed.clone())
        .await
        .expect("works");
    let marks = store.schedule_marks().await.expect("works");
    assert_eq!(marks, [changed.clone(), weekly.clone()]);

    // An occurrence is accepted together with its mark.
    let fired = mark("daily", "rate(2 days)", 120);
    let accepted = invocation("occurrence", b"{}");
    let id = store
        .enqueue_scheduled(accepted.clone(), fired.clone())
        .await
        .expect("works");
    assert_eq!(queued(store, None, 10).await, [(id, accepted)]);
    let marks = store.schedule_marks().await.expect("works");
    assert_eq!(marks, [fired.clone(), weekly.clone()]);

    for _ in 0..2 {
        store
            .delete_schedule_mark(&weekly.schedule)
            .await
            .expect("works, and once more");
    }
    assert_eq!(store.schedule_marks().await.expect("works"), [fired]);
}
