//! Files from other versions of the program, and files that are not ours.

use std::path::Path;

use expect_test::expect_file;
use model::{EventKind, ExecutionId, ExecutionStatus, OperationDetails};
use rusqlite::Connection;
use store::{Durability, EventPage, Executions, History, Search, Store};
use store_sqlite::{OpenLogsOptions, OpenStoreError, SqliteLogs, SqliteStore};
use tempfile::TempDir;

const VERSION_1: &str = include_str!("../src/sql/migrations/0001_initial.sql");

/// One finished execution as version 1 of the program wrote it.
const FIXTURE_1: &str = include_str!("fixtures/version_1.sql");

fn open(path: &Path) -> Result<SqliteStore, OpenStoreError> {
    SqliteStore::open(path, Durability::Disk)
}

/// `schema.sql` is made from the migrations, for people to read: the statements that a current file holds, each table
/// before its indexes. `UPDATE_EXPECT=1` writes it anew.
#[test]
fn the_schema_that_people_read_is_what_the_migrations_come_to() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("executions.db");
    drop(open(&path).unwrap());
    let migrated = Connection::open(&path).unwrap();
    let mut statements = migrated
        .prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL
             ORDER BY type = 'view', tbl_name, type <> 'table', name",
        )
        .unwrap();
    let statements = statements.query_map([], |row| row.get(0)).unwrap();
    let statements: Result<Vec<String>, _> = statements.collect();
    let schema = format!(
        "-- Made from the migrations, which say more; never edited.\n\n{};\n",
        statements.unwrap().join(";\n\n")
    );
    expect_file!["../src/sql/schema.sql"].assert_eq(&schema);
    assert!(schema.contains("CREATE TABLE events") && schema.contains("payload_source"));
}

#[tokio::test]
async fn a_file_of_version_1_becomes_current_and_keeps_everything() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("executions.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    old.execute_batch(FIXTURE_1).unwrap();
    drop(old);

    let store = open(&path).unwrap();
    let id = ExecutionId::parse("0190-version-1").unwrap();
    let execution = store.load(&id).await.unwrap().expect("it was kept");
    assert_eq!(execution.state.status(), ExecutionStatus::Succeeded);
    let operations: Vec<_> = execution.operations().collect();
    assert_eq!(operations.len(), 2);
    let large = match &operations[1].details {
        OperationDetails::Step { result, .. } => result.clone().expect("it returned something"),
        other => panic!("{other:?}"),
    };
    assert_eq!(large.len(), 1000);
    let page = EventPage {
        after: None,
        newest_first: false,
        limit: 100,
        bytes_max: usize::MAX,
    };
    let events = store.events(&id, page).await.unwrap();
    assert_eq!(events.len(), 5);
    match &events[2].kind {
        // Written before payloads were shared: the event has its own copy.
        EventKind::StepSucceeded { result, .. } => assert_eq!(result.as_ref(), Some(&large)),
        other => panic!("{other:?}"),
    }
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.len(), 1);
    assert_eq!(
        (counts[0].status, counts[0].count),
        (ExecutionStatus::Succeeded, 1)
    );
    store.close().await.unwrap();

    let migrated = Connection::open(&path).unwrap();
    let version: i64 = migrated
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 12);
    // Opening again changes nothing.
    open(&path).unwrap();
}

/// A file as each version of the schema left it, with the execution that version 1 wrote.
#[tokio::test]
async fn a_file_of_every_version_becomes_current() {
    let migrations = [
        VERSION_1,
        include_str!("../src/sql/migrations/0002_payload_source.sql"),
        include_str!("../src/sql/migrations/0003_pause.sql"),
        include_str!("../src/sql/migrations/0004_functions_api.sql"),
        include_str!("../src/sql/migrations/0005_search.sql"),
        include_str!("../src/sql/migrations/0006_origins.sql"),
        include_str!("../src/sql/migrations/0007_owners.sql"),
        include_str!("../src/sql/migrations/0008_schedules.sql"),
        include_str!("../src/sql/migrations/0009_access_keys.sql"),
        include_str!("../src/sql/migrations/0010_stacks.sql"),
        include_str!("../src/sql/migrations/0011_offers.sql"),
        include_str!("../src/sql/migrations/0012_audit.sql"),
    ];
    for version in 1..=migrations.len() {
        let directory = TempDir::new().expect("a folder");
        let path = directory.path().join("executions.db");
        let old = Connection::open(&path).expect("a new file");
        for (before, migration) in migrations[..version].iter().enumerate() {
            old.execute_batch(migration).expect("it was one");
            if before == 0 {
                old.execute_batch(FIXTURE_1).expect("it was written");
            }
        }
        old.pragma_update(None, "user_version", version as i64)
            .expect("writable");
        drop(old);
        let store = open(&path).unwrap_or_else(|error| panic!("version {version}: {error}"));
        let id = ExecutionId::parse("0190-version-1").expect("a valid id");
        let execution = store.load(&id).await.expect("readable");
        let execution = execution.expect("it was kept");
        assert_eq!(execution.state.status(), ExecutionStatus::Succeeded);
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("executions.db");
    drop(open(&path).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let error = open(&path).expect_err("it is newer");
    assert!(
        error
            .to_string()
            .ends_with("has schema version 99, and this program knows versions up to 12: use the program that wrote it, or choose another data directory"),
        "{error}"
    );
    let after = Connection::open(&path).unwrap();
    let version: i64 = after
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("executions.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    let error = open(&path).expect_err("it is somebody else's");
    assert!(matches!(error, OpenStoreError::Foreign { .. }), "{error}");
    std::fs::write(&path, "this is not a database at all, it is text").unwrap();
    let error = open(&path).expect_err("it is no database");
    assert!(matches!(error, OpenStoreError::Database { .. }), "{error}");
}

#[test]
fn a_second_server_is_told_who_has_the_database() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("data").join("executions.db");
    let first = open(&path).unwrap();
    let error = open(&path).expect_err("it is in use");
    let pid = std::process::id();
    let expected = format!("is in use by process {pid}: stop that server, or");
    assert!(error.to_string().contains(&expected), "{error}");
    drop(first);
    open(&path).expect("it was released");
}

#[test]
fn the_views_for_people_work() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("executions.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    old.execute_batch(FIXTURE_1).unwrap();
    drop(old);
    drop(open(&path).unwrap());
    let shell = Connection::open(&path).unwrap();
    let row: (String, String, String) = shell
        .query_row(
            "SELECT status, started, waits_for FROM executions",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(
        row,
        (
            "SUCCEEDED".to_owned(),
            "2026-11-23T10:00:00.000Z".to_owned(),
            "RETENTION_ELAPSED".to_owned()
        )
    );
    for view in ["execution_operations", "execution_events"] {
        let sql = format!("SELECT count(*) FROM {view} WHERE execution_id = '0190-version-1'");
        let count: i64 = shell.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert!(count >= 2, "{view}");
    }
    let logs = directory.path().join("logs.db");
    drop(SqliteLogs::open(&logs, OpenLogsOptions::default()).unwrap());
    let logs = Connection::open(&logs).unwrap();
    logs.query_row("SELECT count(*) FROM logs", [], |_| Ok(()))
        .unwrap();
}

/// Before version 7 a state listed the service's changes; since then the changes are numbered.
#[test]
fn lists_of_changes_become_numbers() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("executions.db");
    let old = Connection::open(&path).unwrap();
    for step in [
        include_str!("../src/sql/migrations/0001_initial.sql"),
        include_str!("../src/sql/migrations/0002_payload_source.sql"),
        include_str!("../src/sql/migrations/0003_pause.sql"),
        include_str!("../src/sql/migrations/0004_functions_api.sql"),
        include_str!("../src/sql/migrations/0005_search.sql"),
        include_str!("../src/sql/migrations/0006_origins.sql"),
    ] {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "user_version", 6).unwrap();
    old.pragma_update(None, "application_id", 0x4c4d_4244)
        .unwrap();
    for (key, unseen, offered) in [
        (1, Some("c,d"), Some("a,b")),
        (2, None, Some("a")),
        (3, Some("b"), None),
        (4, None, None),
    ] {
        old.execute(
            "INSERT INTO execution_states (execution_key, version, status, terminal_event_owed, event_id_last, \
             invocation, invocation_count, token_sequence, unseen, offered, failed_invocations, invalid_pendings, \
             operation_count, pending_count, open_chained_invokes, bytes, owes_work) \
             VALUES (?1, 1, 'RUNNING', 0, 0, 'IDLE', 1, 0, ?2, ?3, 2, 0, 4, 0, 0, 0, 0)",
            (key, unseen, offered),
        )
        .unwrap();
        for id in ["a", "b", "c", "d"] {
            old.execute(
                "INSERT INTO operations (execution_key, operation_id, type, status, started_at, has_error) \
                 VALUES (?1, ?2, 'WAIT', 'SUCCEEDED', 0, 0)",
                (key, id),
            )
            .unwrap();
        }
    }
    drop(old);
    open(&path).unwrap();

    let migrated = Connection::open(&path).unwrap();
    let mut states = migrated
        .prepare(
            "SELECT service_changes, told_changes, settled_changes, counted_failures FROM execution_states \
             ORDER BY execution_key",
        )
        .unwrap();
    let states: Vec<[i64; 4]> = states
        .query_map([], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(
        states,
        [[4, 2, 0, 2], [1, 1, 0, 2], [1, 0, 0, 2], [0, 0, 0, 2]]
    );
    let mut changes = migrated
        .prepare("SELECT service_change FROM operations ORDER BY execution_key, operation_id")
        .unwrap();
    let changes: Vec<i64> = changes
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(changes, [1, 2, 3, 4, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
}
