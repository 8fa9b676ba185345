//! The report of opening a database about the last run's remains: nothing is lost silently.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use model::Payload;
use rusqlite::Connection;
use store::conformance::Subject;
use store::{Durability, ExecutionFilter, Executions, Store};
use store_sqlite::{
    FileCheck, OpenLogsOptions, OpenStoreError, OpenWarning, SqliteLogs, SqliteStore,
};
use support::{PATIENCE, start, step};
use tempfile::TempDir;

const FRAME_BYTES: usize = 24 + 4096;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Durability::Disk).expect("the database opens")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

/// The files of a database as a killed process leaves them, with twenty executions in the log.
async fn killed(folder: &TempDir) -> PathBuf {
    killed_after(folder, |_| {}).await
}

async fn killed_after(folder: &TempDir, last: impl FnOnce(&Path)) -> PathBuf {
    let original = folder.path().join("original.db");
    let store = open(&original);
    for number in 0..20 {
        store
            .commit(start(&format!("name-{number}")))
            .await
            .expect("works");
    }
    last(&original);
    let path = folder.path().join("executions.db");
    for ending in ["", "-wal", ".lock"] {
        fs::copy(beside(&original, ending), beside(&path, ending)).expect("copied");
    }
    path
}

async fn names(store: &SqliteStore) -> usize {
    let filter = ExecutionFilter {
        limit: 100,
        ..ExecutionFilter::default()
    };
    store.list(filter).await.expect("works").len()
}

/// Waits until the check of the file has ended.
fn checked(store: &SqliteStore) -> FileCheck {
    let begun = Instant::now();
    loop {
        let report = store.report();
        if report.check != FileCheck::Running {
            return report.check;
        }
        assert!(begun.elapsed() < PATIENCE, "{report:?}");
        std::thread::yield_now();
    }
}

/// A build with an older one loses commits; see docs/adr/0008.
#[test]
fn sqlite_is_one_that_keeps_what_it_commits() {
    assert!(
        rusqlite::version_number() >= 3_051_003,
        "SQLite {}",
        rusqlite::version()
    );
}

#[tokio::test]
async fn a_run_that_was_killed_is_taken_over_without_a_warning() {
    let folder = TempDir::new().expect("a folder");
    let path = killed(&folder).await;
    let store = open(&path);
    let report = store.report();
    assert!(report.ended_uncleanly);
    assert!(report.log_commits >= 20, "{report:?}");
    assert!(report.log_frames >= report.log_commits, "{report:?}");
    assert_eq!(checked(&store), FileCheck::Sound);
    assert_eq!(store.report().warnings, []);
    assert_eq!(names(&store).await, 20);
    drop(store);
    let report = open(&path).report();
    assert!(!report.ended_uncleanly, "{report:?}");
    assert_eq!(
        (report.log_commits, report.check),
        (0, FileCheck::NotNeeded)
    );
    assert_eq!(report.warnings, []);
}

#[tokio::test]
async fn a_file_that_was_not_looked_at_to_the_end_is_looked_at_by_the_next_run() {
    let folder = TempDir::new().expect("a folder");
    let path = killed(&folder).await;
    let version = |to: Option<i32>| {
        let shell = Connection::open(&path).expect("a connection");
        let found: i32 = shell
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .expect("a version");
        if let Some(to) = to {
            shell
                .pragma_update(None, "user_version", to)
                .expect("writable");
        }
        found
    };
    let own = version(Some(i32::MAX));
    SqliteStore::open(&path, Durability::Disk).expect_err("of a newer version");
    version(Some(own));
    let store = open(&path);
    assert!(!store.report().ended_uncleanly);
    assert_eq!(checked(&store), FileCheck::Sound);
    assert_eq!(names(&store).await, 20);
    drop(store);
    assert_eq!(open(&path).report().check, FileCheck::NotNeeded);
}

#[tokio::test]
async fn a_flipped_bit_in_the_log_is_said_with_what_is_lost() {
    let folder = TempDir::new().expect("a folder");
    let path = killed(&folder).await;
    let log = beside(&path, "-wal");
    let mut bytes = fs::read(&log).expect("there is a log");
    let salts = bytes[16..24].to_vec();
    let frames = bytes[32..].chunks(FRAME_BYTES);
    let used = frames.take_while(|frame| frame[8..16] == salts).count();
    bytes[32 + used / 2 * FRAME_BYTES + 24 + 2_000] ^= 1;
    fs::write(&log, &bytes).expect("writable");

    let store = open(&path);
    let report = store.report();
    let [
        OpenWarning::LogDamaged {
            commits,
            frames,
            ends_at,
            commits_lost,
            frames_lost,
            kept: Some(kept),
            ..
        },
    ] = report.warnings.as_slice()
    else {
        panic!("{report:?}");
    };
    assert_eq!(*frames_lost as usize, used - used / 2);
    assert_eq!(*ends_at, 32 + frames * FRAME_BYTES as u64);
    assert_eq!(report.log_commits, *commits);
    // The log begins with the schema, a commit for each of its versions.
    let schema = commits + commits_lost - 20;
    assert_eq!(names(&store).await as u64, commits - schema);
    assert!(*commits_lost > 5, "{report:?}");
    assert!(
        fs::read(kept).expect("it is kept") == bytes,
        "as it was found"
    );
    let said = &store.health().warnings[0];
    let expected =
        format!("{commits_lost} commits ({frames_lost} frames) behind that cannot be read");
    assert!(said.contains(&expected), "{said}");
    assert!(store.health().is_healthy(), "it goes on with what it has");
}

#[tokio::test]
async fn a_log_that_is_missing_or_cut_off_is_said() {
    let folder = TempDir::new().expect("a folder");
    let path = killed(&folder).await;
    let log = beside(&path, "-wal");
    let database = fs::read(&path).expect("readable");
    let lock = fs::read(beside(&path, ".lock")).expect("readable");
    let file = fs::File::options()
        .write(true)
        .open(&log)
        .expect("there is a log");
    file.set_len(32 + 3 * FRAME_BYTES as u64 + 100)
        .expect("cut");
    drop(file);
    let report = open(&path).report();
    assert!(
        matches!(report.warnings[..], [OpenWarning::LogCut { .. }]),
        "{report:?}"
    );
    // As the killed run left it, once more.
    fs::write(&path, database).expect("writable");
    fs::write(beside(&path, ".lock"), lock).expect("writable");
    let report = open(&path).report();
    assert_eq!(
        report.warnings,
        [OpenWarning::LogMissing { log }],
        "{report:?}"
    );
}

/// The program that refuses a database has folded its log in.
#[tokio::test]
async fn a_log_that_was_folded_in_by_an_attempt_to_open_is_not_missed() {
    let folder = TempDir::new().expect("a folder");
    let set_version = |path: &Path, version: i64| {
        let shell = Connection::open(path).expect("a connection");
        let found = shell.pragma_query_value(None, "user_version", |row| row.get(0));
        shell
            .pragma_update(None, "user_version", version)
            .expect("writable");
        found.expect("readable")
    };
    let mut found = 0;
    let path = killed_after(&folder, |path| found = set_version(path, 99)).await;
    let error = SqliteStore::open(&path, Durability::Disk).expect_err("it is newer");
    assert!(
        matches!(error, OpenStoreError::NewerSchema { .. }),
        "{error}"
    );
    assert!(!beside(&path, "-wal").exists(), "it was folded in");
    set_version(&path, found);
    let store = open(&path);
    assert_eq!(store.report().warnings, []);
    assert_eq!(names(&store).await, 20);
}

#[tokio::test]
async fn a_database_that_is_missing_is_said_and_its_log_kept() {
    let folder = TempDir::new().expect("a folder");
    let path = killed(&folder).await;
    let log = fs::read(beside(&path, "-wal")).expect("there is a log");
    fs::remove_file(&path).expect("it was there");
    let store = open(&path);
    let report = store.report();
    let [
        OpenWarning::DatabaseMissing {
            log_commits,
            kept: Some(kept),
            ..
        },
    ] = report.warnings.as_slice()
    else {
        panic!("{report:?}");
    };
    assert!(*log_commits >= 20, "{report:?}");
    assert!(
        fs::read(kept).expect("it is kept") == log,
        "as it was found"
    );
    store.commit(start("new")).await.expect("it is a new one");
    assert_eq!(names(&store).await, 1);
}

/// A database with a few hundred pages, closed.
async fn large(path: &Path) {
    let store = open(path);
    let begun = start("one");
    store.commit(Arc::clone(&begun)).await.expect("works");
    let mut subject = Subject::of(&begun);
    for _ in 0..10 {
        let transition = step(&mut subject, Payload::from("x".repeat(100_000)));
        store.commit(Arc::clone(&transition)).await.expect("works");
        subject.absorb(&transition);
    }
}

#[tokio::test]
async fn a_database_that_was_cut_off_is_refused_with_how_much_is_missing() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    large(&path).await;
    let length = fs::metadata(&path).expect("the file").len();
    let file = fs::File::options()
        .write(true)
        .open(&path)
        .expect("the file");
    file.set_len(length / 2 / 4096 * 4096).expect("cut");
    drop(file);
    let error = SqliteStore::open(&path, Durability::Disk).expect_err("half of it is gone");
    let OpenStoreError::Short {
        pages,
        pages_missing,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(u64::from(pages), length / 4096);
    assert_eq!(u64::from(pages_missing), length / 4096 - length / 2 / 4096);
}

#[tokio::test]
async fn damage_is_found_after_a_run_that_did_not_close_the_database() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    large(&path).await;
    let mut bytes = fs::read(&path).expect("the file");
    let shell = Connection::open(&path).expect("a connection");
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'operations'";
    let root: usize = shell.query_row(sql, [], |row| row.get(0)).expect("a table");
    drop(shell);
    // Not all of its cells lie where its page says.
    bytes[(root - 1) * 4096 + 8..(root - 1) * 4096 + 16].fill(0xff);
    fs::write(&path, &bytes).expect("writable");
    let lock = format!("{}\nopen 0\n", u32::MAX);
    fs::write(beside(&path, ".lock"), lock).expect("writable");
    fs::write(beside(&path, "-wal"), "").expect("writable");
    let store = open(&path);
    assert_eq!(checked(&store), FileCheck::Damaged);
    let report = store.report();
    let [OpenWarning::DatabaseDamaged { found, .. }] = report.warnings.as_slice() else {
        panic!("{report:?}");
    };
    assert!(found[0].starts_with("operations: "), "{found:?}");
    assert_eq!(store.health().warnings, [report.warnings[0].to_string()]);
}

#[tokio::test]
async fn a_database_is_copied_before_its_schema_changes() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    let old = Connection::open(&path).expect("a database");
    for sql in [
        include_str!("../src/sql/migrations/0001_initial.sql"),
        include_str!("fixtures/version_1.sql"),
    ] {
        old.execute_batch(sql).expect("as version 1 made it");
    }
    drop(old);
    let earlier = beside(&path, ".before-version-2");
    fs::write(&earlier, "an earlier copy").expect("writable");
    let copied_to = open(&path).report().copied_to.expect("it was copied");
    let name = copied_to.file_name().expect("a name").to_string_lossy();
    assert!(name.starts_with("executions.db.before-version-"), "{name}");
    assert!(!earlier.exists(), "the newest is kept");
    let mode = fs::metadata(&copied_to).expect("the copy").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let copy = Connection::open(&copied_to).expect("a database");
    let version: i64 = copy
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("readable");
    assert_eq!(version, 1);
    let count = "SELECT count(*) FROM execution_specs";
    let count: i64 = copy
        .query_row(count, [], |row| row.get(0))
        .expect("readable");
    assert_eq!(count, 1);
    assert_eq!(open(&path).report().copied_to, None, "it is current");
    let new = open(&folder.path().join("new.db")).report().copied_to;
    assert_eq!(new, None, "there was nothing to copy");
}

#[tokio::test]
async fn what_is_created_is_for_this_user_alone_and_what_was_is_made_so() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("data").join("executions.db");
    let logs_path = path.with_file_name("logs.db");
    for round in 0..2 {
        let store = open(&path);
        let logs = SqliteLogs::open(&logs_path, OpenLogsOptions::default()).expect("it opens");
        store
            .commit(start(&format!("name-{round}")))
            .await
            .expect("works");
        let mut seen = 0;
        for entry in fs::read_dir(path.parent().expect("a folder")).expect("readable") {
            let entry = entry.expect("readable");
            let mode = entry.metadata().expect("readable").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?} in round {round}", entry.path());
            seen += 1;
        }
        assert!(seen >= 8, "databases, logs, locks, memory: {seen}");
        let data = fs::metadata(path.parent().expect("a folder")).expect("readable");
        assert_eq!(data.permissions().mode() & 0o777, 0o700);
        drop((store, logs));
        // As earlier versions created them.
        for path in [&path, &logs_path, &beside(&path, ".lock")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("ours");
        }
    }
}

/// SQLite has the log beside the file that a link leads to; so is the lock, and two names are one database.
#[tokio::test]
async fn a_database_is_the_same_by_its_path_and_by_a_link_to_it() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("app.db");
    let (link, of_link) = (
        folder.path().join("link.db"),
        folder.path().join("of_link.db"),
    );
    std::os::unix::fs::symlink("app.db", &link).expect("a link");
    std::os::unix::fs::symlink(&link, &of_link).expect("a link");
    // The file comes with its first opening, by whichever name.
    for (first, second) in [(&of_link, &path), (&path, &link), (&link, &of_link)] {
        let store = open(first);
        assert_eq!(store.report().path, path);
        let refused = SqliteStore::open(second, Durability::Disk).expect_err("it is open");
        assert!(
            matches!(refused, OpenStoreError::InUse { .. }),
            "{refused:?}"
        );
    }
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["app.db", "app.db.lock", "link.db", "of_link.db"]);

    let circle = folder.path().join("circle.db");
    std::os::unix::fs::symlink("circle.db", &circle).expect("a link");
    let refused = SqliteStore::open(&circle, Durability::Disk).expect_err("it is no file");
    assert!(
        matches!(refused, OpenStoreError::File { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_applications_file_stays_open_to_whom_it_was_open_to() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("app.db");
    let own = Connection::open(&path).expect("a database");
    own.execute_batch("CREATE TABLE accounts (owner TEXT)")
        .expect("writable");
    drop(own);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("ours");
    for round in 0..2 {
        let store = SqliteStore::open_shared(&path, Durability::Disk).expect("it opens");
        let name = format!("name-{round}");
        store.commit(start(&name)).await.expect("works");
        for ending in ["", "-wal", "-shm"] {
            let file = fs::metadata(beside(&path, ending)).expect("it is there");
            let mode = file.permissions().mode() & 0o777;
            assert_eq!(mode, 0o640, "{ending:?} in round {round}");
        }
    }
    // One that it did not find is for its user alone.
    let new = folder.path().join("new.db");
    drop(SqliteStore::open_shared(&new, Durability::Disk).expect("it opens"));
    let mode = fs::metadata(&new).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}
