//! The processes of each function version, and the invocations that wait for one: those whose turn has not come wait in
//! the driver, those that got a turn but no process yet wait in the host.

use std::collections::BTreeMap;

use crate::app::App;

/// One function version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionProcesses {
    pub function: String,
    pub version: String,
    /// Processes that wait for an invocation.
    pub warm: usize,
    /// Processes at work.
    pub busy: usize,
    /// Invocations that wait for a process.
    pub queued: usize,
}

/// The processes of all versions that have some, or waiting invocations, by name and version.
pub(crate) fn processes(app: &App) -> Vec<VersionProcesses> {
    let host = app.runner.host.stats().into_iter();
    let host = host.map(|stats| VersionProcesses {
        function: stats.function.name.clone(),
        version: stats.function.version.clone(),
        warm: stats.warm,
        busy: stats.busy,
        queued: stats.queued,
    });
    let waiting = app.driver.waiting_by_version().into_iter();
    let waiting = waiting.map(|(function, version, waiting)| VersionProcesses {
        function: function.to_string(),
        version: version.to_string(),
        warm: 0,
        busy: 0,
        queued: waiting,
    });
    together(host.chain(waiting))
}

fn together(all: impl Iterator<Item = VersionProcesses>) -> Vec<VersionProcesses> {
    let mut by_version = BTreeMap::new();
    for it in all {
        let key = (it.function.clone(), it.version.clone());
        by_version
            .entry(key)
            .and_modify(|known: &mut VersionProcesses| {
                known.warm += it.warm;
                known.busy += it.busy;
                known.queued += it.queued;
            })
            .or_insert(it);
    }
    by_version.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(function: &str, version: &str, busy: usize, queued: usize) -> VersionProcesses {
        VersionProcesses {
            function: function.to_owned(),
            version: version.to_owned(),
            warm: 0,
            busy,
            queued,
        }
    }

    #[test]
    fn what_waits_for_its_turn_counts_as_queued() {
        let host = [of("Loan", "2", 4, 1), of("Loan", "1", 1, 0)];
        let driver = [of("Loan", "2", 0, 300), of("Api", "$LATEST", 0, 7)];
        let all = together(host.into_iter().chain(driver));
        let expected = [
            of("Api", "$LATEST", 0, 7),
            of("Loan", "1", 1, 0),
            of("Loan", "2", 4, 301),
        ];
        assert_eq!(all, expected);
    }
}
