//! Shared by the commands for backups, restores, checks and copies: the places, and the words about them.

mod place;
mod progress;
mod reading;
mod writing;

pub use place::{ACCOUNT_ID, Place};
pub use progress::{Progress, total};
pub use reading::Reading;
pub use writing::{WithKeys, Writing, tell_of_keys};

use keep::{Counts, LeftOut};

use crate::neutral::neutral_lines;
use crate::screen::note;

/// The files of a data folder that are not its store's, and come with it.
pub const FILES: [&str; 9] = [
    TABLES_FILE,
    "clock.json",
    "wound-clock.json",
    "secret-seed",
    "audit.jsonl",
    "audit.jsonl.1",
    "audit.jsonl.2",
    "audit.jsonl.3",
    "audit.jsonl.4",
];

/// File names of the record of changes begin with this: servers append to these files while they are read.
const RECORD: &str = "audit.jsonl";

/// The executions of a data folder.
pub const STORE_FILE: &str = "lambdura.sqlite3";

/// Its DynamoDB tables.
pub const TABLES_FILE: &str = "dynamodb.sqlite3";

/// The counts, in a line.
pub fn counted(counts: &Counts) -> String {
    let mut parts = Vec::new();
    for (count, one, more) in [
        (counts.executions, "execution", "executions"),
        (counts.events, "event", "events"),
        (
            counts.function_versions,
            "function version",
            "function versions",
        ),
        (counts.code, "archive of code", "archives of code"),
        (
            counts.accepted_invocations,
            "accepted invocation",
            "accepted invocations",
        ),
        (counts.dead_letters, "dead letter", "dead letters"),
        (counts.access_keys, "access key", "access keys"),
        (counts.stacks, "stack", "stacks"),
        (counts.changes, "recorded change", "recorded changes"),
        (counts.schedule_marks, "schedule", "schedules"),
        (counts.files, "file", "files"),
    ] {
        match count {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            _ => parts.push(format!("{count} {more}")),
        }
    }
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join(", "),
    }
}

/// Prints the missing parts.
pub fn tell_left_out(left_out: &[LeftOut]) {
    for LeftOut { what, why } in left_out {
        note(neutral_lines(&format!("left out: {what}: {why}")));
    }
}
