//! The record of changes.

use super::Suite;
use super::subject::BEGINNING;
use crate::{AUDIT_REMOVED_AT_ONCE, AuditKeep, AuditKind, AuditQuery, AuditRecord, AuditRecords};

/// The promises of [`AuditRecords`].
pub const AUDIT: Suite<dyn AuditRecords> = suite![audit:
    records_come_newest_first,
    a_record_is_added_once,
    the_oldest_of_a_kind_are_removed,
    no_more_are_removed_at_once_than_is_said,
];

fn record(kind: AuditKind, seconds: u32, number: u32) -> AuditRecord {
    let at = BEGINNING.plus_seconds(seconds);
    AuditRecord {
        id: AuditRecord::id_of(at, 7, number),
        kind,
        at,
        server: None,
        who: "key ci".to_owned(),
        access_key_id: Some("AKIA1".to_owned()),
        source_ip: Some("10.0.0.1".to_owned()),
        action: "lambda:UpdateFunctionCode".to_owned(),
        resource: format!("function {seconds}-{number}"),
        outcome: "done".to_owned(),
        status: Some(200),
        error: None,
    }
}

async fn append(store: &dyn AuditRecords, records: &[AuditRecord]) {
    store.append_audit(records.to_vec()).await.expect("works");
}

async fn found(store: &dyn AuditRecords, query: AuditQuery) -> Vec<AuditRecord> {
    store.audit(query).await.expect("works")
}

fn newest(limit: usize) -> AuditQuery {
    AuditQuery {
        limit,
        ..AuditQuery::default()
    }
}

async fn records_come_newest_first(store: &dyn AuditRecords) {
    assert_eq!(found(store, newest(10)).await, []);
    append(store, &[]).await;
    let first = record(AuditKind::Management, 1, 0);
    // Text that a database might mistake for something else, and nothing where nothing may be.
    let odd = AuditRecord {
        server: Some("10.0.0.2:4000".to_owned()),
        who: "person \u{1F980}'%_\u{0}\n".to_owned(),
        access_key_id: None,
        source_ip: None,
        status: None,
        error: Some("AccessDeniedException".to_owned()),
        outcome: "refused".to_owned(),
        ..record(AuditKind::Data, 2, 0)
    };
    let last = record(AuditKind::Management, 2, 1);
    // Not in the order of time: servers write when they can.
    append(store, std::slice::from_ref(&last)).await;
    append(store, &[first.clone(), odd.clone()]).await;
    let all = [last.clone(), odd.clone(), first.clone()];
    assert_eq!(found(store, newest(10)).await, all);
    assert_eq!(found(store, newest(2)).await, all[..2]);
    assert_eq!(found(store, newest(0)).await, all[..1]);
    let older = AuditQuery {
        before: Some(odd.id.clone()),
        ..newest(10)
    };
    assert_eq!(found(store, older).await, all[2..]);
    let of_kind = |kind| AuditQuery {
        kind: Some(kind),
        ..newest(10)
    };
    let changes = found(store, of_kind(AuditKind::Management)).await;
    assert_eq!(changes, [last, first]);
    assert_eq!(found(store, of_kind(AuditKind::Data)).await, all[1..2]);
    for (text, expected) in [
        ("10.0.0.2", &all[1..2]),
        ("'%_\u{0}\n", &all[1..2]),
        ("refused", &all[1..2]),
        ("AccessDenied", &all[1..2]),
        ("UpdateFunction", &all),
        ("updatefunction", &[]),
        // Not over the end of one word and the beginning of another.
        ("donefunction", &[]),
    ] {
        let query = AuditQuery {
            containing: Some(text.to_owned()),
            ..newest(10)
        };
        assert_eq!(found(store, query).await, expected, "{text}");
    }
}

async fn a_record_is_added_once(store: &dyn AuditRecords) {
    let first = record(AuditKind::Management, 1, 0);
    let second = record(AuditKind::Management, 1, 1);
    append(store, std::slice::from_ref(&first)).await;
    let other = AuditRecord {
        who: "somebody else".to_owned(),
        ..first.clone()
    };
    append(store, &[other, second.clone(), second.clone()]).await;
    assert_eq!(found(store, newest(10)).await, [second, first]);
}

async fn the_oldest_of_a_kind_are_removed(store: &dyn AuditRecords) {
    let records = |kind| (0..10).map(move |seconds| record(kind, seconds, 0));
    let changes: Vec<_> = records(AuditKind::Management).collect();
    let uses: Vec<_> = (0..10).map(|it| record(AuditKind::Data, it, 1)).collect();
    append(store, &changes).await;
    append(store, &uses).await;
    let left = async |kind, records_max, seconds| {
        let keep = AuditKeep {
            records_max,
            not_before: BEGINNING.plus_seconds(seconds),
        };
        store.trim_audit(kind, keep).await.expect("works");
        let query = |kind| AuditQuery {
            kind: Some(kind),
            ..newest(100)
        };
        (
            found(store, query(AuditKind::Management)).await.len(),
            found(store, query(AuditKind::Data)).await.len(),
        )
    };
    assert_eq!(left(AuditKind::Data, 10, 0).await, (10, 10));
    assert_eq!(left(AuditKind::Data, 100, 0).await, (10, 10));
    assert_eq!(left(AuditKind::Data, 4, 0).await, (10, 4));
    assert_eq!(left(AuditKind::Data, 4, 7).await, (10, 3));
    assert_eq!(left(AuditKind::Management, 100, 2).await, (8, 3));
    assert_eq!(left(AuditKind::Management, 2, 2).await, (2, 3));
    let rest = found(store, newest(100)).await;
    let expected = [&uses[9], &changes[9], &uses[8], &changes[8], &uses[7]];
    assert_eq!(rest.iter().collect::<Vec<_>>(), expected);
    assert_eq!(left(AuditKind::Data, 100, 11).await, (2, 0));
}

async fn no_more_are_removed_at_once_than_is_said(store: &dyn AuditRecords) {
    let many = AUDIT_REMOVED_AT_ONCE as u32 + 5;
    let records: Vec<_> = (0..many)
        .map(|number| record(AuditKind::Data, 1, number))
        .collect();
    append(store, &records).await;
    let keep = AuditKeep {
        records_max: 3,
        not_before: BEGINNING,
    };
    for left in [5, 3, 3] {
        store
            .trim_audit(AuditKind::Data, keep)
            .await
            .expect("works");
        let rest = found(store, newest(100)).await;
        assert_eq!(rest.len(), left);
        assert_eq!(rest.first(), records.last());
    }
}
