//! Whether a database is sound after a run that did not close it: SQLite's own check, in the background.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::OpenStoreError;
use crate::report::{FileCheck, OpenReport, OpenWarning};
use crate::threads::start_thread;

/// How long the check goes on. It reads the whole file: about a gigabyte within this.
const TIME_MAX: Duration = Duration::from_secs(10);

/// How far the check stands back behind everything else, on the scale of `nice`: executions go on at the same time, and
/// callers wait for them.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Steps of SQLite's machine between two looks at the time.
const STEPS_PER_LOOK: i32 = 10_000;

/// Findings of one table: the first say it all.
const FINDINGS_MAX: usize = 5;

/// The findings when a database was opened and since, shared with the check.
#[derive(Debug, Clone)]
pub(crate) struct Report(Arc<Mutex<OpenReport>>);

impl Report {
    pub fn of(report: OpenReport) -> Self {
        Self(Arc::new(Mutex::new(report)))
    }

    pub fn read(&self) -> OpenReport {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, change: impl FnOnce(&mut OpenReport)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Starts the check on a connection of its own. It ends when `stop` is set.
pub(crate) fn start(
    path: &Path,
    mut connection: Connection,
    report: &Report,
    stop: &Arc<AtomicBool>,
) -> Result<JoinHandle<()>, OpenStoreError> {
    report.change(|report| report.check = FileCheck::Running);
    let (report, stop, database) = (report.clone(), Arc::clone(stop), path.to_owned());
    start_thread("store-checker", path, move || {
        stand_back();
        let until = Instant::now() + TIME_MAX;
        let is_over = move || stop.load(Ordering::Relaxed) || Instant::now() >= until;
        let bounded = connection.progress_handler(STEPS_PER_LOOK, Some(is_over));
        let found = bounded.and_then(|()| check(&connection));
        report.change(|report| conclude(report, database, found));
    })
}

/// Lets other threads go before this one. Elsewhere than on Linux, `nice` is about the whole process.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the check of the file takes as much processor time as everything else");
    }
}

fn conclude(report: &mut OpenReport, database: PathBuf, found: rusqlite::Result<Vec<String>>) {
    let found = match found {
        Ok(found) if found.is_empty() => {
            report.check = FileCheck::Sound;
            return;
        }
        Ok(found) => found,
        Err(error) if is_interrupted(&error) => {
            report.check = FileCheck::NotFinished;
            return;
        }
        Err(error) => vec![error.to_string()],
    };
    report.check = FileCheck::Damaged;
    let warning = OpenWarning::DatabaseDamaged { database, found };
    tracing::error!("{warning}");
    report.warnings.push(warning);
}

fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// The damage of each table and its indexes. Table by table, because a long read keeps the log from beginning anew.
pub(crate) fn check(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let mut tables = connection.prepare(sql)?;
    let tables = tables.query_map([], |row| row.get::<_, String>(0))?;
    let tables: Vec<_> = tables.collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for table in tables {
        let mut findings = Vec::new();
        let checked = connection.pragma(None, "quick_check", &table, |row| {
            let finding: String = row.get(0)?;
            if finding != "ok" && findings.len() < FINDINGS_MAX {
                findings.push(finding.trim().replace('\n', " "));
            }
            Ok(())
        });
        match checked {
            Ok(()) => {}
            Err(error) if is_interrupted(&error) => return Err(error),
            // So damaged that the check itself cannot go on; the other tables may be sound.
            Err(error) => findings.push(error.to_string()),
        }
        found.extend(
            findings
                .into_iter()
                .map(|finding| format!("{table}: {finding}")),
        );
    }
    Ok(found)
}
