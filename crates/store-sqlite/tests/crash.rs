//! `kill -9` in the middle of commits: acknowledged writes are there, and nothing is half there.
//!
//! The process that is killed is this test binary itself, told by its environment to commit until it
//! dies. Every transition follows from the name of its execution and its version, so that the
//! survivor can compute what each execution must look like.

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Payload;
use store::conformance::Subject;
use store::{Durability, ExecutionFilter, Executions};
use store_sqlite::{OpenWarning, SqliteStore};
use support::{PATIENCE, start, step, within};
use tempfile::TempDir;

/// Where the process that is to be killed commits, and how it names its executions.
const DATABASE: &str = "CRASH_TEST_DATABASE";
const ROUND: &str = "CRASH_TEST_ROUND";

/// Executions at the same time: enough that commits are grouped.
const CALLERS: usize = 6;

/// Transitions of one execution before the next one begins.
const VERSIONS_MAX: u64 = 30;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Durability::Disk).expect("the database opens")
}

/// The execution with this name at this version.
fn expected(name: &str, version: u64) -> Subject {
    let mut subject = Subject::of(&start(name));
    while subject.execution.state.version < version {
        let transition = next(&mut subject);
        subject.absorb(&transition);
    }
    subject
}

/// Small and large results, so that transactions are of one page and of many.
fn next(subject: &mut Subject) -> Arc<engine::Transition> {
    let version = subject.execution.state.version;
    let bytes = if version.is_multiple_of(7) { 9_000 } else { 60 };
    step(subject, Payload::from(format!("{version:0bytes$}")))
}

/// Commits, and says so after each acknowledgement, until `acknowledge` has had enough.
async fn commit_on(
    store: Arc<SqliteStore>,
    caller: String,
    mut acknowledge: impl FnMut(&str, u64) -> bool,
) {
    for number in 0.. {
        let name = format!("{caller}-{number}");
        let begun = start(&name);
        store.commit(Arc::clone(&begun)).await.expect("committed");
        let mut subject = Subject::of(&begun);
        while subject.execution.state.version < VERSIONS_MAX {
            if !acknowledge(&name, subject.execution.state.version) {
                return;
            }
            let transition = next(&mut subject);
            store
                .commit(Arc::clone(&transition))
                .await
                .expect("committed");
            subject.absorb(&transition);
        }
    }
}

/// In the process that is killed: commits until then. In a run of the tests: a hundred commits each,
/// which must all be there.
#[test]
fn callers_commit_side_by_side() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    if let (Ok(database), Ok(round)) = (std::env::var(DATABASE), std::env::var(ROUND)) {
        runtime.block_on(commit_until_killed(Path::new(&database), &round));
    } else {
        runtime.block_on(commit_and_check());
    }
}

async fn commit_until_killed(database: &Path, round: &str) {
    let store = Arc::new(open(database));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let caller = format!("{round}-{caller}");
            tokio::spawn(commit_on(Arc::clone(&store), caller, |name, version| {
                // One write call each, so that lines are whole.
                let line = format!("acknowledged {name} {version}\n");
                std::io::stdout().write_all(line.as_bytes()).is_ok()
            }))
        })
        .collect();
    for caller in callers {
        caller.await.expect("killed before this");
    }
}

async fn commit_and_check() {
    let directory = TempDir::new().expect("a directory for the test");
    let store = Arc::new(open(&directory.path().join("executions.db")));
    let mut callers = Vec::new();
    for caller in 0..CALLERS {
        let mut left = 100;
        let enough = move |_: &str, _| {
            left -= 1;
            left > 0
        };
        let commits = commit_on(Arc::clone(&store), format!("calm-{caller}"), enough);
        callers.push(tokio::spawn(commits));
    }
    for caller in callers {
        caller.await.expect("it commits");
    }
    let counts = check_everything(&store).await;
    assert_eq!(
        counts.len(),
        CALLERS * 4,
        "a hundred are three times thirty and ten"
    );
}

/// Checks that every execution in the store is exactly as it must be at its version.
async fn check_everything(store: &SqliteStore) -> BTreeMap<String, u64> {
    let filter = ExecutionFilter {
        limit: usize::MAX,
        ..ExecutionFilter::default()
    };
    let mut versions = BTreeMap::new();
    let executions = within(store.list(filter)).await;
    for head in executions.expect("the store works") {
        let name = head.arn.name.to_string();
        let record = within(store.record(&head.arn.id)).await;
        let record = record.expect("the store works").expect("it was listed");
        let version = record.state.version;
        expected(&name, version).check(store).await;
        versions.insert(name, version);
    }
    versions
}

fn spawn(database: &Path, round: usize) -> Child {
    Command::new(std::env::current_exe().expect("this binary has a path"))
        .args(["--exact", "callers_commit_side_by_side", "--nocapture"])
        .env(DATABASE, database)
        .env(ROUND, format!("round-{round}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("this binary can be run again")
}

/// Lets a process commit for so long after its first acknowledgement, kills it, and returns the
/// newest acknowledged version of each execution.
fn commit_and_kill(database: &Path, round: usize, after: Duration) -> BTreeMap<String, u64> {
    let mut child = spawn(database, round);
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut seen = String::new();
    let begun = Instant::now();
    while !seen.contains("acknowledged") {
        let read = output.read_line(&mut seen).expect("it prints text");
        assert!(read > 0 && begun.elapsed() < PATIENCE, "last seen: {seen}");
    }
    std::thread::sleep(after);
    child.kill().expect("it still runs");
    child.wait().expect("it was killed");
    output.read_to_string(&mut seen).expect("it prints text");
    let mut versions = BTreeMap::new();
    let whole_lines = seen
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    for line in whole_lines {
        let mut words = line
            .split_whitespace()
            .skip_while(|word| *word != "acknowledged");
        let (Some(_), Some(name), Some(version)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let version = version.parse().expect("a number");
        versions.insert(name.to_owned(), version);
    }
    versions
}

fn seed() -> u64 {
    let seed = std::env::var("CRASH_TEST_SEED").ok();
    let seed = seed.map(|seed| seed.parse().expect("CRASH_TEST_SEED is a number"));
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("to run these times and places again: CRASH_TEST_SEED={seed}");
    seed
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9_and_nothing_is_half_there() {
    let mut random = fastrand::Rng::with_seed(seed());
    let directory = TempDir::new().expect("a directory for the test");
    let database = directory.path().join("executions.db");
    let mut acknowledged = BTreeMap::new();
    for round in 0..25 {
        let after = Duration::from_micros(random.u64(0..60_000));
        acknowledged.extend(commit_and_kill(&database, round, after));
        // Every third time the next process finds the files as the killed one left them, not tidied up.
        if round % 3 == 2 {
            continue;
        }
        runtime().block_on(async {
            let store = open(&database);
            let stored = check_everything(&store).await;
            // A frame that was being written when the process was killed may be half there.
            let is_unfinished = |warning: &OpenWarning| {
                matches!(
                    warning,
                    OpenWarning::LogDamaged {
                        commits_lost: 1,
                        ..
                    }
                )
            };
            let report = store.report();
            assert!(report.ended_uncleanly, "{report:?}");
            assert!(report.warnings.iter().all(is_unfinished), "{report:?}");
            for (name, version) in &acknowledged {
                let stored = stored.get(name);
                assert!(stored >= Some(version), "{name}: {version}, {stored:?}");
            }
        });
    }
    assert!(
        acknowledged.len() >= 25,
        "{} executions",
        acknowledged.len()
    );
}

/// A power loss may take the end of a file that was not synced. Cutting the log anywhere must leave
/// whole transitions, in order.
#[test]
fn a_log_that_is_cut_anywhere_leaves_whole_transitions() {
    let mut random = fastrand::Rng::with_seed(seed());
    let directory = TempDir::new().expect("a directory for the test");
    let database = directory.path().join("executions.db");
    commit_and_kill(&database, 0, Duration::from_millis(100));
    let mut log = Vec::new();
    File::open(directory.path().join("executions.db-wal"))
        .and_then(|file| file.take(8 * 1024 * 1024).read_to_end(&mut log))
        .expect("a killed process leaves its log");
    let used = log
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    assert!(used > 4096, "{used} bytes of log");
    let mut versions_before = 0;
    let mut cuts: Vec<_> = (0..12).map(|_| random.usize(0..=used)).collect();
    cuts.sort_unstable();
    for cut in cuts {
        let damaged = TempDir::new().expect("a directory for the cut");
        let path = damaged.path().join("executions.db");
        fs::copy(&database, &path).expect("the database can be copied");
        fs::write(damaged.path().join("executions.db-wal"), &log[..cut]).expect("writable");
        let versions = runtime().block_on(async {
            let store = open(&path);
            check_everything(&store).await
        });
        // A longer log never holds less.
        let versions = versions.values().sum();
        assert!(versions >= versions_before, "cut at {cut} of {used}");
        versions_before = versions;
    }
}
