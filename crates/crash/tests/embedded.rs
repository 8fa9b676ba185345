//! A program with its own executions survives its death before, within and after every single write.
//!
//! An order is run again and again, each time in a folder of its own. Each time the process kills itself around
//! another write, or within another transaction, and is started again. The order must end as if nothing had
//! happened: the same result, no step run again that was recorded, every row of the application's tables once.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lambdura::embedded::rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use tempfile::TempDir;

/// Writes of one order at the most: were there more, the matrix would not have reached the end.
const WRITES_MAX: u64 = 80;

/// Processes at the same time: each waits for most of its life.
const AT_ONCE: usize = 6;

/// What came of an order.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Came {
    sum: usize,
    ledger: Vec<String>,
    balance: i64,
    history: bool,
}

/// How often each step has run.
type Runs = BTreeMap<String, usize>;

fn run(folder: &Path, arguments: &[String]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_crash-embedded"));
    program.arg("--folder").arg(folder).args(arguments);
    program.output().expect("it starts")
}

/// What came of a run that ended; none when it was killed.
fn came(output: &Output) -> Option<Came> {
    if output.status.signal() == Some(9) {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    Some(serde_json::from_slice(&output.stdout).expect("one line of JSON"))
}

fn runs(folder: &Path) -> Runs {
    let log = std::fs::read_to_string(folder.join("steps.log")).unwrap_or_default();
    let mut runs = Runs::new();
    for step in log.lines() {
        *runs.entry(step.to_owned()).or_default() += 1;
    }
    runs
}

/// The steps whose results are recorded.
fn recorded(folder: &Path) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(connection) = Connection::open_with_flags(folder.join("app.db"), flags) else {
        return Vec::new();
    };
    let sql = "SELECT name FROM operations WHERE type = 'STEP' AND status = 'SUCCEEDED'";
    // Before the first write there are no tables.
    let Ok(mut statement) = connection.prepare(sql) else {
        return Vec::new();
    };
    let names = statement.query_map([], |row| row.get::<_, Option<String>>(0));
    let names = names.expect("a query").map(|name| name.expect("a row"));
    names.flatten().collect()
}

/// Lets an order die so, and finishes it. Returns whether it died.
fn survive(arguments: &[String], expected: &Came) -> bool {
    let folder = TempDir::new().expect("a folder");
    let first = came(&run(folder.path(), arguments));
    let died = first.is_none();
    let came = match first {
        Some(came) => came,
        None => {
            let before = runs(folder.path());
            let recorded = recorded(folder.path());
            let came = came(&run(folder.path(), &[])).expect("nothing kills it now");
            let after = runs(folder.path());
            for step in before.keys().filter(|step| recorded.contains(step)) {
                assert_eq!(
                    before[step], after[step],
                    "{arguments:?}: step {step} ran again"
                );
            }
            for (step, times) in &after {
                let allowed = before.get(step).copied().unwrap_or(0) + 1;
                assert!(
                    *times <= allowed,
                    "{arguments:?}: step {step} ran {times} times"
                );
            }
            came
        }
    };
    assert_eq!(came, *expected, "{arguments:?}");
    died
}

#[test]
fn an_order_ends_the_same_wherever_its_program_dies() {
    let folder = TempDir::new().expect("a folder");
    let expected = came(&run(folder.path(), &[])).expect("nothing kills it");
    let ledger = ["bolts", "charge", "nuts", "shipped", "wood"];
    assert_eq!(expected.ledger, ledger);
    assert_eq!(expected.balance, 50);
    assert_eq!(runs(folder.path()).values().max(), Some(&1));

    let crashes = AtomicU64::new(0);
    let (next, over) = (AtomicU64::new(1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let write = next.fetch_add(1, Ordering::SeqCst);
                    assert!(write <= WRITES_MAX, "an order takes fewer writes than that");
                    for side in ["before", "after"] {
                        let point = ["--crash-at".to_owned(), format!("{side}:{write}")];
                        if survive(&point, &expected) {
                            crashes.fetch_add(1, Ordering::SeqCst);
                        } else {
                            over.store(true, Ordering::SeqCst);
                        }
                    }
                }
            });
        }
        let (crashes, expected) = (&crashes, &expected);
        for transaction in 1..=ledger.len() {
            scope.spawn(move || {
                let point = ["--crash-within".to_owned(), transaction.to_string()];
                assert!(
                    survive(&point, expected),
                    "transaction {transaction} was not reached"
                );
                crashes.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    let crashes = crashes.into_inner();
    assert!(
        crashes >= 30,
        "only {crashes} crash points; does the store still count?"
    );
    println!("{crashes} crashes survived");
}
