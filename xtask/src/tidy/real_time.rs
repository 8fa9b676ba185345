//! Which code may ask the operating system for the time: everything with a due time goes by the runtime's clock,
//! which can be moved; only waits for the operating system or for another computer go by real time.

use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

/// The crates between a request and the disk, without those that use real time throughout: the function host, which
/// waits for processes, and the SDK, which runs in those.
const CRATES: &[&str] = &[
    "access",
    "asl",
    "cost",
    "engine",
    "keep",
    "lambda-api",
    "model",
    "runtime",
    "schedule",
    "server",
    "stack",
    "state-machine",
    "store",
    "store-postgres",
    "store-sqlite",
    "wind",
    "wire",
];

/// Calls that ask for the time or wait for it to pass.
const READS: &[&str] = &[
    "Instant::now(",
    "SystemTime::now(",
    "Timestamp::now(",
    "Zoned::now(",
    "tokio::time",
    "thread::sleep(",
    "recv_timeout(",
    "wait_timeout",
];

/// Where real time is right, each with its reason.
const REAL: &[(&str, &str)] = &[
    (
        "crates/runtime/src/clock.rs",
        "waits in pieces for its own instants",
    ),
    (
        "crates/runtime/src/clock/machine.rs",
        "is what the clock is made of",
    ),
    (
        "crates/server/src/access/audit/record.rs",
        "waits for the store to answer again",
    ),
    (
        "crates/server/src/api/functions/drain.rs",
        "looks again after a pause",
    ),
    (
        "crates/server/src/api/invoke/call.rs",
        "bounds how long a connection is held",
    ),
    (
        "crates/server/src/cluster/messenger.rs",
        "another computer is waited for",
    ),
    (
        "crates/server/src/console/live.rs",
        "paces what a browser is sent",
    ),
    (
        "crates/server/src/console/sse.rs",
        "paces what a browser is sent",
    ),
    (
        "crates/server/src/deploy/companion.rs",
        "waits for another program to start",
    ),
    (
        "crates/server/src/elsewhere/client.rs",
        "signs for other computers, and waits for them",
    ),
    (
        "crates/server/src/event_source/batch.rs",
        "waits until another computer shows messages again",
    ),
    (
        "crates/server/src/event_source/hidden.rs",
        "keeps messages of another computer hidden",
    ),
    (
        "crates/server/src/event_source/mod.rs",
        "leaves a queue alone that could not be read",
    ),
    (
        "crates/server/src/event_source/poller.rs",
        "waits for another computer",
    ),
    (
        "crates/server/src/functions/code/seen.rs",
        "is compared with times of files",
    ),
    (
        "crates/server/src/gateway/access/lambda.rs",
        "bounds how long a connection is held",
    ),
    (
        "crates/server/src/gateway/api.rs",
        "bounds how long a connection is held",
    ),
    ("crates/server/src/http/connections.rs", "waits for clients"),
    (
        "crates/server/src/http/listen.rs",
        "waits for clients and the operating system",
    ),
    ("crates/server/src/http/patient_io.rs", "waits for clients"),
    (
        "crates/server/src/http/request_body.rs",
        "waits for clients",
    ),
    ("crates/server/src/http/turns.rs", "waits for clients"),
    (
        "crates/server/src/http/tls.rs",
        "looks at files now and then",
    ),
    (
        "crates/server/src/runner.rs",
        "translates what the function host noted by the wall clock",
    ),
    (
        "crates/server/src/server/at_work.rs",
        "waits for connections at the shutdown",
    ),
    (
        "crates/server/src/service/clock.rs",
        "bounds how long a connection is held",
    ),
    (
        "crates/server/src/states/activity_task.rs",
        "bounds how long a connection is held",
    ),
    (
        "crates/server/src/telemetry/exporter.rs",
        "waits for a collector",
    ),
    (
        "crates/server/src/tokens/issuer.rs",
        "waits for an issuer of tokens",
    ),
    (
        "crates/server/src/upkeep.rs",
        "looks at the disk after a pause",
    ),
    (
        "crates/store-postgres/src/connect.rs",
        "tries the next host beside one that does not answer",
    ),
    (
        "crates/store-postgres/src/lane.rs",
        "bounds how long a database may be silent",
    ),
    (
        "crates/store-postgres/src/logs/writer.rs",
        "waits for a database that starts again",
    ),
    (
        "crates/store-postgres/src/maintenance.rs",
        "tidies a database now and then",
    ),
    (
        "crates/store-postgres/src/readers.rs",
        "bounds how long a database may be silent",
    ),
    (
        "crates/store-postgres/src/schema.rs",
        "waits for other servers that create the schema",
    ),
    (
        "crates/store-postgres/src/writer.rs",
        "measures commits, and waits for a database that starts again",
    ),
    (
        "crates/store-sqlite/src/awaiting.rs",
        "stays awake for a fraction of a millisecond",
    ),
    (
        "crates/store-sqlite/src/check.rs",
        "bounds how long a disk is read",
    ),
    (
        "crates/store/src/commits.rs",
        "says since when commits have failed",
    ),
    (
        "crates/store-sqlite/src/logs/intake.rs",
        "gathers lines for a fraction of a second",
    ),
    (
        "crates/store-sqlite/src/presence.rs",
        "looks at the disk now and then",
    ),
    ("crates/wind/src/winder.rs", "waits for people and tests"),
    (
        "crates/store-sqlite/src/queue.rs",
        "stays awake for a fraction of a millisecond",
    ),
    ("crates/store-sqlite/src/writer.rs", "measures commits"),
];

/// Findings in all files.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    check_excepting(files, REAL)
}

/// As [`check`], where the files of `real` may ask for the time.
fn check_excepting(files: &[SourceFile], real: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = Vec::new();
    for file in files {
        let path = file.path.as_str();
        if !is_product(path) {
            continue;
        }
        for (line, text) in file.code_lines() {
            if !READS.iter().any(|read| text.contains(read)) {
                continue;
            }
            if real.iter().any(|(allowed, _)| *allowed == path) {
                used.push(path);
            } else {
                let problem = "goes by real time: take it from the clock, or give a reason in \
                               xtask/src/tidy/real_time.rs";
                findings.push(Finding::at(path, line, problem));
            }
        }
    }
    for (path, _) in real {
        if !used.contains(path) {
            let problem = "is named in xtask/src/tidy/real_time.rs and does not ask for the time";
            findings.push(Finding::about(path, problem));
        }
    }
    findings
}

fn is_product(path: &str) -> bool {
    let Some((krate, file)) = path
        .strip_prefix("crates/")
        .and_then(|rest| rest.split_once("/src/"))
    else {
        return false;
    };
    CRATES.contains(&krate) && !file.ends_with("tests.rs") && file.ends_with(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn real_time_needs_a_reason() {
        let files = [
            file(
                "crates/server/src/a.rs",
                "let now = Instant::now();\n#[cfg(test)]\nInstant::now()\n",
            ),
            file("crates/server/src/b.rs", "// Instant::now()\n"),
            file("crates/server/src/c.rs", "use tokio::time::sleep;\n"),
            file("crates/cli/src/d.rs", "Instant::now();\n"),
        ];
        let found = check_excepting(&files, &[("crates/server/src/c.rs", "waits")]);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("crates/server/src/a.rs:1"),
            "{found:?}"
        );
    }

    #[test]
    fn a_reason_that_nobody_needs_goes() {
        let files = [file("crates/server/src/a.rs", "fn main() {}\n")];
        let found = check_excepting(&files, &[("crates/server/src/a.rs", "waits")]);
        assert_eq!(found.len(), 1);
    }
}
