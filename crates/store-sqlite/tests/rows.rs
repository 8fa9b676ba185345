//! Rows that cannot be decoded: one of them takes no other out of a list.

mod support;

use std::path::Path;

use model::{FunctionName, RequestId, Shards, Timestamp, Version};
use rusqlite::Connection;
use store::{
    AliasRecord, AsyncInvocation, Catalogue, Durability, ExecutionFilter, ExecutionSearch,
    Executions, FunctionVersionRecord, InvocationQueue, ScheduleMark, ScheduleMarks, Search,
    SetAside, Store, Work,
};
use store_sqlite::SqliteStore;
use support::start;
use tempfile::TempDir;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Durability::Os).expect("the database opens")
}

/// Changes rows behind the back of the program.
fn damage(path: &Path, sql: &str) {
    let shell = Connection::open(path).expect("a connection");
    shell.execute_batch(sql).expect("writable");
}

#[tokio::test]
async fn an_execution_that_cannot_be_decoded_is_left_out_of_lists_and_said() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let store = open(&path);
    for name in ["a", "b", "c", "d"] {
        store.commit(start(name)).await.expect("works");
    }
    damage(
        &path,
        "UPDATE execution_specs SET function_version = 'one' WHERE execution_id = 'b';",
    );
    // As many as asked for, so that no caller takes it for the last page.
    let page = ExecutionFilter {
        oldest_first: true,
        limit: 2,
        ..ExecutionFilter::default()
    };
    for _ in 0..3 {
        let listed = store.list(page.clone()).await.expect("works");
        let names: Vec<_> = listed.iter().map(|it| it.arn.name.as_str()).collect();
        assert_eq!(names, ["a", "c"]);
        let search = ExecutionSearch {
            limit: 10,
            work_max: u64::MAX,
            ..ExecutionSearch::default()
        };
        let found = store.search(search).await.expect("works").executions;
        let names: Vec<_> = found.iter().map(|it| it.spec.arn.name.as_str()).collect();
        assert_eq!(names, ["d", "c", "a"]);
        let timers = store.open_timers(10).await.expect("works");
        assert_eq!(timers.len(), 3);
    }
    assert_eq!(store.stats().unreadable_rows, 1, "one row, however often");
    let warnings = store.health().warnings;
    assert_eq!(
        warnings,
        [
            "left out of lists, because it cannot be decoded: execution `b`: `one` is not a function version such as `$LATEST` or `3`"
        ]
    );
    assert!(store.health().is_healthy(), "the rest goes on");
    // A caller that asks for it is told.
    let id = &start("b").spec.arn.id;
    let fault = store.load(id).await.expect_err("it cannot be decoded");
    assert!(!fault.retryable);
    store.summary(id).await.expect_err("it cannot be decoded");
}

#[tokio::test]
async fn an_id_that_cannot_be_decoded_keeps_no_other_from_being_taken_up() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let store = open(&path);
    for name in ["a", "b", "c"] {
        store.commit(start(name)).await.expect("works");
    }
    damage(
        &path,
        "UPDATE execution_specs SET execution_id = 'a ' || char(7) WHERE execution_id = 'a';",
    );
    for limit in [2, 10] {
        let owing = store
            .owing_work(model::Owner(u64::MAX), Shards::ALL)
            .await
            .expect("works");
        let owing: Vec<_> = owing.iter().map(model::ExecutionId::as_str).collect();
        assert_eq!(owing, ["b", "c"]);
        let due = store.deadlines(Shards::ALL, limit).await.expect("works");
        assert_eq!(due.len(), 2);
    }
    assert_eq!(
        store.stats().unreadable_rows,
        2,
        "its work and its deadline"
    );
}

#[tokio::test]
async fn what_is_queued_and_deployed_is_read_without_what_cannot_be_decoded() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let store = open(&path);
    let function = |name: &str| FunctionName::parse(name).expect("a valid name");
    for name in ["One", "Two"] {
        let version = FunctionVersionRecord {
            function: function(name),
            version: Version::Published(1),
            code_sha256: "code".to_owned(),
            config_sha256: "configuration".to_owned(),
            code_dir: "code/one".to_owned(),
            configuration: "{}".to_owned(),
            published_at: Timestamp::from_millis(0),
        };
        store.put_function_version(version).await.expect("works");
        let alias = AliasRecord {
            function: function(name),
            name: "live".to_owned(),
            version: Version::Published(1),
            description: String::new(),
            routing: None,
            revision_id: String::new(),
        };
        store.put_alias(alias).await.expect("works");
        let invocation = AsyncInvocation {
            request_id: RequestId::parse(name).expect("a valid id"),
            function: function(name),
            version: Version::Published(1),
            invoked_arn: String::new(),
            payload: Vec::new(),
            client_context: None,
            trace_header: None,
            tenant_id: None,
            accepted_at: Timestamp::from_millis(0),
            attempts: 0,
            not_before: Timestamp::from_millis(0),
        };
        store.enqueue(invocation).await.expect("works");
    }
    damage(
        &path,
        "UPDATE function_versions SET function_version = 'one' WHERE function_name = 'One';
         UPDATE aliases SET function_version = 'one' WHERE function_name = 'One';
         UPDATE async_invocations SET function_version = 'one' WHERE function_name = 'One';",
    );
    let versions = store.function_versions().await.expect("works");
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].function, function("Two"));
    let aliases = store.aliases().await.expect("works");
    assert_eq!(aliases.len(), 1);
    assert_eq!(aliases[0].function, function("Two"));
    let queued = store.queued(Shards::ALL, None, 1).await.expect("works");
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0].function, function("Two"));
    assert_eq!(store.stats().unreadable_rows, 3);
}

#[tokio::test]
async fn what_is_set_aside_and_how_far_schedules_are_is_read_without_what_cannot_be_decoded() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let store = open(&path);
    for name in ["a", "b"] {
        let aside = SetAside {
            execution_id: start(name).spec.arn.id.clone(),
            set_aside_at: Timestamp::from_millis(0),
            attempted: "apply an input".to_owned(),
            reason: "it panicked".to_owned(),
        };
        store.set_aside(aside).await.expect("works");
        let mark = ScheduleMark {
            schedule: format!("arn:{name}"),
            definition: "rate(1 day)".to_owned(),
            done_until: Timestamp::from_millis(0),
        };
        store.put_schedule_mark(mark).await.expect("works");
    }
    damage(
        &path,
        "UPDATE set_aside SET reason = CAST(x'ff' AS TEXT) WHERE execution_id = 'a';
         UPDATE schedule_marks SET definition = CAST(x'ff' AS TEXT) WHERE schedule_arn = 'arn:a';",
    );
    let aside = store.executions_set_aside().await.expect("works");
    let aside: Vec<_> = aside.iter().map(|it| it.execution_id.as_str()).collect();
    assert_eq!(aside, ["b"]);
    let marks = store.schedule_marks().await.expect("works");
    let marks: Vec<_> = marks.iter().map(|it| it.schedule.as_str()).collect();
    assert_eq!(marks, ["arn:b"]);
    assert_eq!(store.stats().unreadable_rows, 2);
}
