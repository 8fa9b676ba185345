//! Which part of the server may call which: its files and folders are rooms, and every arrow between two
//! is a deliberate decision. A room may call only the rooms that are named here.

use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

const SERVER: &str = "crates/server/src/";

/// Has a table with a row for each room, in the same order.
const ARCHITECTURE: &str = "ARCHITECTURE.md";
/// The beginning of that table.
const TABLE: &str = "| room |";

/// A room, and those that it may call; each is named below all that it calls.
const ROOMS: &[(&str, &[&str])] = &[
    ("allocator", &[]),
    ("data_folder", &[]),
    ("start_error", &[]),
    ("http", &[]),
    ("telemetry", &[]),
    ("functions", &["start_error"]),
    ("deploy_error", &["functions"]),
    ("runner", &["functions", "telemetry"]),
    ("elsewhere", &["functions", "http", "telemetry"]),
    ("permission", &["functions", "http"]),
    (
        "access",
        &["functions", "http", "permission", "start_error"],
    ),
    (
        "tables",
        &["deploy_error", "elsewhere", "http", "start_error"],
    ),
    ("tokens", &[]),
    ("oidc", &["access", "http", "tokens"]),
    ("callers", &[]),
    (
        "app",
        &[
            "access",
            "callers",
            "elsewhere",
            "functions",
            "http",
            "runner",
            "oidc",
            "tables",
            "telemetry",
            "tokens",
        ],
    ),
    ("upkeep", &["app", "functions"]),
    ("cluster", &["app", "functions", "http", "start_error"]),
    ("api", &["app", "callers", "elsewhere", "functions", "http"]),
    (
        "states",
        &["access", "api", "app", "functions", "http", "permission"],
    ),
    (
        "gateway",
        &[
            "access",
            "api",
            "app",
            "deploy_error",
            "http",
            "oidc",
            "states",
            "tokens",
        ],
    ),
    ("schedule", &["api", "app", "functions"]),
    ("event_source", &["api", "app", "elsewhere", "functions"]),
    (
        "service",
        &["access", "api", "app", "functions", "http", "oidc"],
    ),
    (
        "console",
        &["app", "functions", "http", "service", "states", "telemetry"],
    ),
    (
        "main_port",
        &[
            "access",
            "api",
            "app",
            "console",
            "http",
            "permission",
            "service",
            "states",
            "tables",
        ],
    ),
    (
        "server",
        &[
            "access",
            "app",
            "callers",
            "cluster",
            "console",
            "data_folder",
            "elsewhere",
            "event_source",
            "functions",
            "gateway",
            "http",
            "runner",
            "main_port",
            "oidc",
            "schedule",
            "service",
            "start_error",
            "states",
            "tables",
            "telemetry",
            "tokens",
            "upkeep",
        ],
    ),
    ("look", &["data_folder", "server", "start_error"]),
    (
        "deploy",
        &[
            "api",
            "app",
            "deploy_error",
            "elsewhere",
            "functions",
            "gateway",
            "http",
            "schedule",
            "server",
        ],
    ),
];

/// Findings in the server's files.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let Some(room) = file.path.strip_prefix(SERVER).map(room_of) else {
            continue;
        };
        if room == "lib" {
            continue;
        }
        let Some((_, may_call)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            let problem = "is in a room that xtask/src/tidy/rooms.rs does not know";
            findings.push(Finding::about(&file.path, problem));
            continue;
        };
        for (line, called) in calls(file) {
            if called != room && !may_call.contains(&called) {
                let problem = format!("must not call `{called}`: see xtask/src/tidy/rooms.rs");
                findings.push(Finding::at(&file.path, line, problem));
            }
        }
    }
    let architecture = files.iter().find(|file| file.path == ARCHITECTURE);
    findings.extend(architecture.and_then(|file| check_table(&file.text)));
    findings
}

/// A finding if the rooms of the table are not those of [`ROOMS`].
fn check_table(text: &str) -> Option<Finding> {
    let rows = text.lines().skip_while(|line| !line.starts_with(TABLE));
    let rows = rows.skip(2).map_while(|row| row.strip_prefix("| `"));
    let named: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let rooms: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    let problem = "names other rooms than xtask/src/tidy/rooms.rs, or in another order";
    (named != rooms).then(|| Finding::about(ARCHITECTURE, problem))
}

/// The first part of a path below the server's source folder, without its ending.
fn room_of(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Rooms that a file names, with the lines where it does.
fn calls(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    file.code_lines().flat_map(|(number, line)| {
        let named = line.split("crate::").skip(1).flat_map(names);
        named.map(move |name| (number, name))
    })
}

/// The names that follow `crate::`: one, or those in braces at its outermost level.
fn names(rest: &str) -> Vec<&str> {
    let name = |text: &'_ str| text.find(|it: char| !it.is_alphanumeric() && it != '_');
    let Some(group) = rest.strip_prefix('{') else {
        return vec![&rest[..name(rest).unwrap_or(rest.len())]];
    };
    let group = group.split('}').next().unwrap_or(group);
    let parts = group
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| &part[..name(part).unwrap_or(part.len())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let found = check(&[file]);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_call_upwards_is_found() {
        let text = "use crate::http::Body;\nuse crate::console::Page;\n";
        let found = findings("crates/server/src/functions/registry.rs", text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].starts_with("crates/server/src/functions/registry.rs:2"));
        let text = "use crate::{api, app};\n#[cfg(test)]\nuse crate::server::Server;\n";
        assert_eq!(findings("crates/server/src/main_port.rs", text), [""; 0]);
        let text = "let page = crate::deploy::pages(); // crate::console\n";
        assert_eq!(findings("crates/server/src/app.rs", text).len(), 1);
    }

    #[test]
    fn a_new_room_has_to_be_named() {
        assert_eq!(findings("crates/server/src/attic/mod.rs", "").len(), 1);
        assert_eq!(findings("crates/cli/src/attic/mod.rs", ""), [""; 0]);
    }

    #[test]
    fn the_picture_has_every_room() {
        let rows = ROOMS.iter().map(|(room, _)| format!("| `{room}` | … |\n"));
        let mut rows: Vec<String> = rows.collect();
        let found = |rows: &[String]| {
            let table = format!(
                "# A\n\n| room | what it is |\n| --- | --- |\n{}\nB",
                rows.concat()
            );
            findings(ARCHITECTURE, &table).len()
        };
        assert_eq!(found(&rows), 0);
        rows.swap(0, 1);
        assert_eq!(found(&rows), 1);
        rows.pop();
        assert_eq!(found(&rows), 1);
    }

    #[test]
    fn rooms_stand_below_what_they_call() {
        for (index, (room, may_call)) in ROOMS.iter().enumerate() {
            for called in *may_call {
                let place = ROOMS.iter().position(|(name, _)| name == called);
                let is_below = place.is_some_and(|place| place < index);
                assert!(is_below, "{room} calls {called}");
            }
        }
    }
}
